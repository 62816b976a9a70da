//! The rows of one line: wrapped, or as much of it as fits. Of a long line only the part that is shown is looked at.

use super::lens::{Found, Lens};
use super::lines::LineAt;
use super::row::{Content, Row, Spot, What, badge};
use crate::domain::text::{SafeText, Signs, prose_row};

/// A long line is cut into sections of so many bytes, each encoded by itself: so its middle can be shown without its
/// beginning.
pub(super) const SECTION: u64 = 4 << 10;
/// How a tab is drawn. A section that holds this sign itself shows its tabs as `\t`, so neither imitates the other.
const TAB: &str = "»   ";
/// How a blank is drawn where all of them are to be seen: the first one that a section does not hold itself.
const BLANKS: &[&str] = &["·", "␣", "˽"];
/// Of a line that does not wrap no more is passed over to the left.
const FAR_LEFT: usize = 1 << 16;

impl Lens<'_> {
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
    pub(super) fn section_of(&self, line: &LineAt, byte: u64) -> Found<(u64, u64, u64)> {
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
        let (text, used) = self.fit(line, at.byte, self.shape.width)?;
        Ok((self.row(part, at, line, at.byte, (text, used), 0), used))
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
        let mut room = self.shape.width;
        loop {
            let shown = self.fit(line, byte.min(length), room)?;
            let more = length.saturating_sub(byte + shown.1);
            // Room for the sign that says how much is left; what is cut off for it may make it wider.
            let sign = if more == 0 { 0 } else { badge(more).width() + 1 };
            let left = self.shape.width.saturating_sub(sign).max(1);
            if room <= left {
                return Ok(self.row(part, Spot { byte: 0, ..at }, line, byte, shown, more));
            }
            room = left;
        }
    }

    /// A row that shows so many bytes of a line from `byte` of its content on; `more` are left out behind it.
    fn row(&self, part: usize, spot: Spot, line: &LineAt, byte: u64, shown: (SafeText, u64), more: u64) -> Row {
        let (text, end) = (shown.0, line.content + byte + shown.1);
        let from = if byte == 0 { line.start } else { line.content + byte };
        let to = if end >= line.end { self.line_end(part, spot.file, line) } else { end };
        let content = Content {
            part,
            kind: line.kind,
            old: line.old,
            new: line.new,
            first: spot.byte == 0,
            text,
            more,
            bytes: (line.content + byte, end),
            line: (line.content, line.end),
        };
        Row { spot, covers: (from, to), also: (0, 0), what: What::Line(content) }
    }

    /// Where what a line covers ends: the last one of a file covers what stands behind it as well.
    fn line_end(&self, part: usize, file: usize, line: &LineAt) -> u64 {
        let Some((part, file)) = self.index.parts.get(part).zip(self.file(file)) else { return line.next };
        let last = self.index.parts_of(file).last().is_some_and(|last| last.end() == part.end());
        if last && line.next >= part.end() { file.end.max(line.next) } else { line.next }
    }

    /// The last rows of a line before a byte of its content, at most `count`.
    pub(super) fn line_rows_before(
        &self,
        part: usize,
        at: Spot,
        line: &LineAt,
        to: u64,
        count: usize,
    ) -> Found<Vec<Row>> {
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
