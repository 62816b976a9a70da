//! What a policy makes of findings: how bad each is, and whether it blocks.

use std::collections::BTreeMap;

use super::Policy;
use super::keys::Section;
use super::reader::{Reader, get};
use crate::domain::document::Node;
use crate::domain::finding::{Finding, FindingId, Severity, TABLE};
use crate::domain::spelling;
use crate::safe;

/// The words of a severity that can be set.
pub(super) const SEVERITIES: &[(&str, Severity)] =
    &[("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High)];

/// What `[findings.ID]` says; absent = as the table has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    severity: Option<Severity>,
    blocks: Option<bool>,
}

pub(super) type Weights = BTreeMap<FindingId, Weight>;

/// Every table of `[findings]`.
pub(super) fn read(r: &mut Reader, node: &Node) -> Weights {
    let mut weights = Weights::new();
    for (key, node) in r.table(node) {
        let Some(id) = FindingId::from_word(&key.name) else {
            let mend = spelling::mend(&key.name, TABLE.iter().map(|row| row.word));
            r.fault(&key.place, safe!("there is no finding `{}`", key.shown()), mend);
            continue;
        };
        let table = r.section(node, Section::Finding);
        let severity = get(table, "severity").and_then(|node| r.one_of(node, SEVERITIES));
        let blocks = get(table, "blocks").and_then(|node| r.boolean(node));
        weights.insert(id, Weight { severity, blocks });
    }
    weights
}

impl Policy {
    /// Gives each finding the weight that this policy gives it. One that says that something is not known stays a
    /// doubt to a rule that allows, however it is weighed.
    pub fn weigh(&self, findings: &mut [Finding]) {
        for finding in findings {
            let Some(weight) = self.weights.get(&finding.id) else { continue };
            finding.severity = weight.severity.unwrap_or(finding.severity);
            finding.blocks = weight.blocks.unwrap_or(finding.blocks);
        }
    }
}
