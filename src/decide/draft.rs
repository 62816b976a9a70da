//! A decision in the making: it holds the request's key and digests, never a row number.

use super::demands::requirements;
use crate::domain::decision::{Decision, Seen};
use crate::domain::digest::Digest;
use crate::domain::ids::{DecisionId, RequestKey};
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::START_BY_DEFAULT;

/// What somebody is about to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// About which request.
    pub key: RequestKey,
    /// The request as it was shown.
    pub request_digest: Digest,
    /// The evidence as it was shown.
    pub evidence_digest: Digest,
    /// Yes, no, or break-glass.
    pub ballot: Ballot,
    /// How far.
    pub scope: Scope,
    /// From the decision until no pass may start.
    pub start_by: Span,
    /// From each start until the end.
    pub run_for: Span,
    /// Why.
    pub comment: Text,
    /// The typed word.
    pub word: Option<Text>,
    /// What was on the screen.
    pub seen: Seen,
}

impl Draft {
    /// Begins with the narrowest scope and the times that were asked for, within the caps.
    pub fn new(request: &Request, ballot: Ballot) -> Self {
        let demands = requirements(request, ballot);
        Self {
            key: request.key().clone(),
            request_digest: request.digest(),
            evidence_digest: request.evidence.digest,
            ballot,
            scope: Scope::Once,
            start_by: START_BY_DEFAULT.min(demands.start_by),
            run_for: request.core.ask.run_for.min(demands.run_for),
            comment: Text::default(),
            word: None,
            seen: Seen::default(),
        }
    }

    /// Takes over a request that changed while the dialog was open: what was typed to confirm the old one is
    /// cleared, the comment stays, and everything counts as not seen yet.
    pub fn rearm(&mut self, request: &Request) {
        let comment = std::mem::take(&mut self.comment);
        *self = Self { comment, ..Self::new(request, self.ballot) };
    }
}

/// The decision itself; from here on nothing about it changes.
pub fn build(draft: Draft, id: DecisionId, now: Ms) -> Decision {
    Decision {
        id,
        request: draft.key,
        request_digest: draft.request_digest,
        evidence_digest: draft.evidence_digest,
        ballot: draft.ballot,
        scope: draft.scope,
        start_by: draft.start_by,
        run_for: draft.run_for,
        comment: draft.comment,
        word: draft.word,
        seen: draft.seen,
        made_at: now,
        challenge: None,
        signature: None,
    }
}
