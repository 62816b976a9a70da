//! The state of the working tree, and files of a revision.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{ANSWER, Fault, Git, between_nuls};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;

/// How a file differs from head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Tracked, and not as head has it; or marked so that git would not look.
    Changed,
    /// Not tracked and not ignored.
    Untracked,
}

/// One file that is not as head has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path below the top folder.
    pub path: Text,
    /// How it differs.
    pub change: Change,
}

/// Filter programs of a local config that are as `git lfs install --local` writes them.
const KNOWN_FILTERS: &[&str] = &[
    "git-lfs clean -- %f",
    "git-lfs smudge -- %f",
    "git-lfs smudge --skip -- %f",
    "git-lfs filter-process",
    "git-lfs filter-process --skip",
];

impl Git {
    /// The id of a commit's tree.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn tree_id(&self, commit: &CommitSha) -> Result<Text, Fault> {
        self.line(["rev-parse", "--verify", "--end-of-options", &format!("{commit}^{{tree}}")])
    }

    /// Every file that differs from head, by path; ignored ones are left out. A file that the index tells git to
    /// overlook counts as changed: otherwise a flag in the index would make a swapped script look clean.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn status(&self) -> Result<Vec<Entry>, Fault> {
        let args =
            ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none"];
        let mut entries = parse_status(&self.ask(args)?);
        for path in parse_overlooked(&self.ask(["ls-files", "-v", "-z"])?) {
            let there = self.top.join(Path::new(std::ffi::OsStr::from_bytes(path.as_bytes())));
            if there.symlink_metadata().is_ok() {
                entries.entry(path).or_insert(Change::Changed);
            }
        }
        Ok(entries.into_iter().map(|(path, change)| Entry { path, change }).collect())
    }

    /// Paths of the files below these folders in a revision; a file may stand for a folder.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn files(&self, commit: &CommitSha, folders: &[&str]) -> Result<Vec<Text>, Fault> {
        let fixed = ["ls-tree", "-r", "-z", "--name-only", "--full-tree", "--end-of-options", commit.as_str(), "--"];
        let args = fixed.iter().chain(folders).copied();
        Ok(between_nuls(&self.ask(args)?).map(Text::new).collect())
    }

    /// The id of a file or folder of a revision: what names its content. Absent where there is none.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn object(&self, commit: &CommitSha, path: &Text) -> Result<Option<Text>, Fault> {
        let Some(path) = path.as_str() else { return Ok(None) };
        self.maybe_line(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{commit}:{path}")])
    }

    /// A file of a revision; absent where it is not there or larger than `most`.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn blob(&self, commit: &CommitSha, path: &Text, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        let name = [commit.as_str().as_bytes(), b":", path.as_bytes()].concat();
        let mut command = self.command(["cat-file", "blob"]);
        command.arg(std::ffi::OsStr::from_bytes(&name));
        match self.bytes(command, most.min(ANSWER)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Fault::Refused { .. } | Fault::Odd { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Settings that take away the filter programs which the repository's own config names: a look at the tree
    /// would run them. Those of git-lfs stay, as do the user's own.
    pub(super) fn own_filters(&self) -> Result<Vec<String>, Fault> {
        let args = ["config", "--local", "--includes", "-z", "--get-regexp", r"^filter\..*\.(clean|smudge|process)$"];
        let answer = match self.ask(args) {
            Ok(answer) => answer,
            Err(Fault::Refused { .. }) => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        };
        Ok(parse_filters(&answer))
    }
}

/// `KEY\nVALUE\0` each; the answer turns every program that is not known into no program at all.
pub(super) fn parse_filters(answer: &[u8]) -> Vec<String> {
    let mut settings = Vec::new();
    for piece in between_nuls(answer) {
        let text = String::from_utf8_lossy(piece);
        let (key, value) = text.split_once('\n').unwrap_or((&text, ""));
        if !KNOWN_FILTERS.contains(&value) {
            let name = key.rsplit_once('.').map_or(key, |(name, _)| name);
            settings.extend([format!("{key}="), format!("{name}.required=false")]);
        }
    }
    settings
}

/// `XY PATH\0` each; `--no-renames` keeps it so.
pub(super) fn parse_status(answer: &[u8]) -> BTreeMap<Text, Change> {
    let entry = |piece: &[u8]| {
        let (mark, path) = piece.split_at_checked(3)?;
        let change = if mark.starts_with(b"??") { Change::Untracked } else { Change::Changed };
        Some((Text::new(path), change))
    };
    between_nuls(answer).filter_map(entry).collect()
}

/// `T PATH\0` each: lower case = "assume unchanged", `S` = "skip worktree".
pub(super) fn parse_overlooked(answer: &[u8]) -> Vec<Text> {
    let overlooked = |piece: &[u8]| {
        let (mark, path) = piece.split_at_checked(2)?;
        let flag = *mark.first()?;
        (flag.is_ascii_lowercase() || flag == b'S').then(|| Text::new(path))
    };
    between_nuls(answer).filter_map(overlooked).collect()
}
