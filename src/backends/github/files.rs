//! The pipeline files of a revision, as git keeps them: folders and files by the id of their content. That never changes
//! what it stands for, so each is read once and base and head share what is alike. What is not given is said.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, stream};
use serde::Deserialize;

use super::call::{Api, RAW, READS};
use super::name::RepoName;
use super::select::is_about_one;
use crate::backends::port::Fault;
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::findings::pipeline::Workflow;
use crate::provenance::{Files, Lock, Tree};

/// Folders and files that are read for one revision.
const MOST: usize = 200;
/// A file is read up to here.
const LARGEST: u64 = 4 << 20;
/// What is kept of all repositories, in bytes.
const KEPT: usize = 16 << 20;

/// What an id stands for.
#[derive(Debug)]
enum Object {
    Folder(Vec<Entry>),
    File(Vec<u8>),
}

/// What lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Entry {
    path: Text,
    #[serde(rename = "type")]
    kind: Text,
    sha: CommitSha,
    #[serde(default)]
    size: Option<u64>,
}

/// The answer to a question for a folder.
#[derive(Deserialize)]
struct Listing {
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

/// An object, or why it is not to be had.
type Had = Result<Arc<Object>, Text>;

/// Objects that were read. One repository is not asked for what another one gave: it may not be allowed to be seen.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    objects: HashMap<(u64, CommitSha), Arc<Object>>,
    bytes: usize,
}

impl Store {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each change is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, repo: u64, id: &CommitSha) -> Option<Arc<Object>> {
        self.kept().objects.get(&(repo, id.clone())).cloned()
    }

    fn put(&self, repo: u64, id: CommitSha, object: &Arc<Object>) {
        let size = object.size();
        let mut kept = self.kept();
        if kept.bytes + size > KEPT {
            *kept = Kept::default();
        }
        if kept.objects.insert((repo, id), Arc::clone(object)).is_none() {
            kept.bytes += size;
        }
    }
}

impl Object {
    fn size(&self) -> usize {
        match self {
            Object::Folder(entries) => entries.iter().map(|entry| entry.path.as_bytes().len() + 128).sum(),
            Object::File(bytes) => bytes.len() + 128,
        }
    }
}

/// Where files are read.
pub(super) struct At<'a> {
    pub(super) api: &'a Api,
    pub(super) store: &'a Store,
    pub(super) repo: &'a RepoName,
    /// Its id.
    pub(super) id: u64,
}

/// What the pipeline files of a revision name and say.
#[derive(Debug, Default)]
pub(super) struct Grown {
    pub(super) tree: Tree,
    pub(super) workflows: Vec<Workflow>,
    /// The file that was asked for is there.
    pub(super) has_root: bool,
}

/// Reads a workflow file at a commit, what it calls in the same repository, and the lock file.
///
/// # Errors
/// Only where nothing can be read now: what is refused or missing is told in the tree.
pub(super) async fn grow(at: &At<'_>, commit: &CommitSha, root: &Text) -> Result<Grown, Fault> {
    let mut had = HashMap::new();
    loop {
        let mut revision = Revision { had: &had, commit, lacks: BTreeMap::new(), read: BTreeMap::new() };
        let tree = Tree::grow(std::slice::from_ref(root), &mut revision);
        let has_root = revision.object(root) != Ok(None);
        if revision.lacks.is_empty() {
            let workflows = revision.read.iter().map(|(path, bytes)| Workflow::read(path, bytes)).collect();
            return Ok(Grown { tree, workflows, has_root });
        }
        let lacks = std::mem::take(&mut revision.lacks);
        let came = at.fetch(lacks, MOST.saturating_sub(had.len())).await?;
        had.extend(came);
    }
}

impl At<'_> {
    /// Reads objects, `most` of them; of each others it is said that they were not.
    async fn fetch(&self, lacks: BTreeMap<CommitSha, Kind>, most: usize) -> Result<Vec<(CommitSha, Had)>, Fault> {
        let reads = lacks.into_iter().enumerate().map(|(n, (id, kind))| async move {
            let had = match self.store.get(self.id, &id) {
                Some(object) => Ok(object),
                None if n >= most => Err("more than 200 folders and files: not read".into()),
                None => self.one(&id, kind).await?,
            };
            Ok((id, had))
        });
        let came: Vec<Result<(CommitSha, Had), Fault>> = stream::iter(reads).buffer_unordered(READS).collect().await;
        came.into_iter().collect()
    }

    async fn one(&self, id: &CommitSha, kind: Kind) -> Result<Had, Fault> {
        let read = match kind {
            Kind::Folder => self.folder(id).await,
            Kind::File => self.file(id).await,
        };
        match read {
            Ok(Ok(object)) => {
                let object = Arc::new(object);
                self.store.put(self.id, id.clone(), &object);
                Ok(Ok(object))
            }
            Ok(Err(why)) => Ok(Err(why)),
            Err(fault) if is_about_one(&fault) => Ok(Err(fault.message.as_str().into())),
            Err(fault) => Err(fault),
        }
    }

    async fn folder(&self, id: &CommitSha) -> Result<Result<Object, Text>, Fault> {
        let listing: Listing = self.api.read(&self.repo.path(&format!("/git/trees/{id}"))).await?;
        let whole = !listing.truncated;
        Ok(whole.then_some(Object::Folder(listing.tree)).ok_or_else(|| "GitHub does not list all of its folder".into()))
    }

    async fn file(&self, id: &CommitSha) -> Result<Result<Object, Text>, Fault> {
        let answer = self.api.get(&self.repo.path(&format!("/git/blobs/{id}")), RAW).await?;
        Ok(Ok(Object::File(answer.body)))
    }
}

/// As what an object is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
}

