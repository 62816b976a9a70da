//! What policy demands of one vote beside the person: terms, reason, typed word, evidence seen.

use crate::api::{Code, Problem};
use crate::domain::decision::Decision;
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text, counted};
use crate::domain::time::Span;
use crate::domain::verdict::{BREAK_GLASS_CAP, RUN_FOR_CAP, SeenDemand, Verdict};
use crate::safe;

use super::super::problem::problem;
use super::held::Held;

/// Everything that a yes must bring.
pub(super) fn approval(held: &Held, decision: &Decision) -> Result<(), Problem> {
    let verdict = &held.live.verdict;
    unblocked(held)?;
    reason(verdict.reason, decision)?;
    word(verdict.word.as_ref(), decision)?;
    scope(held, decision.scope)?;
    times(decision, verdict.start_by, verdict.run_for.min(RUN_FOR_CAP))?;
    seen(held, verdict, decision)
}

/// Everything that a no must bring.
pub(super) fn rejection(held: &Held, decision: &Decision) -> Result<(), Problem> {
    reason(held.live.verdict.reason, decision)
}

/// Everything that a break-glass must bring: a reason, the environment typed, this request only, a short time.
pub(super) fn break_glass(held: &Held, decision: &Decision) -> Result<(), Problem> {
    unblocked(held)?;
    reason(true, decision)?;
    word(Some(&held.core().environment.value), decision)?;
    if decision.scope != Scope::Once {
        return Err(refuse("a break-glass reaches this request only", "use scope once"));
    }
    times(decision, BREAK_GLASS_CAP, BREAK_GLASS_CAP)
}

/// Breaking the glass goes past votes and self check, and past nothing else.
fn unblocked(held: &Held) -> Result<(), Problem> {
    match held.live.findings.iter().find(|f| f.blocks) {
        Some(f) => Err(refuse(
            safe!("blocked by a finding: {} ({})", f.id.meaning().what, f.subject.ident()),
            f.id.meaning().mend,
        )),
        None => Ok(()),
    }
}

fn refuse(why: impl Into<SafeText>, mend: &'static str) -> Problem {
    problem(Code::Forbidden, why, mend)
}

fn reason(demanded: bool, decision: &Decision) -> Result<(), Problem> {
    let blank = decision.comment.lossy().trim().is_empty();
    if demanded && blank { Err(refuse("a reason must be given", "say why in the comment")) } else { Ok(()) }
}

fn word(demanded: Option<&Text>, decision: &Decision) -> Result<(), Problem> {
    match demanded {
        Some(word) if decision.word.as_ref() != Some(word) => {
            Err(refuse(safe!("the word {} must be typed", word.ident()), "type it as it stands there"))
        }
        _ => Ok(()),
    }
}

fn scope(held: &Held, scope: Scope) -> Result<(), Problem> {
    if let Some(why) = held.core().bars(scope) {
        return Err(refuse(safe!("scope {} cannot hold: {}", scope.word(), why), "use scope once"));
    }
    if held.live.verdict.scopes.contains(&scope) {
        return Ok(());
    }
    Err(refuse(safe!("policy does not give the scope {}", scope.word()), "use a narrower scope"))
}

fn times(decision: &Decision, start_cap: Span, run_cap: Span) -> Result<(), Problem> {
    for (what, asked, cap) in [("start-by", decision.start_by, start_cap), ("run-for", decision.run_for, run_cap)] {
        if asked == Span::ZERO || asked > cap {
            return Err(refuse(safe!("{} of {} is not within 1s to {}", what, asked, cap), "take less time"));
        }
    }
    Ok(())
}

fn seen(held: &Held, verdict: &Verdict, decision: &Decision) -> Result<(), Problem> {
    let seen = &decision.seen;
    let files = held.fixed.summary.totals.map_or(0, |t| t.files).max(seen.of);
    let unseen = match verdict.seen {
        SeenDemand::Nothing => 0,
        SeenDemand::MustSee => u32::try_from(seen.must_see_unseen.len()).unwrap_or(u32::MAX),
        SeenDemand::All => files.saturating_sub(seen.files),
    };
    if unseen == 0 || (verdict.may_acknowledge && seen.acknowledged == Some(unseen)) {
        return Ok(());
    }
    let mend = if verdict.may_acknowledge { "look at them, or acknowledge their number" } else { "look at them" };
    Err(refuse(safe!("must be seen and not seen yet: {}", counted(unseen, "file", "files")), mend))
}
