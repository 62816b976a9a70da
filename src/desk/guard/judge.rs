//! Whether a later gate passes under a grant of the guard. Pure: everything is looked at anew, and whatever moved
//! makes the guard stop and a person be asked.

use crate::domain::evidence::Evidence;
use crate::domain::finding::{Finding, Severity};
use crate::domain::grant::Bound;
use crate::domain::guard::Kept;
use crate::domain::principal::Identity;
use crate::domain::request::{Can, Request, Run};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::Effect;
use crate::grants::{self, NotCovered};
use crate::policy::{Policy, Subject};
use crate::safe;
use crate::sys::clock::Now;

/// A wall clock that stands so far before the moment of the decision was set back.
const SET_BACK: Span = Span::secs(5);

/// What a pass is judged on.
#[derive(Clone, Copy)]
pub(in crate::desk) struct Gate<'a> {
    /// The request as it was read just now.
    pub(in crate::desk) request: &'a Request,
    /// Its evidence.
    pub(in crate::desk) evidence: &'a Evidence,
    /// What came of looking its actions up, weighed by the policy.
    pub(in crate::desk) looked_up: &'a [Finding],
    /// The policy of this console.
    pub(in crate::desk) policy: &'a Policy,
    /// Both clocks, and which boot they belong to.
    pub(in crate::desk) now: Now,
    /// Empty = not known.
    pub(in crate::desk) boot: &'a str,
}

/// Why the guard lets nothing pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::desk) enum Stop {
    /// It does not wait, or not for an approval by us.
    NotOurs(SafeText),
    /// Another thing than the grant is about: not worth a word.
    Elsewhere,
    /// The grant does not reach it.
    NotCovered(NotCovered),
    /// The clock stands before the moment of the decision.
    ClockSetBack,
    /// The policy of this console says no by now.
    Policy(SafeText),
    /// Something was found that was not there at the approval.
    NewFinding(Box<Finding>),
    /// More than one person must approve: the guard is no second one.
    Votes,
}

impl Stop {
    /// In words, after "the guard asks again: ".
    pub(in crate::desk) fn words(&self) -> SafeText {
        match self {
            Stop::NotOurs(why) | Stop::Policy(why) => why.clone(),
            Stop::Elsewhere => SafeText::lit("the grant is about something else"),
            Stop::NotCovered(why) => why.words(),
            Stop::ClockSetBack => SafeText::lit("this machine's clock was set back to before the decision"),
            Stop::NewFinding(finding) => {
                safe!("new since the approval: {} {}", finding.id.meaning().what, finding.subject.ident())
            }
            Stop::Votes => SafeText::lit("more than one person must approve it, and the guard is not one"),
        }
    }
}

/// Whether the grant is over, by either clock: start-by past, or the clock set back to before it was given.
pub(in crate::desk) fn is_over(kept: &Kept, now: Now, boot: &str) -> bool {
    let same_boot = !boot.is_empty() && kept.boot == *boot;
    now.wall >= kept.grant.start_by || (same_boot && now.boot >= kept.start_by_boot)
}

fn set_back(kept: &Kept, wall: Ms) -> bool {
    wall + SET_BACK < kept.grant.decided_at
}

/// Whether a request is worth the calls that judging it takes: it waits, and what a list says of it fits.
///
/// # Errors
/// Why not.
pub(in crate::desk) fn may_fit(kept: &Kept, request: &Request, now: Now, boot: &str) -> Result<(), Stop> {
    let bound = Bound::of(&request.core, &[], kept.grant.bound.policy);
    if !near(&kept.grant.bound, &bound, kept.grant.scope) {
        return Err(Stop::Elsewhere);
    }
    waits(request)?;
    in_time(kept, now, boot)?;
    match grants::covers(&kept.grant, &Bound { actions: kept.grant.bound.actions.clone(), ..bound }, now.wall) {
        Ok(()) => Ok(()),
        Err(why) => Err(Stop::NotCovered(why)),
    }
}

/// Whether it is what somebody would take for the same: then it is said why it does not pass.
fn near(approved: &Bound, asked: &Bound, scope: Scope) -> bool {
    let run = |bound: &Bound| bound.run.clone().filter(Run::is_known).map(|run| (run.system, run.id));
    let place = |bound: &Bound| (bound.backend.clone(), bound.repository.clone(), bound.environment.clone());
    let same = match scope {
        Scope::Once => false,
        Scope::Run => run(approved).is_some() && run(approved) == run(asked),
        Scope::Revision => approved.head == asked.head,
        Scope::Action => approved.workflow.as_ref().map(|w| &w.path) == asked.workflow.as_ref().map(|w| &w.path),
    };
    same && place(approved) == place(asked)
}

