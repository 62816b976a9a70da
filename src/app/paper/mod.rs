//! A diff on the screen: its index as far as it was read, the bytes at hand, what of it was on the screen, and the
//! view of it. The request's diff and `jit-tui diff` are the same paper. Bytes come by windows that are asked for.

mod beside;
mod blocks;
#[cfg(test)]
mod fold_tests;
mod ink;
mod lens;
mod lines;
mod list;
mod near;
mod order;
mod paint;
mod places;
mod row;
mod search;
mod seen;
#[cfg(test)]
mod tests;
mod view;
mod wrap;

pub use list::file_list;
pub use places::Places;
pub use row::Row;
pub use search::Search;
pub use seen::{Counts, Watched};
pub use view::{DiffView, Jump};

use crate::desk::news::Source;
use crate::diff::{self, File, Index, Piece};
use crate::domain::evidence::Totals;
use crate::domain::text::SafeText;
use crate::safe;
use blocks::Blocks;
use order::{Folded, Order};

/// What is folded away, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FoldedCounts {
    pub(crate) files: u64,
    /// Files that were not on the screen in full.
    pub(crate) unseen: u64,
    pub(crate) added: u64,
    pub(crate) removed: u64,
}

/// A diff as far as it was read.
#[derive(Debug)]
pub struct Paper {
    /// Where its bytes lie.
    pub source: Source,
    /// Its files and their parts.
    pub index: Index,
    /// The order of reading.
    pub(crate) order: Order,
    pub(crate) blocks: Blocks,
    /// Where the content of lines begins that only moved, in order.
    pub(crate) moved: Vec<u64>,
    fault: Option<SafeText>,
}

impl Paper {
    /// A diff of which nothing was read yet.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            index: Index::default(),
            order: Order::default(),
            blocks: Blocks::default(),
            moved: Vec::new(),
            fault: None,
        }
    }

    /// Takes a piece of the index in; with `look`, what it holds has its place among the others.
    pub fn indexed(&mut self, piece: Piece, look: bool) {
        self.index.extend(piece);
        if look {
            self.order.renew(&self.index);
        }
    }

    /// Takes bytes in, asked for up to `to`.
    pub fn window_came(&mut self, from: u64, to: u64, bytes: Result<Vec<u8>, SafeText>) {
        match bytes {
            Ok(bytes) => {
                if self.blocks.came(from, to, &bytes) {
                    let end = from + bytes.len() as u64;
                    self.fault = Some(safe!("the diff was cut short while it was read: nothing behind byte {}", end));
                }
            }
            Err(why) => self.unreadable(why),
        }
    }

    /// The rest of it cannot be read.
    pub fn unreadable(&mut self, why: SafeText) {
        self.fault = Some(why);
    }

    /// Whether its end was reached, or never will be.
    pub fn is_read(&self) -> bool {
        self.index.whole || self.fault.is_some()
    }

    /// Whether lines are missing inside of its files: the rest could not be read, or its source counted more lines
    /// in as many files. Which file was cut is the last one.
    pub fn is_cut(&self, stated: Option<&Totals>) -> bool {
        let here = self.index.totals;
        let short = |t: &Totals| t.files == here.files && (t.added, t.removed) != (here.added, here.removed);
        self.fault.is_some() || (self.index.whole && stated.is_some_and(short))
    }

    /// The file of a number.
    pub fn file(&self, number: usize) -> Option<&File> {
        self.index.files.get(number)
    }

    /// Files and lines of what is folded away, and how many of the files `is_seen` does not know.
    pub(crate) fn folded_counts(&self, folded: &Folded, is_seen: impl Fn(usize) -> bool) -> FoldedCounts {
        let mut counts = FoldedCounts::default();
        for number in (folded.first..=folded.last).filter_map(|place| self.order.file(place)) {
            let Some(file) = self.file(number) else { continue };
            counts.files += 1;
            counts.unseen += u64::from(!is_seen(number));
            counts.added += file.added;
            counts.removed += file.removed;
        }
        counts
    }

    /// What does not add up: problems of the diff, and totals that its source gives otherwise.
    pub fn complaints(&self, stated: Option<&Totals>) -> Vec<SafeText> {
        let problems = &self.index.problems;
        let mut all: Vec<SafeText> = self.fault.iter().map(|why| safe!("NOT READ TO ITS END: {}", why)).collect();
        all.extend(problems.first().map(diff::Problem::words));
        let more = (problems.len() as u64).saturating_sub(1) + self.index.more_problems;
        if more > 0 {
            all.push(safe!("and {} more places that were not understood", more));
        }
        let missing = stated.filter(|_| self.is_read()).and_then(|t| diff::conserves(&self.index, t).err());
        all.extend(missing.map(|missing| {
            let (here, stated) = (missing.here, missing.stated);
            safe!(
                "NOT WHOLE: here {} files +{} -{}, its source says {} files +{} -{}",
                here.files,
                here.added,
                here.removed,
                stated.files,
                stated.added,
                stated.removed
            )
        }));
        all
    }
}
