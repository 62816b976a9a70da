//! What the workflow files say about rights, at head and at the base.

use crate::domain::evidence::PipelineFact;
use crate::domain::ids::CommitSha;
use crate::findings::pipeline::{Workflow, facts};
use crate::provenance::is_yaml;
use crate::sys::git::{Fault, Git};

use super::actions::{BYTES, FILES};

/// Where workflows and the repository's own actions lie.
const FOLDERS: &[&str] = &[".github/workflows", ".github/actions"];

/// Reads the files of both revisions.
///
/// # Errors
/// Where git gives no answer.
pub fn collect(git: &Git, head: &CommitSha, base: Option<&CommitSha>) -> Result<Vec<PipelineFact>, Fault> {
    let now = at(git, head)?;
    let before = base.map(|base| at(git, base)).transpose()?;
    Ok(facts(&now, before.as_deref()))
}

fn at(git: &Git, commit: &CommitSha) -> Result<Vec<Workflow>, Fault> {
    let mut read = Vec::new();
    for folder in FOLDERS {
        for path in git.files(commit, folder)?.iter().filter(|path| is_yaml(path)).take(FILES) {
            read.extend(git.blob(commit, path, BYTES)?.map(|bytes| Workflow::read(path, &bytes)));
        }
    }
    Ok(read)
}
