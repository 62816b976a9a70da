//! Findings that need no network: what the submitted evidence gives by itself, and what differs from the last
//! deployment here that was approved.

use std::collections::BTreeSet;

use crate::api::Submission;
use crate::domain::action::Action;
use crate::domain::evidence::{Course, Evidence, Tree};
use crate::domain::finding::{Finding, FindingId};
use crate::domain::principal::Identity;
use crate::domain::request::Core;
use crate::domain::text::{SafeText, Text, hides_something};
use crate::safe;

use super::super::problem::text;
use super::held::Deployed;
use super::state::State;

/// Columns of a text that a finding shows.
const SHOWN: usize = 120;

/// What reading the diff blob gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffScan {
    /// Files with hidden characters in added lines, and how many such lines.
    pub hidden: Vec<(Text, u64)>,
    /// Why the diff was not read to its end; empty = it was.
    pub unread: SafeText,
}

/// Findings of the submission alone.
pub fn scan(submission: &Submission, identities: &[Identity], diff: &DiffScan) -> Vec<Finding> {
    let evidence = &submission.evidence;
    let mut found = Vec::new();
    found.extend(evidence.tree.as_ref().and_then(dirty));
    found.extend(hidden(submission, diff));
    found.extend(truncated(evidence, diff));
    found.extend(missing(submission));
    found.extend(course(evidence));
    found.extend(evidence.actions.iter().filter_map(movable));
    if !identities.iter().any(|i| i.role == crate::domain::principal::Role::Requester && i.source.is_verified()) {
        found.push(Finding::new(FindingId::RequesterUnverified, "requester", ""));
    }
    found
}

fn dirty(tree: &Tree) -> Option<Finding> {
    // The digest stands in the detail: another dirt is a new finding.
    let detail = safe!("{} changed, {} untracked, {}", tree.changed.len(), tree.untracked.len(), tree.digest.short());
    (!tree.is_clean()).then(|| Finding::new(FindingId::DirtyTree, "tree", text(detail)))
}

fn hidden(submission: &Submission, diff: &DiffScan) -> Vec<Finding> {
    let s = submission;
    let mut fields: Vec<(SafeText, &Text)> = vec![
        ("repository".into(), &s.repository),
        ("environment".into(), &s.environment),
        ("name".into(), &s.name),
        ("reason".into(), &s.reason),
        ("folder".into(), &s.command.folder),
        ("program".into(), &s.command.program),
    ];
    fields.extend(s.branch.iter().map(|b| ("branch".into(), b)));
    fields.extend(s.command.argv.iter().enumerate().map(|(n, arg)| (safe!("argument {}", n), arg)));
    fields.extend(s.evidence.commits.iter().map(|c| (safe!("commit {}", c.sha.short()), &c.subject)));
    fields.extend(s.evidence.commits.iter().map(|c| (safe!("author of {}", c.sha.short()), &c.author)));
    fields.extend(s.evidence.actions.iter().map(|a| (safe!("action at {}", a.place.ident()), &a.name)));
    let in_fields = fields
        .into_iter()
        .filter(|(_, value)| hides_something(value.as_bytes()))
        .map(|(what, value)| Finding::new(FindingId::HiddenText, text(what), text(value.ident().cut(SHOWN))));
    let in_diff = diff
        .hidden
        .iter()
        .map(|(path, n)| Finding::new(FindingId::HiddenText, path.clone(), text(safe!("{} added lines", n))));
    in_fields.chain(in_diff).collect()
}

fn truncated(evidence: &Evidence, diff: &DiffScan) -> Vec<Finding> {
    let cuts = evidence.cuts.iter().map(|c| (c.what.clone(), safe!("{} of {} kept", c.kept, c.of)));
    let unread = (diff.unread != SafeText::default()).then(|| (Text::from("diff"), diff.unread.clone()));
    cuts.chain(unread).map(|(what, how)| Finding::new(FindingId::EvidenceTruncated, what, text(how))).collect()
}

fn missing(submission: &Submission) -> Vec<Finding> {
    let evidence = &submission.evidence;
    let absent = [
        (submission.head.is_none(), FindingId::EvidenceMissing, "head"),
        (evidence.tree.is_none(), FindingId::EvidenceMissing, "tree"),
        (evidence.base.is_none(), FindingId::NoBase, "base"),
        (evidence.base.is_some() && evidence.diff.is_none(), FindingId::EvidenceMissing, "diff"),
        (evidence.base.is_some() && evidence.course.is_none(), FindingId::EvidenceMissing, "course"),
    ];
    let unresolved = evidence.actions.iter().filter(|a| a.sha.is_none()).map(|a| {
        Finding::new(
            FindingId::EvidenceMissing,
            text(a.name.ident()),
            text(safe!("SHA of {} not proven", a.reference.ident())),
        )
    });
    absent
        .into_iter()
        .filter(|(is_absent, ..)| *is_absent)
        .map(|(_, id, what)| Finding::new(id, what, ""))
        .chain(unresolved)
        .collect()
}

fn course(evidence: &Evidence) -> Option<Finding> {
    let id = match evidence.course? {
        Course::Behind => FindingId::Rollback,
        Course::Diverged => FindingId::Diverged,
        Course::Ahead | Course::Same => return None,
    };
    let base = evidence.base.as_ref().map(|b| text(b.sha.short())).unwrap_or_default();
    Some(Finding::new(id, "history", base))
}

fn movable(action: &Action) -> Option<Finding> {
    let detail = text(safe!("{} at {}", action.reference.ident(), action.place.ident()));
    (!action.is_pinned()).then(|| Finding::new(FindingId::ActionMovable, action.name.clone(), detail))
}

/// The findings that hold now: the scan, what changed since the last approved deployment, and which are new.
pub(super) fn now(state: &State, core: &Core, scan: &[Finding], actions: &[Action]) -> Vec<Finding> {
    let what = (core.repository.value.clone(), core.environment.value.clone(), core.name.clone());
    let before = state.deployed.get(&what);
    let changed = actions.iter().filter_map(|a| sha_changed(a, before.map(AsRef::as_ref)));
    let mut all: Vec<Finding> = changed.chain(scan.iter().cloned()).collect();
    for finding in &mut all {
        finding.new = before.is_none_or(|b| {
            !b.findings.iter().any(|(id, s, d)| (*id, s, d) == (finding.id, &finding.subject, &finding.detail))
        });
    }
    let mut seen = BTreeSet::new();
    all.retain(|f| seen.insert((f.id, f.subject.clone(), f.detail.clone())));
    all
}

/// Another SHA than what ran last with an approval; where nothing ran yet, another one than at the base.
fn sha_changed(action: &Action, before: Option<&Deployed>) -> Option<Finding> {
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
    Some(Finding::new(
        FindingId::ActionShaChanged,
        action.name.clone(),
        text(safe!("{} -> {}", old.ident(), now.ident())),
    ))
}
