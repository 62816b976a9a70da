//! The keys in force: the table's own with the user's laid over it, and what of the user's could not be taken.

use std::collections::BTreeMap;

use super::key::Key;
use super::table::{Context, Row, VERBS, Verb};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// A line of the user's keys that was not taken, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What is wrong, with verb and key.
    pub what: SafeText,
    /// What to do.
    pub mend: SafeText,
}

/// Which key does what, where.
#[derive(Clone, Debug)]
pub struct Keymap {
    keys: BTreeMap<Verb, Vec<Key>>,
    by_key: BTreeMap<(Context, Key), Verb>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(std::iter::empty::<(&str, Vec<&str>)>()).0
    }
}

impl Keymap {
    /// The table's keys and the user's. A list adds to the table's own keys; `-x` unbinds `x` (the key itself is
    /// called `minus`). What cannot be taken is left out and reported.
    pub fn new<N: AsRef<str>, K: AsRef<str>>(
        overrides: impl IntoIterator<Item = (N, Vec<K>)>,
    ) -> (Self, Vec<Conflict>) {
        let mut keys: BTreeMap<Verb, Vec<Key>> = VERBS.iter().map(|row| (row.verb, defaults(row))).collect();
        let mut conflicts = Vec::new();
        let mut added = Vec::new();
        for (name, list) in overrides {
            let Some(row) = VERBS.iter().find(|row| row.name == name.as_ref()) else {
                conflicts.push(unknown_verb(name.as_ref()));
                continue;
            };
            for text in &list {
                lay_over(row, text.as_ref(), &mut keys, &mut added, &mut conflicts);
            }
        }
        added.into_iter().for_each(|(row, key)| add(row, key, &mut keys, &mut conflicts));
        let by_key = index(&keys);
        (Self { keys, by_key }, conflicts)
    }

    /// What the key means here: the context itself first, then moving, then everywhere. Dialogs stand alone.
    pub fn verb(&self, context: Context, key: Key) -> Option<Verb> {
        let inner = self.by_key.get(&(context, key));
        if context == Context::Dialog {
            return inner.copied();
        }
        inner
            .or_else(|| self.by_key.get(&(Context::Moving, key)))
            .or_else(|| self.by_key.get(&(Context::Anywhere, key)))
            .copied()
    }

    /// The keys of a verb, the one to show first.
    pub fn keys(&self, verb: Verb) -> &[Key] {
        self.keys.get(&verb).map(Vec::as_slice).unwrap_or_default()
    }

    /// The key to show for a verb; `:name` where it has none.
    pub fn shown(&self, verb: Verb) -> SafeText {
        match (self.keys(verb).first(), verb.row()) {
            (Some(key), _) => safe!("{}", key),
            (None, Some(row)) => safe!(":{}", row.name),
            (None, None) => SafeText::default(),
        }
    }
}

fn defaults(row: &Row) -> Vec<Key> {
    row.keys.iter().filter_map(|k| k.parse().ok()).collect()
}

fn unknown_verb(name: &str) -> Conflict {
    Conflict {
        what: safe!("keys: no verb is called {}", Text::from(name).ident()),
        mend: SafeText::lit("`?` in the console lists every verb by its name"),
    }
}

