//! What the lines of one or more ledgers say of an action, a reference and a SHA. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Line, What};
use crate::domain::ids::DecisionId;
use crate::domain::lookup::{Known, Moved};
use crate::domain::principal::Principal;
use crate::domain::text::Text;
use crate::domain::time::Ms;

/// A sighting is written again when the last one is older than this.
const AGAIN: i64 = 86_400_000;

/// A reference of an action and a SHA that it stood for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `owner/repo/path`.
    pub action: Text,
    /// What is written behind `@`.
    pub reference: Text,
    /// The commit.
    pub sha: Text,
    /// What is known of it.
    pub known: Known,
}

#[derive(Debug)]
struct Held {
    first: Ms,
    last: Ms,
    by: Option<Text>,
}

#[derive(Debug, Default)]
struct Votes {
    count: u32,
    last: Option<(Text, Ms)>,
}

/// What stands for what.
#[derive(Debug, Default)]
pub struct Book {
    held: BTreeMap<(Text, Text), Vec<(Text, Held)>>,
    /// Approvals of an action at a SHA, whatever its reference.
    votes: HashMap<(Text, Text), Votes>,
    /// The SHA that was approved last of an action's reference.
    trusted: HashMap<(Text, Text), (Text, Ms)>,
    actions: HashSet<Text>,
    counted: HashSet<(DecisionId, Text, Text)>,
}

impl Book {
    /// Reads lines in; those of several ledgers one after the other.
    pub fn add(&mut self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            self.note(line);
        }
    }

    fn note(&mut self, line: Line) {
        let name = (line.action.clone(), line.reference.clone());
        let by = line.by.as_ref().map(name_of);
        self.hold(&name, &line, by.as_ref());
        if line.what != What::Approved || !self.is_first_count(&line) {
            return;
        }
        let votes = self.votes.entry((line.action.clone(), line.sha.clone())).or_default();
        votes.count = votes.count.saturating_add(1);
        if votes.last.as_ref().is_none_or(|(_, at)| *at <= line.at) {
            votes.last = Some((by.unwrap_or_else(|| "somebody".into()), line.at));
        }
        let trusted = self.trusted.entry(name).or_insert_with(|| (line.sha.clone(), line.at));
        if trusted.1 <= line.at {
            *trusted = (line.sha.clone(), line.at);
        }
        self.actions.insert(line.action);
    }

    /// One decision counts once for an action and SHA, in however many ledgers and places it stands.
    fn is_first_count(&mut self, line: &Line) -> bool {
        let decision = line.decision.clone();
        decision.is_none_or(|id| self.counted.insert((id, line.action.clone(), line.sha.clone())))
    }

    fn hold(&mut self, name: &(Text, Text), line: &Line, by: Option<&Text>) {
        let list = self.held.entry(name.clone()).or_default();
        match list.iter_mut().find(|(sha, _)| *sha == line.sha) {
            Some((_, held)) => {
                if line.at < held.first {
                    (held.first, held.by) = (line.at, by.cloned());
                }
                held.last = held.last.max(line.at);
            }
            None => list.push((line.sha.clone(), Held { first: line.at, last: line.at, by: by.cloned() })),
        }
    }

    /// What is known of an action whose reference stands for `sha` now.
    pub fn known(&self, action: &Text, reference: &Text, sha: &Text) -> Known {
        let name = (action.clone(), reference.clone());
        let list = self.held.get(&name).map(Vec::as_slice).unwrap_or_default();
        let held = list.iter().find(|(known, _)| known == sha).map(|(_, held)| held);
        let votes = self.votes.get(&(action.clone(), sha.clone()));
        Known {
            action: self.actions.contains(action),
            first: held.map(|h| h.first),
            last: held.map(|h| h.last),
            by: held.and_then(|h| h.by.clone()),
            approved: votes.map_or(0, |v| v.count),
            approval: votes.and_then(|v| v.last.clone()),
            moved: self.moved(&name, list, sha),
        }
    }

    /// Another SHA than the one that was approved last, or where none was, than the one that was seen first: looking
    /// at the new one must not make it the known one.
    fn moved(&self, name: &(Text, Text), list: &[(Text, Held)], now: &Text) -> Option<Moved> {
        let trusted = self.trusted.get(name).map(|(sha, _)| sha);
        let first = || list.iter().min_by_key(|(_, held)| held.first).map(|(sha, _)| sha);
        let was = trusted.or_else(first).filter(|was| *was != now)?;
        let at = list.iter().find(|(sha, _)| sha == was).map(|(_, held)| held.last)?;
        Some(Moved { sha: was.clone(), at })
    }

    /// Whether a sighting at `now` is worth a line.
    pub fn wants(&self, action: &Text, reference: &Text, sha: &Text, now: Ms) -> bool {
        self.known(action, reference, sha).last.is_none_or(|last| now.0.saturating_sub(last.0) > AGAIN)
    }

    /// Every reference and SHA, by name; those of one reference in the order in which they were seen.
    pub fn rows(&self) -> Vec<Row> {
        let row = |(action, reference): &(Text, Text), sha: &Text| Row {
            action: action.clone(),
            reference: reference.clone(),
            sha: sha.clone(),
            known: self.known(action, reference, sha),
        };
        self.held.iter().flat_map(|(name, list)| list.iter().map(move |(sha, _)| row(name, sha))).collect()
    }
}

fn name_of(by: &Principal) -> Text {
    let whole = || [by.issuer.as_bytes(), b":", by.subject.as_bytes()].concat();
    by.person.as_ref().map_or_else(|| Text::new(whole()), |person| person.as_str().into())
}
