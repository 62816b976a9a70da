//! What a dialog says: the request as it was shown, the fields, what is missing, what happens then.

use super::dialog::{Dialog, FieldKind, Purpose, Target};
use super::draft::to_acknowledge;
use super::is_reading;
use crate::app::field::Field;
use crate::app::line::{Line, Piece, spaces};
use crate::app::screens::{grants, request};
use crate::app::state::State;
use crate::app::words;
use crate::decide::{Demands, hold_back, requirements, unseen};
use crate::domain::grant::Grant;
use crate::domain::principal::Role as Part;
use crate::domain::request::{Ballot, Can, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::domain::verdict::SeenDemand;
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
            self.line.pieces.push(Piece { text: cut, role: Role::Warn });
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
            [target] => one(state, dialog, *ballot, &target.shown, width),
            _ => several(state, dialog, *ballot, targets, width),
        },
        Purpose::Review { target } => review(state, target, width),
        Purpose::Revoke { grant, .. } | Purpose::Extend { grant, .. } => {
            act(state, dialog, state.grants.find(grant), width)
        }
    };
    rows.extend(fields(state, dialog, width));
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

fn one(state: &State, dialog: &Dialog, ballot: Ballot, request: &Request, width: usize) -> Vec<Spot> {
    let core = &request.core;
    let run = core.run.as_ref().map(|r| safe!("   run {} #{}", r.id.ident(), r.attempt)).unwrap_or_default();
    let title = Line::new()
        .and_marked(Role::Strong, &safe!("{} {}", core.repository.value.ident(), core.name.ident()))
        .and_marked(Role::Text, &run);
    let code = Line::of(Role::Dim, "code ").and(Role::Strong, safe!("{}", request.digest().code()));
    let mut rows = vec![spot(0, title.clone().with_end(width, code.clone()))];
    if title.width() + code.width() >= width {
        rows.push(spot(0, code));
    }
    rows.push(spot(2, asked(state, request).with_end(width, deciding_as(state, request))));
    rows.extend(wrapped(0, runs(request), width, 3));
    let sizes = Line::labelled("DIFF", Role::Text, "").followed_by(request::diff_sizes(state, request));
    rows.extend(wrapped(1, sizes, width, 2));
    rows.extend(wrapped(0, news(request), width, 2));
    if ballot == Ballot::Reject {
        return rows;
    }
    let demands = requirements(request, ballot);
    rows.extend(unseen_line(state, request, &demands).into_iter().flat_map(|l| wrapped(0, l, width, 2)));
    rows.extend(wrapped(1, Line::labelled("NOT BOUND", Role::Warn, words::not_bound(request)), width, 2));
    if ballot == Ballot::Approve {
        rows.extend(wrapped(0, scope_line(dialog, &demands), width, 3));
    }
    rows.push(time_spot(dialog, ballot, request));
    let reach = Line::labelled("REACH", Role::Text, words::reach(request.enforcer));
    rows.extend(wrapped(3, reach, width, 1));
    rows.extend(wrapped(3, rule(request, ballot), width, 2));
    rows
}

fn asked(state: &State, request: &Request) -> Line {
    let core = &request.core;
    let who = words::asker(core, state.you(&core.key.backend));
    let through = core.identities.iter().find(|i| i.role == Part::Credential);
    let line = Line::of(Role::Dim, "asked ").and_marked(Role::Text, &who);
    match through {
        Some(credential) => line.and_marked(Role::Text, &safe!(" via {}", credential.name.ident())),
        None => line,
    }
}

fn deciding_as(state: &State, request: &Request) -> Line {
    match state.you(&request.key().backend) {
        Some(you) => {
            Line::of(Role::Dim, "deciding as ").and(Role::Text, safe!("{} ({})", you.shown(), you.assurance.word()))
        }
        None => Line::of(Role::Unknown, "deciding as UNKNOWN"),
    }
}