/// Unbinds at once; what is to be added waits until every unbinding is done, so that keys can be swapped.
fn lay_over(
    row: &'static Row,
    text: &str,
    keys: &mut BTreeMap<Verb, Vec<Key>>,
    added: &mut Vec<(&'static Row, Key)>,
    conflicts: &mut Vec<Conflict>,
) {
    let (unbind, name) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    match name.parse::<Key>() {
        Err(_) => conflicts.push(Conflict {
            what: safe!("keys: {} = {} is no key", row.name, Text::from(text).ident()),
            mend: SafeText::lit("write it like g, ctrl-o, alt-x, enter, space, minus, f5, pgdn; -x unbinds x"),
        }),
        Ok(key) if unbind => {
            if let Some(list) = keys.get_mut(&row.verb) {
                list.retain(|k| *k != key);
            }
        }
        Ok(key) => added.push((row, key)),
    }
}

fn add(row: &Row, key: Key, keys: &mut BTreeMap<Verb, Vec<Key>>, conflicts: &mut Vec<Conflict>) {
    if let Some(conflict) = taken(row, key, keys).or_else(|| unsafe_key(row, key, keys)) {
        conflicts.push(conflict);
        return;
    }
    let list = keys.entry(row.verb).or_default();
    if !list.contains(&key) {
        // The user's own key is the one that footer and help show.
        list.insert(0, key);
    }
}

fn taken(row: &Row, key: Key, keys: &BTreeMap<Verb, Vec<Key>>) -> Option<Conflict> {
    let other = VERBS.iter().find(|other| {
        other.verb != row.verb
            && keys.get(&other.verb).is_some_and(|list| list.contains(&key))
            && other.contexts.iter().any(|a| row.contexts.iter().any(|b| meet(*a, *b)))
    })?;
    Some(Conflict {
        what: safe!("keys: {} = {}: that key is {}'s", row.name, key, other.name),
        mend: safe!("free it first: {} = [\"-{}\"]", other.name, key),
    })
}

/// Whether one key would mean two things: only dialogs do not see what works everywhere.
fn meet(a: Context, b: Context) -> bool {
    let outer = |c| matches!(c, Context::Anywhere | Context::Moving);
    a == b || ((outer(a) || outer(b)) && a != Context::Dialog && b != Context::Dialog)
}

/// Danger never on enter, space or `y`, and a confirmation never on the key that opened it.
fn unsafe_key(row: &Row, key: Key, keys: &BTreeMap<Verb, Vec<Key>>) -> Option<Conflict> {
    let has = |verb: Verb| keys.get(&verb).is_some_and(|list| list.contains(&key));
    let easy = ["enter", "space", "y"].iter().any(|name| name.parse() == Ok(key));
    let pair = row.confirm.is_some_and(has) || VERBS.iter().any(|o| o.confirm == Some(row.verb) && has(o.verb));
    let by_accident = pair || (row.danger && easy);
    by_accident.then(|| Conflict {
        what: safe!("keys: {} = {} could approve or stop something by accident", row.name, key),
        mend: SafeText::lit("take another key: never enter, space or y, and never the key that opens the dialog"),
    })
}

fn index(keys: &BTreeMap<Verb, Vec<Key>>) -> BTreeMap<(Context, Key), Verb> {
    let mut by_key = BTreeMap::new();
    for row in VERBS {
        for key in keys.get(&row.verb).into_iter().flatten() {
            for context in row.contexts {
                by_key.entry((*context, *key)).or_insert(row.verb);
            }
        }
    }
    by_key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn the_defaults_do_not_clash() {
        let mut seen: BTreeMap<(Context, Key), &str> = BTreeMap::new();
        for row in VERBS {
            for (context, key) in row.contexts.iter().flat_map(|c| defaults(row).into_iter().map(move |k| (*c, k))) {
                assert_eq!(seen.insert((context, key), row.name), None, "{context:?} {key}");
            }
        }
    }

    #[test]
    fn the_inner_context_wins_and_dialogs_stand_alone() {
        let map = Keymap::default();
        assert_eq!(map.verb(Context::Queue, key("g")), Some(Verb::Top));
        assert_eq!(map.verb(Context::Dialog, key("g")), Some(Verb::Go));
        assert_eq!(map.verb(Context::Request, key("tab")), Some(Verb::NextTab));
        assert_eq!(map.verb(Context::Queue, key("q")), Some(Verb::Quit));
        assert_eq!(map.verb(Context::Dialog, key("q")), None);
    }

    #[test]
    fn a_list_adds_and_a_minus_unbinds() {
        let (map, conflicts) = Keymap::new([("approve", vec!["f6", "-a"]), ("mark", vec!["a"])]);
        assert_eq!(conflicts, []);
        assert_eq!(map.verb(Context::Queue, key("f6")), Some(Verb::Approve));
        assert_eq!(map.verb(Context::Queue, key("a")), Some(Verb::Mark));
        assert_eq!(map.verb(Context::Queue, key("m")), Some(Verb::Mark));
        assert_eq!(map.shown(Verb::Approve).as_str(), "f6");
    }

    #[test]
    fn what_cannot_be_taken_is_reported_with_its_mend() {
        for (verb, list, what, mend) in [
            ("aprove", "x", "keys: no verb is called aprove", "`?` in the console"),
            ("approve", "hyper-x", "keys: approve = hyper-x is no key", "write it like"),
            ("approve", "m", "keys: approve = m: that key is mark's", "free it first: mark = [\"-m\"]"),
            ("mark", "q", "keys: mark = q: that key is quit's", "free it first"),
            ("go", "enter", "keys: go = enter could approve", "take another key"),
            ("go", "a", "keys: go = a could approve", "take another key"),
            ("send-now", "y", "keys: send-now = y could approve", "take another key"),
        ] {
            let (map, conflicts) = Keymap::new([(verb, vec![list])]);
            assert_eq!(conflicts.len(), 1, "{verb} {list}");
            assert!(conflicts[0].what.as_str().starts_with(what), "{:?}", conflicts[0]);
            assert!(conflicts[0].mend.as_str().starts_with(mend), "{:?}", conflicts[0]);
            assert_eq!(map.verb(Context::Queue, key("a")), Some(Verb::Approve));
        }
    }

    #[test]
    fn a_verb_without_a_key_is_shown_by_its_name() {
        let (map, _) = Keymap::new([("look", vec!["-c"])]);
        assert_eq!(map.shown(Verb::Look).as_str(), ":look");
    }
}
