//! L1, pure. Which actions a pipeline's own files name: every `uses:`, `include:`, image and local path with its
//! place, what the lock file holds them at, and what they call in turn. What cannot be read is said, never skipped.

mod called;
mod gitlab;
mod lock;
mod reference;
mod system;
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
pub use system::System;
pub use tree::{Files, Tree};
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

/// Tells each action of `head` what it was at `base`: the same kind and name with another reference or SHA. Nothing is
/// told of one that stands there alike, or not at all.
pub fn compare(head: &mut [Action], base: &[Action]) {
    let mut old: HashMap<(ActionKind, &Text), Vec<&Action>> = HashMap::new();
    for action in base {
        old.entry((action.kind, &action.name)).or_default().push(action);
    }
    for action in head {
        action.before = old.get(&(action.kind, &action.name)).and_then(|old| before(action, old));
    }
}

fn before(action: &Action, old: &[&Action]) -> Option<Before> {
    let same = |was: &&Action| was.reference == action.reference && was.sha == action.sha;
    let first = old.first().filter(|_| !old.iter().any(same))?;
    Some(Before { reference: first.reference.clone(), sha: first.sha.clone() })
}
