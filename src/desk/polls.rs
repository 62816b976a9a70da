//! One task a backend: it keeps that backend's rows fresh and says so when it cannot. A slow or broken backend
//! costs its own rows freshness, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Inner;
use super::news::{BackendState, Health, News};
use crate::backends::port::{Backend, Fault, Session, Trouble};
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};

/// A backend that pushes is still read again this often: a lost hint costs no more than that.
const WITH_PUSH: Span = Span::secs(30);
/// A burst of hints becomes one poll.
const GATHER: Duration = Duration::from_millis(5);
/// No call of a poll may take longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Waits between tries grow from here to `LONGEST`.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// What one backend's task knows.
struct Watch {
    desk: Arc<Inner>,
    backend: Arc<dyn Backend>,
    wake: Arc<Notify>,
    session: Option<Session>,
    cursor: Option<u64>,
    fresh_at: Option<Ms>,
    failures: u32,
    next: Option<Span>,
    note: SafeText,
}

/// Runs until the desk is dropped.
pub(super) async fn watch(desk: Arc<Inner>, backend: Arc<dyn Backend>, wake: Arc<Notify>) {
    let mut watch = Watch {
        desk,
        backend,
        wake,
        session: None,
        cursor: None,
        fresh_at: None,
        failures: 0,
        next: None,
        note: SafeText::default(),
    };
    watch.tell(Health::Connecting).await;
    loop {
        let Err(fault) = watch.follow().await else { return };
        watch.cursor = None;
        watch.failures = watch.failures.saturating_add(1);
        let wait = watch.pause(&fault);
        watch.tell(Health::Stale { since: watch.fresh_at, fault }).await;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = watch.wake.notified() => {}
        }
        if watch.desk.news.is_closed() {
            return;
        }
    }
}

impl Watch {
    /// Reads the queue, then follows hints; ends with the fault that broke it, or when nobody listens any more.
    async fn follow(&mut self) -> Result<(), Fault> {
        let session = within(self.backend.session()).await?;
        self.desk.remember(self.backend.name(), &session);
        self.session = Some(session);
        // Hints are listened to before the first read, so that nothing falls between the two.
        let backend = Arc::clone(&self.backend);
        let mut hints = backend.hints();
        self.poll().await?;
        loop {
            let wake = Arc::clone(&self.wake);
            tokio::select! {
                hint = hints.next() => self.hinted(hint)?,
                () = wake.notified() => {}
                () = tokio::time::sleep(self.interval().as_duration()) => {}
            }
            tokio::time::sleep(GATHER).await;
            while let Some(hint) = hints.next().now_or_never() {
                self.hinted(hint)?;
            }
            if self.desk.news.is_closed() {
                return Ok(());
            }
            self.poll().await?;
        }
    }

    fn hinted(&self, hint: Option<Result<(), Fault>>) -> Result<(), Fault> {
        hint.unwrap_or_else(|| {
            Err(Fault::new(Trouble::Unreachable, "the event stream ended", "it is opened again by itself"))
        })
    }

    async fn poll(&mut self) -> Result<(), Fault> {
        let mut poll = within(self.backend.poll(self.cursor)).await?;
        if let Some(watched) = self.desk.guard.watched(self.backend.name()) {
            let ttl = self.desk.guard.limits.pending_ttl;
            poll.changed = watched.polled(poll.changed, poll.whole, ttl, self.desk.now());
        }
        self.cursor = Some(poll.cursor);
        self.next = poll.next;
        self.note = poll.note;
        if poll.whole || !poll.changed.is_empty() {
            let news =
                News::Requests { backend: self.backend.name().clone(), changed: poll.changed, whole: poll.whole };
            self.desk.tell(news).await;
        }
        if self.backend.capabilities().grants {
            let grants = within(self.backend.grants()).await?;
            self.desk.tell(News::Grants { backend: self.backend.name().clone(), grants }).await;
        }
        self.failures = 0;
        self.fresh_at = Some(self.desk.now().wall);
        self.tell(Health::Fresh { at: self.desk.now().wall }).await;
        self.desk.mend_audit().await;
        Ok(())
    }

    async fn tell(&self, health: Health) {
        let state = BackendState {
            name: self.backend.name().clone(),
            health,
            capabilities: self.backend.capabilities(),
            session: self.session.clone(),
            interval: self.interval(),
            note: self.note.clone(),
        };
        self.desk.tell(News::Backend(Box::new(state))).await;
    }

    fn interval(&self) -> Span {
        let usual = if self.backend.capabilities().pushes { WITH_PUSH } else { self.desk.poll_every };
        self.next.unwrap_or(usual)
    }

    /// Full jitter, growing; a backend that names a time is obeyed.
    fn pause(&self, fault: &Fault) -> Duration {
        if let Some(asked) = fault.retry_after {
            return asked.as_duration();
        }
        let most = FIRST_WAIT.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
        let share = crate::sys::random::bytes::<1>().map_or(1.0, |[b]| f64::from(b) / 255.0);
        most.mul_f64(share).max(FIRST_WAIT / 5)
    }
}

/// A call that does not end becomes a fault of its backend.
pub(super) async fn within<T>(call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(PATIENCE, call).await.unwrap_or_else(|_| {
        Err(Fault::new(Trouble::NoAnswer, SafeText::lit("no answer within 20 s"), SafeText::lit("is the backend up?")))
    })
}
