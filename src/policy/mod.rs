//! L1. Policy: rules that say what may start, after whose approval and how far; TOML in, verdicts out.
//! Deny wins over approve, approve over allow; demands add up; caps take the smallest.

mod cases;
mod check;
mod fit;
mod glob;
mod judge;
pub mod keys;
mod parse;
mod parse_rule;
mod people;
mod reader;
mod rule;
mod situation;
mod vote;
mod weigh;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use crate::domain::document::Diagnostic;
pub use cases::{CaseResult, Cases};
pub use judge::{Explanation, RuleSaid, Said};
pub use situation::{Claimable, Situation};
pub use vote::SelfOutcome;

use glob::{Patterns, Reading};
use people::{Groups, Names, People};
use rule::Rule;
use weigh::Weights;

use crate::domain::digest::Digest;
use crate::domain::finding::Finding;
use crate::domain::grant::Enforcer;
use crate::domain::ids::{Group, Person};
use crate::domain::principal::{Identity, Role};
use crate::domain::request::Core;
use crate::domain::text::Text;
use crate::findings::Known;

/// What counts as production where the policy does not say.
const PRODUCTION_DEFAULT: [&str; 1] = ["prod*"];

/// A policy that was read whole and without a fault.
#[derive(Clone, Debug)]
pub struct Policy {
    digest: Digest,
    production: Patterns,
    people: People,
    groups: Groups,
    rules: Vec<Rule>,
    own_machine: bool,
    known: Known,
    weights: Weights,
}

/// What a policy judges.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The request.
    pub core: &'a Core,
    /// What is wrong or odd about it; what is missing stands here as unknown.
    pub findings: &'a [Finding],
    /// Who wrote or committed base..head, beside the authors that the core names.
    pub authors: &'a [Identity],
    /// Who would keep the grant: under the guard only `once` holds until a rule says more.
    pub enforcer: Enforcer,
}

impl<'a> Subject<'a> {
    /// A request of our own broker.
    pub fn of(core: &'a Core, findings: &'a [Finding], authors: &'a [Identity]) -> Self {
        Self { core, findings, authors, enforcer: Enforcer::Broker }
    }
}

/// Everyone who wrote or committed base..head, as far as anybody says.
fn authors_of<'a>(core: &'a Core, authors: &'a [Identity]) -> impl Iterator<Item = &'a Identity> {
    core.identities.iter().filter(|i| i.role == Role::Author).chain(authors)
}

impl Policy {
    /// What holds where there is no policy file, on one's own machine: no rules, the owner is a person and may
    /// approve their own automation.
    pub fn default_for_local(uid: u32, person: Person) -> Policy {
        let text = format!("production = [\"prod*\"]\n[people.\"{person}\"]\nuids = [{uid}]\n");
        let owner = Names { uids: vec![uid], ..Names::default() };
        let people = People::new(BTreeMap::from([(person, owner)]));
        Policy {
            digest: Digest::of(text.as_bytes()),
            // The default globs always compile; should they not, everything counts as production.
            production: Patterns::new(PRODUCTION_DEFAULT).unwrap_or_else(|_| Patterns::all()),
            known: people.known(),
            people,
            groups: Groups::new(),
            rules: Vec::new(),
            weights: Weights::new(),
            own_machine: true,
        }
    }

    /// The same policy on one's own machine: the owner may approve their own automation, and what the owner's
    /// programs claim is as good as what anybody else could vouch for.
    #[must_use]
    pub fn on_own_machine(mut self) -> Policy {
        self.own_machine = true;
        self
    }

    /// SHA-256 over the exact text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many rules, people and groups there are.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.rules.len(), self.people.len(), self.groups.len())
    }

    /// Everybody whom somebody could imitate.
    pub fn people(&self) -> &Known {
        &self.known
    }

    /// Whose user of this machine that is.
    pub fn person_of_uid(&self, uid: u32) -> Option<Person> {
        self.people.of_uid(uid).cloned()
    }

    /// Whose login that is.
    pub fn person_of_login(&self, login: &Text) -> Option<Person> {
        self.people.of_login(login).cloned()
    }

    /// Whether the policy knows this person.
    pub fn knows(&self, person: &Person) -> bool {
        self.people.get(person).is_some()
    }

    /// The groups that a person is in.
    pub fn groups_of(&self, person: &Person) -> Vec<Group> {
        self.groups.iter().filter(|(_, members)| members.contains(person)).map(|(group, _)| group.clone()).collect()
    }

    /// Whether an environment counts as production; upper and lower case are the same.
    pub fn is_production(&self, environment: &Text) -> bool {
        self.production.matches(std::slice::from_ref(environment), Reading::Broad)
    }
}
