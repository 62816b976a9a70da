//! What happened at this repository and environment before: grants, other requests, and what the audit log says.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Past;
use crate::app::line::Line;
use crate::app::screens::{audit, grants};
use crate::app::state::State;
use crate::app::words;
use crate::domain::grant::Grant;
use crate::domain::ids::RequestKey;
use crate::domain::record::{Event, Place, Record};
use crate::domain::request::Request;
use crate::domain::text::SafeText;
use crate::safe;
use crate::theme::Role;

/// All lines, not yet wrapped.
pub fn lines(state: &State, request: &Request, past: &Past) -> Vec<Line> {
    let core = &request.core;
    let place = safe!("{} {}", core.repository.value.ident(), core.environment.value.ident());
    let mut lines = vec![Line::of(Role::Title, place), Line::new()];
    lines.extend(granted(state, request));
    lines.extend(others(state, request));
    lines.push(Line::of(Role::Title, "in the audit log of this console"));
    match past {
        Past::Unasked | Past::Asked(_) => lines.push(Line::of(Role::Dim, "  reading")),
        Past::Failed(why) => lines.push(Line::of(Role::Bad, safe!("  cannot be read: {}", why))),
        Past::Here(records) => lines.extend(recorded(state, request, records)),
    }
    lines
}

/// The records about requests of this repository and environment: those that their backends still list, and those
/// whose outcome is on record.
fn recorded(state: &State, request: &Request, records: &[Arc<Record>]) -> Vec<Line> {
    let here = Place::of(&request.core);
    let requests = state.queue.all().iter().map(|e| e.request.as_ref()).filter(|r| same_place(r, request));
    let grants = state.grants.all().filter(|g| granted_at(g, request));
    let decided = records.iter().filter(|r| matches!(&r.event, Event::Outcome { place: Some(p), .. } if *p == here));
    let keys: BTreeSet<&RequestKey> = requests
        .map(Request::key)
        .chain(grants.flat_map(|g| g.passes.iter().map(|p| &p.request).chain([&g.bound.request])))
        .chain(decided.filter_map(|r| r.request.as_ref()))
        .collect();
    let here = records.iter().filter(|r| r.request.as_ref().is_some_and(|key| keys.contains(key)));
    let lines: Vec<Line> = here.map(|record| audit::row(record)).collect();
    if lines.is_empty() { vec![Line::of(Role::Dim, "  nothing")] } else { lines }
}

fn same_place(other: &Request, request: &Request) -> bool {
    let (a, b) = (&other.core, &request.core);
    a.repository.value == b.repository.value && a.environment.value == b.environment.value
}

fn granted_at(grant: &Grant, request: &Request) -> bool {
    grant.bound.repository == request.core.repository.value && grant.bound.environment == request.core.environment.value
}

fn granted(state: &State, request: &Request) -> Vec<Line> {
    let mut here: Vec<&Grant> = state.grants.all().filter(|g| granted_at(g, request)).collect();
    here.sort_by_key(|g| std::cmp::Reverse(g.decided_at));
    let mut lines = vec![Line::of(Role::Title, "granted here")];
    for grant in &here {
        let by: Vec<SafeText> = grant.by.iter().map(|p| p.shown()).collect();
        let by = if by.is_empty() { SafeText::lit("policy") } else { SafeText::join(&by, ", ") };
        let (standing, role) = grants::standing_line(grant, state.label);
        let head = grant.bound.head.as_ref().map_or(SafeText::lit("-      "), |h| h.short());
        let line = Line::of(Role::Dim, safe!("  {}  ", grant.decided_at.iso())).and(Role::Strong, head);
        let line = line.and(Role::Text, safe!(" {} by {}, {}: ", grant.name.ident(), by, grant.scope.word()));
        let line = if grant.break_glass { line.and(Role::Bad, "BREAK-GLASS ") } else { line };
        lines.push(line.and(role, standing));
    }
    if here.is_empty() {
        lines.push(Line::of(Role::Dim, "  nothing that its backend still lists"));
    }
    lines.push(Line::new());
    lines
}

fn others(state: &State, request: &Request) -> Vec<Line> {
    let others = state.queue.all().iter().map(|e| e.request.as_ref());
    let mut others: Vec<&Request> = others.filter(|r| r.key() != request.key() && same_place(r, request)).collect();
    if others.is_empty() {
        return Vec::new();
    }
    others.sort_by_key(|r| std::cmp::Reverse(r.created_at));
    let mut lines = vec![Line::of(Role::Title, "other requests here")];
    lines.extend(others.iter().take(50).map(|r| {
        let head = r.core.head.as_ref().map_or(SafeText::lit("-      "), |h| h.short());
        let asked = safe!("  {}  ", r.created_at.iso());
        let line = Line::of(Role::Dim, asked).and(Role::Strong, head);
        line.and(Role::Text, safe!(" {}: {}", words::title(&r.core), crate::app::news::decided_in_words(r)))
    }));
    lines.push(Line::new());
    lines
}
