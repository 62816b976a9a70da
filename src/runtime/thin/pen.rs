//! Writes rows: where the cursor stands and how it writes is known, and only what must change is written.

use ratatui::buffer::{Cell, CellWidth};
use ratatui::style::Color;

use super::look::{Look, decimal};

/// Erasing to the end of the line takes three bytes: up to so many blanks are not worth it.
const ERASE: usize = 3;
/// Blanks in a row from which on it may pay to erase the line and to jump over them.
const GAP: usize = 8;
/// Line feeds up to here are shorter than an address.
const FEEDS: u16 = 3;

/// Where the terminal's cursor stands and how it writes.
#[derive(Clone, Copy, Debug, Default)]
struct Stand {
    row: Option<u16>,
    column: Option<u16>,
    /// Terminals agree on the column: only ASCII was written since it was set.
    sure: bool,
    look: Look,
}

/// The bytes of a frame while they are put together.
#[derive(Debug)]
pub(super) struct Pen {
    out: Vec<u8>,
    begun: usize,
    columns: u16,
    stand: Stand,
}

fn cell(row: &[Cell], x: u16) -> &Cell {
    row.get(usize::from(x)).unwrap_or(&Cell::EMPTY)
}

/// A letter, or any other sign that takes a byte and a column.
pub(super) fn is_letter(cell: &Cell) -> bool {
    matches!(cell.symbol().as_bytes(), [b' '..=b'~'])
}

fn is_space(cell: &Cell) -> bool {
    matches!(cell.symbol().as_bytes(), b" ")
}

/// Nothing but the terminal's own background.
fn is_blank(cell: &Cell) -> bool {
    is_space(cell) && cell.bg == Color::Reset && !Look::of(cell).marks_blanks()
}

/// The column behind the last cell that is not blank.
fn end_of(row: &[Cell]) -> usize {
    row.iter().rposition(|c| !is_blank(c)).map_or(0, |last| last + 1)
}

/// Asked of every cell of every frame.
fn look_same(a: &Cell, b: &Cell) -> bool {
    let same = match (a.symbol().as_bytes(), b.symbol().as_bytes()) {
        ([a], [b]) => a == b,
        (a, b) => a == b,
    };
    let (one, other) = (Look::of(a), Look::of(b));
    let unseen = || is_space(a) && one.bg == other.bg && !one.marks_blanks() && !other.marks_blanks();
    same && (one == other || unseen())
}

fn has_gap(row: &[Cell], from: usize, end: usize) -> bool {
    let mut blanks = 0;
    row.iter().take(end).skip(from).any(|c| {
        blanks = if is_blank(c) { blanks + 1 } else { 0 };
        blanks >= GAP
    })
}

impl Pen {
    /// A pen for rows of so many columns; `begin` stands before everything.
    pub(super) fn new(columns: u16, begin: &[u8]) -> Self {
        Self { out: begin.to_vec(), begun: begin.len(), columns, stand: Stand::default() }
    }

    /// Whether there is anything to send.
    pub(super) fn has_written(&self) -> bool {
        self.out.len() > self.begun
    }

    /// All bytes.
    pub(super) fn end(mut self, end: &[u8]) -> Vec<u8> {
        self.out.extend_from_slice(end);
        self.out
    }

    /// A sequence that moves nothing.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Erases everything, whatever was set before.
    pub(super) fn clear(&mut self) {
        self.raw(b"\x1b[m\x1b[2J");
        self.stand = Stand::default();
    }

    /// Back to the ordinary look.
    pub(super) fn rest(&mut self) {
        self.dip(Look::default());
    }

    fn dip(&mut self, look: Look) {
        self.stand.look.change_to(look, &mut self.out);
        self.stand.look = look;
    }

    /// Brings a row from what it shows to what it should show.
    pub(super) fn row(&mut self, y: u16, old: &[Cell], new: &[Cell]) {
        let changed = |(a, b): (&Cell, &Cell)| !look_same(a, b);
        let Some(first) = old.iter().zip(new).position(changed) else { return };
        let (stand, begin) = (self.stand, self.out.len());
        self.patch(y, first, old, new);
        if !has_gap(new, first, end_of(new)) {
            return;
        }
        // The other way: erase, and write what is not blank. The shorter one stays.
        let (patch, after) = (self.out.split_off(begin), self.stand);
        self.stand = stand;
        self.write_anew(y, first, new);
        if self.out.len() - begin >= patch.len() {
            self.out.truncate(begin);
            self.out.extend_from_slice(&patch);
            self.stand = after;
        }
    }

