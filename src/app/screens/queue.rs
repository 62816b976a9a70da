//! The queue as a screen: its verbs, and the detail of the row under the cursor.

use crate::app::Effect;
use crate::app::line::Line;
use crate::app::queue::{Row, RowKind, View};
use crate::app::state::State;
use crate::app::words;
use crate::desk::news::{BackendState, Health};
use crate::domain::request::{Can, Request};
use crate::domain::text::SafeText;
use crate::keymap::Verb;
use crate::safe;
use crate::theme::Role;

use super::request;

/// Runs a verb of this screen. Whether it was one.
pub fn run(state: &mut State, verb: Verb, fx: &mut Vec<Effect>) -> bool {
    if let Some(view) = view_of(state, verb) {
        show(state, view);
        return true;
    }
    match verb {
        Verb::Open => {
            if let Some(key) = state.queue.selected().map(|row| row.entry.key().clone()) {
                request::open(state, &key, None, fx);
            }
        }
        Verb::Fold => {
            if state.queue.toggle_fold() {
                refresh(state);
            } else {
                state.say("this row has nothing to unfold");
            }
        }
        Verb::Mark => {
            state.queue.toggle_mark();
            let next = state.queue.cursor() + 1;
            let page = page(state);
            state.queue.move_to(next, page);
        }
        Verb::MarkAll => state.queue.toggle_all(),
        Verb::ShowNew => {
            state.queue.admit();
            refresh(state);
            let page = page(state);
            state.queue.move_to(0, page);
        }
        _ => return false,
    }
    state.dirty = true;
    true
}

fn view_of(state: &State, verb: Verb) -> Option<View> {
    Some(match verb {
        Verb::ViewWaiting => View::Waiting,
        Verb::ViewYours => View::Yours,
        Verb::ViewOthers => View::Others,
        Verb::ViewRunning => View::Running,
        Verb::ViewUnknown => View::Unknown,
        Verb::ViewReview => View::Review,
        Verb::ViewEnded => View::Ended,
        Verb::NextView => state.queue.view.step(1),
        Verb::PrevView => state.queue.view.step(-1),
        _ => return None,
    })
}

fn show(state: &mut State, view: View) {
    if state.queue.view != view {
        state.queue.view = view;
        refresh(state);
    }
}

/// How many rows a page has.
pub fn page(state: &State) -> usize {
    usize::from(state.layout().list().rows.height)
}

/// Filters and sorts anew.
pub fn refresh(state: &mut State) {
    state.queue.rebuild(state.label);
    state.dirty = true;
}

/// Moves the cursor; at the top what waited comes in.
pub fn move_to(state: &mut State, row: usize) {
    let page = page(state);
    state.queue.move_to(row, page);
    if row == 0 && state.queue.admit() {
        refresh(state);
        state.queue.move_to(0, page);
    }
    state.dirty = true;
}

/// The row under the cursor in a few lines, the most important first; beside the list there is room for all.
pub fn detail(state: &State, beside: bool) -> Vec<Line> {
    let Some(row) = state.queue.selected() else { return Vec::new() };
    let request = row.entry.request.as_ref();
    if beside {
        let mut lines = vec![headline(row), Line::new()];
        lines.extend(request::overview(state, request));
        return lines;
    }
    let mut lines = vec![
        headline(row),
        Line::noted("RUNS").and_marked(Role::Strong, &words::runs(&request.core)),
        Line::noted("DIFF").followed_by(request::diff_line(state, request)),
        finding(state, request),
        needs(request),
    ];
    if !request.core.reason.is_empty() {
        lines.push(Line::noted("WHY").and_marked(Role::Text, &request.core.reason.prose()));
    }
    lines.push(Line::noted("NOT").and(Role::Warn, safe!("BOUND: {}", words::not_bound(request))));
    lines.push(Line::noted("CODE").and(Role::Text, safe!("{}", request.digest().code())));
    lines
}

fn headline(row: &Row) -> Line {
    let request = row.entry.request.as_ref();
    let core = &request.core;
    let environment = if row.entry.production { Role::Prod } else { Role::Text };
    let line = Line::new()
        .and_marked(Role::Strong, &safe!("{} {}", core.repository.value.ident(), core.name.ident()))
        .and(Role::Text, "  ")
        .and_marked(environment, &core.environment.value.ident());
    let line = match &core.run {
        Some(run) => line.and_marked(Role::Text, &safe!("  run {} #{}", run.id.ident(), run.attempt)),
        None => line,
    };
    let line = match &row.kind {
        RowKind::Fold { members, .. } => line.and(Role::Warn, safe!("  {} of them", members.len())),
        _ => line,
    };
    let line = line.and(Role::Text, safe!("  {}", words::enforced(request)));
    if request.unreviewed { line.and(Role::Bad, "  BREAK-GLASS, not reviewed") } else { line }
}

