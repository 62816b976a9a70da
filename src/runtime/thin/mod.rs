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
    /// The newest frame, where one was drawn since the last one was fetched.
    wanted: Buffer,
    drawn: bool,
    shown: Vec<Cell>,
    /// Nobody knows what the terminal shows.
    unknown: bool,
    /// Where the cursor should be; absent = hidden.
    cursor: Option<Position>,
    cursor_shown: Option<Position>,
}

impl Thin {
    /// A terminal of this size, of which nothing is known.
    pub fn new(columns: u16, rows: u16) -> Self {
        let mut thin = Self {
            wanted: Buffer::default(),
            drawn: false,
            shown: Vec::new(),
            unknown: true,
            cursor: None,
            cursor_shown: None,
        };
        thin.resize(columns, rows);
        thin
    }

    /// Takes a new size; the next frame is written whole.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.wanted = Buffer::empty(Rect::new(0, 0, columns, rows));
        self.shown = vec![Cell::EMPTY; self.wanted.content.len()];
        self.drawn = false;
        self.unknown = true;
    }

    /// Takes a frame: `render` draws it on an empty screen, and says where the cursor is shown.
    pub fn draw(&mut self, render: &mut dyn FnMut(&mut Buffer) -> Option<Position>) {
        self.wanted.reset();
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
        if self.unknown {
            pen.clear();
            self.shown.fill(Cell::EMPTY);
        }
        let width = usize::from(columns).max(1);
        let rows = self.shown.chunks(width).zip(self.wanted.content.chunks_mut(width));
        for (y, (shown, wanted)) in (0..).zip(rows) {
            fit(wanted);
            pen.row(y, shown, wanted);
        }
        std::mem::swap(&mut self.shown, &mut self.wanted.content);
        pen.rest();
        let moved = self.cursor != self.cursor_shown || (self.cursor.is_some() && pen.has_written());
        if moved || self.unknown {
            self.place_cursor(&mut pen);
        }
        self.unknown = false;
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
