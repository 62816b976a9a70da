//! What a command has done so far: changes, records and notices, collected against a state that stands still.

use std::sync::Arc;

use crate::api::Problem;
use crate::domain::ids::{GrantId, NativeId, RequestKey};
use crate::domain::principal::Principal;
use crate::domain::record::{Entry, Event};
use crate::domain::text::Text;
use crate::sys::clock::Now;

use super::super::problem::not_found;
use super::Answer;
use super::held::{Held, HeldGrant, Live};
use super::judge;
use super::state::{Change, Setup, State};

/// What a command does.
#[derive(Debug)]
pub struct Effects {
    /// What the caller is told.
    pub answer: Answer,
    /// What changes.
    pub changes: Vec<Change>,
    /// What goes on record, in this order.
    pub records: Vec<Entry>,
    /// Who is to be told.
    pub notices: Vec<Notice>,
}

/// Why the hook command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A request came.
    Create,
    /// Half of its time is over.
    Half,
    /// Nobody decided in time.
    Timeout,
    /// The glass was broken.
    BreakGlass,
}

impl Occasion {
    /// The word in the hook's JSON and in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Occasion::Create => "create",
            Occasion::Half => "half",
            Occasion::Timeout => "timeout",
            Occasion::BreakGlass => "break-glass",
        }
    }
}

/// Something for the hook command.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Why.
    pub occasion: Occasion,
    /// About what.
    pub held: Arc<Held>,
    /// Who may decide.
    pub eligible: Vec<Text>,
}

/// A command at work.
pub(super) struct Draft<'a> {
    pub(super) state: &'a State,
    pub(super) now: Now,
    seq: u64,
    changes: Vec<Change>,
    records: Vec<Entry>,
    notices: Vec<Notice>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(state: &'a State, now: Now) -> Self {
        Self { state, now, seq: state.seq, changes: Vec::new(), records: Vec::new(), notices: Vec::new() }
    }

    pub(super) fn setup(&self) -> &'a Setup {
        &self.state.setup
    }

    pub(super) fn request(&self, id: &NativeId) -> Result<&'a Arc<Held>, Problem> {
        self.state.request(id).ok_or_else(|| not_found("request"))
    }

    pub(super) fn grant(&self, id: &GrantId) -> Result<&'a Arc<HeldGrant>, Problem> {
        self.state.grant(id).ok_or_else(|| not_found("grant"))
    }

    /// Puts the changed request under the next number.
    pub(super) fn change(&mut self, held: &Held, live: Live) -> Arc<Held> {
        self.put(Held { fixed: Arc::clone(&held.fixed), live }, None)
    }

    pub(super) fn put(&mut self, mut held: Held, evidence: Option<Arc<str>>) -> Arc<Held> {
        self.seq += 1;
        held.live.seq = self.seq;
        let held = Arc::new(held);
        self.changes.push(Change::Request { held: Arc::clone(&held), evidence });
        held
    }

    /// Puts a changed grant, and renumbers the request that it was given for and those that run under it.
    pub(super) fn put_grant(&mut self, grant: HeldGrant, already: Option<&NativeId>) {
        let mut touched: Vec<&NativeId> = vec![&grant.grant.bound.request.id];
        touched.extend(grant.grant.passes.iter().filter(|p| p.end.is_none()).map(|p| &p.request.id));
        touched.sort();
        touched.dedup();
        for id in touched.into_iter().filter(|id| Some(*id) != already) {
            if let Some(held) = self.state.request(id) {
                self.change(held, held.live.clone());
            }
        }
        self.changes.push(Change::Grant(Arc::new(grant)));
    }

    pub(super) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(super) fn record(&mut self, by: Option<&Principal>, request: Option<&RequestKey>, event: Event) {
        self.records.push(Entry { at: self.now.wall, by: by.cloned(), request: request.cloned(), event });
    }

    /// Has the hook command run, where there is one.
    pub(super) fn notify(&mut self, occasion: Occasion, held: &Arc<Held>) {
        if self.setup().hook {
            let eligible = judge::eligible(&self.setup().policy, held);
            self.notices.push(Notice { occasion, held: Arc::clone(held), eligible });
        }
    }

    pub(super) fn finish(self, answer: Answer) -> Effects {
        Effects { answer, changes: self.changes, records: self.records, notices: self.notices }
    }
}
