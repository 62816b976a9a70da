//! L7. Draws the state and changes nothing.

mod dialog;
mod diff;
mod header;
mod layers;
mod lists;
mod queue;
mod request;
mod strip;
mod text;

#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::State;
use crate::app::layout::{SMALLEST, fits};
use crate::app::line::Line;
use crate::app::state::Screen;
use crate::keymap::Verb;
use crate::safe;
use crate::theme::{Role, Theme};
use text::Canvas;

/// Draws one frame on an empty screen; where the cursor is shown.
pub fn draw(buffer: &mut Buffer, state: &State, theme: &Theme) -> Option<Position> {
    let area = buffer.area;
    let mut canvas = Canvas::new(buffer, theme);
    if !fits((area.width, area.height)) || (area.width, area.height) != state.setup.size {
        too_small(&mut canvas, area, state);
        return None;
    }
    whole(&mut canvas, state).filter(|cursor| area.contains(*cursor))
}

fn too_small(canvas: &mut Canvas, area: Rect, state: &State) {
    let mut lines = vec![
        Line::of(Role::Strong, safe!("jit-tui needs {}x{}", SMALLEST.0, SMALLEST.1)),
        Line::of(Role::Text, safe!("here are {}x{}", area.width, area.height)),
        Line::of(Role::Dim, "make the window larger; nothing is decided meanwhile"),
    ];
    if !state.holds.held.is_empty() {
        let undo = state.setup.keymap.shown(Verb::Undo);
        lines.push(Line::of(Role::Warn, safe!("HELD: {} takes it back", undo)));
    }
    canvas.lines(area, &lines);
}

fn whole(canvas: &mut Canvas, state: &State) -> Option<Position> {
    let layout = state.layout();
    header::draw(canvas, layout.header, state);
    match state.screen() {
        None => queue::draw(canvas, &layout, state),
        Some(Screen::Request(screen)) => request::draw(canvas, &layout, state, screen),
        Some(Screen::Grants) => lists::grants(canvas, &layout, state),
        Some(Screen::Audit) => lists::audit(canvas, &layout, state),
        Some(Screen::Diff(screen)) => diff::alone(canvas, state, screen),
    }
    strip::draw(canvas, &layout, state);
    layers::draw(canvas, &layout, state)
}