    fn patch(&mut self, y: u16, first: usize, old: &[Cell], new: &[Cell]) {
        let (end, old_end) = (end_of(new), end_of(old));
        let erases = old_end > end.max(first) + ERASE;
        let limit = if erases { end } else { end.max(old_end) };
        for x in first..limit {
            let same = old.get(x).zip(new.get(x)).is_none_or(|(a, b)| look_same(a, b));
            if !same {
                self.put(y, x as u16, new);
            }
        }
        if erases {
            self.erase(y, end.max(first) as u16, new);
        }
    }

    fn write_anew(&mut self, y: u16, first: usize, new: &[Cell]) {
        self.erase(y, first as u16, new);
        for x in first..end_of(new) {
            if new.get(x).is_some_and(|c| !is_blank(c)) {
                self.put(y, x as u16, new);
            }
        }
    }

    /// Erases from a column to the end of the line.
    fn erase(&mut self, y: u16, x: u16, row: &[Cell]) {
        self.go(y, x, row);
        if !self.stand.sure {
            self.jump(y, x);
        }
        // Terminals erase with the background that is set.
        self.dip(self.stand.look.for_blank(Look::default()));
        self.raw(b"\x1b[K");
    }

    fn put(&mut self, y: u16, x: u16, row: &[Cell]) {
        let what = cell(row, x);
        if what.symbol().is_empty() {
            return;
        }
        self.go(y, x, row);
        self.write(what);
    }

    fn write(&mut self, cell: &Cell) {
        self.dip(self.look_for(cell));
        let symbol = cell.symbol();
        self.raw(symbol.as_bytes());
        if let (true, Some(x)) = (is_letter(cell), self.stand.column.filter(|x| x + 1 < self.columns)) {
            self.stand.column = Some(x + 1);
            return;
        }
        let mut chars = symbol.chars();
        let single = chars.next().is_some() && chars.next().is_none();
        let next = self.stand.column.map(|x| x + symbol.cell_width());
        // At the edge terminals differ in where they stand, behind joined characters in how wide they were.
        self.stand.column = next.filter(|x| *x < self.columns && single);
        self.stand.row = self.stand.row.filter(|_| next.is_some_and(|x| x < self.columns));
        self.stand.sure &= symbol.is_ascii();
    }

    fn look_for(&self, cell: &Cell) -> Look {
        let look = Look::of(cell);
        if is_space(cell) { self.stand.look.for_blank(look) } else { look }
    }

    /// Moves to a cell of a row that, up to there, shows what it should.
    fn go(&mut self, y: u16, x: u16, row: &[Cell]) {
        let below = self.stand.row.filter(|_| self.stand.sure && self.stand.column.is_some());
        if let Some(down) = below.and_then(|at| y.checked_sub(at)).filter(|down| (1..=FEEDS).contains(down)) {
            self.out.push(b'\r');
            self.out.extend(std::iter::repeat_n(b'\n', down.into()));
            (self.stand.row, self.stand.column) = (Some(y), Some(0));
        }
        match self.stand.column.filter(|_| self.stand.row == Some(y)) {
            Some(at) if at == x => {}
            Some(at) if at < x && self.is_cheap(at, x, row) => (at..x).for_each(|x| self.write(cell(row, x))),
            Some(at) if at < x && self.stand.sure => self.forward(x - at, x),
            _ => self.jump(y, x),
        }
    }

    /// Whether writing again what stands between is no longer than moving over it.
    fn is_cheap(&self, from: u16, to: u16, row: &[Cell]) -> bool {
        let gap = to - from;
        gap <= if gap < 10 { 4 } else { 5 }
            && (from..to).map(|x| cell(row, x)).all(|c| is_letter(c) && self.look_for(c) == self.stand.look)
    }

    fn forward(&mut self, by: u16, to: u16) {
        self.sequence(&[by], b'C');
        self.stand.column = Some(to);
    }

    /// Moves to an address.
    pub(super) fn jump(&mut self, y: u16, x: u16) {
        match (self.stand.row == Some(y), x) {
            (true, 0) => self.out.push(b'\r'),
            (true, x) => self.sequence(&[x + 1], b'G'),
            (false, 0) => self.sequence(&[y + 1], b'H'),
            (false, x) => self.sequence(&[y + 1, x + 1], b'H'),
        }
        (self.stand.row, self.stand.column, self.stand.sure) = (Some(y), Some(x), true);
    }

    /// A control sequence; a single 1 is what terminals take by themselves.
    fn sequence(&mut self, numbers: &[u16], kind: u8) {
        self.raw(b"\x1b[");
        for (i, number) in numbers.iter().enumerate().filter(|_| numbers != [1]) {
            if i > 0 {
                self.out.push(b';');
            }
            decimal(*number, &mut self.out);
        }
        self.out.push(kind);
    }
}
