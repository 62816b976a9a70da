//! The actions that the repository's pipeline files name at head, with what they were at the base.

use crate::domain::evidence::Cut;
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::provenance::{self, Files, Tree};
use crate::sys::git::{Fault, Git};

/// Files that are read, and bytes of one.
pub(super) const FILES: usize = 300;
pub(super) const BYTES: usize = 10 << 20;

/// What a revision's files gave.
pub struct Found {
    /// The actions and the faults of the files.
    pub tree: Tree,
    /// What was left out.
    pub cuts: Vec<Cut>,
}

/// Reads the pipeline files at head and base.
///
/// # Errors
/// Where git gives no answer.
pub fn collect(git: &Git, head: &CommitSha, base: Option<&CommitSha>) -> Result<Found, Fault> {
    let mut found = at(git, head)?;
    if let Some(base) = base {
        provenance::compare(&mut found.tree.actions, &at(git, base)?.tree.actions);
    }
    Ok(found)
}

fn at(git: &Git, commit: &CommitSha) -> Result<Found, Fault> {
    let mut paths = Vec::new();
    for place in Tree::WHERE {
        paths.extend(git.files(commit, place)?.into_iter().filter(Tree::is_pipeline_file));
    }
    let of = paths.len() as u64;
    paths.truncate(FILES);
    let mut files = Revision { git, commit, fault: None };
    let tree = Tree::grow(&paths, &mut files);
    if let Some(fault) = files.fault {
        return Err(fault);
    }
    let mut cuts = Vec::new();
    if of > FILES as u64 {
        cuts.push(Cut { what: Text::from("pipeline files"), kept: FILES as u64, of });
    }
    cuts.extend(tree.unread());
    Ok(Found { tree, cuts })
}

/// The files of a commit.
struct Revision<'a> {
    git: &'a Git,
    commit: &'a CommitSha,
    /// git gives no answer: nothing that was read counts.
    fault: Option<Fault>,
}

impl Revision<'_> {
    fn answer<T>(&mut self, answer: Result<Option<T>, Fault>) -> Option<T> {
        answer.unwrap_or_else(|fault| {
            self.fault = Some(fault);
            None
        })
    }
}

impl Files for Revision<'_> {
    fn read(&mut self, path: &Text) -> Result<Option<Vec<u8>>, Text> {
        if self.object(path)?.is_none() {
            return Ok(None);
        }
        let blob = self.git.blob(self.commit, path, BYTES);
        self.answer(blob).map(Some).ok_or_else(|| "larger than 10 MB, or no file".into())
    }

    fn object(&mut self, path: &Text) -> Result<Option<Text>, Text> {
        let object = self.git.object(self.commit, path);
        Ok(self.answer(object))
    }
}
