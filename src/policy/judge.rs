//! The algebra: deny over approve over allow, demands add up, scopes intersect, caps take the smallest. What gives
//! more than the default counts only from rules that fit surely. The order of the rules means nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fit::{Facts, Fit};
use super::rule::{Asks, Rule, SCOPES_DEFAULT, Word};
use super::{Policy, Subject, words};
use crate::domain::finding::{Finding, Severity};
use crate::domain::grant::Enforcer;
use crate::domain::ids::Group;
use crate::domain::principal::Assurance;
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::{
    Effect, GUARD_CAP, NO_ENVIRONMENT, Need, RUN_FOR_CAP, RUN_FOR_DEFAULT, START_BY_DEFAULT, SeenDemand, SelfCheck,
    Verdict, WAIT_DEFAULT,
};

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// It matches and counts in full.
    Applies,
    /// It matches, but only by claims: what gives more than the default does not count.
    TightensOnly,
    /// It does not match, or its exception holds.
    DoesNotApply,
}

/// One rule, and why it does or does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSaid {
    /// The rule.
    pub name: Text,
    /// What it would do.
    pub effect: Effect,
    /// Whether it does.
    pub said: Said,
    /// Why.
    pub why: Text,
}

/// A verdict with the say of every rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What happens.
    pub verdict: Verdict,
    /// Every rule of the policy in the order of the file.
    pub rules: Vec<RuleSaid>,
}

/// A rule that applies.
#[derive(Clone, Copy)]
pub(super) struct Applied<'r> {
    pub(super) rule: &'r Rule,
    surely: bool,
}

impl Applied<'_> {
    fn asks(&self) -> &Asks {
        &self.rule.asks
    }
}

impl Policy {
    /// Judges a request.
    pub fn judge(&self, subject: &Subject) -> Verdict {
        self.explain(subject).verdict
    }

    /// Judges a request and says of every rule why it does or does not apply.
    pub fn explain(&self, subject: &Subject) -> Explanation {
        let facts = Facts { subject, people: &self.people, trusting: self.own_machine };
        let fits: Vec<(&Rule, Fit)> = self.rules.iter().map(|rule| (rule, facts.fit(rule))).collect();
        let applied: Vec<Applied> = fits.iter().filter_map(|(rule, fit)| apply(rule, *fit)).collect();
        let doubts = doubts(subject.findings);
        let allowed = applied.iter().map(|a| a.rule.effect).max() == Some(Effect::Allow);
        let mut verdict = self.combine(&applied, subject);
        if allowed && !doubts.is_empty() {
            verdict.effect = Effect::Approve;
            verdict.needs = anyone();
        }
        let held = if allowed { doubts } else { Vec::new() };
        verdict.words = words::verdict(&verdict, &fits, &held).into();
        let rules = fits.iter().map(|(rule, fit)| said(rule, *fit)).collect();
        Explanation { verdict, rules }
    }

    fn combine(&self, applied: &[Applied], subject: &Subject) -> Verdict {
        let effect = applied.iter().map(|a| a.rule.effect).max().unwrap_or(Effect::Approve);
        let mut rules: Vec<Text> = applied.iter().map(|a| a.rule.name.clone()).collect();
        rules.sort();
        Verdict {
            effect,
            rules,
            words: Text::default(),
            needs: needs(effect, applied),
            not_self: SelfCheck {
                requester: !self.own_machine,
                authors: applied.iter().any(|a| a.asks().not_authors),
                verified_requester: applied.iter().any(|a| a.asks().verified_requester),
            },
            scopes: scopes(applied, subject.enforcer),
            start_by: start_by(applied, subject.enforcer),
            run_for: cap(applied, RUN_FOR_DEFAULT, |asks| asks.run_for),
            max_uses: applied.iter().filter_map(|a| a.asks().max_uses).min(),
            reason: applied.iter().any(|a| a.asks().reason),
            word: word(applied, subject),
            seen: seen(applied),
            may_acknowledge: applied.iter().all(|a| a.asks().may_acknowledge != Some(false)),
            bulk: applied.iter().all(|a| a.asks().bulk != Some(false)),
            wait: applied.iter().filter_map(|a| a.asks().wait).min().unwrap_or(WAIT_DEFAULT),
            min_assurance: applied.iter().filter_map(|a| a.asks().min_assurance).max().unwrap_or(Assurance::Peer),
            break_glass: self.break_glass_group(applied),
            policy: self.digest,
        }
    }

    /// Where rules name different groups, the one whose members are in all of them; else nobody.
    fn break_glass_group(&self, applied: &[Applied]) -> Option<Group> {
        let named: Vec<&Group> = applied.iter().filter_map(|a| a.asks().break_glass.as_ref()).collect();
        let inside = |a: &Group, b: &Group| match (self.groups.get(a), self.groups.get(b)) {
            (Some(a), Some(b)) => a.is_subset(b),
            _ => false,
        };
        named.iter().filter(|group| named.iter().all(|other| inside(group, other))).min().map(|group| (*group).clone())
    }
}

