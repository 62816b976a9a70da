//! L1. The broker's wire types: what gate, console and commands say to a broker and what it answers.
//! Requests, grants and evidence travel as the domain types themselves.

mod routes;

pub use routes::{For, Method, ROUTES, Route};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::evidence::{Base, Evidence};
use crate::domain::grant::{End, Grant};
use crate::domain::ids::{BackendName, CommitSha, GrantId, NativeId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::{Identity, Principal};
use crate::domain::record::Head;
use crate::domain::request::{Ask, Command, Core, Request, Run, Sealed, State};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;

/// Counts breaking changes of this room; a broker of another one is refused by name.
pub const VERSION: u32 = 1;

/// `Last-Event-ID` in, `id:` out; idempotency key of a create or a decision.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Who the broker is, and who you are to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Info {
    /// What it calls itself: the backend instance of its request keys.
    pub name: BackendName,
    /// `VERSION` of the broker.
    pub api: u32,
    /// Its program version.
    pub program: Text,
    /// Its identity: 32 hex digits, made with its database.
    pub broker: Text,
    /// A broker of one user over a unix socket: the owner may approve their own automation.
    pub local: bool,
    /// The policy in force.
    pub policy: Digest,
    /// Its clock.
    pub now: Ms,
    /// Consoles that listen to its events.
    pub watching: u32,
    /// Number of the newest change.
    pub seq: u64,
    /// You.
    pub you: Principal,
    /// Whether you may approve at all.
    pub approver: bool,
    /// Head of its audit log.
    pub audit: Head,
}

impl Info {
    /// Reads who a broker is, if it is one of our version.
    ///
    /// # Errors
    /// What it is instead, with the way to mend it.
    pub fn read(answer: serde_json::Value) -> Result<Self, SafeText> {
        let theirs = answer.get("api").and_then(serde_json::Value::as_u64);
        match (serde_json::from_value::<Self>(answer), theirs) {
            (Ok(info), _) if info.api == VERSION => Ok(info),
            (_, Some(theirs)) => {
                Err(safe!("the broker speaks version {}, this program version {}: install the same", theirs, VERSION))
            }
            (_, None) => Err(SafeText::lit("that is no broker of ours: check the address")),
        }
    }
}

/// What a gate knows before it collects: `GET /v1/base?repository=…&environment=…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaseOffer {
    /// The last revision whose run ended with success here.
    pub base: Option<Base>,
}

/// What a gate asks for. The broker adds key, nonce and what the credential binds, and answers with the core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Submission {
    /// As the gate says; a token bound to repositories must allow it.
    pub repository: Text,
    /// As the gate says; likewise.
    pub environment: Text,
    /// What is done.
    pub name: Text,
    /// The commit that runs.
    pub head: Option<CommitSha>,
    /// The branch or tag.
    pub branch: Option<Text>,
    /// What would run.
    pub command: Command,
    /// The CI run.
    pub run: Option<Run>,
    /// Who is behind it, all `claimed`; the broker adds who connects.
    pub identities: Vec<Identity>,
    /// Why.
    pub reason: Text,
    /// Scope and run-for asked.
    pub ask: Ask,
    /// What an approver can look at; its blobs were put before.
    pub evidence: Evidence,
    /// How long the gate itself would wait; the policy's own limit holds beside it.
    pub wait: Option<Span>,
}

/// The answer to a `Submission`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The core as stored; its digest is the request digest.
    pub core: Sealed<Core>,
    /// Where it stands: pending, approved (allowed by policy or covered by a grant), denied.
    pub state: State,
    /// Until when it may wait.
    pub due: Ms,
    /// The verdict in words.
    pub verdict: Text,
    /// Consoles that watch.
    pub watching: u32,
    /// Eligible approvers that the hook command was given.
    pub notified: Vec<Text>,
}

/// A page of requests: `GET /v1/requests?after=SEQ&state=pending&limit=N`, by rising `seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// What changed after the cursor.
    pub requests: Vec<Request>,
    /// The cursor for the next page; `more` says whether there is one now.
    pub next: u64,
    /// Whether the next page holds something already.
    pub more: bool,
    /// Why the broker can write nothing now, and so grants nothing.
    pub degraded: Option<Text>,
}

