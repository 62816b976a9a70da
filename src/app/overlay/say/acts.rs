//! Review, revoke, extend: what it is about and what follows.

use super::super::dialog::{Dialog, FieldKind, Purpose};
use super::{Spot, fields, one, spot, wrapped};
use crate::app::line::Line;
use crate::app::screens::grants;
use crate::app::screens::request::severity_role;
use crate::app::state::State;
use crate::app::words;
use crate::domain::finding::Finding;
use crate::domain::grant::{Enforcer, Grant};
use crate::domain::request::{Ballot, Request};
use crate::domain::text::SafeText;
use crate::domain::time::Span;
use crate::safe;
use crate::theme::Role;

pub(super) fn review(state: &State, request: &Request, width: usize) -> Vec<Spot> {
    let mut rows = vec![spot(
        0,
        Line::new()
            .and_marked(Role::Strong, &words::title(&request.core))
            .and(Role::Text, "  ")
            .and_marked(Role::Prod, &request.core.environment.value.ident()),
    )];
    for vote in request.votes.iter().filter(|v| v.ballot == Ballot::BreakGlass) {
        let line = Line::labelled("BROKEN BY", Role::Strong, safe!("{} at {}: ", vote.by.shown(), vote.at.clock()));
        rows.extend(wrapped(0, line.and_marked(Role::Text, &vote.comment.prose()), width, 4));
    }
    rows.extend(wrapped(1, one::runs(request), width, 2));
    if let Some(grant) = &request.grant {
        let (text, role) = grants::standing_line(grant, state.label);
        rows.push(spot(1, Line::labelled("GRANT", role, text)));
    }
    rows
}

pub(super) fn accept(dialog: &Dialog, request: &Request, findings: &[Finding], at: usize, width: usize) -> Vec<Spot> {
    let Some(finding) = findings.get(at) else { return vec![spot(0, Line::of(Role::Warn, "there is none to accept"))] };
    let meaning = finding.id.meaning();
    let focused = dialog.focused() == FieldKind::Finding;
    let which = fields::label("FINDING", focused)
        .and(severity_role(finding.severity), safe!("{} {}", finding.severity.mark(), meaning.what))
        .and(Role::Dim, safe!("   {} of {}", at + 1, findings.len()))
        .and(Role::Dim, if focused { "  left/right" } else { "" });
    let mut rows = vec![
        spot(
            0,
            Line::new()
                .and_marked(Role::Strong, &words::title(&request.core))
                .and(Role::Text, "  ")
                .and_marked(Role::Prod, &request.core.environment.value.ident()),
        ),
        spot(0, which),
    ];
    let about = Line::labelled("ABOUT", Role::Text, "")
        .and_marked(Role::Text, &safe!("{} {}", finding.subject.ident(), finding.detail.prose()));
    rows.extend(wrapped(0, about, width, 3));
    rows.extend(wrapped(2, Line::labelled("CHECK", Role::Dim, meaning.check), width, 2));
    let focused = dialog.focused() == FieldKind::Days;
    let mut line = fields::label("FOR", focused);
    let cursor = fields::boxed(&mut line, &dialog.days, 4);
    let line = line.and(Role::Text, " days, in this repository and environment, as long as it says just that");
    rows.push(Spot { line, spare: 0, cursor: focused.then_some(cursor), more: false });
    rows
}

pub(super) fn act(state: &State, dialog: &Dialog, grant: Option<&Grant>, width: usize) -> Vec<Spot> {
    let Some(grant) = grant else { return vec![spot(0, Line::of(Role::Warn, "this grant is no longer listed"))] };
    let title =
        safe!("{}  {}", words::short_title(&grant.bound.repository, &grant.name), grant.bound.environment.ident());
    let (standing, role) = grants::standing_line(grant, state.label);
    let mut rows = vec![
        spot(0, Line::new().and_marked(Role::Strong, &title).and(Role::Dim, safe!("   {}", grant.scope.means()))),
        spot(0, Line::labelled("STATE", role, standing)),
    ];
    let text = match &dialog.purpose {
        Purpose::Revoke { .. } => revoke_consequence(state, grant),
        _ => extend_consequence(dialog, grant),
    };
    rows.extend(wrapped(0, Line::labelled("THEN", Role::Warn, text), width, 4));
    let by = words::enforces(grant.enforcer, &grant.bound.backend);
    let reach = safe!("{}: {}", by, words::reach(grant.enforcer));
    rows.extend(wrapped(1, Line::labelled("REACH", Role::Text, reach), width, 2));
    if matches!(dialog.purpose, Purpose::Extend { .. }) {
        let focused = dialog.focused() == FieldKind::RunFor;
        let mut line = fields::label("RUN FOR", focused);
        let at = fields::boxed(&mut line, &dialog.run_for, 7);
        line = line.followed_by(fields::cap(&dialog.run_for, dialog.caps.1, true));
        line = line.and(Role::Text, safe!(" in all, from its start; now {}", grant.run_for));
        rows.push(Spot { line, spare: 0, cursor: focused.then_some(at), more: false });
    }
    rows
}

fn revoke_consequence(state: &State, grant: &Grant) -> SafeText {
    if grant.enforcer == Enforcer::Guard {
        return SafeText::lit("nothing passes under it any more; what was let through goes on");
    }
    if grant.running().is_none() {
        return SafeText::lit("nothing runs under it; nothing can start under it any more");
    }
    let command = state.queue.get(&grant.bound.request).and_then(|e| e.request.core.command.clone());
    let (signal, grace) = command.map_or((SafeText::lit("TERM"), Span::mins(1)), |c| (c.stop_signal.ident(), c.grace));
    safe!("what runs gets {} now and KILL after {}, descendants included; what it did stays done", signal, grace)
}

fn extend_consequence(dialog: &Dialog, grant: &Grant) -> SafeText {
    let asked = dialog.run_for.text().parse::<Span>().ok();
    match (grant.running(), asked) {
        (Some(pass), Some(span)) => {
            safe!(
                "with the rule's votes it would end {} instead of {}",
                (pass.started_at + span).clock(),
                pass.ends_at.clock()
            )
        }
        _ => SafeText::lit("with the rule's votes every start has so much time; start-by stays"),
    }
}
