//! Runs `git` on a repository that may be hostile: no hooks, no monitors, no external diffs, no attributes that hide
//! content, no network, bounded time and output. Every question is a method; raw bytes come back as they are.

mod history;
mod mirror;
mod mirrors;
mod remote;
#[cfg(test)]
mod tests;
mod tree;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub use mirror::{Cancel, Limits, Mirror, Tip};
pub use remote::repository_id;
pub use tree::{Change, Entry};

use super::process::bounded::{self, Failure, Finished, Flow};
use crate::domain::ids::CommitSha;
use crate::domain::text::{SafeText, Shown, Text, said};
use crate::safe;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The longest answer that is kept in memory, diffs and blobs aside.
const ANSWER: usize = 32 << 20;

/// Settings that a repository cannot override: they stand on the command line.
const SETTINGS: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.checkStat=default",
    "core.trustctime=true",
    "core.quotePath=true",
    "core.precomposeUnicode=false",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
    "diff.renames=true",
    "diff.suppressBlankEmpty=false",
    "diff.context=3",
    "diff.interHunkContext=0",
    "submodule.recurse=false",
];

/// Variables that would make git run, write or read something else.
const DROPPED: &[&str] = &[
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_PAGER",
    "GIT_EDITOR",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_PROXY_COMMAND",
    "GIT_ATTR_SOURCE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// Variables that are set for every question.
const SET: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_PAGER", "cat"),
];

/// A working tree, or a bare repository of our own.
#[derive(Clone, Debug)]
pub struct Git {
    top: PathBuf,
    /// What a mirror's questions are bound by; absent = a working tree.
    leash: Option<mirror::Leash>,
    /// `-c` settings that take away the filter programs of the repository's own config.
    disarmed: Vec<String>,
    /// The id of the tree without files: attributes are read from it, so that none hides content in a diff.
    empty: Option<String>,
}

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no git.
    #[error("git cannot be run: {}: install git, or ask without a repository from another folder", said(.0))]
    Missing(io::Error),
    /// The folder for what is fetched cannot be used.
    #[error("cannot keep what git fetches: {}", said(.0))]
    Folder(io::Error),
    /// It refused.
    #[error("git {what} failed: {}", says.prose())]
    Refused {
        /// The question.
        what: SafeText,
        /// The first line of its complaint.
        says: Text,
    },
    /// It did not come to an end.
    #[error("git {what}: {why}")]
    Stuck {
        /// The question.
        what: SafeText,
        /// How.
        why: Failure,
    },
    /// The answer is longer than what is read, or not of the form that it should have.
    #[error("git {what}: the answer {how}")]
    Odd {
        /// The question.
        what: SafeText,
        /// Too long, or garbled.
        how: &'static str,
    },
}

impl Shown for Fault {}

