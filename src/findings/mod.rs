//! L1, pure. What is wrong or odd about a request: detectors over facts that do not depend on a backend, so that our
//! broker, the console (whose look-ups can only add) and every adapter judge alike. Nothing here reads a network.

mod actions;
mod past;
mod request;

pub use actions::{ActionFact, Told};
pub use past::{Baseline, now};

use crate::domain::evidence::Evidence;
use crate::domain::finding::Finding;
use crate::domain::request::Core;
use crate::domain::text::{SafeText, Text};

/// Columns of a text that a finding shows.
const SHOWN: usize = 120;

/// Everything that findings are drawn from. What is not known is absent, and absence is a finding where it matters.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What the decision binds.
    pub core: &'a Core,
    /// What an approver can look at.
    pub evidence: &'a Evidence,
    /// What reading the diff gave.
    pub diff: &'a DiffScan,
    /// What look-ups and the ledger say of its actions; empty where nobody looked.
    pub actions: &'a [ActionFact],
}

/// What reading the diff gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffScan {
    /// Files with hidden characters in added lines, and how many such lines.
    pub hidden: Vec<(Text, u64)>,
    /// Why the diff was not read to its end; empty = it was.
    pub unread: SafeText,
}

/// The findings of these facts, whatever was deployed before: all of them still count as new.
pub fn scan(facts: &Facts) -> Vec<Finding> {
    let mut found = request::scan(facts);
    found.extend(actions::scan(facts.actions));
    found
}

/// Safe text on its way into a finding.
fn text(safe: impl Into<SafeText>) -> Text {
    safe.into().as_str().into()
}
