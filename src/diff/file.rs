//! A file of a diff.

use super::{must_see, shown};
use crate::domain::text::{SafeText, Text};
use crate::safe;

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

/// One file of the diff: where it stands in the source, and which parts of the index are its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Its name now; the last one where it was deleted.
    pub new: Text,
    /// Its name before, where that is another one.
    pub before: Option<Box<Text>>,
    /// What happened to it.
    pub status: Status,
    /// Its mode before; absent = it was not there, or its mode is not said.
    pub old_mode: Option<Mode>,
    /// Its mode now.
    pub new_mode: Option<Mode>,
    /// Its content is not text: nothing of it can be shown.
    pub binary: bool,
    /// Its content lies elsewhere: what is shown is a pointer to it (Git LFS).
    pub pointer: bool,
    /// Something about it was not understood.
    pub broken: bool,
    /// Lines that belong to no file.
    pub stray: bool,
    /// How many parents its hunks compare with: 1, or more in the diff of a merge.
    pub parents: u8,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// Where it begins in the source.
    pub byte: u64,
    /// Where it ends.
    pub end: u64,
    /// Its first part in the index.
    pub first_part: u32,
    /// How many parts it has.
    pub parts: u32,
    pub(super) class: Option<&'static str>,
}

impl File {
    /// The name to show: the one now, or the last one.
    pub fn name(&self) -> &Text {
        &self.new
    }

    /// Its name before.
    pub fn old(&self) -> &Text {
        self.before.as_deref().unwrap_or(&self.new)
    }

    /// `old -> new` where it has two names.
    pub fn title(&self) -> SafeText {
        match &self.before {
            _ if self.stray => SafeText::lit("(lines of no file)"),
            None => shown(&self.new),
            Some(old) => safe!("{} -> {}", shown(old), shown(&self.new)),
        }
    }

    /// Why nobody should approve without having seen it; absent = an ordinary file.
    pub fn must_see(&self) -> Option<&'static str> {
        self.class
    }

    /// Its parts in the index.
    pub fn part_range(&self) -> std::ops::Range<usize> {
        let first = self.first_part as usize;
        first..first + self.parts as usize
    }

    /// Works the class out, once its names and modes are known.
    pub(super) fn classify(&mut self) {
        self.class = must_see::class(self);
    }

    /// A deletion and an addition of the same name, next to each other, are how git writes another type of file.
    pub(super) fn becomes(&self, came: &File) -> bool {
        self.status == Status::Deleted && came.status == Status::Added && self.new == *came.old()
    }

    /// Takes the addition in.
    pub(super) fn change_type(&mut self, came: File) {
        self.status = Status::TypeChanged;
        self.new_mode = came.new_mode;
        self.binary |= came.binary;
        self.pointer |= came.pointer;
        self.broken |= came.broken;
        self.added += came.added;
        self.removed += came.removed;
        self.parts += came.parts;
        self.end = came.end;
    }
}
