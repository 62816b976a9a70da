//! One request: its title and tabs, and the text or the diff below them.

use super::queue::rows3;
use super::text::Canvas;
use crate::app::evidence::Reading;
use crate::app::layout::Layout;
use crate::app::line::Line;
use crate::app::screens::request::{self, RequestScreen, Tab, file_list};
use crate::app::state::State;
use crate::app::words;
use crate::keymap::Verb;
use crate::safe;
use crate::theme::Role;

/// The whole screen.
pub fn draw(canvas: &mut Canvas, layout: &Layout, state: &State, screen: &RequestScreen) {
    let (head, pane) = layout.request();
    let [title, tabs, rule] = rows3(head);
    canvas.line(title, &title_line(state, usize::from(title.width)));
    canvas.rule(rule);
    let width = usize::from(pane.width);
    match request::text(state, width) {
        Some(lines) => {
            let rows = usize::from(pane.height);
            let place = (screen.top, lines.len());
            canvas.line(tabs, &tab_line(state, screen).with_end(width, position(place.0, rows, place.1)));
            canvas.lines(pane, lines.iter().skip(screen.top));
        }
        None => {
            canvas.line(tabs, &tab_line(state, screen));
            diff(canvas, layout, state, screen);
        }
    }
}

fn title_line(state: &State, width: usize) -> Line {
    let Some(request) = request::viewed(state) else { return Line::new() };
    let core = &request.core;
    let production = state.queue.get(request.key()).is_some_and(|e| e.production);
    let mut line = Line::of(if production { Role::Prod } else { Role::Strong }, if production { "PROD " } else { "" });
    line = line.and_marked(Role::Strong, &safe!("{} ", core.environment.value.ident()));
    line = line.and_marked(Role::Strong, &words::title(core));
    let role = if request.is_pending() { Role::Text } else { Role::Warn };
    let standing = if request.is_pending() { request.state.word() } else { decided(request) };
    let line = line.and(role, safe!("  {}", standing));
    let line = if request.unreviewed { line.and(Role::Bad, "  BREAK-GLASS, not reviewed") } else { line };
    let end = Line::of(Role::Text, safe!("{} votes  {} enforces", words::votes(request), request.enforcer.word()));
    if state.is_parked() {
        let key = state.setup.keymap.shown(Verb::Back);
        return line.with_end(width, Line::of(Role::Warn, safe!("the dialog waits: {} goes back", key)));
    }
    line.with_end(width, end)
}

fn decided(request: &crate::domain::request::Request) -> crate::domain::text::SafeText {
    let when = request.decided_at.map(|t| safe!(" at {} UTC", t.clock())).unwrap_or_default();
    let who = request.votes.last().map(|v| safe!(" by {}", v.by.shown())).unwrap_or_default();
    safe!("{}{}{}", request.state.word(), who, when)
}

fn tab_line(state: &State, screen: &RequestScreen) -> Line {
    let mut line = Line::new();
    for (i, tab) in Tab::ALL.into_iter().enumerate() {
        let here = tab == screen.tab;
        line = line.and(Role::Key, safe!("{} ", i + 1));
        line = line.and(
            if here { Role::Selected } else { Role::Text },
            safe!("{}{}{}", if here { "[" } else { "" }, tab.title(), if here { "]" } else { "" }),
        );
        if tab == Tab::Diff {
            let seen = request::viewed(state).map(|r| state.evidences.seen(r));
            if let Some(seen) = seen.filter(|s| s.of > 0) {
                line = line.and(Role::Dim, safe!(" {}/{}", seen.files, seen.of));
            }
        }
        line = line.and(Role::Text, "   ");
    }
    line
}

fn position(top: usize, rows: usize, all: usize) -> Line {
    if all <= rows {
        return Line::new();
    }
    let more = if top + rows < all { " more below" } else { "" };
    Line::of(Role::Dim, safe!("{}-{} of {}{}", top + 1, (top + rows).min(all), all, more))
}

fn diff(canvas: &mut Canvas, layout: &Layout, state: &State, screen: &RequestScreen) {
    let complaints = request::complaints(state);
    let areas = layout.diff(complaints.len());
    let Some(request) = request::viewed(state) else { return };
    let head = Line::of(Role::Dim, "DIFF ").followed_by(request::diff_line(state, request));
    let wrong = complaints.iter().map(|c| Line::of(Role::Bad, c.clone()));
    let heads: Vec<Line> = std::iter::once(head).chain(wrong).collect();
    canvas.lines(areas.head, &heads);
    let shown = match state.evidences.of(request) {
        Some(Reading::Here(shown)) if shown.diff.is_some() => shown,
        other => {
            canvas.lines(areas.files, &absent(state, other));
            return;
        }
    };
    let files = file_list(&screen.diff, &state.evidences, request, shown, usize::from(areas.files.height));
    canvas.lines(areas.files, &files);
    let window = areas.window();
    let rows = usize::from(window.height);
    let (first, last, all) = screen.diff.position(rows);
    if areas.paper.x > 0 {
        canvas.rule_down(areas.paper);
    } else {
        canvas.rule(areas.paper);
        let place =
            safe!(" file {} of {}, rows {}-{} of {} ", screen.diff.place + 1, shown.order.len(), first, last, all);
        let x = areas.paper.x + 2;
        canvas.line(
            ratatui::layout::Rect { x, width: areas.paper.width.saturating_sub(2), ..areas.paper },
            &Line::of(Role::Dim, place),
        );
    }
    canvas.lines(window, &screen.diff.lines(rows));
}

fn absent(state: &State, reading: Option<&Reading>) -> Vec<Line> {
    match reading {
        Some(Reading::Failed(fault)) => vec![
            Line::of(Role::Bad, safe!("The evidence could not be read: {}", fault.message)),
            Line::of(Role::Text, fault.mend.clone()),
        ],
        Some(Reading::Here(_)) => vec![
            Line::of(Role::Unknown, "No diff was given: what changed is UNKNOWN."),
            Line::of(Role::Dim, safe!("{} shows what else is known", state.setup.keymap.shown(Verb::TabOverview))),
        ],
        _ => vec![Line::of(Role::Dim, "Reading the diff.")],
    }
}
