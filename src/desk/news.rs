//! What the desk tells whoever drives it.

use std::sync::Arc;

pub use super::source::{Source, pattern};
use crate::backends::port::{ByHand, Capabilities, Fault, Session};
use crate::diff::Piece;
use crate::domain::acceptance::{Acceptance, Given};
use crate::domain::action::Action;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::finding::Finding;
use crate::domain::grant::Grant;
use crate::domain::ids::{BackendName, CommitSha, DecisionId, GrantId, RequestKey};
use crate::domain::lookup::LookUps;
use crate::domain::outcome::Outcome;
use crate::domain::record::Record;
use crate::domain::request::{Ballot, Request};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};

/// How fresh a backend's rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Not heard of yet.
    Connecting,
    /// Answers; when it last did.
    Fresh {
        /// By our clock.
        at: Ms,
    },
    /// Does not answer: its rows are as old as `since`, `None` = nothing was ever read.
    Stale {
        /// Last good answer.
        since: Option<Ms>,
        /// What is wrong.
        fault: Fault,
    },
}

/// A backend as the console shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendState {
    /// Which.
    pub name: BackendName,
    /// How fresh.
    pub health: Health,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Who we are there, once known.
    pub session: Option<Session>,
    /// Between two polls while nothing is pushed; ages show only past two of them.
    pub interval: Span,
    /// What the backend says of itself beside that: budgets, parts that cannot be read.
    pub note: SafeText,
}

/// Where a decision stands on its road.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It waits for its turn: not intended yet, and can be taken back.
    Queued,
    /// Its intent is on disk; it is being compared and sent.
    Sending,
    /// The backend takes no call for a moment: sent at the end of the wait, and can be taken back.
    Waits {
        /// Until when, by the boot clock.
        until: Ms,
        /// Why.
        why: SafeText,
    },
    /// Sent, no answer yet known; it is being settled by re-reads.
    Settling,
    /// Over.
    Done(Outcome),
    /// Taken back before its intent: nothing was sent.
    Dropped(SafeText),
}

/// Whether the guard keeps the grants of this state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardState {
    /// This process does.
    Here,
    /// Another process does.
    Elsewhere,
    /// It cannot: nothing passes by itself.
    Broken {
        /// What is wrong and how to mend it.
        why: SafeText,
    },
}

/// What the audit log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditState {
    /// Fine: the last record and the newest record that another log has seen.
    Ok {
        /// Number of the last record.
        seq: u64,
        /// Newest of our records that is anchored elsewhere.
        anchored: Option<u64>,
    },
    /// Cannot be written or does not verify: nothing can be decided.
    Broken {
        /// What is wrong and how to mend it.
        why: SafeText,
    },
}

/// Evidence with its diff, as read for one request.
#[derive(Clone, Debug)]
pub struct Exhibit {
    /// For which request.
    pub key: RequestKey,
    /// The manifest.
    pub evidence: Evidence,
    /// The unified diff, checked against its digest; its index follows as `Indexed`. Absent = not given.
    pub diff: Option<Source>,
}

/// What the desk tells.
#[derive(Clone, Debug)]
pub enum News {
    /// The findings that were accepted on this console and still are.
    Acceptances(Vec<Given>),
    /// Requests came, changed or went.
    Requests {
        /// Of which backend.
        backend: BackendName,
        /// New and changed.
        changed: Vec<Arc<Request>>,
        /// What is not in `changed` is gone.
        whole: bool,
    },
    /// A backend's health or session changed.
    Backend(Box<BackendState>),
    /// The grants of a backend, all that it lists.
    Grants {
        /// Of which backend.
        backend: BackendName,
        /// Newest first.
        grants: Vec<Grant>,
    },
    /// A decision went a step on. Never dropped.
    Decision {
        /// Which.
        id: DecisionId,
        /// About which request.
        key: RequestKey,
        /// What was said.
        ballot: Ballot,
        /// Where it stands.
        step: Step,
    },
    /// Evidence was read.
    Exhibit {
        /// The generation that asked.
        generation: u64,
        /// For which request.
        key: RequestKey,
        /// What was read.
        result: Result<Arc<Exhibit>, Fault>,
    },
    /// A diff was read on: pieces come in order, the last one says so.
    Indexed {
        /// The number of its source.
        source: u64,
        /// What was read.
        piece: Box<Piece>,
        /// It is time to look at it; otherwise the next one comes at once.
        look: bool,
    },
    /// Which lines of a diff only moved: the work is too much for a large one, and not told.
    Moved {
        /// The number of its source.
        source: u64,
        /// Where the content of each begins, in order.
        lines: Vec<u64>,
    },
    /// A second source has the diff that the first one cut or did not give, under the name it was asked by; or why
    /// it has not.
    Filled {
        /// The digest of the evidence that it fills.
        evidence: Digest,
        /// Its index follows as `Indexed`.
        result: Result<(Source, SafeText), SafeText>,
    },
    /// Another change than that of the evidence, or why it cannot be had.
    Compared {
        /// The digest of the evidence that it was asked beside.
        evidence: Digest,
        /// Which change.
        other: Other,
        /// Its index follows as `Indexed`.
        result: Result<Source, SafeText>,
    },
    /// The rest of a diff cannot be read.
    Unreadable {
        /// The number of its source.
        source: u64,
        /// Why.
        why: SafeText,
    },
    /// Bytes of a diff.
    Window {
        /// The number of its source.
        source: u64,
        /// Where they begin.
        from: u64,
        /// Up to where they were asked for.
        to: u64,
        /// Fewer than were asked for only where they end; or what is wrong.
        bytes: Result<Vec<u8>, SafeText>,
    },
    /// What a search has found since it last told.
    Found {
        /// The generation that asked.
        generation: u64,
        /// Where matches begin, in order; the first hundred thousand.
        places: Vec<u64>,
        /// How many there are so far.
        count: u64,
        /// It is through.
        whole: bool,
    },
    /// Actions were looked up, or a part of them: this takes the place of what was told of the same evidence before.
    LookedUp {
        /// Of which evidence.
        evidence: Digest,
        /// What was found out.
        look_ups: Arc<LookUps>,
        /// The findings of it, on top of those that the backend gives.
        findings: Arc<[Finding]>,
    },
    /// A grant was revoked or extended, a break-glass reviewed; or it was refused.
    Act {
        /// What was done, as the LAST strip says it: `revoke shop/deploy-api`.
        what: SafeText,
        /// What came of it.
        result: Result<SafeText, Fault>,
    },
    /// A page of our audit log.
    Audit {
        /// The generation that asked.
        generation: u64,
        /// Newest first; or what is wrong.
        result: Result<Vec<Arc<Record>>, SafeText>,
    },
    /// An export was written, or not.
    Exported(Result<SafeText, SafeText>),
    /// How a request is decided without this program.
    ByHand {
        /// Which request.
        key: RequestKey,
        /// Page and command that approve.
        approve: ByHand,
        /// The command that rejects.
        reject: ByHand,
    },
    /// The guard sat down, or somebody else did. Never told where no guard is wanted.
    Guard(GuardState),
    /// The audit log's own state changed.
    AuditState(AuditState),
    /// Decisions of an earlier process that were found open at start, or dropped: one line each.
    Notice(SafeText),
}

