//! A vote: what was shown is compared with what is there, the person and the vote are checked, and the last
//! vote that was needed makes a grant.

use std::sync::Arc;

use crate::api::{Code, Problem};
use crate::domain::decision::Decision;
use crate::domain::outcome::Outcome;
use crate::domain::record::Event;
use crate::domain::request::{Ballot as Say, State, Vote as Counted};
use crate::safe;

use super::super::problem::problem;
use super::draft::{Draft, Occasion};
use super::held::{Ballot, Held};
use super::{Answer, Vote, checks, clock, grant, judge};

pub(super) fn decide(draft: &mut Draft<'_>, vote: &Vote) -> Result<Answer, Problem> {
    let held = draft.request(&vote.about.id)?;
    if let Some(outcome) = repeated(draft, held, vote)? {
        return Ok(Answer::Decided(held.id().clone(), outcome));
    }
    unchanged(held, vote)?;
    still_waits(draft, held)?;
    let unproven = allowed(draft, held, vote)?;
    count(draft, held, vote, unproven)
}

/// The same decision again is answered as it was; another one under its id is refused.
fn repeated(draft: &Draft<'_>, held: &Held, vote: &Vote) -> Result<Option<Outcome>, Problem> {
    let Some(of) = draft.state.decisions.get(&vote.decision.id) else { return Ok(None) };
    let earlier = held.live.ballots.iter().find(|b| b.vote.decision == vote.decision.id);
    match earlier {
        Some(b)
            if of == held.id()
                && b.decision.text() == vote.decision.text()
                && b.vote.by.same_person(&vote.about.caller.principal) =>
        {
            Ok(Some(b.outcome.clone()))
        }
        _ => Err(problem(Code::KeyReused, "this decision id was used for another decision", "make a new decision")),
    }
}

fn unchanged(held: &Held, vote: &Vote) -> Result<(), Problem> {
    let digest = held.core().digest();
    let d = &vote.decision;
    let what = if vote.if_match != digest || d.request_digest != digest || d.request != held.core().key {
        "the request"
    } else if d.evidence_digest != held.fixed.summary.digest {
        "its evidence"
    } else {
        return Ok(());
    };
    Err(problem(Code::Changed, safe!("{} is not what was shown", what), "read it again, then decide"))
}

/// Somebody may have been first, or its time is over though no timer has said so yet.
pub(super) fn still_waits(draft: &Draft<'_>, held: &Held) -> Result<(), Problem> {
    match held.live.state {
        State::Pending if held.live.due.is_past(draft.now) => {
            Err(problem(Code::Over, "nobody decided in time", "have it asked again"))
        }
        State::Pending => Ok(()),
        State::TimedOut => Err(problem(Code::Over, "nobody decided in time", "have it asked again")),
        _ => Err(problem(Code::Conflict, safe!("already decided: {}", first(held)), "nothing is left to decide")),
    }
}

/// Who was first, and when.
fn first(held: &Held) -> crate::domain::text::SafeText {
    let at = held.live.decided_at.unwrap_or_default().iso();
    match held.live.ballots.last() {
        Some(b) => safe!("{} by {} at {}", held.live.state.word(), b.vote.by.shown(), at),
        None => safe!("{} at {}", held.live.state.word(), at),
    }
}

/// Whether this person may say this; the answer says whether "not self" could not be proven.
fn allowed(draft: &Draft<'_>, held: &Held, vote: &Vote) -> Result<bool, Problem> {
    let caller = &vote.about.caller;
    let policy = &draft.setup().policy;
    let decision = &vote.decision;
    if decision.ballot != Say::Reject {
        clock::may_grant(draft)?;
    }
    match decision.ballot {
        Say::Reject => checks::rejection(held, decision).map(|()| false),
        Say::BreakGlass => {
            policy
                .break_glass_allowed(&held.live.verdict, &caller.principal)
                .map_err(|why| problem(Code::Forbidden, why.prose(), "ask somebody who may"))?;
            checks::break_glass(held, decision).map(|()| false)
        }
        Say::Approve => {
            if held.has_vote_of(&caller.principal) {
                return Err(problem(Code::Conflict, "you have voted on this already", "another person is needed"));
            }
            let unproven = judge::may_vote(policy, held, caller)
                .map_err(|why| problem(Code::Forbidden, why.prose(), "another person may decide"))?;
            checks::approval(held, decision).map(|()| unproven)
        }
    }
}

fn count(draft: &mut Draft<'_>, held: &Arc<Held>, vote: &Vote, unproven: bool) -> Result<Answer, Problem> {
    let mut after = Held::clone(held);
    let outcome = tallied(draft, &mut after, vote, unproven);
    let by = Some(&vote.about.caller.principal);
    let key = held.core().key.clone();
    let event =
        Event::Decided { decision: vote.decision.text().to_owned(), self_unproven: unproven, result: outcome.clone() };
    draft.record(by, Some(&key), event);
    let approved = after.live.state == State::Approved;
    if approved {
        grant_it(draft, &mut after, vote);
    }
    let after = draft.put(after, None);
    if after.live.unreviewed {
        draft.notify(Occasion::BreakGlass, &after);
    }
    Ok(Answer::Decided(after.id().clone(), outcome))
}

/// Adds the vote and says what the request has become by it.
fn tallied(draft: &Draft<'_>, after: &mut Held, vote: &Vote, unproven: bool) -> Outcome {
    let policy = &draft.setup().policy;
    let d = &vote.decision;
    let counted = Counted {
        decision: d.id.clone(),
        by: vote.about.caller.principal.clone(),
        ballot: d.ballot,
        comment: d.comment.clone(),
        scope: d.scope,
        at: draft.now.wall,
        self_unproven: unproven,
    };
    let mut votes = after.votes();
    votes.push(counted.clone());
    let state = match d.ballot {
        Say::Reject => State::Rejected,
        Say::BreakGlass => State::Approved,
        Say::Approve if judge::completes(policy, &after.live.verdict, &votes, None) => State::Approved,
        Say::Approve => State::Pending,
    };
    let outcome = match &state {
        State::Pending => {
            let (have, need) = judge::counted(policy, &after.live.verdict, &votes);
            Outcome::Counted { have, need }
        }
        over => Outcome::Final { state: over.clone() },
    };
    after.live.ballots.push(Ballot { vote: counted, decision: vote.decision.clone(), outcome: outcome.clone() });
    if state != State::Pending {
        after.live.decided_at = Some(draft.now.wall);
        after.live.half = None;
    }
    after.live.findings = judge::with_votes(policy, after);
    after.live.unreviewed |= d.ballot == Say::BreakGlass;
    after.live.state = state;
    outcome
}

fn grant_it(draft: &mut Draft<'_>, after: &mut Held, vote: &Vote) {
    // Who breaks the glass stands alone for it: earlier votes were for other terms.
    let glass = vote.decision.ballot == Say::BreakGlass;
    let counted = after.live.ballots.iter().filter(|b| !glass || b.vote.ballot == Say::BreakGlass);
    let votes: Vec<_> = counted.map(|b| (b.vote.by.clone(), Decision::clone(&b.decision))).collect();
    let grant = grant::make(draft, after, &votes);
    after.live.grant = Some(grant.grant.id.clone());
    let event = Event::Granted { grant: Box::new(grant.grant.clone()) };
    draft.record(Some(&vote.about.caller.principal), Some(&after.core().key), event);
    draft.push(super::Change::Grant(Arc::new(grant)));
}
