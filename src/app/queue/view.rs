//! The views of the queue: which requests belong to which.

use std::collections::BTreeSet;

use super::entry::Entry;
use crate::domain::grant::{End, Standing};
use crate::domain::ids::RequestKey;
use crate::domain::request::{Request, State};
use crate::domain::time::Ms;

/// A part of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// Everything that waits for a decision.
    #[default]
    Waiting,
    /// What you may decide.
    Yours,
    /// What waits for other people.
    Others,
    /// What is approved and runs or may start.
    Running,
    /// What nobody knows the state of.
    Unknown,
    /// Break-glasses without a review.
    Review,
    /// What is over.
    Ended,
}

impl View {
    /// All of them, in the order of their keys `0` to `6`.
    pub const ALL: [View; 7] =
        [View::Waiting, View::Yours, View::Others, View::Running, View::Unknown, View::Review, View::Ended];

    /// Its name on the screen.
    pub fn title(self) -> &'static str {
        match self {
            View::Waiting => "waiting",
            View::Yours => "yours",
            View::Others => "others",
            View::Running => "running",
            View::Unknown => "UNKNOWN",
            View::Review => "to review",
            View::Ended => "ended",
        }
    }

    /// The view `by` steps on, around the ends.
    #[must_use]
    pub fn step(self, by: isize) -> View {
        let at = (self as isize + by).rem_euclid(Self::ALL.len() as isize);
        Self::ALL.get(at as usize).copied().unwrap_or_default()
    }

    /// Whether the request belongs here; `unknown` are the requests that a decision of ours went lost for.
    pub fn holds(self, entry: &Entry, unknown: &BTreeSet<RequestKey>, now: Ms) -> bool {
        let (pending, request) = (entry.pending, &entry.request);
        match self {
            View::Waiting => pending || matches!(request.state, State::Unknown(_)),
            View::Yours => entry.can_decide,
            View::Others => pending && !entry.can_decide,
            View::Running => is_live(request, now),
            View::Unknown => is_unknown(request) || (!unknown.is_empty() && unknown.contains(request.key())),
            View::Review => request.unreviewed,
            View::Ended => !pending && !is_live(request, now) && !is_unknown(request),
        }
    }
}

fn is_live(request: &Request, now: Ms) -> bool {
    request.grant.as_ref().is_some_and(|g| matches!(g.standing(now), Standing::Open | Standing::Running))
}

fn is_unknown(request: &Request) -> bool {
    let lost = |request: &Request| {
        let passes = request.grant.iter().flat_map(|g| &g.passes);
        passes.last().is_some_and(|p| matches!(p.end, Some((_, End::Lost))))
    };
    matches!(request.state, State::Unknown(_)) || lost(request)
}
