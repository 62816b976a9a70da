//! One walk over the actions of a request and what they call in turn, level by level.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{Instant, timeout_at};

use super::Budget;
use super::memory::Memory;
use crate::audit::ledger::Book;
use crate::backends::port::{Answer, Fault, Trouble};
use crate::backends::resolver::{Repository, Resolver};
use crate::desk::news::Changed;
use crate::domain::action::{Action, ActionKind};
use crate::domain::ids::CommitSha;
use crate::domain::lookup::{Change, Claim, LookUp, Reach};
use crate::domain::text::Text;
use crate::provenance::{self, Written};
use crate::safe;

/// Actions that are looked up at once.
const AT_ONCE: usize = 4;
/// No forge nests deeper.
const LEVELS: usize = 10;
/// More actions than this are not followed.
const MOST: usize = 500;

pub(super) struct Walk<'a> {
    asks: Asks<'a>,
    book: &'a Book,
    list: Vec<LookUp>,
    level: usize,
    followed: HashSet<(Text, Text)>,
}

/// What may still be asked, and whom.
struct Asks<'a> {
    resolvers: Vec<Arc<dyn Resolver>>,
    budget: Budget,
    until: Instant,
    calls: AtomicUsize,
    memory: &'a Memory,
}

impl<'a> Walk<'a> {
    pub(super) fn new(resolvers: Vec<Arc<dyn Resolver>>, budget: Budget, memory: &'a Memory, book: &'a Book) -> Self {
        let until = Instant::now() + budget.time;
        let asks = Asks { resolvers, budget, until, calls: AtomicUsize::new(0), memory };
        Self { asks, book, list: Vec::new(), level: 0, followed: HashSet::new() }
    }

    /// The diff of an action between two commits.
    ///
    /// # Errors
    /// Where nobody gives it.
    pub(super) async fn diff(&self, changed: &Changed) -> Result<Vec<u8>, Fault> {
        let Changed { action, old, new } = changed;
        let repository = repository_of(&provenance::written(action)).ok_or_else(|| {
            let what = safe!("nobody can be asked about {}", action.name.ident());
            Fault::new(Trouble::Refused, what, "look at it at its source")
        })?;
        self.asks.ask(&repository, |resolver| resolver.diff(&repository, old, new)).await
    }

    pub(super) fn list(&self) -> &[LookUp] {
        &self.list
    }

    /// The actions of the evidence; what is named in it already is looked up at the same places.
    pub(super) fn begin(&mut self, actions: &[Action]) -> Vec<usize> {
        self.list = actions.iter().cloned().map(LookUp::begun).collect();
        (0..self.list.len()).collect()
    }

    /// Looks one level up; gives the places of the next one.
    pub(super) async fn look_up(&mut self, level: &[usize]) -> Vec<usize> {
        self.level += 1;
        let wanted: Vec<(usize, Action)> =
            level.iter().filter_map(|at| Some((*at, self.list.get(*at)?.action.clone()))).collect();
        let (asks, book) = (&self.asks, self.book);
        let looked =
            stream::iter(wanted.into_iter().map(|(at, action)| async move { (at, one(asks, book, action).await) }));
        let looked: Vec<(usize, (LookUp, Vec<Action>))> = looked.buffered(AT_ONCE).collect().await;
        let mut next = Vec::new();
        for (at, (look_up, called)) in looked {
            if let Some(slot) = self.list.get_mut(at) {
                *slot = look_up;
            }
            next.extend(self.follow(at, called));
        }
        next
    }

    /// Puts what an action calls behind it, unless the same was followed before.
    fn follow(&mut self, at: usize, called: Vec<Action>) -> Vec<usize> {
        let Some(caller) = self.list.get_mut(at).filter(|_| !called.is_empty()) else { return Vec::new() };
        let what = (caller.action.name.clone(), caller.action.sha.clone().unwrap_or_default());
        if !self.followed.insert(what) {
            return Vec::new();
        }
        if self.level >= LEVELS {
            caller.unread = Some("it is nested deeper than 10 levels: what it calls was not followed".into());
            return Vec::new();
        }
        let room = MOST.saturating_sub(self.list.len());
        if called.len() > room
            && let Some(caller) = self.list.get_mut(at)
        {
            caller.unread = Some("more than 500 actions: not all of what it calls was followed".into());
        }
        let first = self.list.len();
        let parent = u32::try_from(at).ok();
        self.list.extend(called.into_iter().take(room).map(|action| LookUp::begun(Action { parent, ..action })));
        (first..self.list.len()).collect()
    }
}

