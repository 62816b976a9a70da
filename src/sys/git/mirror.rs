//! The commits of a repository elsewhere, without its files, in a bare repository of our own. Nothing of it is ever
//! checked out or run; every question is bound in time and bytes and can be called off.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::super::files::{self, Lock};
use super::history::DIFF;
use super::{ANSWER, Fault, Git, mirrors};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::sys::process::bounded::Flow;

/// Settings of every question to a repository elsewhere.
const SETTINGS: &[&str] = &[
    "safe.bareRepository=all",
    "protocol.version=2",
    "http.followRedirects=false",
    "credential.interactive=false",
    "fetch.recurseSubmodules=false",
    "transfer.bundleURI=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// The tree without files, which every repository has.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Variables that would lead git to another repository.
const LEADING: &[&str] = &[
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
];

/// Calls questions off, from anywhere. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends what runs, and what is asked later.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How much may be spent on one mirror at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time of all its questions.
    pub time: Duration,
    /// Bytes that it may have on disk.
    pub bytes: u64,
}

/// What ends a mirror's questions early.
#[derive(Clone, Debug)]
pub(super) struct Leash {
    folder: PathBuf,
    until: Instant,
    bytes: u64,
    cancel: Cancel,
}

impl Leash {
    pub(super) fn time(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    pub(super) fn broken(&self) -> Option<&'static str> {
        if self.cancel.0.load(Ordering::Relaxed) {
            return Some("called off");
        }
        (size(&self.folder) > self.bytes).then_some("it would be more bytes than `mirror_mib` allows")
    }
}

/// The git variables of a repository of our own: what lies around it and what the caller's environment says of
/// another one do not count.
pub(super) fn only_here(command: &mut Command, folder: &Path) {
    for name in LEADING {
        command.env_remove(name);
    }
    command.env("GIT_DIR", folder);
}

/// What a branch or tag stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// `refs/tags/v4`.
    pub name: Text,
    /// The object: of an annotated tag the tag itself.
    pub object: CommitSha,
    /// The commit.
    pub commit: CommitSha,
}

/// A mirror of the commits of one repository.
#[derive(Debug)]
pub struct Mirror {
    git: Git,
    url: String,
    root: PathBuf,
    quota: u64,
    /// While it is held, no other process removes the mirror.
    _used: Lock,
}

impl Mirror {
    /// The mirror of `url` below `root`; nothing is asked yet. `url` is of a scheme that git may use here.
    ///
    /// # Errors
    /// Where the folder cannot be made or is not ours, or git is missing.
    pub fn open(root: &Path, url: &str, limits: Limits, cancel: Cancel) -> Result<Self, Fault> {
        let name = crate::domain::digest::Digest::of(url.as_bytes()).hex();
        let name = name.get(..32).unwrap_or_default();
        let folder = root.join(name);
        let used = files::private_dir(root).and_then(|()| mirrors::take(root, name)).map_err(Fault::Folder)?;
        files::private_dir(&folder).map_err(Fault::Folder)?;
        // One mirror that may be as large as it likes does not drive all others out.
        let quota = mirrors::QUOTA.max(limits.bytes.saturating_mul(2));
        let until = Instant::now() + limits.time;
        let leash = Leash { folder: folder.clone(), until, bytes: limits.bytes, cancel };
        let disarmed = SETTINGS.iter().map(|s| (*s).to_owned()).collect();
        let git = Git { top: folder, leash: Some(leash), disarmed, empty: None };
        Ok(Self { git, url: url.to_owned(), root: root.to_owned(), quota, _used: used })
    }

    /// Every branch and tag as it is now.
    ///
    /// # Errors
    /// Where the repository cannot be reached or does not answer in time.
    pub fn tips(&self) -> Result<Vec<Tip>, Fault> {
        let mut command = self.outside(["ls-remote", "--heads", "--tags", "--", &self.url]);
        command.env("GIT_NO_LAZY_FETCH", "1");
        parse_tips(&self.git.bytes(command, ANSWER)?).ok_or(Fault::Odd { what: "ls-remote".into(), how: "is garbled" })
    }

    /// Fetches the commits of every branch and tag, and forgets those that are gone.
    ///
    /// # Errors
    /// Where it cannot be fetched within its limits, or another process does just now.
    pub fn fetch(&self) -> Result<(), Fault> {
        let Some(_lock) = Lock::try_take(&self.git.top.join("jit-tui.lock")).map_err(Fault::Folder)? else {
            return Err(Fault::Odd { what: "fetch".into(), how: "has to wait: another jit-tui fetches it just now" });
        };
        self.begin()?;
        self.take(&["--prune", "origin", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])
    }

