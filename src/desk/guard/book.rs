//! What the audit log says of grants that the guard keeps, followed as any process adds to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::audit::{AuditError, Tail};
use crate::domain::grant::{End, Grant, Pass, Revocation};
use crate::domain::guard::Kept;
use crate::domain::ids::{BackendName, DecisionId, GrantId};
use crate::domain::record::{Event, Head, Record};
use crate::domain::time::{Ms, Span};

/// The kinds of records that say something about such grants.
const KINDS: [&str; 5] = ["guarded", "passed", "outcome", "revoked", "ended"];
/// A grant that is over is listed so long.
const LISTED: Span = Span::hours(24);

/// A grant with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::desk) struct Entry {
    /// As it was given, with every pass since.
    pub(in crate::desk) kept: Kept,
    /// The passes by the decisions that made them, in the order of `kept.grant.passes`.
    decisions: Vec<DecisionId>,
    /// What is to be done at its end was done.
    pub(in crate::desk) closed: bool,
}

/// Grants by id, as far as the log was read.
#[derive(Debug)]
pub(in crate::desk) struct Book(Mutex<Pages>);

#[derive(Debug)]
struct Pages {
    tail: Tail,
    entries: BTreeMap<GrantId, Entry>,
}

/// One reading of the book: decisions on it hold only while `head` is the end of the log.
#[derive(Clone, Debug)]
pub(in crate::desk) struct Reading {
    /// The grants of one backend.
    pub(in crate::desk) entries: Vec<Entry>,
    /// The last record that was read.
    pub(in crate::desk) head: Head,
}

impl Book {
    /// The book of a state folder; nothing is read yet.
    pub(in crate::desk) fn new(state: &Path) -> Self {
        Self(Mutex::new(Pages { tail: Tail::new(state, &KINDS), entries: BTreeMap::new() }))
    }

    /// Reads on and gives the grants of a backend. It reads the disk: not for async code as it is.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub(in crate::desk) fn read(&self, backend: &BackendName) -> Result<Reading, AuditError> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let records = pages.tail.read()?;
        for record in &records {
            turn(&mut pages.entries, record);
        }
        let of_backend = pages.entries.values().filter(|e| e.kept.grant.bound.backend == *backend);
        Ok(Reading { entries: of_backend.cloned().collect(), head: pages.tail.head() })
    }
}

impl Reading {
    /// Grants that are not long over, newest first.
    pub(in crate::desk) fn listed(&self, now: Ms) -> Vec<Grant> {
        let recent = |e: &&Entry| e.kept.grant.start_by + LISTED > now;
        let mut grants: Vec<Grant> = self.entries.iter().filter(recent).map(|e| e.kept.grant.clone()).collect();
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.decided_at));
        grants
    }
}

/// Takes one record in.
fn turn(entries: &mut BTreeMap<GrantId, Entry>, record: &Record) {
    match &record.event {
        Event::Guarded { kept } => {
            let fresh = || Entry { kept: Kept::clone(kept), decisions: Vec::new(), closed: false };
            entries.entry(kept.grant.id.clone()).or_insert_with(fresh);
        }
        Event::Passed { grant, decision } => {
            if let Some(entry) = entries.get_mut(grant) {
                entry.pass(decision, record);
            }
        }
        Event::Outcome { decision, result, .. } if result.had_no_effect() => {
            entries.values_mut().for_each(|entry| entry.take_back(decision));
        }
        Event::Revoked { grant, reason } => {
            let Some(entry) = entries.get_mut(grant) else { return };
            let by = record.by.clone().or_else(|| entry.kept.grant.by.first().cloned());
            entry.kept.grant.revoked = by.map(|by| Revocation { by, at: record.at, reason: reason.clone() });
            // A record that names nobody ends the grant all the same.
            entry.closed = true;
        }
        Event::Ended { grant, end: End::Expired } => {
            if let Some(entry) = entries.get_mut(grant) {
                entry.closed = true;
            }
        }
        _ => {}
    }
}

impl Entry {
    fn pass(&mut self, decision: &DecisionId, record: &Record) {
        let Some(request) = &record.request else { return };
        let end = Some((record.at, End::Unwatched));
        let pass = Pass { request: request.clone(), started_at: record.at, ends_at: record.at, end };
        self.kept.grant.passes.push(pass);
        self.decisions.push(decision.clone());
    }

    /// A pass that came to nothing was none.
    fn take_back(&mut self, decision: &DecisionId) {
        if let Some(at) = self.decisions.iter().position(|d| d == decision) {
            self.decisions.remove(at);
            self.kept.grant.passes.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::guard::testing::{kept, passed};
    use crate::domain::digest::Digest;
    use crate::domain::fixture::{key, person};
    use crate::domain::outcome::Outcome;
    use crate::domain::request::State;

    fn record(event: Event) -> Record {
        let (prev, request) = (Digest::of(b""), Some(key("hub/b#1")));
        Record { seq: 1, prev, at: Ms(2_000_000), by: Some(person("alice")), request, event }
    }

    fn book(events: Vec<Event>) -> Entry {
        let mut entries = BTreeMap::new();
        turn(&mut entries, &record(Event::Guarded { kept: Box::new(kept()) }));
        events.into_iter().for_each(|event| turn(&mut entries, &record(event)));
        entries.into_values().next().unwrap()
    }

    fn outcome(n: u8, result: Outcome) -> Event {
        let Event::Passed { decision, .. } = passed(n) else { unreachable!() };
        Event::Outcome { decision, result, place: None }
    }

    #[test]
    fn a_pass_counts_until_its_outcome_says_that_it_was_none() {
        let done = outcome(1, Outcome::Final { state: State::Approved });
        let refused = outcome(2, Outcome::Refused { why: "no".into() });
        let unknown = outcome(3, Outcome::Unknown { why: "?".into() });
        let entry = book(vec![passed(1), passed(2), passed(3), done, refused, unknown]);
        assert_eq!(entry.kept.grant.passes.len(), 2, "what may have taken effect counts");
        assert_eq!(entry.decisions.len(), 2);
    }

    #[test]
    fn a_revoked_grant_stays_revoked_and_its_expiry_is_done_with() {
        let reason = "wrong window".into();
        let entry = book(vec![Event::Revoked { grant: kept().grant.id, reason }, passed(1)]);
        assert_eq!(entry.kept.grant.revoked.unwrap().by, person("alice"));
        assert!(entry.closed);
        let over = book(vec![Event::Ended { grant: kept().grant.id, end: End::Expired }]);
        assert!(over.closed && over.kept.grant.revoked.is_none());
    }

    #[test]
    fn said_twice_it_is_one_grant() {
        let again = Event::Guarded { kept: Box::new(kept()) };
        assert_eq!(book(vec![passed(1), again]).kept.grant.passes.len(), 1);
    }
}
