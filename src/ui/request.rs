//! One request: its title and tabs, and the text or the diff below them.

use super::diff;
use super::queue::rows3;
use super::text::Canvas;
use crate::app::evidence::{Reading, Shown};
use crate::app::layout::Layout;
use crate::app::line::Line;
use crate::app::paper::Watched;
use crate::app::screens::request::{self, RequestScreen, Tab};
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
            diff(canvas, state, screen);
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
    let end = Line::of(Role::Text, safe!("{} votes  {}", words::votes(request), words::enforced(request)));
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
            let seen = request::viewed(state).map(|r| state.evidences.counts(r));
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

fn diff(canvas: &mut Canvas, state: &State, screen: &RequestScreen) {
    let Some(request) = request::viewed(state) else { return };
    let head = Line::of(Role::Dim, "DIFF ").followed_by(request::diff_line(state, request));
    match state.evidences.of(request) {
        Some(Reading::Here(shown)) if shown.against.is_some() => against(canvas, state, screen, shown, head),
        Some(Reading::Here(shown)) if shown.paper.is_some() => {
            let (nothing, paper) = (Watched::default(), shown.paper.as_ref());
            let watched = state.evidences.watched(request).unwrap_or(&nothing);
            let shown = paper.map(|paper| diff::Shown { view: &screen.diff, paper, watched });
            shown.iter().for_each(|shown| diff::draw(canvas, state, shown, head.clone()));
        }
        other => {
            let areas = crate::app::screens::diff::areas(state);
            canvas.line(areas.head, &head);
            canvas.lines(areas.files, &absent(state, other));
        }
    }
}

/// Another change: the first line says that the decision is not about it.
fn against(canvas: &mut Canvas, state: &State, screen: &RequestScreen, shown: &Shown, own: Line) {
    let Some(against) = &shown.against else { return };
    let head = Line::of(Role::Warn, against.beside.title())
        .and(Role::Dim, ", for reading; the decision is about ")
        .followed_by(own);
    match &against.paper {
        Some(paper) => {
            let shown = diff::Shown { view: &screen.diff, paper, watched: against.watched() };
            diff::draw(canvas, state, &shown, head);
        }
        None => {
            let areas = crate::app::screens::diff::areas(state);
            let why = against.why.clone().map(|why| Line::of(Role::Bad, why));
            canvas.line(areas.head, &head);
            canvas.lines(areas.files, &[why.unwrap_or(Line::of(Role::Dim, "Fetching it."))]);
        }
    }
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
