//! L1, pure. A unified diff as git writes it, read by the counts of its hunks and never by how a line looks:
//! content cannot imitate syntax. What is not understood is a problem with its line, never left out in silence.

mod block;
mod must_see;
mod names;
mod read;

pub mod blanks;
pub mod moved;
pub mod sides;
pub mod words;

#[cfg(test)]
mod tests;

use crate::domain::evidence::Totals;
use crate::domain::text::{SafeText, Text};
use crate::safe;

pub use read::parse;

/// A diff that was read. Lines are ranges of the buffer that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The files, in the order of the diff.
    pub files: Vec<File>,
    /// What was not understood.
    pub problems: Vec<Problem>,
    /// What the files amount to.
    pub totals: Totals,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// Was not there before.
    Added,
    /// Is there no more.
    Deleted,
    /// Other content or another mode.
    #[default]
    Modified,
    /// Another name.
    Renamed,
    /// A copy of another file.
    Copied,
    /// A file became a link or a submodule, or the other way round.
    TypeChanged,
}

impl Status {
    /// The letter that git gives it.
    pub fn letter(self) -> char {
        match self {
            Status::Added => 'A',
            Status::Deleted => 'D',
            Status::Modified => 'M',
            Status::Renamed => 'R',
            Status::Copied => 'C',
            Status::TypeChanged => 'T',
        }
    }
}

/// A file mode as git keeps it: `100644`, `100755`, `120000`, `160000`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mode(pub u32);

impl Mode {
    /// A symbolic link.
    pub fn is_link(self) -> bool {
        self.kind() == 0o120_000
    }

    /// A commit of another repository.
    pub fn is_submodule(self) -> bool {
        self.kind() == 0o160_000
    }

    /// A file that may be run.
    pub fn is_program(self) -> bool {
        self.kind() == 0o100_000 && self.0 & 0o111 != 0
    }

    fn kind(self) -> u32 {
        self.0 & 0o170_000
    }
}

impl std::fmt::Debug for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:06o}", self.0)
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:06o}", self.0)
    }
}

impl crate::domain::text::Shown for Mode {}

/// One file of the diff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Its name before; the same as `new` where it has no other one.
    pub old: Text,
    /// Its name now; the same as `old` where it was deleted.
    pub new: Text,
    /// What happened to it.
    pub status: Status,
    /// Its mode before; absent = it was not there, or its mode is not said.
    pub old_mode: Option<Mode>,
    /// Its mode now.
    pub new_mode: Option<Mode>,
    /// Its content is not text: nothing of it can be shown.
    pub binary: bool,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// The changes.
    pub hunks: Vec<Hunk>,
    /// Something about it was not understood.
    pub broken: bool,
}

/// Changes that stand together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunk {
    /// First line before; 0 where there was none.
    pub old_start: u64,
    /// Lines before.
    pub old_count: u64,
    /// First line now.
    pub new_start: u64,
    /// Lines now.
    pub new_count: u64,
    /// What git found to stand above it, such as the function's name.
    pub section: Text,
    /// The lines.
    pub lines: Vec<Line>,
}

/// What a line of a hunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// The same on both sides.
    Context,
    /// Only there now.
    Added,
    /// Only there before.
    Removed,
    /// The line above has no newline at its end.
    NoNewline,
}

/// A line of a hunk: a range of the buffer, without its first byte and its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    start: u32,
    end: u32,
}

impl Line {
    /// Its content in the buffer that was read.
    pub fn bytes<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Its content as text from outside.
    pub fn text(&self, buffer: &[u8]) -> Text {
        Text::new(self.bytes(buffer))
    }
}

/// Something that a diff of git's does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the diff that it begins at.
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
pub fn conserves(diff: &Diff, stated: &Totals) -> Result<(), Missing> {
    if diff.totals == *stated { Ok(()) } else { Err(Missing { here: diff.totals, stated: *stated }) }
}

impl File {
    /// The name to show: the one now, or the last one.
    pub fn name(&self) -> &Text {
        &self.new
    }

    /// `old -> new` where it has two names.
    pub fn title(&self) -> SafeText {
        if self.old == self.new {
            return self.new.ident();
        }
        safe!("{} -> {}", self.old.ident(), self.new.ident())
    }

    /// Why nobody should approve without having seen it; absent = an ordinary file.
    pub fn must_see(&self) -> Option<&'static str> {
        must_see::class(self)
    }
}

impl Diff {
    /// The files, those that must be seen first, otherwise in the order of the diff.
    pub fn ordered(&self) -> Vec<&File> {
        let mut files: Vec<&File> = self.files.iter().collect();
        files.sort_by_key(|f| f.must_see().is_none());
        files
    }
}
