//! A ballot on several requests: a row each.

use std::collections::BTreeMap;

use super::super::decide::READ_ALONG;
use super::super::dialog::{Dialog, Target};
use super::{Spot, fields, one, spot, wrapped};
use crate::app::line::Line;
use crate::app::state::State;
use crate::app::words;
use crate::decide::{requirements, unseen};
use crate::domain::grant::Enforcer;
use crate::domain::ids::BackendName;
use crate::domain::request::{Ballot, Can};
use crate::domain::scope::Scope;
use crate::domain::text::SafeText;
use crate::domain::time::Span;
use crate::safe;
use crate::theme::Role;

pub(super) fn rows(state: &State, dialog: &Dialog, ballot: Ballot, targets: &[Target], width: usize) -> Vec<Spot> {
    let mut rows: Vec<Spot> = targets
        .iter()
        .enumerate()
        .map(|(i, target)| {
            let line = target_line(state, ballot, target);
            let spare = if i < 3 { 1 } else { u8::try_from(i + 1).unwrap_or(u8::MAX) };
            let line = line.wrap(width, 11).into_iter().next().unwrap_or_default();
            // A row that is left out leaves its sign at the one above.
            Spot { more: i > 0, ..spot(spare, line) }
        })
        .collect();
    let open = targets.iter().filter(|t| t.lock.is_none()).count();
    let starts =
        targets.iter().filter(|t| t.lock.is_none() && matches!(t.shown.can, Can::Yes { starts: true })).count();
    let pace = pace(state, targets);
    let sums = if ballot == Ballot::Approve {
        safe!("{} of them, {} START{}", open, starts, pace)
    } else {
        safe!("{} of them end{}", open, pace)
    };
    rows.push(spot(0, Line::labelled("ALL", Role::Strong, sums)));
    if ballot == Ballot::Reject {
        return rows;
    }
    if targets.len() > READ_ALONG {
        let unread = safe!("no change is read for more than {} at once: open what matters", READ_ALONG);
        rows.push(spot(0, Line::labelled("UNREAD", Role::Warn, unread)));
    }
    let Some(first) = targets.first() else { return rows };
    rows.extend(wrapped(1, Line::labelled("NOT BOUND", Role::Warn, words::not_bound(&first.shown)), width, 2));
    rows.extend(wrapped(0, fields::scope_line(dialog, &requirements(&first.shown, ballot)), width, 2));
    rows.push(fields::time_spot(dialog, ballot, &first.shown));
    let guarded = targets.iter().find(|t| t.lock.is_none() && t.shown.enforcer == Enforcer::Guard);
    if let Some(target) = guarded.filter(|_| dialog.scope != Scope::Once) {
        rows.extend(wrapped(0, one::guard(state, &target.shown), width, 2));
    }
    rows
}

/// How long it takes to send them where a backend wants a pace kept. What goes out as one write is quicker.
fn pace(state: &State, targets: &[Target]) -> SafeText {
    let mut counts: BTreeMap<&BackendName, u32> = BTreeMap::new();
    for target in targets.iter().filter(|t| t.lock.is_none()) {
        *counts.entry(&target.shown.key().backend).or_default() += 1;
    }
    let lasts = |(name, count): (&BackendName, u32)| {
        let pace = state.backends.get(name)?.capabilities.pace;
        let all = Span::secs(pace.as_secs().saturating_mul(count));
        (all > Span::secs(1)).then_some((all, pace))
    };
    let slowest = counts.into_iter().filter_map(lasts).max();
    slowest.map_or(SafeText::default(), |(all, pace)| safe!("; one in {}, up to {} in all", pace, all))
}

fn target_line(state: &State, ballot: Ballot, target: &Target) -> Line {
    let request = &target.shown;
    if let Some(lock) = &target.lock {
        return Line::of(Role::Warn, safe!("-- {}: {}", words::title(&request.core), lock));
    }
    let production = state.queue.get(request.key()).is_some_and(|e| e.production);
    let name = request.core.environment.value.ident();
    // A long name of a production environment would not tell that it is one.
    let environment = if production && name.width() > 8 { SafeText::lit("PROD") } else { name.cut(8) };
    let demands = requirements(request, ballot);
    let left = unseen(request, &state.evidences.seen(request), demands.seen);
    let job = request.core.run.as_ref().map(|r| safe!(" {}", r.job.ident())).unwrap_or_default();
    let line = Line::of(if production { Role::Prod } else { Role::Text }, environment)
        .filled_to(9)
        .and_marked(Role::Strong, &words::title(&request.core))
        .and_marked(Role::Text, &job)
        .and(Role::Dim, safe!("  {}", request.digest().code()));
    let line = if left.is_none() { line } else { line.and(Role::Warn, safe!("  {} unseen", left.files)) };
    if demands.bulk { line } else { line.and(Role::Bad, "  policy: one by one") }
}
