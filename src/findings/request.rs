//! Findings that the request and its evidence give by themselves.

use super::{DiffScan, Facts, SHOWN, text};
use crate::domain::action::Action;
use crate::domain::evidence::{Course, Evidence, Tree};
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::principal::Role;
use crate::domain::request::Core;
use crate::domain::text::{SafeText, Text, hides_something};
use crate::safe;

pub(super) fn scan(facts: &Facts) -> Vec<Finding> {
    let Facts { core, evidence, diff, .. } = *facts;
    let mut found = Vec::new();
    found.extend(evidence.tree.as_ref().and_then(dirty));
    found.extend(hidden(core, evidence, diff));
    found.extend(truncated(evidence, diff));
    found.extend(missing(core, evidence));
    found.extend(course(evidence));
    found.extend(evidence.actions.iter().filter_map(movable));
    if !core.identities.iter().any(|i| i.role == Role::Requester && i.source.is_verified()) {
        found.push(Finding::new(FindingId::RequesterUnverified, "requester", ""));
    }
    found
}

fn dirty(tree: &Tree) -> Option<Finding> {
    // The digest stands in the detail: another dirt is a new finding.
    let detail = safe!("{} changed, {} untracked, {}", tree.changed.len(), tree.untracked.len(), tree.digest.short());
    (!tree.is_clean()).then(|| Finding::new(FindingId::DirtyTree, "tree", text(detail)))
}

/// Every text of the request that a screen shows, with the name of its field.
fn fields<'a>(core: &'a Core, evidence: &'a Evidence) -> Vec<(SafeText, &'a Text)> {
    let mut fields: Vec<(SafeText, &Text)> = vec![
        ("repository".into(), &core.repository.value),
        ("environment".into(), &core.environment.value),
        ("name".into(), &core.name),
        ("reason".into(), &core.reason),
    ];
    if let Some(command) = &core.command {
        fields.extend([("folder".into(), &command.folder), ("program".into(), &command.program)]);
        fields.extend(command.argv.iter().enumerate().map(|(n, arg)| (safe!("argument {}", n), arg)));
    }
    fields.extend(core.branch.iter().map(|b| ("branch".into(), b)));
    fields.extend(core.workflow.iter().map(|w| ("workflow".into(), &w.path)));
    fields.extend(core.run.iter().map(|run| ("job".into(), &run.job)));
    fields.extend(core.identities.iter().map(|i| ("name of a person".into(), &i.name)));
    fields.extend(evidence.commits.iter().map(|c| (safe!("commit {}", c.sha.short()), &c.subject)));
    fields.extend(evidence.commits.iter().map(|c| (safe!("author of {}", c.sha.short()), &c.author)));
    fields.extend(evidence.actions.iter().map(|a| (safe!("action at {}", a.place.ident()), &a.name)));
    fields
}

fn hidden(core: &Core, evidence: &Evidence, diff: &DiffScan) -> Vec<Finding> {
    let in_fields = fields(core, evidence)
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

fn missing(core: &Core, evidence: &Evidence) -> Vec<Finding> {
    let absent = [
        (core.head.is_none(), FindingId::EvidenceMissing, "head"),
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
    (!action.is_pinned())
        .then(|| Finding::new(FindingId::ActionMovable, action.name.clone(), detail).at(Place::parse(&action.place)))
}
