//! What differs from the last deployment here that was approved, and which findings are new since.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::text;
use crate::domain::action::{Action, ActionKind};
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::text::Text;
use crate::domain::time::Ms;
use crate::safe;

/// What ran last with an approval: new findings are told from old ones by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its findings.
    pub findings: Vec<(FindingId, Text, Text)>,
    /// Its actions and what they resolved to.
    pub actions: Vec<(Text, Text)>,
    /// When it started.
    pub at: Ms,
}

/// The findings that hold now: the scan, what changed since the last approved deployment, and which are new.
pub fn now(scan: &[Finding], actions: &[Action], before: Option<&Baseline>) -> Vec<Finding> {
    let changed = actions.iter().filter_map(|a| sha_changed(a, before));
    let mut all: Vec<Finding> = changed.chain(scan.iter().cloned()).collect();
    let known: HashSet<_> = before.iter().flat_map(|b| &b.findings).map(|(id, s, d)| (*id, s, d)).collect();
    if before.is_some() {
        all.iter_mut().for_each(|finding| finding.new = !known.contains(&finding.sameness()));
    }
    let mut seen = HashSet::new();
    all.retain(|f| seen.insert(f.clone()));
    all
}

/// Another content than what ran last with an approval; where nothing ran yet, another one than at the base.
fn sha_changed(action: &Action, before: Option<&Baseline>) -> Option<Finding> {
    let now = action.sha.as_ref()?;
    let old = match before {
        Some(deployed) => {
            let mut known =
                deployed.actions.iter().filter(|(name, _)| *name == action.name).map(|(_, sha)| sha).peekable();
            let first = (*known.peek()?).clone();
            if known.any(|sha| sha == now) {
                return None;
            }
            first
        }
        None => action.before.as_ref()?.sha.clone().filter(|sha| sha != now)?,
    };
    let detail = text(safe!("{} -> {}", old.ident(), now.ident()));
    // What lies in the repository itself is nobody else's: its change is part of this one.
    let own = action.kind == ActionKind::Local;
    let id = if own { FindingId::PipelineChanged } else { FindingId::ActionShaChanged };
    let finding = Finding::new(id, action.name.clone(), detail);
    Some(finding.at(Place::parse(&action.place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_sha_of_somebody_elses_is_told_apart_from_a_file_of_ones_own_that_changed() {
        for (kind, name, id) in [
            (ActionKind::Action, "acme/scan", FindingId::ActionShaChanged),
            (ActionKind::Local, "/ci/deploy.yml", FindingId::PipelineChanged),
        ] {
            let action = Action { sha: Some("bb".into()), ..Action::new(kind, name, "", ".gitlab-ci.yml:3") };
            let before = |sha: &str| Baseline { actions: vec![(name.into(), sha.into())], ..Baseline::default() };
            let found = now(&[], std::slice::from_ref(&action), Some(&before("aa")));
            let [finding] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((finding.id, &*finding.detail.lossy(), finding.new), (id, "aa -> bb", true));
            assert!(now(&[], &[action], Some(&before("bb"))).is_empty());
        }
    }
}
