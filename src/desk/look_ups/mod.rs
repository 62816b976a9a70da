//! Looks the actions of a request up, off everything else's path: bounded in time, calls and how many at once. What
//! fails is told of that one action, and the rest goes on. What comes of it is only ever added to what a backend says.

mod ledger;
mod memory;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::Inner;
use super::news::{Changed, News, Wanted};
use crate::audit::ledger::Book;
use crate::backends::port::{Backend, Fault};
use crate::backends::resolver::Resolver;
use crate::domain::digest::Digest;
use crate::domain::finding::Finding;
use crate::domain::grant::Enforcer;
use crate::domain::ids::RequestKey;
use crate::domain::lookup::LookUps;
use crate::findings;
use memory::Memory;
use walk::Walk;

pub(super) use ledger::{Read, Unread, decided};

/// Requests that are looked up at once; the others wait.
const AT_ONCE: usize = 2;
/// So many results are kept for the decisions that follow.
const KEPT: usize = 64;

/// Who is asked about actions, and how much may be spent on one request.
#[derive(Clone)]
pub struct Actions {
    /// git itself; absent = nobody is asked but the backends.
    pub resolver: Option<Arc<dyn Resolver>>,
    /// A ledger that others keep; it is only read.
    pub team_ledger: Option<PathBuf>,
    /// How much may be spent on one request.
    pub budget: Budget,
}

/// What may be spent on one request. What it does not reach to is not proven.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Time.
    pub time: Duration,
    /// Questions.
    pub calls: usize,
}

impl Actions {
    /// Nobody is asked.
    pub fn nobody() -> Self {
        Self { resolver: None, team_ledger: None, budget: Budget { time: Duration::from_secs(60), calls: 500 } }
    }
}

/// What was looked up so far.
pub(super) struct Desk {
    actions: Actions,
    memory: Memory,
    turns: Semaphore,
    /// Some look-up came to its end.
    ended: Notify,
    state: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    running: HashSet<Digest>,
    done: HashMap<Digest, (Arc<Wanted>, Arc<LookUps>)>,
    order: VecDeque<Digest>,
}

impl Desk {
    pub(super) fn new(actions: Actions) -> Self {
        Self {
            actions,
            memory: Memory::default(),
            turns: Semaphore::new(AT_ONCE),
            ended: Notify::new(),
            state: Mutex::default(),
        }
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        // Each change of the books is one step: a panic elsewhere left them whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, wanted: &Arc<Wanted>, look_ups: Arc<LookUps>) {
        let mut books = self.books();
        let digest = wanted.evidence;
        if books.done.insert(digest, (Arc::clone(wanted), look_ups)).is_none() {
            books.order.push_back(digest);
        }
        while books.order.len() > KEPT {
            let oldest = books.order.pop_front();
            oldest.and_then(|oldest| books.done.remove(&oldest));
        }
    }

    /// Waits while somebody looks this evidence up.
    async fn while_running(&self, evidence: &Digest) {
        loop {
            let ended = self.ended.notified();
            if !self.books().running.contains(evidence) {
                return;
            }
            ended.await;
        }
    }

    fn kept(&self, evidence: &Digest) -> Option<(Arc<Wanted>, Arc<LookUps>)> {
        self.books().done.get(evidence).cloned()
    }
}

/// Takes one piece of evidence off the running ones, however its look-up ended.
struct Running<'a>(&'a Desk, Digest);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.books().running.remove(&self.1);
        self.0.ended.notify_waiters();
    }
}

/// Looks up what is wanted and tells each level of it; what is looked up already is not begun again.
pub(super) async fn run(desk: &Arc<Inner>, wanted: Wanted) {
    let own = &desk.look_ups;
    if !own.books().running.insert(wanted.evidence) {
        return;
    }
    let _running = Running(own, wanted.evidence);
    let Ok(_turn) = own.turns.acquire().await else { return };
    tokio::select! {
        () = walk(desk, wanted) => {}
        // Nobody listens any more.
        () = desk.news.closed() => {}
    }
}

