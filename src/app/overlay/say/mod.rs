//! What a dialog says: the request as it was shown, the fields, what is missing, what happens then.

mod acts;
mod fields;
mod one;
mod several;

use super::dialog::{Dialog, Purpose, Target};
use crate::app::line::{Line, Piece};
use crate::app::state::State;
use crate::domain::request::{Ballot, Can, Request};
use crate::domain::text::SafeText;
use crate::keymap::Verb;
use crate::safe;
use crate::theme::Role;

/// A row of a dialog.
#[derive(Debug)]
pub struct Spot {
    /// What it says.
    pub line: Line,
    /// Rows with a higher number go first where there is no room; 0 always stays.
    pub spare: u8,
    /// The column of the cursor, where it is in this row.
    pub cursor: Option<usize>,
    /// It goes on with the row above.
    pub more: bool,
}

impl Spot {
    /// Says that something which belonged here is not shown.
    pub fn mark_cut(&mut self) {
        let cut = SafeText::lit(" …");
        if self.line.pieces.last().is_none_or(|p| p.text != cut) {
            self.line.pieces.push(Piece::of(Role::Warn, cut));
        }
    }
}

fn spot(spare: u8, line: Line) -> Spot {
    Spot { line, spare, cursor: None, more: false }
}

/// Title at the left and at the right.
pub fn head(state: &State, dialog: &Dialog) -> (Line, Line) {
    match &dialog.purpose {
        Purpose::Decide { ballot, targets } => decide_head(state, *ballot, targets),
        Purpose::Accept { .. } => {
            (Line::of(Role::Title, "ACCEPT A FINDING"), Line::of(Role::Text, "for this console, at once"))
        }
        Purpose::Review { .. } => (Line::of(Role::Title, "REVIEW A BREAK-GLASS"), Line::new()),
        Purpose::Revoke { .. } => (Line::of(Role::Bad, "REVOKE"), Line::of(Role::Text, "at once, not held back")),
        Purpose::Extend { .. } => (Line::of(Role::Title, "EXTEND"), Line::of(Role::Text, "a vote for more time")),
    }
}

fn decide_head(state: &State, ballot: Ballot, targets: &[Target]) -> (Line, Line) {
    let verb = match ballot {
        Ballot::Approve => Line::of(Role::Title, "APPROVE"),
        Ballot::Reject => Line::of(Role::Title, "REJECT"),
        Ballot::BreakGlass => Line::of(Role::Bad, "BREAK GLASS"),
    };
    let [target] = targets else {
        return (
            verb.and(Role::Title, safe!(" {} requests", targets.len())),
            Line::of(Role::Text, "a result row each"),
        );
    };
    let request = &target.shown;
    let production = state.queue.get(request.key()).is_some_and(|e| e.production);
    let place = if production { safe!("PROD") } else { request.core.environment.value.ident().cut(20) };
    let place_role = if production { Role::Prod } else { Role::Title };
    let effect = match (ballot, &request.can) {
        (Ballot::Approve, Can::Yes { starts: true }) | (Ballot::BreakGlass, _) => ": starts ",
        (Ballot::Approve, Can::Yes { starts: false }) => ": one vote for ",
        (Ballot::Approve, _) => ": sent to ",
        (Ballot::Reject, _) => ": ends it in ",
    };
    (verb.and(Role::Title, effect).and(place_role, place), votes_after(ballot, request))
}

fn votes_after(ballot: Ballot, request: &Request) -> Line {
    match request.needs.iter().max_by_key(|n| n.need.saturating_sub(n.have)) {
        Some(n) if ballot == Ballot::Approve => {
            Line::of(Role::Text, safe!("{} of {} votes", n.have.saturating_add(1).min(n.need), n.need))
        }
        _ if ballot == Ballot::BreakGlass => Line::of(Role::Bad, "past votes and self check"),
        _ => Line::new(),
    }
}

/// The line at the bottom of the frame.
pub fn foot(state: &State, dialog: &Dialog) -> Line {
    let mut line = Line::new();
    for verb in [Verb::NextField, Verb::Evidence, Verb::Cancel] {
        if verb == Verb::Evidence && dialog.first_key().is_none() {
            continue;
        }
        let short = verb.row().map_or("", |row| row.short);
        let gap = if line.is_empty() { "" } else { "  " };
        line = line
            .and(Role::Text, gap)
            .and(Role::Key, state.setup.keymap.shown(verb))
            .and(Role::Text, safe!(" {}", short));
    }
    line
}

/// All rows for so many columns.
pub fn rows(state: &State, dialog: &Dialog, width: usize) -> Vec<Spot> {
    let mut rows = match &dialog.purpose {
        Purpose::Decide { ballot, targets } => match targets.as_slice() {
            [target] => one::rows(state, dialog, *ballot, &target.shown, width),
            _ => several::rows(state, dialog, *ballot, targets, width),
        },
        Purpose::Review { target } => acts::review(state, target, width),
        Purpose::Accept { target, findings, at } => acts::accept(dialog, target, findings, *at, width),
        Purpose::Revoke { grant, .. } | Purpose::Extend { grant, .. } => {
            acts::act(state, dialog, state.grants.find(grant), width)
        }
    };
    rows.extend(fields::rows(state, dialog, width));
    rows.extend(state_of(dialog, width));
    rows
}

/// At most so many rows of a line; all but the first can be spared, and what is left out leaves a sign.
fn wrapped(spare: u8, line: Line, width: usize, most: usize) -> Vec<Spot> {
    let rows = line.wrap(width, 11);
    let cut = rows.len() > most;
    let row = |(i, line)| Spot { line, spare: if i == 0 { spare } else { spare.max(4) }, cursor: None, more: i > 0 };
    let mut spots: Vec<Spot> = rows.into_iter().take(most).enumerate().map(row).collect();
    if let Some(last) = spots.last_mut().filter(|_| cut) {
        last.mark_cut();
    }
    spots
}

fn state_of(dialog: &Dialog, width: usize) -> Vec<Spot> {
    let mut lines = Vec::new();
    let mut changed = dialog.changed.iter();
    lines.extend(changed.next().map(|last| Line::of(Role::Bad, "CHANGED    ").and_marked(Role::Warn, last)));
    if let Some(locked) = &dialog.locked {
        lines.push(
            Line::of(Role::Bad, "LOCKED     ")
                .and_marked(Role::Warn, &safe!("{}: nothing can be sent; your comment is kept", locked)),
        );
    }
    if let (Some(error), None) = (&dialog.error, &dialog.locked) {
        lines.push(Line::of(Role::Bad, "NOT SENT   ").and_marked(Role::Warn, error));
    }
    let before = changed
        .flat_map(|before| wrapped(4, Line::of(Role::Dim, "BEFORE     ").and_marked(Role::Warn, before), width, 1));
    lines.into_iter().flat_map(|line| wrapped(0, line, width, 3)).chain(before).collect()
}
