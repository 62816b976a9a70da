//! How a row of a diff looks, in roles.

use regex::bytes::Regex;

use super::Paper;
use super::ink::Ink;
use super::order::Folded;
use super::places::{self, At, Places};
use super::row::{Content, Row, What, badge};
use super::seen::Watched;
use crate::app::line::{Line, spaces};
use crate::app::screens::request::severity_role;
use crate::diff::{File, LineKind, Place};
use crate::domain::text::{SafeText, Text, counted};
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

    /// The number that a line has on its side.
    fn number_of(self, content: &Content, left: bool) -> SafeText {
        match self {
            Gutter::Sign => SafeText::default(),
            _ if !content.first => safe!("    : "),
            _ => safe!("{:>5} ", if left { content.old } else { content.new }),
        }
    }
}

/// What stands between two sides.
const BETWEEN: &str = " | ";

/// The columns of a side.
pub fn side(width: usize) -> usize {
    width.saturating_sub(BETWEEN.len()) / 2
}

/// What rows are painted with.
pub struct Brush<'a> {
    pub paper: &'a Paper,
    pub watched: &'a Watched,
    pub gutter: Gutter,
    /// Columns of the window.
    pub width: usize,
    /// What is searched for.
    pub found: Option<&'a Regex>,
    /// Findings where they stand.
    pub places: &'a Places<'a>,
}

impl Brush<'_> {
    /// A row as a line, with what lies over the lines that it shows.
    pub fn line(&self, row: &Row, [ink, other]: &[Ink; 2]) -> Line {
        match &row.what {
            What::Title => self.title(row.spot.file),
            What::Head(place, section) => head(*place, section),
            What::Unread(lines) => Line::of(Role::Bad, safe!("NOT UNDERSTOOD: {} lines, as they came", lines)),
            What::Folder => self.folder(row.spot.file),
            What::Folded => Line::of(Role::Dim, safe!("{}...", spaces(self.gutter.width()))),
            What::Line(content) => self.content(row, content, self.gutter.numbers(content), self.width, ink),
            What::Beside(old, new) => {
                let width = side(self.width);
                let half = |content: &Option<Box<Content>>, left: bool, ink| match content {
                    Some(content) => self.content(row, content, self.gutter.number_of(content, left), width, ink),
                    None => Line::new(),
                };
                let line = half(old, true, ink);
                let gap = spaces(width.saturating_sub(line.width()));
                line.and(Role::Text, gap).and(Role::Border, BETWEEN).followed_by(half(new, false, other))
            }
        }
    }

    fn folder(&self, number: usize) -> Line {
        let folded = self.paper.order.folded(number);
        folded.map(|folded| folder(self.paper, self.watched, folded)).unwrap_or_default()
    }

    /// The title of a file, with the findings that stand at the file as a whole.
    fn title(&self, number: usize) -> Line {
        let line = self.paper.file(number).map(title).unwrap_or_default();
        let found = self.places.at(self.paper, At { file: number, line: 0 });
        found.fold(line, |line, finding| {
            let words = safe!("  {} {}", finding.severity.mark(), finding.id.meaning().what);
            line.and(severity_role(finding.severity), words)
        })
    }

    /// The sign of the worst finding that stands at a line.
    fn mark(&self, file: usize, content: &Content) -> Option<(Role, SafeText)> {
        let at = places::of_content(file, content)?;
        let severity = places::worst(self.places.at(self.paper, at))?;
        let sign = severity.mark().cut_at([1]).into_iter().next()?;
        Some((severity_role(severity), sign))
    }

    fn content(&self, row: &Row, content: &Content, numbers: SafeText, width: usize, ink: &Ink) -> Line {
        let (sign, role) = match content.kind {
            LineKind::Context => (' ', Role::Text),
            LineKind::Added => ('+', Role::Added),
            LineKind::Removed => ('-', Role::Removed),
            LineKind::Unread => ('?', Role::Warn),
            LineKind::NoNewline => {
                return Line::of(Role::Dim, safe!("{}\\ no newline at the end", spaces(self.gutter.width() - 2)));
            }
        };
        let line = Line::new();
        let line = if numbers.as_str().is_empty() { line } else { line.and(Role::Dim, numbers) };
        let moved = self.paper.moved.binary_search(&content.line.0).is_ok();
        let line = match self.mark(row.spot.file, content) {
            Some((worse, mark)) => line.and(role, safe!("{}", sign)).and(worse, mark),
            None => line.and(role, safe!("{}{}", sign, if moved { '~' } else { ' ' })),
        };
        let line = self.over(line, role, &content.text, ink);
        match content.more {
            0 => line,
            more => line.with_end(width, Line::of(Role::Warn, badge(more))),
        }
    }

    /// The text with what lies over it: what a search has found goes before all else.
    fn over(&self, line: Line, role: Role, text: &SafeText, ink: &Ink) -> Line {
        let matches = self.found.into_iter().flat_map(|regex| regex.find_iter(text.as_str().as_bytes()));
        let found: Ink = matches.filter(|m| !m.is_empty()).map(|m| (m.range(), Role::Found)).collect();
        inked(line, role, text, if found.is_empty() { ink } else { &found })
    }
}

/// A folder that is folded away: what is in it, and what of that was not seen.
pub(super) fn folder(paper: &Paper, watched: &Watched, folded: &Folded) -> Line {
    let counts = paper.folded_counts(folded, |file| watched.has_seen(file));
    let line = Line::of(Role::Strong, "+ ")
        .and_marked(Role::Strong, &folded.folder.ident())
        .and(Role::Dim, safe!("  {} +{} -{}", counted(counts.files, "file", "files"), counts.added, counts.removed));
    match counts.unseen {
        0 => line.and(Role::Good, "  seen"),
        unseen => line.and(Role::Warn, safe!("  {} unseen", unseen)),
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

/// The text with what lies over it. Parts that would tear a character are left out.
fn inked(mut line: Line, role: Role, text: &SafeText, ink: &Ink) -> Line {
    let edges = ink.iter().flat_map(|(part, _)| [part.start, part.end]);
    let mut from = 0;
    for part in text.cut_at(edges).into_iter().filter(|part| !part.as_str().is_empty()) {
        let to = from + part.as_str().len();
        let over = ink.iter().find(|(range, _)| range.start <= from && to <= range.end).map(|(_, role)| *role);
        line = match over {
            Some(Role::Found) => line.and(Role::Found, part),
            over => line.and_inked(role, over, &part),
        };
        from = to;
    }
    line
}
