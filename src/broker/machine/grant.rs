//! Grants: made, taken back, given more time.

use crate::api::{Code, Problem};
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::grant::{Enforcer, Revocation};
use crate::domain::ids::{DecisionId, GrantId};
use crate::domain::principal::Principal;
use crate::domain::record::Event;
use crate::domain::request::{Ballot, Vote};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::RUN_FOR_CAP;
use crate::grants::{self, Given};
use crate::safe;
use crate::sys::clock::Deadline;

use super::super::identity::Caller;
use super::super::problem::problem;
use super::draft::Draft;
use super::held::{Held, HeldGrant, More, PassClock};
use super::{Answer, clock, judge};

/// After grace, for the gate's last word to arrive.
const SLACK: Span = Span::secs(10);

/// A grant for this request out of its votes; of none where policy allows it.
pub(super) fn make(draft: &Draft<'_>, held: &Held, votes: &[(Principal, Decision)]) -> HeldGrant {
    let grant = grants::make(&Given {
        id: &id_for(held),
        core: held.core(),
        actions: &held.fixed.actions,
        verdict: &held.live.verdict,
        enforcer: Enforcer::Broker,
        votes,
        now: draft.now.wall,
    });
    let start_by = Deadline::after(draft.now, grant.start_by.since(draft.now.wall));
    HeldGrant { grant, start_by, clocks: Vec::new(), more: Vec::new() }
}

/// A request has one grant of its own at most: its id follows from the random bits of the request.
fn id_for(held: &Held) -> GrantId {
    let core = held.core().text();
    let digest = Digest::tagged("jit-tui/grant/v1", core.as_bytes());
    GrantId::from_bits(digest.as_bytes().first_chunk().copied().unwrap_or_default())
}

/// The two moments of a pass that starts now.
pub(super) fn pass_clock(started: crate::sys::clock::Now, run_for: Span, grace: Span) -> PassClock {
    let lost = Span::secs(run_for.as_secs().saturating_add(grace.as_secs()).saturating_add(SLACK.as_secs()));
    PassClock { ends: Deadline::after(started, run_for), lost: Deadline::after(started, lost) }
}

fn alive<'a>(draft: &Draft<'a>, id: &GrantId) -> Result<&'a HeldGrant, Problem> {
    let grant = draft.grant(id)?.as_ref();
    if grant.grant.revoked.is_some() {
        return Err(problem(Code::Conflict, "this grant was taken back already", "nothing is left to do"));
    }
    if !grant.is_alive(draft.now) {
        return Err(problem(
            Code::Over,
            "this grant is over: nothing runs or may start under it",
            "have it asked again",
        ));
    }
    Ok(grant)
}

pub(super) fn revoke(draft: &mut Draft<'_>, caller: &Caller, id: &GrantId, reason: &Text) -> Result<Answer, Problem> {
    let mut grant = alive(draft, id)?.clone();
    let revocation = Revocation { by: caller.principal.clone(), at: draft.now.wall, reason: reason.clone() };
    grant.grant.revoked = Some(revocation);
    grant.more.clear();
    let key = grant.grant.bound.request.clone();
    draft.put_grant(grant, None);
    draft.record(Some(&caller.principal), Some(&key), Event::Revoked { grant: id.clone(), reason: reason.clone() });
    Ok(Answer::Done)
}

pub(super) fn extend(
    draft: &mut Draft<'_>,
    caller: &Caller,
    id: &GrantId,
    run_for: Span,
    reason: &Text,
) -> Result<Answer, Problem> {
    let mut grant = alive(draft, id)?.clone();
    clock::may_grant(draft)?;
    let held = draft.request(&grant.grant.bound.request.id)?;
    let (_, verdict) = judge::again(draft.state, held);
    let judged = Held { live: super::Live { verdict: verdict.clone(), ..held.live.clone() }, ..Held::clone(held) };
    may_extend(draft, &grant, &judged, caller, run_for, reason)?;
    grant.more.retain(|m| !m.vote.by.same_person(&caller.principal));
    grant.more.push(more(draft, caller, run_for, reason, grant.grant.scope));
    let votes: Vec<Vote> = grant.more.iter().map(|m| m.vote.clone()).collect();
    let missing = if judge::completes(&draft.setup().policy, &verdict, &votes, None) {
        let given = grant.more.iter().map(|m| m.run_for).min().unwrap_or(run_for);
        lengthen(&mut grant, given);
        0
    } else {
        judge::missing(&draft.setup().policy, &verdict, &votes).max(1)
    };
    let event = Event::Extended { grant: id.clone(), run_for: grant.grant.run_for, missing };
    draft.record(Some(&caller.principal), Some(&held.core().key), event);
    draft.put_grant(grant, None);
    Ok(Answer::Extension(id.clone(), missing))
}

fn may_extend(
    draft: &Draft<'_>,
    grant: &HeldGrant,
    judged: &Held,
    caller: &Caller,
    run_for: Span,
    reason: &Text,
) -> Result<(), Problem> {
    let verdict = &judged.live.verdict;
    if grant.grant.break_glass {
        return Err(problem(Code::Forbidden, "a break-glass is not extended", "have it asked again"));
    }
    if verdict.effect == crate::domain::verdict::Effect::Deny {
        return Err(problem(Code::Forbidden, "policy denies it by now", "let it end"));
    }
    judge::may_vote(&draft.setup().policy, judged, caller)
        .map_err(|why| problem(Code::Forbidden, why.prose(), "another person may extend it"))?;
    if verdict.reason && reason.lossy().trim().is_empty() {
        return Err(problem(Code::Forbidden, "a reason must be given", "say why"));
    }
    let cap = verdict.run_for.min(RUN_FOR_CAP);
    if run_for <= grant.grant.run_for || run_for > cap {
        let what = safe!("run-for must be more than {} and at most {} in all", grant.grant.run_for, cap);
        return Err(problem(Code::Forbidden, what, "give the whole time, not what is added"));
    }
    Ok(())
}

fn more(draft: &Draft<'_>, caller: &Caller, run_for: Span, reason: &Text, scope: Scope) -> More {
    let vote = Vote {
        decision: DecisionId::new(draft.now.wall, [0; 10]),
        by: caller.principal.clone(),
        ballot: Ballot::Approve,
        comment: reason.clone(),
        scope,
        at: draft.now.wall,
        self_unproven: false,
    };
    More { vote, run_for }
}

/// Gives the time to what runs and to what will still start.
fn lengthen(grant: &mut HeldGrant, run_for: Span) {
    let added = Span::secs(run_for.as_secs().saturating_sub(grant.grant.run_for.as_secs()));
    let passes = grant.grant.passes.iter_mut().zip(grant.clocks.iter_mut());
    for (pass, clock) in passes.filter(|(p, _)| p.end.is_none()) {
        *clock = PassClock { ends: clock.ends.later(added), lost: clock.lost.later(added) };
        pass.ends_at = clock.ends.wall();
    }
    grant.grant.run_for = run_for;
    grant.more.clear();
}
