//! Verdicts in plain words that name their rules.

use super::fit::Fit;
use super::rule::Rule;
use crate::domain::finding::Finding;
use crate::domain::principal::Assurance;
use crate::domain::text::SafeText;
use crate::domain::verdict::{Effect, SeenDemand, Verdict};
use crate::safe;

/// A verdict in one line; `doubts` are what keeps a request that a rule allows from starting.
pub(super) fn verdict(verdict: &Verdict, fits: &[(&Rule, Fit)], doubts: &[&Finding]) -> SafeText {
    let rules: Vec<SafeText> = verdict.rules.iter().map(|name| name.ident()).collect();
    let by = SafeText::join(&rules, ", ");
    let head = match verdict.effect {
        Effect::Deny => return safe!("denied by {}", by),
        Effect::Allow => safe!("allowed by {} without a person", by),
        Effect::Approve if rules.is_empty() => SafeText::lit("no rule matches, so the default holds"),
        Effect::Approve => safe!("approval by {}", by),
    };
    let mut line = safe!("{}: {}", head, SafeText::join(&demands(verdict), "; "));
    for doubt in doubts {
        line = safe!("{}; would be allowed, but: {} ({})", line, doubt.id.meaning().what, doubt.subject.ident());
    }
    for note in fits.iter().filter_map(|(rule, fit)| note(rule, *fit)) {
        line = safe!("{}; {}", line, note);
    }
    line
}

fn demands(v: &Verdict) -> Vec<SafeText> {
    let scopes: Vec<SafeText> = v.scopes.iter().map(|s| s.word()).collect();
    let grants = [
        Some(safe!("{}", SafeText::join(&scopes, " or "))),
        Some(safe!("start by {}, run for {}", v.start_by, v.run_for)),
        v.max_uses.map(|n| safe!("used {} at most", if n == 1 { safe!("once") } else { safe!("{} times", n) })),
    ];
    let asked = [
        Some(v.needs_in_words()),
        v.not_self.verified_requester.then(|| SafeText::lit("requester must be verified")),
        v.reason.then(|| SafeText::lit("reason")),
        v.word.as_ref().map(|word| safe!("type {}", word.ident())),
        seen(v),
        (!v.bulk).then(|| SafeText::lit("not in bulk")),
        (v.min_assurance > Assurance::Peer).then(|| safe!("at least {}", v.min_assurance.word())),
        Some(safe!("waits {}", v.wait)),
        v.break_glass.as_ref().map(|group| safe!("break-glass by {}", group)),
    ];
    let asked = if v.effect == Effect::Allow { Vec::new() } else { asked.into_iter().flatten().collect() };
    asked.into_iter().chain(grants.into_iter().flatten()).collect()
}

fn seen(v: &Verdict) -> Option<SafeText> {
    let what = match v.seen {
        SeenDemand::Nothing => return None,
        SeenDemand::MustSee => SafeText::lit("must-see files seen"),
        SeenDemand::All => SafeText::lit("every file seen"),
    };
    Some(if v.may_acknowledge { safe!("{} or acknowledged", what) } else { what })
}

/// What a rule would have given, had the claim been vouched for.
fn note(rule: &Rule, fit: Fit) -> Option<SafeText> {
    let Fit::Claimed(field) = fit else { return None };
    let name = rule.name.ident();
    match (rule.effect, rule.asks.wider_than_default()) {
        (Effect::Allow, _) => Some(safe!("{} would allow, but {} is only claimed", name, field.word())),
        (_, Some(key)) => Some(safe!("{} of {} held to the default: {} is only claimed", key, name, field.word())),
        _ => None,
    }
}

/// Why a rule does or does not apply.
pub(super) fn why(rule: &Rule, fit: Fit) -> SafeText {
    match fit {
        Fit::Surely if rule.matching.tests.is_empty() => SafeText::lit("it matches every request"),
        Fit::Surely => SafeText::lit("all that it names matches"),
        Fit::Claimed(field) if rule.effect == Effect::Allow => {
            safe!("{} is only claimed, and claims never loosen", field.word())
        }
        Fit::Claimed(field) => safe!("it matches; {} is only claimed, so it can tighten only", field.word()),
        Fit::Not(field) => safe!("{} does not match", field.word()),
        Fit::Excepted => SafeText::lit("its exception holds"),
    }
}
