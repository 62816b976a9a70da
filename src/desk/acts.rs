//! Verbs on grants and on broken glass: sent once, put on record, for console and commands alike.

use std::sync::Arc;

use super::Inner;
use super::errands::put;
use super::polls::within;
use crate::audit;
use crate::backends::port::{Backend, Fault, Trouble};
use crate::domain::acceptance::{Acceptance, Given};
use crate::domain::grant::Grant;
use crate::domain::ids::{BackendName, GrantId, RequestKey};
use crate::domain::record::{Entry, Event};
use crate::domain::request::Request;
use crate::domain::text::{SafeText, Text, said};
use crate::domain::time::Span;
use crate::safe;

/// Takes a grant back. The record comes first: what cannot be recorded is not sent.
pub(super) async fn revoke(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    grant: &GrantId,
    reason: &Text,
) -> Result<Grant, Fault> {
    record(desk, backend.name(), None, Event::Revoked { grant: grant.clone(), reason: reason.clone() }).await?;
    within(backend.revoke(grant, reason)).await
}

/// Votes for more time; the number of votes still missing comes back.
pub(super) async fn extend(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    grant: &GrantId,
    run_for: Span,
    reason: &Text,
) -> Result<(Grant, u32), Fault> {
    let given = within(backend.extend(grant, run_for, reason)).await?;
    let event = Event::Extended { grant: grant.clone(), run_for, missing: given.1 };
    put(desk, None, event, audit::Sync::Yes).await;
    Ok(given)
}

/// Looks at a break-glass afterwards.
pub(super) async fn review(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    key: &RequestKey,
    comment: &Text,
) -> Result<(), Fault> {
    record(desk, backend.name(), Some(key), Event::Reviewed { comment: comment.clone() }).await?;
    within(backend.review(key, comment)).await
}

/// Accepts a finding for a while: nothing is sent, the record is the acceptance.
pub(super) async fn accept(desk: &Arc<Inner>, request: &Request, acceptance: Acceptance) -> Result<(), Fault> {
    let event = Event::Accepted { acceptance: Box::new(acceptance) };
    record(desk, &request.key().backend, Some(request.key()), event).await
}

/// The acceptances that hold now.
pub(super) async fn acceptances(desk: &Arc<Inner>) -> Result<Vec<Given>, SafeText> {
    let (state, now) = (desk.state.clone(), desk.now().wall);
    match tokio::task::spawn_blocking(move || audit::acceptances(&state, now)).await {
        Ok(Ok(given)) => Ok(given),
        Ok(Err(e)) => Err(said(&e)),
        Err(_) => Err("the program is ending".into()),
    }
}

async fn record(
    desk: &Arc<Inner>,
    backend: &BackendName,
    request: Option<&RequestKey>,
    event: Event,
) -> Result<(), Fault> {
    let entry = Entry { at: desk.now().wall, by: desk.principal_at(backend), request: request.cloned(), event };
    desk.record(entry).await.map_err(|why| {
        let what = safe!("nothing was sent, the audit log cannot be written: {}", Text::from(why).prose());
        Fault::new(Trouble::Refused, what, "make room in the state folder, or mend it as `jit-tui audit verify` says")
    })
}
