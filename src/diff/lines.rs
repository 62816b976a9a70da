//! The lines of a part: what each is, and which line of the file.

use super::Part;
use crate::domain::text::Text;

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
    /// Not understood: shown as it came.
    Unread,
}

impl LineKind {
    /// What a line of a hunk against so many parents is, by the signs that it begins with.
    pub fn of(line: &[u8], parents: u8) -> Self {
        let signs = line.get(..usize::from(parents)).unwrap_or(line);
        match signs.first() {
            Some(b'\\') => LineKind::NoNewline,
            _ if signs.contains(&b'-') => LineKind::Removed,
            _ if signs.contains(&b'+') => LineKind::Added,
            _ => LineKind::Context,
        }
    }

    /// Whether the file had this line before.
    pub fn is_old(self) -> bool {
        matches!(self, LineKind::Context | LineKind::Removed)
    }

    /// Whether the file has this line now.
    pub fn is_new(self) -> bool {
        matches!(self, LineKind::Context | LineKind::Added)
    }
}

/// A line of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is.
    pub kind: LineKind,
    /// Which line of the file before; the next one where it has no line of its own there.
    pub old: u64,
    /// Which line of the file now, or the next one.
    pub new: u64,
    /// Its content, without its signs and its newline.
    pub bytes: &'a [u8],
}

impl Line<'_> {
    /// Its content as text from outside.
    pub fn text(&self) -> Text {
        Text::new(self.bytes)
    }
}

/// The lines of a part. `source` is the whole diff, `parents` those of the part's file.
pub fn lines<'a>(part: &Part, parents: u8, source: &'a [u8]) -> impl Iterator<Item = Line<'a>> + use<'a> {
    let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
    let body = source.get(at(part.body())..at(part.end())).unwrap_or_default();
    let place = part.place.unwrap_or_default();
    let (mut old, mut new) = (u64::from(place.old_start), u64::from(place.new_start));
    let hunk = part.place.is_some();
    body.split_inclusive(|b| *b == b'\n').map(move |line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let kind = if hunk { LineKind::of(line, parents) } else { LineKind::Unread };
        let signs = if hunk { usize::from(parents) } else { 0 };
        let shown = Line { kind, old, new, bytes: line.get(signs..).unwrap_or_default() };
        old += u64::from(kind.is_old());
        new += u64::from(kind.is_new());
        shown
    })
}
