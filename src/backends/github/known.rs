//! What this adapter knows between two calls. Behind one lock that is never held while anything is awaited.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::evidence::Read;
use super::gates::{Gate, Live, Review};
use super::name::{Part, RepoName};
use super::select::{Cache, Chosen};
use super::wire::Run;
use crate::domain::digest::Digest;
use crate::domain::ids::RequestKey;
use crate::domain::request::Request;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Ms;

/// Evidence is big: so many requests keep theirs.
const READS: usize = 24;
/// Runs that were read one by one and are remembered.
const RUNS: usize = 2_000;
/// Blob ids that are remembered; they never change.
const BLOBS: usize = 20_000;

/// A list of runs of one repository, as it was read last.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) etag: Option<String>,
    pub(super) runs: Vec<Arc<Run>>,
    pub(super) read_at: Option<Ms>,
    /// Why it cannot be read; the others go on.
    pub(super) trouble: Option<SafeText>,
    /// Something was decided: it is read at the next poll, whatever its turn.
    pub(super) stale: bool,
}

/// A repository that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) chosen: Chosen,
    pub(super) waiting: Listed,
    pub(super) forks: Listed,
}

/// What a run waits at, and who has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) attempt: u32,
    pub(super) updated: Option<Ms>,
    pub(super) gates: Vec<Gate>,
    pub(super) reviews: Vec<Review>,
    /// Who signed the commit, in words; absent = not told.
    pub(super) commit: Option<SafeText>,
    pub(super) read_at: Ms,
}

/// What stands for the evidence of a request in a decision. The first reading changes nothing, since it only shows what
/// base and head fix already; every later difference does.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    pub(super) digest: Digest,
    base: Option<String>,
    manifest: Option<Digest>,
}

#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) repos: Vec<Watched>,
    pub(super) chosen_at: Option<Ms>,
    pub(super) lists: Cache,
    pub(super) list_troubles: Vec<SafeText>,
    pub(super) names: HashMap<u64, RepoName>,
    pub(super) details: HashMap<u64, Details>,
    /// Apps that hold an environment, with when that was read.
    pub(super) holders: HashMap<(u64, u64), (Ms, Vec<Text>)>,
    pub(super) shown: BTreeMap<RequestKey, Arc<Request>>,
    pub(super) cursor: u64,
    pub(super) cycle: u64,
    pub(super) polled_at: Option<Ms>,
    /// Evidence came since the last poll.
    pub(super) evidence_came: bool,
    pub(super) you: Option<Text>,
    blobs: HashMap<(u64, String, String), Option<String>>,
    read_runs: HashMap<u64, Arc<Run>>,
    reads: VecDeque<(RequestKey, Arc<Read>)>,
    stands: HashMap<RequestKey, Stand>,
}

impl Known {
    /// The blob id of a file at a commit: `None` = not asked yet, `Some(None)` = there is none.
    pub(super) fn blob(&self, run: &Run) -> Option<Option<String>> {
        self.blobs.get(&blob_key(run)?).cloned()
    }

    pub(super) fn learn_blob(&mut self, run: &Run, blob: Option<String>) {
        if self.blobs.len() >= BLOBS {
            self.blobs.clear();
        }
        if let Some(key) = blob_key(run) {
            self.blobs.insert(key, blob);
        }
    }

    pub(super) fn read(&self, key: &RequestKey) -> Option<Arc<Read>> {
        self.reads.iter().find(|(k, _)| k == key).map(|(_, read)| Arc::clone(read))
    }

    /// Bytes by their digest.
    pub(super) fn bytes(&self, digest: &Digest) -> Option<Arc<Read>> {
        let has = |read: &Arc<Read>| read.evidence.diff.as_ref().is_some_and(|blob| blob.digest == *digest);
        self.reads.iter().map(|(_, read)| read).find(|read| has(read)).cloned()
    }

    pub(super) fn keep(&mut self, key: RequestKey, read: Arc<Read>, manifest: Digest) {
        self.stand_on(&key, Some(manifest), read.evidence.base.as_ref().map(|b| b.sha.as_str()));
        self.reads.retain(|(k, _)| *k != key);
        self.reads.push_back((key, read));
        while self.reads.len() > READS {
            self.reads.pop_front();
        }
        self.evidence_came = true;
    }

    /// The digest that stands for the evidence of a request; what was deployed since counts.
    pub(super) fn evidence(&mut self, key: &RequestKey, run: &Run, environment: &Text, live: Option<&Live>) -> Digest {
        self.stands.entry(key.clone()).or_insert_with(|| Stand {
            digest: Digest::tagged("jit-tui/github/evidence/v1", &first(run, environment)),
            base: None,
            manifest: None,
        });
        let base = live.filter(|live| live.success).map(|live| live.sha.as_str());
        self.stand_on(key, None, base);
        self.stands.get(key).map_or(Digest::of(b""), |stand| stand.digest)
    }

    fn stand_on(&mut self, key: &RequestKey, manifest: Option<Digest>, base: Option<&str>) {
        let Some(stand) = self.stands.get_mut(key) else { return };
        let moved = |old: Option<&str>, new: Option<&str>| old.is_some() && new.is_some() && old != new;
        let other = manifest.is_some() && stand.manifest.is_some() && manifest != stand.manifest;
        if moved(stand.base.as_deref(), base) || other {
            let bytes = format!(
                "{}\n{}\n{}",
                stand.digest,
                base.unwrap_or_default(),
                manifest.map_or(String::new(), |m| m.hex())
            );
            stand.digest = Digest::tagged("jit-tui/github/evidence/v1", bytes.as_bytes());
        }
        stand.base = base.map(str::to_owned).or(stand.base.take());
        stand.manifest = manifest.or(stand.manifest);
    }