/// Whoever can be asked about the actions of a request: its backend, then git.
fn resolvers(desk: &Inner, key: &RequestKey) -> Vec<Arc<dyn Resolver>> {
    let backend = desk.backend(&key.backend).and_then(|backend| backend.resolver());
    backend.into_iter().chain(desk.look_ups.actions.resolver.clone()).collect()
}

/// The diff of an action between two commits.
///
/// # Errors
/// Where nobody gives it.
pub(super) async fn diff(desk: &Inner, key: &RequestKey, changed: &Changed) -> Result<Vec<u8>, Fault> {
    let own = &desk.look_ups;
    let book = Book::default();
    Walk::new(resolvers(desk, key), own.actions.budget, &own.memory, &book).diff(changed).await
}

async fn walk(desk: &Arc<Inner>, wanted: Wanted) {
    let own = &desk.look_ups;
    let wanted = Arc::new(wanted);
    let (book, fault) = ledger::read(&desk.state, own.actions.team_ledger.as_ref()).await;
    let mut walk = Walk::new(resolvers(desk, &wanted.key), own.actions.budget, &own.memory, &book);
    // Looked up once more, it is told as a whole: a part would seem to take back what the rest is still known for.
    let known = own.kept(&wanted.evidence).is_some_and(|(_, look_ups)| look_ups.done);
    let mut level = walk.begin(&wanted.actions);
    while !level.is_empty() {
        let next = walk.look_up(&level).await;
        let done = next.is_empty();
        level = next;
        if done || !known {
            let look_ups = LookUps { list: walk.list().to_vec(), ledger: fault.clone(), done };
            tell(desk, &wanted, look_ups).await;
        }
    }
    if let Some(why) = ledger::seen(desk, &wanted, walk.list(), &book).await {
        desk.tell(News::Notice(why)).await;
    }
}

/// What came of looking the actions of one piece of evidence up.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Each action by itself.
    pub look_ups: Arc<LookUps>,
    /// What is wrong with them; each weighs what this console's policy says.
    pub findings: Vec<Finding>,
}

/// Looks up what is about to be judged, anew, and waits for it: what the budget does not reach to is not proven. `None`
/// where nothing came of it, since the program ends.
pub(super) async fn looked(desk: &Arc<Inner>, wanted: Wanted) -> Option<Found> {
    if wanted.actions.is_empty() {
        return Some(Found::default());
    }
    let evidence = wanted.evidence;
    run(desk, wanted).await;
    desk.look_ups.while_running(&evidence).await;
    found(desk, &evidence).filter(|found| found.look_ups.done)
}

/// What was found when the actions of this evidence were looked up last, as far as that got; absent where nobody did.
pub(super) fn found(desk: &Inner, evidence: &Digest) -> Option<Found> {
    let (wanted, look_ups) = desk.look_ups.kept(evidence)?;
    Some(Found { findings: findings_of(desk, &wanted, &look_ups), look_ups })
}

fn findings_of(desk: &Inner, wanted: &Wanted, look_ups: &LookUps) -> Vec<Finding> {
    let mut findings = findings::of_facts(&findings::of_look_ups(look_ups));
    // Our broker's findings weigh what its own policy says.
    let is_foreign = |backend: Arc<dyn Backend>| backend.capabilities().enforcer != Enforcer::Broker;
    let policy = desk.guard.limits.policy.as_ref();
    if let Some(policy) = policy.filter(|_| desk.backend(&wanted.key.backend).is_some_and(is_foreign)) {
        policy.weigh(&mut findings);
    }
    findings
}

async fn tell(desk: &Arc<Inner>, wanted: &Arc<Wanted>, look_ups: LookUps) {
    let found = findings_of(desk, wanted, &look_ups);
    let look_ups = Arc::new(look_ups);
    desk.look_ups.keep(wanted, Arc::clone(&look_ups));
    desk.tell(News::LookedUp { evidence: wanted.evidence, look_ups, findings: found.into() }).await;
}