fn runs(request: &Request) -> Line {
    let core = &request.core;
    let line = Line::labelled("RUNS", Role::Text, "").and_marked(Role::Strong, &words::runs(core));
    let line = match &core.command {
        Some(command) => line.and(Role::Dim, safe!("   {}", command.program_digest.short())),
        None => line,
    };
    match (core.tree, core.clean) {
        (Some(_), true) => line.and(Role::Dim, "  tree clean"),
        (Some(_), false) => line.and(Role::Bad, "  TREE DIRTY"),
        (None, _) => line,
    }
}

fn news(request: &Request) -> Line {
    let new: Vec<_> = request.findings.iter().filter(|f| f.new).collect();
    let Some(worst) = request.worst_new() else { return Line::labelled("NEW", Role::Good, "no new findings") };
    let role = request::severity_role(worst.severity);
    let line = Line::labelled("NEW", role, safe!("{} {} ", worst.severity.mark(), worst.id.meaning().what));
    let line = line.and_marked(Role::Text, &safe!("{} {}", worst.subject.ident(), worst.detail.prose()));
    if new.len() > 1 { line.and(Role::Warn, safe!("  and {} more", new.len() - 1)) } else { line }
}

fn unseen_line(state: &State, request: &Request, demands: &Demands) -> Option<Line> {
    if is_reading(state, request) {
        return Some(Line::labelled("UNSEEN", Role::Dim, "the evidence is being read"));
    }
    let seen = state.evidences.seen(request);
    let left = unseen(request, &seen, demands.seen);
    if demands.seen == SeenDemand::Nothing || left.is_none() {
        let unseen_must = seen.must_see_unseen.len();
        return (unseen_must > 0).then(|| names(&seen.must_see_unseen, Role::Text));
    }
    if left.unknown && left.files == 0 {
        return Some(Line::labelled("UNSEEN", Role::Unknown, "UNKNOWN: there is no whole list of files"));
    }
    if seen.must_see_unseen.len() as u32 == left.files {
        return Some(names(&seen.must_see_unseen, Role::Warn));
    }
    Some(Line::labelled(
        "UNSEEN",
        Role::Warn,
        safe!("{} of {} files were not on this screen in full", left.files, seen.of.max(left.files)),
    ))
}

fn names(files: &[Text], role: Role) -> Line {
    let all: Vec<SafeText> = files.iter().map(Text::ident).collect();
    Line::labelled("UNSEEN", role, "").and_marked(role, &SafeText::join(&all, ", "))
}

