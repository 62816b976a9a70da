//! From TOML to a `Policy`: the top of the file, people and groups. What is not known is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::glob::Patterns;
use super::keys::Section;
use super::people::{Groups, Names, People};
use super::reader::{Reader, get};
use super::{PRODUCTION_DEFAULT, Policy, parse_rule, weigh};
use crate::domain::digest::Digest;
use crate::domain::document::{self, Diagnostic, Node, Place};
use crate::domain::ids::{Group, Person};
use crate::domain::spelling;
use crate::domain::text::Text;
use crate::safe;

impl Policy {
    /// Reads a policy; `file` is only its name in what is said.
    ///
    /// # Errors
    /// Every fault that was found, with its place and how to mend it. A policy with a fault is no policy.
    pub fn parse(text: &str, file: &str) -> Result<Policy, Vec<Diagnostic>> {
        let root = document::parse(Text::from(file).ident(), text).map_err(|fault| vec![fault])?;
        let mut reader = Reader::default();
        let policy = read(&mut reader, &root, text);
        match (policy, reader.faults()) {
            (Some(policy), faults) if faults.is_empty() => Ok(policy),
            (_, faults) => Err(faults),
        }
    }
}

fn read(r: &mut Reader, root: &Node, text: &str) -> Option<Policy> {
    let root = r.section(root, Section::Top);
    let production = match get(root, "production") {
        Some(node) => r.globs(node),
        None => Patterns::new(PRODUCTION_DEFAULT).ok(),
    };
    let people = get(root, "people").map(|node| read_people(r, node)).unwrap_or_default();
    let groups = get(root, "groups").map(|node| read_groups(r, node, &people)).unwrap_or_default();
    let rules = get(root, "rule").map(|node| parse_rule::rules(r, node, &groups, &people)).unwrap_or_default();
    let weights = get(root, "findings").map(|node| weigh::read(r, node)).unwrap_or_default();
    let digest = Digest::of(text.as_bytes());
    Some(Policy {
        digest,
        production: production?,
        known: people.known(),
        weights,
        people,
        groups,
        rules,
        own_machine: false,
    })
}

fn read_people(r: &mut Reader, node: &Node) -> People {
    let mut people = BTreeMap::new();
    let mut taken = BTreeMap::new();
    for (key, node) in r.table(node) {
        let person: Option<Person> = r.name(&key.name, &key.place);
        let names = read_names(r, node);
        if let Some(person) = person {
            refuse_shared(r, &person, &names, &node.place, &mut taken);
            people.insert(person, names);
        }
    }
    People::new(people)
}

fn read_names(r: &mut Reader, node: &Node) -> Names {
    let table = r.section(node, Section::Person);
    let texts = |r: &mut Reader, key| -> Vec<String> {
        let strings = get(table, key).map(|node| r.strings(node)).unwrap_or_default();
        strings.into_iter().map(|(text, _)| text.to_owned()).collect()
    };
    let logins = texts(r, "logins");
    let emails = texts(r, "emails");
    let uids = get(table, "uids").map(|node| r.list(node)).unwrap_or_default();
    Names { uids: uids.iter().filter_map(|n| r.number(n)).collect(), logins, emails }
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

fn read_groups(r: &mut Reader, node: &Node, people: &People) -> Groups {
    let mut groups = BTreeMap::new();
    for (key, node) in r.table(node) {
        let group: Option<Group> = r.name(&key.name, &key.place);
        let members = r.strings(node);
        let known: Vec<Person> =
            members.iter().filter_map(|(word, place)| known_person(r, people, word, place)).collect();
        let distinct: BTreeSet<Person> = known.iter().cloned().collect();
        if distinct.len() < known.len() {
            r.fault(&node.place, "somebody stands in this group twice", "name each person once");
        }
        if let Some(group) = group {
            groups.insert(group, distinct);
        }
    }
    groups
}

fn known_person(r: &mut Reader, people: &People, word: &str, place: &Place) -> Option<Person> {
    let person = Person::from_str(word).ok().filter(|person| people.get(person).is_some());
    if person.is_none() {
        let mend =
            if people.len() == 0 { "add them: [people.NAME]".into() } else { spelling::mend(word, people.names()) };
        r.fault(place, safe!("nobody is called `{}`", Text::from(word).ident()), mend);
    }
    person
}
