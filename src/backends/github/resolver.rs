//! Looks actions up over GitHub's own API. What is asked here is not asked of git; what is refused here, or would take
//! too many calls, is not proven, and git is asked next. The calls that decisions need are never touched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, join};
use serde::Deserialize;

use super::Inner;
use super::call::{DIFF, Got, RAW};
use super::change;
use super::name::escaped;
use super::wire::Compare;
use crate::backends::port::{Answer, Fault, Trouble};
use crate::backends::resolver::{COMMITS, FILE_LIMIT, Forge, Repository, Resolver};
use crate::domain::evidence::Course;
use crate::domain::ids::CommitSha;
use crate::domain::lookup::{Change, Reach};
use crate::domain::text::{SafeText, Text};
use crate::provenance;
use crate::safe;
use crate::sys::clock;

/// The id of a commit as text, and nothing of the commit.
const SHA: &str = "application/vnd.github.sha";
/// Entries of a page, and pages of a list, that are looked through.
const PAGE: usize = 100;
const PAGES: usize = 3;
/// Comparisons for one commit.
const COMPARES: usize = 10;
/// Names whose commits are remembered with their tags.
const NAMES: usize = 2_000;
/// Branches that releases are made on, by what their names begin with.
const RELEASES: &[&str] = &["main", "master", "release", "v", "stable", "develop"];

/// GitHub's API as somebody who knows what references stand for.
pub(super) struct OverApi {
    gh: Arc<Inner>,
}

/// What names stood for when they were asked for last, each with the tag that makes asking again free.
#[derive(Default)]
pub(super) struct Names(Mutex<HashMap<String, (String, CommitSha)>>);

/// A branch or tag with its commit.
#[derive(Clone, Debug, Deserialize)]
struct Tip {
    name: Text,
    commit: Commit,
}

#[derive(Clone, Debug, Deserialize)]
struct Commit {
    sha: CommitSha,
}

/// Branches or tags, and whether these are all.
struct Tips {
    list: Vec<(Text, CommitSha)>,
    whole: bool,
}

#[derive(Deserialize)]
struct Head {
    default_branch: Text,
}

#[derive(Deserialize)]
struct Lie {
    status: Text,
}

impl OverApi {
    pub(super) fn new(gh: Arc<Inner>) -> Self {
        Self { gh }
    }

    /// # Errors
    /// Where the calls that are left belong to decisions.
    fn may_ask(&self) -> Result<(), Fault> {
        let Some((wait, left)) = self.gh.budgets().reserved(clock::now().wall) else { return Ok(()) };
        let what = safe!("GitHub's last {} calls of this hour are kept for decisions", left);
        Err(Fault { retry_after: Some(wait), ..Fault::new(Trouble::Limited, what, "look again later") })
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, repository: &Repository, rest: &str) -> Result<T, Fault> {
        self.may_ask()?;
        self.gh.api.read(&path(repository, rest)).await
    }

