//! Rows side by side: a line stands beside what it became. A part is paired as a whole, so that its rows do not
//! change while it is scrolled; of a part that is too large for that each line stands alone on its side.

use super::lens::{Found, Lens, folded};
use super::lines::LineAt;
use super::row::{Content, Row, Spot, What};
use crate::diff::sides::{self, Row as Pair};
use crate::diff::{File, LineKind, Part};

/// Larger parts are not paired.
const MOST_LINES: u64 = 2_000;
const MOST_BYTES: u64 = 256 << 10;
/// Longer lines do not wrap.
const LONGEST: u64 = 16 << 10;

/// A part with its pairs of lines.
struct Paired {
    number: usize,
    file: usize,
    /// Row of its first line in the file.
    first: u64,
    lines: Vec<LineAt>,
    pairs: Vec<Pair>,
}

impl Paired {
    fn row(&self, pair: &Pair) -> u64 {
        self.first + pair.old.or(pair.new).unwrap_or_default() as u64
    }

    /// The pair that a row of the file stands in.
    fn place(&self, row: u64) -> usize {
        let wanted = row.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let is = |pair: &Pair| wanted.is_some() && (pair.old == wanted || pair.new == wanted);
        self.pairs.iter().position(is).unwrap_or(0)
    }
}

impl Lens<'_> {
    /// Whether the lines of a part are paired, not only set on their sides.
    pub(super) fn is_paired(part: &Part) -> bool {
        part.place.is_some() && part.lines() <= MOST_LINES && part.end() - part.body() <= MOST_BYTES
    }

    fn paired(&self, file: usize, number: usize) -> Found<Option<Paired>> {
        let Some((part, of)) = self.index.parts.get(number).zip(self.index.files.get(file)) else { return Ok(None) };
        let first = part.row() + 1;
        if part.lines() == 0 || !Self::is_paired(part) {
            return Ok(None);
        }
        let last = part.row() + part.lines();
        let lines = self.lines(part, of, first, last)?;
        let near = self.near(file, number, first, last)?;
        let texts: Vec<(LineKind, &[u8])> = near.iter().map(|line| (line.kind, &*line.bytes)).collect();
        Ok(Some(Paired { number, file, first, pairs: sides::rows(&texts), lines }))
    }

    /// Rows of a part from a place below its head on, `None` = from its beginning: the first row need not be that of
    /// its first line. Where the next row begins; absent = the part is too large.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    pub(super) fn beside_rows(
        &self,
        number: usize,
        file: usize,
        at: Option<Spot>,
        count: usize,
        rows: &mut Vec<Row>,
    ) -> Found<Option<Spot>> {
        let Some(paired) = self.paired(file, number)? else { return Ok(None) };
        let from = at.map_or(0, |at| paired.place(at.row));
        for place in from..paired.pairs.len() {
            if rows.len() >= count {
                break;
            }
            let mut pair = self.pair_rows(&paired, place)?;
            if let Some(at) = at.filter(|_| place == from) {
                let skip = pair.iter().position(|row| row.spot == at).unwrap_or_default();
                pair.drain(..skip);
            }
            rows.append(&mut pair);
        }
        rows.truncate(count);
        Ok(Some(Spot { file, row: paired.first + paired.lines.len() as u64, byte: 0 }))
    }

    /// Rows before a place of a file, newest first; where to go on from. Absent = the part is too large.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    pub(super) fn beside_back(&self, file: &File, at: Spot, room: usize, back: &mut Vec<Row>) -> Found<Option<Spot>> {
        let part = |row: u64| self.index.part_at(file, row);
        let inside = part(at.row).filter(|n| self.index.parts.get(*n).is_some_and(|part| part.row() < at.row));
        match inside.or_else(|| part(at.row.saturating_sub(1))) {
            Some(number) => self.beside_before(number, at.file, inside.map(|_| at), room, back),
            None => Ok(None),
        }
    }

    /// Rows of a part before a place in it, newest first, and the head of the part behind them where there is room;
    /// `None` for the place is the end of the part. Absent = the part is too large.
    ///
    /// # Errors
    /// With the first byte that is not at hand.
    fn beside_before(
        &self,
        number: usize,
        file: usize,
        at: Option<Spot>,
        room: usize,
        back: &mut Vec<Row>,
    ) -> Found<Option<Spot>> {
        let Some(paired) = self.paired(file, number)? else { return Ok(None) };
        let full = back.len() + room;
        let mut place = paired.pairs.len();
        if let Some(at) = at {
            place = paired.place(at.row);
            let own = self.pair_rows(&paired, place)?;
            let before = own.iter().position(|row| row.spot == at).unwrap_or_default();
            back.extend(own.into_iter().take(before).rev());
        }
        while place > 0 && back.len() < full {
            place -= 1;
            back.extend(self.pair_rows(&paired, place)?.into_iter().rev());
        }
        if back.len() < full {
            back.push(self.head(number, file)?);
        }
        back.truncate(full);
        Ok(Some(Spot { file, row: paired.first - 1, byte: 0 }))
    }

    /// Puts lines that are in no pair on their side.
    pub(super) fn set_aside(&self, begun: usize, rows: &mut Vec<Row>) {
        if self.shape.beside {
            let lone = rows.split_off(begun).into_iter().map(alone);
            rows.extend(lone);
        }
    }

    /// The rows of a pair. Of lines that are folded away the first one stands for all.
    fn pair_rows(&self, paired: &Paired, place: usize) -> Found<Vec<Row>> {
        let Some(pair) = paired.pairs.get(place) else { return Ok(Vec::new()) };
        let of: Option<&File> = self.index.files.get(paired.file);
        let same = |pair: &Pair| pair.old == pair.new;
        if same(pair) && of.is_some_and(|file| self.folds(file, LineKind::Context)) {
            let again = place.checked_sub(1).and_then(|before| paired.pairs.get(before)).is_some_and(same);
            return Ok(if again { Vec::new() } else { vec![folded(paired.file, paired.row(pair))] });
        }
        let (old, new) = (self.side(paired, pair.old)?, self.side(paired, pair.new)?);
        let rows = (0..old.len().max(new.len())).filter_map(|at| beside(old.get(at), new.get(at), same(pair)));
        Ok(rows.collect())
    }

    /// The rows of one line.
    fn side(&self, paired: &Paired, line: Option<usize>) -> Found<Vec<Row>> {
        let Some((place, line)) = line.and_then(|place| Some((place, paired.lines.get(place)?))) else {
            return Ok(Vec::new());
        };
        let at = Spot { file: paired.file, row: paired.first + place as u64, byte: 0 };
        if line.end - line.content > LONGEST {
            return Ok(vec![self.unwrapped(paired.number, at, line)?]);
        }
        let mut rows = Vec::new();
        self.line_rows(paired.number, at, line, usize::MAX, &mut rows)?;
        Ok(rows)
    }
}

/// Two rows as one. What is the same on both sides is covered once.
fn beside(old: Option<&Row>, new: Option<&Row>, same: bool) -> Option<Row> {
    let first = old.or(new)?;
    let also = if same { (0, 0) } else { old.and(new).map_or((0, 0), |row| row.covers) };
    let content = |row: Option<&Row>| -> Option<Content> {
        match &row?.what {
            What::Line(content) => Some(content.clone()),
            _ => None,
        }
    };
    let what = What::Beside(content(old).map(Box::new), content(new).map(Box::new));
    Some(Row { spot: first.spot, covers: first.covers, also, what })
}

/// A line that stands alone on its side; context on both.
fn alone(row: Row) -> Row {
    let What::Line(content) = row.what else { return row };
    let (old, new) = (content.kind.is_old(), content.kind.is_new());
    let note = !old && !new;
    let content = Box::new(content);
    let what = What::Beside((old || note).then(|| content.clone()), new.then_some(content));
    Row { what, ..row }
}
