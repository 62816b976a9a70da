//! A rule as data: what it matches, and what it asks for then.

use super::glob::Patterns;
use crate::domain::finding::{FindingId, Severity};
use crate::domain::ids::Group;
use crate::domain::principal::Assurance;
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::{Effect, Need, RUN_FOR_DEFAULT, START_BY_DEFAULT, SeenDemand};

/// What a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Repository,
    Environment,
    Branch,
    Action,
    Command,
    Workflow,
    Backend,
    Requester,
    Credential,
    Author,
    Verified,
    Finding,
    Severity,
}

/// Field, its key, and whether anybody but the pipeline can ever vouch for it.
const FIELDS: &[(Field, &str, bool)] = &[
    (Field::Repository, "repository", true),
    (Field::Environment, "environment", true),
    (Field::Branch, "branch", false),
    (Field::Action, "action", false),
    (Field::Command, "command", false),
    (Field::Workflow, "workflow", true),
    (Field::Backend, "backend", true),
    (Field::Requester, "requester", true),
    (Field::Credential, "credential", true),
    (Field::Author, "author", false),
    (Field::Verified, "verified", true),
    (Field::Finding, "finding", false),
    (Field::Severity, "severity", false),
];

impl Field {
    /// All of them with their keys.
    pub(super) fn all() -> impl Iterator<Item = (Field, &'static str)> {
        FIELDS.iter().map(|(field, word, _)| (*field, *word))
    }

    /// Its key.
    pub(super) fn word(self) -> &'static str {
        FIELDS.iter().find(|row| row.0 == self).map_or("field", |row| row.1)
    }

    fn can_be_vouched_for(self) -> bool {
        FIELDS.iter().any(|row| row.0 == self && row.2)
    }
}

/// What a field is held against.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    Globs(Patterns),
    Verified(bool),
    Findings(Vec<FindingId>),
    AtLeast(Severity),
}

/// Tests that must all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Condition {
    pub(super) tests: Vec<(Field, Wanted)>,
}

impl Condition {
    /// The first test that no verified field can ever pass.
    pub(super) fn claimed_only(&self) -> Option<Field> {
        let never =
            |(field, wanted): &&(Field, Wanted)| !field.can_be_vouched_for() || *wanted == Wanted::Verified(false);
        self.tests.iter().find(never).map(|(field, _)| *field)
    }

    /// Whether it holds wherever `other` does.
    pub(super) fn follows_from(&self, other: &Condition) -> bool {
        self.tests
            .iter()
            .all(|test| other.tests.contains(test) || matches!(&test.1, Wanted::Globs(p) if p.is_everything()))
    }
}

/// The word that must be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Environment,
    Literal(Text),
}

/// What a rule asks for; absent = it does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asks {
    pub(super) approvals: Vec<Need>,
    pub(super) not_authors: bool,
    pub(super) verified_requester: bool,
    pub(super) scopes: Option<Vec<Scope>>,
    pub(super) start_by: Option<Span>,
    pub(super) run_for: Option<Span>,
    pub(super) max_uses: Option<u32>,
    pub(super) reason: bool,
    pub(super) word: Option<Word>,
    pub(super) seen: Option<SeenDemand>,
    pub(super) may_acknowledge: Option<bool>,
    pub(super) bulk: Option<bool>,
    pub(super) wait: Option<Span>,
    pub(super) min_assurance: Option<Assurance>,
    pub(super) break_glass: Option<Group>,
}

/// Scopes that may be granted where no rule says.
pub(super) const SCOPES_DEFAULT: &[Scope] = &[Scope::Once, Scope::Run];

impl Asks {
    /// The first key that gives more than the default: it counts only where the rule matches vouched fields.
    pub(super) fn wider_than_default(&self) -> Option<&'static str> {
        let wide_scope = |scopes: &Vec<Scope>| scopes.iter().any(|s| !SCOPES_DEFAULT.contains(s));
        [
            ("scopes", self.scopes.as_ref().is_some_and(wide_scope)),
            ("start_by", self.start_by.is_some_and(|t| t > START_BY_DEFAULT)),
            ("run_for", self.run_for.is_some_and(|t| t > RUN_FOR_DEFAULT)),
            ("seen", self.seen.is_some_and(|s| s < SeenDemand::default())),
        ]
        .into_iter()
        .find(|(_, wider)| *wider)
        .map(|(key, _)| key)
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) name: Text,
    pub(super) effect: Effect,
    pub(super) matching: Condition,
    pub(super) unless: Option<Condition>,
    pub(super) asks: Asks,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::keys::{self, Section};

    #[test]
    fn every_field_is_a_key_of_the_table_and_the_other_way_round() {
        let fields: Vec<&str> = Field::all().map(|(_, word)| word).collect();
        let keys: Vec<&str> = keys::of(Section::Match).map(|k| k.word).collect();
        let sorted = |mut words: Vec<&'static str>| {
            words.sort_unstable();
            words
        };
        assert_eq!(sorted(fields), sorted(keys));
    }
}
