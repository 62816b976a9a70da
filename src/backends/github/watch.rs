//! A poll: the lists of every repository under a condition, so that what did not change costs nothing, then the details
//! of what did. Its pace follows what waits and what the hour's calls allow.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::Inner;
use super::call::READS;
use super::details;
use super::known::{Kind, Known, Listed, Watched};
use super::name::RepoName;
use super::refusal::limited;
use super::select::{Chosen, is_about_one};
use super::wire::{Run, Runs};
use crate::backends::port::{Fault, Poll, Trouble};
use crate::domain::ids::RequestKey;
use crate::domain::request::Request;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::safe;
use crate::sys::clock;

/// Repositories are chosen anew after so long.
const CHOOSE: Span = Span::mins(10);
/// Lists that one poll reads: the secondary limit allows 900 points a minute.
const LISTS: usize = 700;
/// A poll goes on in the next one after so long; nobody waits longer for a first screen.
const PATIENCE: Duration = Duration::from_secs(12);
/// Outside pull requests are looked for in every so manieth poll.
const FORKS_EVERY: u64 = 4;
/// What was quiet for long, or cannot be read, is asked in every so manieth poll.
const RARELY: u64 = 10;
/// Where nothing waits, polls are so many times rarer.
const QUIET: u32 = 4;
/// Pages of one list of runs.
const PAGES: usize = 10;

/// What a poll cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    /// Calls in all.
    all: u32,
    /// Calls that were not free.
    paid: u32,
    /// Of them those that could have been free: what the next poll is likely to pay.
    changed: u32,
}

/// A list to read.
struct Task {
    repo: RepoName,
    kind: Kind,
    etag: Option<String>,
}

/// A list that changed: its runs and its new tag.
type Fresh = (Vec<Arc<Run>>, Option<String>);

/// What reading a list gave.
struct Came {
    repo: RepoName,
    kind: Kind,
    conditional: bool,
    pages: u32,
    result: Result<Option<Fresh>, Fault>,
}

/// Polls. Evidence that came in between is told without asking anybody.
pub(super) async fn poll(gh: &Inner, after: Option<u64>) -> Result<Poll, Fault> {
    let now = clock::now().wall;
    let told_only = {
        let mut known = gh.known();
        let came = std::mem::take(&mut known.evidence_came);
        came && after.is_some() && known.polled_at.is_some_and(|at| now.since(at) < gh.interval)
    };
    let cost = if told_only { Cost::default() } else { cycle(gh, now).await? };
    Ok(tell(gh, after, clock::now().wall, cost, told_only))
}

async fn cycle(gh: &Inner, now: Ms) -> Result<Cost, Fault> {
    if let Some((wait, left)) = gh.budgets().reserved(now) {
        let message =
            safe!("polling rests {}: the last {} calls of this hour are kept for decisions", wait.coarse(), left);
        return Err(Fault { message, ..limited(wait, "") });
    }
    choose(gh, now).await?;
    let tasks = due(&mut gh.known(), gh.forks);
    let mut cost = Cost { all: u32::try_from(tasks.len()).unwrap_or(u32::MAX), ..Cost::default() };
    let reads = tasks.into_iter().map(|task| read(gh, task));
    let mut came =
        std::pin::pin!(stream::iter(reads).buffer_unordered(READS).take_until(Box::pin(tokio::time::sleep(PATIENCE))));
    while let Some(came) = came.next().await {
        if came.result.as_ref().is_ok_and(Option::is_some) {
            cost.paid += came.pages;
            cost.changed += if came.conditional { came.pages } else { 0 };
        }
        take(&mut gh.known(), came, now)?;
    }
    details::refresh(gh, now).await?;
    let mut known = gh.known();
    let runs: HashSet<u64> = known.runs().map(|(_, run, _)| run.id).collect();
    known.forget_gone(&runs);
    known.polled_at = Some(now);
    Ok(cost)
}

