//! A pass: the request is read and judged, intent and pass go on record behind the very record that was judged on,
//! and the approval goes the road of every decision.

use std::sync::Arc;

use super::book::Entry;
use super::judge::{self, Gate, Stop};
use super::keep::named;
use crate::backends::port::Backend;
use crate::desk::news::{News, Wanted};
use crate::desk::polls::within;
use crate::desk::road::{self, Auto};
use crate::desk::{Inner, UnderWay, limits, look_ups, pace};
use crate::domain::decision::{Decision, Seen};
use crate::domain::evidence::Evidence;
use crate::domain::finding::Finding;
use crate::domain::grant::Grant;
use crate::domain::ids::{DecisionId, GrantId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::record::Event;
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;
use crate::sys::random;

/// How often a pass is judged anew because something else went on record meanwhile.
const TRIES: usize = 8;
/// A request that the backend does not let us approve is not tried for ever.
const PASSES_TRIED: u32 = 3;

/// Lets a request pass, if it may. What cannot be read now is tried again with the next round.
///
/// # Errors
/// Why it does not pass.
pub(super) async fn pass(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    grant: &GrantId,
    key: &RequestKey,
) -> Result<(), Stop> {
    if desk.guard.watched(backend.name()).is_none_or(|watched| watched.tries(key) > PASSES_TRIED) {
        return Err(Stop::Policy(SafeText::lit("it could not be let through three times")));
    }
    let _under_way = UnderWay::one_more(&desk.under_way);
    // In this order: what the evidence shows stands among the findings once it was read. Its actions are looked up
    // before the turn comes, since others wait for that.
    let Ok(evidence) = within(backend.evidence(key)).await else { return Ok(()) };
    let Ok(seen) = within(backend.read(key)).await else { return Ok(()) };
    let Some(found) = look_ups::looked(desk, Wanted::of(&seen, evidence.actions.clone())).await else { return Ok(()) };
    let _place = pace::place(desk, backend, key).await;
    let request = match within(backend.read(key)).await {
        Ok(request) if request.evidence.digest == seen.evidence.digest => request,
        _ => return Ok(()),
    };
    for _ in 0..TRIES {
        if !desk.guard.seat.is_ours() {
            return Ok(());
        }
        let Ok(reading) = limits::read(&desk.guard.book, backend.name()).await else { return Ok(()) };
        let Some(entry) = reading.entries.iter().find(|e| e.kept.grant.id == *grant) else { return Ok(()) };
        judged(desk, entry, &request, &evidence, &found.findings)?;
        let Some(decision) = decision(desk, &entry.kept.grant, &request) else { return Ok(()) };
        let event = Event::Passed { grant: grant.clone(), decision: decision.id.clone() };
        let (kept, boot) = (entry.kept.clone(), desk.guard.boot.clone());
        let auto =
            Auto { behind: reading.head, also: event, still: Box::new(move |now| !judge::is_over(&kept, now, &boot)) };
        if let Some(outcome) = road::travel_behind(desk, backend, &decision, &auto).await {
            told(desk, entry, &request, &outcome).await;
            return Ok(());
        }
    }
    Ok(())
}

fn judged(
    desk: &Inner,
    entry: &Entry,
    request: &Request,
    evidence: &Evidence,
    looked_up: &[Finding],
) -> Result<(), Stop> {
    let Some(policy) = &desk.guard.limits.policy else {
        return Err(Stop::Policy(SafeText::lit("this console has no policy")));
    };
    let (now, boot) = (desk.now(), desk.guard.boot.as_str());
    judge::may_pass(&entry.kept, &Gate { request, evidence, looked_up, policy, now, boot })
}

/// `AUTO by guard under grant 1f2e3d4c of alice, until 2026-11-26T14:05:00Z`.
pub(super) fn comment(grant: &Grant) -> Text {
    let by: Vec<SafeText> = grant.by.iter().map(|by| by.shown()).collect();
    let by = SafeText::join(&by, ", ");
    safe!("AUTO by guard under grant {:.8} of {}, until {}", grant.id, by, grant.start_by.iso()).into()
}

fn decision(desk: &Inner, grant: &Grant, request: &Request) -> Option<Decision> {
    auto(desk, request, Ballot::Approve, comment(grant))
}

/// A decision of the guard's own: it has seen nothing, and reaches one request.
pub(super) fn auto(desk: &Inner, request: &Request, ballot: Ballot, comment: Text) -> Option<Decision> {
    let now = desk.now().wall;
    Some(Decision {
        id: DecisionId::new(now, random::bytes().ok()?),
        request: request.key().clone(),
        request_digest: request.digest(),
        evidence_digest: request.evidence.digest,
        ballot,
        scope: Scope::Once,
        start_by: Span::ZERO,
        run_for: Span::ZERO,
        comment,
        word: None,
        seen: Seen::default(),
        made_at: now,
        challenge: None,
        signature: None,
    })
}

async fn told(desk: &Arc<Inner>, entry: &Entry, request: &Request, outcome: &Outcome) {
    let grant = &entry.kept.grant;
    let uses = match grant.max_uses {
        Some(max) => safe!("{} of {}", grant.passes.len() + 1, max),
        None => safe!("{}", grant.passes.len() + 1),
    };
    let words = safe!(
        "guard: {} {} (pass {} under grant {:.8}, until {})",
        named(request),
        outcome.words(),
        uses,
        grant.id,
        grant.start_by.clock()
    );
    desk.tell(News::Notice(words)).await;
    if let Some(watched) = desk.guard.watched(&request.key().backend) {
        watched.done_with(request.key());
    }
    desk.wake(&request.key().backend);
}
