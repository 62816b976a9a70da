//! The broker's memory: maps of what it holds. It only ever changes by absorbing changes, the same ones that the
//! store writes; so what is read after a restart is what was in memory before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::digest::Digest;
use crate::domain::ids::{DecisionId, GrantId, NativeId};
use crate::domain::request::Core;
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Ms;
use crate::findings::{Asked, Baseline};
use crate::policy::Policy;
use crate::sys::clock::Now;

use super::held::{Held, HeldGrant, KnownHead, LastSuccess};
use super::lately::Lately;

/// What stays the same while the broker runs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The policy in force.
    pub policy: Policy,
    /// The name of this broker in request keys.
    pub name: crate::domain::ids::BackendName,
    /// How many requests may wait.
    pub quota: Quota,
    /// A hook command tells approvers.
    pub hook: bool,
}

/// How many requests may wait at once; repeats of one count once.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Of all credentials.
    pub in_all: u32,
    /// Of one credential.
    pub of_one: u32,
    /// Repeats of one request.
    pub repeats: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self { in_all: 50_000, of_one: 200, repeats: 1_000 }
    }
}

/// (repository, environment).
pub type Place = (Text, Text);

/// Everything in memory.
#[derive(Clone, Debug)]
pub struct State {
    /// What stays the same.
    pub setup: Arc<Setup>,
    /// Number of the newest change.
    pub seq: u64,
    /// The clocks.
    pub clock: Clock,
    pub(super) requests: HashMap<NativeId, Arc<Held>>,
    pub(super) grants: HashMap<GrantId, Arc<HeldGrant>>,
    pub(super) pending: BTreeMap<u64, NativeId>,
    pub(super) running: BTreeSet<GrantId>,
    pub(super) wide: HashMap<Place, BTreeSet<GrantId>>,
    pub(super) asked: HashMap<(Text, String), NativeId>,
    pub(super) decisions: HashMap<DecisionId, NativeId>,
    pub(super) waiting: HashMap<Text, HashMap<Digest, u32>>,
    pub(super) bases: HashMap<Place, LastSuccess>,
    pub(super) deployed: HashMap<(Text, Text, Text), Arc<Baseline>>,
    pub(super) heads: HashMap<Text, KnownHead>,
    lately: Lately,
    by_seq: BTreeMap<u64, NativeId>,
}

/// What was last seen of the clocks, and the mark below which nothing new is granted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// The newest reading.
    pub last: Now,
    /// Set by a step back: nothing is granted until the wall clock is past it again.
    pub mark: Option<Ms>,
}

/// One thing that changes in memory and in the store alike.
#[derive(Clone, Debug)]
pub enum Change {
    /// A request is new or changed; a new one brings its evidence as JSON.
    Request {
        /// The request after it.
        held: Arc<Held>,
        /// Its evidence, once.
        evidence: Option<Arc<str>>,
    },
    /// A grant is new or changed.
    Grant(Arc<HeldGrant>),
    /// A request and its grant are over for so long that nobody asks for them.
    Forget(NativeId),
    /// A run ended with success.
    Base(Place, LastSuccess),
    /// A run started with an approval.
    Deployed((Text, Text, Text), Arc<Baseline>),
    /// Another log's head.
    Head(Text, KnownHead),
    /// The clocks stepped, or the mark was passed.
    Mark(Option<Ms>),
    /// The policy by which everything that waits was judged last.
    Policy(Digest),
}

impl State {
    /// With nothing in it.
    pub fn new(setup: Arc<Setup>) -> Self {
        Self {
            setup,
            seq: 0,
            clock: Clock::default(),
            requests: HashMap::new(),
            grants: HashMap::new(),
            pending: BTreeMap::new(),
            running: BTreeSet::new(),
            wide: HashMap::new(),
            asked: HashMap::new(),
            decisions: HashMap::new(),
            waiting: HashMap::new(),
            bases: HashMap::new(),
            deployed: HashMap::new(),
            heads: HashMap::new(),
            lately: Lately::default(),
            by_seq: BTreeMap::new(),
        }
    }

    /// Takes a change in.
    pub fn absorb(&mut self, change: &Change) {
        match change {
            Change::Request { held, .. } => self.put_request(held),
            Change::Grant(grant) => self.put_grant(grant),
            Change::Forget(id) => self.forget(id),
            Change::Base(place, base) => {
                self.bases.insert(place.clone(), base.clone());
            }
            Change::Deployed(what, deployed) => {
                self.deployed.insert(what.clone(), Arc::clone(deployed));
            }
            Change::Head(log, head) => {
                self.heads.insert(log.clone(), *head);
            }
            Change::Mark(mark) => self.clock.mark = *mark,
            Change::Policy(_) => {}
        }
    }

    fn put_request(&mut self, held: &Arc<Held>) {
        let id = held.id();
        let old = self.requests.insert(id.clone(), Arc::clone(held));
        if let Some(old) = &old {
            self.unlist(old);
        }
        let folds = self.waiting.get(&held.fixed.owner);
        let new = old.is_none() && folds.is_none_or(|folds| !folds.contains_key(&held.fixed.sameness));
        self.lately.take(held, new);
        self.seq = self.seq.max(held.live.seq);
        self.by_seq.insert(held.live.seq, id.clone());
        if held.is_pending() {
            self.pending.insert(held.live.seq, id.clone());
            *self.waiting.entry(held.fixed.owner.clone()).or_default().entry(held.fixed.sameness).or_default() += 1;
        }
        self.asked.insert((held.fixed.owner.clone(), held.fixed.key.clone()), id.clone());
        for ballot in &held.live.ballots {
            self.decisions.insert(ballot.vote.decision.clone(), id.clone());
        }
    }

