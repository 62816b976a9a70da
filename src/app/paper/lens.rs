//! From a place in the diff to the rows of the screen, forwards and backwards. Only lines near the place are looked
//! at, and of a long line only the part that is shown, so that nothing depends on how large the diff is.

use super::blocks::{Blocks, Missing};
use super::order::Order;
use super::row::{Row, Spot, What};
use super::wrap::SECTION;
use crate::diff::{File, Index, LineKind, Part};
use crate::domain::text::Text;

/// How rows are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Columns for content.
    pub width: usize,
    /// Long lines go on in the next row; else they end at the right edge, and a sign says how much is left.
    pub wrap: bool,
    /// Columns that are scrolled off to the left, where nothing wraps.
    pub left: usize,
    /// Lines that did not change are folded away, except in files that must be seen.
    pub fold: bool,
    /// Blanks are drawn as signs.
    pub blanks: bool,
    /// What was stands on the left, what is on the right; the width is that of a side.
    pub beside: bool,
}

/// What rows are made from.
pub struct Lens<'a> {
    pub index: &'a Index,
    pub order: &'a Order,
    pub blocks: &'a Blocks,
    pub shape: Shape,
}

pub(super) type Found<T> = Result<T, Missing>;

impl Lens<'_> {
    pub(super) fn file(&self, number: usize) -> Option<&File> {
        self.index.files.get(number)
    }

    /// The place behind the last row.
    pub fn end(&self) -> Spot {
        let last = self.order.len().checked_sub(1).and_then(|place| self.order.file(place));
        let file = last.unwrap_or_default();
        let row = self.file(file).map_or(0, |f| self.index.rows_of(f));
        Spot { file, row, byte: 0 }
    }

    /// At most `count` rows from a place on.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    pub fn rows(&self, from: Spot, count: usize) -> Found<Vec<Row>> {
        let (mut rows, mut at) = (Vec::with_capacity(count.min(512)), from);
        while rows.len() < count {
            let Some(file) = self.file(at.file) else { break };
            if let Some(first) = self.folder(at.file) {
                rows.push(first);
                let Some(next) = self.order.read_after(at.file) else { break };
                at = Spot::title(next);
            } else if at.row == 0 {
                rows.push(self.title(at.file, file));
                at = Spot { row: 1, byte: 0, ..at };
            } else if let Some(number) = self.index.part_at(file, at.row) {
                at = self.part_rows(number, at, count, &mut rows)?;
            } else if let Some(next) = self.order.read_after(at.file) {
                at = Spot::title(next);
            } else {
                break;
            }
        }
        Ok(rows)
    }

    /// At most `count` rows before a place, in their order.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    pub fn rows_before(&self, from: Spot, count: usize) -> Found<Vec<Row>> {
        let (mut back, mut at) = (Vec::with_capacity(count.min(512)), from);
        while back.len() < count {
            let Some(file) = self.file(at.file) else { break };
            let room = count - back.len();
            if let Some(first) = self.folder(at.file).filter(|_| at.row > 0) {
                at = first.spot;
                back.push(first);
            } else if at.row == 0 {
                let Some(before) = self.order.read_before(at.file) else { break };
                let row = self.file(before).map_or(0, |f| self.index.rows_of(f));
                at = Spot { file: before, row, byte: 0 };
            } else if at.byte == 0 && at.row == 1 {
                back.push(self.title(at.file, file));
                at.row = 0;
            } else {
                at = self.before_in_file(file, at, room, &mut back)?;
            }
        }
        back.reverse();
        Ok(back)
    }

    /// Rows before a place that is neither in the title nor right behind it; newest first.
    fn before_in_file(&self, file: &File, at: Spot, room: usize, back: &mut Vec<Row>) -> Found<Spot> {
        if self.shape.beside
            && let Some(next) = self.beside_back(file, at, room, back)?
        {
            return Ok(next);
        }
        let begun = back.len();
        // A place in the middle of a line: its own rows come first.
        let last = if at.byte > 0 { at.row } else { at.row - 1 };
        let Some(number) = self.index.part_at(file, last) else { return Ok(Spot { row: last, byte: 0, ..at }) };
        let Some(part) = self.index.parts.get(number) else { return Ok(Spot::title(at.file)) };
        if last == part.row() {
            back.push(self.head(number, at.file)?);
            return Ok(Spot { row: last, byte: 0, ..at });
        }
        let first = last.saturating_sub(room as u64).max(part.row() + 1);
        let lines = self.lines(part, file, first, last)?;
        let full = back.len() + room;
        for (i, line) in lines.iter().enumerate().rev() {
            let row = first + i as u64;
            let left = full.saturating_sub(back.len());
            if left == 0 {
                break;
            }
            if self.folds(file, line.kind) {
                let before = match i.checked_sub(1) {
                    Some(i) => lines.get(i).map(|line| line.kind),
                    None if row > part.row() + 1 => Some(self.line_at(part, file, row - 1)?.kind),
                    None => None,
                };
                let again = before == Some(LineKind::Context);
                if !again {
                    back.push(folded(at.file, row));
                }
                continue;
            }
            let to = if at.byte > 0 && row == at.row { at.byte } else { line.end - line.content };
            let mut rows = self.line_rows_before(number, Spot { row, ..at }, line, to, left)?;
            rows.reverse();
            back.append(&mut rows);
        }
        self.set_aside(begun, back);
        Ok(Spot { row: first, byte: 0, ..at })
    }

    /// The place of the line that a byte of the diff stands in.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    pub fn spot_of(&self, byte: u64) -> Found<Spot> {
        let number = self.index.file_at(byte).unwrap_or_else(|| self.end().file);
        let Some(file) = self.file(number) else { return Ok(Spot::title(number)) };
        let parts = self.index.parts_of(file);
        let at = parts.partition_point(|p| p.byte() <= byte);
        let Some(part) = at.checked_sub(1).and_then(|at| parts.get(at)) else { return Ok(Spot::title(number)) };
        if byte < part.body() {
            return Ok(Spot { file: number, row: part.row(), byte: 0 });
        }
        let mark = self.index.mark_at_byte(byte);
        let (mut line, mut start) = (part.first_line(), part.body());
        if mark.line > line {
            (line, start) = (mark.line, mark.byte);
        }
        while let Some(end) = self.blocks.newline(start, byte)? {
            (line, start) = (line + 1, end + 1);
        }
        let row = part.row() + 1 + (line - part.first_line()).min(part.lines().saturating_sub(1));
        // Of a long line the section is shown that the byte stands in.
        let line = self.line_at(part, file, row)?;
        let content = byte.saturating_sub(line.content);
        let section = if content < SECTION || !self.shape.wrap { 0 } else { self.section_of(&line, content)?.1 };
        Ok(Spot { file: number, row, byte: section })
    }

    /// The place of a line of a file as it is now; that of its title where the diff does not have the line.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    pub fn spot_of_line(&self, number: usize, wanted: u64) -> Found<Spot> {
        let Some(file) = self.file(number) else { return Ok(Spot::title(number)) };
        let Some(part) = self.index.part_of_line(file, wanted) else { return Ok(Spot::title(number)) };
        let mut row = part.row() + 1 + self.index.line_before(part, wanted).saturating_sub(part.first_line());
        let mut line = self.line_at(part, file, row)?;
        while !(line.kind.is_new() && line.new >= wanted) && row + 1 < part.row() + part.rows() {
            (line, row) = (self.after(part, file, &line)?, row + 1);
        }
        Ok(Spot { file: number, row, byte: 0 })
    }

    /// The row that stands for a folder which is folded away with a file.
    fn folder(&self, file: usize) -> Option<Row> {
        let first = self.order.file(self.order.folded(file)?.first)?;
        Some(Row { spot: Spot::title(first), covers: (0, 0), also: (0, 0), what: What::Folder })
    }

    fn title(&self, number: usize, file: &File) -> Row {
        let end = self.index.parts_of(file).first().map_or(file.end, Part::byte);
        Row { spot: Spot::title(number), covers: (file.byte, end), also: (0, 0), what: What::Title }
    }

    /// The head of a part also covers what lies between it and the part before.
    pub(super) fn head(&self, number: usize, file: usize) -> Found<Row> {
        let part = self.index.parts.get(number).copied().unwrap_or_default();
        let first = self.file(file).map_or(0, |f| f.part_range().start);
        let before = number.checked_sub(1).filter(|n| *n >= first).and_then(|n| self.index.parts.get(n));
        let covers = (before.map_or(part.byte(), Part::end), part.body());
        let what = match part.place {
            None => What::Unread(part.lines()),
            Some(place) => {
                let bytes = self.blocks.bytes(part.byte(), part.body().saturating_sub(1))?;
                let signs = bytes.iter().take_while(|b| **b == b'@').count();
                let close = vec![b'@'; signs];
                let rest = bytes.get(signs..).unwrap_or_default();
                let section = memchr::memmem::find(rest, &close).and_then(|at| rest.get(at + signs..));
                let section = section.map(|s| s.strip_prefix(b" ").unwrap_or(s)).unwrap_or_default();
                What::Head(place, Text::new(section))
            }
        };
        Ok(Row { spot: Spot { file, row: part.row(), byte: 0 }, covers, also: (0, 0), what })
    }

    /// Rows of a part from a place on; where the next row begins.
    fn part_rows(&self, number: usize, at: Spot, count: usize, rows: &mut Vec<Row>) -> Found<Spot> {
        let Some((part, file)) = self.index.parts.get(number).zip(self.file(at.file)) else { return Ok(at) };
        let end = part.row() + part.rows();
        let (mut at, from_head) = (at, at.row == part.row());
        if from_head {
            rows.push(self.head(number, at.file)?);
            at = Spot { row: at.row + 1, byte: 0, ..at };
        }
        if self.shape.beside
            && at.row < end
            && let Some(next) = self.beside_rows(number, at.file, (!from_head).then_some(at), count, rows)?
        {
            return Ok(next);
        }
        let begun = rows.len();
        let mut line = None;
        while rows.len() < count && at.row < end {
            let here = match line {
                Some(before) => self.after(part, file, &before)?,
                None => self.line_at(part, file, at.row)?,
            };
            line = Some(here);
            if self.folds(file, here.kind) {
                if !rows.last().is_some_and(|r| r.what == What::Folded && r.spot.file == at.file) {
                    rows.push(folded(at.file, at.row));
                }
            } else {
                self.line_rows(number, at, &here, count, rows)?;
            }
            at = Spot { row: at.row + 1, byte: 0, ..at };
        }
        self.set_aside(begun, rows);
        Ok(Spot { row: end.min(at.row), byte: 0, ..at })
    }

    pub(super) fn folds(&self, file: &File, kind: LineKind) -> bool {
        self.shape.fold && kind == LineKind::Context && file.must_see().is_none()
    }
}

pub(super) fn folded(file: usize, row: u64) -> Row {
    Row { spot: Spot { file, row, byte: 0 }, covers: (0, 0), also: (0, 0), what: What::Folded }
}
