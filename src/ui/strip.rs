//! The LAST strip and the footer.

use super::text::Canvas;
use crate::app::holds::{Held, Latest, Stand, Track};
use crate::app::keys;
use crate::app::layout::Layout;
use crate::app::line::Line;
use crate::app::screens::grants::standing_line;
use crate::app::state::State;
use crate::desk::news::Step;
use crate::domain::outcome::Outcome;
use crate::domain::text::SafeText;
use crate::domain::time::Ms;
use crate::keymap::{Row, VERBS, Verb};
use crate::safe;
use crate::theme::Role;

/// The last rows of every screen.
pub fn draw(canvas: &mut Canvas, layout: &Layout, state: &State) {
    canvas.rule(layout.strip);
    let width = usize::from(layout.strip.width);
    let last =
        ratatui::layout::Rect { y: layout.strip.y + 1, height: layout.strip.height.saturating_sub(1), ..layout.strip };
    canvas.line(last, &strip(state, width));
    canvas.line(layout.footer, &footer(state, width));
}

fn strip(state: &State, width: usize) -> Line {
    if let Some(held) = state.holds.held.last() {
        return held_line(state, held, width);
    }
    if state.holds.waiting().next().is_some() {
        return waiting_line(state, width);
    }
    match state.holds.newest() {
        Some(latest) => latest_line(state, latest, width),
        None => flight_line(state),
    }
}

fn held_line(state: &State, held: &Held, width: usize) -> Line {
    // Whole seconds, rounded up: 3, 2, 1, sent.
    let left = (held.until.0 - state.now.boot.0).max(0);
    let seconds = (left + 999) / 1000;
    let keys = &state.setup.keymap;
    let others = state.holds.held.len() - 1;
    let line = Line::of(Role::Warn, "HELD ").and(Role::Strong, held.what.clone());
    let line = line.and(Role::Warn, safe!("  sent in {}s", seconds));
    let line = if others > 0 { line.and(Role::Dim, safe!("  and {} more held", others)) } else { line };
    let end = Line::of(Role::Key, keys.shown(Verb::Undo)).and(Role::Text, " undo  ");
    line.with_end(width, end.and(Role::Key, keys.shown(Verb::SendNow)).and(Role::Text, " send now"))
}

/// How far several decisions are that go one by one, or the countdown of one that waits for its backend.
fn waiting_line(state: &State, width: usize) -> Line {
    let holds = &state.holds;
    let waiting = holds.waiting().count();
    let line = match holds.waiting().find_map(countdown) {
        Some((track, until, why)) => {
            let seconds = ((until.0 - state.now.boot.0).max(0) + 999) / 1000;
            let line = Line::of(Role::Warn, "WAITS ").and_marked(Role::Strong, &track.what);
            line.and(Role::Warn, safe!("  sent in {}s", seconds)).and_marked(Role::Text, &safe!("  {}", why))
        }
        None => {
            let over = holds.tracks.iter().filter(|t| t.is_over()).count();
            let line = Line::of(Role::Warn, safe!("NOW  {} wait for their turn", waiting));
            let line = line.and(Role::Text, safe!(", {} on their way, {} over", holds.in_flight(), over));
            match holds.failed() {
                0 => line,
                failed => line.and(Role::Bad, safe!(", {} NOT DONE", failed)),
            }
        }
    };
    let end = Line::of(Role::Text, "  ").and(Role::Key, state.setup.keymap.shown(Verb::Undo));
    let end = end.and(Role::Text, " take back");
    let room = width.saturating_sub(end.width() + 1);
    cut(line, room).with_end(width, end)
}

fn countdown(track: &Track) -> Option<(&Track, Ms, &SafeText)> {
    match &track.stand {
        Stand::Step(Step::Waits { until, why }) => Some((track, *until, why)),
        _ => None,
    }
}

fn latest_line(state: &State, latest: Latest, width: usize) -> Line {
    let line = match latest {
        Latest::Decision(track) => track_line(state, track),
        Latest::Remark(remark) => {
            Line::of(Role::Dim, safe!("LAST {} ", remark.at.clock())).and_marked(remark.role, &remark.text)
        }
    };
    let more = state.holds.outcomes() - 1;
    let key = state.setup.keymap.shown(Verb::Ack);
    let mut end = if more > 0 { Line::of(Role::Dim, safe!("  +{} more  ", more)) } else { Line::of(Role::Text, "  ") };
    end = end.and(Role::Key, key).and(Role::Text, ": ok");
    if line.width() + end.width() > width && width >= 72 {
        // What does not fit here stands whole in the list of outcomes.
        let all = Line::of(Role::Text, " ").and(Role::Key, state.setup.keymap.shown(Verb::Outcomes));
        end = all.and(Role::Text, ": all").followed_by(end);
    }
    let room = width.saturating_sub(end.width() + 1);
    cut(line, room).with_end(width, end)
}

/// Cuts a line so that what stands at the right edge keeps its place.
fn cut(line: Line, width: usize) -> Line {
    if line.width() <= width {
        return line;
    }
    let mut left = width;
    let mut shown = Line::new();
    for piece in line.pieces {
        let text = piece.text.cut(left);
        left -= text.width().min(left);
        shown = shown.and(piece.role, text);
        if left == 0 {
            break;
        }
    }
    shown
}

fn track_line(state: &State, track: &Track) -> Line {
    let (words, role) = track.words();
    let line = Line::of(Role::Dim, safe!("LAST {} ", track.at.clock())).and_marked(Role::Strong, &track.what);
    let line = line.and(Role::Text, ": ").and_marked(role, &words);
    let approved = matches!(&track.stand, Stand::Step(Step::Done(Outcome::Final { state })) if *state == crate::domain::request::State::Approved);
    let grant = state.queue.get(&track.key).and_then(|e| e.request.grant.as_ref()).filter(|_| approved);
    match grant {
        Some(grant) => {
            let (standing, role) = standing_line(grant, state.label);
            line.and(Role::Text, ", ").and(role, standing)
        }
        None => line,
    }
}

fn flight_line(state: &State) -> Line {
    let Some(track) = state.holds.tracks.last() else { return Line::of(Role::Dim, "LAST -") };
    let (words, role) = track.words();
    Line::of(Role::Dim, "NOW  ").and_marked(Role::Strong, &track.what).and(Role::Text, ": ").and(role, words)
}

fn footer(state: &State, width: usize) -> Line {
    if let Some(note) = &state.note {
        return Line::new().and_marked(Role::Warn, note);
    }
    // A layer says its own keys.
    if state.overlay.is_some() {
        return Line::new();
    }
    let help = hint(state, Verb::Help);
    let room = width.saturating_sub(help.width());
    let mut line = Line::new();
    for row in VERBS.iter().filter(|row| in_footer(state, row)) {
        let hint = hint(state, row.verb);
        if line.width() + hint.width() > room {
            break;
        }
        line.pieces.extend(hint.pieces);
    }
    line.pieces.extend(help.pieces);
    line
}

fn in_footer(state: &State, row: &Row) -> bool {
    let here = state.context();
    let works = row.contexts.iter().any(|c| *c == here || *c == crate::keymap::Context::Anywhere);
    row.footer && row.verb != Verb::Help && works && keys::available(state, row.verb).is_ok()
}

fn hint(state: &State, verb: Verb) -> Line {
    let short = verb.row().map_or("", |row| row.short);
    Line::of(Role::Key, state.setup.keymap.shown(verb)).and(Role::Text, safe!(" {}  ", short))
}
