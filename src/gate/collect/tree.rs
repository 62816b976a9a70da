//! The state of the working tree: what differs from head, and a digest over all of it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::files;
use crate::domain::digest::Hasher;
use crate::domain::evidence::{Cut, Tree};
use crate::domain::text::Text;
use crate::sys::git::{Change, Entry, Fault, Git};

/// Bytes of changed and untracked files whose contents are read; past it size and times stand for them.
const BUDGET: u64 = 256 << 20;
/// Names that are listed; the digest holds all.
const LISTED: usize = 500;
/// Repositories inside of repositories that are followed.
const DEPTH: u32 = 4;

/// What a look at the tree gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// For the evidence.
    pub tree: Tree,
    /// What is not listed by name.
    pub cut: Option<Cut>,
}

/// Looks at the working tree.
///
/// # Errors
/// Where git gives no answer; then nothing may be called clean.
pub fn snapshot(git: &Git) -> Result<Snapshot, Fault> {
    let mut hasher = Hasher::tagged("jit-tui/tree/v1");
    let mut budget = BUDGET;
    let entries = add(&mut hasher, git, &mut budget, DEPTH)?;
    let listed = |change: Change| -> Vec<Text> {
        entries.iter().filter(|e| e.change == change).map(|e| e.path.clone()).take(LISTED).collect()
    };
    let tree = Tree { digest: hasher.finish(), changed: listed(Change::Changed), untracked: listed(Change::Untracked) };
    let (kept, of) = ((tree.changed.len() + tree.untracked.len()) as u64, entries.len() as u64);
    let cut = (kept < of).then(|| Cut { what: Text::from("names of changed files"), kept, of });
    Ok(Snapshot { tree, cut })
}

fn add(hasher: &mut Hasher, git: &Git, budget: &mut u64, depth: u32) -> Result<Vec<Entry>, Fault> {
    let head = git.head()?;
    let tree = head.as_ref().map(|head| git.tree_id(head)).transpose()?;
    hasher.field(tree.unwrap_or_default().as_bytes());
    let entries = git.status()?;
    for entry in &entries {
        hasher.field(entry.path.as_bytes());
        let path = git.top().join(Path::new(OsStr::from_bytes(entry.path.as_bytes())));
        files::add(hasher, &path, budget);
        if path.is_dir() && !path.is_symlink() {
            nested(hasher, git, &path, budget, depth)?;
        }
    }
    Ok(entries)
}

/// A submodule or a repository that lies inside: git names its folder only.
fn nested(hasher: &mut Hasher, outer: &Git, path: &Path, budget: &mut u64, depth: u32) -> Result<(), Fault> {
    let inner = Git::open(path)?.filter(|inner| inner.top() != outer.top());
    match (inner, depth.checked_sub(1)) {
        (Some(inner), Some(depth)) => {
            if let Some(head) = inner.head()? {
                hasher.field(head.as_str().as_bytes());
            }
            add(hasher, &inner, budget, depth).map(drop)
        }
        _ => {
            hasher.field(b"not followed");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, args: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-C"]).arg(folder).args(args);
        assert!(command.output().unwrap().status.success(), "git {args:?}");
    }

    fn repository(folder: &Path) {
        git(folder, &["init", "-q"]);
        std::fs::write(folder.join("deploy.sh"), "echo 1").unwrap();
        git(folder, &["add", "-A"]);
        git(folder, &["commit", "-q", "-m", "first"]);
    }

    fn look(folder: &Path) -> Snapshot {
        snapshot(&Git::open(folder).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn every_change_of_the_tree_changes_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path());
        let clean = look(folder.path());
        assert!(clean.tree.is_clean());
        assert_eq!(clean, look(folder.path()));

        std::fs::write(folder.path().join("deploy.sh"), "echo 2").unwrap();
        let changed = look(folder.path());
        assert_eq!(changed.tree.changed, [Text::from("deploy.sh")]);
        std::fs::write(folder.path().join("new"), "x").unwrap();
        let untracked = look(folder.path());
        assert_eq!(untracked.tree.untracked, [Text::from("new")]);
        std::fs::write(folder.path().join("new"), "y").unwrap();
        let other = look(folder.path());

        let mut digests = [clean, changed, untracked, other].map(|s| s.tree.digest);
        digests.sort();
        assert!(digests.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_repository_inside_is_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path());
        let inner = folder.path().join("vendor");
        std::fs::create_dir(&inner).unwrap();
        repository(&inner);
        let before = look(folder.path());
        assert!(!before.tree.is_clean());
        std::fs::write(inner.join("deploy.sh"), "echo evil").unwrap();
        assert_ne!(before.tree.digest, look(folder.path()).tree.digest);
    }
}
