//! The actions that the repository's workflows name at head, with what they were at the base.

use crate::domain::action::Action;
use crate::domain::evidence::Cut;
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::provenance;
use crate::sys::git::{Fault, Git};

/// Where workflows and the repository's own actions lie.
pub(super) const FOLDERS: &[&str] = &[".github/workflows", ".github/actions"];
/// Files that are read, and bytes of one.
pub(super) const FILES: usize = 300;
pub(super) const BYTES: usize = 1 << 20;

/// Reads the pipeline files at head and base.
///
/// # Errors
/// Where git gives no answer.
pub fn collect(git: &Git, head: &CommitSha, base: Option<&CommitSha>) -> Result<(Vec<Action>, Vec<Cut>), Fault> {
    let (mut actions, cuts) = at(git, head)?;
    if let Some(base) = base {
        let (old, _) = at(git, base)?;
        for action in &mut actions {
            let changed = provenance::changed(std::slice::from_ref(action), &old);
            action.before = changed.into_iter().next().and_then(|changed| changed.before);
        }
    }
    Ok((actions, cuts))
}

fn at(git: &Git, commit: &CommitSha) -> Result<(Vec<Action>, Vec<Cut>), Fault> {
    let (mut actions, mut cuts) = (Vec::new(), Vec::new());
    let mut paths = Vec::new();
    for folder in FOLDERS {
        paths.extend(git.files(commit, folder)?.into_iter().filter(is_yaml));
    }
    if paths.len() > FILES {
        cuts.push(Cut { what: Text::from("pipeline files"), kept: FILES as u64, of: paths.len() as u64 });
    }
    for path in paths.iter().take(FILES) {
        match git.blob(commit, path, BYTES)?.map(|yaml| provenance::workflow_actions(path, &yaml)) {
            Some(Ok(found)) => actions.extend(found),
            Some(Err(unreadable)) => cuts.push(unread(path, &unreadable.to_string())),
            None => cuts.push(unread(path, "too large")),
        }
    }
    Ok((actions, cuts))
}

pub(super) fn is_yaml(path: &Text) -> bool {
    path.as_bytes().ends_with(b".yml") || path.as_bytes().ends_with(b".yaml")
}

fn unread(path: &Text, why: &str) -> Cut {
    let what = [b"actions of ", path.as_bytes(), b": ", why.as_bytes()].concat();
    Cut { what: Text::new(what), kept: 0, of: 1 }
}
