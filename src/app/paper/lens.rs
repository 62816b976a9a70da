//! From a place in the diff to the rows of the screen, forwards and backwards. Only lines near the place are looked
//! at, and of a long line only the part that is shown, so that nothing depends on how large the diff is.

use super::blocks::{Blocks, Missing};
use super::order::Order;
use super::row::{Content, Row, Spot, What};
use crate::diff::{File, Index, LineKind, Part};
use crate::domain::text::{SafeText, Signs, Text, prose_row};

/// A long line is cut into sections of so many bytes, each encoded by itself: so its middle can be shown without its
/// beginning.
pub(super) const SECTION: u64 = 4 << 10;
/// How a tab is drawn. A section that holds this sign itself shows its tabs as `\t`, so neither imitates the other.
const TAB: &str = "»   ";
/// How a blank is drawn where all of them are to be seen: the first one that a section does not hold itself.
const BLANKS: &[&str] = &["·", "␣", "˽"];
/// Of a line that does not wrap no more is passed over to the left.
const FAR_LEFT: usize = 1 << 16;

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

/// A line with its places: where it begins, where its content begins and ends, where the next one begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineAt {
    number: u64,
    start: u64,
    pub(super) content: u64,
    pub(super) end: u64,
    next: u64,
    pub(super) kind: LineKind,
    old: u64,
    new: u64,
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
            if at.row == 0 {
                rows.push(self.title(at.file, file));
                at = Spot { row: 1, byte: 0, ..at };
            } else if let Some(number) = self.index.part_at(file, at.row) {
                at = self.part_rows(number, at, count, &mut rows)?;
            } else if let Some(next) = self.order.after(at.file) {
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
            if at.row == 0 {
                let Some(before) = self.order.before(at.file) else { break };
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

    /// The line of a part at a row of its file: from the mark before it, line by line.
    fn line_at(&self, part: &Part, file: &File, row: u64) -> Found<LineAt> {
        let wanted = part.first_line() + (row - part.row()).saturating_sub(1);
        let mark = self.index.mark_before(wanted);
        let place = part.place.unwrap_or_default();
        let mut line = if mark.line > part.first_line() {
            self.look(part, file, mark.line, mark.byte, (mark.old.into(), mark.new.into()))?
        } else {
            let numbers = (place.old_start.into(), place.new_start.into());
            self.look(part, file, part.first_line(), part.body(), numbers)?
        };
        while line.number < wanted {
            line = self.after(part, file, &line)?;
        }
        Ok(line)
    }

    /// The lines of a part from one row of its file to another.
    pub(super) fn lines(&self, part: &Part, file: &File, first: u64, last: u64) -> Found<Vec<LineAt>> {
        let mut lines = vec![self.line_at(part, file, first)?];
        for _ in first..last {
            let Some(before) = lines.last() else { break };
            lines.push(self.after(part, file, before)?);
        }
        Ok(lines)
    }

    fn after(&self, part: &Part, file: &File, line: &LineAt) -> Found<LineAt> {
        let old = line.old + u64::from(line.kind.is_old());
        let new = line.new + u64::from(line.kind.is_new());
        self.look(part, file, line.number + 1, line.next, (old, new))
    }

    /// A line by where it begins. Behind a very long one there is a mark, so its end need not be looked for.
    fn look(&self, part: &Part, file: &File, number: u64, start: u64, numbers: (u64, u64)) -> Found<LineAt> {
        let (end, next) = match self.index.mark_at(number + 1).filter(|mark| mark.byte > start) {
            Some(mark) => (mark.byte - 1, mark.byte),
            None => match self.blocks.newline(start, part.end())? {
                Some(end) => (end, end + 1),
                None => (part.end(), part.end()),
            },
        };
        let signs = if part.place.is_some() { u64::from(file.parents) } else { 0 };
        let content = (start + signs).min(end);
        let kind = match part.place {
            None => LineKind::Unread,
            Some(_) => LineKind::of(&self.blocks.bytes(start, content)?, file.parents),
        };
        Ok(LineAt { number, start, content, end, next, kind, old: numbers.0, new: numbers.1 })
    }

    /// Where a section of a line's content begins: not inside of a character.
    fn section(&self, line: &LineAt, number: u64) -> Found<u64> {
        let (at, length) = (number * SECTION, line.end - line.content);
        if at == 0 || at >= length {
            return Ok(at.min(length));
        }
        let from = line.content + at;
        let next = self.blocks.bytes(from, (from + 3).min(line.end))?;
        Ok(at + next.iter().take_while(|b| **b & 0xc0 == 0x80).count() as u64)
    }

    /// The section that a byte of the content lies in: its number, its beginning and its end.
    fn section_of(&self, line: &LineAt, byte: u64) -> Found<(u64, u64, u64)> {
        let mut number = byte / SECTION;
        if byte < self.section(line, number)? {
            number = number.saturating_sub(1);
        }
        Ok((number, self.section(line, number)?, self.section(line, number + 1)?))
    }

    /// What of a section fits into a row from a byte on; the number of bytes.
    fn fit(&self, line: &LineAt, byte: u64, width: usize) -> Found<(SafeText, u64)> {
        let (_, start, end) = self.section_of(line, byte)?;
        let section = self.blocks.bytes(line.content + start, line.content + end)?;
        let skip = usize::try_from(byte - start).unwrap_or_default();
        let (text, used) = prose_row(section.get(skip..).unwrap_or_default(), width, self.signs(&section));
        Ok((text, used as u64))
    }

    /// How blanks are drawn in a section: by signs that it does not hold itself.
    pub(super) fn signs(&self, section: &[u8]) -> Signs {
        let free = |sign: &str| memchr::memmem::find(section, sign.as_bytes()).is_none();
        let blank = BLANKS.iter().find(|sign| free(sign)).and_then(|sign| sign.chars().next());
        Signs { tab: if free("»") { TAB } else { "" }, blank: blank.filter(|_| self.shape.blanks) }
    }

    /// Rows of a line from a place on.
    pub(super) fn line_rows(
        &self,
        part: usize,
        at: Spot,
        line: &LineAt,
        count: usize,
        rows: &mut Vec<Row>,
    ) -> Found<()> {
        if !self.shape.wrap {
            rows.push(self.unwrapped(part, at, line)?);
            return Ok(());
        }
        let length = line.end - line.content;
        let mut byte = at.byte.min(length);
        loop {
            let row = self.wrapped(part, Spot { byte, ..at }, line)?;
            byte += row.1;
            rows.push(row.0);
            if byte >= length || rows.len() >= count {
                return Ok(());
            }
        }
    }

    /// One row of a line that wraps, and how many bytes of the line it takes.
    fn wrapped(&self, part: usize, at: Spot, line: &LineAt) -> Found<(Row, u64)> {
        let length = line.end - line.content;
        let (text, used) = self.fit(line, at.byte, self.shape.width)?;
        let (first, last) = (at.byte == 0, at.byte + used >= length);
        let from = if first { line.start } else { line.content + at.byte };
        let to = if last { self.line_end(part, at.file, line) } else { line.content + at.byte + used };
        let content = Content {
            part,
            kind: line.kind,
            old: line.old,
            new: line.new,
            first,
            text,
            more: 0,
            bytes: (line.content + at.byte, line.content + at.byte + used),
            line: (line.content, line.end),
        };
        Ok((Row { spot: at, covers: (from, to), also: (0, 0), what: What::Line(content) }, used))
    }

    /// The one row of a line that does not wrap.
    pub(super) fn unwrapped(&self, part: usize, at: Spot, line: &LineAt) -> Found<Row> {
        let length = line.end - line.content;
        let mut byte = 0;
        let mut left = self.shape.left.min(FAR_LEFT);
        while left > 0 && byte < length {
            let (text, used) = self.fit(line, byte, left)?;
            byte += used;
            left = left.saturating_sub(text.width().max(1));
        }
        let (mut text, mut used) = self.fit(line, byte.min(length), self.shape.width)?;
        let more = |used: u64| length.saturating_sub(byte + used);
        if more(used) > 0 {
            // Room for the sign that says how much is left.
            let room = self.shape.width.saturating_sub(super::row::badge(more(used)).width() + 1).max(1);
            (text, used) = self.fit(line, byte, room)?;
        }
        let from = if byte == 0 { line.start } else { line.content + byte };
        let end = line.content + byte + used;
        let to = if more(used) == 0 { self.line_end(part, at.file, line) } else { end };
        let content = Content {
            part,
            kind: line.kind,
            old: line.old,
            new: line.new,
            first: true,
            text,
            more: more(used),
            bytes: (line.content + byte, end),
            line: (line.content, line.end),
        };
        Ok(Row { spot: Spot { byte: 0, ..at }, covers: (from, to), also: (0, 0), what: What::Line(content) })
    }

    /// Where what a line covers ends: the last one of a file covers what stands behind it as well.
    fn line_end(&self, part: usize, file: usize, line: &LineAt) -> u64 {
        let Some((part, file)) = self.index.parts.get(part).zip(self.file(file)) else { return line.next };
        let last = self.index.parts_of(file).last().is_some_and(|last| last.end() == part.end());
        if last && line.next >= part.end() { file.end.max(line.next) } else { line.next }
    }

    /// The last rows of a line before a byte of its content, at most `count`.
    fn line_rows_before(&self, part: usize, at: Spot, line: &LineAt, to: u64, count: usize) -> Found<Vec<Row>> {
        if !self.shape.wrap {
            return Ok(vec![self.unwrapped(part, at, line)?]);
        }
        let mut rows: Vec<Row> = Vec::new();
        let mut number = self.section_of(line, to.saturating_sub(1))?.0;
        loop {
            let (start, end) = (self.section(line, number)?, self.section(line, number + 1)?.min(to));
            let (mut section, mut byte) = (Vec::new(), start);
            loop {
                let (row, used) = self.wrapped(part, Spot { byte, ..at }, line)?;
                section.push(row);
                byte += used;
                if byte >= end || used == 0 {
                    break;
                }
            }
            section.append(&mut rows);
            rows = section;
            if number == 0 || rows.len() >= count {
                break;
            }
            number -= 1;
        }
        rows.drain(..rows.len().saturating_sub(count));
        Ok(rows)
    }
}

pub(super) fn folded(file: usize, row: u64) -> Row {
    Row { spot: Spot { file, row, byte: 0 }, covers: (0, 0), also: (0, 0), what: What::Folded }
}