/// A revision as far as it was read. What it lacks is noted, and counts as absent until it came.
struct Revision<'a> {
    had: &'a HashMap<CommitSha, Had>,
    commit: &'a CommitSha,
    lacks: BTreeMap<CommitSha, Kind>,
    /// Pipeline files that were read.
    read: BTreeMap<Text, Vec<u8>>,
}

impl Revision<'_> {
    fn had(&mut self, id: &CommitSha, kind: Kind) -> Result<Option<Arc<Object>>, Text> {
        match self.had.get(id) {
            Some(had) => had.clone().map(Some),
            None => {
                self.lacks.insert(id.clone(), kind);
                Ok(None)
            }
        }
    }

    fn entry(&mut self, path: &Text) -> Result<Option<Entry>, Text> {
        let (mut id, mut found) = (self.commit.clone(), None);
        for part in path.as_bytes().split(|b| *b == b'/') {
            if found.as_ref().is_some_and(|entry: &Entry| entry.kind != *"tree") {
                return Ok(None);
            }
            let Some(object) = self.had(&id, Kind::Folder)? else { return Ok(None) };
            let Object::Folder(entries) = &*object else { return Ok(None) };
            let Some(entry) = entries.iter().find(|entry| entry.path.as_bytes() == part) else { return Ok(None) };
            id = entry.sha.clone();
            found = Some(entry.clone());
        }
        Ok(found)
    }
}

impl Files for Revision<'_> {
    fn read(&mut self, path: &Text) -> Result<Option<Vec<u8>>, Text> {
        let Some(entry) = self.entry(path)? else { return Ok(None) };
        if entry.kind != *"blob" {
            return Err("it is no file of this repository".into());
        }
        if entry.size.is_some_and(|size| size > LARGEST) {
            return Err("larger than 4 MB".into());
        }
        let Some(object) = self.had(&entry.sha, Kind::File)? else { return Ok(None) };
        let Object::File(bytes) = &*object else { return Ok(None) };
        if path.as_bytes() != Lock::PATH.as_bytes() {
            self.read.insert(path.clone(), bytes.clone());
        }
        Ok(Some(bytes.clone()))
    }

    fn object(&mut self, path: &Text) -> Result<Option<Text>, Text> {
        Ok(self.entry(path)?.map(|entry| entry.sha.as_str().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> CommitSha {
        digit.repeat(40).parse().unwrap()
    }

    fn entry(path: &str, kind: &str, sha: &str, size: Option<u64>) -> Entry {
        Entry { path: path.into(), kind: kind.into(), sha: id(sha), size }
    }

    fn folder(entries: Vec<Entry>) -> Had {
        Ok(Arc::new(Object::Folder(entries)))
    }

    fn revision<'a>(had: &'a HashMap<CommitSha, Had>, commit: &'a CommitSha) -> Revision<'a> {
        Revision { had, commit, lacks: BTreeMap::new(), read: BTreeMap::new() }
    }

    #[test]
    fn a_path_is_walked_folder_by_folder_and_each_lacking_one_is_noted() {
        let commit = id("a");
        let mut had = HashMap::new();
        let lacks = |had: &HashMap<CommitSha, Had>, path: &str| {
            let commit = id("a");
            let mut revision = revision(had, &commit);
            assert_eq!(revision.read(&path.into()), Ok(None));
            revision.lacks.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(lacks(&had, "ci/action.yml"), [(id("a"), Kind::Folder)]);
        had.insert(commit.clone(), folder(vec![entry("ci", "tree", "b", None), entry("sub", "commit", "c", None)]));
        assert_eq!(lacks(&had, "ci/action.yml"), [(id("b"), Kind::Folder)]);
        had.insert(id("b"), folder(vec![entry("action.yml", "blob", "d", Some(5))]));
        assert_eq!(lacks(&had, "ci/action.yml"), [(id("d"), Kind::File)]);
        had.insert(id("d"), Ok(Arc::new(Object::File(b"runs:".to_vec()))));
        let mut revision = revision(&had, &commit);
        assert_eq!(revision.read(&"ci/action.yml".into()), Ok(Some(b"runs:".to_vec())));
        for (path, object) in [("ci", Some(id("b"))), ("ci/none", None), ("sub/action.yml", None), ("none/x", None)] {
            assert_eq!(revision.object(&path.into()), Ok(object.map(|id| id.as_str().into())), "{path}");
        }
        assert!(revision.lacks.is_empty());
    }

    #[test]
    fn what_is_refused_too_large_or_no_file_is_said_and_never_taken_for_absent() {
        let commit = id("a");
        let big = entry("big.yml", "blob", "b", Some(LARGEST + 1));
        let had = HashMap::from([
            (commit.clone(), folder(vec![big, entry("sub", "commit", "c", None), entry("ci", "tree", "d", None)])),
            (id("d"), Err(Text::from("HTTP 403"))),
        ]);
        let mut revision = revision(&had, &commit);
        for (path, why) in [
            ("big.yml", "larger than 4 MB"),
            ("sub", "it is no file of this repository"),
            ("ci/action.yml", "HTTP 403"),
        ] {
            assert_eq!(revision.read(&path.into()), Err(why.into()), "{path}");
        }
        assert_eq!(revision.object(&"ci/action.yml".into()), Err("HTTP 403".into()));
    }

    #[test]
    fn what_is_kept_has_a_bound_and_belongs_to_its_repository() {
        let store = Store::default();
        let object = Arc::new(Object::File(vec![0; KEPT / 2]));
        store.put(1, id("a"), &object);
        assert!(store.get(1, &id("a")).is_some() && store.get(2, &id("a")).is_none());
        store.put(1, id("b"), &object);
        assert!(store.get(1, &id("a")).is_none() && store.get(1, &id("b")).is_some());
    }
}
