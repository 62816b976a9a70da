//! The fields of a dialog, and the line that says what sends it.

use super::super::dialog::{Dialog, FieldKind, Purpose};
use super::super::draft::to_acknowledge;
use super::{Spot, spot};
use crate::app::field::Field;
use crate::app::line::{Line, spaces};
use crate::app::state::State;
use crate::app::words;
use crate::decide::{Demands, hold_back};
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text, counted};
use crate::domain::time::Span;
use crate::keymap::Verb;
use crate::safe;
use crate::theme::Role;

pub(super) fn scope_line(dialog: &Dialog, demands: &Demands) -> Line {
    let mut line = label("SCOPE", dialog.focused() == FieldKind::Scope);
    for (i, scope) in dialog.scopes.iter().enumerate() {
        let chosen = *scope == dialog.scope;
        let mark = if chosen { "(*)" } else { "( )" };
        let gap = if i == 0 { "" } else { "   " };
        line = line.and(if chosen { Role::Strong } else { Role::Text }, safe!("{}{} {}", gap, mark, scope.means()));
    }
    let reasons = barred(demands).into_iter().map(|(why, scopes)| safe!("{}: {}", SafeText::join(&scopes, ", "), why));
    let reasons: Vec<SafeText> = reasons.collect();
    if reasons.is_empty() { line } else { line.and(Role::Dim, safe!("   -- {}", SafeText::join(&reasons, "; "))) }
}

