//! The actions that the repository's pipeline files name at head, with what they were at the base, and what these files
//! say about rights. Each file is read once.

use crate::domain::evidence::{Cut, PipelineFact};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::findings::pipeline::{self, Workflow};
use crate::provenance::{self, Files, Lock, System, Tree};
use crate::sys::git::{Fault, Git};

/// Files that are read, and bytes of one.
const FILES: usize = 300;
const BYTES: usize = 10 << 20;

/// What a revision's files gave.
pub struct Found {
    /// The actions and the faults of the files.
    pub tree: Tree,
    /// What the files say that is worth knowing.
    pub facts: Vec<PipelineFact>,
    /// What was left out.
    pub cuts: Vec<Cut>,
}

/// Reads the pipeline files at head and base.
///
/// # Errors
/// Where git gives no answer.
pub fn collect(git: &Git, head: &CommitSha, base: Option<&CommitSha>) -> Result<Found, Fault> {
    let (mut tree, now, cuts) = at(git, head)?;
    let mut before = None;
    if let Some(base) = base {
        let (old, files, _) = at(git, base)?;
        provenance::compare(&mut tree.actions, &old.actions);
        before = Some(files);
    }
    Ok(Found { tree, facts: pipeline::facts(&now, before.as_deref()), cuts })
}

fn at(git: &Git, commit: &CommitSha) -> Result<(Tree, Vec<Workflow>, Vec<Cut>), Fault> {
    let mut paths = git.files(commit, System::WHERE)?;
    paths.retain(|path| System::at(path).is_some());
    let of = paths.len() as u64;
    paths.truncate(FILES);
    let mut files = Revision { git, commit, read: Vec::new(), fault: None };
    let tree = Tree::grow(&paths, &mut files);
    if let Some(fault) = files.fault {
        return Err(fault);
    }
    let mut cuts = Vec::new();
    if of > FILES as u64 {
        cuts.push(Cut { what: Text::from("pipeline files"), kept: FILES as u64, of });
    }
    cuts.extend(tree.unread());
    Ok((tree, files.read, cuts))
}

/// The files of a commit.
struct Revision<'a> {
    git: &'a Git,
    commit: &'a CommitSha,
    /// Files of pipelines that were read.
    read: Vec<Workflow>,
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
        let bytes = self.answer(blob).ok_or("larger than 10 MB, or no file")?;
        if path.as_bytes() != Lock::PATH.as_bytes() {
            self.read.push(Workflow::read(path, &bytes));
        }
        Ok(Some(bytes))
    }

    fn object(&mut self, path: &Text) -> Result<Option<Text>, Text> {
        let object = self.git.object(self.commit, path);
        Ok(self.answer(object))
    }
}