/// Whether the request passes under the grant now.
///
/// # Errors
/// The first reason why not.
pub(in crate::desk) fn may_pass(kept: &Kept, gate: &Gate<'_>) -> Result<(), Stop> {
    waits(gate.request)?;
    in_time(kept, gate.now, gate.boot)?;
    let bound = Bound::of(&gate.request.core, &gate.evidence.actions, gate.policy.digest());
    grants::covers(&kept.grant, &bound, gate.now.wall).map_err(Stop::NotCovered)?;
    nothing_blocks(gate)?;
    nothing_new(kept, gate)?;
    one_is_enough(gate.request)?;
    policy_still_agrees(kept, gate)
}

fn waits(request: &Request) -> Result<(), Stop> {
    if !request.is_pending() {
        return Err(Stop::NotOurs(request.state.word()));
    }
    match &request.can {
        Can::No { why } => Err(Stop::NotOurs(why.prose())),
        Can::Yes { .. } | Can::Unknown => Ok(()),
    }
}

fn in_time(kept: &Kept, now: Now, boot: &str) -> Result<(), Stop> {
    if is_over(kept, now, boot) {
        return Err(Stop::NotCovered(NotCovered::StartByPast));
    }
    if set_back(kept, now.wall) { Err(Stop::ClockSetBack) } else { Ok(()) }
}

/// What blocks at the console blocks here, whether it came with the request or of a look-up, known before or not.
fn nothing_blocks(gate: &Gate<'_>) -> Result<(), Stop> {
    let mut all = gate.request.findings.iter().chain(gate.looked_up);
    let blocked = |found: &Finding| {
        Stop::Policy(safe!("blocked by a finding: {} ({})", found.id.meaning().what, found.subject.ident()))
    };
    all.find(|found| found.blocks).map_or(Ok(()), |found| Err(blocked(found)))
}

/// Whatever is new in the request; of its actions only what a person would stop at: high, or not known.
fn nothing_new(kept: &Kept, gate: &Gate<'_>) -> Result<(), Stop> {
    let known = |found: &Finding| kept.findings.iter().any(|before| is_no_worse(found, before));
    let stops = |found: &&Finding| matches!(found.severity, Severity::High | Severity::Unknown);
    let new = gate.request.findings.iter().filter(|found| found.new);
    match new.chain(gate.looked_up.iter().filter(stops)).find(|found| !known(found)) {
        Some(found) => Err(Stop::NewFinding(Box::new(found.clone()))),
        None => Ok(()),
    }
}

/// The same finding, as bad as it was or less; what was known and is unknown now is worse.
fn is_no_worse(found: &Finding, before: &Finding) -> bool {
    let same = found.id == before.id && found.subject == before.subject && found.detail == before.detail;
    let less = found.severity != Severity::Unknown && found.severity < before.severity;
    same && (less || found.severity == before.severity)
}

fn one_is_enough(request: &Request) -> Result<(), Stop> {
    let people = request.needs.iter().map(|need| need.need).max().unwrap_or(1);
    if people > 1 || request.verdict.people() > 1 { Err(Stop::Votes) } else { Ok(()) }
}

/// The rules are asked anew, with the authors that the evidence names: they may name the one who approved.
fn policy_still_agrees(kept: &Kept, gate: &Gate<'_>) -> Result<(), Stop> {
    let (request, authors): (_, Vec<Identity>) = (gate.request, gate.evidence.authors());
    let subject =
        Subject { core: &request.core, findings: &request.findings, authors: &authors, enforcer: kept.grant.enforcer };
    let verdict = gate.policy.judge(&subject);
    if request.inputs_hidden {
        return Err(Stop::Policy(SafeText::lit("the backend does not show what its run was started with")));
    }
    match verdict.effect {
        Effect::Deny => return Err(Stop::Policy(verdict.words.prose())),
        Effect::Allow => return Ok(()),
        Effect::Approve => {}
    }
    if !verdict.scopes.contains(&kept.grant.scope) {
        return Err(Stop::Policy(safe!("scope {} is no longer to be had for it", kept.grant.scope.word())));
    }
    let refused = |by| gate.policy.may_vote(&verdict, &request.core, &authors, by, false).err();
    let nobody = || Text::from("nobody is named who gave the grant");
    let why = if kept.grant.by.is_empty() { Some(nobody()) } else { kept.grant.by.iter().find_map(refused) };
    if let Some(why) = why {
        return Err(Stop::Policy(why.prose()));
    }
    let alone = |by| gate.policy.completes(&verdict, &[], Some(by));
    if kept.grant.by.iter().all(alone) { Ok(()) } else { Err(Stop::Votes) }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