/// Answer to a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decided {
    /// What came of it.
    pub result: Outcome,
    /// The request after it.
    pub request: Request,
}

/// What a gate finds when it is about to start: the broker compares it with the core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recheck {
    /// Head now.
    pub head: Option<CommitSha>,
    /// Working tree now.
    pub tree: Option<Digest>,
    /// Program now.
    pub program: Digest,
}

/// The right to start once, now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Permit {
    /// Under which grant.
    pub grant: GrantId,
    /// How long it may run from now: the gate counts on its own boot clock.
    pub run_for: Span,
    /// When that is over by the broker's clock.
    pub ends_at: Ms,
}

/// A gate's sign of life, and what it learns: `POST /v1/requests/{id}/beat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beat {
    /// Number of the request's newest change: what the next beat gives as `seq` to wait for another one.
    pub seq: u64,
    /// Where the request stands.
    pub state: State,
    /// Votes that are there and needed, in words: `1 of 2`.
    pub votes: Text,
    /// Who looks at it.
    pub looking: Vec<Text>,
    /// Who decided and why, once decided.
    pub decision: Text,
    /// Until when it may wait.
    pub due: Ms,
    /// While it runs: what is left of run-for; absent where nothing runs.
    pub left: Option<Span>,
    /// The grant was taken back: end the command.
    pub revoked: bool,
    /// Consoles that watch.
    pub watching: u32,
}

/// How a pass ended: `POST /v1/requests/{id}/end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// How.
    pub end: End,
}

/// Takes a grant back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoke {
    /// Why.
    pub reason: Text,
}

/// A vote for more time; needs the rule's votes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extend {
    /// Run-for in all, within the cap.
    pub run_for: Span,
    /// Why.
    pub reason: Text,
}

/// Answer to `Extend`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extension {
    /// The grant after it.
    pub grant: Grant,
    /// Votes still missing; 0 = the time is given.
    pub missing: u32,
}

/// Looks at a break-glass afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// What the reviewer says.
    pub comment: Text,
}

/// Grants that are open, running or changed lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grants {
    /// Newest first.
    pub grants: Vec<Grant>,
}

/// A line of the event stream: a hint that something changed; the state itself is read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hint {
    /// `seq` of the change, and the id of the event.
    pub seq: u64,
    /// Which request changed.
    pub request: RequestKey,
}

/// A console's head, kept by the broker, against the broker's own, kept by the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heads {
    /// Which log the sender keeps: a name of its own choice, stable.
    pub log: Text,
    /// Its head; in the answer the broker's.
    pub head: Head,
}

/// What a refused call answers, with its HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// One of `Code`'s words.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: Text,
    /// How to mend it; empty where nothing can be done.
    pub mend: Text,
}

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// 400: the call cannot be read.
    Invalid,
    /// 401: no token, a wrong one, an expired one.
    Unauthenticated,
    /// 403: not allowed to you.
    Forbidden,
    /// 404: no such thing, or not yours to see.
    NotFound,
    /// 409: somebody else was first, or it stands otherwise.
    Conflict,
    /// 410: its time is over.
    Over,
    /// 412: the request is no longer what was shown.
    Changed,
    /// 413: too large.
    TooLarge,
    /// 422: the same idempotency key with another body.
    KeyReused,
    /// 429: too many pending.
    Quota,
    /// 503: cannot write its log or database; nothing is granted.
    Degraded,
    /// 500: a fault of the broker's own.
    Internal,
}

impl Code {
    /// HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Code::Invalid => 400,
            Code::Unauthenticated => 401,
            Code::Forbidden => 403,
            Code::NotFound => 404,
            Code::Conflict => 409,
            Code::Over => 410,
            Code::Changed => 412,
            Code::TooLarge => 413,
            Code::KeyReused => 422,
            Code::Quota => 429,
            Code::Degraded => 503,
            Code::Internal => 500,
        }
    }
}

/// The path of one request.
pub fn request_path(id: &NativeId) -> String {
    // Ids are visible ASCII without `/` and `#`; our broker's are hex.
    format!("/v1/requests/{id}")
}
