//! What the lines on the screen are besides: words of a language, and what of a line changed. Only lines near those on
//! the screen are looked at, so nothing depends on how large the diff is.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::lens::{Found, Lens};
use super::lines::LineAt;
use super::row::{Content, Row};
use super::wrap::SECTION;
use crate::diff::block::{self, Block};
use crate::diff::{File, LineKind, blanks, words};
use crate::domain::text::{Signs, prose_places};
use crate::syntax::{self, Begun, Token};
use crate::theme::Role;

/// So many lines above and below those on the screen are looked at as well.
const AROUND: u64 = 100;

/// Parts of a row's text, in bytes of it, and what lies over them; in order.
pub type Ink = Vec<(Range<usize>, Role)>;

/// A line of a part: what it is, where its content begins, its content where it is not too long.
pub struct Near<'a> {
    pub kind: LineKind,
    pub at: u64,
    pub bytes: Cow<'a, [u8]>,
}

impl Lens<'_> {
    /// Lines of a part, from one row of its file to another as far as it has them; the content of long ones is left
    /// out.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    pub(super) fn near(&self, file: usize, number: usize, first: u64, last: u64) -> Found<Vec<Near<'_>>> {
        let Some((part, file)) = self.index.parts.get(number).zip(self.file(file)) else { return Ok(Vec::new()) };
        let (first, last) = (first.max(part.row() + 1), last.min(part.row() + part.lines()));
        if first > last {
            return Ok(Vec::new());
        }
        let near = |line: &LineAt| {
            let end = if line.end - line.content <= SECTION { line.end } else { line.content };
            Ok(Near { kind: line.kind, at: line.content, bytes: self.blocks.bytes(line.content, end)? })
        };
        self.lines(part, file, first, last)?.iter().map(near).collect()
    }
}

/// The ink of rows, for each of the lines that it shows. Of lines that are not at hand there is none; without
/// `colours`, only what changed.
pub fn inks(lens: &Lens, rows: &[Row], colours: bool) -> Vec<[Ink; 2]> {
    let mut known: HashMap<usize, HashMap<u64, Line>> = HashMap::new();
    let mut ink = |row: &Row, content: Option<&Content>| {
        let Some(content) = content else { return Ink::new() };
        let near = || part(lens, rows, row.spot.file, content.part, colours).unwrap_or_default();
        let lines = known.entry(content.part).or_insert_with(near);
        lines.get(&content.line.0).map(|line| on_row(line, content, lens.signs(&line.bytes))).unwrap_or_default()
    };
    rows.iter().map(|row| row.contents().map(|content| ink(row, content))).collect()
}

/// A line with what lies over its bytes.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    ink: Ink,
}

/// The lines of a part that are on the screen, by where their content begins.
fn part(lens: &Lens, rows: &[Row], file: usize, number: usize, colours: bool) -> Found<HashMap<u64, Line>> {
    let here = |row: &&Row| row.contents().iter().flatten().any(|content| content.part == number);
    let shown = rows.iter().filter(here).map(|row| row.spot.row);
    let (first, last) = shown.fold((u64::MAX, 0), |(first, last), row| (first.min(row), last.max(row)));
    // Of two sides only the row of one is known; what was paired is not large.
    let paired = lens.shape.beside && lens.index.parts.get(number).is_some_and(Lens::is_paired);
    let (first, last) = if paired { (0, u64::MAX - AROUND) } else { (first, last) };
    // What lies around may not be at hand yet: then the lines on the screen are all that is looked at.
    let near = lens.near(file, number, first.saturating_sub(AROUND), last + AROUND);
    let near = near.or_else(|_| lens.near(file, number, first, last))?;
    let shown: BTreeSet<u64> = rows.iter().flat_map(Row::contents).flatten().map(|content| content.line.0).collect();
    let mut changed = changes(&near, &shown);
    let mut tokens = match lens.index.files.get(file).filter(|_| colours) {
        Some(file) => code(&near, file),
        None => Vec::new(),
    };
    let line = |(place, near): (usize, Near)| {
        let over = changed.get_mut(place).map(std::mem::take).unwrap_or_default();
        let under = tokens.get_mut(place).map(std::mem::take).unwrap_or_default();
        (near.at, Line { bytes: near.bytes.into_owned(), ink: laid_over(under, &over) })
    };
    Ok(near.into_iter().enumerate().filter(|(_, near)| shown.contains(&near.at)).map(line).collect())
}

