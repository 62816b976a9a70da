//! L5. The one road to every backend: polls, effects, settling. It names no type of the console; the console,
//! the headless commands and later the guard drive it alike.

mod acts;
mod claims;
mod compare;
mod errands;
mod guard;
mod journal;
mod limits;
pub mod look_ups;
pub mod news;
mod pace;
mod polls;
mod road;
pub mod second;
pub mod source;
mod start;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod waiting_tests;
mod waits;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard, mpsc, watch};

use crate::audit;
use crate::backends::port::{Backend, Fault, Session};
use crate::domain::acceptance::{Acceptance, Given};
use crate::domain::decision::Decision;
use crate::domain::evidence::Evidence;
use crate::domain::grant::{Enforcer, Grant};
use crate::domain::ids::{BackendName, DecisionId, GrantId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::Principal;
use crate::domain::record::Entry;
use crate::domain::request::Request;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::sys::clock::{self, Now};
use crate::sys::random;
use claims::{Claim, Claims};
use guard::Guard;
use journal::Journal;
pub use limits::Limits;
use news::{AuditState, GuardState, News, Wanted};
use pace::Pace;
use waits::Waits;

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
    /// What limits this console at backends that are not our broker.
    pub limits: Limits,
    /// Who is asked about actions.
    pub actions: look_ups::Actions,
    /// Where repositories lie, for diffs that a backend cut or did not give; absent = nothing is fetched.
    pub origin: Option<second::Origin>,
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
    backends: Vec<Line>,
    sessions: Mutex<HashMap<BackendName, Session>>,
    journal: Journal,
    state: PathBuf,
    /// The log could not be written when it was last tried.
    broken: AtomicBool,
    claims: Claims,
    held: Mutex<HashMap<DecisionId, Claim>>,
    /// Locked while a decision is being put on hold.
    holding: Mutex<HashMap<DecisionId, Arc<tokio::sync::Mutex<()>>>>,
    news: mpsc::Sender<News>,
    under_way: Arc<watch::Sender<usize>>,
    poll_every: Span,
    evidence: Keep,
    origin: Option<second::Origin>,
    waits: Waits,
    guard: Guard,
    guard_state: Mutex<Option<GuardState>>,
    look_ups: look_ups::Desk,
}

/// What the desk has of one backend.
struct Line {
    backend: Arc<dyn Backend>,
    wake: Arc<Notify>,
    pace: Pace,
    /// How many wait for an exchange of audit heads.
    anchors: AtomicU32,
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
        crate::sys::files::private_dir(&setup.state).or_else(look_only)?;
        let limits = Arc::new(setup.limits);
        let foreign = setup.backends.iter().filter(|b| b.capabilities().enforcer != Enforcer::Broker);
        let guard = Guard::new(&setup.state, Arc::clone(&limits), foreign.map(|b| b.name().clone()));
        let line = |backend| Line::new(limits::under(backend, &limits, &guard.book));
        let inner = Inner {
            backends: setup.backends.into_iter().map(line).collect(),
            waits: Waits::default(),
            guard_state: Mutex::default(),
            guard,
            sessions: Mutex::default(),
            journal: Journal::open(&setup.state),
            broken: AtomicBool::new(false),
            claims: Claims::of(&setup.state),
            state: setup.state,
            held: Mutex::default(),
            holding: Mutex::default(),
            news,
            under_way: Arc::new(watch::Sender::new(0)),
            poll_every: setup.poll_every,
            evidence: setup.evidence,
            look_ups: look_ups::Desk::new(setup.actions),
            origin: setup.origin,
        };
        Ok((Self(Arc::new(inner)), receiver))
    }

    /// Starts polling every backend and settles what an earlier process left open. Needs a tokio runtime.
    pub fn watch(&self) {
        for Line { backend, wake, .. } in &self.0.backends {
            tokio::spawn(polls::watch(Arc::clone(&self.0), Arc::clone(backend), Arc::clone(wake)));
            if self.0.guard.limits.want_guard() && self.0.guard.watched(backend.name()).is_some() {
                tokio::spawn(guard::keep(Arc::clone(&self.0), Arc::clone(backend)));
            }
        }
        tokio::spawn(start::settle_open(Arc::clone(&self.0)));
        tokio::spawn(start::tell_acceptances(Arc::clone(&self.0)));
    }

    /// The backends, for commands that talk to one of them directly.
    pub fn backends(&self) -> impl Iterator<Item = &Arc<dyn Backend>> {
        self.0.backends.iter().map(|line| &line.backend)
    }

    /// A backend by its name.
    pub fn backend(&self, name: &BackendName) -> Option<Arc<dyn Backend>> {
        self.0.backend(name)
    }

    /// Does an errand; every answer comes as news.
    pub fn run(&self, errand: news::Errand) {
        // At once and in this order: behind the first call the process may be stopped.
        match errand {
            news::Errand::GiveUpGuard => return self.0.guard.seat.give_up(),
            news::Errand::Refresh => self.0.guard.seat.come_back(),
            _ => {}
        }
        let desk = Arc::clone(&self.0);
        // Nobody who leaves has to wait for look-ups: no decision needs what they put on record.
        let counts = !matches!(errand, news::Errand::LookUp(_));
        let under_way = counts.then(|| UnderWay::one_more(&self.0.under_way));
        let holding = match &errand {
            news::Errand::Hold { id, .. } => self.0.begin_hold(id),
            _ => None,
        };
        tokio::spawn(async move {
            errands::run(desk, errand).await;
            drop(holding);
            drop(under_way);
        });
    }

    /// Leaves the guard's seat for good: no pass begins any more.
    pub fn leave_guard(&self) {
        self.0.guard.seat.give_up();
    }

    /// Takes back whatever waits for its turn or for a backend, from now on: whoever could have done so leaves.
    pub fn take_all_back(&self, why: &SafeText) {
        self.0.waits.close(why);
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
        let outcome = road::travel(&self.0, decision, look_ups::Unread::Asked).await;
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

    /// Looks the actions of a request's evidence up, as the console does, and waits for what comes of it. `None` where
    /// nobody could look.
    pub async fn look_up(&self, request: &Request, evidence: &Evidence) -> Option<look_ups::Found> {
        look_ups::looked(&self.0, Wanted::of(request, evidence.actions.clone())).await
    }

    /// Accepts a finding for a while.
    ///
    /// # Errors
    /// Where the audit log cannot be written.
    pub async fn accept(&self, request: &Request, acceptance: Acceptance) -> Result<(), Fault> {
        self.0.know_session(&request.key().backend).await;
        acts::accept(&self.0, request, acceptance).await
    }

    /// The acceptances that hold now, each with who gave it.
    ///
    /// # Errors
    /// Where the audit log cannot be read.
    pub async fn acceptances(&self) -> Result<Vec<Given>, SafeText> {
        acts::acceptances(&self.0).await
    }

    /// A new decision id.
    ///
    /// # Errors
    /// Where the kernel gives no random bits.
    pub fn new_decision_id(&self) -> io::Result<DecisionId> {
        Ok(DecisionId::new(self.0.now().wall, random::bytes()?))
    }
}