/// What the console asks of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Words that must stand in the record.
    pub text: Text,
    /// Only this request.
    pub request: Option<RequestKey>,
    /// Records before this number only.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// A change that a decision is not about, and that can be read beside the one that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// Of the request's own repository, from this base.
    Base(CommitSha),
    /// Of the repository of an action.
    Action(Box<Changed>),
}

/// An action between the commit that it was at and the one that it is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// As it is written now.
    pub action: Action,
    /// From.
    pub old: CommitSha,
    /// To.
    pub new: CommitSha,
}

/// Actions that are to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// For which request.
    pub key: RequestKey,
    /// Of which evidence.
    pub evidence: Digest,
    /// The repository whose pipeline names them.
    pub repository: Text,
    /// Where they are to run.
    pub environment: Text,
    /// As the evidence has them.
    pub actions: Vec<Action>,
}

impl Wanted {
    /// The actions of a request's evidence.
    pub fn of(request: &Request, actions: Vec<Action>) -> Self {
        Self {
            key: request.key().clone(),
            evidence: request.evidence.digest,
            repository: request.core.repository.value.clone(),
            environment: request.core.environment.value.clone(),
            actions,
        }
    }
}

/// What can be asked of the desk; each is answered by `News`, none blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Puts an unsynced `held` record.
    Hold {
        /// Which decision.
        id: DecisionId,
        /// About which request.
        key: RequestKey,
    },
    /// The held decision is dropped.
    Drop {
        /// Which decision.
        id: DecisionId,
        /// About which request.
        key: RequestKey,
        /// Why.
        why: SafeText,
        /// Whether this console shows it; else the next start says so.
        shown: bool,
    },
    /// Intent, compare, send, settle, outcome.
    Decide(Box<crate::domain::decision::Decision>),
    /// Takes back what waits for its turn or for the backend; what is on its way goes on.
    TakeBack(Vec<DecisionId>),
    /// Leaves the guard's seat at once, until the next `Refresh`: this process is about to be stopped.
    GiveUpGuard,
    /// Asks how a request is decided without this program.
    ByHand(RequestKey),
    /// Tells colleagues.
    Look(RequestKey),
    /// Reads evidence and diff.
    Exhibit {
        /// Comes back with the answer.
        generation: u64,
        /// For which request.
        key: RequestKey,
    },
    /// Reads bytes of a diff.
    Window {
        /// Which diff.
        source: Source,
        /// From where.
        from: u64,
        /// Up to where.
        to: u64,
    },
    /// Searches a diff; an earlier search of it ends.
    Search {
        /// Comes back with what is found.
        generation: u64,
        /// Which diff.
        source: Source,
        /// A regular expression.
        pattern: Text,
    },
    /// Reads another change than that of a request's evidence.
    Compare {
        /// Which request.
        key: RequestKey,
        /// The digest of its evidence.
        evidence: Digest,
        /// Which change.
        other: Other,
    },
    /// Ends the search of a diff.
    EndSearch {
        /// Which diff.
        source: Source,
    },
    /// Looks actions up; told as it goes on.
    LookUp(Box<Wanted>),
    /// Polls at once.
    Refresh,
    /// Takes a grant back.
    Revoke {
        /// At which backend.
        backend: BackendName,
        /// Which.
        grant: GrantId,
        /// Why.
        reason: Text,
    },
    /// Votes for more time.
    Extend {
        /// At which backend.
        backend: BackendName,
        /// Which.
        grant: GrantId,
        /// In all.
        run_for: Span,
        /// Why.
        reason: Text,
    },
    /// Accepts a finding for a while.
    Accept {
        /// Of which request, as it was shown.
        request: Arc<Request>,
        /// What, why and until when.
        acceptance: Box<Acceptance>,
    },
    /// Looks at a break-glass afterwards.
    Review {
        /// Which request.
        key: RequestKey,
        /// What is said.
        comment: Text,
    },
    /// Reads a page of the audit log.
    Audit {
        /// Comes back with the answer.
        generation: u64,
        /// What is asked.
        query: AuditQuery,
    },
    /// Writes the audit log to a file in the working folder.
    Export {
        /// `json` or `csv`.
        csv: bool,
        /// Which records.
        query: AuditQuery,
    },
}
