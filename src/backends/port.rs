//! What every approval system looks like from above. Abilities are data, so that a screen can say what a
//! backend does natively and what it does not; a fault says whether anything was sent.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};

use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::grant::{Enforcer, Grant};
use crate::domain::ids::{BackendName, GrantId, NativeId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::Principal;
use crate::domain::record::Head;
use crate::domain::request::{Ballot, Request};
use crate::domain::text::{SafeText, Shown, Text};
use crate::domain::time::{Ms, Span};

/// What a backend can do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Who keeps scope and TTL.
    pub enforcer: Enforcer,
    /// The decision is bound to the request digest by the backend itself.
    pub binds_digest: bool,
    /// A lost answer can be asked for again with the same decision id.
    pub idempotent: bool,
    /// Grants can be listed, extended and revoked.
    pub grants: bool,
    /// Colleagues see who looks.
    pub looks: bool,
    /// The glass can be broken.
    pub break_glass: bool,
    /// It pushes hints; else it is polled only.
    pub pushes: bool,
    /// At most one decision is sent in this time, so that the backend does not refuse them; zero = no pace to keep.
    pub pace: Span,
}

impl Capabilities {
    /// Of a backend that takes decisions and does nothing else.
    pub fn plain(enforcer: Enforcer) -> Self {
        Self {
            enforcer,
            binds_digest: false,
            idempotent: false,
            grants: false,
            looks: false,
            break_glass: false,
            pushes: false,
            pace: Span::ZERO,
        }
    }
}

/// Who we are to a backend, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// You.
    pub you: Principal,
    /// Whether you may approve at all.
    pub approver: bool,
    /// Requester and approver share one user: `SAME USER` stands on the screen.
    pub same_user: bool,
    /// Its clock at the answer.
    pub now: Ms,
    /// What is to be known of the credential: its kind, what it lacks, when it ends.
    pub notes: Vec<Note>,
}

/// A line about a session, with what to do where something is amiss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What.
    pub what: SafeText,
    /// How to mend it; empty where nothing is amiss.
    pub mend: SafeText,
}

/// What a poll brings.
#[derive(Clone, Debug, Default)]
pub struct Poll {
    /// New and changed requests.
    pub changed: Vec<Arc<Request>>,
    /// Whether `changed` is the whole queue: what is not in it is gone.
    pub whole: bool,
    /// Where the next poll goes on.
    pub cursor: u64,
    /// When to poll again; absent = as the config says.
    pub next: Option<Span>,
    /// What stands beside the backend's name: budgets, parts that cannot be read. Empty = nothing to say.
    pub note: SafeText,
}

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing was sent: no connection.
    Unreachable,
    /// Sent, and no whole answer came: nobody knows whether it took effect.
    NoAnswer,
    /// The credential is missing, wrong or expired.
    Unauthenticated,
    /// Not allowed.
    Forbidden,
    /// No such thing any more.
    NotFound,
    /// It said no for a reason of its own.
    Refused,
    /// The request is no longer what was shown.
    Changed,
    /// Too many calls: nothing was done. `retry_after` says when it can be.
    Limited,
    /// It answered something that cannot be read, or speaks another version.
    Protocol,
}

/// What went wrong with a backend, in words fit for a screen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind.
    pub trouble: Trouble,
    /// What, in one line.
    pub message: SafeText,
    /// How to mend it; empty where nothing can be done.
    pub mend: SafeText,
    /// Not before this time again.
    pub retry_after: Option<Span>,
}

impl Shown for Fault {}

impl Fault {
    /// A fault without a time to wait.
    pub fn new(trouble: Trouble, message: impl Into<SafeText>, mend: impl Into<SafeText>) -> Self {
        Self { trouble, message: message.into(), mend: mend.into(), retry_after: None }
    }
}

/// How a person decides without this program: what `Y` copies when the backend lets this program send nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// The address of the page with the buttons.
    pub page: Option<Text>,
    /// One command line that does the same, credentials left out.
    pub command: Option<Text>,
}

