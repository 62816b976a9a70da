//! The log as a journal: the story of one request, and the decisions that a dead process left open.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::query::{each_line, parse};
use super::{AuditError, log_file};
use crate::domain::decision::Decision;
use crate::domain::grant::Grant;
use crate::domain::ids::{DecisionId, GrantId, RequestKey};
use crate::domain::record::{Event, Record};
use crate::domain::text::Text;

/// What a story is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A request.
    Request(RequestKey),
    /// A decision or a grant: 32 hex digits.
    Id(String),
}

impl std::str::FromStr for Subject {
    type Err = crate::domain::ids::BadId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<DecisionId>() {
            Ok(id) => Ok(Subject::Id(id.into())),
            Err(_) => text.parse().map(Subject::Request),
        }
    }
}

/// Everything that the log says of a request, oldest first: its own records and those of its grants.
///
/// # Errors
/// Where the log cannot be read.
pub fn why(state: &Path, subject: &Subject) -> Result<Vec<Record>, AuditError> {
    let path = log_file(state);
    let Some(key) = request_of(&path, subject)? else { return Ok(Vec::new()) };
    let text = key.to_string();
    let (mut found, mut grants) = (Vec::new(), HashSet::<GrantId>::new());
    each_line(&path, |line| {
        if !line.contains(&text) && !grants.iter().any(|grant| line.contains(grant.as_str())) {
            return Ok(());
        }
        let record = parse(&path, line)?;
        let of_request = record.request.as_ref() == Some(&key);
        if let Some(grant) = given(&record.event)
            && (of_request || grant.bound.request == key)
        {
            grants.insert(grant.id.clone());
        }
        if of_request || grant_of(&record.event).is_some_and(|id| grants.contains(id)) {
            found.push(record);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The grant that this record gives.
fn given(event: &Event) -> Option<&Grant> {
    match event {
        Event::Granted { grant } => Some(grant),
        Event::Guarded { kept } => Some(&kept.grant),
        _ => None,
    }
}

fn request_of(path: &Path, subject: &Subject) -> Result<Option<RequestKey>, AuditError> {
    let id = match subject {
        Subject::Request(key) => return Ok(Some(key.clone())),
        Subject::Id(id) => id,
    };
    let mut found = None;
    each_line(path, |line| {
        if found.is_none() && line.contains(id.as_str()) {
            let record = parse(path, line)?;
            found = record.request.clone().filter(|_| names(&record.event, id));
        }
        Ok(())
    })?;
    Ok(found)
}

fn names(event: &Event, id: &str) -> bool {
    decision_of(event).is_some_and(|d| d.as_str() == id)
        || grant_of(event).is_some_and(|g| g.as_str() == id)
        || decided(event, id)
        || matches!(event, Event::Passed { decision, .. } if decision.as_str() == id)
}

/// The broker keeps a decision as its exact bytes.
fn decided(event: &Event, id: &str) -> bool {
    match event {
        Event::Decided { decision, .. } => {
            serde_json::from_str::<Decision>(decision).is_ok_and(|d| d.id.as_str() == id)
        }
        _ => false,
    }
}

fn decision_of(event: &Event) -> Option<&DecisionId> {
    match event {
        Event::Held { decision } | Event::Dropped { decision, .. } | Event::Outcome { decision, .. } => Some(decision),
        Event::Intent { decision } => Some(&decision.id),
        _ => None,
    }
}

fn grant_of(event: &Event) -> Option<&GrantId> {
    match event {
        Event::Granted { grant } => Some(&grant.id),
        Event::Guarded { kept } => Some(&kept.grant.id),
        Event::Started { grant, .. }
        | Event::Ended { grant, .. }
        | Event::Extended { grant, .. }
        | Event::Passed { grant, .. }
        | Event::RunCancel { grant, .. }
        | Event::Revoked { grant, .. } => Some(grant),
        _ => None,
    }
}

/// What no record has closed, and what nobody has been told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Held back, and neither dropped nor intended.
    pub held: Vec<(DecisionId, Option<RequestKey>)>,
    /// Intended: perhaps sent, perhaps not.
    pub intents: Vec<Decision>,
    /// Dropped, among those that were asked for: of which request, and why.
    pub dropped: Vec<(DecisionId, Option<RequestKey>, Text)>,
}

/// The decisions of this log that are open, and those of `left` that were dropped. Whether their process still
/// carries them is for the caller to find out.
///
/// # Errors
/// Where the log cannot be read.
pub fn open_decisions(state: &Path, left: &HashSet<DecisionId>) -> Result<Open, AuditError> {
    let path = log_file(state);
    let (mut held, mut intents, mut dropped) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    each_line(&path, |line| {
        if !JOURNAL.iter().any(|kind| line.contains(kind)) {
            return Ok(());
        }
        let record = parse(&path, line)?;
        if let Some(id) = decision_of(&record.event).cloned() {
            held.remove(&id);
            intents.remove(&id);
            match record.event {
                Event::Held { .. } => drop(held.insert(id, record.request)),
                Event::Intent { decision } => drop(intents.insert(id, *decision)),
                Event::Dropped { why, .. } if left.contains(&id) => dropped.push((id, record.request, why)),
                _ => {}
            }
        }
        Ok(())
    })?;
    Ok(Open { held: held.into_iter().collect(), intents: intents.into_values().collect(), dropped })
}

/// How the records of the journal begin their event.
const JOURNAL: [&str; 4] = [r#""kind":"held""#, r#""kind":"dropped""#, r#""kind":"intent""#, r#""kind":"outcome""#];
