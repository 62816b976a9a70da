//! A dialog in its frame. Where there is too little room, the rows that can best be spared go first; fields, what
//! runs and what is wrong never do.

use ratatui::layout::{Position, Rect};

use super::layers::middle;
use super::text::Canvas;
use crate::app::overlay::{self, Dialog, Spot};
use crate::app::state::State;

/// Draws it; gives the cursor's place where a text field has it.
pub fn draw(canvas: &mut Canvas, room: Rect, state: &State, dialog: &Dialog) -> Option<Position> {
    let width = room.width.min(96);
    let mut rows = overlay::rows(state, dialog, usize::from(width.saturating_sub(4)));
    spare(&mut rows, usize::from(room.height.saturating_sub(2)));
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    let (left, right) = overlay::head(state, dialog);
    let inner = canvas.frame(middle(room, width, height), (&left, &right), &overlay::foot(state, dialog));
    canvas.lines(inner, rows.iter().map(|row| &row.line));
    let (at, column) = rows.iter().enumerate().find_map(|(i, row)| Some((i, row.cursor?)))?;
    let place = |base: u16, by: usize| base.saturating_add(u16::try_from(by).unwrap_or(u16::MAX));
    Some(Position { x: place(inner.x, column), y: place(inner.y, at) }).filter(|p| inner.contains(*p))
}

/// Takes rows out until the rest fits: those with the highest number, the lowest on the screen first.
fn spare(rows: &mut Vec<Spot>, room: usize) {
    while rows.len() > room {
        let most = rows.iter().map(|row| row.spare).max().unwrap_or(0);
        if most == 0 {
            return;
        }
        let Some(at) = rows.iter().rposition(|row| row.spare == most) else { return };
        let gone = rows.remove(at);
        if let Some(above) = at.checked_sub(1).and_then(|i| rows.get_mut(i)).filter(|_| gone.more) {
            above.mark_cut();
        }
    }
}
