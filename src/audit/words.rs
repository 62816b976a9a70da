//! Every record in one line of words, for commands, the console and CSV alike.

use crate::domain::decision::Decision;
use crate::domain::grant::Grant;
use crate::domain::record::{Event, Record};
use crate::domain::request::Ballot;
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// The kinds of records, as filters and JSON call them.
pub const KINDS: &[&str] = &[
    "opened",
    "requested",
    "looked",
    "held",
    "dropped",
    "intent",
    "outcome",
    "decided",
    "refused",
    "granted",
    "guarded",
    "passed",
    "run-cancel",
    "started",
    "ended",
    "extended",
    "revoked",
    "timed-out",
    "cancelled",
    "denied",
    "reviewed",
    "accepted",
    "notified",
    "token",
    "policy",
    "clock-step",
    "head-seen",
    "repaired",
    "exported",
    "shown",
];

/// Its kind.
pub fn kind(event: &Event) -> &'static str {
    match event {
        Event::Opened { .. } => "opened",
        Event::Requested { .. } => "requested",
        Event::Looked => "looked",
        Event::Held { .. } => "held",
        Event::Dropped { .. } => "dropped",
        Event::Intent { .. } => "intent",
        Event::Outcome { .. } => "outcome",
        Event::Decided { .. } => "decided",
        Event::Refused { .. } => "refused",
        Event::Granted { .. } => "granted",
        Event::Guarded { .. } => "guarded",
        Event::Passed { .. } => "passed",
        Event::RunCancel { .. } => "run-cancel",
        Event::Started { .. } => "started",
        Event::Ended { .. } => "ended",
        Event::Extended { .. } => "extended",
        Event::Revoked { .. } => "revoked",
        Event::TimedOut => "timed-out",
        Event::Cancelled => "cancelled",
        Event::Denied { .. } => "denied",
        Event::Reviewed { .. } => "reviewed",
        Event::Accepted { .. } => "accepted",
        Event::Notified { .. } => "notified",
        Event::Token { .. } => "token",
        Event::Policy { .. } => "policy",
        Event::ClockStep { .. } => "clock-step",
        Event::HeadSeen { .. } => "head-seen",
        Event::Repaired { .. } => "repaired",
        Event::Exported { .. } => "exported",
        Event::Shown { .. } => "shown",
    }
}

/// What happened; number, time, who and request stand beside it.
pub fn words(record: &Record) -> SafeText {
    life(&record.event).or_else(|| grant(&record.event)).unwrap_or_else(|| log(&record.event))
}

/// A request and the decisions on it.
fn life(event: &Event) -> Option<SafeText> {
    Some(match event {
        Event::Requested { evidence, verdict, .. } => {
            safe!("asked; {}; evidence {}", verdict.prose(), evidence.short())
        }
        Event::Looked => SafeText::lit("looked at it"),
        Event::Held { decision } => safe!("holds back decision {}", decision),
        Event::Dropped { decision, why } => safe!("dropped decision {}, nothing sent: {}", decision, why.prose()),
        Event::Intent { decision } => safe!("about to {}", terms(decision)),
        Event::Outcome { decision, result, place: None } => safe!("outcome of {}: {}", decision, result.words()),
        Event::Outcome { decision, result, place: Some(place) } => {
            let (repository, environment) = (place.repository.ident(), place.environment.ident());
            safe!("outcome of {} on {} {}: {}", decision, repository, environment, result.words())
        }
        Event::Decided { decision, self_unproven, result } => {
            let unproven = if *self_unproven { " (self: unproven)" } else { "" };
            safe!("{}{}: {}", decided(decision), unproven, result.words())
        }
        Event::Refused { verb, why } => safe!("{} REFUSED: {}", verb.ident(), why.prose()),
        Event::TimedOut => SafeText::lit("timed out: nobody decided"),
        Event::Cancelled => SafeText::lit("cancelled by who asked"),
        Event::Denied { why } => safe!("denied by policy: {}", why.prose()),
        Event::Reviewed { comment } => safe!("reviewed the break-glass{}", said(comment)),
        Event::Accepted { acceptance: a } => {
            let what = a.finding.meaning().what;
            safe!("accepted `{}` ({}) until {}: {}", what, a.subject.ident(), a.until.iso(), a.reason.prose())
        }
        Event::Shown { evidence } => safe!("was shown evidence {}", evidence.short()),
        _ => return None,
    })
}

