//! What was granted: what runs, how far it reaches, until when, and who ends it.

use std::collections::BTreeMap;

use crate::app::line::Line;
use crate::app::state::State;
use crate::app::words;
use crate::domain::grant::{End, Enforcer, Grant, Standing};
use crate::domain::ids::{BackendName, GrantId};
use crate::domain::text::SafeText;
use crate::domain::time::Ms;
use crate::safe;
use crate::theme::Role;

/// The list of grants of all backends.
#[derive(Debug, Default)]
pub struct GrantsScreen {
    by_backend: BTreeMap<BackendName, Vec<Grant>>,
    order: Vec<(BackendName, usize)>,
    /// Words that a row must have.
    pub filter: String,
    /// Row under the cursor.
    pub cursor: usize,
    /// First row on the screen.
    pub top: usize,
}

impl GrantsScreen {
    /// Takes in what a backend lists. Whether anything changed.
    pub fn take(&mut self, backend: BackendName, grants: Vec<Grant>, now: Ms) -> bool {
        if self.by_backend.get(&backend).is_some_and(|known| *known == grants) {
            return false;
        }
        self.by_backend.insert(backend, grants);
        self.sort(now);
        true
    }

    /// Running first, then what may start, then the past; the cursor stays with its grant.
    pub fn sort(&mut self, now: Ms) {
        let stood = self.selected().map(|(_, g)| g.id.clone());
        let filter = self.filter.to_lowercase();
        let mut order: Vec<_> = self
            .by_backend
            .iter()
            .flat_map(|(b, grants)| grants.iter().enumerate().map(move |(i, g)| (rank(g, now), b, i, g)))
            .filter(|(_, _, _, g)| filter.split_whitespace().all(|word| words_of(g).contains(word)))
            .collect();
        order.sort_by_key(|(rank, _, _, _)| *rank);
        self.order = order.into_iter().map(|(_, b, i, _)| (b.clone(), i)).collect();
        if let Some(at) = stood.and_then(|id| self.rows().position(|(_, g)| g.id == id)) {
            self.cursor = at;
        }
        self.cursor = self.cursor.min(self.order.len().saturating_sub(1));
    }

    /// All grants, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Grant> {
        self.by_backend.values().flatten()
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = (&BackendName, &Grant)> {
        self.order.iter().filter_map(|(b, i)| Some((b, self.by_backend.get(b)?.get(*i)?)))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<(&BackendName, &Grant)> {
        let (backend, i) = self.order.get(self.cursor)?;
        Some((backend, self.by_backend.get(backend)?.get(*i)?))
    }

    /// The grant of this id.
    pub fn find(&self, id: &GrantId) -> Option<&Grant> {
        self.all().find(|g| g.id == *id)
    }

    /// How many run.
    pub fn running(&self) -> usize {
        self.all().filter(|g| g.running().is_some()).count()
    }

    /// Moves the cursor.
    pub fn move_to(&mut self, row: usize) {
        self.cursor = row.min(self.order.len().saturating_sub(1));
    }

    /// Sees to it that the cursor's row is on a screen of `page` rows.
    pub fn show_cursor(&mut self, page: usize) {
        let page = page.max(1);
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(page));
        self.top = self.top.min(self.order.len().saturating_sub(page));
    }
}

fn words_of(grant: &Grant) -> String {
    let parts = [&grant.bound.repository, &grant.bound.environment, &grant.name];
    let mut words: String = parts.iter().map(|p| p.lossy().to_lowercase() + "\n").collect();
    words.extend(grant.by.iter().map(|p| p.shown().as_str().to_lowercase() + "\n"));
    words
}

fn rank(grant: &Grant, now: Ms) -> (u8, i64) {
    match grant.standing(now) {
        Standing::Running => (0, grant.running().map_or(i64::MAX, |p| p.ends_at.0)),
        Standing::Open => (1, grant.start_by.0),
        Standing::Revoked | Standing::Over => (2, grant.decided_at.0.saturating_neg()),
    }
}