/// A rule that allows needs to fit surely; one that tightens applies on a claim as well.
fn apply(rule: &Rule, fit: Fit) -> Option<Applied<'_>> {
    match (fit, rule.effect) {
        (Fit::Surely, _) => Some(Applied { rule, surely: true }),
        (Fit::Claimed(_), Effect::Approve | Effect::Deny) => Some(Applied { rule, surely: false }),
        _ => None,
    }
}

fn said(rule: &Rule, fit: Fit) -> RuleSaid {
    let said = match apply(rule, fit) {
        Some(Applied { surely: true, .. }) => Said::Applies,
        Some(Applied { surely: false, .. }) => Said::TightensOnly,
        None => Said::DoesNotApply,
    };
    RuleSaid { name: rule.name.clone(), effect: rule.effect, said, why: words::why(rule, fit).into() }
}

/// Findings that say that something is not known, or that block: with one of them nothing starts without a person.
fn doubts(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|f| f.severity == Severity::Unknown || f.id.is_doubt() || f.blocks).collect()
}

fn anyone() -> Vec<Need> {
    vec![Need { count: 1, group: None }]
}

/// Of each group the largest count; one other person where nothing is said.
fn needs(effect: Effect, applied: &[Applied]) -> Vec<Need> {
    if effect == Effect::Allow {
        return Vec::new();
    }
    let mut counts: BTreeMap<Option<&Group>, u32> = BTreeMap::new();
    for need in applied.iter().flat_map(|a| &a.rule.asks.approvals) {
        let count = counts.entry(need.group.as_ref()).or_default();
        *count = need.count.max(*count);
    }
    if counts.is_empty() {
        return anyone();
    }
    counts.into_iter().map(|(group, count)| Need { count, group: group.cloned() }).collect()
}

fn cap(applied: &[Applied], default: Span, asked: impl Fn(&Asks) -> Option<Span>) -> Span {
    let held = |a: &Applied| asked(a.asks()).map(|span| if a.surely { span } else { span.min(default) });
    applied.iter().filter_map(held).min().unwrap_or(default).min(RUN_FOR_CAP)
}

/// What the guard keeps is over within the hour, whatever rules say.
fn start_by(applied: &[Applied], enforcer: Enforcer) -> Span {
    let start_by = cap(applied, START_BY_DEFAULT, |asks| asks.start_by);
    if enforcer == Enforcer::Guard { start_by.min(GUARD_CAP) } else { start_by }
}

fn seen(applied: &[Applied]) -> SeenDemand {
    let default = SeenDemand::default();
    let held = |a: &Applied| a.asks().seen.map(|seen| if a.surely { seen } else { seen.max(default) });
    applied.iter().filter_map(held).max().unwrap_or(default)
}

/// `once` always may be granted. More needs a rule that fits surely: one that names it, or, where somebody better
/// than the guard keeps the grant, one that names no scopes opens `run`. For the guard that rule must also say how
/// often. What rules name intersects.
fn scopes(applied: &[Applied], enforcer: Enforcer) -> Vec<Scope> {
    let counted = |a: &Applied| enforcer != Enforcer::Guard || a.asks().max_uses.is_some();
    let opens = |a: &&Applied, scope: &Scope| match &a.rule.asks.scopes {
        Some(named) => named.contains(scope) && counted(a),
        None => enforcer != Enforcer::Guard && SCOPES_DEFAULT.contains(scope),
    };
    let opened = |scope: &Scope| applied.iter().filter(|a| a.surely).any(|a| opens(&a, scope));
    let kept = |a: &Applied, scope: &Scope| match &a.rule.asks.scopes {
        Some(named) => named.contains(scope) && (a.surely || SCOPES_DEFAULT.contains(scope)),
        None => true,
    };
    let there = |scope: &Scope| opened(scope) && applied.iter().all(|a| kept(a, scope));
    Scope::ALL.into_iter().filter(|scope| *scope == Scope::Once || there(scope)).collect()
}

/// Where rules demand different words, all of them must be typed.
fn word(applied: &[Applied], subject: &Subject) -> Option<Text> {
    let environment = &subject.core.environment.value;
    let mut words: Vec<&[u8]> = applied
        .iter()
        .filter_map(|a| a.rule.asks.word.as_ref())
        .map(|word| match word {
            Word::Literal(text) => text.as_bytes(),
            Word::Environment if environment.is_empty() => NO_ENVIRONMENT.as_bytes(),
            Word::Environment => environment.as_bytes(),
        })
        .collect();
    words.sort_unstable();
    words.dedup();
    (!words.is_empty()).then(|| Text::new(words.join(&b' ')))
}
