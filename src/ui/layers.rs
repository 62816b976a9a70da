//! What lies over a screen. Gives the place of the cursor, which is shown in text fields only.

use ratatui::layout::{Position, Rect};

use super::dialog;
use super::text::Canvas;
use crate::app::field::Field;
use crate::app::layout::Layout;
use crate::app::line::{Line, spaces};
use crate::app::overlay::{Find, Listing, Overlay, Sheet, palette_rows};
use crate::app::screens::help;
use crate::app::state::State;
use crate::domain::text::SafeText;
use crate::keymap::Verb;
use crate::safe;
use crate::theme::Role;

/// The layer on top, if there is one.
pub fn draw(canvas: &mut Canvas, layout: &Layout, state: &State) -> Option<Position> {
    let room = Rect { y: 0, height: layout.strip.y + 1, ..layout.body };
    match state.overlay.as_ref()? {
        Overlay::Dialog(dialog) => dialog::draw(canvas, room, state, dialog),
        Overlay::Find(find) => Some(filter_line(canvas, Rect { height: 1, ..layout.body }, find)),
        Overlay::Help(list) => Some(help_layer(canvas, room, state, list)),
        Overlay::Palette(list) => Some(palette(canvas, room, state, list)),
        Overlay::Outcomes(list) => {
            outcomes(canvas, room, state, list);
            None
        }
        Overlay::ByHand(sheet) => {
            by_hand(canvas, room, state, sheet);
            None
        }
        Overlay::Quit => {
            quit(canvas, room, state);
            None
        }
    }
}

/// An area in the middle of another.
pub fn middle(room: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(room.width), height.min(room.height));
    Rect { x: room.x + (room.width - width) / 2, y: room.y + (room.height - height) / 2, width, height }
}

/// A label and a field behind it; gives the cursor's place.
fn field_row(canvas: &mut Canvas, area: Rect, label: &'static str, field: &Field, after: Line) -> Position {
    let room = usize::from(area.width).saturating_sub(label.len() + after.width() + 1).clamp(4, 90);
    let window = field.window(room, 1);
    let text = window.rows.into_iter().next().unwrap_or_default();
    let fill = spaces(room.saturating_sub(text.width()));
    let mut line = Line::of(Role::Key, label).and_marked(Role::Input, &text).and(Role::Input, fill);
    line.pieces.extend(after.pieces);
    canvas.line(area, &line);
    let column = u16::try_from(label.len() + window.cursor.0).unwrap_or(u16::MAX);
    Position { x: area.x.saturating_add(column), y: area.y }
}

fn filter_line(canvas: &mut Canvas, area: Rect, find: &Find) -> Position {
    let after = match &find.error {
        Some(error) => Line::of(Role::Bad, safe!("  {}", error.cut(usize::from(area.width) / 2))),
        None => Line::of(Role::Dim, "  enter keep  esc drop"),
    };
    field_row(canvas, area, "/ ", &find.field, after)
}

fn help_layer(canvas: &mut Canvas, room: Rect, state: &State, list: &Listing) -> Position {
    let foot = Line::of(Role::Dim, "type to search   up/down pgup/pgdn   esc close");
    let inner = canvas.frame(room, (&Line::of(Role::Title, "HELP"), &Line::new()), &foot);
    let lines = help::lines(state, &list.field.text(), usize::from(inner.width));
    let search = Rect { height: inner.height.min(1), ..inner };
    let rows = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let count = Line::of(
        Role::Dim,
        safe!("  {}-{} of {}", list.at + 1, (list.at + usize::from(rows.height)).min(lines.len()), lines.len()),
    );
    let cursor = field_row(canvas, search, "find ", &list.field, count);
    canvas.lines(rows, lines.iter().skip(list.at));
    cursor
}

fn palette(canvas: &mut Canvas, room: Rect, state: &State, list: &Listing) -> Position {
    let area = middle(room, 76, 18);
    let foot = Line::of(Role::Dim, "type to search   up/down   enter do   esc close");
    let inner = canvas.frame(area, (&Line::of(Role::Title, "VERBS"), &Line::new()), &foot);
    let search = Rect { height: inner.height.min(1), ..inner };
    let cursor = field_row(canvas, search, ": ", &list.field, Line::new());
    let rows = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let verbs = palette_rows(state, &list.field.text());
    let first = (list.at + 1).saturating_sub(usize::from(rows.height));
    for (area, (at, (row, why))) in rows.rows().zip(verbs.iter().enumerate().skip(first)) {
        let here = at == list.at;
        let role = if why.is_some() { Role::Dim } else { Role::Text };
        let says = why.as_ref().map_or(SafeText::lit(row.long), |why| safe!("not now: {}", why));
        let line = Line::of(Role::Strong, if here { "> " } else { "  " })
            .and(Role::Key, state.setup.keymap.shown(row.verb).cut(9))
            .filled_to(12)
            .and(Role::Strong, row.name)
            .filled_to(27)
            .and(role, says);
        if here { canvas.selected(area, &line) } else { canvas.line(area, &line) }
    }
    cursor
}

