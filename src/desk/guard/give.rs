//! From an approval that reaches further than its request to a grant that the guard keeps.

use std::sync::Arc;

use crate::backends::port::{Backend, Fault};
use crate::desk::polls::within;
use crate::desk::{Inner, look_ups};
use crate::domain::action::Action;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::finding;
use crate::domain::grant::{Enforcer, Grant};
use crate::domain::guard::Kept;
use crate::domain::ids::GrantId;
use crate::domain::outcome::Outcome;
use crate::domain::principal::Principal;
use crate::domain::record::Event;
use crate::domain::request::{Ballot, Request, State};
use crate::domain::scope::Scope;
use crate::grants::{self, Given};

/// What a grant is made of, read before the approval is sent: afterwards the backend may no longer tell it.
#[derive(Clone, Debug)]
pub(in crate::desk) struct Ground {
    request: Request,
    pub(in crate::desk) actions: Vec<Action>,
}

/// The actions that the grant would be bound to; absent where the guard would keep nothing. They are read before the
/// request is: what the evidence shows stands among its findings only then.
///
/// # Errors
/// Where the evidence cannot be read: such an approval is not sent.
pub(in crate::desk) async fn actions(backend: &dyn Backend, decision: &Decision) -> Result<Option<Vec<Action>>, Fault> {
    let kept = backend.capabilities().enforcer == Enforcer::Guard;
    if !kept || decision.ballot != Ballot::Approve || decision.scope == Scope::Once {
        return Ok(None);
    }
    Ok(Some(within(backend.evidence(&decision.request)).await?.actions))
}

/// The ground of these actions and the request as it was compared.
pub(in crate::desk) fn ground(actions: Option<Vec<Action>>, request: &Request) -> Option<Box<Ground>> {
    actions.map(|actions| Box::new(Ground { request: request.clone(), actions }))
}

/// The record that makes the guard keep it; absent where nothing is left to be kept.
pub(in crate::desk) fn give(desk: &Inner, decision: &Decision, ground: &Ground, outcome: &Outcome) -> Option<Event> {
    let approved = matches!(outcome, Outcome::Final { state: State::Approved });
    let you = desk.principal_at(&decision.request.backend)?;
    let grant = approved.then(|| grant(decision, ground, you))?;
    let now = desk.now();
    if grant.scope == Scope::Once || now.wall >= grant.start_by {
        return None;
    }
    let start_by_boot = now.boot + grant.start_by.since(now.wall);
    // What was found of its actions was on the screen too: it stops no later gate by itself.
    let looked_up = look_ups::found(desk, &decision.evidence_digest).map(|found| found.findings).unwrap_or_default();
    let mut findings = ground.request.findings.clone();
    findings.extend(finding::added(&findings, &looked_up));
    let kept = Kept {
        grant,
        findings,
        on_expiry: desk.guard.limits.on_expiry,
        boot: desk.guard.boot.as_str().into(),
        start_by_boot,
    };
    Some(Event::Guarded { kept: Box::new(kept) })
}

fn grant(decision: &Decision, ground: &Ground, you: Principal) -> Grant {
    grants::make(&Given {
        id: &id_for(decision),
        core: &ground.request.core,
        actions: &ground.actions,
        verdict: &ground.request.verdict,
        enforcer: Enforcer::Guard,
        votes: &[(you, decision.clone())],
        now: decision.made_at,
    })
}

/// A decision gives one grant at most, however often its outcome is found out.
fn id_for(decision: &Decision) -> GrantId {
    let digest = Digest::tagged("jit-tui/guard-grant/v1", decision.id.as_str().as_bytes());
    GrantId::from_bits(digest.as_bytes().first_chunk().copied().unwrap_or_default())
}

/// The ground of a decision that an earlier process sent, where the request is still the one that was approved.
pub(in crate::desk) async fn ground_again(backend: &Arc<dyn Backend>, decision: &Decision) -> Option<Box<Ground>> {
    let actions = actions(&**backend, decision).await.ok()?;
    let request = within(backend.read(&decision.request)).await.ok()?;
    let same = request.digest() == decision.request_digest && request.evidence.digest == decision.evidence_digest;
    ground(actions.filter(|_| same), &request)
}
