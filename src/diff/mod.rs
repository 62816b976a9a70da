//! L1, pure. A unified diff as git and the forges write it, read by the counts of its hunks and never by how a line
//! looks: content cannot imitate syntax. It is read piece by piece into an index of files and hunks; the text stays
//! where it lies. What is not understood is a problem with its line and a part of its own, never left out in silence.

mod file;
mod head;
mod index;
mod lines;
mod must_see;
mod names;
mod newlines;
mod open;
mod read;

pub mod blanks;
pub mod block;
pub mod moved;
pub mod sides;
pub mod words;

#[cfg(test)]
mod tests;

use crate::domain::evidence::Totals;
use crate::domain::text::{SafeText, Text};
use crate::safe;

pub use file::{File, Mode, Status};
pub use index::{Index, Mark, Piece};
pub use lines::{Line, LineKind, lines};
pub use read::Reader;

/// Changes that stand together, or lines that were not understood. Its lines follow each other in the source. There
/// may be a hundred thousand of them, so they are kept small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Where it stands in the file; absent = lines that were not understood.
    pub place: Option<Place>,
    byte: u32,
    size: u32,
    line: u32,
    lines: u32,
    row: u32,
    head: u16,
}

/// First line and number of lines, before and now; a first line of 0 where there was none. Of a merge, "before" is
/// its first parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First line before.
    pub old_start: u32,
    /// Lines before.
    pub old_count: u32,
    /// First line now.
    pub new_start: u32,
    /// Lines now.
    pub new_count: u32,
}

impl Part {
    /// Row of its head in its file, whose title is row 0.
    pub fn row(&self) -> u64 {
        self.row.into()
    }

    /// Rows that it takes when nothing wraps: a head, its own or one of ours, and its lines.
    pub fn rows(&self) -> u64 {
        1 + self.lines()
    }

    /// Lines below the head.
    pub fn lines(&self) -> u64 {
        self.lines.into()
    }

    /// Where it begins in the source.
    pub fn byte(&self) -> u64 {
        self.byte.into()
    }

    /// Where the first line below the head begins.
    pub fn body(&self) -> u64 {
        self.byte() + u64::from(self.head)
    }

    /// Where its last line ends, with its newline.
    pub fn end(&self) -> u64 {
        self.byte() + u64::from(self.size)
    }

    /// Number of the first line below the head, from 0 for the first line of the source.
    pub fn first_line(&self) -> u64 {
        u64::from(self.line) + u64::from(self.head > 0)
    }
}

/// Something that a diff of git's does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the diff that it begins at, from 1.
    pub line: u64,
    /// What.
    pub what: &'static str,
    /// How many lines were passed over.
    pub skipped: u64,
}

impl Problem {
    /// One line for the screen.
    pub fn words(&self) -> SafeText {
        match self.skipped {
            0 => safe!("line {} of the diff: {}", self.line, self.what),
            n => safe!("line {} of the diff: {} ({} lines not read)", self.line, self.what, n),
        }
    }
}

/// A diff that does not amount to what its source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the diff has {} files +{} -{}, its source says {} files +{} -{}: it is not whole",
    here.files, here.added, here.removed, stated.files, stated.added, stated.removed
)]
pub struct Missing {
    /// What is here.
    pub here: Totals,
    /// What there should be.
    pub stated: Totals,
}

/// Whether every file and line that the source counted is in the diff.
///
/// # Errors
/// With both counts where they differ.
pub fn conserves(index: &Index, stated: &Totals) -> Result<(), Missing> {
    if index.totals == *stated { Ok(()) } else { Err(Missing { here: index.totals, stated: *stated }) }
}

/// Reads a diff that is in memory. Never fails: what is not understood stands in `problems`, its file is marked
/// `broken`, and reading goes on at the next file.
pub fn parse(bytes: &[u8]) -> Index {
    let (mut reader, mut index) = (Reader::default(), Index::default());
    reader.feed(bytes);
    index.extend(reader.end());
    index
}

/// The text of a file name for a title.
fn shown(name: &Text) -> SafeText {
    name.ident()
}
