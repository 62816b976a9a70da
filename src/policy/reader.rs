//! Reads typed values out of a document and gathers every fault with its place.

use super::glob::Patterns;
use super::keys::{self, Section};
use crate::domain::document::{Data, Diagnostic, Key, Node, Place};
use crate::domain::ids::BadId;
use crate::domain::spelling;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;

/// The entries of a table.
pub(super) type Table<'n> = &'n [(Key, Node)];

/// Gathers faults; what a faulty value would have been stays absent.
#[derive(Default)]
pub(super) struct Reader {
    faults: Vec<Diagnostic>,
}

/// The value of a key.
pub(super) fn get<'n>(table: Table<'n>, key: &str) -> Option<&'n Node> {
    table.iter().find(|(k, _)| k.name == key).map(|(_, node)| node)
}

/// Where a key of a table stands; the table's own place where it has none.
pub(super) fn place_of<'n>(table: Table<'n>, key: &str, otherwise: &'n Place) -> &'n Place {
    table.iter().find(|(k, _)| k.name == key).map_or(otherwise, |(k, _)| &k.place)
}

impl Reader {
    /// The faults in the order of the file.
    pub(super) fn faults(mut self) -> Vec<Diagnostic> {
        self.faults.sort();
        self.faults
    }

    pub(super) fn fault(&mut self, place: &Place, what: impl Into<SafeText>, mend: impl Into<SafeText>) {
        self.faults.push(place.wrong(what, mend));
    }

    /// Keeps the fault of a failed reading.
    pub(super) fn note<T>(&mut self, read: Result<T, Diagnostic>) -> Option<T> {
        read.map_err(|fault| self.faults.push(fault)).ok()
    }

    fn wrong_type<T>(&mut self, node: &Node, expected: &'static str) -> Option<T> {
        self.fault(&node.place, safe!("this is {}", node.data.kind()), safe!("write {}", expected));
        None
    }

    pub(super) fn table<'n>(&mut self, node: &'n Node) -> Table<'n> {
        self.note(node.entries()).unwrap_or_default()
    }

    /// A table that may hold the keys of one section only.
    pub(super) fn section<'n>(&mut self, node: &'n Node, section: Section) -> Table<'n> {
        let table = self.table(node);
        for (key, _) in table {
            let known = keys::of(section).map(|k| k.word);
            if !known.clone().any(|word| word == key.name) {
                self.fault(&key.place, safe!("unknown key `{}`", key.shown()), spelling::mend(&key.name, known));
            }
        }
        table
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.data {
            Data::List(list) if !list.is_empty() => return list,
            Data::List(_) => self.fault(&node.place, "an empty list says nothing", "leave the key out"),
            _ => self.wrong_type::<()>(node, "a list").unwrap_or_default(),
        }
        &[]
    }

    pub(super) fn string<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let text = self.note(node.text())?;
        if text.is_empty() {
            self.fault(&node.place, "an empty text says nothing", "leave the key out");
            return None;
        }
        Some(text)
    }

    /// One text or a list of them.
    pub(super) fn strings<'n>(&mut self, node: &'n Node) -> Vec<(&'n str, &'n Place)> {
        let one = matches!(node.data, Data::Text(_));
        let nodes = if one { std::slice::from_ref(node) } else { self.list(node) };
        nodes.iter().filter_map(|n| Some((self.string(n)?, &n.place))).collect()
    }

    pub(super) fn globs(&mut self, node: &Node) -> Option<Patterns> {
        const MEND: &str = "`*` is any text, `?` one character, `[ab]` and `{x,y}` choices, `\\` takes a meaning away";
        let globs = self.strings(node);
        let before = self.faults.len();
        for (glob, place) in &globs {
            if let Err(what) = Patterns::new([glob.strip_prefix('!').unwrap_or(glob)]) {
                self.fault(place, what, MEND);
            }
        }
        if globs.is_empty() || self.faults.len() > before {
            return None;
        }
        Patterns::new(globs.iter().map(|(glob, _)| *glob))
            .map_err(|what| self.fault(&node.place, what, "leave the excluded one out of one side"))
            .ok()
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.data {
            Data::Bool(value) => Some(value),
            _ => self.wrong_type(node, "true or false"),
        }
    }

    pub(super) fn number(&mut self, node: &Node) -> Option<u32> {
        let value = match node.data {
            Data::Int(value) => u32::try_from(value).ok(),
            _ => None,
        };
        value.or_else(|| self.wrong_type(node, "a whole number that is not negative"))
    }

    /// A length of time that is more than none and at most `cap`.
    pub(super) fn span(&mut self, node: &Node, cap: Span) -> Option<Span> {
        match self.string(node)?.parse::<Span>() {
            Ok(span) if span > Span::ZERO && span <= cap => return Some(span),
            Ok(Span::ZERO) => self.fault(&node.place, "no time at all", "write at least 1s"),
            Ok(span) => self.fault(&node.place, safe!("{} is over the cap", span), safe!("write at most {}", cap)),
            Err(_) => self.fault(&node.place, "not a length of time", "write it like 45m, 1h30m or 90s"),
        }
        None
    }

    /// A name of a person or group.
    pub(super) fn name<T: std::str::FromStr<Err = BadId>>(&mut self, word: &str, place: &Place) -> Option<T> {
        let fault = |e: BadId| {
            self.fault(place, safe!("`{}` is not a {}", Text::from(word).ident(), e.what), e.expected);
        };
        word.parse().map_err(fault).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, word: &str, place: &Place, choices: &[(&'static str, T)]) -> Option<T> {
        let found = choices.iter().find(|(w, _)| *w == word).map(|(_, value)| *value);
        if found.is_none() {
            let what = safe!("`{}` is none of the words for this key", Text::from(word).ident());
            self.fault(place, what, spelling::mend(word, choices.iter().map(|(w, _)| *w)));
        }
        found
    }

    pub(super) fn one_of<T: Copy>(&mut self, node: &Node, choices: &[(&'static str, T)]) -> Option<T> {
        let word = self.string(node)?;
        self.choice(word, &node.place, choices)
    }
}
