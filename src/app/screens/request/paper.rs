//! One file of a diff as rows of a given width: nothing is cut off, long lines wrap. Rows are worked out when
//! they are looked at; only where each line begins is kept.

use crate::app::line::Line;
use crate::diff::{File, Hunk, LineKind};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::theme::Role;

/// What stands before a line's text: its number, its sign, a blank.
pub const GUTTER: usize = 8;

/// How a tab is drawn. A line that holds this sign itself shows its tabs as `\t`, so neither imitates the other.
const TAB: &str = "»   ";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Title,
    HunkHead(usize),
    Line(usize, usize),
}

#[derive(Clone, Copy, Debug)]
struct Item {
    what: What,
    number: u64,
    row: u64,
    place: u64,
}

/// A file laid out.
#[derive(Debug)]
pub struct Paper {
    width: usize,
    items: Vec<Item>,
    rows: u64,
    places: u64,
}

impl Paper {
    /// Lays a file out for so many columns.
    pub fn new(file: &File, buffer: &[u8], width: usize) -> Self {
        let width = width.saturating_sub(GUTTER).max(8);
        let mut paper = Self { width, items: Vec::new(), rows: 0, places: 0 };
        paper.push(What::Title, 0, 1, 1);
        for (h, hunk) in file.hunks.iter().enumerate() {
            paper.push(What::HunkHead(h), 0, 1, 1);
            paper.push_lines(h, hunk, buffer);
        }
        paper
    }

    fn push_lines(&mut self, h: usize, hunk: &Hunk, buffer: &[u8]) {
        let (mut old, mut new) = (hunk.old_start, hunk.new_start);
        for (l, line) in hunk.lines.iter().enumerate() {
            let number = if line.kind == LineKind::Removed { old } else { new };
            let (rows, places) = measure(line.bytes(buffer), self.width);
            self.push(What::Line(h, l), number, rows, places);
            old += u64::from(matches!(line.kind, LineKind::Context | LineKind::Removed));
            new += u64::from(matches!(line.kind, LineKind::Context | LineKind::Added));
        }
    }

    fn push(&mut self, what: What, number: u64, rows: u64, places: u64) {
        self.items.push(Item { what, number, row: self.rows, place: self.places });
        self.rows += rows;
        self.places += places;
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        usize::try_from(self.rows).unwrap_or(usize::MAX)
    }

    /// What there is to see of it, in columns.
    pub fn places(&self) -> u64 {
        self.places
    }

    /// The rows from `top` on, at most `count`.
    pub fn lines(&self, file: &File, buffer: &[u8], top: usize, count: usize) -> Vec<Line> {
        let (first, mut skip) = self.at(top);
        let mut lines = Vec::with_capacity(count);
        for item in self.items.iter().skip(first) {
            if lines.len() >= count {
                break;
            }
            let room = count - lines.len();
            lines.extend(self.item_lines(item, file, buffer).into_iter().skip(skip).take(room));
            skip = 0;
        }
        lines
    }

    /// The part of the file that rows `top` to `top + count` show.
    pub fn part(&self, file: &File, buffer: &[u8], top: usize, count: usize) -> (u64, u64) {
        let start = |row: usize| {
            if row as u64 >= self.rows {
                return self.places;
            }
            let (at, skip) = self.at(row);
            let Some(item) = self.items.get(at) else { return self.places };
            item.place + self.skipped(item, file, buffer, skip)
        };
        (start(top), start(top.saturating_add(count)))
    }

    /// The item that a row belongs to, and which of the item's rows it is.
    fn at(&self, row: usize) -> (usize, usize) {
        let after = self.items.partition_point(|item| item.row <= row as u64);
        let at = after.saturating_sub(1);
        let skip = self.items.get(at).map_or(0, |item| row as u64 - item.row.min(row as u64));
        (at, usize::try_from(skip).unwrap_or(usize::MAX))
    }

    fn skipped(&self, item: &Item, file: &File, buffer: &[u8], rows: usize) -> u64 {
        let What::Line(h, l) = item.what else { return 0 };
        if rows == 0 {
            return 0;
        }
        let Some(line) = file.hunks.get(h).and_then(|hunk| hunk.lines.get(l)) else { return 0 };
        let pieces = content(line.bytes(buffer)).wrap_columns(self.width);
        pieces.iter().take(rows).map(|p| p.width() as u64).sum()
    }

    fn item_lines(&self, item: &Item, file: &File, buffer: &[u8]) -> Vec<Line> {
        match item.what {
            What::Title => vec![title(file)],
            What::HunkHead(h) => file.hunks.get(h).map(hunk_head).into_iter().collect(),
            What::Line(h, l) => {
                let Some(line) = file.hunks.get(h).and_then(|hunk| hunk.lines.get(l)) else { return Vec::new() };
                content_lines(item.number, line.kind, line.bytes(buffer), self.width)
            }
        }
    }
}

