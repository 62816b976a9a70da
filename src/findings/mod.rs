//! L1, pure. What is wrong or odd about a request: detectors over facts that do not depend on a backend, so that our
//! broker, the console (whose look-ups can only add) and every adapter judge alike. Nothing here reads a network.

mod actions;
mod changes;
mod diff;
mod hidden;
mod look_ups;
mod past;
mod people;
pub mod pipeline;
mod request;

pub use actions::{ActionFact, Told};
pub use changes::Changes;
pub use diff::DiffLines;
pub use look_ups::of_look_ups;
pub use past::{Baseline, now};
pub use people::{Known, approvals};
pub use request::Asked;

use std::sync::LazyLock;

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
    /// Whom somebody could imitate.
    pub known: &'a Known,
    /// What was asked before.
    pub asked: &'a Asked,
}

/// Stands in where nobody is known and nothing was asked before.
static NOTHING: LazyLock<(Known, Asked)> = LazyLock::new(Default::default);

impl<'a> Facts<'a> {
    /// Where nobody looked actions up, no person is known and nothing was asked before.
    pub fn of(core: &'a Core, evidence: &'a Evidence, diff: &'a DiffScan) -> Self {
        let (known, asked) = &*NOTHING;
        Self { core, evidence, diff, actions: &[], known, asked }
    }
}

/// What reading the diff gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffScan {
    /// What its lines and files show by themselves.
    pub findings: Vec<Finding>,
    /// Why the diff was not read to its end; empty = it was.
    pub unread: SafeText,
}

/// The findings of these facts, whatever was deployed before: all of them still count as new.
pub fn scan(facts: &Facts) -> Vec<Finding> {
    let mut found = request::scan(facts);
    found.extend(people::scan(facts));
    found.extend(pipeline::scan(&facts.evidence.pipeline));
    found.extend(actions::scan(&look_ups::of_faults(&facts.evidence.faults)));
    found.extend(actions::scan(facts.actions));
    found
}

/// The findings of what look-ups and the ledger say, for whoever adds them to those that are there.
pub fn of_facts(facts: &[ActionFact]) -> Vec<Finding> {
    actions::scan(facts)
}

/// Safe text on its way into a finding.
fn text(safe: impl Into<SafeText>) -> Text {
    safe.into().into()
}
