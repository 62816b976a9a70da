//! What lies next to the rows on the screen in the order of reading: it is fetched before it is wanted.

use std::iter::successors;

use super::row::Row;
use super::{DiffView, Paper};

/// So many bytes before the rows on the screen, and behind them, should be at hand.
const AROUND: u64 = 32 << 10;
/// A file counts for so many at least.
const A_FILE: u64 = 4 << 10;

impl DiffView {
    /// What the rows show, and what comes before and after them in the order of reading, as ranges of bytes.
    pub(super) fn around(&self, paper: &Paper) -> Vec<(u64, u64)> {
        let shown = |row: &&Row| row.covers.1 > 0;
        let (Some(first), Some(last)) = (self.rows().iter().find(shown), self.rows().iter().rfind(shown)) else {
            return Vec::new();
        };
        let mut around: Vec<(u64, u64)> =
            self.rows().iter().flat_map(Row::contents).flatten().map(|content| content.bytes).collect();
        let page: u64 = around.iter().map(|(from, to)| to - from).sum();
        let far = AROUND.max(2 * page);
        // Of what has no lines nothing but its title is shown.
        let whole = |number: usize| {
            paper.file(number).map(|file| (file.byte, if file.parts > 0 { file.end } else { file.byte }))
        };
        let shown_whole = |file: &usize| paper.order.folded(*file).is_none();
        let rest = whole(last.spot.file).map(|(_, end)| (last.covers.1, end));
        let after = successors(paper.order.read_after(last.spot.file), |file| paper.order.read_after(*file));
        let after = after.filter(shown_whole).filter_map(whole);
        let begin = whole(first.spot.file).map(|(begin, _)| (begin, first.covers.0));
        let before = successors(paper.order.read_before(first.spot.file), |file| paper.order.read_before(*file));
        let before = before.filter(shown_whole).filter_map(whole);
        around.extend(nearest(rest.into_iter().chain(after), far, |from, _, size| (from, from + size)));
        around.extend(nearest(begin.into_iter().chain(before), far, |_, to, size| (to - size, to)));
        around
    }
}

/// Of these ranges, the nearest one first, so many bytes; `part` gives that many from the near side of one.
fn nearest(
    ranges: impl Iterator<Item = (u64, u64)>,
    far: u64,
    part: impl Fn(u64, u64, u64) -> (u64, u64),
) -> Vec<(u64, u64)> {
    let mut left = far;
    let near = ranges.map_while(|(from, to)| {
        let size = to.saturating_sub(from).min(left);
        let near = (left > 0).then(|| part(from, to, size));
        left = left.saturating_sub(size.max(A_FILE));
        near
    });
    near.collect()
}