    /// Takes the old state of a request out of the indexes that go by its change number and its waiting.
    fn unlist(&mut self, old: &Held) {
        self.by_seq.remove(&old.live.seq);
        if self.pending.remove(&old.live.seq).is_none() {
            return;
        }
        let Some(folds) = self.waiting.get_mut(&old.fixed.owner) else { return };
        if let Some(n) = folds.get_mut(&old.fixed.sameness) {
            *n = n.saturating_sub(1);
        }
        folds.retain(|_, n| *n > 0);
        if folds.is_empty() {
            self.waiting.remove(&old.fixed.owner);
        }
    }

    fn put_grant(&mut self, grant: &Arc<HeldGrant>) {
        let g = &grant.grant;
        if g.running().is_some() {
            self.running.insert(g.id.clone());
        } else {
            self.running.remove(&g.id);
        }
        if g.scope != Scope::Once {
            let place = (g.bound.repository.clone(), g.bound.environment.clone());
            let wide = self.wide.entry(place).or_default();
            if g.revoked.is_none() && g.uses_left() {
                wide.insert(g.id.clone())
            } else {
                wide.remove(&g.id)
            };
        }
        self.grants.insert(g.id.clone(), Arc::clone(grant));
    }

    fn forget(&mut self, id: &NativeId) {
        let Some(held) = self.requests.remove(id) else { return };
        self.unlist(&held);
        self.asked.remove(&(held.fixed.owner.clone(), held.fixed.key.clone()));
        for ballot in &held.live.ballots {
            self.decisions.remove(&ballot.vote.decision);
        }
        let Some(grant) = held.live.grant.as_ref().and_then(|g| self.grants.get(g)).cloned() else { return };
        if grant.grant.bound.request.id == *id {
            self.grants.remove(&grant.grant.id);
            self.running.remove(&grant.grant.id);
            if let Some(wide) = self.wide.get_mut(&held.place()) {
                wide.remove(&grant.grant.id);
            }
        }
    }

    /// One request.
    pub fn request(&self, id: &NativeId) -> Option<&Arc<Held>> {
        self.requests.get(id)
    }

    /// One grant.
    pub fn grant(&self, id: &GrantId) -> Option<&Arc<HeldGrant>> {
        self.grants.get(id)
    }

    /// The grant of a request.
    pub fn grant_of(&self, held: &Held) -> Option<&Arc<HeldGrant>> {
        held.live.grant.as_ref().and_then(|id| self.grants.get(id))
    }

    /// Every grant, in no order.
    pub fn all_grants(&self) -> impl Iterator<Item = &Arc<HeldGrant>> {
        self.grants.values()
    }

    /// Every request, in no order.
    pub fn all_requests(&self) -> impl Iterator<Item = &Arc<Held>> {
        self.requests.values()
    }

    /// Requests whose newest change came after `seq`, by rising number.
    pub fn changed_after(&self, seq: u64, pending_only: bool) -> impl Iterator<Item = (u64, &Arc<Held>)> {
        let index = if pending_only { &self.pending } else { &self.by_seq };
        let after = (std::ops::Bound::Excluded(seq), std::ops::Bound::Unbounded);
        index.range(after).filter_map(|(n, id)| Some((*n, self.requests.get(id)?)))
    }

    /// What was asked before this request by the same requester.
    pub fn asked_before(&self, core: &Core, credential: &Text, now: Ms) -> Asked {
        self.lately.before(core, credential, now)
    }

    /// How many wait.
    pub fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// How many grants have something running.
    pub fn running_count(&self) -> usize {
        self.running.len()
    }

    /// How many break-glasses nobody has looked at.
    pub fn unreviewed_count(&self) -> usize {
        self.requests.values().filter(|h| h.live.unreviewed).count()
    }

    /// The revision to compare with.
    pub fn base(&self, place: &Place) -> Option<&LastSuccess> {
        self.bases.get(place)
    }

    /// Whether anything waits, runs or may still start.
    pub fn is_busy(&self, now: Now) -> bool {
        !self.pending.is_empty() || !self.running.is_empty() || self.grants.values().any(|g| g.is_alive(now))
    }

    /// The next moment of the boot clock at which `Tick` has something to do.
    pub fn next_deadline(&self) -> Option<Ms> {
        let waiting = self.pending.values().filter_map(|id| self.requests.get(id));
        let due = waiting.flat_map(|h| [Some(h.live.due), h.live.half]).flatten();
        let running = self.running.iter().filter_map(|id| self.grants.get(id));
        let lost = running.flat_map(|g| g.clocks.iter().zip(&g.grant.passes)).filter(|(_, p)| p.end.is_none());
        due.chain(lost.map(|(c, _)| c.lost)).map(|d| d.boot()).min()
    }
}
