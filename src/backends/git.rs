//! Looks actions up with git itself, on any forge: branches and tags as they are now, and a mirror of the commits
//! for what they contain. Offline, late or too large is never proven.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::port::{Answer, Fault, Trouble};
use super::resolver::{COMMITS, DIFF_LIMIT, FILE_LIMIT, Forge, Repository, Resolver};
use crate::domain::ids::CommitSha;
use crate::domain::lookup::{Change, Reach};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::git::{self, Cancel, Limits, Mirror, Tip};
use crate::sys::process::bounded::Flow;

/// Branches and tags are asked for again after this long, and after a failure sooner.
const FRESH: Duration = Duration::from_secs(60);
const FAILED: Duration = Duration::from_secs(10);

/// Where repositories lie, and what may be spent on one of them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the mirrors.
    pub mirrors: PathBuf,
    /// `https://github.com`: `owner/repo.git` lies below it.
    pub actions: String,
    /// `https://gitlab.com`.
    pub gitlab: String,
    /// Limits of one mirror.
    pub limits: Limits,
}

/// The resolver.
pub struct GitResolver {
    settings: Settings,
    known: Mutex<HashMap<Repository, Arc<tokio::sync::Mutex<Known>>>>,
}

/// What was learnt of one repository, and when. One question at a time is asked of it.
#[derive(Default)]
struct Known {
    tips: Learnt<Arc<Vec<Tip>>>,
    fetched: Learnt<()>,
}

/// An answer, or that there was none, and when it came.
type Learnt<T> = Option<(Instant, Result<T, Fault>)>;

/// Calls the work of a thread off when nobody waits for it any more.
struct CallOff(Cancel);

impl Drop for CallOff {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl GitResolver {
    /// Nothing is asked yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, known: Mutex::default() }
    }

    fn base(&self, forge: Forge) -> &str {
        match forge {
            Forge::Actions => &self.settings.actions,
            Forge::GitLab => &self.settings.gitlab,
        }
        .trim_end_matches('/')
    }

    fn url(&self, repository: &Repository) -> String {
        format!("{}/{}.git", self.base(repository.forge()), repository.name())
    }

    fn link(&self, repository: &Repository, old: &CommitSha, new: &CommitSha) -> Option<Text> {
        let base = self.base(repository.forge());
        let path = match repository.forge() {
            Forge::Actions => "compare",
            Forge::GitLab => "-/compare",
        };
        let name = repository.name();
        base.starts_with("https://").then(|| format!("{base}/{name}/{path}/{old}...{new}").into())
    }

    fn known(&self, repository: &Repository) -> Arc<tokio::sync::Mutex<Known>> {
        // A thread that panicked while it held the map left it whole.
        let mut all = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(all.entry(repository.clone()).or_default())
    }

    async fn ask<T: Send + 'static>(
        &self,
        repository: &Repository,
        question: impl FnOnce(&Mirror) -> Result<T, git::Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (settings, url, cancel) = (self.settings.clone(), self.url(repository), Cancel::default());
        let _call_off = CallOff(cancel.clone());
        let work = move || question(&Mirror::open(&settings.mirrors, &url, settings.limits, cancel)?);
        match tokio::task::spawn_blocking(work).await {
            Ok(answer) => answer.map_err(|fault| told(&fault)),
            Err(_) => Err(Fault::new(Trouble::NoAnswer, "git's answer was lost", "ask again")),
        }
    }

    async fn tips(&self, repository: &Repository) -> Result<Arc<Vec<Tip>>, Fault> {
        let known = self.known(repository);
        let mut known = known.lock().await;
        match &known.tips {
            Some((at, tips)) if is_fresh(*at, tips) => tips.clone(),
            _ => {
                let tips = self.ask(repository, |mirror| mirror.tips().map(Arc::new)).await;
                known.tips = Some((Instant::now(), tips.clone()));
                tips
            }
        }
    }

    async fn fetch(&self, repository: &Repository) -> Result<(), Fault> {
        let known = self.known(repository);
        let mut known = known.lock().await;
        match &known.fetched {
            Some((at, done)) if is_fresh(*at, done) => done.clone(),
            _ => {
                let done = self.ask(repository, Mirror::fetch).await;
                known.fetched = Some((Instant::now(), done.clone()));
                done
            }
        }
    }

    async fn found(&self, repository: &Repository, sha: &CommitSha) -> Result<Reach, Fault> {
        let tips = self.tips(repository).await?;
        if let Some(tip) = tips.iter().find(|tip| tip.commit == *sha || tip.object == *sha) {
            return Ok(Reach::Proven { on: tip.name.clone() });
        }
        self.fetch(repository).await?;
        let sha = sha.clone();
        let on = self.ask(repository, move |mirror| mirror.containing(&sha)).await?;
        Ok(on.map_or(Reach::Impostor, |on| Reach::Proven { on }))
    }

    async fn change(&self, repository: &Repository, old: &CommitSha, new: &CommitSha) -> Result<Change, Fault> {
        self.fetch(repository).await?;
        let link = self.link(repository, old, new);
        let (old, new) = (old.clone(), new.clone());
        let read = move |mirror: &Mirror| {
            mirror.want(&old)?;
            mirror.want(&new)?;
            let history = mirror.history();
            let (course, count) = (history.course(&old, &new)?, history.count(&old, &new)?);
            let commits = history.commits(&old, &new, COMMITS)?;
            Ok(Change { old, new, course, count, commits, link })
        };
        self.ask(repository, read).await
    }
}