/// What of each line changed, in the blocks of which something is on the screen.
fn changes(lines: &[Near], shown: &BTreeSet<u64>) -> Vec<words::Parts> {
    let is_shown = |place: &usize| lines.get(*place).is_some_and(|line| shown.contains(&line.at));
    let kinds: Vec<LineKind> = lines.iter().map(|line| line.kind).collect();
    let mut changes = vec![words::Parts::new(); lines.len()];
    for part in block::parts(&kinds) {
        if let block::Part::Changed(block) = part
            && block.removed.iter().chain(&block.added).any(is_shown)
        {
            of_block(&block, lines, &mut changes);
        }
    }
    for (line, change) in lines.iter().zip(&mut changes).filter(|(line, _)| line.kind == LineKind::Added) {
        blanks_at_the_end(&line.bytes, change);
    }
    changes
}

fn of_block(block: &Block, lines: &[Near], changes: &mut [words::Parts]) {
    let texts = |places: &[usize]| -> Vec<&[u8]> {
        places.iter().map(|place| lines.get(*place).map_or(&[][..], |line| &line.bytes)).collect()
    };
    for pair in words::pairs(&texts(&block.removed), &texts(&block.added)) {
        for (side, place, parts) in [(&block.removed, pair.removed, pair.gone), (&block.added, pair.added, pair.new)] {
            if let Some(change) = side.get(place).and_then(|place| changes.get_mut(*place)) {
                *change = parts;
            }
        }
    }
}

/// Blanks at the end of an added line are easily missed, in one of nothing else even more.
fn blanks_at_the_end(line: &[u8], change: &mut words::Parts) {
    let from = blanks::trailing(line);
    if from < line.len() && change.last().is_none_or(|part| part.end <= from) {
        change.push(from..line.len());
    }
}

/// What of each line is what to its language. Both sides of a change go on from what stood before it.
fn code(lines: &[Near], file: &File) -> Vec<Ink> {
    let Some(language) = syntax::language(file.name().as_bytes()) else { return Vec::new() };
    let (mut old, mut new) = (Begun::Code, Begun::Code);
    let scan = |line: &Near| {
        let begun = if line.kind.is_new() { new } else { old };
        let (parts, end) = syntax::scan(language, &line.bytes, begun);
        if line.kind.is_old() {
            old = end;
        }
        if line.kind.is_new() {
            new = end;
        }
        parts.into_iter().map(|(part, token)| (part, role(token))).collect()
    };
    lines.iter().map(scan).collect()
}

fn role(token: Token) -> Role {
    match token {
        Token::Keyword => Role::Keyword,
        Token::Quoted => Role::Quoted,
        Token::Remark => Role::Remark,
        Token::Value => Role::Value,
        Token::Field => Role::Field,
    }
}

/// What changed goes before what it is to the language.
fn laid_over(under: Ink, over: &[Range<usize>]) -> Ink {
    let mut ink = Ink::new();
    for (part, role) in under {
        let mut from = part.start;
        for change in over.iter().filter(|change| change.start < part.end && part.start < change.end) {
            if from < change.start {
                ink.push((from..change.start, role));
            }
            from = change.end;
        }
        if from < part.end {
            ink.push((from..part.end, role));
        }
    }
    ink.extend(over.iter().map(|change| (change.clone(), Role::Changed)));
    ink.sort_by_key(|(part, _)| part.start);
    ink
}

/// The ink of a line as far as a row shows it, in bytes of the row's text.
fn on_row(line: &Line, content: &Content, signs: Signs) -> Ink {
    let place = |byte: u64| usize::try_from(byte.saturating_sub(content.line.0)).unwrap_or(usize::MAX);
    let (from, to) = (place(content.bytes.0), place(content.bytes.1).min(line.bytes.len()));
    let shown = line.ink.iter().filter(|(part, _)| part.start < to && from < part.end);
    let clipped: Ink =
        shown.map(|(part, role)| (part.start.max(from) - from..part.end.min(to) - from, *role)).collect();
    let edges: Vec<usize> = clipped.iter().flat_map(|(part, _)| [part.start, part.end]).collect();
    let places = prose_places(line.bytes.get(from..to).unwrap_or_default(), signs, &edges);
    let drawn = clipped.iter().zip(places.chunks(2)).filter_map(|((_, role), edges)| match edges {
        [start, end] if start < end => Some((*start..*end, *role)),
        _ => None,
    });
    drawn.collect()
}
