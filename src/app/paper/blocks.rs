//! The bytes of a diff that are at hand: blocks of it, asked for where they are missed, forgotten where they lie far
//! from what is looked at.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a block.
const BLOCK: u64 = 64 << 10;
/// So many are kept.
const KEPT: usize = 24;
/// So many are asked for at once, the one before the missed one included.
const AT_ONCE: u64 = 5;

/// A byte that is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub u64);

/// The blocks at hand, by their number.
#[derive(Debug, Default)]
pub struct Blocks {
    held: BTreeMap<u64, Vec<u8>>,
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

    /// How far ahead of what is shown bytes should be at hand.
    pub fn ahead(&self) -> u64 {
        BLOCK
    }

    /// A block that was not whole when it came is missed once there is more.
    fn is_missed(&self, number: u64, all: u64) -> bool {
        let whole = BLOCK.min(all.saturating_sub(number * BLOCK));
        let short = self.held.get(&number).is_none_or(|block| (block.len() as u64) < whole);
        short && !self.asked.contains(&number)
    }

    /// Takes in what came of a range that was asked for; what lies farthest from it is forgotten. Whether the source
    /// ends inside of the range: then nothing behind that is asked for any more.
    pub fn came(&mut self, from: u64, to: u64, bytes: &[u8]) -> bool {
        let first = from / BLOCK;
        self.asked.retain(|number| !(first..to.div_ceil(BLOCK)).contains(number));
        let size = usize::try_from(BLOCK).unwrap_or(1);
        for (number, block) in (first..).zip(bytes.chunks(size)) {
            self.held.insert(number, block.to_vec());
        }
        while self.held.len() > KEPT {
            let Some(far) = self.held.keys().copied().max_by_key(|number| number.abs_diff(first)) else { break };
            self.held.remove(&far);
        }
        let end = from + bytes.len() as u64;
        if end < to {
            self.end = Some(end);
        }
        end < to
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
    fn no_more_is_kept_than_a_few_blocks_around_the_last_one() {
        let mut blocks = Blocks::default();
        for number in 0..100 {
            blocks.came(number * BLOCK, number * BLOCK + 10, &[b'x'; 10]);
        }
        assert_eq!(blocks.held.len(), KEPT);
        assert!(blocks.held.contains_key(&99));
    }
}
