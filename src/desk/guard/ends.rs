//! The ends that the guard sees to: of grants, with what is configured for what still waits, and of the time that a
//! request may wait.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Entry, Reading};
use super::judge;
use super::keep::named;
use super::passes::auto;
use super::seen::{Waiting, Watched};
use crate::backends::port::{Backend, Fault, Trouble};
use crate::desk::news::News;
use crate::desk::polls::within;
use crate::desk::{Inner, road};
use crate::domain::grant::{Bound, End, Grant};
use crate::domain::guard::OnExpiry;
use crate::domain::record::{Entry as Line, Event};
use crate::domain::request::{Ballot, Can, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::grants;
use crate::safe;

/// So long an ordinary cancel has to help, looked at this often.
const CANCEL_HELPS: Duration = Duration::from_secs(60);
const CANCEL_LOOK: Duration = Duration::from_secs(5);

/// Ends the grants whose time is over, once.
pub(super) fn end_grants(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    watched: &Watched,
    reading: &Reading,
    pending: &[Waiting],
) {
    let (now, boot) = (desk.now(), desk.guard.boot.as_str());
    for entry in reading.entries.iter().filter(|e| !e.closed && judge::is_over(&e.kept, now, boot)) {
        if watched.begin_end(&entry.kept.grant.id) {
            // Waiting for a cancel to help must not keep others from passing.
            let (desk, backend) = (Arc::clone(desk), Arc::clone(backend));
            tokio::spawn(see_to(desk, backend, entry.clone(), pending.to_vec()));
        }
    }
}

async fn see_to(desk: Arc<Inner>, backend: Arc<dyn Backend>, entry: Entry, pending: Vec<Waiting>) {
    let Some(watched) = desk.guard.watched(backend.name()) else { return };
    let grant = &entry.kept.grant;
    match end(&desk, &backend, &entry, &pending).await {
        Ok(said) => close(&desk, grant, said).await,
        Err(fault) => {
            let words = safe!("guard: the end of grant {:.8} is not done yet: {}", grant.id, fault.message);
            if watched.is_new_trouble(&words) {
                desk.tell(News::Notice(words)).await;
            }
        }
    }
    watched.leave_end(&grant.id);
}

/// Does what is configured.
///
/// # Errors
/// Where it has to be tried again with the next round.
async fn end(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    entry: &Entry,
    pending: &[Waiting],
) -> Result<SafeText, Fault> {
    if entry.kept.on_expiry == OnExpiry::Nothing {
        return Ok(SafeText::lit("what still waits asks again"));
    }
    let mut left = Vec::new();
    for waiting in pending.iter().filter(|w| w.request.created_at < entry.kept.grant.start_by) {
        if is_covered(&**backend, &entry.kept.grant, &waiting.request).await? {
            left.push(&*waiting.request);
        }
    }
    match entry.kept.on_expiry {
        _ if left.is_empty() => Ok(SafeText::lit("nothing that it covers waits")),
        OnExpiry::CancelRun => cancel_runs(desk, backend, &entry.kept.grant, &left).await,
        OnExpiry::RejectPending | OnExpiry::Nothing => Ok(reject_all(desk, backend, &entry.kept.grant, &left).await),
    }
}

async fn is_covered(backend: &dyn Backend, grant: &Grant, request: &Request) -> Result<bool, Fault> {
    let actions =
        if grant.scope == Scope::Action { within(backend.evidence(request.key())).await?.actions } else { Vec::new() };
    Ok(grants::reaches(grant, &Bound::of(&request.core, &actions, grant.bound.policy)))
}

async fn reject_all(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, grant: &Grant, left: &[&Request]) -> SafeText {
    let by: Vec<SafeText> = grant.by.iter().map(|by| by.shown()).collect();
    let by = SafeText::join(&by, ", ");
    let why = safe!("AUTO by guard: grant {:.8} of {} ended {}", grant.id, by, grant.start_by.iso());
    let mut said = Vec::new();
    for request in left {
        let outcome = reject(desk, backend, request, &why).await;
        said.push(safe!("{} {}", named(request), outcome));
    }
    SafeText::join(&said, "; ")
}

async fn reject(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, request: &Request, why: &SafeText) -> SafeText {
    // Its digests may have changed since the poll, and it may no longer wait.
    let now = match within(backend.read(request.key())).await {
        Ok(now) => now,
        Err(fault) => return safe!("not rejected: {}", fault.message),
    };
    if !now.is_pending() {
        return now.state.word();
    }
    if let Some(why) = &now.no_reject {
        return safe!("not rejected: {}", why.prose());
    }
    let Some(decision) = auto(desk, &now, Ballot::Reject, why.into()) else {
        return SafeText::lit("not rejected: the kernel gives no random bits");
    };
    road::travel_alone(desk, backend, &decision).await.words()
}

/// A run is cancelled once, whatever of it waits.
async fn cancel_runs(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    grant: &Grant,
    left: &[&Request],
) -> Result<SafeText, Fault> {
    let mut runs: Vec<&Request> = Vec::new();
    for request in left {
        if !runs.iter().any(|r| r.core.run == request.core.run && r.core.run.is_some()) {
            runs.push(request);
        }
    }
    let mut said = Vec::new();
    for request in runs {
        said.push(safe!("{}: {}", named(request), cancel_run(desk, backend, grant, request).await?));
    }
    Ok(SafeText::join(&said, "; "))
}

async fn cancel_run(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    grant: &Grant,
    request: &Request,
) -> Result<SafeText, Fault> {
    let cancelled = cancel(desk, backend, grant, request, false).await;
    match cancelled {
        Err(fault) if fault.trouble != Trouble::Refused => return Err(fault),
        Ok(()) if stops_waiting(&**backend, request).await => return Ok(SafeText::lit("run cancelled")),
        _ => {}
    }
    cancel(desk, backend, grant, request, true).await?;
    Ok(SafeText::lit("run force-cancelled"))
}

async fn stops_waiting(backend: &dyn Backend, request: &Request) -> bool {
    let until = tokio::time::Instant::now() + CANCEL_HELPS;
    loop {
        match within(backend.read(request.key())).await {
            Ok(now) if now.is_pending() => {}
            Err(fault) if fault.trouble != Trouble::NotFound => {}
            _ => return true,
        }
        if tokio::time::Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(CANCEL_LOOK).await;
    }
}

/// On record before it is asked, and with what came of it.
async fn cancel(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    grant: &Grant,
    request: &Request,
    force: bool,
) -> Result<(), Fault> {
    let event = |result| Event::RunCancel { grant: grant.id.clone(), force, result };
    let line = |event| Line { at: desk.now().wall, by: None, request: Some(request.key().clone()), event };
    desk.record(line(event(None))).await.map_err(|why| {
        let what = safe!("the audit log cannot be written: {}", Text::from(why).prose());
        Fault::new(Trouble::Unreachable, what, "jit-tui audit verify")
    })?;
    let done = within(backend.cancel_run(request.key(), force)).await;
    let words = done.as_ref().map_or_else(|fault| fault.message.clone(), |()| SafeText::lit("accepted"));
    if let Err(why) = desk.record(line(event(Some(words.into())))).await {
        desk.audit_broken(&why).await;
    }
    done
}

async fn close(desk: &Arc<Inner>, grant: &Grant, said: SafeText) {
    let event = Event::Ended { grant: grant.id.clone(), end: End::Expired };
    let line = Line { at: desk.now().wall, by: None, request: Some(grant.bound.request.clone()), event };
    if let Err(why) = desk.record(line).await {
        desk.audit_broken(&why).await;
    }
    let words = safe!("guard: grant {:.8} ended {}: {}", grant.id, grant.start_by.clock(), said);
    desk.tell(News::Notice(words)).await;
}

/// Requests that waited longer than they may are rejected or left, as configured; each is told once.
pub(super) async fn mind_deadlines(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, watched: &Watched) {
    let Some(ttl) = desk.guard.limits.pending_ttl else { return };
    let now = desk.now();
    let overdue = |w: &Waiting| w.due.is_some_and(|due| due.is_past(now));
    for waiting in watched.pending().into_iter().flatten().filter(overdue) {
        let request = &waiting.request;
        let said = match (&request.can, desk.guard.limits.reject_overdue) {
            (_, false) => SafeText::lit("left to wait, as configured"),
            (Can::No { why }, true) => safe!("not rejected, {}", why.prose()),
            (_, true) if watched.tries(request.key()) > 1 => continue,
            (_, true) => {
                let why = safe!("AUTO by guard: nobody decided it within {}", ttl);
                let outcome = reject(desk, backend, request, &why).await;
                watched.done_with(request.key());
                desk.wake(backend.name());
                outcome
            }
        };
        let words = safe!("guard: {} waited longer than {}: {}", named(request), ttl, said);
        if watched.is_new(request.key(), &words) {
            desk.tell(News::Notice(words)).await;
        }
    }
}
