//! A ballot on one request: what it is, what is new, what was not seen, what is not bound.

use super::super::dialog::Dialog;
use super::super::is_reading;
use super::{Spot, fields, spot, wrapped};
use crate::app::line::Line;
use crate::app::screens::request;
use crate::app::state::State;
use crate::app::words;
use crate::decide::{Demands, requirements, unseen};
use crate::domain::grant::Enforcer;
use crate::domain::principal::Role as Part;
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::domain::verdict::SeenDemand;
use crate::safe;
use crate::theme::Role;

pub(super) fn rows(state: &State, dialog: &Dialog, ballot: Ballot, request: &Request, width: usize) -> Vec<Spot> {
    let core = &request.core;
    let run = core.run.as_ref().map(|r| safe!("   run {} #{}", r.id.ident(), r.attempt)).unwrap_or_default();
    let title = Line::new()
        .and_marked(Role::Strong, &safe!("{} {}", core.repository.value.ident(), core.name.ident()))
        .and_marked(Role::Text, &run);
    let code = Line::of(Role::Dim, "code ").and(Role::Strong, safe!("{}", request.digest().code()));
    let mut rows = vec![spot(0, title.clone().with_end(width, code.clone()))];
    if title.width() + code.width() >= width {
        rows.push(spot(1, code));
    }
    rows.push(spot(2, asked(state, request).with_end(width, deciding_as(state, request))));
    rows.extend(wrapped(0, runs(request), width, 3));
    let sizes = Line::labelled("DIFF", Role::Text, "").followed_by(request::diff_sizes(state, request));
    rows.extend(wrapped(1, sizes, width, 2));
    rows.extend(wrapped(0, news(state, request), width, 2));
    if ballot == Ballot::Reject {
        return rows;
    }
    let demands = requirements(request, ballot);
    rows.extend(unseen_line(state, request, &demands).into_iter().flat_map(|l| wrapped(0, l, width, 2)));
    rows.extend(wrapped(1, Line::labelled("NOT BOUND", Role::Warn, words::not_bound(request)), width, 2));
    if ballot == Ballot::Approve {
        rows.extend(wrapped(0, fields::scope_line(dialog, &demands), width, 3));
    }
    rows.push(fields::time_spot(dialog, ballot, request));
    let reach = Line::labelled("REACH", Role::Text, words::reach_of(request.enforcer, dialog.scope));
    rows.extend(wrapped(3, reach, width, 1));
    if ballot == Ballot::Approve && request.enforcer == Enforcer::Guard && dialog.scope != Scope::Once {
        rows.extend(wrapped(0, guard(state, request), width, 2));
    }
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

pub(super) fn runs(request: &Request) -> Line {
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

fn news(state: &State, request: &Request) -> Line {
    let new: Vec<_> = request.findings.iter().filter(|f| f.counts(state.label)).collect();
    let Some(worst) = request.worst_new(state.label) else {
        return Line::labelled("NEW", Role::Good, "no new findings");
    };
    let role = request::severity_role(worst.severity);
    let line = Line::labelled("NEW", role, safe!("{} {} ", worst.severity.mark(), worst.id.meaning().what));
    let line = line.and_marked(Role::Text, &words::about(worst));
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

/// What a scope wider than once lets happen without anybody.
pub(super) fn guard(state: &State, request: &Request) -> Line {
    let uses = match request.verdict.max_uses {
        Some(1) => SafeText::lit("once"),
        Some(uses) => safe!("{} times", uses),
        None => SafeText::lit("any number of times"),
    };
    let says = safe!(
        "approves later gates in your name, {} at most, until start-by; then {}",
        uses,
        state.setup.on_expiry.words()
    );
    Line::labelled("GUARD", Role::Warn, says)
}

fn rule(request: &Request, ballot: Ballot) -> Line {
    let verdict = &request.verdict;
    let rules: Vec<SafeText> = verdict.rules.iter().map(|r| r.ident()).collect();
    let rules = if rules.is_empty() { SafeText::lit("default") } else { SafeText::join(&rules, ", ") };
    let rules = match words::only_its_own_rules(request) {
        true => SafeText::lit("the backend's own"),
        false => safe!("{} ({})", rules, words::whose_rules(request.enforcer)),
    };
    let needs = match (ballot, &verdict.break_glass) {
        (Ballot::BreakGlass, Some(group)) => {
            safe!("{} may break the glass; somebody else must review it afterwards", group)
        }
        _ => verdict.needs_in_words(),
    };
    Line::labelled("RULE", Role::Text, safe!("{}: {}", rules, needs))
}
