//! What clients see of what is held: requests for approvers, signs of life for gates.

use crate::api::Beat;
use crate::domain::grant::Enforcer;
use crate::domain::request::{Can, NeedState, Request, State as Standing};
use crate::domain::text::{SafeText, Text};
use crate::grants::NotCovered;
use crate::policy::Policy;
use crate::safe;
use crate::sys::clock::Now;

use super::super::identity::Caller;
use super::super::problem::text;
use super::held::{Held, HeldGrant, said};
use super::{judge, state::State};

/// A request as this caller sees it.
pub fn request(
    policy: &Policy,
    held: &Held,
    grant: Option<&HeldGrant>,
    caller: &Caller,
    now: Now,
    gate_waits: bool,
) -> Request {
    let live = &held.live;
    let votes = held.votes();
    Request {
        core: held.core().clone(),
        seq: live.seq,
        state: live.state.clone(),
        created_at: held.fixed.created_at,
        due: Some(live.due.wall()),
        decided_at: live.decided_at,
        verdict: live.verdict.clone(),
        needs: judge::tally(policy, &live.verdict, &votes),
        can: can(policy, held, &votes, caller),
        votes,
        looks: live.looks.iter().filter(|l| l.until > now.wall).cloned().collect(),
        findings: live.findings.clone(),
        evidence: held.fixed.summary.clone(),
        enforcer: Enforcer::Broker,
        grant: grant.map(|g| g.grant.clone()),
        unreviewed: live.unreviewed,
        gate_waits: Some(gate_waits),
        inputs_hidden: false,
        no_reject: None,
        facts: Vec::new(),
    }
}

fn can(policy: &Policy, held: &Held, votes: &[crate::domain::request::Vote], caller: &Caller) -> Can {
    let no = |why: SafeText| Can::No { why: text(why) };
    if !held.is_pending() {
        return no(safe!("it is {}", held.live.state.word()));
    }
    if !caller.approver {
        return no("you are no approver".into());
    }
    if held.has_vote_of(&caller.principal) {
        return no("you have voted".into());
    }
    match judge::may_vote(policy, held, caller) {
        Err(why) => Can::No { why },
        Ok(_) => Can::Yes { starts: judge::completes(policy, &held.live.verdict, votes, Some(&caller.principal)) },
    }
}

/// `1 of 2`, over all groups.
fn votes_in_words(needs: &[NeedState]) -> Text {
    let (have, need) = needs.iter().fold((0, 0), |(h, n), s| (h + s.have.min(s.need), n + s.need));
    text(safe!("{} of {}", have, need))
}

/// What a gate learns.
pub fn beat(state: &State, held: &Held, now: Now, watching: u32) -> Beat {
    let live = &held.live;
    let grant = state.grant_of(held);
    let needs = judge::tally(&state.setup.policy, &live.verdict, &held.votes());
    let running = grant.and_then(|g| g.running_pass(held.id()));
    Beat {
        seq: live.seq,
        state: live.state.clone(),
        votes: votes_in_words(&needs),
        looking: live.looks.iter().filter(|l| l.until > now.wall).map(|l| text(l.by.shown())).collect(),
        decision: decision(held, grant.map(AsRef::as_ref)),
        due: live.due.wall(),
        left: running.map(|(_, clock)| clock.ends.left(now)),
        revoked: grant.is_some_and(|g| g.grant.revoked.is_some()),
        watching,
    }
}

/// A revocation says more than the approval before it.
fn decision(held: &Held, grant: Option<&HeldGrant>) -> Text {
    let revoked = grant.and_then(|g| g.grant.revoked.as_ref());
    match revoked {
        Some(r) => text(said(SafeText::lit("revoked"), &r.by, &r.reason)),
        None if held.live.state == Standing::Approved && held.live.ballots.is_empty() => match grant {
            Some(g) if g.grant.by.is_empty() => held.live.verdict.words.clone(),
            Some(g) => {
                let by: Vec<SafeText> = g.grant.by.iter().map(crate::domain::principal::Principal::shown).collect();
                text(safe!("covered by a grant of {}", SafeText::join(&by, ", ")))
            }
            None => Text::default(),
        },
        None => text(held.decision_in_words()),
    }
}

/// Why a grant does not cover a pass, in one line.
pub(super) fn not_covered(why: &NotCovered) -> SafeText {
    safe!("the grant does not cover it: {}", why.words())
}
