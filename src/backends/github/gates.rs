//! What a run waits at, whichever of GitHub's two APIs told it, and who has answered. Pure.

use super::wire::{Approval, Pending, Reviewer};
use crate::domain::evidence::{Base, BaseKind};
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};

/// One gate of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gate {
    pub(super) id: u64,
    pub(super) node: Option<String>,
    pub(super) name: Text,
    pub(super) can_approve: bool,
    /// The timer and when it began.
    pub(super) timer: Option<(Span, Option<Ms>)>,
    /// `alice`, `acme/platform`.
    pub(super) reviewers: Vec<Text>,
    /// Whoever started the run may not answer; absent = not told.
    pub(super) no_self: Option<bool>,
    /// What was deployed there last.
    pub(super) live: Option<Live>,
    /// Whether a branch policy stands before the environment; absent = not told.
    pub(super) branch_policy: Option<bool>,
}

/// The last deployment of an environment that came to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Live {
    pub(super) sha: String,
    pub(super) success: bool,
    pub(super) at: Option<Ms>,
}

impl Gate {
    /// When the timer ends.
    pub(super) fn timer_ends(&self) -> Option<Ms> {
        let (span, began) = self.timer?;
        Some(began? + span)
    }
}

/// An answer that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Review {
    pub(super) approved: bool,
    pub(super) comment: Text,
    pub(super) by: Option<Text>,
    pub(super) environments: Vec<(u64, Text)>,
}

impl Review {
    pub(super) fn covers(&self, environment: u64) -> bool {
        self.environments.iter().any(|(id, _)| *id == environment)
    }
}

/// How many answers an environment of the run has had: the wave that waits now.
pub(super) fn wave(reviews: &[Review], environment: u64) -> u32 {
    reviews.iter().filter(|r| r.covers(environment)).count().try_into().unwrap_or(u32::MAX)
}

impl From<Pending> for Gate {
    fn from(pending: Pending) -> Self {
        let timer = (pending.wait_timer > 0).then(|| (Span::mins(pending.wait_timer), pending.wait_timer_started_at.0));
        Gate {
            id: pending.environment.id,
            node: pending.environment.node_id,
            name: pending.environment.name,
            can_approve: pending.current_user_can_approve,
            timer,
            reviewers: pending.reviewers.iter().filter_map(name).collect(),
            no_self: None,
            live: None,
            branch_policy: None,
        }
    }
}

fn name(reviewer: &Reviewer) -> Option<Text> {
    let who = &reviewer.reviewer;
    who.login.clone().or_else(|| who.slug.clone()).or_else(|| who.name.clone())
}

/// An answer that says neither yes nor no is none: GitHub lists the open question too.
pub(super) fn review(approval: Approval) -> Option<Review> {
    let approved = match approval.state.as_str()?.to_ascii_lowercase().as_str() {
        "approved" => true,
        "rejected" => false,
        _ => return None,
    };
    Some(Review {
        approved,
        comment: approval.comment,
        by: approval.user.map(|u| u.login),
        environments: approval.environments.into_iter().map(|e| (e.id, e.name)).collect(),
    })
}

impl Live {
    /// As the base of a comparison.
    pub(super) fn base(&self) -> Option<Base> {
        Some(Base { sha: self.sha.parse().ok()?, kind: BaseKind::LastDeployed, deployed_at: self.at })
    }
}
