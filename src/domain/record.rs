//! One line of the audit log, of broker and console alike: compact JSON, chained by `prev`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acceptance::Acceptance;
use super::decision::Decision;
use super::digest::Digest;
use super::grant::{End, Grant};
use super::guard::Kept;
use super::ids::{DecisionId, GrantId, RequestKey};
use super::json;
use super::outcome::Outcome;
use super::principal::Principal;
use super::request::Core;
use super::text::Text;
use super::time::{Ms, Span};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Event {
    /// The log begins, or goes on in a new process.
    Opened {
        /// Which program writes, with its version.
        program: Text,
    },
    /// A request was asked for.
    Requested {
        /// Its core, as hashed.
        core: String,
        /// Its evidence digest.
        evidence: Digest,
        /// The verdict in words.
        verdict: Text,
    },
    /// A colleague looked at it.
    Looked,
    /// Console: a decision is held back and not yet intended; unsynced.
    Held {
        /// Which.
        decision: DecisionId,
    },
    /// Console: a held decision was dropped (undo, quit, hang-up, crash).
    Dropped {
        /// Which.
        decision: DecisionId,
        /// Why.
        why: Text,
    },
    /// Console: about to be sent; on disk before it is.
    Intent {
        /// All of it.
        decision: Box<Decision>,
    },
    /// Console: what came of it; closes the intent.
    Outcome {
        /// Which decision.
        decision: DecisionId,
        /// What came of it.
        result: Outcome,
        /// Where it was about, as the request said when it was read again; absent = it was not read.
        #[serde(default)]
        place: Option<Place>,
    },
    /// Broker: a decision was taken in, as its exact bytes.
    Decided {
        /// The bytes as they came.
        decision: String,
        /// Not self could not be proven: the requester is only claimed.
        self_unproven: bool,
        /// What came of it.
        result: Outcome,
    },
    /// Broker: an attempt was refused.
    Refused {
        /// What was tried.
        verb: Text,
        /// Why it was refused.
        why: Text,
    },
    /// A grant was made.
    Granted {
        /// All of it.
        grant: Box<Grant>,
    },
    /// The guard keeps a grant: on disk before anything passes under it.
    Guarded {
        /// All of it.
        kept: Box<Kept>,
    },
    /// The guard lets a request pass under a grant: on disk with the intent of its decision. Where that comes to
    /// nothing, its outcome takes the pass back.
    Passed {
        /// Which grant.
        grant: GrantId,
        /// By which decision.
        decision: DecisionId,
    },
    /// The guard ends a run at the end of a grant: once before it asks, once with what came of it.
    RunCancel {
        /// Which grant is over.
        grant: GrantId,
        /// An ordinary cancel did not help.
        force: bool,
        /// What came of it; absent = about to be asked.
        result: Option<Text>,
    },
    /// Something started under a grant.
    Started {
        /// Which grant.
        grant: GrantId,
        /// When it must be over.
        ends_at: Ms,
    },
    /// It ended.
    Ended {
        /// Which grant.
        grant: GrantId,
        /// How.
        end: End,
    },
    /// A vote for more time was counted, or gave it.
    Extended {
        /// Which grant.
        grant: GrantId,
        /// Run-for in all, once enough votes are there.
        run_for: Span,
        /// Votes still missing.
        missing: u32,
    },
    /// A grant was taken back.
    Revoked {
        /// Which grant.
        grant: GrantId,
        /// Why.
        reason: Text,
    },
    /// Nobody decided in time.
    TimedOut,
    /// Who asked took it back.
    Cancelled,
    /// Policy said no.
    Denied {
        /// In words.
        why: Text,
    },
    /// A break-glass was looked at afterwards.
    Reviewed {
        /// What the reviewer says.
        comment: Text,
    },
    /// Console: a finding was accepted for a while.
    Accepted {
        /// Which, where, why, and until when.
        acceptance: Box<Acceptance>,
    },
    /// Somebody was told by the hook command.
    Notified {
        /// On what occasion.
        occasion: Text,
        /// Who was named.
        people: Vec<Text>,
        /// What came of it.
        result: Text,
    },
    /// A token was made or revoked.
    Token {
        /// `added` or `revoked`.
        change: Text,
        /// Its name.
        name: Text,
    },
    /// The policy in force is another one.
    Policy {
        /// Its digest.
        digest: Digest,
    },
    /// The wall clock jumped.
    ClockStep {
        /// By how many milliseconds.
        by_ms: i64,
    },
    /// Another log's head was seen here: an anchor.
    HeadSeen {
        /// Whose.
        log: Text,
        /// Its last record.
        seq: u64,
        /// Hash of that record's line.
        head: Digest,
    },
    /// A torn last line was cut off.
    Repaired {
        /// Bytes that were cut.
        bytes: u64,
    },
    /// Records were exported.
    Exported {
        /// How many.
        records: u64,
    },
    /// Evidence was shown to an approver and is kept by hash.
    Shown {
        /// The evidence digest.
        evidence: Digest,
    },
}

/// Repository and environment: by these a request's history is found, long after its backend lists it no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The repository id.
    pub repository: Text,
    /// The environment.
    pub environment: Text,
}

impl Place {
    /// Where this request would run.
    pub fn of(core: &Core) -> Self {
        Self { repository: core.repository.value.clone(), environment: core.environment.value.clone() }
    }
}

/// One line of the log. `prev` is the SHA-256 of the previous line without its newline; zero for the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// Hash of the line before.
    pub prev: Digest,
    /// When, by the writer's wall clock.
    pub at: Ms,
    /// Who acted; absent = the program itself.
    pub by: Option<Principal>,
    /// About which request.
    pub request: Option<RequestKey>,
    /// What happened.
    pub event: Event,
}

/// What a writer wants on record; the log adds number and chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Ms,
    /// Who acted.
    pub by: Option<Principal>,
    /// About which request.
    pub request: Option<RequestKey>,
    /// What happened.
    pub event: Event,
}

/// The end of a log: what the next line chains to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// Number of the last record; 0 = empty log.
    pub seq: u64,
    /// Hash of its line.
    pub hash: Digest,
}

impl Head {
    /// Of an empty log.
    pub fn empty() -> Self {
        Self { seq: 0, hash: zero() }
    }

    /// The line that follows, without its newline, and the head after it.
    ///
    /// # Errors
    /// Only where the entry cannot be JSON.
    pub fn chain(self, entry: Entry) -> serde_json::Result<(String, Head)> {
        let Entry { at, by, request, event } = entry;
        let record = Record { seq: self.seq + 1, prev: self.hash, at, by, request, event };
        let line = json::to_line(&record)?;
        let head = Head { seq: record.seq, hash: Digest::of(line.as_bytes()) };
        Ok((line, head))
    }
}

fn zero() -> Digest {
    // 64 zeros always parse; the fallback is never reached and would break the chain loudly.
    "0".repeat(64).parse().unwrap_or_else(|_| Digest::of(b""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_chain_by_hash() {
        let entry = || Entry { at: Ms(5), by: None, request: None, event: Event::TimedOut };
        let (first, head) = Head::empty().chain(entry()).unwrap();
        let (second, _) = head.chain(entry()).unwrap();
        assert_eq!(
            first,
            format!(
                r#"{{"seq":1,"prev":"{}","at":5,"by":null,"request":null,"event":{{"kind":"timed-out"}}}}"#,
                "0".repeat(64)
            )
        );
        let record: Record = serde_json::from_str(&second).unwrap();
        assert_eq!(record.prev, Digest::of(first.as_bytes()));
    }
}
