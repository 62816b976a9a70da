//! Lines of a part by their places: from the mark before a line on, so that nothing depends on how large the part is.

use super::lens::{Found, Lens};
use crate::diff::{File, LineKind, Part};

/// A line with its places: where it begins, where its content begins and ends, where the next one begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineAt {
    number: u64,
    pub(super) start: u64,
    pub(super) content: u64,
    pub(super) end: u64,
    pub(super) next: u64,
    pub(super) kind: LineKind,
    pub(super) old: u64,
    pub(super) new: u64,
}

impl Lens<'_> {
    /// The line of a part at a row of its file: from the mark before it, line by line.
    pub(super) fn line_at(&self, part: &Part, file: &File, row: u64) -> Found<LineAt> {
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

    pub(super) fn after(&self, part: &Part, file: &File, line: &LineAt) -> Found<LineAt> {
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
}
