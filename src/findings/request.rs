//! Findings that the request and its evidence give by themselves.

use super::{DiffScan, Facts, SHOWN, hidden, text};
use crate::domain::action::Action;
use crate::domain::evidence::{BaseKind, Commit, Course, Evidence, Signature, Tree};
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::request::Core;
use crate::domain::text::{SafeText, Text, counted, hides_something};
use crate::safe;

/// What was asked before this request, as far as whoever keeps requests knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What became of the same a short while ago: `rejected`, `timed out`; absent = nothing of the kind.
    pub refused: Option<Text>,
    /// Requests of the same requester within the last ten minutes, this one included; repeats count once.
    pub recent: u32,
}

/// Commits that a finding names.
const NAMED: usize = 5;
/// From so many requests within ten minutes on it is a burst.
const BURST: u32 = 7;

fn again(asked: &Asked) -> Vec<Finding> {
    let refused = asked.refused.iter().map(|how| Finding::new(FindingId::RequestRepeated, "request", how.clone()));
    let burst = (asked.recent >= BURST).then(|| {
        let detail = safe!("{} or more within 10m", BURST);
        Finding::new(FindingId::RequestBurst, "requester", text(detail))
    });
    refused.chain(burst).collect()
}

/// Where none is signed that is the custom here; where only some are not, those are named.
fn signatures(commits: &[Commit]) -> Vec<Finding> {
    let of = |id, wanted: Signature| {
        let these: Vec<&Commit> = commits.iter().filter(|c| c.signature == Some(wanted)).collect();
        let shas: Vec<SafeText> = these.iter().take(NAMED).map(|c| c.sha.short()).collect();
        let detail = match these.len() {
            0 => return None,
            n if n == commits.len() => "all of them".into(),
            n => safe!(
                "{} of {}: {}{}",
                n,
                commits.len(),
                SafeText::join(&shas, ", "),
                if n > NAMED { ", …" } else { "" }
            ),
        };
        Some(Finding::new(id, "commits", text(detail)))
    };
    let unsigned = of(FindingId::UnsignedCommit, Signature::Absent);
    unsigned.into_iter().chain(of(FindingId::UnverifiedCommit, Signature::Unverified)).collect()
}

pub(super) fn scan(facts: &Facts) -> Vec<Finding> {
    let Facts { core, evidence, diff, .. } = *facts;
    let mut found = Vec::new();
    found.extend(evidence.tree.as_ref().and_then(dirty));
    found.extend(odd_text(core, evidence));
    found.extend(diff.findings.iter().cloned());
    found.extend(truncated(evidence, diff));
    found.extend(missing(core, evidence));
    found.extend(course(evidence));
    found.extend(evidence.actions.iter().filter_map(movable));
    found.extend(signatures(&evidence.commits));
    found.extend(again(facts.asked));
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

/// Fields are names and short texts: what a script needs in its place is as odd there as anything.
fn odd_text(core: &Core, evidence: &Evidence) -> Vec<Finding> {
    let mut found = Vec::new();
    for (what, value) in fields(core, evidence) {
        let mut odd = hidden::odd(value.as_bytes(), false);
        let confusable = odd.take(hidden::Class::Confusable);
        let shown = value.ident().cut(SHOWN);
        if hides_something(value.as_bytes()) {
            found.push(Finding::new(
                FindingId::HiddenText,
                text(what.clone()),
                text(safe!("{} in {}", odd.words(), shown)),
            ));
        }
        if !confusable.is_empty() {
            found.push(Finding::new(
                FindingId::ConfusableText,
                text(what),
                text(safe!("{} in {}", confusable.words(), shown)),
            ));
        }
    }
    found
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
            text(safe!("the evidence names no SHA for {}", a.reference.ident())),
        )
    });
    absent
        .into_iter()
        .filter(|(is_absent, ..)| *is_absent)
        .map(|(_, id, what)| Finding::new(id, what, ""))
        .chain(unresolved)
        .collect()
}

fn course(evidence: &Evidence) -> Vec<Finding> {
    let kind = evidence.base.as_ref().map(|base| base.kind);
    let id = match evidence.course {
        Some(Course::Behind) => Some(FindingId::Rollback),
        Some(Course::Diverged) if kind == Some(BaseKind::LastDeployed) => Some(FindingId::HistoryRewritten),
        Some(Course::Diverged) => Some(FindingId::Diverged),
        _ => None,
    };
    let base = evidence.base.as_ref().map(|b| text(b.sha.short())).unwrap_or_default();
    let behind = evidence.behind.filter(|n| *n > 0).map(|n| {
        let detail = counted(n, "commit", "commits");
        Finding::new(FindingId::BaseBehind, "branch", text(detail))
    });
    id.map(|id| Finding::new(id, "history", base)).into_iter().chain(behind).collect()
}

fn movable(action: &Action) -> Option<Finding> {
    let detail = text(safe!("{} at {}", action.reference.ident(), action.place.ident()));
    (!action.is_pinned())
        .then(|| Finding::new(FindingId::ActionMovable, action.name.clone(), detail).at(Place::parse(&action.place)))
}