impl Git {
    /// The working tree that `folder` lies in; absent where it lies in none.
    ///
    /// # Errors
    /// Where git is missing, or refuses the repository (somebody else's, damaged).
    pub fn open(folder: &Path) -> Result<Option<Self>, Fault> {
        let mut git = Self { top: folder.to_owned(), leash: None, disarmed: Vec::new(), empty: None };
        let top = match git.line(["rev-parse", "--show-toplevel"]) {
            Ok(top) => top,
            Err(Fault::Refused { says, .. }) if says.lossy().contains("not a git repository") => return Ok(None),
            Err(Fault::Refused { says, .. }) if says.lossy().contains("must be run in a work tree") => return Ok(None),
            Err(fault) => return Err(fault),
        };
        git.top = PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(top.as_bytes()));
        git.disarmed = git.own_filters()?;
        git.empty =
            git.line(["hash-object", "-t", "tree", "/dev/null"]).ok().and_then(|id| id.as_str().map(str::to_owned));
        Ok(Some(git))
    }

    /// The top folder of the working tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new("git");
        command.arg("--no-pager").arg("-C").arg(&self.top);
        for setting in SETTINGS.iter().copied().chain(self.disarmed.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_TRACE")) {
            command.env_remove(name);
        }
        for name in DROPPED {
            command.env_remove(name);
        }
        super::process::without_secrets(&mut command).envs(SET.iter().copied()).args(args);
        if self.leash.is_some() {
            mirror::only_here(&mut command, &self.top);
        }
        command
    }

    /// Like `command`, with attributes read from a tree that has none.
    fn plain_command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command(args);
        command.envs(self.empty.as_deref().map(|id| ("GIT_ATTR_SOURCE", id)));
        command
    }

    fn run(&self, mut command: Command, sink: &mut dyn FnMut(&[u8]) -> Flow) -> Result<Finished, Fault> {
        let what = what(&command);
        let ended = match &self.leash {
            None => bounded::run(&mut command, LIMIT, sink),
            Some(leash) => bounded::run_unless(&mut command, leash.time(), Some(&|| leash.broken()), sink),
        };
        match ended {
            Ok(end) if end.stopped || end.code == Some(0) => Ok(end),
            Ok(end) => Err(Fault::Refused { what, says: first_line(&end.complaint) }),
            Err(Failure::Io(e)) if e.kind() == io::ErrorKind::NotFound => Err(Fault::Missing(e)),
            Err(why) => Err(Fault::Stuck { what, why }),
        }
    }

    fn bytes(&self, command: Command, most: usize) -> Result<Vec<u8>, Fault> {
        let what = what(&command);
        let mut all = Vec::new();
        let end = self.run(command, &mut |piece| {
            all.extend_from_slice(piece);
            if all.len() > most { Flow::Stop } else { Flow::More }
        })?;
        if end.stopped { Err(Fault::Odd { what, how: "is too long" }) } else { Ok(all) }
    }

    fn ask<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<Vec<u8>, Fault> {
        self.bytes(self.command(args), ANSWER)
    }

    fn line<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<Text, Fault> {
        let mut answer = self.ask(args)?;
        if answer.last() == Some(&b'\n') {
            answer.pop();
        }
        Ok(Text::new(answer))
    }

    /// A line, or nothing where git says no.
    fn maybe_line<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<Option<Text>, Fault> {
        match self.line(args) {
            Ok(line) if line.is_empty() => Ok(None),
            Ok(line) => Ok(Some(line)),
            Err(Fault::Refused { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The whole commit id that `name` stands for; absent where there is no such commit in this checkout.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn resolve(&self, name: &str) -> Result<Option<CommitSha>, Fault> {
        let commit = format!("{name}^{{commit}}");
        let line = self.maybe_line(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        Ok(line.and_then(|l| l.as_str().and_then(|s| s.parse().ok())))
    }

    /// The commit that is checked out; absent before the first one.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn head(&self) -> Result<Option<CommitSha>, Fault> {
        self.resolve("HEAD")
    }

    /// The branch that is checked out; absent on a detached head.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn branch(&self) -> Result<Option<Text>, Fault> {
        self.maybe_line(["symbolic-ref", "--short", "--quiet", "HEAD"])
    }

    /// The mail address that commits of this user would carry.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn email(&self) -> Result<Option<Text>, Fault> {
        self.maybe_line(["config", "--get", "user.email"])
    }
}

/// The git command in a word or two, for messages.
fn what(command: &Command) -> SafeText {
    let known = |arg: &OsStr| VERBS.iter().find(|verb| arg == **verb).copied();
    safe!("{}", command.get_args().find_map(known).unwrap_or("command"))
}

const VERBS: &[&str] = &[
    "rev-parse",
    "symbolic-ref",
    "config",
    "merge-base",
    "rev-list",
    "log",
    "diff",
    "status",
    "ls-files",
    "ls-tree",
    "cat-file",
    "remote",
    "hash-object",
    "ls-remote",
    "init",
    "fetch",
    "for-each-ref",
];

fn first_line(complaint: &Text) -> Text {
    Text::new(complaint.as_bytes().split(|b| *b == b'\n').next().unwrap_or_default())
}

/// The non-empty pieces between NULs.
fn between_nuls(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == 0).filter(|piece| !piece.is_empty())
}
