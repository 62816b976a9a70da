//! What of a diff was on the screen, in bytes of it: a window of another size changes nothing.

use std::collections::BTreeSet;

use super::{Paper, Row};
use crate::diff::File;
use crate::domain::decision::Seen;

/// Ranges of bytes, apart from each other and in order.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    spans: Vec<(u64, u64)>,
}

impl Coverage {
    /// Adds a range. Whether any of it was new.
    pub fn add(&mut self, from: u64, to: u64) -> bool {
        if from >= to || self.has(from, to) {
            return false;
        }
        let first = self.spans.partition_point(|(_, end)| *end < from);
        let last = self.spans.partition_point(|(start, _)| *start <= to);
        let touched = self.spans.get(first..last).unwrap_or_default();
        let start = touched.first().map_or(from, |span| span.0.min(from));
        let end = touched.last().map_or(to, |span| span.1.max(to));
        self.spans.splice(first..last, [(start, end)]);
        true
    }

    /// Whether all of a range is in it.
    pub fn has(&self, from: u64, to: u64) -> bool {
        let at = self.spans.partition_point(|(start, _)| *start <= from);
        at.checked_sub(1).and_then(|at| self.spans.get(at)).is_some_and(|(_, end)| to <= *end)
    }

    /// Whether some of a range is in it.
    pub fn touches(&self, from: u64, to: u64) -> bool {
        let at = self.spans.partition_point(|(_, end)| *end <= from);
        self.spans.get(at).is_some_and(|(start, _)| *start < to)
    }
}

/// What was seen of one diff.
#[derive(Debug, Default)]
pub struct Watched {
    coverage: Coverage,
    whole: BTreeSet<usize>,
    must_see: usize,
}

/// Files in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// On the screen in full.
    pub files: usize,
    /// In all.
    pub of: usize,
    /// Must be seen, and were not in full.
    pub must_see_unseen: usize,
}

impl Watched {
    /// Notes rows that are on the screen. Whether a file became seen in full.
    pub fn saw(&mut self, paper: &Paper, rows: &[Row]) -> bool {
        let mut files = BTreeSet::new();
        for row in rows {
            let new = [row.covers, row.also].map(|(from, to)| self.coverage.add(from, to));
            if new.contains(&true) {
                files.insert(row.spot.file);
            }
        }
        let before = self.whole.len();
        for number in files {
            self.close(paper, number);
        }
        self.whole.len() > before
    }

    fn close(&mut self, paper: &Paper, number: usize) {
        let Some(file) = paper.file(number) else { return };
        // The end of the last file is not known before that of the diff.
        let ended = paper.index.whole || number + 1 < paper.index.files.len();
        if ended && self.coverage.has(file.byte, file.end) && self.whole.insert(number) {
            self.must_see += usize::from(file.must_see().is_some());
        }
    }

    /// The end of the diff is known now: the last file may be seen in full.
    pub fn ended(&mut self, paper: &Paper) {
        if let Some(last) = paper.index.files.len().checked_sub(1) {
            self.close(paper, last);
        }
    }

    /// Whether a file was on the screen in full.
    pub fn has_seen(&self, number: usize) -> bool {
        self.whole.contains(&number)
    }

    /// Whether some of a file was on the screen.
    pub fn has_begun(&self, paper: &Paper, number: usize) -> bool {
        paper.file(number).is_some_and(|file| self.coverage.touches(file.byte, file.end))
    }

    /// In numbers. Of a diff that was cut the last file is not seen in full, whatever was on the screen.
    pub fn counts(&self, paper: &Paper, cut: bool) -> Counts {
        let last = paper.index.files.len().checked_sub(1).filter(|_| cut);
        let taken = last.is_some_and(|last| self.has_seen(last));
        let ordinary = last.and_then(|last| paper.file(last)).is_some_and(|file| file.must_see().is_none());
        let must_see = paper.order.must_see() + usize::from(ordinary);
        let seen = self.must_see - usize::from(taken && !ordinary).min(self.must_see);
        Counts {
            files: self.whole.len() - usize::from(taken),
            of: paper.index.files.len(),
            must_see_unseen: must_see.saturating_sub(seen),
        }
    }

    /// What was seen, for the decision.
    pub fn seen(&self, paper: &Paper, cut: bool) -> Seen {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let last = paper.index.files.len().checked_sub(1).filter(|_| cut);
        let whole = |number: usize| self.has_seen(number) && Some(number) != last;
        let files = || paper.index.files.iter().enumerate().filter(|(number, _)| !whole(*number));
        let must = |(number, file): &(usize, &File)| file.must_see().is_some() || Some(*number) == last;
        let hunks = files().flat_map(|(_, file)| paper.index.parts_of(file));
        Seen {
            files: narrow(self.counts(paper, cut).files),
            of: narrow(paper.index.files.len()),
            must_see_unseen: files().filter(must).map(|(_, f)| f.name().clone()).collect(),
            partly: narrow(files().filter(|(number, _)| self.has_begun(paper, *number)).count()),
            hunks_unseen: narrow(hunks.filter(|part| !self.coverage.has(part.byte(), part.end())).count()),
            acknowledged: None,
            looked_up: None,
        }
    }

    /// Names of files that were not on the screen in full, with whether some of each was; those that must be seen
    /// first.
    pub fn unseen<'a>(&'a self, paper: &'a Paper) -> impl Iterator<Item = (&'a File, bool)> + 'a {
        let files = (0..paper.order.len()).filter_map(|place| paper.order.file(place));
        let unseen = files.filter(|number| !self.has_seen(*number));
        unseen.filter_map(|number| Some((paper.file(number)?, self.has_begun(paper, number))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_grow_together() {
        let mut coverage = Coverage::default();
        assert!(coverage.add(0, 10));
        assert!(!coverage.add(2, 9));
        assert!(coverage.add(20, 30));
        assert!(!coverage.has(0, 30) && coverage.touches(5, 25) && !coverage.touches(10, 20));
        assert!(coverage.add(10, 20));
        assert!(coverage.has(0, 30) && !coverage.has(0, 31));
        assert_eq!(coverage.spans.len(), 1);
    }

    proptest! {
        #[test]
        fn coverage_is_the_set_of_its_bytes(ranges in proptest::collection::vec((0u64..60, 0u64..12), 0..30)) {
            let (mut coverage, mut bytes) = (Coverage::default(), BTreeSet::new());
            for (from, length) in ranges {
                let new: BTreeSet<u64> = (from..from + length).collect();
                prop_assert_eq!(coverage.add(from, from + length), !new.is_subset(&bytes));
                bytes.extend(new);
                prop_assert!(coverage.spans.windows(2).all(|pair| pair[0].1 < pair[1].0));
            }
            for from in 0..70u64 {
                for to in from + 1..70 {
                    prop_assert_eq!(coverage.has(from, to), (from..to).all(|b| bytes.contains(&b)));
                    prop_assert_eq!(coverage.touches(from, to), (from..to).any(|b| bytes.contains(&b)));
                }
            }
        }
    }
}
