//! The thin encoder: turns what changed on the screen into as few bytes as it can. It keeps what the terminal shows
//! and what it should show, so that frames which nobody fetched cost nothing. Both are whole screens that change
//! places, so no frame is looked at twice or copied.

mod look;
mod pen;

#[cfg(test)]
mod tests;

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::layout::{Position, Rect};

use look::Look;
use pen::{Pen, is_letter};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const HIDE: &[u8] = b"\x1b[?25l";
const SHOW: &[u8] = b"\x1b[?25h";

/// What stands behind the first column of a wide character.
const COVERED: Cell = Cell::new("");
/// What a control character is drawn as: text was made safe long before, so this is the second lock.
const FORBIDDEN: Cell = Cell::new("?");

/// The screen of a terminal, and the bytes that bring it up to date.
#[derive(Debug)]
pub struct Thin {
    /// The newest frame, where one was drawn since the last one was fetched; without cells until there is one.
    wanted: Buffer,
    drawn: bool,
    /// No cells: nobody knows what the terminal shows.
    shown: Vec<Cell>,
    /// Where the cursor should be; absent = hidden.
    cursor: Option<Position>,
    cursor_shown: Option<Position>,
}

impl Thin {
    /// A terminal of this size, of which nothing is known.
    pub fn new(columns: u16, rows: u16) -> Self {
        let wanted = Buffer { area: Rect::new(0, 0, columns, rows), content: Vec::new() };
        Self { wanted, drawn: false, shown: Vec::new(), cursor: None, cursor_shown: None }
    }

    /// Takes a new size; the next frame is written whole.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let (cursor, cursor_shown) = (self.cursor, self.cursor_shown);
        *self = Self { cursor, cursor_shown, ..Self::new(columns, rows) };
    }

    /// Takes a frame: `render` draws it on an empty screen, and says where the cursor is shown.
    pub fn draw(&mut self, render: &mut dyn FnMut(&mut Buffer) -> Option<Position>) {
        if self.wanted.content.is_empty() {
            self.wanted = Buffer::empty(self.wanted.area);
        } else {
            self.wanted.reset();
        }
        self.cursor = render(&mut self.wanted);
        self.drawn = true;
    }

    /// The bytes, one synchronised update, after which the terminal shows the newest frame; absent = it does already.
    pub fn frame(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.drawn) {
            return None;
        }
        let columns = self.wanted.area.width;
        let mut pen = Pen::new(columns, BEGIN);
        let width = usize::from(columns).max(1);
        let (unknown, mut blank) = (self.shown.is_empty(), Vec::new());
        if unknown {
            pen.clear();
            blank.resize(width, Cell::EMPTY);
        }
        let mut shown = self.shown.chunks(width);
        for (y, wanted) in (0..).zip(self.wanted.content.chunks_mut(width)) {
            fit(wanted);
            pen.row(y, shown.next().unwrap_or(&blank), wanted);
        }
        std::mem::swap(&mut self.shown, &mut self.wanted.content);
        pen.rest();
        let moved = self.cursor != self.cursor_shown || (self.cursor.is_some() && pen.has_written());
        if moved || unknown {
            self.place_cursor(&mut pen);
        }
        pen.has_written().then(|| pen.end(END))
    }

    fn place_cursor(&mut self, pen: &mut Pen) {
        match self.cursor {
            Some(at) => {
                pen.jump(at.y, at.x);
                if self.cursor_shown.is_none() {
                    pen.raw(SHOW);
                }
            }
            None => pen.raw(HIDE),
        }
        self.cursor_shown = self.cursor;
    }
}

/// Brings a row into the shape in which it can be written: what stands behind the first column of a wide character
/// is covered by it, and nothing goes over the edge.
fn fit(row: &mut [Cell]) {
    let mut at = 0;
    // Nearly all cells hold a letter.
    while let Some(next) = row.iter().skip(at).position(|cell| !is_letter(cell)) {
        at += next;
        let left = row.len() - at;
        let Some(cell) = row.get_mut(at) else { return };
        restrict(cell, left);
        let width = usize::from(cell.symbol().cell_width()).max(1);
        row.iter_mut().skip(at + 1).take(width - 1).for_each(|cell| *cell = COVERED);
        at += width;
    }
}

/// Makes the cell one that may be written where so many columns are left.
fn restrict(cell: &mut Cell, left: usize) {
    let symbol = cell.symbol();
    let other = if symbol.chars().any(char::is_control) {
        FORBIDDEN
    } else if (1..=left).contains(&usize::from(symbol.cell_width())) {
        return;
    } else {
        Cell::EMPTY
    };
    let look = Look::of(cell);
    *cell = other;
    (cell.fg, cell.bg, cell.modifier) = (look.fg, look.bg, look.modifier);
}
