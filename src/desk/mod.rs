//! L5. The one road to every backend: polls, effects, settling. It names no type of the console; the console,
//! the headless commands and later the guard drive it alike.

mod acts;
mod claims;
mod errands;
mod journal;
pub mod news;
mod polls;
mod road;
pub mod source;
mod start;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use crate::audit;
use crate::backends::port::{Backend, Fault, Session};
use crate::domain::decision::Decision;
use crate::domain::grant::Grant;
use crate::domain::ids::{BackendName, DecisionId, GrantId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::Principal;
use crate::domain::record::Entry;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::sys::clock::{self, Now};
use crate::sys::random;
use claims::{Claim, Claims};
use journal::Journal;
use news::{AuditState, News};

/// News that wait for a busy console; a full queue makes the desk wait, it drops nothing.
const NEWS_AHEAD: usize = 1024;

/// What a desk needs.
pub struct Setup {
    /// The approval systems, by the names of the config.
    pub backends: Vec<Arc<dyn Backend>>,
    /// The state folder: audit log, evidence, claims.
    pub state: PathBuf,
    /// Between two polls of a backend that does not push.
    pub poll_every: Span,
    /// How long and how much shown evidence is kept.
    pub evidence: Keep,
}

/// Limits of what is kept of shown evidence.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// How long.
    pub time: Duration,
    /// How many bytes; the oldest goes first.
    pub bytes: u64,
}

/// The desk. Cheap to clone; its tasks end when the receiver of its news is dropped.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    backends: Vec<(Arc<dyn Backend>, Arc<Notify>)>,
    sessions: Mutex<HashMap<BackendName, Session>>,
    journal: Journal,
    state: PathBuf,
    claims: Claims,
    held: Mutex<HashMap<DecisionId, Claim>>,
    news: mpsc::Sender<News>,
    under_way: Arc<watch::Sender<usize>>,
    poll_every: Span,
    evidence: Keep,
}

/// Counts an errand until it is dropped.
struct UnderWay(Arc<watch::Sender<usize>>);

impl UnderWay {
    fn one_more(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|n| *n += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n = n.saturating_sub(1));
    }
}

impl Desk {
    /// Opens log and claims. Nothing is polled before `watch`. A log that cannot be written lets everybody look,
    /// and nobody decide.
    ///
    /// # Errors
    /// Where the state folder cannot be used, with the way to mend it.
    pub fn open(setup: Setup) -> io::Result<(Self, mpsc::Receiver<News>)> {
        let (news, receiver) = mpsc::channel(NEWS_AHEAD);
        crate::sys::files::private_dir(&setup.state)?;
        let inner = Inner {
            backends: setup.backends.into_iter().map(|b| (b, Arc::new(Notify::new()))).collect(),
            sessions: Mutex::default(),
            journal: Journal::open(&setup.state),
            claims: Claims::open(&setup.state)?,
            state: setup.state,
            held: Mutex::default(),
            news,
            under_way: Arc::new(watch::Sender::new(0)),
            poll_every: setup.poll_every,
            evidence: setup.evidence,
        };
        Ok((Self(Arc::new(inner)), receiver))
    }

    /// Starts polling every backend and settles what an earlier process left open. Needs a tokio runtime.
    pub fn watch(&self) {
        for (backend, wake) in &self.0.backends {
            tokio::spawn(polls::watch(Arc::clone(&self.0), Arc::clone(backend), Arc::clone(wake)));
        }
        tokio::spawn(start::settle_open(Arc::clone(&self.0)));
    }

    /// The backends, for commands that talk to one of them directly.
    pub fn backends(&self) -> impl Iterator<Item = &Arc<dyn Backend>> {
        self.0.backends.iter().map(|(backend, _)| backend)
    }

    /// A backend by its name.
    pub fn backend(&self, name: &BackendName) -> Option<Arc<dyn Backend>> {
        self.0.backend(name)
    }

