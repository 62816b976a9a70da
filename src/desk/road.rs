//! The one road of a decision: intent on disk, read again, compared, sent once, settled, outcome on disk.

use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::news::{News, Step};
use super::polls::within;
use crate::backends::port::{Backend, Fault, Trouble};
use crate::decide;
use crate::domain::decision::Decision;
use crate::domain::ids::DecisionId;
use crate::domain::json;
use crate::domain::outcome::Outcome;
use crate::domain::record::{Entry, Event};
use crate::domain::request::{Request, State};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// Between two re-reads of a decision that nobody knows the outcome of.
const SETTLE_EVERY: Duration = Duration::from_secs(1);
const SETTLE_AT_MOST: Duration = Duration::from_secs(30);

/// Goes the whole road and tells every step of it; the last one is the answer as well.
pub(super) async fn travel(desk: &Arc<Inner>, decision: Decision) -> Outcome {
    let outcome = go(desk, &decision).await;
    tell(desk, &decision, Step::Done(outcome.clone())).await;
    outcome
}

/// Tells where a decision stands.
pub(super) async fn tell(desk: &Arc<Inner>, decision: &Decision, step: Step) {
    let (id, key, ballot) = (decision.id.clone(), decision.request.clone(), decision.ballot);
    desk.tell(News::Decision { id, key, ballot, step }).await;
}

async fn go(desk: &Arc<Inner>, decision: &Decision) -> Outcome {
    let Some(backend) = desk.backend(&decision.request.backend) else {
        return refused(&safe!("no backend {} in the config: nothing was sent", decision.request.backend));
    };
    let claim = match desk.claim(&decision.id) {
        Ok(claim) => claim,
        Err(e) => return refused(&unwritable(&e.to_string())),
    };
    if let Err(why) = desk.record(intent(desk, decision)).await {
        return refused(&unwritable(&why));
    }
    tell(desk, decision, Step::Sending).await;
    let outcome = match compare(&*backend, decision).await {
        Err(outcome) => outcome,
        Ok(()) => send(desk, &backend, decision).await,
    };
    close(desk, decision, &outcome).await;
    claim.release();
    outcome
}

/// Writes the outcome that closes the intent. An outcome that cannot be written stays open and is settled at the next start.
pub(super) async fn close(desk: &Arc<Inner>, decision: &Decision, outcome: &Outcome) {
    let event = Event::Outcome { decision: decision.id.clone(), result: outcome.clone() };
    let entry = Entry { at: desk.now().wall, by: None, request: Some(decision.request.clone()), event };
    if let Err(why) = desk.record(entry).await {
        desk.audit_broken(&why).await;
    }
}

/// Re-reads until the outcome is certain; a backend that is away is waited for.
pub(super) async fn settle(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, decision: &Decision) -> Outcome {
    let sent_at = desk.now().boot;
    let mut wait = SETTLE_EVERY;
    loop {
        tokio::time::sleep(wait).await;
        let read = within(backend.read(&decision.request)).await;
        let since = desk.now().boot.since(sent_at);
        let settled = match &read {
            Ok(now) => decide::settle(decision, now, since),
            Err(fault) if fault.trouble == Trouble::NotFound => Some(gone()),
            Err(_) => None,
        };
        if let Some(outcome) = settled {
            return outcome;
        }
        wait = wait.saturating_mul(2).min(SETTLE_AT_MOST);
    }
}

fn intent(desk: &Inner, decision: &Decision) -> Entry {
    Entry {
        at: desk.now().wall,
        by: desk.principal_at(&decision.request.backend),
        request: Some(decision.request.clone()),
        event: Event::Intent { decision: Box::new(decision.clone()) },
    }
}

async fn compare(backend: &dyn Backend, decision: &Decision) -> Result<(), Outcome> {
    let now = within(backend.read(&decision.request)).await.map_err(|fault| match fault.trouble {
        Trouble::NotFound => gone(),
        _ => refused(&safe!("nothing was sent: {}", fault.message)),
    })?;
    if now.digest() != decision.request_digest {
        return Err(Outcome::Changed { what: "the request is no longer what was shown".into() });
    }
    if now.evidence.digest != decision.evidence_digest {
        return Err(Outcome::Changed { what: "its evidence is no longer what was shown".into() });
    }
    if now.is_pending() { Ok(()) } else { Err(already(&now)) }
}

async fn send(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, decision: &Decision) -> Outcome {
    let bytes = match json::to_line(decision) {
        Ok(bytes) => bytes,
        Err(_) => return refused(&SafeText::lit("the decision cannot be written as JSON: nothing was sent")),
    };
    match within(backend.decide(decision, &bytes)).await {
        Ok(Outcome::Unknown { .. }) => {}
        Ok(outcome) => return outcome,
        Err(fault) if fault.trouble == Trouble::NoAnswer || fault.trouble == Trouble::Protocol => {}
        Err(fault) => return no(&**backend, decision, &fault).await,
    }
    tell(desk, decision, Step::Settling).await;
    settle(desk, backend, decision).await
}

/// A refusal by somebody who was quicker is told as that.
async fn no(backend: &dyn Backend, decision: &Decision, fault: &Fault) -> Outcome {
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
        Trouble::Unreachable => refused(&safe!("nothing was sent: {}", fault.message)),
        Trouble::Changed => Outcome::Changed { what: fault.message.as_str().into() },
        _ => refused(&fault.message),
    }
}

fn already(now: &Request) -> Outcome {
    let by = now.votes.last().map_or_else(|| Text::from("nobody"), |vote| vote.by.shown().as_str().into());
    Outcome::AlreadyDecided { by, state: now.state.clone() }
}

fn gone() -> Outcome {
    Outcome::AlreadyDecided { by: "nobody".into(), state: State::Gone }
}

fn refused(why: &SafeText) -> Outcome {
    Outcome::Refused { why: why.as_str().into() }
}

fn unwritable(why: &str) -> SafeText {
    safe!("nothing was sent, the audit log cannot be written: {}", Text::from(why).prose())
}

/// What a decision id is called on disk while somebody carries it.
pub(super) fn claim_name(id: &DecisionId) -> String {
    format!("{id}.lock")
}
