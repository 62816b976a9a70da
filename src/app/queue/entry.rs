//! A request with what the list needs of it, worked out once when it comes.

use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::domain::digest::Digest;
use crate::domain::ids::RequestKey;
use crate::domain::request::{Can, Request};
use crate::domain::text::Text;

/// Which environments are production.
#[derive(Clone, Debug)]
pub struct Production(Option<GlobSet>);

impl Production {
    /// From globs; one that cannot be read makes every environment production.
    pub fn new(globs: &[String]) -> Self {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            match GlobBuilder::new(glob).case_insensitive(true).build() {
                Ok(glob) => _ = set.add(glob),
                Err(_) => return Self(None),
            }
        }
        Self(set.build().ok())
    }

    /// Whether this environment is production.
    pub fn holds(&self, environment: &Text) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(environment.lossy().as_ref()))
    }
}

/// What the list keeps of a request.
#[derive(Debug)]
pub struct Entry {
    /// The request itself.
    pub request: Arc<Request>,
    /// Its environment is production.
    pub production: bool,
    /// It waits for a decision.
    pub pending: bool,
    /// You may decide it now.
    pub can_decide: bool,
    /// Requests with the same value fold into one row.
    pub sameness: Digest,
    /// Where it stands: smaller is nearer to the top.
    pub rank: Rank,
    /// What words of a filter are looked for in, in lower case.
    pub words: String,
}

/// Can decide, production, due, oldest.
type Rank = (bool, bool, i64, i64);

impl Entry {
    /// Works out what the list needs. `known` saves the hash where only votes or looks changed.
    pub fn new(request: Arc<Request>, production: &Production, known: Option<&Entry>) -> Self {
        let same = known.filter(|k| k.request.core.text() == request.core.text());
        let production = production.holds(&request.core.environment.value);
        let pending = request.is_pending();
        let can_decide = pending && matches!(request.can, Can::Yes { .. });
        let due = request.due.map_or(i64::MAX, |due| due.0);
        Self {
            production,
            pending,
            can_decide,
            rank: (!can_decide, !production, due, request.created_at.0),
            sameness: same.map_or_else(|| request.core.sameness(), |k| k.sameness),
            words: words_of(&request),
            request,
        }
    }

    /// Its identity.
    pub fn key(&self) -> &RequestKey {
        self.request.key()
    }
}

fn words_of(request: &Request) -> String {
    let core = &request.core;
    let mut words = String::new();
    let texts = [Some(&core.name), Some(&core.repository.value), Some(&core.environment.value), core.branch.as_ref()];
    let people = core.identities.iter().map(|i| &i.name);
    for text in texts.into_iter().flatten().chain(people).chain([&core.reason]) {
        words.push_str(&text.lossy());
        words.push('\n');
    }
    words.push_str(core.head.as_ref().map_or("", |h| h.as_str()));
    for finding in &request.findings {
        words.push('\n');
        words.push_str(finding.id.meaning().what);
        words.push(' ');
        words.push_str(&finding.subject.lossy());
    }
    words.to_lowercase()
}