    /// Does an errand; every answer comes as news.
    pub fn run(&self, errand: news::Errand) {
        let (desk, under_way) = (Arc::clone(&self.0), UnderWay::one_more(&self.0.under_way));
        tokio::spawn(async move {
            errands::run(desk, errand).await;
            drop(under_way);
        });
    }

    /// Returns when no errand is under way any more: what was dropped at the end is on record then.
    pub async fn settled(&self) {
        // The sender lives as long as this desk.
        drop(self.0.under_way.subscribe().wait_for(|count| *count == 0).await);
    }

    /// The whole road for one decision, for commands: the same as `Errand::Decide`, waited for.
    pub async fn decide(&self, decision: Decision) -> Outcome {
        self.0.know_session(&decision.request.backend).await;
        let name = decision.request.backend.clone();
        let outcome = road::travel(&self.0, decision).await;
        errands::anchor(&self.0, &name).await;
        outcome
    }

    /// Takes a grant back; what runs under it is ended.
    ///
    /// # Errors
    /// What the backend says, or that the audit log cannot be written.
    pub async fn revoke(&self, backend: &Arc<dyn Backend>, grant: &GrantId, reason: &Text) -> Result<Grant, Fault> {
        self.0.know_session(backend.name()).await;
        acts::revoke(&self.0, backend, grant, reason).await
    }

    /// Votes for more time; the number of votes still missing comes back.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn extend(
        &self,
        backend: &Arc<dyn Backend>,
        grant: &GrantId,
        run_for: Span,
        reason: &Text,
    ) -> Result<(Grant, u32), Fault> {
        acts::extend(&self.0, backend, grant, run_for, reason).await
    }

    /// Looks at a break-glass afterwards.
    ///
    /// # Errors
    /// What the backend says, or that the audit log cannot be written.
    pub async fn review(&self, backend: &Arc<dyn Backend>, key: &RequestKey, comment: &Text) -> Result<(), Fault> {
        self.0.know_session(backend.name()).await;
        acts::review(&self.0, backend, key, comment).await
    }

    /// A new decision id.
    ///
    /// # Errors
    /// Where the kernel gives no random bits.
    pub fn new_decision_id(&self) -> io::Result<DecisionId> {
        Ok(DecisionId::new(self.0.now().wall, random::bytes()?))
    }
}

impl Inner {
    fn now(&self) -> Now {
        clock::now()
    }

    fn backend(&self, name: &BackendName) -> Option<Arc<dyn Backend>> {
        self.backends.iter().find(|(b, _)| b.name() == name).map(|(b, _)| Arc::clone(b))
    }

    async fn tell(&self, news: News) {
        // Nobody listens any more only when the program ends.
        drop(self.news.send(news).await);
    }

    fn remember(&self, name: &BackendName, session: &Session) {
        if let Ok(mut sessions) = self.sessions.lock() {
            sessions.insert(name.clone(), session.clone());
        }
    }

    fn principal_at(&self, name: &BackendName) -> Option<Principal> {
        self.sessions.lock().ok()?.get(name).map(|s| s.you.clone())
    }

    async fn know_session(&self, name: &BackendName) {
        if self.principal_at(name).is_some() {
            return;
        }
        let Some(backend) = self.backend(name) else { return };
        if let Ok(session) = polls::within(backend.session()).await {
            self.remember(name, &session);
        }
    }

    /// Puts an entry on disk before it returns.
    async fn record(&self, entry: Entry) -> Result<(), String> {
        self.journal.append(vec![entry], audit::Sync::Yes).await.map(drop)
    }

    async fn audit_broken(&self, why: &str) {
        let why = crate::domain::text::Text::from(why).prose();
        self.tell(News::AuditState(AuditState::Broken { why })).await;
    }

    fn claim(&self, id: &DecisionId) -> io::Result<Claim> {
        let held = self.held.lock().ok().and_then(|mut held| held.remove(id));
        held.map_or_else(|| self.claims.take(id), Ok)
    }
}
