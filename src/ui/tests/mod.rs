//! Screens as they look, and that none of any size breaks the drawing.

mod bytes;
mod screens;
mod sizes;

use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};

use crate::app::testing::Stage;
use crate::app::{Msg, State};
use crate::theme::Theme;

/// The screen as text, with the cursor where it is shown.
fn drawn(state: &State) -> String {
    let (width, height) = state.setup.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let draw = |frame: &mut Frame| {
        let cursor = super::draw(frame.buffer_mut(), state, &Theme::mono());
        cursor.into_iter().for_each(|at| frame.set_cursor_position(at));
    };
    terminal.draw(draw).unwrap();
    // A backend of no columns cannot be printed.
    let text = if width == 0 { String::new() } else { terminal.backend().to_string() };
    let shown = terminal.backend().cursor_visible();
    let rows: Vec<&str> = text.lines().map(|l| l.trim_matches('"').trim_end()).collect();
    let cursor = if shown { format!("\n(cursor {:?})", terminal.backend().cursor_position()) } else { String::new() };
    rows.join("\n") + &cursor
}

fn at(stage: &mut Stage, size: (u16, u16)) -> String {
    stage.send(Msg::Resize(size.0, size.1));
    stage.draws();
    drawn(&stage.state)
}
