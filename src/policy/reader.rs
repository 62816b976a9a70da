//! Reads typed values out of TOML and gathers every fault with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::glob::Patterns;
use super::keys::{self, Section};
use super::near::nearest;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;

/// A value with its place.
pub(super) type Item<'i> = Spanned<DeValue<'i>>;
/// A place in the text, in bytes.
pub(super) type Place = Range<usize>;

/// Gathers faults; what a faulty value would have been stays absent.
pub(super) struct Reader<'t> {
    file: SafeText,
    text: &'t str,
    faults: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, file: &str) -> Self {
        Self { file: Text::from(file).ident(), text, faults: Vec::new() }
    }

    /// The faults in the order of the file.
    pub(super) fn faults(mut self) -> Vec<Diagnostic> {
        self.faults.sort_by_key(|f| (f.line, f.col));
        self.faults
    }

    pub(super) fn fault(&mut self, place: &Place, what: SafeText, mend: impl Into<SafeText>) {
        self.faults.push(Diagnostic::at(&self.file, self.text, place, what, mend.into()));
    }

    /// What the TOML parser itself found.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let place = error.span().unwrap_or_default();
        let what = safe!("not TOML: {}", Text::from(error.message()).prose());
        self.fault(&place, what, "write the file as https://toml.io says");
    }

    fn wrong_type(&mut self, item: &Item, expected: &'static str) {
        let what = safe!("{} is expected, not {}", expected, item.get_ref().type_str());
        self.fault(&item.span(), what, safe!("write {} here", expected));
    }

    pub(super) fn table<'a, 'i>(&mut self, item: &'a Item<'i>) -> Option<&'a DeTable<'i>> {
        let table = item.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(item, "a table");
        }
        table
    }

    /// A table that may hold the keys of one section only.
    pub(super) fn section<'a, 'i>(&mut self, item: &'a Item<'i>, section: Section) -> Option<&'a DeTable<'i>> {
        let table = self.table(item)?;
        self.known_keys(table, section);
        Some(table)
    }

    pub(super) fn known_keys(&mut self, table: &DeTable, section: Section) {
        for key in table.keys() {
            let word: &str = key.get_ref();
            if !keys::of(section).any(|k| k.word == word) {
                let what = safe!("unknown key `{}`", Text::from(word).ident());
                self.fault(&key.span(), what, offer(word, keys::of(section).map(|k| k.word)));
            }
        }
    }

    pub(super) fn list<'a, 'i>(&mut self, item: &'a Item<'i>) -> &'a [Item<'i>] {
        let list = item.get_ref().as_array().map(|array| array.get(..).unwrap_or_default());
        match list {
            None => self.wrong_type(item, "a list"),
            Some([]) => self.fault(&item.span(), SafeText::lit("an empty list says nothing"), "leave the key out"),
            Some(_) => {}
        }
        list.unwrap_or_default()
    }

    pub(super) fn string<'a>(&mut self, item: &'a Item) -> Option<&'a str> {
        match item.get_ref().as_str() {
            Some("") => self.fault(&item.span(), SafeText::lit("an empty text says nothing"), "leave the key out"),
            Some(text) => return Some(text),
            None => self.wrong_type(item, "a text in quotes"),
        }
        None
    }

    /// One text or a list of them.
    pub(super) fn strings<'a>(&mut self, item: &'a Item) -> Vec<(&'a str, Place)> {
        let items = if item.get_ref().is_str() { std::slice::from_ref(item) } else { self.list(item) };
        items.iter().filter_map(|i| Some((self.string(i)?, i.span()))).collect()
    }

    pub(super) fn globs(&mut self, item: &Item) -> Option<Patterns> {
        let globs = self.strings(item);
        let before = self.faults.len();
        for (glob, place) in &globs {
            if let Err(what) = Patterns::new([glob.strip_prefix('!').unwrap_or(glob)]) {
                self.fault(
                    place,
                    what,
                    "`*` is any text, `?` one character, `[ab]` and `{x,y}` choices, `\\` takes a meaning away",
                );
            }
        }
        if globs.is_empty() || self.faults.len() > before {
            return None;
        }
        Patterns::new(globs.iter().map(|(glob, _)| *glob))
            .map_err(|what| self.fault(&item.span(), what, "leave the excluded one out of one side"))
            .ok()
    }

    pub(super) fn boolean(&mut self, item: &Item) -> Option<bool> {
        let value = item.get_ref().as_bool();
        if value.is_none() {
            self.wrong_type(item, "true or false");
        }
        value
    }

    pub(super) fn number(&mut self, item: &Item) -> Option<u32> {
        let value = item.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok());
        if value.is_none() {
            self.wrong_type(item, "a whole number");
        }
        value
    }

    /// A length of time that is more than none and at most `cap`.
    pub(super) fn span(&mut self, item: &Item, cap: Span) -> Option<Span> {
        match self.string(item)?.parse::<Span>() {
            Ok(span) if span > Span::ZERO && span <= cap => return Some(span),
            Ok(Span::ZERO) => self.fault(&item.span(), SafeText::lit("no time at all"), "write at least 1s"),
            Ok(span) => self.fault(&item.span(), safe!("{} is over the cap", span), safe!("write at most {}", cap)),
            Err(_) => {
                self.fault(&item.span(), SafeText::lit("not a length of time"), "write it like 45m, 1h30m or 90s")
            }
        }
        None
    }

    /// A name of a person or group.
    pub(super) fn name<T: std::str::FromStr<Err = crate::domain::ids::BadId>>(
        &mut self,
        word: &str,
        place: &Place,
    ) -> Option<T> {
        let fault = |e: crate::domain::ids::BadId| {
            self.fault(place, safe!("`{}` is not a {}", Text::from(word).ident(), e.what), SafeText::lit(e.expected));
        };
        word.parse().map_err(fault).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, word: &str, place: &Place, choices: &[(&'static str, T)]) -> Option<T> {
        let found = choices.iter().find(|(w, _)| *w == word).map(|(_, value)| *value);
        if found.is_none() {
            let what = safe!("`{}` is none of the words for this key", Text::from(word).ident());
            self.fault(place, what, offer(word, choices.iter().map(|(w, _)| *w)));
        }
        found
    }

    pub(super) fn one_of<T: Copy>(&mut self, item: &Item, choices: &[(&'static str, T)]) -> Option<T> {
        let word = self.string(item)?;
        self.choice(word, &item.span(), choices)
    }
}

/// "did you mean", or the words there are.
pub(super) fn offer<'a>(typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> SafeText {
    match nearest(typed, known.clone()) {
        Some(word) => safe!("did you mean `{}`?", Text::from(word).ident()),
        None => {
            let words: Vec<SafeText> = known.map(|w| Text::from(w).ident()).collect();
            safe!("there are: {}", SafeText::join(&words, ", "))
        }
    }
}

/// Where a key of a table stands; the table's own place where it has none.
pub(super) fn place_of(table: &DeTable, key: &str, otherwise: &Place) -> Place {
    table.get_key_value(key).map_or_else(|| otherwise.clone(), |(k, _)| k.span())
}