    /// The commit of `tags/v4`, `heads/main` or a whole id, annotated tags peeled; `None` where there is none.
    async fn commit(&self, repository: &Repository, name: &str) -> Result<Option<CommitSha>, Fault> {
        self.may_ask()?;
        let path = path(repository, &format!("/commits/{}", escaped(name)));
        let known = self.gh.names.get(&path);
        let got = self.gh.api.get_if(&path, SHA, known.as_ref().map(|(etag, _)| etag.as_str())).await;
        let answer = match got {
            Ok(Got::Same) => return Ok(known.map(|(_, sha)| sha)),
            Ok(Got::Fresh(answer)) => answer,
            // GitHub tells a name that is not there with 422.
            Err(fault) if matches!(fault.trouble, Trouble::NotFound | Trouble::Refused) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let sha = std::str::from_utf8(&answer.body).ok().and_then(|text| text.trim().parse::<CommitSha>().ok());
        let sha = sha.ok_or_else(|| {
            Fault::new(Trouble::Protocol, "GitHub answered no commit where one was asked for", "ask again")
        })?;
        if let Some(etag) = answer.header("etag") {
            self.gh.names.put(path, etag.to_owned(), sha.clone());
        }
        Ok(Some(sha))
    }

    /// A tag and a branch of one name that differ mean nothing: nobody can tell which of them runs.
    async fn named(&self, repository: &Repository, reference: &Text) -> Result<CommitSha, Fault> {
        let missing = || missing(&reference.ident());
        let name = reference.as_str().ok_or_else(missing)?;
        if name.parse::<CommitSha>().is_ok() {
            return self.commit(repository, name).await?.ok_or_else(missing);
        }
        if let Some(whole) = name.strip_prefix("refs/") {
            return self.commit(repository, whole).await?.ok_or_else(missing);
        }
        let (tag, branch) = (format!("tags/{name}"), format!("heads/{name}"));
        let (tag, branch) = join!(self.commit(repository, &tag), self.commit(repository, &branch));
        match (tag?, branch?) {
            (Some(tag), Some(branch)) if tag != branch => Err(Fault::new(
                Trouble::Refused,
                "a tag and a branch of this name stand for different commits",
                "pin the SHA that is meant",
            )),
            (tag, branch) => tag.or(branch).ok_or_else(missing),
        }
    }

    /// In stages, the cheap ones first: the tag that a comment claims, the default branch, every tip, then what other
    /// branches contain.
    async fn found(&self, repository: &Repository, sha: &CommitSha, hint: Option<&Text>) -> Result<Reach, Fault> {
        for name in hint.iter().flat_map(|hint| provenance::spellings(hint)) {
            let tag = format!("tags/{}", name.lossy());
            if self.commit(repository, &tag).await?.as_ref() == Some(sha) {
                return Ok(Reach::Proven { on: format!("refs/{tag}").into() });
            }
        }
        let head: Head = self.read(repository, "").await?;
        let main = format!("refs/heads/{}", head.default_branch.lossy());
        if self.holds(repository, &head.default_branch.lossy(), sha).await? == Some(true) {
            return Ok(Reach::Proven { on: main.into() });
        }
        let (branches, tags) = join!(self.tips(repository, "branches", "heads"), self.tips(repository, "tags", "tags"));
        let (branches, tags) = (branches?, tags?);
        let mut tips = branches.list;
        tips.sort_by_key(|(name, _)| rank(name));
        tips.extend(tags.list);
        if let Some((name, _)) = tips.iter().find(|(_, tip)| tip == sha) {
            return Ok(Reach::Proven { on: name.clone() });
        }
        self.contained(repository, sha, &tips, branches.whole && tags.whole).await
    }

    async fn contained(
        &self,
        repository: &Repository,
        sha: &CommitSha,
        tips: &[(Text, CommitSha)],
        all: bool,
    ) -> Result<Reach, Fault> {
        let mut apart = 0;
        for (name, tip) in tips.iter().take(COMPARES) {
            match self.holds(repository, tip.as_str(), sha).await? {
                Some(true) => return Ok(Reach::Proven { on: name.clone() }),
                Some(false) => apart += 1,
                None => {}
            }
        }
        if all && apart == tips.len() {
            return Ok(Reach::Impostor);
        }
        let why = safe!("{} of its branches and tags were looked at over GitHub's API, and none has it", apart);
        Ok(Reach::NotProven { why: why.as_str().into() })
    }

    /// Whether a branch or commit contains a commit; `None` where GitHub does not compare them, which proves nothing.
    async fn holds(&self, repository: &Repository, tip: &str, sha: &CommitSha) -> Result<Option<bool>, Fault> {
        // The second page: files, which nobody needs here, stand on the first.
        let rest = format!("/compare/{}...{sha}?per_page=1&page=2", escaped(tip));
        match self.read::<Lie>(repository, &rest).await {
            Ok(lie) => Ok(change::course(&lie.status).map(|course| matches!(course, Course::Behind | Course::Same))),
            Err(fault) if matches!(fault.trouble, Trouble::NotFound | Trouble::Refused) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn tips(&self, repository: &Repository, list: &str, kind: &str) -> Result<Tips, Fault> {
        let mut tips = Tips { list: Vec::new(), whole: false };
        for page in 1..=PAGES {
            let rest = format!("/{list}?per_page={PAGE}&page={page}");
            let here: Vec<Tip> = self.read(repository, &rest).await?;
            tips.whole = here.len() < PAGE;
            let name = |tip: &Tip| Text::new([b"refs/", kind.as_bytes(), b"/", tip.name.as_bytes()].concat());
            tips.list.extend(here.into_iter().map(|tip| (name(&tip), tip.commit.sha)));
            if tips.whole {
                break;
            }
        }
        Ok(tips)
    }

    async fn whole(&self, repository: &Repository, sha: &CommitSha, path_in: &Text) -> Result<Option<Vec<u8>>, Fault> {
        self.may_ask()?;
        let path = path(repository, &format!("/contents/{}?ref={sha}", escaped(&path_in.lossy())));
        match self.gh.api.get(&path, RAW).await {
            Ok(answer) if answer.body.len() > FILE_LIMIT => {
                let what = safe!("{} is larger than 1 MB", path_in.ident());
                Err(Fault::new(Trouble::Protocol, what, "look at the action at its source"))
            }
            Ok(answer) => Ok(Some(answer.body)),
            Err(fault) if fault.trouble == Trouble::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn change(&self, repository: &Repository, old: &CommitSha, new: &CommitSha) -> Result<Change, Fault> {
        let page = |n: u64| format!("/compare/{old}...{new}?per_page={PAGE}&page={n}");
        let first: Compare = self.read(repository, &page(1)).await?;
        let course = change::course(&first.status).ok_or_else(|| {
            Fault::new(Trouble::Protocol, "GitHub tells in no known word how two commits lie", "look on its page")
        })?;
        let pages = first.total_commits.div_ceil(PAGE as u64);
        // The oldest stand first, and the newest are told.
        let commits = match pages {
            0 | 1 => first.commits,
            last => self.read::<Compare>(repository, &page(last)).await?.commits,
        };
        Ok(Change {
            old: old.clone(),
            new: new.clone(),
            course,
            count: first.total_commits,
            commits: commits.iter().rev().filter_map(change::commit).take(COMMITS).collect(),
            link: Some(
                format!("https://{}/{}/compare/{old}...{new}", self.gh.api.host().name, repository.name()).into(),
            ),
        })
    }
}

/// How two commits lie, and the files of the change between them.
#[derive(Deserialize)]
struct Listed {
    status: Text,
    #[serde(default)]
    files: Option<Vec<serde::de::IgnoredAny>>,
}

impl OverApi {
    /// GitHub's own diff, where it is all of it: of more files than GitHub lists git knows more.
    async fn difference(&self, repository: &Repository, old: &CommitSha, new: &CommitSha) -> Result<Vec<u8>, Fault> {
        let rest = format!("/compare/{old}...{new}");
        let listed: Listed = self.read(repository, &format!("{rest}?per_page=1")).await?;
        // It compares with where the two part: elsewhere it would tell another change than the one between them.
        let apart = !matches!(change::course(&listed.status), Some(Course::Ahead | Course::Same));
        if apart || listed.files.is_some_and(|files| files.len() >= change::FILES) {
            let what = "GitHub's API does not give the whole diff of these two commits";
            return Err(Fault::new(Trouble::Refused, what, "git gives it: set look_up = true in [actions]"));
        }
        self.may_ask()?;
        Ok(self.gh.api.get(&path(repository, &rest), DIFF).await?.body)
    }
}

impl Names {
    fn get(&self, path: &str) -> Option<(String, CommitSha)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn put(&self, path: String, etag: String, sha: CommitSha) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(path, (etag, sha));
    }
}

fn path(repository: &Repository, rest: &str) -> String {
    format!("/repos/{}{rest}", repository.name())
}

/// Where among all branches one is looked at: those of releases first.
fn rank(name: &Text) -> usize {
    let name = name.lossy();
    let name = name.strip_prefix("refs/heads/").unwrap_or_default().to_ascii_lowercase();
    RELEASES.iter().position(|start| name.starts_with(start)).unwrap_or(RELEASES.len())
}

fn missing(reference: &SafeText) -> Fault {
    let what = safe!("GitHub knows no tag, branch or commit {} there, or this token may not see it", reference);
    Fault::new(Trouble::NotFound, what, "correct the reference, or find out who took it away")
}

impl Resolver for OverApi {
    fn covers(&self, repository: &Repository) -> bool {
        repository.forge() == Forge::Actions
    }

    fn resolve<'a>(&'a self, repository: &'a Repository, reference: &'a Text) -> Answer<'a, CommitSha> {
        self.named(repository, reference).boxed()
    }

    fn reach<'a>(
        &'a self,
        repository: &'a Repository,
        sha: &'a CommitSha,
        hint: Option<&'a Text>,
    ) -> BoxFuture<'a, Reach> {
        let found = self.found(repository, sha, hint);
        async move { found.await.unwrap_or_else(|fault| Reach::NotProven { why: fault.message.into() }) }.boxed()
    }

    fn file<'a>(
        &'a self,
        repository: &'a Repository,
        sha: &'a CommitSha,
        path: &'a Text,
    ) -> Answer<'a, Option<Vec<u8>>> {
        self.whole(repository, sha, path).boxed()
    }

    fn compare<'a>(&'a self, repository: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Change> {
        self.change(repository, old, new).boxed()
    }

    fn diff<'a>(&'a self, repository: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Vec<u8>> {
        self.difference(repository, old, new).boxed()
    }
}
