//! Approve or reject, bound to what was shown. The exact bytes are what is sent, stored and later signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::{DecisionId, RequestKey};
use super::request::Ballot;
use super::scope::Scope;
use super::text::Text;
use super::time::{Ms, Span};

/// What of the evidence was on the screen of whoever decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// Files that were on screen in full.
    pub files: u32,
    /// Files of the diff.
    pub of: u32,
    /// Must-see files that were not on screen in full, and a file that its source cut.
    pub must_see_unseen: Vec<Text>,
    /// Files of which only a part was on screen.
    #[serde(default)]
    pub partly: u32,
    /// Hunks that were not on screen in full.
    #[serde(default)]
    pub hunks_unseen: u32,
    /// The count of unseen files that was typed to acknowledge them.
    pub acknowledged: Option<u32>,
    /// The digest of the findings that look-ups had added by then; absent = nobody had looked anything up.
    #[serde(default)]
    pub looked_up: Option<Digest>,
}

/// A decision by one person on one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Idempotency key, made before the first send.
    pub id: DecisionId,
    /// What it is about.
    pub request: RequestKey,
    /// What was on the screen, load-bearing part.
    pub request_digest: Digest,
    /// What was on the screen, evidence.
    pub evidence_digest: Digest,
    /// Yes, no, or break-glass.
    pub ballot: Ballot,
    /// How far.
    pub scope: Scope,
    /// From the decision until no pass may start any more.
    pub start_by: Span,
    /// From each start until the action is ended.
    pub run_for: Span,
    /// Why.
    pub comment: Text,
    /// The typed word, where policy demands one.
    pub word: Option<Text>,
    /// What was seen.
    pub seen: Seen,
    /// When it was made, by the approver's clock.
    pub made_at: Ms,
    /// The broker's challenge, once approvers sign.
    pub challenge: Option<String>,
    /// An SSH signature over the bytes with this field absent, once approvers sign.
    pub signature: Option<String>,
}
