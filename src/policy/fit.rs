//! Whether a rule fits a request, and how surely: what tightens is read broadly, what loosens strictly.

use super::glob::{Patterns, Reading};
use super::people::People;
use super::rule::{Condition, Field, Rule, Wanted};
use super::{Subject, authors_of};
use crate::domain::finding::Severity;
use crate::domain::ids::Person;
use crate::domain::principal::{Identity, Role, Source};
use crate::domain::text::Text;
use crate::domain::verdict::Effect;

/// How a rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// By fields that somebody vouches for.
    Surely,
    /// Only if what is claimed in this field is true.
    Claimed(Field),
    /// This field does not match.
    Not(Field),
    /// Its exception holds.
    Excepted,
}

/// What rules are held against.
pub(super) struct Facts<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) people: &'a People,
    /// One's own machine: whoever claims is the owner, so claims are as good as anything.
    pub(super) trusting: bool,
}

/// One thing with all its names.
struct Named {
    names: Vec<Text>,
    vouched: bool,
}

impl Facts<'_> {
    /// Reads one rule.
    pub(super) fn fit(&self, rule: &Rule) -> Fit {
        if let Some(field) = self.failing(&rule.matching, Reading::Broad) {
            return Fit::Not(field);
        }
        let excepted = |reading| rule.unless.as_ref().is_some_and(|u| self.failing(u, reading).is_none());
        if excepted(Reading::Strict) || (rule.effect == Effect::Allow && excepted(Reading::Broad)) {
            return Fit::Excepted;
        }
        if let Some(field) = self.failing(&rule.matching, Reading::Strict) {
            return Fit::Claimed(field);
        }
        // A claimed exception does not lift the rule, but what the rule loosens does not count either.
        match &rule.unless {
            Some(unless) if excepted(Reading::Broad) => {
                Fit::Claimed(self.failing(unless, Reading::Strict).unwrap_or(Field::Requester))
            }
            _ => Fit::Surely,
        }
    }

    /// The first field that does not pass; none = the condition holds.
    fn failing(&self, condition: &Condition, reading: Reading) -> Option<Field> {
        condition.tests.iter().find(|(field, wanted)| !self.passes(*field, wanted, reading)).map(|(field, _)| *field)
    }

    fn passes(&self, field: Field, wanted: &Wanted, reading: Reading) -> bool {
        let broad = reading == Reading::Broad;
        let findings = self.subject.findings;
        match wanted {
            Wanted::Globs(globs) => self.named(field, globs, reading),
            Wanted::Verified(wanted) => self.requester_verified() == *wanted && (*wanted || broad),
            Wanted::Findings(ids) => broad && findings.iter().any(|f| ids.contains(&f.id)),
            Wanted::AtLeast(level) => {
                broad && findings.iter().any(|f| f.severity == Severity::Unknown || f.severity >= *level)
            }
        }
    }

    /// Broadly one thing that matches is enough; strictly all that are vouched for must match, and one must be there.
    fn named(&self, field: Field, globs: &Patterns, reading: Reading) -> bool {
        let things = self.things(field);
        match reading {
            Reading::Broad if things.is_empty() => globs.matches(&[], reading),
            Reading::Broad => things.iter().any(|t| globs.matches(&t.names, reading)),
            Reading::Strict => {
                let mut vouched = things.iter().filter(|t| t.vouched).peekable();
                vouched.peek().is_some() && vouched.all(|t| globs.matches(&t.names, reading))
            }
        }
    }

    fn things(&self, field: Field) -> Vec<Named> {
        let core = self.subject.core;
        let claimed = |text: &Text| vec![Named { names: vec![text.clone()], vouched: false }];
        let sure = |text: Text| vec![Named { names: vec![text], vouched: true }];
        let sourced =
            |text: &Text, source: Source| vec![Named { names: vec![text.clone()], vouched: self.vouches(source) }];
        match field {
            Field::Repository => sourced(&core.repository.value, core.repository.source),
            Field::Environment => sourced(&core.environment.value, core.environment.source),
            Field::Branch => core.branch.as_ref().map(claimed).unwrap_or_default(),
            Field::Action => claimed(&core.name),
            Field::Command => core.command.as_ref().map(|c| claimed(&joined(&c.argv))).unwrap_or_default(),
            Field::Workflow => core.workflow.as_ref().map(|w| sure(w.path.clone())).unwrap_or_default(),
            Field::Backend => sure(core.key.backend.as_str().into()),
            Field::Requester => self.identities(&[Role::Requester, Role::Trigger]),
            Field::Credential => self.identities(&[Role::Credential]),
            Field::Author => authors_of(core, self.subject.authors).map(|i| self.identity(i)).collect(),
            Field::Verified | Field::Finding | Field::Severity => Vec::new(),
        }
    }

    fn vouches(&self, source: Source) -> bool {
        source.is_verified() || self.trusting
    }

    fn identities(&self, roles: &[Role]) -> Vec<Named> {
        let of_roles = self.subject.core.identities.iter().filter(|i| roles.contains(&i.role));
        of_roles.map(|i| self.identity(i)).collect()
    }

    fn identity(&self, identity: &Identity) -> Named {
        Named { names: self.names_of(identity), vouched: self.vouches(identity.source) }
    }

    fn names_of(&self, identity: &Identity) -> Vec<Text> {
        let person = self.people.of_identity(identity).map(Person::as_str);
        std::iter::once(identity.name.clone()).chain(person.map(Text::from)).collect()
    }

    fn requester_verified(&self) -> bool {
        self.subject.core.requester().is_some_and(|i| i.source.is_verified())
    }
}

/// For matching only: an argument vector is never run from one text.
fn joined(argv: &[Text]) -> Text {
    let args: Vec<&[u8]> = argv.iter().map(Text::as_bytes).collect();
    Text::new(args.join(&b' '))
}