    /// A branch or tag that contains this commit, as of the last `fetch`.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn containing(&self, sha: &CommitSha) -> Result<Option<Text>, Fault> {
        if self.git.resolve(sha.as_str())?.is_none() {
            return Ok(None);
        }
        let contains = format!("--contains={sha}");
        self.git.maybe_line(["for-each-ref", "--count=1", "--format=%(refname)", &contains, "refs/tags", "refs/heads"])
    }

    /// A file at a commit; `None` where it has none of that name.
    ///
    /// # Errors
    /// Where it cannot be fetched, or is larger than `most`.
    pub fn file(&self, sha: &CommitSha, path: &Text, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        self.want(sha)?;
        let mut list = self.outside(["ls-tree", "-z", "--full-tree", "--end-of-options", sha.as_str(), "--"]);
        list.arg(std::ffi::OsStr::from_bytes(path.as_bytes()));
        let Some(blob) = parse_entry(&self.git.bytes(list, ANSWER)?) else { return Ok(None) };
        self.git.bytes(self.outside(["cat-file", "blob", &blob]), most).map(Some)
    }

    /// Sees to it that a commit is here with all before it, whether or not a branch or tag contains it.
    ///
    /// # Errors
    /// Where it cannot be fetched.
    pub fn want(&self, sha: &CommitSha) -> Result<(), Fault> {
        self.begin()?;
        match self.git.resolve(sha.as_str())? {
            Some(_) => Ok(()),
            None => self.take(&["origin", sha.as_str()]),
        }
    }

    /// The unified diff between two commits, piece by piece, in the form of `Git::diff`. What of their files is
    /// missing is fetched; attributes of the repository hide nothing.
    ///
    /// # Errors
    /// Where it cannot be fetched within the limits.
    pub fn diff(&self, base: &CommitSha, head: &CommitSha, sink: &mut dyn FnMut(&[u8]) -> Flow) -> Result<(), Fault> {
        self.want(base)?;
        self.want(head)?;
        let ends = ["--end-of-options", base.as_str(), head.as_str(), "--"];
        let mut command = self.outside(DIFF.iter().copied().chain(ends));
        command.env("GIT_ATTR_SOURCE", EMPTY_TREE);
        self.git.run(command, sink).map(drop)
    }

    /// The commits that are here, for questions about history.
    pub fn history(&self) -> &Git {
        &self.git
    }

    /// Makes the bare repository where there is none yet.
    fn begin(&self) -> Result<(), Fault> {
        if self.git.top.join("HEAD").exists() {
            return Ok(());
        }
        self.git.ask(["init", "--quiet", "--bare", "--template="])?;
        for (key, value) in [
            ("remote.origin.url", self.url.as_str()),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "tree:0"),
        ] {
            self.git.ask(["config", key, value])?;
        }
        Ok(())
    }

    fn take(&self, what: &[&str]) -> Result<(), Fault> {
        let args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
        let filter = ["--filter=tree:0", "--end-of-options"];
        let mut command = self.outside(args);
        // Options stand before the end of options, names behind it.
        let (options, names): (Vec<&str>, Vec<&str>) = what.iter().partition(|arg| arg.starts_with("--"));
        command.args(options).args(filter).args(names);
        self.git.bytes(command, ANSWER)?;
        // What cannot be swept now is swept another time.
        drop(mirrors::sweep(&self.root, mirrors::KEEP, self.quota, SystemTime::now()));
        Ok(())
    }

    /// A question that may use the network, by this URL's own protocol only, and never asks anybody anything.
    fn outside<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.git.command(args);
        let scheme = self.url.split_once("://").map_or("none", |(scheme, _)| scheme);
        command.env("GIT_ALLOW_PROTOCOL", scheme).env("GIT_NO_LAZY_FETCH", "0").env("GIT_ASKPASS", "");
        command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes");
        command
    }
}

/// `SHA\tNAME\n` each; `NAME^{}` behind an annotated tag names its commit.
fn parse_tips(answer: &[u8]) -> Option<Vec<Tip>> {
    let mut tips: Vec<Tip> = Vec::new();
    for line in answer.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let at = line.iter().position(|b| *b == b'\t')?;
        let (sha, name) = line.split_at_checked(at)?;
        let sha: CommitSha = std::str::from_utf8(sha).ok()?.parse().ok()?;
        let name = name.get(1..)?;
        match (name.strip_suffix(b"^{}"), tips.last_mut()) {
            (Some(name), Some(tag)) if tag.name.as_bytes() == name => tag.commit = sha,
            (Some(_), _) => return None,
            (None, _) => tips.push(Tip { name: Text::new(name), object: sha.clone(), commit: sha }),
        }
    }
    Some(tips)
}

/// `MODE blob SHA\tPATH\0`; a link or a folder is no file.
fn parse_entry(answer: &[u8]) -> Option<String> {
    let entry = super::between_nuls(answer).next()?;
    let text = std::str::from_utf8(entry.split(|b| *b == b'\t').next()?).ok()?;
    let mut fields = text.split(' ');
    let mode = fields.next()?;
    (mode.starts_with("100") && fields.next()? == "blob").then(|| fields.next().map(str::to_owned)).flatten()
}

/// Bytes of the packs and objects below a folder.
pub(super) fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}