/// The whole diff; `None` where it is too large.
fn difference(mirror: &Mirror, old: &CommitSha, new: &CommitSha) -> Result<Option<Vec<u8>>, git::Fault> {
    let (mut bytes, mut whole) = (Vec::new(), true);
    let read = mirror.diff(old, new, &mut |piece| {
        whole = bytes.len() + piece.len() <= DIFF_LIMIT;
        if !whole {
            return Flow::Stop;
        }
        bytes.extend_from_slice(piece);
        Flow::More
    });
    if whole { read.map(|()| Some(bytes)) } else { Ok(None) }
}

fn is_fresh<T>(at: Instant, answer: &Result<T, Fault>) -> bool {
    at.elapsed() < if answer.is_ok() { FRESH } else { FAILED }
}

fn told(fault: &git::Fault) -> Fault {
    let (trouble, mend) = match fault {
        git::Fault::Missing(_) => (Trouble::Unreachable, "install git"),
        git::Fault::Odd { .. } => (Trouble::Protocol, "look at the action at its source"),
        git::Fault::Folder(_) => (Trouble::Unreachable, "make the state folder writable"),
        git::Fault::Stuck { .. } | git::Fault::Refused { .. } => {
            (Trouble::Unreachable, "see that `git ls-remote` reaches the repository from here")
        }
    };
    Fault::new(trouble, safe!("{}", fault), mend)
}

/// What a name stands for: git's own order is tags, then branches; where both have it and differ, nobody can tell.
fn named(tips: &[Tip], reference: &str) -> Result<CommitSha, Fault> {
    let find = |name: String| tips.iter().find(|tip| tip.name == *name).map(|tip| tip.commit.clone());
    if let Some(commit) = tips.iter().find(|tip| tip.object.as_str() == reference).map(|tip| &tip.commit) {
        return Ok(commit.clone());
    }
    if let Ok(whole) = reference.parse() {
        return Ok(whole);
    }
    let whole = find(reference.to_owned()).filter(|_| reference.starts_with("refs/"));
    match (whole, find(format!("refs/tags/{reference}")), find(format!("refs/heads/{reference}"))) {
        (None, Some(tag), Some(branch)) if tag != branch => {
            let what = "a tag and a branch of this name stand for different commits";
            Err(Fault::new(Trouble::Refused, what, "pin the SHA that is meant"))
        }
        (Some(commit), ..) | (None, Some(commit), _) | (None, None, Some(commit)) => Ok(commit),
        (None, None, None) => Err(missing(&Text::from(reference).ident())),
    }
}

fn missing(reference: &SafeText) -> Fault {
    let what = safe!("its repository has no tag or branch {}", reference);
    Fault::new(Trouble::NotFound, what, "correct the reference, or find out who took it away")
}

impl Resolver for GitResolver {
    fn covers(&self, repository: &Repository) -> bool {
        !self.base(repository.forge()).is_empty()
    }

    fn resolve<'a>(&'a self, repository: &'a Repository, reference: &'a Text) -> Answer<'a, CommitSha> {
        async move {
            let tips = self.tips(repository).await?;
            reference.as_str().map_or_else(|| Err(missing(&reference.ident())), |name| named(&tips, name))
        }
        .boxed()
    }

    fn reach<'a>(
        &'a self,
        repository: &'a Repository,
        sha: &'a CommitSha,
        _hint: Option<&'a Text>,
    ) -> BoxFuture<'a, Reach> {
        let found = self.found(repository, sha);
        async move { found.await.unwrap_or_else(|fault| Reach::NotProven { why: fault.message.into() }) }.boxed()
    }

    fn file<'a>(
        &'a self,
        repository: &'a Repository,
        sha: &'a CommitSha,
        path: &'a Text,
    ) -> Answer<'a, Option<Vec<u8>>> {
        let (sha, path) = (sha.clone(), path.clone());
        async move {
            // One question at a time: two fetches of one mirror would be in each other's way.
            let known = self.known(repository);
            let _turn = known.lock().await;
            self.ask(repository, move |mirror| mirror.file(&sha, &path, FILE_LIMIT)).await
        }
        .boxed()
    }

    fn compare<'a>(&'a self, repository: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Change> {
        self.change(repository, old, new).boxed()
    }

    fn diff<'a>(&'a self, repository: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Vec<u8>> {
        let (old, new) = (old.clone(), new.clone());
        async move {
            let known = self.known(repository);
            let _turn = known.lock().await;
            let diff = self.ask(repository, move |mirror| difference(mirror, &old, &new)).await?;
            let large = || Fault::new(Trouble::Protocol, "the diff is larger than 32 MB", "read it at its source");
            diff.ok_or_else(large)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