/// The answer of a backend, later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// An answer that needs nobody to be asked.
pub fn at_once<'a, T: Send + 'a>(answer: Result<T, Fault>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

/// What it cannot do is refused, nothing is sent.
pub fn lacks<'a, T: Send + 'a>(what: &'static str, mend: &'static str) -> Answer<'a, T> {
    at_once(Err(Fault::new(Trouble::Refused, what, mend)))
}

/// An approval system. A gate that asks anew is a request of its own, with a key of its own, even in the same run and
/// environment: a decision on the first never lands on the second. `desk::limits` stands before every foreign one: a
/// method that has a default here is passed on there.
pub trait Backend: Send + Sync {
    /// The instance, as the config names it.
    fn name(&self) -> &BackendName;
    /// What it can do by itself.
    fn capabilities(&self) -> Capabilities;
    /// Who we are to it.
    fn session(&self) -> Answer<'_, Session>;
    /// What changed after the cursor; the whole queue for `None`.
    fn poll(&self, after: Option<u64>) -> Answer<'_, Poll>;
    /// Signs that a poll is worth while; ends when the connection does. Backends without push never yield.
    fn hints(&self) -> BoxStream<'_, Result<(), Fault>> {
        Box::pin(stream::pending())
    }
    /// One request as it stands now.
    fn read<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Request>;
    /// What can be looked at.
    fn evidence<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Evidence>;
    /// Evidence bytes as stored; at most `limit`.
    fn blob<'a>(&'a self, digest: &'a Digest, limit: u64) -> Answer<'a, Vec<u8>>;
    /// Sends a decision, once. `bytes` is its exact JSON.
    fn decide<'a>(&'a self, decision: &'a Decision, bytes: &'a str) -> Answer<'a, Outcome>;
    /// What the decision on this request has in common with those that go out with it as one write: they share one
    /// turn of the pace. Absent = it goes alone.
    fn goes_with(&self, key: &RequestKey) -> Option<NativeId> {
        let _ = key;
        None
    }
    /// Ends the whole run that a request belongs to; `force` where an ordinary end did not help.
    fn cancel_run<'a>(&'a self, key: &'a RequestKey, force: bool) -> Answer<'a, ()> {
        let _ = (key, force);
        lacks("this backend has no run to cancel", "reject what waits instead")
    }
    /// How a person would decide this request without us.
    fn by_hand(&self, request: &Request, ballot: Ballot) -> ByHand {
        let _ = (request, ballot);
        ByHand::default()
    }
    /// Tells colleagues that we look.
    fn look<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, ()> {
        let _ = key;
        lacks("this backend does not tell colleagues who looks", "")
    }
    /// Looks at a break-glass afterwards.
    fn review<'a>(&'a self, key: &'a RequestKey, comment: &'a Text) -> Answer<'a, ()> {
        let _ = (key, comment);
        lacks("this backend has no glass to break, and so none to review", "")
    }
    /// Grants that are open or running, and recent ones.
    fn grants(&self) -> Answer<'_, Vec<Grant>> {
        at_once(Ok(Vec::new()))
    }
    /// Takes a grant back.
    fn revoke<'a>(&'a self, grant: &'a GrantId, reason: &'a Text) -> Answer<'a, Grant> {
        let _ = (grant, reason);
        lacks(NO_GRANTS, "")
    }
    /// Votes for more time; the second value is the number of votes still missing.
    fn extend<'a>(&'a self, grant: &'a GrantId, run_for: Span, reason: &'a Text) -> Answer<'a, (Grant, u32)> {
        let _ = (grant, run_for, reason);
        lacks(NO_GRANTS, "")
    }
    /// Who looks actions up where this backend's repositories lie; without one git itself does.
    fn resolver(&self) -> Option<Arc<dyn super::resolver::Resolver>> {
        None
    }
    /// Exchanges audit heads: gives ours, brings the backend's; `None` where it keeps no log.
    fn heads<'a>(&'a self, log: &'a Text, head: Head) -> Answer<'a, Option<Head>> {
        let _ = (log, head);
        at_once(Ok(None))
    }
}

const NO_GRANTS: &str = "this backend has no grants: what was approved there has started";
