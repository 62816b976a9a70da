//! Evidence as it was read, parsed once, and what of it has been on the screen.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::backends::port::Fault;
use crate::desk::news::Exhibit;
use crate::diff::{self, Diff, File};
use crate::domain::decision::Seen;
use crate::domain::digest::Digest;
use crate::domain::request::Request;
use crate::domain::text::SafeText;

/// Diffs are big: so many are kept.
const KEEP: usize = 6;

/// Evidence with its diff parsed and its files in the order of reading.
#[derive(Debug)]
pub struct Shown {
    /// As it was read.
    pub exhibit: Arc<Exhibit>,
    /// Its diff; absent = not given.
    pub diff: Option<Diff>,
    /// Files of the diff, those that must be seen first.
    pub order: Vec<usize>,
}

impl Shown {
    fn new(exhibit: Arc<Exhibit>) -> Self {
        let diff = exhibit.diff.as_ref().map(|bytes| diff::parse(bytes));
        let files = diff.as_ref().map(|d| d.files.as_slice()).unwrap_or_default();
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|i| files.get(*i).is_none_or(|f| f.must_see().is_none()));
        Self { exhibit, diff, order }
    }

    /// The file at a place of the reading order.
    pub fn file(&self, place: usize) -> Option<&File> {
        self.diff.as_ref()?.files.get(*self.order.get(place)?)
    }

    /// The bytes that the lines are ranges of.
    pub fn buffer(&self) -> &[u8] {
        self.exhibit.diff.as_ref().map(|d| d.as_slice()).unwrap_or_default()
    }

    /// What does not add up: problems of the diff, and totals that its source gives otherwise.
    pub fn complaints(&self) -> Vec<SafeText> {
        let Some(diff) = &self.diff else { return Vec::new() };
        let mut all: Vec<SafeText> = diff.problems.iter().take(1).map(diff::Problem::words).collect();
        if diff.problems.len() > 1 {
            all.push(crate::safe!("and {} more places that were not understood", diff.problems.len() - 1));
        }
        if let Some(missing) = self.exhibit.evidence.totals.and_then(|t| diff::conserves(diff, &t).err()) {
            let (here, stated) = (missing.here, missing.stated);
            all.push(crate::safe!(
                "NOT WHOLE: here {} files +{} -{}, its source says {} files +{} -{}",
                here.files,
                here.added,
                here.removed,
                stated.files,
                stated.added,
                stated.removed
            ));
        }
        all
    }
}

/// How far the reading of a request's evidence is.
#[derive(Clone, Debug)]
pub enum Reading {
    /// Asked for, with this generation.
    Asked(u64),
    /// Here.
    Here(Arc<Shown>),
    /// It could not be read.
    Failed(Fault),
}

/// Which parts of a file were on the screen, in columns of its text: a resize changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    spans: Vec<(u64, u64)>,
}

impl Coverage {
    /// Adds a part. Whether it was new.
    pub fn add(&mut self, from: u64, to: u64) -> bool {
        if from >= to || self.spans.iter().any(|(a, b)| *a <= from && to <= *b) {
            return false;
        }
        self.spans.push((from, to));
        self.spans.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.spans.len());
        for (a, b) in self.spans.drain(..) {
            match merged.last_mut() {
                Some(last) if a <= last.1 => last.1 = last.1.max(b),
                _ => merged.push((a, b)),
            }
        }
        self.spans = merged;
        true
    }

    /// Whether everything up to `total` was there.
    pub fn is_whole(&self, total: u64) -> bool {
        self.spans.first().is_some_and(|(a, b)| *a == 0 && *b >= total)
    }
}

#[derive(Debug, Default)]
struct Watched {
    parts: HashMap<usize, Coverage>,
    whole: Vec<usize>,
}

/// What is read and what was seen, by evidence digest: a wave of thirty requests with one diff is read once.
#[derive(Debug, Default)]
pub struct Evidences {
    readings: HashMap<Digest, Reading>,
    recent: VecDeque<Digest>,
    watched: HashMap<Digest, Watched>,
}

impl Evidences {
    /// The reading of the evidence that the request has now.
    pub fn of(&self, request: &Request) -> Option<&Reading> {
        self.readings.get(&request.evidence.digest)
    }

    /// The evidence, where it is here.
    pub fn shown(&self, request: &Request) -> Option<&Arc<Shown>> {
        match self.of(request)? {
            Reading::Here(shown) => Some(shown),
            _ => None,
        }
    }

    /// Notes that it was asked for.
    pub fn asked(&mut self, request: &Request, generation: u64) {
        let digest = request.evidence.digest;
        self.recent.retain(|d| *d != digest);
        self.recent.push_back(digest);
        self.readings.insert(digest, Reading::Asked(generation));
        while self.recent.len() > KEEP {
            if let Some(old) = self.recent.pop_front() {
                self.readings.remove(&old);
            }
        }
    }

    /// Takes in an answer; one that nobody waits for any more is dropped.
    pub fn answer(&mut self, generation: u64, result: Result<Arc<Exhibit>, Fault>) -> bool {
        let asked = |r: &&mut Reading| matches!(r, Reading::Asked(g) if *g == generation);
        let Some(reading) = self.readings.values_mut().find(asked) else { return false };
        *reading = match result {
            Ok(exhibit) => Reading::Here(Arc::new(Shown::new(exhibit))),
            Err(fault) => Reading::Failed(fault),
        };
        true
    }

    /// Notes that a part of a file was on the screen. Whether the file is now seen in full and was not before.
    pub fn saw(&mut self, request: &Request, file: usize, part: (u64, u64), total: u64) -> bool {
        let watched = self.watched.entry(request.evidence.digest).or_default();
        let coverage = watched.parts.entry(file).or_default();
        if !coverage.add(part.0, part.1) || !coverage.is_whole(total) || watched.whole.contains(&file) {
            return false;
        }
        watched.whole.push(file);
        true
    }

    /// Whether a file (by its number in the diff) was on the screen in full.
    pub fn has_seen(&self, request: &Request, file: usize) -> bool {
        self.watched.get(&request.evidence.digest).is_some_and(|w| w.whole.contains(&file))
    }

    /// What was seen, for the decision. Files that this screen never listed count as unseen, so without the diff
    /// nothing was.
    pub fn seen(&self, request: &Request) -> Seen {
        let files = self.shown(request).and_then(|s| s.diff.as_ref()).map(|d| d.files.as_slice()).unwrap_or_default();
        let seen = |i: &usize| self.has_seen(request, *i);
        let unseen = files.iter().enumerate().filter(|(i, f)| f.must_see().is_some() && !seen(i));
        Seen {
            files: (0..files.len()).filter(seen).count() as u32,
            of: files.len() as u32,
            must_see_unseen: unseen.map(|(_, f)| f.name().clone()).collect(),
            acknowledged: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_seen_when_every_column_was_on_the_screen() {
        let mut coverage = Coverage::default();
        assert!(coverage.add(0, 10));
        assert!(!coverage.add(2, 9));
        assert!(coverage.add(20, 30));
        assert!(!coverage.is_whole(30));
        assert!(coverage.add(10, 20));
        assert!(coverage.is_whole(30) && !coverage.is_whole(31));
    }
}