impl Line {
    fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, wake: Arc::default(), pace: Pace::default(), anchors: AtomicU32::new(0) }
    }
}

/// Where a folder cannot be made for want of room, everything can still be looked at; the journal says what is wrong.
fn look_only(error: io::Error) -> io::Result<()> {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    if matches!(error.kind(), ReadOnlyFilesystem | StorageFull | QuotaExceeded) { Ok(()) } else { Err(error) }
}

impl Inner {
    fn now(&self) -> Now {
        clock::now()
    }

    fn line(&self, name: &BackendName) -> Option<&Line> {
        self.backends.iter().find(|line| line.backend.name() == name)
    }

    fn backend(&self, name: &BackendName) -> Option<Arc<dyn Backend>> {
        self.line(name).map(|line| Arc::clone(&line.backend))
    }

    fn pace(&self, name: &BackendName) -> Option<&Pace> {
        self.line(name).map(|line| &line.pace)
    }

    /// Has a backend polled now.
    fn wake(&self, name: &BackendName) {
        self.line(name).into_iter().for_each(|line| line.wake.notify_one());
    }

    /// Tells where the guard is, when that changed.
    async fn tell_guard(&self, state: GuardState) {
        let changed = self.guard_state.lock().is_ok_and(|mut told| told.replace(state.clone()) != Some(state.clone()));
        if changed {
            self.tell(News::Guard(state)).await;
        }
    }

    fn is_held(&self, id: &DecisionId) -> bool {
        self.held.lock().is_ok_and(|held| held.contains_key(id))
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
        self.broken.store(true, Ordering::Relaxed);
        let why = crate::domain::text::Text::from(why).prose();
        self.tell(News::AuditState(AuditState::Broken { why })).await;
    }

    /// A log that could not be written is tried again: nobody has to leave the console for a disk that has room again.
    async fn mend_audit(&self) {
        if !self.broken.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(head) = self.journal.try_again().await {
            self.broken.store(false, Ordering::Relaxed);
            self.tell(News::AuditState(AuditState::Ok { seq: head.seq, anchored: None })).await;
        }
    }

    /// From here on whatever else is done with this decision waits until it is held, claim and record.
    fn begin_hold(&self, id: &DecisionId) -> Option<OwnedMutexGuard<()>> {
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        let guard = Arc::clone(&turn).try_lock_owned().ok();
        drop(self.holding.lock().map(|mut holding| holding.insert(id.clone(), turn)));
        guard
    }

    /// Waits for the hold of a decision, where one has begun.
    async fn after_hold(&self, id: &DecisionId) {
        let turn = self.holding.lock().ok().and_then(|mut holding| holding.remove(id));
        if let Some(turn) = turn {
            drop(turn.lock().await);
        }
    }

    fn claim(&self, id: &DecisionId) -> io::Result<Claim> {
        let held = self.held.lock().ok().and_then(|mut held| held.remove(id));
        held.map_or_else(|| self.claims.take(id), Ok)
    }
}
