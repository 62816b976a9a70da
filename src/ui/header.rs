//! The lines at the top: how much there is, how fresh it is, and what is always to be known.

use ratatui::layout::Rect;

use super::text::Canvas;
use crate::app::line::Line;
use crate::app::queue::View;
use crate::app::screens::audit;
use crate::app::state::State;
use crate::app::{time, words};
use crate::desk::news::{BackendState, GuardState, Health};
use crate::domain::text::SafeText;
use crate::safe;
use crate::theme::Role;

/// Counts, backends, and the banner where there is one.
pub fn draw(canvas: &mut Canvas, area: Rect, state: &State) {
    let width = usize::from(area.width);
    let mut lines = vec![counts(state).with_end(width, who(state)), backends(state, width)];
    lines.extend(state.banner());
    canvas.lines(area, &lines);
}

fn counts(state: &State) -> Line {
    let mut line = Line::of(Role::Title, "jit-tui");
    let views = [View::Yours, View::Others, View::Running, View::Unknown, View::Review];
    for (i, view) in views.into_iter().enumerate() {
        let count = state.queue.count(view);
        let alarm = matches!(view, View::Unknown | View::Review);
        if alarm && count == 0 {
            continue;
        }
        let role = match view {
            View::Yours if count > 0 => Role::Strong,
            View::Unknown => Role::Unknown,
            View::Review => Role::Bad,
            _ => Role::Text,
        };
        line = line.and(Role::Border, if i == 0 { "  " } else { " | " });
        line = line.and(Role::Dim, safe!("{} ", i + 1)).and(role, safe!("{} {}", view.title(), count));
    }
    line
}

fn who(state: &State) -> Line {
    let you = state.backends.values().find_map(|b| b.session.as_ref()).map(|s| s.you.shown());
    let clock = state.label.clock();
    match you {
        Some(you) => Line::of(Role::Text, safe!("{} {} UTC", you, clock)),
        None => Line::of(Role::Text, safe!("{} UTC", clock)),
    }
}

/// What is wrong and what limits are near is said as far as there is room for it: an equal share each.
fn backends(state: &State, width: usize) -> Line {
    let bare = backend_line(state, 0).width();
    let talkative = state.backends.values().filter(|b| !remark(b).as_str().is_empty()).count();
    backend_line(state, width.saturating_sub(bare) / talkative.max(1))
}

fn remark(backend: &BackendState) -> SafeText {
    match &backend.health {
        Health::Stale { fault, .. } => safe!(": {}", fault.message),
        _ if backend.note.as_str().is_empty() => SafeText::default(),
        _ => safe!(" {}", backend.note),
    }
}

fn backend_line(state: &State, room: usize) -> Line {
    let mut line = Line::new();
    for backend in state.backends.values() {
        let (words, role) = health(state, backend);
        line = line.and(Role::Text, safe!("{} ", backend.name)).and(role, words);
        let remark = remark(backend);
        // A few letters of it would say nothing.
        if room >= remark.width().min(12) {
            line = line.and_marked(Role::Text, &remark.cut(room));
        }
        line = line.and(Role::Border, " | ");
    }
    if state.backends.is_empty() {
        line = line.and(Role::Dim, "no backend yet").and(Role::Border, " | ");
    }
    if let Some((words, role)) = guard(state) {
        line = line.and(Role::Text, "guard ").and(role, words).and(Role::Border, " | ");
    }
    line.followed_by(audit::state_line(state))
}

/// Whether anybody keeps what the guard has to keep.
fn guard(state: &State) -> Option<(SafeText, Role)> {
    Some(match state.guard.as_ref()? {
        GuardState::Here => (SafeText::lit("on"), Role::Good),
        GuardState::Elsewhere => (SafeText::lit("elsewhere"), Role::Good),
        GuardState::Broken { .. } => (SafeText::lit("BROKEN"), Role::Bad),
    })
}

fn health(state: &State, backend: &BackendState) -> (SafeText, Role) {
    let age = |at| words::ago(state.label, at);
    match &backend.health {
        Health::Connecting => (SafeText::lit("connecting"), Role::Dim),
        Health::Fresh { at } if time::is_aged(backend, state.now.wall) => (safe!("quiet {}", age(*at)), Role::Warn),
        Health::Fresh { .. } => (SafeText::lit("ok"), Role::Good),
        Health::Stale { since: Some(at), .. } => (safe!("STALE {}", age(*at)), Role::Bad),
        Health::Stale { since: None, .. } => (SafeText::lit("DOWN"), Role::Bad),
    }
}
