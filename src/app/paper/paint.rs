//! How a row of a diff looks, in roles.

use regex::bytes::Regex;

use super::Paper;
use super::row::{Content, Row, What, badge};
use crate::app::line::{Line, spaces};
use crate::diff::{File, LineKind, Place};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::theme::Role;

/// From this width on both numbers of a line are shown.
const WIDE: usize = 100;

/// What stands before the text of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gutter {
    /// Its sign.
    Sign,
    /// The number that it has, now or before, and its sign.
    One,
    /// Both numbers and its sign.
    Both,
}

impl Gutter {
    /// For a window of so many columns, with or without numbers.
    pub fn of(width: usize, numbers: bool) -> Self {
        match numbers {
            false => Gutter::Sign,
            true if width < WIDE => Gutter::One,
            true => Gutter::Both,
        }
    }

    /// In columns.
    pub fn width(self) -> usize {
        match self {
            Gutter::Sign => 2,
            Gutter::One => 8,
            Gutter::Both => 14,
        }
    }

    fn numbers(self, content: &Content) -> SafeText {
        let number = |has: bool, n: u64| if has && content.first { safe!("{:>5} ", n) } else { spaces(6) };
        let (old, new) = (content.kind.is_old(), content.kind.is_new());
        match self {
            Gutter::Sign => SafeText::default(),
            _ if !content.first => safe!("{}    : ", spaces(self.width() - 8)),
            Gutter::One if new => number(true, content.new),
            Gutter::One => number(old, content.old),
            Gutter::Both => safe!("{}{}", number(old, content.old), number(new, content.new)),
        }
    }
}

/// A row as a line of so many columns; what a search has found in it is marked.
pub fn line(row: &Row, paper: &Paper, gutter: Gutter, width: usize, found: Option<&Regex>) -> Line {
    match &row.what {
        What::Title => paper.file(row.spot.file).map(title).unwrap_or_default(),
        What::Head(place, section) => head(*place, section),
        What::Unread(lines) => Line::of(Role::Bad, safe!("NOT UNDERSTOOD: {} lines, as they came", lines)),
        What::Folded => Line::of(Role::Dim, safe!("{}...", spaces(gutter.width()))),
        What::Line(content) => content_line(content, gutter, width, found),
    }
}

fn title(file: &File) -> Line {
    let line = Line::of(Role::Hunk, safe!("{} ", file.status.letter())).and_marked(Role::Strong, &file.title());
    let line = match (file.old_mode, file.new_mode) {
        (Some(old), Some(new)) if old != new => line.and(Role::Bad, safe!("  mode {} -> {}", old, new)),
        (None, Some(new)) if new.is_program() || new.is_link() => line.and(Role::Warn, safe!("  mode {}", new)),
        _ => line,
    };
    let line = line.and(Role::Dim, safe!("  +{} -{}", file.added, file.removed));
    let line = if file.parents > 1 { line.and(Role::Dim, safe!("  merge of {}", file.parents)) } else { line };
    let line = file.must_see().map_or(line.clone(), |class| line.and(Role::Warn, safe!("  must see: {}", class)));
    let line = if file.pointer { line.and(Role::Bad, "  its content lies elsewhere") } else { line };
    let line = if file.binary { line.and(Role::Bad, "  BINARY: nothing of it can be shown") } else { line };
    if file.broken { line.and(Role::Bad, "  NOT UNDERSTOOD, see above") } else { line }
}

fn head(place: Place, section: &Text) -> Line {
    let range = safe!("@@ -{},{} +{},{} @@ ", place.old_start, place.old_count, place.new_start, place.new_count);
    Line::of(Role::Hunk, range).and_marked(Role::Dim, &section.prose())
}

fn content_line(content: &Content, gutter: Gutter, width: usize, found: Option<&Regex>) -> Line {
    let (sign, role) = match content.kind {
        LineKind::Context => (' ', Role::Text),
        LineKind::Added => ('+', Role::Added),
        LineKind::Removed => ('-', Role::Removed),
        LineKind::Unread => ('?', Role::Warn),
        LineKind::NoNewline => {
            return Line::of(Role::Dim, safe!("{}\\ no newline at the end", spaces(gutter.width() - 2)));
        }
    };
    let numbers = gutter.numbers(content);
    let line = Line::new();
    let line = if numbers.as_str().is_empty() { line } else { line.and(Role::Dim, numbers) };
    let line = line.and(role, safe!("{} ", sign));
    let line = with_found(line, role, &content.text, found);
    match content.more {
        0 => line,
        more => line.with_end(width, Line::of(Role::Warn, badge(more))),
    }
}

fn with_found(line: Line, role: Role, text: &SafeText, found: Option<&Regex>) -> Line {
    let Some(regex) = found else { return line.and_marked(role, text) };
    let cuts = regex.find_iter(text.as_str().as_bytes()).filter(|m| !m.is_empty()).flat_map(|m| [m.start(), m.end()]);
    let parts = text.cut_at(cuts);
    if parts.len().is_multiple_of(2) {
        // A match that ends inside of a character is none that can be shown.
        return line.and_marked(role, text);
    }
    parts.iter().enumerate().fold(line, |line, (i, part)| match i % 2 {
        0 => line.and_marked(role, part),
        _ => line.and(Role::Found, part.clone()),
    })
}