fn finding(state: &State, request: &Request) -> Line {
    let old = request.old_findings(state.label);
    let new = request.findings.iter().filter(|f| f.counts(state.label)).count();
    let line = Line::noted("NEW");
    match request.worst_new(state.label) {
        Some(f) => {
            let role = request::severity_role(f.severity);
            let line = line.and(role, safe!("{} {} ", f.severity.mark(), f.id.meaning().what));
            let line = line.and_marked(Role::Text, &words::about(f));
            if new > 1 { line.and(Role::Dim, safe!("  and {} more", new - 1)) } else { line }
        }
        None if old > 0 => line.and(Role::Good, "nothing").and(Role::Dim, safe!("  {} old findings", old)),
        None => line.and(Role::Good, "nothing"),
    }
}

/// What your vote would do comes first: at eighty columns the end may be cut.
fn needs(request: &Request) -> Line {
    let line = Line::noted("NEED");
    let line = match &request.can {
        _ if !request.is_pending() => return line.and(Role::Strong, crate::app::news::decided_in_words(request)),
        Can::Yes { starts: true } => line.and(Role::Strong, "your approval STARTS it"),
        Can::Yes { starts: false } => line.and(Role::Text, "yours is counted"),
        Can::No { why } => line.and(Role::Warn, "not you: ").and_marked(Role::Warn, &why.prose()),
        Can::Unknown => line.and(Role::Unknown, "UNKNOWN whether you may"),
    };
    let line =
        if request.needs.is_empty() { line } else { line.and(Role::Text, safe!("; {} there", words::votes(request))) };
    line.and(Role::Dim, safe!("; {}", request.verdict.needs_in_words()))
}

/// What an empty list says.
pub fn empty(state: &State) -> Vec<Line> {
    let mut lines = vec![Line::new()];
    let connecting = state.backends.values().all(|b| b.health == Health::Connecting);
    if !state.queue.filter.is_empty() || state.queue.view != View::Waiting {
        lines.push(Line::of(Role::Text, safe!("  Nothing here: {}.", state.queue.shown_as())));
        lines.push(key_line(state, Verb::ViewWaiting, "everything that waits"));
        if !state.queue.filter.is_empty() {
            lines.push(key_line(state, Verb::Back, "drop the filter"));
        }
        return lines;
    }
    let silent: Vec<&BackendState> =
        state.backends.values().filter(|b| matches!(b.health, Health::Stale { .. })).collect();
    let says = match silent.len() {
        _ if connecting => "  Asking the backends.",
        0 => "  Nothing waits for a decision.",
        n if n == state.backends.len() => "  UNKNOWN what waits for a decision: no backend answers.",
        _ => "  Nothing waits as far as is known: not every backend answers.",
    };
    lines.push(Line::of(if silent.is_empty() { Role::Text } else { Role::Unknown }, says));
    let width = usize::from(state.layout().list().rows.width);
    lines.extend(silent.into_iter().flat_map(silence).flat_map(|line| line.wrap(width, 4)));
    lines.push(Line::new());
    for (command, what) in [
        ("jit-tui demo", "see the whole method on requests of its own"),
        ("jit-tui gate -- CMD", "have a step of yours ask here, in another terminal"),
        ("jit-tui doctor", "check config, backends, audit log and terminal"),
    ] {
        lines.push(Line::of(Role::Key, safe!("    {}", command)).filled_to(26).and(Role::Dim, what));
    }
    lines
}

/// What a backend that does not answer said last, and how to mend it.
fn silence(backend: &BackendState) -> Vec<Line> {
    let Health::Stale { fault, .. } = &backend.health else { return Vec::new() };
    let what = Line::of(Role::Bad, safe!("  {}: ", backend.name)).and_marked(Role::Text, &fault.message);
    let mend = Line::of(Role::Text, "    ").and_marked(Role::Dim, &fault.mend);
    let mend = Some(mend).filter(|_| !fault.mend.as_str().is_empty());
    [Line::new(), what].into_iter().chain(mend).collect()
}

fn key_line(state: &State, verb: Verb, what: &'static str) -> Line {
    let key: SafeText = state.setup.keymap.shown(verb);
    Line::of(Role::Key, safe!("    {}", key)).filled_to(10).and(Role::Dim, what)
}
