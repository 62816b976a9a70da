//! What the threads and tasks of one broker share: the committed state to read from, and who waits for news.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::{Notify, watch};

use crate::domain::ids::NativeId;
use crate::domain::record::Head;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::sys::clock::{self, Now};

use super::machine::{Change, State};
use super::metrics::Metrics;

/// A gate whose last sign is older is not taken for alive.
const GATE_ALIVE: Span = Span::secs(30);

/// No deadline at all.
const NEVER: i64 = i64::MAX;

/// Shared by everything in one broker.
pub struct Shared {
    state: RwLock<State>,
    head: Mutex<Head>,
    degraded: Mutex<Option<SafeText>>,
    gates: Mutex<HashMap<NativeId, Gate>>,
    seq: watch::Sender<u64>,
    earliest: AtomicI64,
    last_call: AtomicI64,
    /// Wakes the timer when an earlier deadline came in.
    pub timer: Notify,
    /// Consoles that listen.
    pub watching: AtomicU32,
    /// Figures.
    pub metrics: Metrics,
    /// The broker's identity.
    pub broker: String,
    /// A broker of one user.
    pub local: bool,
}

struct Gate {
    sign: Ms,
    news: Arc<Notify>,
}

/// A lock whose holder panicked still guards whole data: nothing is half done under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Around the state as it was loaded.
    pub fn new(state: State, head: Head, broker: String, local: bool) -> Self {
        let earliest = state.next_deadline().map_or(NEVER, |at| at.0);
        Self {
            seq: watch::Sender::new(state.seq),
            state: RwLock::new(state),
            head: Mutex::new(head),
            degraded: Mutex::new(None),
            gates: Mutex::default(),
            earliest: AtomicI64::new(earliest),
            last_call: AtomicI64::new(clock::now().boot.0),
            timer: Notify::new(),
            watching: AtomicU32::new(0),
            metrics: Metrics::default(),
            broker,
            local,
        }
    }

    /// The committed state.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Head of the audit log.
    pub fn head(&self) -> Head {
        *lock(&self.head)
    }

    /// Follows the number of the newest change.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.seq.subscribe()
    }

    /// Why nothing can be written; absent when all is well.
    pub fn degraded(&self) -> Option<SafeText> {
        lock(&self.degraded).clone()
    }

    /// Says that nothing can be written, or can be again.
    pub fn set_degraded(&self, why: Option<SafeText>) {
        let began = why.is_some();
        let before = std::mem::replace(&mut *lock(&self.degraded), why);
        if began && before.is_none() {
            self.timer.notify_one();
        }
    }

    /// Takes in what was committed and wakes who waits for it.
    pub fn publish(&self, changes: &[Change], head: Head, now: Now) {
        let earliest = changes.iter().filter_map(earliest_of).min().unwrap_or(NEVER);
        let seq = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            for change in changes {
                state.absorb(change);
            }
            state.clock.last = now;
            // Inside the lock, so that a new reckoning of the timer sees either both or none.
            if self.earliest.fetch_min(earliest, Ordering::AcqRel) > earliest {
                self.timer.notify_one();
            }
            state.seq
        };
        *lock(&self.head) = head;
        self.wake_gates(changes);
        self.seq.send_if_modified(|known| std::mem::replace(known, seq) != seq);
    }

    fn wake_gates(&self, changes: &[Change]) {
        let gates = lock(&self.gates);
        for change in changes {
            if let Change::Request { held, .. } = change
                && let Some(gate) = gates.get(held.id())
            {
                gate.news.notify_waiters();
            }
        }
    }

    /// The next moment of the boot clock with something to do.
    pub fn earliest(&self) -> Option<Ms> {
        let at = self.earliest.load(Ordering::Acquire);
        (at != NEVER).then_some(Ms(at))
    }

    /// Reckons that moment anew, after a tick.
    pub fn reckon(&self) {
        let state = self.state();
        self.earliest.store(state.next_deadline().map_or(NEVER, |at| at.0), Ordering::Release);
    }

    /// Notes a gate's sign of life and gives what wakes it.
    pub fn gate_signed(&self, id: &NativeId) -> Arc<Notify> {
        let sign = clock::now().boot;
        let mut gates = lock(&self.gates);
        let gate = gates.entry(id.clone()).or_insert_with(|| Gate { sign, news: Arc::default() });
        gate.sign = sign;
        Arc::clone(&gate.news)
    }

    /// Whether a live gate waits for it.
    pub fn gate_waits(&self, id: &NativeId, now: Now) -> bool {
        lock(&self.gates).get(id).is_some_and(|g| now.boot.since(g.sign) < GATE_ALIVE)
    }

    /// Lets go of gates that have been silent for an hour.
    pub fn forget_gates(&self) {
        let now = clock::now().boot;
        lock(&self.gates).retain(|_, g| now.since(g.sign) < Span::hours(1));
    }

    /// Notes that somebody called.
    pub fn called(&self) {
        self.last_call.store(clock::now().boot.0, Ordering::Relaxed);
    }

    /// How long nobody has called, listened, waited or run anything.
    pub fn idle(&self) -> Span {
        let now = clock::now();
        if self.watching.load(Ordering::Relaxed) > 0 || self.state().is_busy(now) {
            self.called();
        }
        now.boot.since(Ms(self.last_call.load(Ordering::Relaxed)))
    }
}

/// The earliest deadline that a change brings.
fn earliest_of(change: &Change) -> Option<i64> {
    let moment = match change {
        Change::Request { held, .. } if held.is_pending() => {
            [Some(held.live.due), held.live.half].into_iter().flatten().map(|d| d.boot()).min()
        }
        Change::Grant(grant) => {
            let open = grant.clocks.iter().zip(&grant.grant.passes).filter(|(_, p)| p.end.is_none());
            open.map(|(c, _)| c.lost.boot()).min()
        }
        _ => None,
    };
    moment.map(|at| at.0)
}
