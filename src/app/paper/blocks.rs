//! The bytes of a diff that are at hand: blocks of it, asked for where they are missed, forgotten where they were not
//! wanted for long and there are many.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Bytes of a block: a page may take a little from many places.
const BLOCK: u64 = 16 << 10;
/// So many are kept.
const KEPT: usize = 64;
/// So many are asked for at once, the one before the missed one included.
const AT_ONCE: u64 = 5;
/// Blocks that lie so near to each other are read in one go, at most so many bytes.
const NEAR: u64 = 32 << 10;
const A_READ: u64 = 96 << 10;

/// A byte that is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub u64);

/// The blocks at hand, by their number.
#[derive(Debug, Default)]
pub struct Blocks {
    held: BTreeMap<u64, Vec<u8>>,
    /// Those, in the order in which they came or were wanted last.
    wanted: VecDeque<u64>,
    asked: BTreeSet<u64>,
    end: Option<u64>,
}

impl Blocks {
    fn from(&self, at: u64) -> Result<&[u8], Missing> {
        let skip = usize::try_from(at % BLOCK).unwrap_or_default();
        let block = self.held.get(&(at / BLOCK)).ok_or(Missing(at))?;
        block.get(skip..).filter(|rest| !rest.is_empty()).ok_or(Missing(at))
    }

