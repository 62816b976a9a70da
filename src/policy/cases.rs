//! A table of made-up requests with what is expected of the policy: what `policy test` runs.

use serde::Deserialize;

use super::situation::Situation;
use super::{Explanation, Policy};
use crate::domain::document::{Diagnostic, Place};
use crate::domain::ids::{Group, Person};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::domain::verdict::{Effect, Need};
use crate::safe;

/// A file of `[[case]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    case: Vec<Case>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    given: Situation,
    expect: Expected,
}

/// What is left out is not compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    effect: Effect,
    rules: Option<Vec<String>>,
    needs: Option<Vec<ExpectedNeed>>,
    scopes: Option<Vec<Scope>>,
    start_by: Option<Span>,
    run_for: Option<Span>,
    wait: Option<Span>,
    reason: Option<bool>,
    word: Option<String>,
    bulk: Option<bool>,
    eligible: Option<Vec<Person>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedNeed {
    count: u32,
    group: Option<Group>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The case.
    pub name: SafeText,
    /// What differs, in words; empty = as expected.
    pub differs: Vec<SafeText>,
    /// What the policy said.
    pub words: SafeText,
}

impl Cases {
    /// Reads a file of cases.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn parse(text: &str, file: &str) -> Result<Self, Diagnostic> {
        toml::from_str(text).map_err(|e| {
            let place = Place::in_text(Text::from(file).ident(), text, e.span().unwrap_or_default().start);
            let mend = "a case has name, given = {…} and expect = { effect = \"…\", … }: docs/policy.md";
            place.wrong(Text::from(e.message()).prose(), mend)
        })
    }

    /// Runs every case against a policy.
    pub fn run(&self, policy: &Policy) -> Vec<CaseResult> {
        self.case.iter().map(|case| case.run(policy)).collect()
    }
}

impl Case {
    fn run(&self, policy: &Policy) -> CaseResult {
        let said = self.given.explain(policy);
        CaseResult {
            name: Text::from(self.name.as_str()).ident(),
            differs: self.expect.compare(policy, &self.given, &said),
            words: said.verdict.words.prose(),
        }
    }
}

impl Expected {
    fn compare(&self, policy: &Policy, given: &Situation, said: &Explanation) -> Vec<SafeText> {
        let v = &said.verdict;
        let needs = self.needs.as_ref().map(|needs| sorted(needs.iter().map(ExpectedNeed::need)));
        let rules = self.rules.as_ref().map(|names| sorted(names.iter().map(|n| Text::from(n.as_str()))));
        let eligible = policy.eligible(v, &given.core(), &[]);
        [
            differs("effect", Some(&self.effect), &v.effect),
            differs("rules", rules.as_ref(), &v.rules),
            differs("needs", needs.as_ref(), &sorted(v.needs.iter().map(need_key))),
            differs("scopes", self.scopes.as_ref(), &v.scopes),
            differs("start_by", self.start_by.as_ref(), &v.start_by),
            differs("run_for", self.run_for.as_ref(), &v.run_for),
            differs("wait", self.wait.as_ref(), &v.wait),
            differs("reason", self.reason.as_ref(), &v.reason),
            differs("word", self.word.as_deref().map(|w| Some(Text::from(w))).as_ref(), &v.word),
            differs("bulk", self.bulk.as_ref(), &v.bulk),
            differs("eligible", self.eligible.clone().map(sorted).as_ref(), &eligible),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl ExpectedNeed {
    fn need(&self) -> (Option<Group>, u32) {
        (self.group.clone(), self.count)
    }
}

fn need_key(need: &Need) -> (Option<Group>, u32) {
    (need.group.clone(), need.count)
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

fn differs<T: PartialEq + std::fmt::Debug>(what: &'static str, expected: Option<&T>, got: &T) -> Option<SafeText> {
    let expected = expected.filter(|e| *e != got)?;
    let shown = |value: &T| Text::from(format!("{value:?}")).prose();
    Some(safe!("{}: expected {}, got {}", what, shown(expected), shown(got)))
}