fn scope_line(dialog: &Dialog, demands: &Demands) -> Line {
    let focused = dialog.focused() == FieldKind::Scope;
    let mut line = label("SCOPE", focused);
    for scope in &dialog.scopes {
        let chosen = *scope == dialog.scope;
        let mark = if chosen { "(*)" } else { "( )" };
        let role = if chosen { Role::Strong } else { Role::Text };
        line = line.and(role, safe!("{} {}   ", mark, scope.means()));
    }
    let mut reasons: Vec<(&'static str, Vec<Scope>)> = Vec::new();
    for (scope, why) in &demands.barred {
        match reasons.iter_mut().find(|(w, _)| w == why) {
            Some((_, scopes)) => scopes.push(*scope),
            None => reasons.push((why, vec![*scope])),
        }
    }
    for (why, scopes) in reasons {
        let words: Vec<SafeText> = scopes.iter().map(|s| s.word()).collect();
        let why = if why.starts_with("the policy") { "policy" } else { why };
        line = line.and(Role::Dim, safe!("-- {}: {}  ", SafeText::join(&words, ", "), why));
    }
    line
}

fn label(name: &'static str, focused: bool) -> Line {
    Line::of(if focused { Role::Selected } else { Role::Dim }, name).to_column(11)
}

fn time_spot(dialog: &Dialog, ballot: Ballot, request: &Request) -> Spot {
    let (start, run) = (dialog.focused() == FieldKind::StartBy, dialog.focused() == FieldKind::RunFor);
    let mut line = label("TIME", start || run);
    let mut cursor = None;
    if ballot == Ballot::Approve {
        line = line.and(if start { Role::Strong } else { Role::Text }, "start by ");
        let at = boxed(&mut line, &dialog.start_by, 6);
        cursor = start.then_some(at);
        line = line.and(Role::Dim, if start { safe!(" max {}  ", dialog.caps.0) } else { SafeText::lit("  ") });
    }
    line = line.and(if run { Role::Strong } else { Role::Text }, "run for ");
    let at = boxed(&mut line, &dialog.run_for, 6);
    cursor = cursor.or(run.then_some(at));
    line = line.and(Role::Text, safe!(" max {}", dialog.caps.1));
    let then = match &request.core.command {
        Some(c) => safe!(", then {}, {}, KILL", c.stop_signal.ident(), c.grace),
        None => SafeText::default(),
    };
    line = line.and(Role::Dim, if start || run { SafeText::lit("  left/right or type") } else { then });
    Spot { line, spare: 0, cursor, more: false }
}

/// Puts a field in brackets behind the line; gives the column of its cursor.
fn boxed(line: &mut Line, field: &Field, width: usize) -> usize {
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

fn rule(request: &Request, ballot: Ballot) -> Line {
    let verdict = &request.verdict;
    let rules: Vec<SafeText> = verdict.rules.iter().map(|r| r.ident()).collect();
    let rules = if rules.is_empty() { SafeText::lit("default") } else { SafeText::join(&rules, ", ") };
    let needs = match (ballot, &verdict.break_glass) {
        (Ballot::BreakGlass, Some(group)) => {
            safe!("{} may break the glass; somebody else must review it afterwards", group)
        }
        _ => verdict.needs_in_words(),
    };
    Line::labelled("RULE", Role::Text, safe!("{} ({}): {}", rules, request.enforcer.word(), needs))
}

fn several(state: &State, dialog: &Dialog, ballot: Ballot, targets: &[Target], width: usize) -> Vec<Spot> {
    let mut rows: Vec<Spot> = targets
        .iter()
        .enumerate()
        .map(|(i, target)| {
            let line = target_line(state, ballot, target);
            let spare = if i < 3 { 1 } else { u8::try_from(i + 1).unwrap_or(u8::MAX) };
            spot(spare, line.wrap(width, 11).into_iter().next().unwrap_or_default())
        })
        .collect();
    let open = targets.iter().filter(|t| t.lock.is_none()).count();
    let starts =
        targets.iter().filter(|t| t.lock.is_none() && matches!(t.shown.can, Can::Yes { starts: true })).count();
    let sums = if ballot == Ballot::Approve {
        safe!("{} of them, {} START", open, starts)
    } else {
        safe!("{} of them end", open)
    };
    rows.push(spot(0, Line::labelled("ALL", Role::Strong, sums)));
    if ballot == Ballot::Reject {
        return rows;
    }
    let Some(first) = targets.first() else { return rows };
    rows.extend(wrapped(1, Line::labelled("NOT BOUND", Role::Warn, words::not_bound(&first.shown)), width, 2));
    rows.extend(wrapped(0, scope_line(dialog, &requirements(&first.shown, ballot)), width, 2));
    rows.push(time_spot(dialog, ballot, &first.shown));
    rows
}

fn target_line(state: &State, ballot: Ballot, target: &Target) -> Line {
    let request = &target.shown;
    if let Some(lock) = &target.lock {
        return Line::of(Role::Warn, safe!("-- {}: {}", words::title(&request.core), lock));
    }
    let production = state.queue.get(request.key()).is_some_and(|e| e.production);
    let demands = requirements(request, ballot);
    let left = unseen(request, &state.evidences.seen(request), demands.seen);
    let job = request.core.run.as_ref().map(|r| safe!(" {}", r.job.ident())).unwrap_or_default();
    let line =
        Line::of(if production { Role::Prod } else { Role::Text }, request.core.environment.value.ident().cut(8))
            .to_column(9)
            .and_marked(Role::Strong, &words::title(&request.core))
            .and_marked(Role::Text, &job)
            .and(Role::Dim, safe!("  {}", request.digest().code()));
    let line = if left.is_none() { line } else { line.and(Role::Warn, safe!("  {} unseen", left.files)) };
    if demands.bulk { line } else { line.and(Role::Bad, "  policy: one by one") }
}

fn review(state: &State, request: &Request, width: usize) -> Vec<Spot> {
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
    rows.extend(wrapped(1, runs(request), width, 2));
    if let Some(grant) = &request.grant {
        let (text, role) = grants::standing_line(grant, state.label);
        rows.push(spot(1, Line::labelled("GRANT", role, text)));
    }
    rows
}

fn act(state: &State, dialog: &Dialog, grant: Option<&Grant>, width: usize) -> Vec<Spot> {
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
    let reach = safe!("{} enforces: {}", grant.enforcer.word(), words::reach(grant.enforcer));
    rows.extend(wrapped(1, Line::labelled("REACH", Role::Text, reach), width, 2));
    if matches!(dialog.purpose, Purpose::Extend { .. }) {
        let focused = dialog.focused() == FieldKind::RunFor;
        let mut line = label("RUN FOR", focused);
        let at = boxed(&mut line, &dialog.run_for, 7);
        line = line.and(Role::Text, safe!(" in all, from its start; now {}", grant.run_for));
        rows.push(Spot { line, spare: 0, cursor: focused.then_some(at), more: false });
    }
    rows
}

fn revoke_consequence(state: &State, grant: &Grant) -> SafeText {
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

fn fields(state: &State, dialog: &Dialog, width: usize) -> Vec<Spot> {
    let mut rows = Vec::new();
    for kind in &dialog.fields {
        match kind {
            FieldKind::Why => rows.extend(why(dialog, width)),
            // A locked dialog sends nothing: only what was typed stays to be read.
            _ if dialog.locked.is_some() => {}
            FieldKind::Ack => rows.push(acknowledge(state, dialog)),
            FieldKind::Word => rows.push(word(state, dialog)),
            FieldKind::Send => rows.push(send_line(state, dialog)),
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
    window
        .rows
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let head = if i == 0 { label(name, focused) } else { Line::of(Role::Text, spaces(11)) };
            let fill = spaces(room.saturating_sub(text.width()));
            let line =
                head.and(Role::Text, "[").and_marked(Role::Input, text).and(Role::Input, fill).and(Role::Text, "]");
            Spot {
                line,
                spare: 0,
                cursor: (focused && window.cursor.1 == i).then_some(12 + window.cursor.0),
                more: false,
            }
        })
        .collect()
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
    let Purpose::Decide { ballot, targets } = &dialog.purpose else { return SafeText::lit("sent at once") };
    let hold = if state.setup.hold_back { hold_back(*ballot, targets.len() > 1) } else { Span::ZERO };
    if hold == Span::ZERO {
        return SafeText::lit("sent at once");
    }
    let keys = &state.setup.keymap;
    safe!("then held {}: {} undo, {} send now", hold, keys.shown(Verb::Undo), keys.shown(Verb::SendNow))
}

fn state_of(dialog: &Dialog, width: usize) -> Vec<Spot> {
    let mut lines = Vec::new();
    if let Some(changed) = &dialog.changed {
        lines.push(Line::of(Role::Bad, "CHANGED    ").and_marked(Role::Warn, changed));
    }
    if let Some(locked) = &dialog.locked {
        lines.push(
            Line::of(Role::Bad, "LOCKED     ")
                .and_marked(Role::Warn, &safe!("{}: nothing can be sent; your comment is kept", locked)),
        );
    }
    if let (Some(error), None) = (&dialog.error, &dialog.locked) {
        lines.push(Line::of(Role::Bad, "NOT SENT   ").and_marked(Role::Warn, error));
    }
    lines.into_iter().flat_map(|line| wrapped(0, line, width, 3)).collect()
}
