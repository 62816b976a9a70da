//! Rows of a diff by what they are; how they look is said elsewhere.

use crate::diff::{LineKind, Place};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// A place in the diff: a row of a file, where its title is row 0 and nothing wraps, and the byte of the line's
/// content that a row of the screen begins at. It stays the same when the window changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Number of the file in the index.
    pub file: usize,
    /// Row of the file.
    pub row: u64,
    /// Byte of the line's content.
    pub byte: u64,
}

impl Spot {
    /// The first row of a file.
    pub fn title(file: usize) -> Self {
        Self { file, row: 0, byte: 0 }
    }
}

/// A row of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it begins.
    pub spot: Spot,
    /// The bytes of the diff that are seen when it is seen.
    pub covers: (u64, u64),
    /// More of them: what stands on the right of two sides.
    pub also: (u64, u64),
    /// What it is.
    pub what: What,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The title of a file.
    Title,
    /// The head of a hunk, and what git found to stand above it.
    Head(Place, Text),
    /// So many lines follow that were not understood.
    Unread(u64),
    /// A line, or a part of one.
    Line(Content),
    /// A line as it was and as it is, or one of them.
    Beside(Option<Box<Content>>, Option<Box<Content>>),
    /// Lines that did not change are folded away here.
    Folded,
    /// A folder with this file and those that follow is.
    Folder,
}

/// A line, or as much of it as a row takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Number of its part in the index.
    pub part: usize,
    /// What it is.
    pub kind: LineKind,
    /// Which line of the file before, or the next one.
    pub old: u64,
    /// Which line of the file now, or the next one.
    pub new: u64,
    /// The first row of its line.
    pub first: bool,
    /// What is shown.
    pub text: SafeText,
    /// Bytes of the line that lie off to the right.
    pub more: u64,
    /// What is shown, as bytes of the diff: from, to.
    pub bytes: (u64, u64),
    /// The whole line without its signs: from, to.
    pub line: (u64, u64),
}

impl Row {
    /// The lines that it shows: the only one or the left one, then the right one.
    pub fn contents(&self) -> [Option<&Content>; 2] {
        match &self.what {
            What::Line(content) => [Some(content), None],
            What::Beside(old, new) => [old.as_deref(), new.as_deref()],
            _ => [None, None],
        }
    }
}

/// What stands at the right edge of a line that goes on: `> +1,204`.
pub fn badge(more: u64) -> SafeText {
    safe!("> +{}", more)
}
