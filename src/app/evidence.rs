//! Evidence as it was read, and what of it has been on the screen.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::paper::{Counts, Paper, Watched};
use crate::backends::port::Fault;
use crate::desk::news::{Changed, Exhibit, Other, Source};
use crate::domain::decision::Seen;
use crate::domain::digest::Digest;
use crate::domain::evidence::Base;
use crate::domain::request::Request;
use crate::domain::text::SafeText;
use crate::safe;

/// Diffs are big: so many are kept.
const KEEP: usize = 6;

/// Evidence with its diff as far as it was read.
#[derive(Debug)]
pub struct Shown {
    /// As it was read.
    pub exhibit: Arc<Exhibit>,
    /// Its diff; absent = not given.
    pub paper: Option<Paper>,
    /// What a second source says of a diff that is not whole: where the whole one comes from, or why there is none.
    second: Option<Result<SafeText, SafeText>>,
    /// Another change, for reading: no decision is about it.
    pub against: Option<Against>,
}

/// A change that the decision is not about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The request's own, against another base.
    Base(Base),
    /// That of an action.
    Action(Box<Changed>),
}

impl Beside {
    /// As the desk knows it.
    pub fn other(&self) -> Other {
        match self {
            Beside::Base(base) => Other::Base(base.sha.clone()),
            Beside::Action(changed) => Other::Action(changed.clone()),
        }
    }

    /// `AGAINST 88d1f02 merge base`, or `ACTION acme/scan@v2 a1b2c3d -> 9f8e7d6`.
    pub fn title(&self) -> SafeText {
        match self {
            Beside::Base(base) => safe!("AGAINST {} {}", base.sha.short(), base.kind.word()),
            Beside::Action(changed) => {
                let Changed { action, old, new } = changed.as_ref();
                safe!("ACTION {} {} -> {}", action.name.ident(), old.short(), new.short())
            }
        }
    }
}

/// A change that the decision is not about, as far as it is here.
#[derive(Debug)]
pub struct Against {
    /// Which.
    pub beside: Beside,
    /// The diff; absent = not here yet.
    pub paper: Option<Paper>,
    /// Why it cannot be had.
    pub why: Option<SafeText>,
    watched: Watched,
}

impl Against {
    fn open(&mut self) -> Option<(&mut Paper, &mut Watched)> {
        Some((self.paper.as_mut()?, &mut self.watched))
    }

    /// What of it was on the screen.
    pub fn watched(&self) -> &Watched {
        &self.watched
    }
}

impl Shown {
    fn new(exhibit: Arc<Exhibit>) -> Self {
        let paper = exhibit.diff.clone().map(Paper::new);
        Self { exhibit, paper, second: None, against: None }
    }

    /// What does not add up: problems of the diff, and totals that its source gives otherwise.
    pub fn complaints(&self) -> Vec<SafeText> {
        if let Some(against) = &self.against {
            let own = against.paper.as_ref().map(|p| p.complaints(None)).unwrap_or_default();
            return against.why.clone().into_iter().chain(own).collect();
        }
        let second = self.second.as_ref().map(|second| match second {
            Ok(url) => safe!("NOT WHOLE at its source: the diff below comes from git, {}", url),
            Err(why) => safe!("NOT WHOLE at its source, and git does not give the rest: {}", why),
        });
        let own = self.paper.as_ref().map(|p| p.complaints(self.exhibit.evidence.totals.as_ref()));
        second.into_iter().chain(own.unwrap_or_default()).collect()
    }

    /// Whether one of its diffs is of this source.
    fn has(&self, source: u64) -> bool {
        let against = self.against.as_ref().and_then(|a| a.paper.as_ref());
        is_of(self.paper.as_ref(), source) || is_of(against, source)
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

fn is_of(paper: Option<&Paper>, source: u64) -> bool {
    paper.is_some_and(|p| p.source.id() == source)
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

    /// Takes in what a second source says. What was seen of the first one counts no more: it was another text.
    pub fn filled(&mut self, evidence: Digest, result: Result<(Source, SafeText), SafeText>) -> bool {
        let Some(Reading::Here(shown)) = self.readings.get_mut(&evidence) else { return false };
        shown.second = Some(result.map(|(source, from)| {
            shown.paper = Some(Paper::new(source));
            self.watched.remove(&evidence);
            from
        }));
        true
    }

    /// The diff of a source, wherever it is shown, with what was seen of it.
    pub fn by_source(&mut self, source: u64) -> Option<(&mut Paper, &mut Watched)> {
        let (digest, reading) = self.readings.iter_mut().find(|(_, reading)| match reading {
            Reading::Here(shown) => shown.has(source),
            _ => false,
        })?;
        let Reading::Here(shown) = reading else { return None };
        let shown = shown.as_mut();
        if is_of(shown.paper.as_ref(), source) {
            return Some((shown.paper.as_mut()?, self.watched.entry(*digest).or_default()));
        }
        shown.against.as_mut()?.open()
    }

    /// The diff of the request that is on the screen, with what was seen of it.
    pub fn open(&mut self, request: &Request) -> Option<(&mut Paper, &mut Watched)> {
        let digest = request.evidence.digest;
        let Reading::Here(shown) = self.readings.get_mut(&digest)? else { return None };
        match &mut shown.against {
            Some(against) => against.open(),
            None => Some((shown.paper.as_mut()?, self.watched.entry(digest).or_default())),
        }
    }

    /// Shows another change than the request's own, or that one again.
    pub fn compare(&mut self, request: &Request, beside: Option<Beside>) {
        if let Some(Reading::Here(shown)) = self.readings.get_mut(&request.evidence.digest) {
            shown.against =
                beside.map(|beside| Against { beside, paper: None, why: None, watched: Watched::default() });
        }
    }

    /// Which other change than the request's own is shown.
    pub fn beside(&self, request: &Request) -> Option<&Beside> {
        self.shown(request)?.against.as_ref().map(|against| &against.beside)
    }

    /// Takes in another change. Whether somebody waits for it.
    pub fn compared(&mut self, evidence: Digest, other: &Other, result: Result<Source, SafeText>) -> bool {
        let Some(Reading::Here(shown)) = self.readings.get_mut(&evidence) else { return false };
        let Some(against) = shown.against.as_mut().filter(|a| a.beside.other() == *other) else { return false };
        match result {
            Ok(source) => against.paper = Some(Paper::new(source)),
            Err(why) => against.why = Some(why),
        }
        true
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