fn outcomes(canvas: &mut Canvas, room: Rect, state: &State, list: &Listing) {
    let area = middle(room, 100, room.height);
    let keys = &state.setup.keymap;
    let foot = Line::of(Role::Key, keys.shown(Verb::Undo))
        .and(Role::Text, " undo  ")
        .and(Role::Key, keys.shown(Verb::SendNow))
        .and(Role::Text, " send now  ")
        .and(Role::Key, keys.shown(Verb::Ack))
        .and(Role::Text, " acknowledge the newest  ")
        .and(Role::Key, keys.shown(Verb::Cancel))
        .and(Role::Text, " close");
    let title = Line::of(Role::Title, "DECISIONS OF THIS CONSOLE");
    let counts = counts(state);
    let inner = canvas.frame(area, (&title, &Line::of(Role::Text, counts)), &foot);
    let remarks = state.holds.remarks.iter().rev();
    let remarks = remarks.map(|r| Line::of(Role::Dim, safe!("{} ", r.at.clock())).and_marked(r.role, &r.text));
    let tracks = state.holds.tracks.iter().rev().map(|track| {
        let (words, role) = track.words();
        let line = Line::of(Role::Dim, safe!("{} ", track.at.clock())).and_marked(Role::Strong, &track.what.cut(40));
        line.filled_to(40).and_marked(role, &words)
    });
    let width = usize::from(inner.width);
    let rows: Vec<Line> = tracks.chain(remarks).flat_map(|l| l.wrap(width, 40)).collect();
    if rows.is_empty() {
        canvas.line(inner, &Line::of(Role::Dim, "nothing was decided from here that is not acknowledged"));
    }
    canvas.lines(inner, rows.iter().skip(list.at));
}

/// How far they are; while some wait for their turn also how many are over.
fn counts(state: &State) -> SafeText {
    let holds = &state.holds;
    let waiting = holds.waiting().count();
    if waiting == 0 {
        return safe!("{} held, {} on their way", holds.held_count(), holds.in_flight());
    }
    let over = holds.tracks.iter().filter(|t| t.is_over()).count();
    let counts = safe!("{} wait, {} on their way, {} over", waiting, holds.in_flight(), over);
    if holds.failed() > 0 { safe!("{}, {} not done", counts, holds.failed()) } else { counts }
}

fn by_hand(canvas: &mut Canvas, room: Rect, state: &State, sheet: &Sheet) {
    let foot = Line::of(Role::Key, state.setup.keymap.shown(Verb::Cancel)).and(Role::Text, " close");
    let width = usize::from(room.width.min(100)).saturating_sub(4);
    let lines: Vec<Line> = sheet.lines.iter().flat_map(|line| line.clone().wrap(width, 0)).collect();
    let area = middle(room, 100, u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2));
    let inner = canvas.frame(area, (&Line::of(Role::Title, "DECIDE BY HAND"), &Line::new()), &foot);
    canvas.lines(inner, &lines);
}

fn quit(canvas: &mut Canvas, room: Rect, state: &State) {
    let keys = &state.setup.keymap;
    let foot = Line::of(Role::Key, keys.shown(Verb::Leave))
        .and(Role::Text, " quit   ")
        .and(Role::Key, keys.shown(Verb::Cancel))
        .and(Role::Text, " stay");
    let (held, flying) = (state.holds.held_count(), state.holds.in_flight());
    let waiting = state.holds.waiting().count();
    let mut lines = Vec::new();
    if waiting > 0 {
        let says = safe!("{} waiting for a turn: dropped, unsent, if you quit.", decisions(waiting));
        lines.push(Line::of(Role::Warn, says));
    }
    if held > 0 {
        lines.push(Line::of(Role::Warn, safe!("{} held: dropped, unsent, if you quit.", decisions(held))));
    }
    if flying > 0 {
        lines.push(Line::of(Role::Warn, safe!("{} on the way: on record, and already sent.", decisions(flying))));
        lines.push(Line::of(Role::Text, "What came of it is settled at the next start, or in `audit list`."));
    }
    let area = middle(room, 72, u16::try_from(lines.len()).unwrap_or(3) + 2);
    let inner = canvas.frame(area, (&Line::of(Role::Title, "QUIT?"), &Line::new()), &foot);
    canvas.lines(inner, &lines);
}

fn decisions(n: usize) -> SafeText {
    if n == 1 { SafeText::lit("1 decision is") } else { safe!("{} decisions are", n) }
}
