//! From TOML to a `Policy`: the top of the file, people and groups. What is not known is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use toml::de::DeTable;

use super::diagnostic::Diagnostic;
use super::glob::Patterns;
use super::keys::Section;
use super::people::{Groups, Names, People};
use super::reader::{Item, Place, Reader, offer};
use super::{PRODUCTION_DEFAULT, Policy, parse_rule};
use crate::domain::digest::Digest;
use crate::domain::ids::{Group, Person};
use crate::domain::text::{SafeText, Text};
use crate::safe;

impl Policy {
    /// Reads a policy; `file` is only its name in what is said.
    ///
    /// # Errors
    /// Every fault that was found, with its place and how to mend it. A policy with a fault is no policy.
    pub fn parse(text: &str, file: &str) -> Result<Policy, Vec<Diagnostic>> {
        let mut reader = Reader::new(text, file);
        let policy = match DeTable::parse(text) {
            Ok(root) => read(&mut reader, root.get_ref(), text),
            Err(error) => {
                reader.syntax(&error);
                None
            }
        };
        match (policy, reader.faults()) {
            (Some(policy), faults) if faults.is_empty() => Ok(policy),
            (_, faults) => Err(faults),
        }
    }
}

fn read(r: &mut Reader, root: &DeTable, text: &str) -> Option<Policy> {
    r.known_keys(root, Section::Top);
    let production = match root.get("production") {
        Some(item) => r.globs(item),
        None => Patterns::new(PRODUCTION_DEFAULT).ok(),
    };
    let people = root.get("people").map(|item| read_people(r, item)).unwrap_or_default();
    let groups = root.get("groups").map(|item| read_groups(r, item, &people)).unwrap_or_default();
    let rules = root.get("rule").map(|item| parse_rule::rules(r, item, &groups, &people)).unwrap_or_default();
    let digest = Digest::of(text.as_bytes());
    Some(Policy { digest, production: production?, people, groups, rules, own_machine: false })
}

fn read_people(r: &mut Reader, item: &Item) -> People {
    let mut people = BTreeMap::new();
    let mut taken = BTreeMap::new();
    for (key, item) in r.table(item).into_iter().flatten() {
        let person: Option<Person> = r.name(key.get_ref(), &key.span());
        let names = read_names(r, item);
        if let Some(person) = person {
            refuse_shared(r, &person, &names, &item.span(), &mut taken);
            people.insert(person, names);
        }
    }
    People::new(people)
}

fn read_names(r: &mut Reader, item: &Item) -> Names {
    let Some(table) = r.section(item, Section::Person) else { return Names::default() };
    let texts = |r: &mut Reader, key| -> Vec<String> {
        let strings = table.get(key).map(|item| r.strings(item)).unwrap_or_default();
        strings.into_iter().map(|(text, _)| text.to_owned()).collect()
    };
    let logins = texts(r, "logins");
    let emails = texts(r, "emails");
    let uids = table.get("uids").map(|item| r.list(item)).unwrap_or_default();
    Names { uids: uids.iter().filter_map(|i| r.number(i)).collect(), logins, emails }
}

/// A name of two people would let one vote for the other, or twice.
fn refuse_shared(r: &mut Reader, person: &Person, names: &Names, place: &Place, taken: &mut BTreeMap<String, Person>) {
    for name in names.folded() {
        let shown = Text::from(name.1.as_str()).ident();
        match taken.insert(format!("{}:{}", name.0, name.1), person.clone()) {
            Some(other) if other != *person => {
                r.fault(
                    place,
                    safe!("{} `{}` belongs to {} already", name.0, shown, other),
                    "give each name to one person",
                );
            }
            _ => {}
        }
    }
}

fn read_groups(r: &mut Reader, item: &Item, people: &People) -> Groups {
    let mut groups = BTreeMap::new();
    for (key, item) in r.table(item).into_iter().flatten() {
        let group: Option<Group> = r.name(key.get_ref(), &key.span());
        let members = r.strings(item);
        let known: BTreeSet<Person> =
            members.iter().filter_map(|(word, place)| known_person(r, people, word, place)).collect();
        if known.len() < members.len() && members.iter().all(|(word, _)| is_known(people, word)) {
            r.fault(&item.span(), SafeText::lit("somebody stands in this group twice"), "name each person once");
        }
        if let Some(group) = group {
            groups.insert(group, known);
        }
    }
    groups
}

fn is_known(people: &People, word: &str) -> bool {
    Person::from_str(word).is_ok_and(|person| people.get(&person).is_some())
}

fn known_person(r: &mut Reader, people: &People, word: &str, place: &Place) -> Option<Person> {
    if is_known(people, word) {
        return word.parse().ok();
    }
    let what = safe!("nobody is called `{}`", Text::from(word).ident());
    let mend = match offer_of(word, people.names()) {
        Some(mend) => mend,
        None => SafeText::lit("add them: [people.NAME]"),
    };
    r.fault(place, what, mend);
    None
}

/// An offer where there is anything to offer.
pub(super) fn offer_of<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<SafeText> {
    known.clone().next().is_some().then(|| offer(word, known))
}
