//! What the broker holds: requests and grants with everything that the answer to a client leaves out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::api::Permit;
use crate::domain::action::Action;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Base;
use crate::domain::finding::Finding;
use crate::domain::grant::{Bound, Grant};
use crate::domain::ids::{CommitSha, GrantId, NativeId};
use crate::domain::outcome::Outcome;
use crate::domain::principal::{Identity, Principal};
use crate::domain::record::Head;
use crate::domain::request::{Core, EvidenceSummary, Look, Sealed, State, Vote};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::Verdict;
use crate::findings::Baseline;
use crate::sys::clock::Deadline;

/// A request as the broker holds it.
#[derive(Clone, Debug)]
pub struct Held {
    /// What never changes.
    pub fixed: Arc<Fixed>,
    /// What does.
    pub live: Live,
}

/// The part of a request that stands from its first moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fixed {
    /// What the decision binds.
    pub core: Sealed<Core>,
    /// Which credential asked; only it may start, end and cancel.
    pub owner: Text,
    /// Idempotency key of the create.
    pub key: String,
    /// Hash of the body that came with it.
    pub body: Digest,
    /// When it was asked.
    pub created_at: Ms,
    /// Folds repeats.
    pub sameness: Digest,
    /// The evidence in short.
    pub summary: EvidenceSummary,
    /// Its actions: what findings and scopes compare.
    pub actions: Vec<Action>,
    /// Who wrote base..head, as the commits claim.
    pub authors: Vec<Identity>,
    /// Findings that the submitted evidence gives by itself, whatever was deployed before.
    pub scan: Vec<Finding>,
    /// Evidence kept by hash.
    pub blobs: Vec<Digest>,
    /// Who was told at the asking.
    pub notified: Vec<Text>,
}

/// The part of a request that changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Live {
    /// Number of its newest change.
    pub seq: u64,
    /// Where it stands.
    pub state: State,
    /// Until when it may wait.
    pub due: Deadline,
    /// When half of that is over; absent once told.
    pub half: Option<Deadline>,
    /// When it was decided.
    pub decided_at: Option<Ms>,
    /// What policy demands.
    pub verdict: Verdict,
    /// What is wrong or odd.
    pub findings: Vec<Finding>,
    /// Votes with their terms.
    pub ballots: Vec<Ballot>,
    /// Who looks.
    pub looks: Vec<Look>,
    /// What an approval produced.
    pub grant: Option<GrantId>,
    /// That it started, and under which call.
    pub start: Option<Start>,
    /// Break-glass was used and nobody has reviewed it yet.
    pub unreviewed: bool,
}

/// A vote, the terms that it gave and what it was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ballot {
    /// The vote.
    pub vote: Vote,
    /// The decision, as its exact bytes.
    pub decision: Sealed<Decision>,
    /// What it was answered.
    pub outcome: Outcome,
}

/// The start of a request's pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// Idempotency key.
    pub key: String,
    /// Hash of the body that came with it.
    pub body: Digest,
    /// What was answered.
    pub permit: Permit,
}

/// A grant as the broker holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldGrant {
    /// What clients see.
    pub grant: Grant,
    /// No pass starts after this, by either clock.
    pub start_by: Deadline,
    /// The clocks of its passes, in their order.
    pub clocks: Vec<PassClock>,
    /// Votes for more time that do not suffice yet.
    pub more: Vec<More>,
}

/// The two moments of a pass.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PassClock {
    /// When it must be over.
    pub ends: Deadline,
    /// When nobody can say any more what became of it.
    pub lost: Deadline,
}

/// A vote for more time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct More {
    /// The vote.
    pub vote: Vote,
    /// Run-for in all.
    pub run_for: Span,
}

/// The last revision that ended with success in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSuccess {
    /// The commit.
    pub sha: CommitSha,
    /// When it ended.
    pub at: Ms,
}

/// Another log's head and when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHead {
    /// The head.
    pub head: Head,
    /// When.
    pub at: Ms,
}

/// `rejected by dan: not tonight`; nothing behind the name of somebody who gave no reason.
pub(super) fn said(what: SafeText, by: &Principal, why: &Text) -> SafeText {
    let why = why.prose();
    match why.as_str() {
        "" => crate::safe!("{} by {}", what, by.shown()),
        _ => crate::safe!("{} by {}: {}", what, by.shown(), why),
    }
}

impl Held {
    /// The broker's own id.
    pub fn id(&self) -> &NativeId {
        &self.fixed.core.key.id
    }

    /// The core.
    pub fn core(&self) -> &Sealed<Core> {
        &self.fixed.core
    }

    /// What scopes compare, under this policy.
    pub fn bound(&self, policy: Digest) -> Bound {
        Bound::of(self.core(), &self.fixed.actions, policy)
    }

    /// The votes alone.
    pub fn votes(&self) -> Vec<Vote> {
        self.live.ballots.iter().map(|b| b.vote.clone()).collect()
    }

    /// Whether it still waits.
    pub fn is_pending(&self) -> bool {
        self.live.state == State::Pending
    }

    /// Whether this person has a vote here.
    pub fn has_vote_of(&self, principal: &Principal) -> bool {
        self.live.ballots.iter().any(|b| b.vote.by.same_person(principal))
    }

    /// Who decided it and why, in one line; empty while nobody has.
    pub fn decision_in_words(&self) -> SafeText {
        match self.live.ballots.last() {
            Some(b) if !self.is_pending() => said(self.live.state.word(), &b.vote.by, &b.vote.comment),
            _ if self.live.state == State::Denied => self.live.verdict.words.prose(),
            _ => SafeText::default(),
        }
    }

    /// Both names under which deployments are compared.
    pub fn place(&self) -> (Text, Text) {
        (self.core().repository.value.clone(), self.core().environment.value.clone())
    }

    /// This request as a deployment to compare later ones with.
    pub fn as_deployed(&self, at: Ms) -> Baseline {
        let findings = self.live.findings.iter().map(|f| (f.id, f.subject.clone(), f.detail.clone())).collect();
        let actions =
            self.fixed.actions.iter().filter_map(|a| Some((a.name.clone(), a.sha.clone()?))).collect::<Vec<_>>();
        Baseline { findings, actions, at }
    }
}

impl HeldGrant {
    /// Whether a pass may still start under it, by either clock.
    pub fn is_open(&self, now: crate::sys::clock::Now) -> bool {
        self.grant.revoked.is_none() && self.grant.uses_left() && !self.start_by.is_past(now)
    }

    /// Whether something runs or may still start.
    pub fn is_alive(&self, now: crate::sys::clock::Now) -> bool {
        self.grant.running().is_some() || self.is_open(now)
    }

    /// The running pass of a request, with its clocks.
    pub fn running_pass(&self, id: &NativeId) -> Option<(usize, PassClock)> {
        let at = self.grant.passes.iter().position(|p| p.request.id == *id && p.end.is_none())?;
        self.clocks.get(at).map(|c| (at, *c))
    }
}

impl LastSuccess {
    /// As it is offered to gates.
    pub fn as_base(&self) -> Base {
        Base {
            sha: self.sha.clone(),
            kind: crate::domain::evidence::BaseKind::LastDeployed,
            deployed_at: Some(self.at),
        }
    }
}
