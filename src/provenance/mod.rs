//! L1, pure. Which actions a pipeline's own files name: every `uses:`, `include:`, image and local path with its
//! place, what the lock file holds them at, and what they call in turn. What cannot be read is said, never skipped.

mod called;
mod gitlab;
mod lock;
mod reference;
mod tree;
mod version;
mod workflow;
pub mod yaml;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::domain::action::{Action, ActionKind, Before};
use crate::domain::text::Text;

pub use called::{Written, called, elsewhere, written};
pub use gitlab::gitlab_actions;
pub use lock::Lock;
pub use tree::{Files, Tree, is_yaml};
pub use version::{claimed_version, spellings};
pub use workflow::workflow_actions;

/// A pipeline file that was not understood: none of its actions is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Unreadable {
    /// Where.
    pub line: u64,
    /// Why: `the same key twice in one mapping`.
    pub why: String,
}

impl Unreadable {
    fn at(line: u64, why: &str) -> Self {
        Self { line, why: why.to_owned() }
    }
}

/// The actions of `head` that `base` does not name alike, with what they were there: the same kind and name
/// with another reference, or nothing where they are new.
pub fn changed(head: &[Action], base: &[Action]) -> Vec<Action> {
    let mut old: HashMap<(ActionKind, &Text), Vec<&Action>> = HashMap::new();
    for action in base {
        old.entry((action.kind, &action.name)).or_default().push(action);
    }
    head.iter().filter_map(|action| against(action, old.get(&(action.kind, &action.name)))).collect()
}

fn against(action: &Action, old: Option<&Vec<&Action>>) -> Option<Action> {
    let same = |was: &&&Action| was.reference == action.reference && was.sha == action.sha;
    if old.is_some_and(|list| list.iter().any(|was| same(&was))) {
        return None;
    }
    let before = old.and_then(|list| list.first());
    let before = before.map(|was| Before { reference: was.reference.clone(), sha: was.sha.clone() });
    Some(Action { before, ..action.clone() })
}