async fn choose(gh: &Inner, now: Ms) -> Result<(), Fault> {
    let mut lists = {
        let mut known = gh.known();
        if known.chosen_at.is_some_and(|at| now.since(at) < CHOOSE) {
            return Ok(());
        }
        std::mem::take(&mut known.lists)
    };
    let found = gh.selection.find(&gh.api, &mut lists, now).await;
    let mut known = gh.known();
    known.lists = lists;
    let (chosen, troubles) = found?;
    known.list_troubles = troubles;
    known.chosen_at = Some(now);
    watch(&mut known, chosen);
    Ok(())
}

/// Keeps what is known of repositories that stay.
fn watch(known: &mut Known, chosen: Vec<Chosen>) {
    let old = std::mem::take(&mut known.repos);
    let mut old: HashMap<RepoName, Watched> = old.into_iter().map(|w| (w.chosen.name.clone(), w)).collect();
    for chosen in chosen {
        if let Some(id) = chosen.id {
            known.names.insert(id, chosen.name.clone());
        }
        let watched = match old.remove(&chosen.name) {
            Some(watched) => Watched { chosen, ..watched },
            None => Watched { chosen, waiting: Listed::default(), forks: Listed::default() },
        };
        known.repos.push(watched);
    }
}

/// The lists that are due, those read longest ago first.
fn due(known: &mut Known, forks: bool) -> Vec<Task> {
    let cycle = known.cycle;
    known.cycle += 1;
    let is_due = |watched: &Watched, kind: Kind| {
        let list = watched.list(kind);
        let never = list.read_at.is_none() || list.stale;
        let every = match kind {
            _ if watched.chosen.quiet || list.trouble.is_some() => RARELY,
            Kind::Fork => FORKS_EVERY,
            Kind::Waiting => 1,
        };
        (kind == Kind::Waiting || forks) && (never || cycle.is_multiple_of(every))
    };
    let mut tasks: Vec<(Option<Ms>, Task)> = Vec::new();
    for watched in &known.repos {
        for kind in [Kind::Waiting, Kind::Fork].into_iter().filter(|kind| is_due(watched, *kind)) {
            let list = watched.list(kind);
            tasks.push((list.read_at, Task { repo: watched.chosen.name.clone(), kind, etag: list.etag.clone() }));
        }
    }
    tasks.sort_by_key(|(at, task)| (*at, task.kind));
    tasks.into_iter().take(LISTS).map(|(_, task)| task).collect()
}

async fn read(gh: &Inner, task: Task) -> Came {
    let Task { repo, kind, etag } = task;
    let mut pages = 1;
    let result = pages_of(gh, &repo, kind, etag.as_deref(), &mut pages).await;
    Came { repo, kind, conditional: etag.is_some(), pages, result }
}

async fn pages_of(
    gh: &Inner,
    repo: &RepoName,
    kind: Kind,
    etag: Option<&str>,
    pages: &mut u32,
) -> Result<Option<Fresh>, Fault> {
    let first = repo.path(&format!("/actions/runs?status={}&per_page=100", kind.status()));
    let Some((page, etag, mut next)) = gh.api.read_if::<Runs>(&first, etag).await? else { return Ok(None) };
    let mut runs = page.workflow_runs;
    let mut seen = HashSet::from([first]);
    while let Some(path) = next.filter(|path| seen.len() < PAGES && seen.insert(path.clone())) {
        let Some((page, _, after)) = gh.api.read_if::<Runs>(&path, None).await? else { break };
        runs.extend(page.workflow_runs);
        *pages += 1;
        next = after;
    }
    Ok(Some((runs.into_iter().map(Arc::new).collect(), etag)))
}