/// One action, and what it calls.
async fn one(asks: &Asks<'_>, book: &Book, action: Action) -> (LookUp, Vec<Action>) {
    let mut look_up = LookUp::begun(action);
    if matches!(look_up.action.kind, ActionKind::Local) {
        return (look_up, Vec::new());
    }
    let written = provenance::written(&look_up.action);
    if let Written::Repository { .. } = written {
        asks.reference(&mut look_up, &written).await;
    } else {
        look_up.unresolved = look_up.action.sha.is_none().then(|| written.why_not());
    }
    let Action { name, reference, sha, .. } = &look_up.action;
    look_up.known = sha.as_ref().map(|sha| book.known(name, reference, sha));
    let Some((repository, sha)) = asks.whose(&written, &look_up) else { return (look_up, Vec::new()) };
    look_up.change = asks.change(&repository, &look_up, &sha).await;
    let called = match asks.called(&repository, &sha, &written).await {
        Ok(called) => called,
        Err(why) => {
            look_up.unread = Some(why);
            Vec::new()
        }
    };
    (look_up, called)
}

fn repository_of(written: &Written) -> Option<Repository> {
    match written {
        Written::Repository { project: true, name, .. } => Repository::of_project(name),
        Written::Repository { name, .. } => Repository::of_action(name).map(|(repository, _)| repository),
        _ => None,
    }
}

fn commit(sha: Option<&Text>) -> Option<CommitSha> {
    sha?.as_str()?.parse().ok()
}

