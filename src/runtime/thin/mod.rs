//! The thin encoder: a backend of ratatui's that turns what changed on the screen into as few bytes as it can. It
//! keeps what the terminal shows and what it should show, so that frames which nobody fetched cost nothing.

mod look;
mod pen;

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Cell, CellWidth};
use ratatui::layout::{Position, Size};

use pen::Pen;

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
    columns: u16,
    rows: u16,
    wanted: Vec<Cell>,
    shown: Vec<Cell>,
    /// Rows that may differ.
    touched: Vec<bool>,
    /// Nobody knows what the terminal shows.
    unknown: bool,
    /// Where the cursor should be; absent = hidden.
    cursor: Option<Position>,
    cursor_at: Position,
    cursor_shown: Option<Position>,
}

impl Thin {
    /// A terminal of this size, of which nothing is known.
    pub fn new(columns: u16, rows: u16) -> Self {
        let mut thin = Self {
            columns: 0,
            rows: 0,
            wanted: Vec::new(),
            shown: Vec::new(),
            touched: Vec::new(),
            unknown: true,
            cursor: None,
            cursor_at: Position::ORIGIN,
            cursor_shown: None,
        };
        thin.resize(columns, rows);
        thin
    }

    /// Takes a new size; the next frame is written whole.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        (self.columns, self.rows) = (columns, rows);
        let cells = usize::from(columns) * usize::from(rows);
        self.wanted = vec![Cell::EMPTY; cells];
        self.shown = vec![Cell::EMPTY; cells];
        self.touched = vec![true; rows.into()];
        self.unknown = true;
    }

    /// The bytes, one synchronised update, after which the terminal shows the newest frame; absent = it does already.
    pub fn frame(&mut self) -> Option<Vec<u8>> {
        let mut pen = Pen::new(self.columns, BEGIN);
        if self.unknown {
            pen.clear();
            self.shown.fill(Cell::EMPTY);
            self.touched.fill(true);
        }
        self.rows(&mut pen);
        pen.rest();
        let moved = self.cursor != self.cursor_shown || (self.cursor.is_some() && pen.has_written());
        if moved || self.unknown {
            self.place_cursor(&mut pen);
        }
        self.unknown = false;
        pen.has_written().then(|| pen.end(END))
    }

    fn rows(&mut self, pen: &mut Pen) {
        let width = usize::from(self.columns).max(1);
        let rows = self.shown.chunks_mut(width).zip(self.wanted.chunks(width)).zip(&mut self.touched);
        for (y, ((shown, wanted), touched)) in (0..).zip(rows) {
            if std::mem::take(touched) {
                pen.row(y, shown, wanted);
                shown.clone_from_slice(wanted);
            }
        }
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

    fn index(&self, x: u16, y: u16) -> Option<usize> {
        (x < self.columns && y < self.rows).then(|| usize::from(y) * usize::from(self.columns) + usize::from(x))
    }

    fn set(&mut self, x: u16, y: u16, cell: &Cell) {
        let Some(at) = self.index(x, y) else { return };
        if let Some(touched) = self.touched.get_mut(usize::from(y)) {
            *touched = true;
        }
        // Nearly all cells are one letter that takes the place of another.
        if let Some(slot) = self.wanted.get_mut(at).filter(|slot| is_letter(slot) && is_letter(cell)) {
            slot.clone_from(cell);
            return;
        }
        let cell = fit(cell, usize::from(self.columns - x));
        let width = usize::from(cell.symbol().cell_width());
        (at..at + width.max(1)).for_each(|at| self.uncover(at));
        if let Some(slots) = self.wanted.get_mut(at + 1..at + width.max(1)) {
            slots.fill(COVERED);
        }
        if let Some(slot) = self.wanted.get_mut(at) {
            *slot = cell;
        }
    }

    /// A wide character of which a column is written to is there no more.
    fn uncover(&mut self, at: usize) {
        let tail = self.wanted.iter_mut().skip(at + 1).take_while(|c| c.symbol().is_empty());
        tail.for_each(Cell::reset);
        let covered = self.wanted.get(at).is_some_and(|c| c.symbol().is_empty());
        if let Some((head, _)) = self.wanted.split_at_mut_checked(at).filter(|_| covered) {
            let own = head.iter_mut().rev();
            let mut whole = true;
            own.take_while(|c| std::mem::replace(&mut whole, c.symbol().is_empty())).for_each(Cell::reset);
        }
    }
}

fn is_letter(cell: &Cell) -> bool {
    matches!(cell.symbol().as_bytes(), [b' '..=b'~'])
}

/// The cell as it may be written where so many columns are left.
fn fit(cell: &Cell, left: usize) -> Cell {
    let symbol = cell.symbol();
    let other = if symbol.chars().any(char::is_control) {
        FORBIDDEN
    } else if (1..=left).contains(&usize::from(symbol.cell_width())) {
        return cell.clone();
    } else {
        Cell::new(" ")
    };
    let mut fitting = other;
    (fitting.fg, fitting.bg, fitting.modifier) = (cell.fg, cell.bg, cell.modifier);
    fitting
}

impl Backend for Thin {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        content.for_each(|(x, y, cell)| self.set(x, y, cell));
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.cursor = None;
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.cursor = Some(self.cursor_at);
        Ok(())
    }

    /// Where we put it last: the terminal is not asked.
    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        Ok(self.cursor_at)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.cursor_at = position.into();
        self.cursor = self.cursor.map(|_| self.cursor_at);
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.resize(self.columns, self.rows);
        Ok(())
    }

    /// Whatever the part: the next frame is written whole.
    fn clear_region(&mut self, _: ClearType) -> Result<(), Infallible> {
        self.clear()
    }

    fn size(&self) -> Result<Size, Infallible> {
        Ok(Size::new(self.columns, self.rows))
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize { columns_rows: Size::new(self.columns, self.rows), pixels: Size::ZERO })
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
