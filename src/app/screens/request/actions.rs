//! Command and actions: what runs, with every digest and SHA in full.

use super::action_tree::{self, Drawn, View};
use crate::app::evidence::Reading;
use crate::app::line::Line;
use crate::app::state::State;
use crate::app::words;
use crate::desk::news::Changed;
use crate::domain::action::{Action, ActionKind};
use crate::domain::evidence::Evidence;
use crate::domain::finding::{Finding, Place};
use crate::domain::lookup::LookUp;
use crate::domain::principal::Source;
use crate::domain::request::{Command, Request};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::theme::Role;

/// All lines, not yet wrapped.
pub fn lines(state: &State, request: &Request) -> Vec<Line> {
    let mut lines = request.core.command.as_ref().map(argv).unwrap_or_default();
    let reading = state.evidences.of(request);
    match reading {
        Some(Reading::Here(shown)) => lines.extend(tree(state, request, &shown.exhibit.evidence).lines),
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

fn tree(state: &State, request: &Request, evidence: &Evidence) -> Drawn {
    let whole = state.request_screen().is_some_and(|screen| screen.whole);
    let looked = state.looked_up.of(request).map(AsRef::as_ref);
    action_tree::drawn(evidence, looked, View { whole, now: state.label })
}

/// The actions of which two commits are known: what they were, and what they are. Each change stands there once.
pub fn changed(state: &State, request: &Request) -> Vec<Changed> {
    let commit = |sha: Option<&Text>| sha?.as_str()?.parse().ok();
    let written = |action: &Action| {
        let old = commit(action.before.as_ref().and_then(|before| before.sha.as_ref()))?;
        Some(Changed { action: action.clone(), old, new: commit(action.sha.as_ref())? })
    };
    let looked = |look_up: &LookUp| match &look_up.change {
        Some(change) => {
            Some(Changed { action: look_up.action.clone(), old: change.old.clone(), new: change.new.clone() })
        }
        None => written(&look_up.action),
    };
    let all: Vec<Changed> = match (state.looked_up.of(request), state.evidences.shown(request)) {
        (Some(told), _) => told.list.iter().filter_map(looked).collect(),
        (None, Some(shown)) => shown.exhibit.evidence.actions.iter().filter_map(written).collect(),
        (None, None) => Vec::new(),
    };
    let mut once: Vec<Changed> = Vec::new();
    // What lies in the repository itself is in its own diff.
    for changed in all.into_iter().filter(|c| c.old != c.new && c.action.kind != ActionKind::Local) {
        let same =
            |c: &Changed| c.action.name == changed.action.name && (&c.old, &c.new) == (&changed.old, &changed.new);
        if !once.iter().any(same) {
            once.push(changed);
        }
    }
    once
}

/// Goes to the next action in the tree that has a finding, or to the one before, and says which.
pub fn to_finding(state: &mut State, forwards: bool) {
    let (stops, from) = (stops(state), state.request_screen().and_then(|screen| screen.action));
    let next = match (from, forwards) {
        (None, true) => stops.first(),
        (None, false) => stops.last(),
        (Some(from), true) => stops.iter().find(|stop| stop.action > from),
        (Some(from), false) => stops.iter().rfind(|stop| stop.action < from),
    };
    match next {
        Some(stop) => {
            state.say(stop.said.clone());
            if let Some(screen) = state.request_screen_mut() {
                (screen.top, screen.action) = (stop.row, Some(stop.action));
            }
        }
        None if forwards => state.say("no finding comes after this in the tree; the overview lists all"),
        None => state.say("no finding comes before this in the tree; the overview lists all"),
    }
}

/// An action that something was found of.
struct Stop {
    /// Which of all in the tree, counted from the top.
    action: usize,
    /// The row that it begins at.
    row: usize,
    /// What was found.
    said: SafeText,
}

fn stops(state: &State) -> Vec<Stop> {
    let Some(request) = super::viewed(state) else { return Vec::new() };
    let Some(shown) = state.evidences.shown(request) else { return Vec::new() };
    let width = usize::from(super::window(state).width);
    let rows = |lines: &[Line]| lines.iter().map(|line| line.wrap(width, super::INDENT).len()).sum::<usize>();
    let above = rows(&request.core.command.as_ref().map(argv).unwrap_or_default());
    let Drawn { lines, titles } = tree(state, request, &shown.exhibit.evidence);
    let stop = |(action, (at, of)): (usize, &(usize, Action))| {
        let said = found(&request.findings, of)?;
        Some(Stop { action, row: above + rows(lines.get(..*at).unwrap_or_default()), said })
    };
    titles.iter().enumerate().filter_map(stop).collect()
}

/// What was found of an action, in words.
fn found(findings: &[Finding], action: &Action) -> Option<SafeText> {
    let (written, place) = (action.written(), Place::parse(&action.place));
    let about = |f: &&Finding| (f.subject == written || f.subject == action.name) && f.place.as_ref() == Some(&place);
    let all: Vec<SafeText> = findings.iter().filter(about).map(words::finding).collect();
    (!all.is_empty()).then(|| SafeText::join(&all, "; "))
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
        (None, _) if core.repository.source == Source::Forge => {
            Line::labelled("TREE", Role::Text, "that of HEAD: the forge checks out the commit and nothing else")
        }
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
