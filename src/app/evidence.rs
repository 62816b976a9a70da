//! Evidence as it was read, and what of it has been on the screen.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::paper::{Counts, Paper, Watched};
use crate::backends::port::Fault;
use crate::desk::news::Exhibit;
use crate::domain::decision::Seen;
use crate::domain::digest::Digest;
use crate::domain::request::Request;
use crate::domain::text::SafeText;

/// Diffs are big: so many are kept.
const KEEP: usize = 6;

/// Evidence with its diff as far as it was read.
#[derive(Debug)]
pub struct Shown {
    /// As it was read.
    pub exhibit: Arc<Exhibit>,
    /// Its diff; absent = not given.
    pub paper: Option<Paper>,
}

impl Shown {
    fn new(exhibit: Arc<Exhibit>) -> Self {
        let paper = exhibit.diff.clone().map(Paper::new);
        Self { exhibit, paper }
    }

    /// What does not add up: problems of the diff, and totals that its source gives otherwise.
    pub fn complaints(&self) -> Vec<SafeText> {
        self.paper.as_ref().map(|p| p.complaints(self.exhibit.evidence.totals.as_ref())).unwrap_or_default()
    }

    /// Whether lines are missing inside of its files.
    fn is_cut(&self) -> bool {
        self.paper.as_ref().is_some_and(|p| p.is_cut(self.exhibit.evidence.totals.as_ref()))
    }

    /// Whether more of its diff is still to come.
    pub fn is_reading(&self) -> bool {
        self.paper.as_ref().is_some_and(|p| !p.is_read())
    }
}

/// How far the reading of a request's evidence is.
#[derive(Debug)]
pub enum Reading {
    /// Asked for, with this generation.
    Asked(u64),
    /// Here.
    Here(Box<Shown>),
    /// It could not be read.
    Failed(Fault),
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
    pub fn shown(&self, request: &Request) -> Option<&Shown> {
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
            Ok(exhibit) => Reading::Here(Box::new(Shown::new(exhibit))),
            Err(fault) => Reading::Failed(fault),
        };
        true
    }

    /// The diff of a source, wherever it is shown, with what was seen of it.
    pub fn by_source(&mut self, source: u64) -> Option<(&mut Paper, &mut Watched)> {
        let ours = |reading: &Reading| match reading {
            Reading::Here(shown) => shown.paper.as_ref().is_some_and(|p| p.source.id() == source),
            _ => false,
        };
        let (digest, reading) = self.readings.iter_mut().find(|(_, reading)| ours(reading))?;
        let Reading::Here(shown) = reading else { return None };
        Some((shown.paper.as_mut()?, self.watched.entry(*digest).or_default()))
    }

    /// The request's diff, with what was seen of it.
    pub fn open(&mut self, request: &Request) -> Option<(&mut Paper, &mut Watched)> {
        let digest = request.evidence.digest;
        let Reading::Here(shown) = self.readings.get_mut(&digest)? else { return None };
        Some((shown.paper.as_mut()?, self.watched.entry(digest).or_default()))
    }

    /// What was seen of the request's diff.
    pub fn watched(&self, request: &Request) -> Option<&Watched> {
        self.watched.get(&request.evidence.digest)
    }

    /// The request's diff with what was seen of it, and whether it was cut.
    fn with<T: Default>(&self, request: &Request, tell: impl FnOnce(&Watched, &Paper, bool) -> T) -> T {
        let Some((shown, paper)) = self.shown(request).and_then(|s| Some((s, s.paper.as_ref()?))) else {
            return T::default();
        };
        let nothing = Watched::default();
        tell(self.watched(request).unwrap_or(&nothing), paper, shown.is_cut())
    }

    /// What was seen, in numbers: cheap enough for every frame.
    pub fn counts(&self, request: &Request) -> Counts {
        self.with(request, Watched::counts)
    }

    /// What was seen, for the decision. Files that this screen never listed count as unseen, so without the diff
    /// nothing was.
    pub fn seen(&self, request: &Request) -> Seen {
        self.with(request, Watched::seen)
    }

    /// The first files that were not on the screen in full: names, and whether some of each was; how many more there
    /// are.
    pub fn unseen(&self, request: &Request, most: usize) -> (Vec<(SafeText, bool)>, usize) {
        self.with(request, |watched, paper, _| {
            let mut files = watched.unseen(paper);
            let first = files.by_ref().take(most).map(|(file, begun)| (file.title(), begun)).collect();
            (first, files.count())
        })
    }
}
