//! The guard's round for one backend: sit down, end what is over, let pass what is covered, mind the deadlines.

use std::sync::Arc;
use std::time::Duration;

use super::judge::{self, Stop};
use super::seen::{Waiting, Watched};
use super::{book::Reading, ends, passes};
use crate::backends::port::Backend;
use crate::desk::news::{GuardState, News};
use crate::desk::{Inner, limits};
use crate::domain::grant::Enforcer;
use crate::domain::ids::GrantId;
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// Between two rounds where no poll came.
const ROUND: Duration = Duration::from_secs(5);

/// Runs until the desk is dropped.
pub(in crate::desk) async fn keep(desk: Arc<Inner>, backend: Arc<dyn Backend>) {
    let Some(watched) = desk.guard.watched(backend.name()) else { return };
    loop {
        tokio::select! {
            () = watched.wake.notified() => {}
            () = tokio::time::sleep(ROUND) => {}
        }
        if desk.news.is_closed() {
            return;
        }
        if sit(&desk).await {
            round(&desk, &backend, watched).await;
        }
    }
}

/// Whether this process is the guard now; what changed of it is told.
async fn sit(desk: &Inner) -> bool {
    let state = match desk.guard.seat.take() {
        Ok(true) => GuardState::Here,
        Ok(false) => GuardState::Elsewhere,
        Err(e) => GuardState::Broken { why: Text::from(e.to_string()).prose() },
    };
    let here = state == GuardState::Here;
    desk.tell_guard(state).await;
    here
}

async fn round(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, watched: &Watched) {
    let Some(pending) = watched.pending() else { return };
    match limits::read(&desk.guard.book, backend.name()).await {
        Ok(reading) if backend.capabilities().enforcer == Enforcer::Guard => {
            ends::end_grants(desk, backend, watched, &reading, &pending);
            for waiting in &pending {
                let_pass(desk, backend, &reading, waiting).await;
            }
        }
        Ok(_) => {}
        Err(fault) => desk.tell_guard(GuardState::Broken { why: fault.message }).await,
    }
    ends::mind_deadlines(desk, backend, watched).await;
}

/// Under the first grant that covers it. Where none does, and one is near, it is said once why not.
async fn let_pass(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, reading: &Reading, waiting: &Waiting) {
    let (now, boot) = (desk.now(), desk.guard.boot.as_str());
    let mut stopped: Option<(GrantId, Stop)> = None;
    for entry in reading.entries.iter().rev() {
        let id = &entry.kept.grant.id;
        let tried = match judge::may_fit(&entry.kept, &waiting.request, now, boot) {
            Ok(()) => passes::pass(desk, backend, id, waiting.request.key()).await,
            Err(Stop::Elsewhere) => continue,
            Err(stop) => Err(stop),
        };
        match tried {
            Ok(()) => return,
            Err(stop) => stopped = stopped.or(Some((id.clone(), stop))),
        }
    }
    if let Some((grant, stop)) = stopped {
        asks_again(desk, waiting, &grant, &stop).await;
    }
}

async fn asks_again(desk: &Arc<Inner>, waiting: &Waiting, grant: &GrantId, stop: &Stop) {
    let request = &waiting.request;
    let words = safe!("guard asks again for {}: {} (grant {:.8})", named(request), stop.words(), grant);
    let watched = desk.guard.watched(&request.key().backend);
    if watched.is_some_and(|watched| watched.is_new(request.key(), &words)) {
        desk.tell(News::Notice(words)).await;
    }
}

/// `acme/shop deploy-api`.
pub(super) fn named(request: &crate::domain::request::Request) -> SafeText {
    safe!("{} {}", request.core.repository.value.ident(), request.core.name.ident())
}