fn grant(event: &Event) -> Option<SafeText> {
    Some(match event {
        Event::Granted { grant } => granted(grant),
        Event::Guarded { kept } => safe!("{}; at its end {}", granted(&kept.grant), kept.on_expiry.words()),
        Event::Passed { grant, decision } => safe!("AUTO: let through under {} by decision {}", grant, decision),
        Event::RunCancel { grant, force, result } => {
            let how = if *force { "force-cancel" } else { "cancel" };
            match result {
                None => safe!("grant {} is over: about to {} the run", grant, how),
                Some(result) => safe!("grant {} is over: {}: {}", grant, how, result.prose()),
            }
        }
        Event::Started { grant, ends_at } => safe!("started under {}, ends at {}", grant, ends_at.iso()),
        Event::Ended { grant, end } => safe!("ended under {}: {}", grant, end.words()),
        Event::Extended { grant, run_for, missing: 0 } => safe!("extended {} to {} in all", grant, run_for),
        Event::Extended { grant, run_for, missing } => {
            safe!("vote to extend {} to {} counted, {} missing", grant, run_for, missing)
        }
        Event::Revoked { grant, reason } => safe!("revoked {}{}", grant, said(reason)),
        _ => return None,
    })
}

fn granted(grant: &Grant) -> SafeText {
    let glass = if grant.break_glass { "BREAK-GLASS " } else { "" };
    let by: Vec<SafeText> = grant.by.iter().map(|by| by.shown()).collect();
    let by = if by.is_empty() { SafeText::lit("policy") } else { SafeText::join(&by, ", ") };
    safe!(
        "{}granted {} by {}: {}, start by {}, run for {}, kept by {}",
        glass,
        grant.name.ident(),
        by,
        grant.scope.word(),
        grant.start_by.iso(),
        grant.run_for,
        grant.enforcer.word()
    )
}

/// The log and the broker themselves.
fn log(event: &Event) -> SafeText {
    match event {
        Event::Opened { program } => safe!("log opened by {}", program.ident()),
        Event::Notified { occasion, people, result } => {
            let people: Vec<SafeText> = people.iter().map(Text::ident).collect();
            safe!("told {} ({}): {}", SafeText::join(&people, ", "), occasion.ident(), result.prose())
        }
        Event::Token { change, name } => safe!("token {} {}", name.ident(), change.ident()),
        Event::Policy { digest } => safe!("policy {} is in force", digest.short()),
        Event::ClockStep { by_ms } => safe!("the clock jumped by {} ms", by_ms),
        Event::HeadSeen { log, seq, head } => safe!("saw {} at #{} {}", log.ident(), seq, head.short()),
        Event::Repaired { bytes } => safe!("cut off a torn line of {} bytes", bytes),
        Event::Exported { records } => safe!("exported {} records", records),
        _ => SafeText::lit(kind(event)),
    }
}

/// `approve: once, start by 10m, run for 15m, saw 3 of 4 files: INC-2291`.
fn terms(decision: &Decision) -> SafeText {
    let verb = verb(decision.ballot);
    let seen = safe!("saw {} of {} files", decision.seen.files, decision.seen.of);
    if decision.ballot == Ballot::Reject {
        return safe!("{}: {}{}", verb, seen, said(&decision.comment));
    }
    safe!(
        "{}: {}, start by {}, run for {}, {}{}",
        verb,
        decision.scope.word(),
        decision.start_by,
        decision.run_for,
        seen,
        said(&decision.comment)
    )
}

/// The broker keeps the bytes as they came; what is no decision is shown as it is.
fn decided(bytes: &str) -> SafeText {
    match serde_json::from_str::<Decision>(bytes) {
        Ok(decision) => terms(&decision),
        Err(_) => safe!("decision that cannot be read: {}", Text::from(bytes).ident().cut(200)),
    }
}

fn verb(ballot: Ballot) -> &'static str {
    match ballot {
        Ballot::Approve => "approve",
        Ballot::Reject => "reject",
        Ballot::BreakGlass => "BREAK GLASS",
    }
}

fn said(comment: &Text) -> SafeText {
    if comment.is_empty() { SafeText::default() } else { safe!(": \"{}\"", comment.prose()) }
}
