//! The comparison before a decision is sent, and what a backend's no amounts to.

use super::polls::within;
use super::road::Tried;
use crate::backends::port::{Backend, Fault, Trouble};
use crate::domain::decision::Decision;
use crate::domain::grant::Enforcer;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Can, Request, State};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// Reads the request again and holds it against what was shown.
///
/// # Errors
/// Why nothing is sent.
pub(super) async fn compare(backend: &dyn Backend, decision: &Decision) -> Result<Request, Tried> {
    let now = within(backend.read(&decision.request)).await.map_err(|fault| match fault.trouble {
        Trouble::NotFound => Tried::done(gone()),
        Trouble::Limited => Tried::Limited(fault),
        _ => Tried::done(refused(&safe!("nothing was sent: {}", with_mend(&fault)))),
    })?;
    if now.digest() != decision.request_digest {
        return Err(Tried::done(Outcome::Changed { what: "the request is no longer what was shown".into() }));
    }
    if now.evidence.digest != decision.evidence_digest {
        return Err(Tried::done(Outcome::Changed { what: "its evidence is no longer what was shown".into() }));
    }
    if !now.is_pending() {
        return Err(Tried::done(already(&now)));
    }
    match limits(decision, &now) {
        Some(why) => Err(Tried::done(refused(&safe!("nothing was sent: {}", why)))),
        None => Ok(now),
    }
}

/// Our broker keeps its policy itself; what this console's own policy says about others is kept here.
fn limits(decision: &Decision, now: &Request) -> Option<SafeText> {
    if now.enforcer == Enforcer::Broker {
        return None;
    }
    let approves = decision.ballot == Ballot::Approve;
    let blocks = now.findings.iter().find(|found| approves && found.blocks);
    match &now.can {
        Can::No { why } => Some(why.prose()),
        _ if blocks.is_some() => blocks.map(|f| safe!("blocked by a finding: {}", f.id.meaning().what)),
        _ if approves && !now.verdict.scopes.contains(&decision.scope) => {
            Some(safe!("scope {} is not to be had", decision.scope.word()))
        }
        _ => None,
    }
}

/// A refusal by somebody who was quicker is told as that.
pub(super) async fn no(backend: &dyn Backend, decision: &Decision, fault: &Fault) -> Outcome {
    if fault.trouble == Trouble::Refused
        && let Ok(now) = within(backend.read(&decision.request)).await
        && !now.is_pending()
    {
        return already(&now);
    }
    faulted(fault)
}

fn faulted(fault: &Fault) -> Outcome {
    match fault.trouble {
        Trouble::Unreachable => refused(&safe!("nothing was sent: {}", with_mend(fault))),
        Trouble::Changed => Outcome::Changed { what: (&fault.message).into() },
        _ => refused(&with_mend(fault)),
    }
}

fn with_mend(fault: &Fault) -> SafeText {
    match fault.mend.as_str() {
        "" => fault.message.clone(),
        _ => safe!("{}; {}", fault.message, fault.mend),
    }
}

fn already(now: &Request) -> Outcome {
    let by = now.votes.last().map_or_else(|| Text::from("nobody"), |vote| (&vote.by.shown()).into());
    Outcome::AlreadyDecided { by, state: now.state.clone() }
}

pub(super) fn gone() -> Outcome {
    Outcome::AlreadyDecided { by: "nobody".into(), state: State::Gone }
}

pub(super) fn refused(why: &SafeText) -> Outcome {
    Outcome::Refused { why: why.into() }
}

pub(super) fn unwritable(why: &str) -> SafeText {
    safe!("nothing was sent, the audit log cannot be written: {}", Text::from(why).prose())
}