/// Takes a list in. What is wrong with one repository stays with it; what is wrong with all ends the poll.
fn take(known: &mut Known, came: Came, now: Ms) -> Result<(), Fault> {
    let names: Vec<(u64, RepoName)> = match &came.result {
        Ok(Some((runs, _))) => {
            runs.iter().filter_map(|run| Some((run.repository.id, details::name_of(run).ok()?))).collect()
        }
        _ => Vec::new(),
    };
    known.names.extend(names);
    let Some(watched) = known.repos.iter_mut().find(|w| w.chosen.name == came.repo) else { return Ok(()) };
    let list = watched.list_mut(came.kind);
    (list.read_at, list.stale) = (Some(now), false);
    match came.result {
        Ok(fresh) => {
            list.trouble = None;
            if let Some((runs, etag)) = fresh {
                (list.runs, list.etag) = (runs, etag);
            }
        }
        Err(fault) if is_about_one(&fault) => {
            list.trouble = Some(fault.message);
            // What may no longer be seen is no longer shown; what was merely not answered stays as it was.
            if matches!(fault.trouble, Trouble::NotFound | Trouble::Forbidden | Trouble::Changed) {
                (list.runs, list.etag) = (Vec::new(), None);
            }
        }
        Err(fault) => return Err(fault),
    }
    Ok(())
}

/// What changed since the last telling, when to ask again, and what is to be known beside.
fn tell(gh: &Inner, after: Option<u64>, now: Ms, cost: Cost, told_only: bool) -> Poll {
    let mut known = gh.known();
    let fresh = gh.requests(&mut known, now);
    let cursor = known.cursor + 1;
    let gone = known.shown.keys().any(|key| !fresh.contains_key(key));
    let (shown, changed) = against(&known.shown, fresh, cursor);
    let whole = after.is_none() || gone;
    let told = if whole { shown.values().cloned().collect() } else { changed };
    if whole || !told.is_empty() {
        known.cursor = cursor;
    }
    known.shown = shown;
    let unread = known.repos.iter().filter(|w| w.waiting.read_at.is_none()).count();
    let next = if unread > 0 { Span::secs(1) } else { interval(gh, &known, now, cost, told_only) };
    Poll { changed: told, whole, cursor: known.cursor, next: Some(next), note: note(gh, &known, unread, now) }
}

type Shown = BTreeMap<RequestKey, Arc<Request>>;

/// Requests that stay as they were keep their number.
fn against(before: &Shown, fresh: BTreeMap<RequestKey, Request>, seq: u64) -> (Shown, Vec<Arc<Request>>) {
    let (mut shown, mut changed) = (Shown::new(), Vec::new());
    for (key, mut request) in fresh {
        let old = before.get(&key);
        request.seq = old.map_or(seq, |old| old.seq);
        let same = old.filter(|old| ***old == request).cloned();
        let request = same.unwrap_or_else(|| {
            request.seq = seq;
            let request = Arc::new(request);
            changed.push(Arc::clone(&request));
            request
        });
        shown.insert(key, request);
    }
    (shown, changed)
}

/// Fast while something waits, slow where nothing does, and never past what the hour allows.
fn interval(gh: &Inner, known: &Known, now: Ms, cost: Cost, told_only: bool) -> Span {
    if told_only {
        let since = known.polled_at.map_or(Span::ZERO, |at| now.since(at));
        return Span::secs(gh.interval.as_secs().saturating_sub(since.as_secs()).max(1));
    }
    let busy = !known.shown.is_empty();
    let wanted = if busy { gh.interval } else { Span::secs(gh.interval.as_secs().saturating_mul(QUIET)) };
    let mut budgets = gh.budgets();
    budgets.spent(now, cost.paid);
    budgets.interval(now, wanted, cost.changed, cost.all)
}

fn note(gh: &Inner, known: &Known, unread: usize, now: Ms) -> SafeText {
    let mut parts = vec![gh.budgets().words(now)];
    if unread > 0 {
        parts.push(safe!("reading {} of {} repositories", known.repos.len() - unread, known.repos.len()));
    }
    // One line a repository: its two lists mostly have the same trouble.
    let of_repo = |w: &'_ Watched| w.waiting.trouble.clone().or_else(|| w.forks.trouble.clone());
    let mut troubles = known.list_troubles.iter().cloned().chain(known.repos.iter().filter_map(of_repo));
    if let Some(first) = troubles.next() {
        parts.push(match troubles.count() {
            0 => safe!("NOT READ: {}", first),
            more => safe!("NOT READ: {} (and {} more)", first, more),
        });
    }
    parts.retain(|part| !part.as_str().is_empty());
    SafeText::join(&parts, ", ")
}