    /// The bytes between two places.
    ///
    /// # Errors
    /// With the first place that is not at hand.
    pub fn bytes(&self, from: u64, to: u64) -> Result<Cow<'_, [u8]>, Missing> {
        let length = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        if length == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        if let Some(bytes) = self.from(from)?.get(..length) {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let rest = self.from(from + bytes.len() as u64)?;
            bytes.extend_from_slice(rest.get(..length - bytes.len()).unwrap_or(rest));
        }
        Ok(Cow::Owned(bytes))
    }

    /// The first newline between two places.
    ///
    /// # Errors
    /// With the first place that is not at hand.
    pub fn newline(&self, from: u64, to: u64) -> Result<Option<u64>, Missing> {
        let mut at = from;
        while at < to {
            let rest = self.from(at)?;
            let length = rest.len().min(usize::try_from(to - at).unwrap_or(usize::MAX));
            if let Some(found) = memchr::memchr(b'\n', rest.get(..length).unwrap_or_default()) {
                return Ok(Some(at + found as u64));
            }
            at += length as u64;
        }
        Ok(None)
    }

    /// What to ask for so that a byte and what lies around it is at hand: from where to where, of so many bytes in
    /// all. Absent where it is at hand or was asked for.
    pub fn want(&mut self, at: u64, all: u64) -> Option<(u64, u64)> {
        let all = self.end.map_or(all, |end| end.min(all));
        let number = at / BLOCK;
        let last = all.saturating_sub(1) / BLOCK;
        if at >= all || !self.is_missed(number, all) {
            return None;
        }
        let (mut first, mut end) = (number, number + 1);
        if number > 0 && self.is_missed(number - 1, all) {
            first -= 1;
        }
        while end <= last && end - first < AT_ONCE && self.is_missed(end, all) {
            end += 1;
        }
        self.asked.extend(first..end);
        Some((first * BLOCK, (end * BLOCK).min(all)))
    }

    /// What to ask for so that all of these ranges are at hand, each in its order.
    pub fn want_all(&mut self, ranges: impl IntoIterator<Item = (u64, u64)>, all: u64) -> Vec<(u64, u64)> {
        let all = self.end.map_or(all, |end| end.min(all));
        let numbers: BTreeSet<u64> =
            ranges.into_iter().flat_map(|(from, to)| from / BLOCK..to.min(all).div_ceil(BLOCK)).collect();
        self.wanted.retain(|number| !numbers.contains(number));
        self.wanted.extend(numbers.iter().filter(|number| self.held.contains_key(number)));
        let missed: Vec<u64> = numbers.into_iter().filter(|number| self.is_missed(*number, all)).collect();
        self.asked.extend(&missed);
        let mut wanted: Vec<(u64, u64)> = Vec::new();
        for number in missed {
            let (from, to) = (number * BLOCK, (number + 1) * BLOCK);
            match wanted.last_mut() {
                Some(last) if from - last.1 <= NEAR && to - last.0 <= A_READ => last.1 = to.min(all),
                _ => wanted.push((from, to.min(all))),
            }
        }
        wanted
    }

    /// A block that was not whole when it came is missed once there is more.
    fn is_missed(&self, number: u64, all: u64) -> bool {
        let whole = BLOCK.min(all.saturating_sub(number * BLOCK));
        let short = self.held.get(&number).is_none_or(|block| (block.len() as u64) < whole);
        short && !self.asked.contains(&number)
    }

    /// Takes in what came of a range that was asked for. Whether the source ends inside of the range: then nothing
    /// behind that is asked for any more.
    pub fn came(&mut self, from: u64, to: u64, bytes: &[u8]) -> bool {
        let first = from / BLOCK;
        self.asked.retain(|number| !(first..to.div_ceil(BLOCK)).contains(number));
        let size = usize::try_from(BLOCK).unwrap_or(1);
        for (number, block) in (first..).zip(bytes.chunks(size)) {
            if self.held.insert(number, block.to_vec()).is_none() {
                self.wanted.push_back(number);
            }
        }
        let end = from + bytes.len() as u64;
        if end < to {
            self.end = Some(end);
        }
        end < to
    }

    /// Forgets what was not wanted for longest, as far as there is more than is kept. Nothing is forgotten while
    /// somebody waits: what a page takes may lie at more places than that.
    pub fn forget(&mut self) {
        let more = self.held.len().saturating_sub(KEPT);
        for number in self.wanted.drain(..more) {
            self.held.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_asked_for_once_and_then_at_hand() {
        let all: Vec<u8> = (0..BLOCK * 9 / 2).map(|i| if i % 100 == 0 { b'\n' } else { b'x' }).collect();
        let total = all.len() as u64;
        let mut blocks = Blocks::default();
        assert_eq!(blocks.bytes(BLOCK * 2, BLOCK * 2 + 9), Err(Missing(BLOCK * 2)));
        let (from, to) = blocks.want(BLOCK * 2, total).unwrap();
        assert_eq!((from, to), (BLOCK, total));
        assert_eq!(blocks.want(BLOCK * 3, total), None);
        assert!(!blocks.came(from, to, &all[from as usize..]));
        let edge = BLOCK * 3 - 5;
        assert_eq!(blocks.bytes(edge, edge + 10).unwrap(), &all[edge as usize..edge as usize + 10]);
        assert_eq!(blocks.newline(edge, total), Ok(Some(edge.next_multiple_of(100))));
        assert_eq!(blocks.newline(edge.next_multiple_of(100) + 1, edge.next_multiple_of(100) + 50), Ok(None));
        assert_eq!(blocks.bytes(0, 1), Err(Missing(0)));
        assert_eq!(blocks.want(total, total), None);
    }

    #[test]
    fn a_block_that_grew_is_asked_for_again() {
        let mut blocks = Blocks::default();
        assert_eq!(blocks.want(0, 10), Some((0, 10)));
        blocks.came(0, 10, b"0123456789");
        assert_eq!(blocks.want(5, 10), None);
        assert_eq!(blocks.bytes(8, 12), Err(Missing(10)));
        assert_eq!(blocks.want(10, 20), Some((0, 20)));
    }

    #[test]
    fn a_source_that_was_cut_short_is_not_asked_on_and_on() {
        let mut blocks = Blocks::default();
        let (from, to) = blocks.want(0, 1000).unwrap();
        assert!(blocks.came(from, to, b"short"));
        assert_eq!(blocks.bytes(0, 9), Err(Missing(5)));
        assert_eq!(blocks.want(5, 1000), None);
    }

    #[test]
    fn no_more_is_kept_than_what_was_wanted_last() {
        let mut blocks = Blocks::default();
        for number in 0..100 {
            blocks.came(number * BLOCK, number * BLOCK + 10, &[b'x'; 10]);
        }
        assert_eq!(blocks.held.len(), 100, "somebody may wait for all of them");
        assert_eq!(blocks.want_all([(7 * BLOCK, 7 * BLOCK + 3)], 100 * BLOCK), [(7 * BLOCK, 8 * BLOCK)]);
        blocks.forget();
        let kept: Vec<u64> = blocks.held.keys().copied().collect();
        let last = 101 - KEPT as u64..100;
        assert_eq!(kept, std::iter::once(7).chain(last).collect::<Vec<_>>());
    }

    #[test]
    fn ranges_that_lie_near_each_other_are_read_in_one_go() {
        let mut blocks = Blocks::default();
        let all = BLOCK * 100 - 7;
        let places = [3, 1, 50, 51, 52, 53, 54, 55, 56, 99].map(|number| (number * BLOCK + 5, number * BLOCK + 9));
        let told = blocks.want_all(places, all);
        assert_eq!(told, [(1, 4), (50, 56), (56, 57), (99, 100)].map(|(a, b)| (a * BLOCK, (b * BLOCK).min(all))));
        assert_eq!(blocks.want_all(places, all), [], "each is asked for once");
    }
}
