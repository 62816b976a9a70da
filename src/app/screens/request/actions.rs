//! Command and actions: what runs, with every digest and SHA in full.

use super::action_tree::{self, View};
use crate::app::evidence::Reading;
use crate::app::line::Line;
use crate::app::state::State;
use crate::domain::evidence::Evidence;
use crate::domain::request::{Command, Request};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::theme::Role;

/// All lines, not yet wrapped.
pub fn lines(state: &State, request: &Request) -> Vec<Line> {
    let whole = state.request_screen().is_some_and(|screen| screen.whole);
    let mut lines = request.core.command.as_ref().map(argv).unwrap_or_default();
    let reading = state.evidences.of(request);
    match reading {
        Some(Reading::Here(shown)) => {
            let looked = state.looked_up.of(request).map(AsRef::as_ref);
            let view = View { whole, now: state.label };
            lines.extend(action_tree::lines(&shown.exhibit.evidence, looked, view));
        }
        Some(Reading::Failed(fault)) => lines.push(
            Line::of(Role::Bad, safe!("the evidence could not be read: {}  ", fault.message))
                .and(Role::Text, fault.mend.clone()),
        ),
        _ => lines.push(Line::of(Role::Dim, "reading the evidence")),
    }
    lines.push(Line::new());
    lines.extend(bound(request));
    if let Some(Reading::Here(shown)) = reading {
        lines.extend(collected(&shown.exhibit.evidence));
    }
    lines
}

/// What the decision binds, in full.
fn bound(request: &Request) -> Vec<Line> {
    let core = &request.core;
    let mut lines = core.command.as_ref().map(command).unwrap_or_default();
    if let Some(file) = &core.workflow {
        lines.push(Line::labelled("WORKFLOW", Role::Strong, "").and_marked(Role::Strong, &file.path.ident()));
        lines.push(Line::labelled("  blob", Role::Text, "").and_marked(Role::Text, &file.blob.ident()));
    }
    if let Some(head) = &core.head {
        lines.push(Line::labelled("HEAD", Role::Text, safe!("{}", head)));
    }
    if let Some(base) = &request.evidence.base {
        lines.push(Line::labelled("BASE", Role::Text, safe!("{}", base.sha)));
    }
    lines.push(match (core.tree, core.clean) {
        (Some(tree), true) => Line::labelled("TREE", Role::Text, safe!("{}  clean", tree)),
        (Some(tree), false) => Line::labelled("TREE", Role::Text, safe!("{}  ", tree)).and(Role::Bad, "DIRTY"),
        (None, _) => Line::labelled("TREE", Role::Unknown, "not bound: no git here"),
    });
    lines.push(Line::labelled("EVIDENCE", Role::Dim, safe!("{}", request.evidence.digest)));
    lines.push(Line::labelled("REQUEST", Role::Dim, safe!("{}", request.digest())));
    lines
}

fn argv(command: &Command) -> Vec<Line> {
    let arg = |(i, arg): (usize, &Text)| {
        let label = if i == 0 { "COMMAND" } else { "" };
        let arg = if arg.is_empty() { SafeText::lit("'' (empty)") } else { arg.ident() };
        Line::labelled(label, Role::Dim, safe!("{:>3}  ", i)).and_marked(Role::Strong, &arg)
    };
    command.argv.iter().enumerate().map(arg).collect()
}

fn command(command: &Command) -> Vec<Line> {
    let mut lines = Vec::new();
    let field = |label, text: &Text| Line::labelled(label, Role::Text, "").and_marked(Role::Text, &text.ident());
    lines.push(field("  folder", &command.folder));
    lines.push(field("  program", &command.program));
    lines.push(Line::labelled("", Role::Text, safe!("{}", command.program_digest)));
    lines.push(Line::labelled("  PATH etc", Role::Text, safe!("{}", command.env_digest)));
    let stop = safe!("{}, {} grace, then KILL", command.stop_signal.ident(), command.grace);
    lines.push(Line::labelled("  stop", Role::Text, stop));
    lines
}

fn collected(evidence: &Evidence) -> Vec<Line> {
    let mut lines = vec![Line::new()];
    lines.extend(evidence.commits.iter().enumerate().flat_map(|(i, commit)| {
        let label = if i == 0 { "COMMITS" } else { "" };
        let who = safe!("{} <{}>", commit.author.prose(), commit.author_email.ident());
        [
            Line::labelled(label, Role::Strong, commit.sha.short())
                .and_marked(Role::Text, &safe!(" {}", commit.subject.prose())),
            Line::labelled("", Role::Dim, safe!("        {} ", commit.at.iso())).and_marked(Role::Dim, &who),
        ]
    }));
    lines.extend(tree_lines(evidence));
    lines.extend(evidence.cuts.iter().map(|cut| {
        Line::labelled("CUT", Role::Bad, safe!("{}: {} of {} are here", cut.what.ident(), cut.kept, cut.of))
    }));
    lines
}

fn tree_lines(evidence: &Evidence) -> Vec<Line> {
    let Some(tree) = evidence.tree.as_ref().filter(|t| !t.is_clean()) else { return Vec::new() };
    let changed = tree.changed.iter().map(|name| ("changed   ", name));
    let untracked = tree.untracked.iter().map(|name| ("untracked ", name));
    let mut lines = vec![Line::new()];
    lines.extend(changed.chain(untracked).enumerate().map(|(i, (how, name))| {
        Line::labelled(if i == 0 { "DIRTY" } else { "" }, Role::Bad, how).and_marked(Role::Text, &name.ident())
    }));
    lines
}
