//! People, every name that each goes by, and their groups.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{Group, Person};
use crate::domain::principal::{Identity, IdentityKind, Principal, fold};
use crate::domain::text::Text;
use crate::findings::Known;

/// Members by group.
pub(super) type Groups = BTreeMap<Group, BTreeSet<Person>>;

/// The names that a person goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) uids: Vec<u32>,
    pub(super) logins: Vec<String>,
    pub(super) emails: Vec<String>,
}

impl Names {
    /// Kind and name, folded so that two spellings of one name are equal.
    pub(super) fn folded(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let uids = self.uids.iter().map(|uid| ("uid", uid.to_string()));
        let logins = self.logins.iter().map(|login| ("login", fold(login)));
        let emails = self.emails.iter().map(|email| ("email", fold(email)));
        uids.chain(logins).chain(emails)
    }
}

/// Everyone whom the policy knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct People(BTreeMap<Person, Names>);

impl People {
    pub(super) fn new(people: BTreeMap<Person, Names>) -> Self {
        Self(people)
    }

    pub(super) fn get(&self, person: &Person) -> Option<&Names> {
        self.0.get(person)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Person> {
        self.0.keys()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(Person::as_str)
    }

    /// Everybody with every name that each goes by, numbers aside.
    pub(super) fn known(&self) -> Known {
        let of = |(person, names): (&Person, &Names)| {
            let person = person.as_str().to_owned();
            std::iter::once(person).chain(names.logins.clone()).chain(names.emails.clone()).collect()
        };
        Known::new(self.0.iter().map(of))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn of_uid(&self, uid: u32) -> Option<&Person> {
        self.0.iter().find(|(_, names)| names.uids.contains(&uid)).map(|(person, _)| person)
    }

    pub(super) fn of_login(&self, login: &Text) -> Option<&Person> {
        let login = fold(&login.lossy());
        self.0.iter().find(|(_, names)| names.logins.iter().any(|l| fold(l) == login)).map(|(person, _)| person)
    }

    /// The person behind an identity, where that is known.
    pub(super) fn of_identity(&self, identity: &Identity) -> Option<&Person> {
        self.0.keys().find(|person| self.is_called(person, identity))
    }

    /// Whether an identity may be this person: any name of theirs, whatever its kind says it is.
    pub(super) fn is_called(&self, person: &Person, identity: &Identity) -> bool {
        let own = [fold(person.as_str())];
        let given = self.get(person).into_iter().flat_map(Names::folded).map(|(_, name)| name);
        let asked = identity.spellings();
        own.into_iter().chain(given).any(|name| asked.contains(&name))
    }
}

/// Whether an identity is the very name under which the principal acts.
pub(super) fn is_subject(principal: &Principal, identity: &Identity) -> bool {
    let by_uid = principal.issuer == *"peer";
    by_uid == (identity.kind == IdentityKind::Uid) && fold(&principal.subject.lossy()) == fold(&identity.name.lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::{Role, Source};

    fn people() -> People {
        let alice = Names { uids: vec![1000], logins: vec!["Alice-GH".into()], emails: vec!["Alice@Acme.io".into()] };
        People::new(BTreeMap::from([("alice".parse().unwrap(), alice), ("bob".parse().unwrap(), Names::default())]))
    }

    #[test]
    fn a_person_is_found_under_every_name() {
        use IdentityKind::{Email, Login, Uid};
        for (kind, name, found) in [
            (Login, "alice-gh", Some("alice")),
            (Login, "ALICE", Some("alice")),
            (Email, "alice@acme.IO", Some("alice")),
            (Email, "123+alice-gh@users.noreply.github.com", Some("alice")),
            (Uid, "1000", Some("alice")),
            (Login, "bob", Some("bob")),
            (Email, "alice@elsewhere.io", None),
            (Uid, "1001", None),
        ] {
            let identity = Identity { role: Role::Requester, kind, name: name.into(), source: Source::Claimed };
            assert_eq!(people().of_identity(&identity).map(Person::as_str), found, "{name}");
        }
    }
}