/// Rows and columns of a line. Plain ASCII needs no encoding to be measured.
fn measure(bytes: &[u8], width: usize) -> (u64, u64) {
    if bytes.iter().all(|b| matches!(b, b' '..=b'~') && *b != b'\\') {
        let columns = bytes.len().max(1);
        return (columns.div_ceil(width) as u64, columns as u64);
    }
    let pieces = content(bytes).wrap_columns(width);
    let columns: usize = pieces.iter().map(SafeText::width).sum();
    (pieces.len() as u64, columns.max(1) as u64)
}

fn content(bytes: &[u8]) -> SafeText {
    let text = Text::new(bytes);
    let has_sign = bytes.windows(2).any(|pair| pair == "»".as_bytes());
    if has_sign || !bytes.contains(&b'\t') {
        return text.prose();
    }
    let parts: Vec<SafeText> = bytes.split(|b| *b == b'\t').map(|part| Text::new(part).prose()).collect();
    SafeText::join(&parts, TAB)
}

fn content_lines(number: u64, kind: LineKind, bytes: &[u8], width: usize) -> Vec<Line> {
    let (sign, role) = match kind {
        LineKind::Context => (' ', Role::Text),
        LineKind::Added => ('+', Role::Added),
        LineKind::Removed => ('-', Role::Removed),
        LineKind::NoNewline => return vec![Line::of(Role::Dim, safe!("      \\ no newline at the end"))],
    };
    let pieces = content(bytes).wrap_columns(width);
    let head = |first: bool| match first {
        true => Line::of(Role::Dim, safe!("{:>5} ", number)).and(role, safe!("{} ", sign)),
        false => Line::of(Role::Dim, "    : ").and(role, safe!("{} ", sign)),
    };
    pieces.iter().enumerate().map(|(i, piece)| head(i == 0).and_marked(role, piece)).collect()
}

fn title(file: &File) -> Line {
    let line = Line::of(Role::Hunk, safe!("{} ", file.status.letter())).and_marked(Role::Strong, &file.title());
    let line = match (file.old_mode, file.new_mode) {
        (Some(old), Some(new)) if old != new => line.and(Role::Bad, safe!("  mode {} -> {}", old, new)),
        (None, Some(new)) if new.is_program() || new.is_link() => line.and(Role::Warn, safe!("  mode {}", new)),
        _ => line,
    };
    let line = line.and(Role::Dim, safe!("  +{} -{}", file.added, file.removed));
    let line = file.must_see().map_or(line.clone(), |class| line.and(Role::Warn, safe!("  must see: {}", class)));
    let line = if file.binary { line.and(Role::Bad, "  BINARY: nothing of it can be shown") } else { line };
    if file.broken { line.and(Role::Bad, "  NOT UNDERSTOOD, see above") } else { line }
}

fn hunk_head(hunk: &Hunk) -> Line {
    let range = safe!("@@ -{},{} +{},{} @@ ", hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count);
    Line::of(Role::Hunk, range).and_marked(Role::Dim, &hunk.section.prose())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::parse;
    use proptest::prelude::*;

    fn diff_of(lines: &[&str]) -> Vec<u8> {
        let head = "diff --git a/x b/x\n--- a/x\n+++ b/x\n";
        format!("{head}@@ -0,0 +1,{} @@\n{}", lines.len(), lines.iter().map(|l| format!("+{l}\n")).collect::<String>())
            .into_bytes()
    }

    #[test]
    fn long_lines_wrap_and_tabs_cannot_be_imitated() {
        let bytes = diff_of(&["abcdefghijkl", "\tx", "»   x\t"]);
        let diff = parse(&bytes);
        let file = &diff.files[0];
        let paper = Paper::new(file, &bytes, GUTTER + 8);
        let rows: Vec<String> = paper.lines(file, &bytes, 2, 9).iter().map(Line::text).collect();
        assert_eq!(rows, ["    1 + abcdefgh", "    : + ijkl", "    2 + »   x", "    3 + »   x\\t"]);
        assert_eq!(paper.rows(), 6);
    }

    proptest! {
        #[test]
        fn pages_of_any_size_cover_the_whole_file(
            lines in proptest::collection::vec("[a-z\t日\u{202e}\\\\]{0,30}", 1..12),
            width in 0usize..40,
            page in 1usize..9,
        ) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let bytes = diff_of(&lines);
            let diff = parse(&bytes);
            let file = &diff.files[0];
            let paper = Paper::new(file, &bytes, width);
            let mut at = 0;
            let mut end = 0;
            while at < paper.rows() {
                let shown = paper.lines(file, &bytes, at, page);
                prop_assert_eq!(shown.len(), page.min(paper.rows() - at));
                let part = paper.part(file, &bytes, at, page);
                prop_assert_eq!(part.0, end);
                end = part.1;
                at += page;
            }
            prop_assert_eq!(end, paper.places());
        }
    }
}
