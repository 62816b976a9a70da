//! The index of a diff: files, parts, and every so often the place of a line. It grows by pieces.

use super::{File, Part, Problem};
use crate::domain::evidence::Totals;

/// Between two marks lie at most so many lines,
pub(super) const MARK_LINES: u64 = 256;
/// or, one line aside, so many bytes.
pub(super) const MARK_BYTES: u64 = 64 << 10;

/// Where a line begins, and which lines of the file, before and now, come there in its hunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Number of the line in the source, from 0.
    pub line: u64,
    /// Where it begins.
    pub byte: u64,
    /// The next line of the file before; 0 outside of a hunk.
    pub old: u32,
    /// The next line of the file now.
    pub new: u32,
}

/// What was read of a diff since the piece before: it takes the place of what the index has from `first_file` and
/// `first_part` on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    pub(super) first_file: usize,
    pub(super) files: Vec<File>,
    pub(super) first_part: usize,
    pub(super) parts: Vec<Part>,
    pub(super) marks: Vec<Mark>,
    pub(super) problems: Vec<Problem>,
    pub(super) more_problems: u64,
    pub(super) totals: Totals,
    pub(super) bytes: u64,
    pub(super) lines: u64,
    pub(super) whole: bool,
}

/// A diff as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The files, in the order of the diff.
    pub files: Vec<File>,
    /// Their parts.
    pub parts: Vec<Part>,
    marks: Vec<Mark>,
    /// What was not understood: the first ones.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more_problems: u64,
    /// What the files amount to.
    pub totals: Totals,
    /// Bytes read.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// The end was reached.
    pub whole: bool,
}

impl Index {
    /// Takes a piece in. Pieces must come in order, each once.
    pub fn extend(&mut self, piece: Piece) {
        // Room for just what comes: there are few pieces, and what is grown into is memory that nobody needs.
        self.files.truncate(piece.first_file);
        self.files.reserve_exact(piece.files.len());
        self.files.extend(piece.files);
        self.parts.truncate(piece.first_part);
        self.parts.reserve_exact(piece.parts.len());
        self.parts.extend(piece.parts);
        self.marks.extend(piece.marks);
        self.problems = piece.problems;
        self.more_problems = piece.more_problems;
        (self.totals, self.bytes, self.lines, self.whole) = (piece.totals, piece.bytes, piece.lines, piece.whole);
        self.number_rows(piece.first_file, piece.first_part);
    }

    /// Rows of parts are counted in their file.
    fn number_rows(&mut self, first_file: usize, first_part: usize) {
        for file in self.files.iter().skip(first_file) {
            let range = file.part_range();
            let from = range.start.max(first_part);
            let before = from.checked_sub(1).filter(|p| *p >= range.start);
            let mut row = before.and_then(|p| self.parts.get(p)).map_or(1, |p| p.row() + p.rows());
            for part in self.parts.get_mut(from..range.end).unwrap_or_default() {
                part.row = u32::try_from(row).unwrap_or(u32::MAX);
                row += part.rows();
            }
        }
    }

    /// The parts of a file.
    pub fn parts_of(&self, file: &File) -> &[Part] {
        self.parts.get(file.part_range()).unwrap_or_default()
    }

    /// Rows of a file where nothing wraps: its title, and its parts.
    pub fn rows_of(&self, file: &File) -> u64 {
        self.parts_of(file).last().map_or(1, |p| p.row() + p.rows())
    }

    /// The number of the part that a row of a file belongs to; absent for the title and behind the end.
    pub fn part_at(&self, file: &File, row: u64) -> Option<usize> {
        let parts = self.parts_of(file);
        let at = parts.partition_point(|p| p.row() <= row).checked_sub(1)?;
        parts.get(at).filter(|p| row < p.row() + p.rows()).map(|_| file.part_range().start + at)
    }

    /// The part that shows a line of a file as it is now, counted from 1.
    pub fn part_of_line(&self, file: &File, line: u64) -> Option<&Part> {
        self.parts_of(file).iter().find(|part| {
            part.place.is_some_and(|place| {
                let (start, count) = (u64::from(place.new_start), u64::from(place.new_count));
                (start..start + count).contains(&line)
            })
        })
    }

    /// Which line of the source a line of the file as it is now has at least; both are in this part.
    pub fn line_before(&self, part: &Part, line: u64) -> u64 {
        let first = part.first_line();
        let from = self.marks.partition_point(|m| m.line < first);
        let to = self.marks.partition_point(|m| m.line < first + part.lines());
        let marks = self.marks.get(from..to).unwrap_or_default();
        let at = marks.partition_point(|m| u64::from(m.new) < line);
        at.checked_sub(1).and_then(|at| marks.get(at)).map_or(first, |mark| mark.line)
    }

    /// The last mark at or before a line.
    pub fn mark_before(&self, line: u64) -> Mark {
        let at = self.marks.partition_point(|m| m.line <= line);
        at.checked_sub(1).and_then(|at| self.marks.get(at)).copied().unwrap_or_default()
    }

    /// The mark of just this line, where it has one.
    pub fn mark_at(&self, line: u64) -> Option<Mark> {
        Some(self.mark_before(line)).filter(|m| m.line == line)
    }

    /// The last mark at or before a byte of the source.
    pub fn mark_at_byte(&self, byte: u64) -> Mark {
        let at = self.marks.partition_point(|m| m.byte <= byte);
        at.checked_sub(1).and_then(|at| self.marks.get(at)).copied().unwrap_or_default()
    }

    /// The file that a byte of the source belongs to.
    pub fn file_at(&self, byte: u64) -> Option<usize> {
        let at = self.files.partition_point(|f| f.byte <= byte).checked_sub(1)?;
        self.files.get(at).filter(|f| byte < f.end).map(|_| at)
    }
}
