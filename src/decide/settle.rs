//! What came of a decision that was sent, read off the request itself.

use crate::domain::decision::Decision;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Request, State, Vote};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;

/// A request that still looks pending proves nothing before.
pub const SETTLE_AFTER: Span = Span::secs(30);

/// The outcome as far as a re-read shows it; none = ask again later. `since` is how long ago it was sent.
pub fn settle(decision: &Decision, request: &Request, since: Span) -> Option<Outcome> {
    let counted = request.votes.iter().find(|vote| vote.decision == decision.id);
    match (counted, &request.state) {
        (Some(_), State::Pending) => Some(progress(request)),
        (_, State::Gone | State::Unknown(_)) => patient(since, || Outcome::Unknown { why: words(&request.state) }),
        (Some(vote), state) if agrees(vote, state) => Some(Outcome::Final { state: state.clone() }),
        (None, State::Pending) => patient(since, || Outcome::NoEffect { why: still_pending(decision, request) }),
        // Counted or not: others, or the time, ended it another way.
        (_, state) => Some(Outcome::AlreadyDecided { by: by(request), state: state.clone() }),
    }
}

fn patient(since: Span, outcome: impl FnOnce() -> Outcome) -> Option<Outcome> {
    (since >= SETTLE_AFTER).then(outcome)
}

/// The group that lacks most tells how far it is.
fn progress(request: &Request) -> Outcome {
    let lacking = request.needs.iter().max_by_key(|n| n.need.saturating_sub(n.have));
    match lacking {
        Some(need) => Outcome::Counted { have: need.have, need: need.need },
        None => {
            let yes = request.votes.iter().filter(|v| v.ballot == Ballot::Approve).count();
            Outcome::Counted { have: yes.try_into().unwrap_or(u32::MAX), need: request.verdict.people() }
        }
    }
}

fn still_pending(decision: &Decision, request: &Request) -> Text {
    let changed = decision.request_digest != request.digest();
    let why = if changed { "the request changed" } else { "the request still waits" };
    safe!("{}, and {} after the send nothing of it is there: decide again", why, SETTLE_AFTER).into()
}

fn words(state: &State) -> Text {
    state.word().into()
}

/// Whether a vote is for the end that the request came to.
fn agrees(vote: &Vote, state: &State) -> bool {
    match state {
        State::Approved => vote.ballot != Ballot::Reject,
        State::Rejected => vote.ballot == Ballot::Reject,
        _ => false,
    }
}

/// Who decided instead: the last vote that is for the end.
fn by(request: &Request) -> Text {
    let last = request.votes.iter().rev().find(|vote| agrees(vote, &request.state));
    let nobody = match request.state {
        State::TimedOut | State::Denied => "the policy",
        State::Cancelled => "whoever asked",
        _ => "somebody whom the backend does not name",
    };
    last.map_or(SafeText::lit(nobody), |vote| vote.by.shown()).into()
}
