//! What policy demands of one ballot on one request, as the dialog shows it.

use crate::domain::decision::Seen;
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::{BREAK_GLASS_CAP, NO_ENVIRONMENT, RUN_FOR_CAP, SeenDemand};

/// What must be there before a decision can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demands {
    /// A reason.
    pub reason: bool,
    /// A typed word.
    pub word: Option<Text>,
    /// What must have been on the screen.
    pub seen: SeenDemand,
    /// Typing the number of unseen files stands in for seeing them.
    pub may_acknowledge: bool,
    /// Scopes to choose from, from narrow to wide; never empty.
    pub scopes: Vec<Scope>,
    /// The other scopes, each with the reason why not.
    pub barred: Vec<(Scope, &'static str)>,
    /// Cap of start-by.
    pub start_by: Span,
    /// Cap of run-for.
    pub run_for: Span,
    /// May be sent together with others.
    pub bulk: bool,
}

/// What this ballot needs. A no needs a reason at most; breaking the glass has demands of its own.
pub fn requirements(request: &Request, ballot: Ballot) -> Demands {
    match ballot {
        Ballot::Approve => approval(request),
        Ballot::Reject => Demands { reason: request.verdict.reason, ..plain() },
        Ballot::BreakGlass => broken_glass(request),
    }
}

fn plain() -> Demands {
    Demands {
        reason: false,
        word: None,
        seen: SeenDemand::Nothing,
        may_acknowledge: true,
        scopes: vec![Scope::Once],
        barred: Vec::new(),
        start_by: RUN_FOR_CAP,
        run_for: RUN_FOR_CAP,
        bulk: true,
    }
}

fn approval(request: &Request) -> Demands {
    let verdict = &request.verdict;
    let barred: Vec<(Scope, &'static str)> =
        Scope::ALL.into_iter().filter_map(|scope| Some((scope, why_not(request, scope)?))).collect();
    Demands {
        reason: verdict.reason,
        word: verdict.word.clone(),
        seen: verdict.seen,
        may_acknowledge: verdict.may_acknowledge,
        scopes: Scope::ALL.into_iter().filter(|s| barred.iter().all(|(b, _)| b != s)).collect(),
        barred,
        start_by: verdict.start_by.min(RUN_FOR_CAP),
        run_for: verdict.run_for.min(RUN_FOR_CAP),
        bulk: verdict.bulk,
    }
}

/// `once` is always to be had.
fn why_not(request: &Request, scope: Scope) -> Option<&'static str> {
    if scope == Scope::Once {
        return None;
    }
    if request.inputs_hidden {
        return Some("the backend does not show what the run was started with");
    }
    let named = request.verdict.scopes.contains(&scope);
    if named { request.core.bars(scope) } else { Some("the policy does not name it") }
}

fn broken_glass(request: &Request) -> Demands {
    let environment = &request.core.environment.value;
    let word = if environment.is_empty() { NO_ENVIRONMENT.into() } else { environment.clone() };
    let cap = |span: Span| span.min(BREAK_GLASS_CAP);
    Demands {
        reason: true,
        word: Some(word),
        start_by: cap(request.verdict.start_by),
        run_for: cap(request.verdict.run_for),
        bulk: false,
        ..plain()
    }
}

/// What was not on the screen, measured by a demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Files; this is the number that acknowledges them.
    pub files: u32,
    /// How many files there are at all is not known.
    pub unknown: bool,
}

impl Unseen {
    /// Whether nothing is left to acknowledge.
    pub fn is_none(self) -> bool {
        self.files == 0 && !self.unknown
    }
}

/// Counts what was demanded and not seen. Files of the change that the screen never listed count as unseen.
pub fn unseen(request: &Request, seen: &Seen, demand: SeenDemand) -> Unseen {
    let totals = request.evidence.totals;
    let files = totals.map_or(seen.of, |t| t.files.max(seen.of));
    match demand {
        SeenDemand::Nothing => Unseen::default(),
        SeenDemand::All => Unseen { files: files.saturating_sub(seen.files), unknown: totals.is_none() },
        SeenDemand::MustSee => {
            let must = u32::try_from(seen.must_see_unseen.len()).unwrap_or(u32::MAX);
            Unseen { files: must.saturating_add(files.saturating_sub(seen.of)), unknown: false }
        }
    }
}
