//! What the ledger is told: sightings when actions were looked up, votes when a decision took effect. It never stands
//! in a decision's way; where it cannot be written, that is said.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Inner;
use super::super::news::{News, Wanted};
use super::super::polls::within;
use crate::audit::ledger::{self, Book, Line, What, ledger_file};
use crate::backends::port::Fault;
use crate::domain::action::{Action, ActionKind};
use crate::domain::decision::Decision;
use crate::domain::lookup::LookUp;
use crate::domain::outcome::Outcome;
use crate::domain::record::Place;
use crate::domain::request::Ballot;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Ms;
use crate::safe;

/// The own ledger and the team's, and what is wrong with them.
pub(super) async fn read(state: &Path, team: Option<&PathBuf>) -> (Book, Option<Text>) {
    let files: Vec<PathBuf> = [Some(ledger_file(state)), team.cloned()].into_iter().flatten().collect();
    let read = tokio::task::spawn_blocking(move || {
        let (mut book, mut faults) = (Book::default(), Vec::new());
        for file in files {
            match ledger::read(&file) {
                Ok((lines, fault)) => {
                    book.add(lines);
                    faults.extend(fault);
                }
                Err(fault) => faults.push(fault),
            }
        }
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        (book, (!faults.is_empty()).then(|| faults.join("; ").into()))
    });
    read.await.unwrap_or_else(|_| (Book::default(), Some("the ledger could not be read".into())))
}

/// Writes what was seen; what the book knows from today is not written again. Gives what went wrong.
pub(super) async fn seen(desk: &Arc<Inner>, wanted: &Wanted, list: &[LookUp], book: &Book) -> Option<SafeText> {
    let now = desk.now().wall;
    let by = desk.principal_at(&wanted.key.backend);
    let new =
        |action: &&Action| action.sha.as_ref().is_some_and(|sha| book.wants(&action.name, &action.reference, sha, now));
    let line = |action: &Action| Some(Line { by: by.clone(), ..line(action, What::Seen, now, wanted)? });
    let lines = list.iter().map(|look_up| &look_up.action).filter(new).filter_map(line);
    append(desk, lines.collect()).await
}

fn line(action: &Action, what: What, at: Ms, wanted: &Wanted) -> Option<Line> {
    let sha = action.sha.clone().filter(|_| action.kind != ActionKind::Local)?;
    Some(Line {
        at,
        what,
        action: action.name.clone(),
        reference: action.reference.clone(),
        sha,
        repository: wanted.repository.clone(),
        environment: wanted.environment.clone(),
        by: None,
        decision: None,
    })
}

async fn append(desk: &Arc<Inner>, mut lines: Vec<Line>) -> Option<SafeText> {
    let mut once = std::collections::HashSet::new();
    lines.retain(|line| once.insert(line.clone()));
    if lines.is_empty() {
        return None;
    }
    let state = desk.state.clone();
    match tokio::task::spawn_blocking(move || ledger::append(&state, &lines)).await {
        Ok(Ok(())) => None,
        Ok(Err(fault)) => Some(safe!("not in the ledger: {}", Text::from(fault.to_string()).prose())),
        Err(_) => Some(SafeText::lit("not in the ledger: its writer was ended")),
    }
}

/// What the road of a decision has read already.
#[derive(Debug, Default)]
pub(in super::super) struct Read {
    /// Where it is about.
    pub(in super::super) place: Option<Place>,
    /// The actions of its evidence.
    pub(in super::super) actions: Option<Vec<Action>>,
}

/// What becomes of actions that nothing in this process has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unread {
    /// They are asked for: one decision, and nobody waits behind it.
    Asked,
    /// They are left out: ten decisions at once cost no more calls than the road itself takes.
    Left,
}

/// Writes who decided with which SHAs, where the decision took effect or was counted.
pub(in super::super) async fn decided(
    desk: &Arc<Inner>,
    decision: &Decision,
    outcome: &Outcome,
    read: Read,
    unread: Unread,
) {
    let what = match decision.ballot {
        Ballot::Approve => What::Approved,
        Ballot::Reject => What::Rejected,
        // Nobody approved what went past the votes.
        Ballot::BreakGlass => return,
    };
    if !outcome.is_success() {
        return;
    }
    let told = match shown(desk, decision, read, unread).await {
        Ok(None) => None,
        Ok(Some((wanted, actions))) => {
            let now = desk.now().wall;
            let by = desk.principal_at(&decision.request.backend);
            let line = |action: &Action| {
                let line = line(action, what, now, &wanted)?;
                Some(Line { by: by.clone(), decision: Some(decision.id.clone()), ..line })
            };
            append(desk, actions.iter().filter_map(line).collect()).await
        }
        Err(fault) => Some(safe!("not in the ledger: {}", fault.message)),
    };
    if let Some(why) = told {
        desk.tell(News::Notice(why)).await;
    }
}

/// The actions as they were looked up, else as the evidence has them.
async fn shown(
    desk: &Arc<Inner>,
    decision: &Decision,
    read: Read,
    unread: Unread,
) -> Result<Option<(Arc<Wanted>, Vec<Action>)>, Fault> {
    if let Some((wanted, look_ups)) = desk.look_ups.kept(&decision.evidence_digest) {
        let actions = look_ups.list.iter().map(|look_up| look_up.action.clone()).collect();
        return Ok(Some((wanted, actions)));
    }
    let key = &decision.request;
    let Some(backend) = desk.backend(&key.backend) else { return Ok(None) };
    let actions = match read.actions {
        Some(actions) => actions,
        None if unread == Unread::Left => return Ok(None),
        None => within(backend.evidence(key)).await?.actions,
    };
    if actions.iter().all(|action| action.sha.is_none()) {
        return Ok(None);
    }
    let Place { repository, environment } = match read.place {
        Some(place) => place,
        None => Place::of(&within(backend.read(key)).await?.core),
    };
    let (key, evidence) = (key.clone(), decision.evidence_digest);
    let wanted = Wanted { key, evidence, repository, environment, actions: actions.clone() };
    Ok(Some((Arc::new(wanted), actions)))
}