    /// A run was decided or read: the lists that it stands in are due.
    pub(super) fn is_stale(&mut self, run: &Run) {
        let here = |w: &&mut Watched| w.waiting.runs.iter().chain(&w.forks.runs).any(|r| r.id == run.id);
        for watched in self.repos.iter_mut().filter(here) {
            watched.waiting.stale = true;
            watched.forks.stale = true;
        }
    }

    /// Forgets what belongs to requests and runs that are gone.
    pub(super) fn forget_gone(&mut self, runs: &std::collections::HashSet<u64>) {
        self.details.retain(|id, _| runs.contains(id));
        let shown = &self.shown;
        if self.stands.len() > 4 * shown.len().max(256) {
            self.stands.retain(|key, _| shown.contains_key(key));
        }
    }

    /// A run as it was read last.
    pub(super) fn run(&self, id: u64) -> Option<Arc<Run>> {
        let listed = || self.runs().find(|(_, run, _)| run.id == id).map(|(_, run, _)| Arc::clone(run));
        self.read_runs.get(&id).cloned().or_else(listed)
    }

    pub(super) fn remember(&mut self, run: &Arc<Run>) {
        if self.read_runs.len() >= RUNS {
            self.read_runs.clear();
        }
        self.read_runs.insert(run.id, Arc::clone(run));
    }

    /// Whether we may write to a repository, where that was told.
    pub(super) fn push(&self, repo: u64) -> Option<bool> {
        let name = self.names.get(&repo)?;
        self.repos.iter().find(|w| w.chosen.name == *name)?.chosen.push
    }

    /// Every list that is known, with its repository.
    pub(super) fn runs(&self) -> impl Iterator<Item = (&Watched, &Arc<Run>, Kind)> {
        self.repos.iter().flat_map(|repo| {
            let waiting = repo.waiting.runs.iter().map(move |run| (repo, run, Kind::Waiting));
            let forks = repo.forks.runs.iter().map(move |run| (repo, run, Kind::Fork));
            waiting.chain(forks)
        })
    }
}

/// Which list a run stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Waiting,
    Fork,
}

impl Kind {
    pub(super) fn status(self) -> &'static str {
        match self {
            Kind::Waiting => "waiting",
            Kind::Fork => "action_required",
        }
    }
}

impl Watched {
    pub(super) fn list(&self, kind: Kind) -> &Listed {
        match kind {
            Kind::Waiting => &self.waiting,
            Kind::Fork => &self.forks,
        }
    }

    pub(super) fn list_mut(&mut self, kind: Kind) -> &mut Listed {
        match kind {
            Kind::Waiting => &mut self.waiting,
            Kind::Fork => &mut self.forks,
        }
    }
}

impl Details {
    /// The gate of an environment, and the wave that waits there.
    pub(super) fn gate(&self, part: Part) -> Option<&Gate> {
        match part {
            Part::Environment { id, .. } => self.gates.iter().find(|gate| gate.id == id),
            Part::Fork => None,
        }
    }
}

fn blob_key(run: &Run) -> Option<(u64, String, String)> {
    Some((run.repository.id, run.head_sha.as_str()?.to_owned(), run.workflow_path()?.to_owned()))
}

fn first(run: &Run, environment: &Text) -> Vec<u8> {
    let mut bytes = format!("{}\n", run.repository.id).into_bytes();
    bytes.extend_from_slice(run.head_sha.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(environment.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    fn live(sha: &str) -> Live {
        Live { sha: sha.to_owned(), success: true, at: None }
    }

    #[test]
    fn reading_the_evidence_changes_nothing_and_another_base_does() {
        let (mut known, run) = (Known::default(), testing::run(8841));
        let key: RequestKey = "github/1.8841.9.0#1".parse().unwrap();
        let production = Text::from("production");
        let mut stand = |base: Option<&str>| known.evidence(&key, &run, &production, base.map(live).as_ref());
        let first = stand(None);
        assert_eq!(stand(Some("a")), first);
        assert_eq!(stand(None), first);
        let moved = stand(Some("b"));
        assert_ne!(moved, first);
        assert_eq!(stand(Some("b")), moved);
        known.stand_on(&key, Some(Digest::of(b"manifest")), Some("b"));
        assert_eq!(known.evidence(&key, &run, &production, None), moved);
        known.stand_on(&key, Some(Digest::of(b"a tag moved")), Some("b"));
        assert_ne!(known.evidence(&key, &run, &production, None), moved);
    }

    #[test]
    fn a_failed_deployment_is_no_base() {
        let (mut known, run) = (Known::default(), testing::run(8841));
        let key: RequestKey = "github/1.8841.9.0#1".parse().unwrap();
        let first = known.evidence(&key, &run, &"p".into(), Some(&live("a")));
        let failed = Live { success: false, ..live("b") };
        assert_eq!(known.evidence(&key, &run, &"p".into(), Some(&failed)), first);
    }
}
