//! Rules that could never do what they say are refused, not kept for a bad night.

use super::keys::{self, On, Section};
use super::reader::{Reader, Table, get, place_of};
use super::rule::Rule;
use crate::domain::document::{Data, Place};
use crate::domain::verdict::Effect;
use crate::safe;

/// Checks one rule as a whole.
pub(super) fn rule(r: &mut Reader, rule: &Rule, table: Table, place: &Place) {
    idle_keys(r, rule, table);
    match rule.effect {
        Effect::Allow => allow_rule(r, rule, table, place),
        Effect::Approve | Effect::Deny => tightening_rule(r, rule, table, place),
    }
    exception(r, rule, table, place);
}

/// Keys that mean nothing beside this effect.
fn idle_keys(r: &mut Reader, rule: &Rule, table: Table) {
    for (key, _) in table {
        let Some(known) = keys::of(Section::Rule).find(|k| k.word == key.name) else { continue };
        let idle = match known.on {
            On::All => false,
            On::Starting => rule.effect == Effect::Deny,
            On::Approve => rule.effect != Effect::Approve,
        };
        if idle {
            let what = safe!("`{}` means nothing on a rule that {}", known.word, does(rule.effect));
            r.fault(&key.place, what, "leave it out, or put it into a rule of its own");
        }
    }
}

fn does(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allows",
        Effect::Approve => "asks for approval",
        Effect::Deny => "denies",
    }
}

fn allow_rule(r: &mut Reader, rule: &Rule, table: Table, place: &Place) {
    let at = place_of(table, "match", place);
    if rule.matching.tests.is_empty() && !has_keys(table, "match") {
        r.fault(at, "this rule would allow everything", "say what it allows, if only repository = \"*\"");
    }
    if let Some(field) = rule.matching.claimed_only() {
        let what = safe!("this rule can never match: `{}` is only claimed, and claims never loosen", field.word());
        r.fault(
            at,
            what,
            "match what is vouched for: repository, environment, credential, requester, workflow, backend",
        );
    }
}

/// Whether a table stands there with keys of its own, even faulty ones.
fn has_keys(table: Table, key: &str) -> bool {
    get(table, key).is_some_and(|node| matches!(&node.data, Data::Table(entries) if !entries.is_empty()))
}

fn tightening_rule(r: &mut Reader, rule: &Rule, table: Table, place: &Place) {
    if let Some(field) = rule.unless.as_ref().and_then(|u| u.claimed_only()) {
        let at = place_of(table, "unless", place);
        let what = safe!("this exception can never hold: `{}` is only claimed, and claims never loosen", field.word());
        r.fault(at, what, safe!("exclude it in the match instead: match = {{ {} = \"!…\" }}", field.word()));
    }
    let (Some(key), Some(field)) = (rule.asks.wider_than_default(), rule.matching.claimed_only()) else { return };
    let what = safe!("`{}` gives more than the default, which `{}`, only claimed, can never do", key, field.word());
    r.fault(place_of(table, key, place), what, "put it into a rule that matches what is vouched for");
}

fn exception(r: &mut Reader, rule: &Rule, table: Table, place: &Place) {
    let Some(unless) = &rule.unless else { return };
    let at = place_of(table, "unless", place);
    if unless.tests.is_empty() && !has_keys(table, "unless") {
        r.fault(at, "this rule can never match: its exception is everything", "leave `unless` out");
    } else if !unless.tests.is_empty() && unless.follows_from(&rule.matching) {
        r.fault(at, "this rule can never match: its exception is all that it matches", "narrow `unless`");
    }
}