/// Where a grant stands, in words, with their role.
pub fn standing_line(grant: &Grant, now: Ms) -> (SafeText, Role) {
    match (grant.standing(now), grant.running(), grant.passes.last()) {
        (Standing::Running, Some(pass), _) => {
            let revoked = if grant.revoked.is_some() { "REVOKED, ending, " } else { "" };
            let text = safe!("{}running, ends {} ({})", revoked, pass.ends_at.clock(), words::until(now, pass.ends_at));
            (text, Role::Warn)
        }
        (Standing::Open, _, _) => {
            let text = safe!("may start until {} ({})", grant.start_by.clock(), words::until(now, grant.start_by));
            (text, Role::Text)
        }
        (_, _, Some(pass)) => {
            let text =
                pass.end.as_ref().map_or(SafeText::lit("ended"), |(at, end)| safe!("{} {}", end.words(), at.clock()));
            let role = match &pass.end {
                Some((_, End::Unwatched)) => Role::Dim,
                Some((_, end)) if end.is_success() => Role::Good,
                _ => Role::Bad,
            };
            (text, role)
        }
        (Standing::Revoked, _, None) => (SafeText::lit("revoked, never started"), Role::Bad),
        _ => (SafeText::lit("never started"), Role::Dim),
    }
}

/// Everything about the grant under the cursor.
pub fn detail(state: &State) -> Vec<Line> {
    let Some((backend, grant)) = state.grants.selected() else { return Vec::new() };
    let bound = &grant.bound;
    let mut lines = vec![
        Line::new()
            .and_marked(Role::Strong, &bound.repository.ident())
            .and(Role::Text, " ")
            .and_marked(Role::Strong, &grant.name.ident())
            .and(Role::Text, "  ")
            .and_marked(Role::Strong, &bound.environment.ident())
            .and(Role::Dim, safe!("  {} {}", backend, grant.id)),
    ];
    let (standing, role) = standing_line(grant, state.label);
    lines.push(Line::labelled("STATE", role, standing));
    lines.push(
        Line::labelled("REACH", Role::Text, safe!("{} ({}); ", grant.scope.word(), grant.scope.means()))
            .and(Role::Text, uses(grant)),
    );
    lines.push(clocks(grant));
    let ends = match grant.enforcer {
        Enforcer::Guard => SafeText::lit(", ends nothing that runs"),
        other => safe!(": {}", words::reach(other)),
    };
    lines
        .push(Line::labelled("ENFORCED", Role::Strong, words::enforces(grant.enforcer, backend)).and(Role::Text, ends));
    let by: Vec<SafeText> = grant.by.iter().map(|p| safe!("{} ({})", p.shown(), p.assurance.word())).collect();
    let by = if by.is_empty() { SafeText::lit("allowed by policy") } else { SafeText::join(&by, ", ") };
    let line = Line::labelled("BY", Role::Text, safe!("{}  {}", by, grant.decided_at.iso()));
    lines.push(if grant.break_glass { line.and(Role::Bad, "  BREAK-GLASS") } else { line });
    if let Some(revoked) = &grant.revoked {
        let text = safe!("{} by {}: {}", revoked.at.clock(), revoked.by.shown(), revoked.reason.prose());
        lines.push(Line::labelled("REVOKED", Role::Bad, text));
    }
    lines.extend(grant.passes.iter().rev().map(|pass| {
        let end =
            pass.end.as_ref().map_or(SafeText::lit("running"), |(at, end)| safe!("{} {}", at.clock(), end.words()));
        Line::labelled("PASS", Role::Dim, safe!("{} -> {}  {}", pass.started_at.clock(), end, pass.request))
    }));
    lines
}

fn uses(grant: &Grant) -> SafeText {
    match grant.max_uses {
        Some(max) => safe!("used {} of {}", grant.passes.len(), max),
        None => safe!("used {}, as often as it covers until start-by", grant.passes.len()),
    }
}

fn clocks(grant: &Grant) -> Line {
    let text = safe!("decided {}  start by {}", grant.decided_at.clock(), grant.start_by.clock());
    let line = Line::labelled("CLOCKS", Role::Text, text);
    match grant.enforcer {
        Enforcer::Guard => line.and(Role::Dim, "  the guard knows start-by only"),
        _ => line.and(Role::Text, safe!("  run for {}", grant.run_for)),
    }
}