impl Asks<'_> {
    fn whose(&self, written: &Written, look_up: &LookUp) -> Option<(Repository, CommitSha)> {
        Some((repository_of(written)?, commit(look_up.action.sha.as_ref())?))
    }

    /// What the reference stands for, whether that belongs to its repository, and what the comment claims.
    async fn reference(&self, look_up: &mut LookUp, written: &Written) {
        let Some(repository) = repository_of(written) else {
            look_up.unresolved = Some("no repository can have this name".into());
            return;
        };
        match self.resolve(&repository, &look_up.action.reference).await {
            Ok(now) => look_up.now = Some(now.as_str().into()),
            Err(fault) => look_up.unresolved = Some(fault.message.into()),
        }
        let whole = commit(Some(&look_up.action.reference));
        if look_up.action.lock.is_none() {
            let written = whole.as_ref().map(|sha| sha.as_str().into());
            look_up.action.sha = look_up.now.clone().or(written);
        }
        if let Some(sha) = commit(look_up.action.sha.as_ref()) {
            let claimed = look_up.action.comment.as_ref().and_then(provenance::claimed_version);
            let hint = claimed.as_ref().or(whole.is_none().then_some(&look_up.action.reference));
            look_up.reach = Some(self.reach(&repository, &sha, hint).await);
            if let Some(claimed) = claimed.filter(|_| whole.is_some()) {
                look_up.claim = self.claim(&repository, &claimed, &sha).await;
            }
        }
    }

    async fn resolve(&self, repository: &Repository, reference: &Text) -> Result<CommitSha, Fault> {
        let key = (repository.clone(), reference.clone());
        if let Some(known) = self.memory.names.get(&key) {
            return Ok(known);
        }
        let sha = self.ask(repository, |resolver| resolver.resolve(repository, reference)).await?;
        self.memory.names.put(key, sha.clone());
        Ok(sha)
    }

    async fn reach(&self, repository: &Repository, sha: &CommitSha, hint: Option<&Text>) -> Reach {
        let key = (repository.clone(), sha.clone());
        if let Some(known) = self.memory.proven.get(&key) {
            return known;
        }
        let mut last = Reach::NotProven { why: nobody(repository).message.into() };
        for resolver in self.resolvers.iter().filter(|resolver| resolver.covers(repository)) {
            let asked = self.spend(|| async { Ok(resolver.reach(repository, sha, hint).await) }).await;
            last = asked.unwrap_or_else(|fault| Reach::NotProven { why: fault.message.into() });
            match &last {
                Reach::Proven { .. } => self.memory.proven.put(key.clone(), last.clone()),
                Reach::NotProven { .. } => continue,
                Reach::Impostor => {}
            }
            return last;
        }
        last
    }

    /// Tags are written with a `v` and without one; both are tried.
    async fn claim(&self, repository: &Repository, claimed: &Text, sha: &CommitSha) -> Claim {
        let mut why = Text::default();
        for name in provenance::spellings(claimed) {
            match self.resolve(repository, &name).await {
                Ok(is) if is == *sha => return Claim::Holds,
                Ok(is) => return Claim::Differs { sha: is },
                Err(fault) => why = fault.message.into(),
            }
        }
        Claim::NotProven { why }
    }

    /// What changed since the base, or else since the SHA that the ledger knows. A reference that the base has instead
    /// is taken for what it stands for now: nobody knows what it stood for then.
    async fn change(&self, repository: &Repository, look_up: &LookUp, now: &CommitSha) -> Option<Change> {
        let was = look_up.action.before.as_ref();
        let before = match commit(was.and_then(|before| before.sha.as_ref())) {
            None => match was.filter(|before| before.reference != look_up.action.reference) {
                Some(before) => self.resolve(repository, &before.reference).await.ok(),
                None => None,
            },
            known => known,
        };
        let moved = || commit(look_up.known.as_ref()?.moved.as_ref().map(|moved| &moved.sha));
        let old = before.filter(|old| old != now).or_else(moved)?;
        let key = (repository.clone(), old, now.clone());
        if let Some(known) = self.memory.changes.get(&key) {
            return Some(known);
        }
        let change = self.ask(repository, |resolver| resolver.compare(repository, &key.1, now)).await.ok()?;
        self.memory.changes.put(key, change.clone());
        Some(change)
    }

    /// What the first file that is there calls.
    async fn called(&self, repository: &Repository, sha: &CommitSha, written: &Written) -> Result<Vec<Action>, Text> {
        let files = written.files();
        for path in &files {
            let file = self.file(repository, sha, path).await.map_err(|fault| Text::from(fault.message))?;
            if let Some(bytes) = file {
                let place = provenance::elsewhere(repository.name(), sha, path);
                let read = provenance::called(&bytes, &place, repository.name(), sha, written);
                return read.map_err(|unreadable| {
                    safe!("{}: {}", place.ident(), Text::from(unreadable.to_string()).prose()).into()
                });
            }
        }
        let missing = safe!(
            "{} at {} has no such file, so what it runs is not known",
            Text::from(repository.name()).ident(),
            sha
        );
        if files.is_empty() { Ok(Vec::new()) } else { Err(missing.into()) }
    }

    async fn file(&self, repository: &Repository, sha: &CommitSha, path: &Text) -> Result<Option<Vec<u8>>, Fault> {
        let key = (repository.clone(), sha.clone(), path.clone());
        if let Some(known) = self.memory.files.get(&key) {
            return Ok(known);
        }
        let file = self.ask(repository, |resolver| resolver.file(repository, sha, path)).await?;
        self.memory.files.put(key, file.clone());
        Ok(file)
    }

    /// Asks one after the other until somebody knows.
    async fn ask<'b, T>(
        &'b self,
        repository: &'b Repository,
        question: impl Fn(&'b dyn Resolver) -> Answer<'b, T>,
    ) -> Result<T, Fault> {
        let mut last = nobody(repository);
        for resolver in self.resolvers.iter().filter(|resolver| resolver.covers(repository)) {
            match self.spend(|| question(&**resolver)).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    async fn spend<T, F: Future<Output = Result<T, Fault>>>(&self, question: impl FnOnce() -> F) -> Result<T, Fault> {
        let mend = "look again: what is known by now costs nothing; or raise the budget in [actions]";
        if self.calls.fetch_add(1, Ordering::Relaxed) >= self.budget.calls {
            let spent = safe!("the budget of {} questions for one request is used up", self.budget.calls);
            return Err(Fault::new(Trouble::Limited, spent, mend));
        }
        timeout_at(self.until, question()).await.unwrap_or_else(|_| {
            let spent = safe!("the budget of {} s for one request is used up", self.budget.time.as_secs());
            Err(Fault::new(Trouble::Limited, spent, mend))
        })
    }
}

fn nobody(repository: &Repository) -> Fault {
    let what = safe!("nobody can be asked about {}", Text::from(repository.name()).ident());
    Fault::new(Trouble::Unreachable, what, "set look_up = true in [actions]")
}