/// The scopes that are not to be had, by their reason.
fn barred(demands: &Demands) -> Vec<(&'static str, Vec<SafeText>)> {
    let mut reasons: Vec<(&'static str, Vec<SafeText>)> = Vec::new();
    for (scope, why) in &demands.barred {
        let why = if why.starts_with("the policy") { "policy" } else { why };
        match reasons.iter_mut().find(|(w, _)| *w == why) {
            Some((_, scopes)) => scopes.push(scope.word()),
            None => reasons.push((why, vec![scope.word()])),
        }
    }
    reasons
}

pub(super) fn label(name: &'static str, focused: bool) -> Line {
    let line = Line::of(if focused { Role::Selected } else { Role::Dim }, name);
    // The sign is needed where a field has no cursor of the terminal's, and without colours.
    if !focused {
        return line.filled_to(11);
    }
    let gap = spaces(10usize.saturating_sub(line.width()));
    line.and(Role::Text, gap).and(Role::Strong, ">")
}

pub(super) fn time_spot(dialog: &Dialog, ballot: Ballot, request: &Request) -> Spot {
    let (start, run) = (dialog.focused() == FieldKind::StartBy, dialog.focused() == FieldKind::RunFor);
    let mut line = label("TIME", start || run);
    let mut cursor = None;
    if ballot == Ballot::Approve {
        line = line.and(if start { Role::Strong } else { Role::Text }, "start by ");
        let at = boxed(&mut line, &dialog.start_by, 6);
        cursor = start.then_some(at);
        line = line.followed_by(cap(&dialog.start_by, dialog.caps.0, start)).and(Role::Text, "  ");
    }
    if !request.enforcer.knows_run_for() {
        let says = match dialog.scope {
            _ if start => "left/right or type",
            Scope::Once => "later gates ask again; nothing is ended",
            _ => "later gates only; nothing that runs is ended",
        };
        return Spot { line: line.and(Role::Dim, says), spare: 0, cursor, more: false };
    }
    line = line.and(if run { Role::Strong } else { Role::Text }, "run for ");
    let at = boxed(&mut line, &dialog.run_for, 6);
    cursor = cursor.or(run.then_some(at));
    line = line.followed_by(cap(&dialog.run_for, dialog.caps.1, true));
    let then = match &request.core.command {
        Some(c) => safe!(", then {}, {}, KILL", c.stop_signal.ident(), c.grace),
        None => SafeText::default(),
    };
    line = line.and(Role::Dim, if start || run { SafeText::lit("  left/right or type") } else { then });
    Spot { line, spare: 0, cursor, more: false }
}

/// The cap behind a time, or what is wrong with what stands there.
pub(super) fn cap(field: &Field, cap: Span, said: bool) -> Line {
    match field.text().parse::<Span>() {
        Err(_) => Line::of(Role::Bad, " NOT A TIME"),
        Ok(span) if span == Span::ZERO || span > cap => Line::of(Role::Bad, safe!(" NOT WITHIN {}", cap)),
        Ok(_) if said => Line::of(Role::Text, safe!(" max {}", cap)),
        Ok(_) => Line::new(),
    }
}

/// Puts a field in brackets behind the line; gives the column of its cursor.
pub(super) fn boxed(line: &mut Line, field: &Field, width: usize) -> usize {
    let window = field.window(width, 1);
    let text = window.rows.into_iter().next().unwrap_or_default();
    let begin = line.width() + 1;
    let fill = spaces(width.saturating_sub(text.width()));
    *line = std::mem::take(line)
        .and(Role::Text, "[")
        .and_marked(Role::Input, &text)
        .and(Role::Input, fill)
        .and(Role::Text, "]");
    begin + window.cursor.0
}

pub(super) fn rows(state: &State, dialog: &Dialog, width: usize) -> Vec<Spot> {
    let mut rows = Vec::new();
    for kind in &dialog.fields {
        match kind {
            FieldKind::Why => rows.extend(why(dialog, width)),
            // A locked dialog sends nothing: only what was typed stays to be read.
            _ if dialog.locked.is_some() => {}
            FieldKind::Ack => rows.push(acknowledge(state, dialog)),
            FieldKind::Word => rows.push(word(state, dialog)),
            FieldKind::Send => rows.push(send_line(state, dialog)),
            FieldKind::Finding | FieldKind::Days => {}
            FieldKind::Scope | FieldKind::StartBy | FieldKind::RunFor => {}
        }
    }
    rows
}

fn why(dialog: &Dialog, width: usize) -> Vec<Spot> {
    let focused = dialog.focused() == FieldKind::Why;
    let name = if dialog.reason { "WHY (need)" } else { "WHY" };
    let room = width.saturating_sub(13).max(8);
    let window = dialog.why.window(room, 3);
    let refused = (dialog.why.refused() > 0).then(|| {
        let refused = counted(dialog.why.refused(), "character", "characters");
        let words = safe!("{} not taken: cannot be shown as typed", refused);
        spot(0, Line::of(Role::Text, spaces(11)).and(Role::Warn, words))
    });
    let rows = window.rows.iter().enumerate().map(|(i, text)| {
        let head = if i == 0 { label(name, focused) } else { Line::of(Role::Text, spaces(11)) };
        let fill = spaces(room.saturating_sub(text.width()));
        let line = head.and(Role::Text, "[").and_marked(Role::Input, text).and(Role::Input, fill).and(Role::Text, "]");
        let here = window.cursor.1 == i;
        let cursor = (focused && here).then_some(12 + window.cursor.0);
        Spot { line, spare: if here { 0 } else { 5 }, cursor, more: i > 0 }
    });
    rows.chain(refused).collect()
}

fn acknowledge(state: &State, dialog: &Dialog) -> Spot {
    let focused = dialog.focused() == FieldKind::Ack;
    let count = match &dialog.purpose {
        Purpose::Decide { ballot, targets } => to_acknowledge(state, *ballot, targets).unwrap_or_default(),
        _ => 0,
    };
    let mut line = label("UNSEEN", focused).and(Role::Warn, safe!("type {} to approve unseen: ", count));
    let at = boxed(&mut line, &dialog.ack, 6);
    Spot { line, spare: 0, cursor: focused.then_some(at), more: false }
}

fn word(state: &State, dialog: &Dialog) -> Spot {
    let focused = dialog.focused() == FieldKind::Word;
    let demanded = dialog.demanded.as_ref().map(Text::ident).unwrap_or_default();
    let mut line = Line::of(if focused { Role::Selected } else { Role::Dim }, "Type ")
        .and(Role::Strong, demanded.clone())
        .and(Role::Text, " + enter: ");
    let at = boxed(&mut line, &dialog.word, demanded.width().clamp(4, 24) + 1);
    let line = line.and(Role::Text, "   ").and(Role::Dim, then(state, dialog));
    Spot { line, spare: 0, cursor: focused.then_some(at), more: false }
}

fn send_line(state: &State, dialog: &Dialog) -> Spot {
    let focused = dialog.focused() == FieldKind::Send;
    let key = state.setup.keymap.shown(dialog.confirm());
    let verb = match &dialog.purpose {
        Purpose::Decide { ballot, .. } => words::ballot(*ballot),
        Purpose::Accept { .. } => "accept it",
        Purpose::Review { .. } => "send the review",
        Purpose::Revoke { .. } => "revoke",
        Purpose::Extend { .. } => "vote for more time",
    };
    let line = match (dialog.is_armed(), focused) {
        (false, _) => Line::of(Role::Dim, safe!("{}  {}: a moment", key, verb)),
        (true, true) => Line::of(Role::Selected, safe!(" {} ", key)).and(Role::Strong, safe!(" {}", verb)),
        (true, false) => Line::of(Role::Dim, safe!("tab here, then {} to {}", key, verb)),
    };
    spot(0, line.and(Role::Text, "   ").and(Role::Dim, then(state, dialog)))
}

/// What happens after the last key.
fn then(state: &State, dialog: &Dialog) -> SafeText {
    if matches!(dialog.purpose, Purpose::Accept { .. }) {
        return SafeText::lit("on record at once; nothing is sent");
    }
    let Purpose::Decide { ballot, targets } = &dialog.purpose else { return SafeText::lit("sent at once") };
    let hold = if state.setup.hold_back { hold_back(*ballot, targets.len() > 1) } else { Span::ZERO };
    if hold == Span::ZERO {
        return SafeText::lit("sent at once");
    }
    let keys = &state.setup.keymap;
    safe!("then held {}: {} undo, {} send now", hold, keys.shown(Verb::Undo), keys.shown(Verb::SendNow))
}
