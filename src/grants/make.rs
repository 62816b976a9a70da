//! Out of votes, or out of a policy that allows, a grant: the narrowest scope and the shortest times hold.

use super::scope_reaches;
use crate::domain::action::Action;
use crate::domain::decision::Decision;
use crate::domain::grant::{Bound, Enforcer, Grant};
use crate::domain::ids::GrantId;
use crate::domain::principal::Principal;
use crate::domain::request::{Ballot, Core};
use crate::domain::scope::Scope;
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::{BREAK_GLASS_CAP, RUN_FOR_CAP, Verdict};

/// What a grant is made of.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Its id.
    pub id: &'a GrantId,
    /// What was approved.
    pub core: &'a Core,
    /// The actions that it names.
    pub actions: &'a [Action],
    /// What policy demanded; its caps hold once more here.
    pub verdict: &'a Verdict,
    /// Who keeps it.
    pub enforcer: Enforcer,
    /// Everyone who voted, with what they decided; empty = allowed by policy.
    pub votes: &'a [(Principal, Decision)],
    /// When it was decided.
    pub now: Ms,
}

/// Makes the grant. What a vote says beyond the verdict's scopes and caps is cut down to them.
pub fn make(given: &Given) -> Grant {
    let yes: Vec<&(Principal, Decision)> = given.votes.iter().filter(|(_, d)| d.ballot != Ballot::Reject).collect();
    let break_glass = yes.iter().any(|(_, d)| d.ballot == Ballot::BreakGlass);
    let bound = Bound::of(given.core, given.actions, given.verdict.policy);
    let asked = yes.iter().map(|(_, d)| d.scope).min().unwrap_or(given.core.ask.scope);
    let scope = if break_glass { Scope::Once } else { held(asked, &bound, given.verdict) };
    let least = |cap: Span, of: fn(&Decision) -> Span| {
        let cap = cap.min(if break_glass { BREAK_GLASS_CAP } else { RUN_FOR_CAP });
        yes.iter().map(|(_, d)| of(d)).fold(cap, Span::min)
    };
    let run_for = least(given.verdict.run_for, |d| d.run_for);
    // A break-glass is not extended: what it has is all.
    let cap = if break_glass { run_for } else { given.verdict.run_for.min(RUN_FOR_CAP) };
    Grant {
        id: given.id.clone(),
        bound,
        name: given.core.name.clone(),
        scope,
        enforcer: given.enforcer,
        by: yes.iter().map(|(by, _)| by.clone()).collect(),
        decided_at: given.now,
        start_by: given.now + least(given.verdict.start_by, |d| d.start_by),
        // Where nobody voted, the pipeline gets no more than it asked for.
        run_for: if yes.is_empty() { run_for.min(given.core.ask.run_for) } else { run_for },
        cap: Some(cap),
        max_uses: if scope == Scope::Once { Some(1) } else { given.verdict.max_uses },
        passes: Vec::new(),
        revoked: None,
        break_glass,
    }
}

/// The scope where policy names it and the request itself has what it compares; else this request only.
fn held(asked: Scope, bound: &Bound, verdict: &Verdict) -> Scope {
    let holds = verdict.scopes.contains(&asked) && scope_reaches(asked, bound, bound).is_ok();
    if holds { asked } else { Scope::Once }
}
