//! L1. Grants: whether one covers a request, and how one is made out of votes. The one function `covers` serves
//! broker and guard.

mod make;

#[cfg(test)]
mod tests;

pub use make::{Given, make};

use crate::domain::grant::{Bound, Grant};
use crate::domain::request::Run;
use crate::domain::scope::Scope;
use crate::domain::text::SafeText;
use crate::domain::time::Ms;
use crate::safe;

/// Why a grant does not cover a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCovered {
    /// It was taken back.
    Revoked,
    /// No pass may start any more.
    StartByPast,
    /// It was used as often as it may be.
    UsedUp,
    /// This field is another one than at the approval.
    Differs(&'static str),
    /// What the scope compares is not there.
    Lacks(Scope, &'static str),
}

impl NotCovered {
    /// In words, after "not covered: ".
    pub fn words(&self) -> SafeText {
        match self {
            NotCovered::Revoked => SafeText::lit("the grant was revoked"),
            NotCovered::StartByPast => SafeText::lit("its start-by is past"),
            NotCovered::UsedUp => SafeText::lit("it was used as often as it may be"),
            NotCovered::Differs(field) => safe!("another {} than was approved", field),
            NotCovered::Lacks(scope, what) => safe!("scope {} needs {}", scope.word(), what),
        }
    }
}

/// Whether a pass for this request may start under this grant now.
///
/// # Errors
/// The first reason why not.
pub fn covers(grant: &Grant, bound: &Bound, now: Ms) -> Result<(), NotCovered> {
    let ended = [
        (grant.revoked.is_some(), NotCovered::Revoked),
        (now >= grant.start_by, NotCovered::StartByPast),
        (!grant.uses_left(), NotCovered::UsedUp),
    ];
    match ended.into_iter().find(|(over, _)| *over) {
        Some((_, why)) => Err(why),
        None => scope_reaches(grant.scope, &grant.bound, bound),
    }
}

/// Whether a grant is about this request at all, its time, uses and revocation aside.
pub fn reaches(grant: &Grant, bound: &Bound) -> bool {
    scope_reaches(grant.scope, &grant.bound, bound).is_ok()
}

fn scope_reaches(scope: Scope, approved: &Bound, asked: &Bound) -> Result<(), NotCovered> {
    same_in_every_scope(approved, asked)?;
    if scope == Scope::Once {
        return same("request", approved.request == asked.request);
    }
    let lacks = |what| NotCovered::Lacks(scope, what);
    known(approved.command.is_some() || approved.workflow.is_some(), lacks("a command or a workflow file"))?;
    known(!approved.requester.is_empty(), lacks("a requester"))?;
    match scope {
        Scope::Once => Ok(()),
        Scope::Run => same_run(approved, asked),
        Scope::Revision => same_revision(approved, asked),
        Scope::Action => same_actions(approved, asked),
    }
}

fn same_in_every_scope(a: &Bound, b: &Bound) -> Result<(), NotCovered> {
    same("backend", a.backend == b.backend)?;
    same("repository", a.repository == b.repository)?;
    same("environment", a.environment == b.environment)?;
    same("requester", a.requester == b.requester)?;
    same("policy", a.policy == b.policy)?;
    same("command", a.command == b.command)?;
    same("workflow file", a.workflow == b.workflow)
}

fn same_run(a: &Bound, b: &Bound) -> Result<(), NotCovered> {
    let run = |bound: &Bound| bound.run.clone().filter(Run::is_known).map(|r| (r.system, r.id, r.attempt));
    known(run(a).is_some() && run(b).is_some(), NotCovered::Lacks(Scope::Run, "a CI run"))?;
    same("run or attempt", run(a) == run(b))
}

fn same_revision(a: &Bound, b: &Bound) -> Result<(), NotCovered> {
    let lacks = |what| NotCovered::Lacks(Scope::Revision, what);
    known(a.head.is_some() && b.head.is_some(), lacks("a commit"))?;
    known(a.clean && b.clean, lacks("a clean tree"))?;
    same("head", a.head == b.head)
}

fn same_actions(a: &Bound, b: &Bound) -> Result<(), NotCovered> {
    let lacks = |what| NotCovered::Lacks(Scope::Action, what);
    known(a.command.is_none(), lacks("a workflow, not a command of a gate"))?;
    known(a.workflow.is_some(), lacks("a workflow file"))?;
    let resolved = |bound: &Bound| bound.actions.as_ref().is_some_and(|set| !set.is_empty());
    known(resolved(a) && resolved(b), lacks("actions that are all pinned and resolved"))?;
    same("set of actions", a.actions == b.actions)
}

fn same(field: &'static str, is: bool) -> Result<(), NotCovered> {
    known(is, NotCovered::Differs(field))
}

fn known(is: bool, otherwise: NotCovered) -> Result<(), NotCovered> {
    if is { Ok(()) } else { Err(otherwise) }
}
