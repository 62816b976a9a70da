//! A TOML file in which every key and value knows its place, so that whoever reads it can say
//! `config.toml:3:7: …`. Themes and config share it; adapters read their own tables of it.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::text::{SafeText, Shown, Text};
use crate::safe;

/// Where in a file: lines and columns count from 1. Line 0: the file as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, or whatever else it is: `environment`.
    pub file: SafeText,
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Place {
    /// The file as a whole.
    pub fn whole(file: SafeText) -> Self {
        Self { file, line: 0, column: 0 }
    }

    /// At a byte of a text.
    pub fn in_text(file: SafeText, text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let number = before.bytes().filter(|b| *b == b'\n').count() + 1;
        Self { file, line: number, column: line.chars().count() + 1 }
    }

    /// A fault that lies here.
    pub fn wrong(&self, what: impl Into<SafeText>, mend: impl Into<SafeText>) -> Diagnostic {
        Diagnostic { place: self.clone(), what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

impl Shown for Place {}

/// What is wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub what: SafeText,
    /// How to mend it; may be empty.
    pub mend: SafeText,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        if self.mend.as_str().is_empty() { Ok(()) } else { write!(f, "\n  {}", self.mend) }
    }
}

impl Shown for Diagnostic {}

impl std::error::Error for Diagnostic {}

/// A key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// As written.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

impl Key {
    /// The key as it may be shown.
    pub fn shown(&self) -> SafeText {
        Text::from(self.name.as_str()).ident()
    }
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub data: Data,
}

/// What a value can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A string.
    Text(String),
    /// A whole number.
    Int(i64),
    /// `true` or `false`.
    Bool(bool),
    /// An array, also one of tables.
    List(Vec<Node>),
    /// A table, sorted by key.
    Table(Vec<(Key, Node)>),
    /// A kind that no file of ours uses: a float, a date, a number too big.
    Other(&'static str),
}

impl Data {
    /// The kind, as messages name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Data::Text(_) => "a text",
            Data::Int(_) => "a number",
            Data::Bool(_) => "true or false",
            Data::List(_) => "a list",
            Data::Table(_) => "a table",
            Data::Other(kind) => kind,
        }
    }
}

impl Node {
    /// The entries of a table.
    ///
    /// # Errors
    /// Where it is no table.
    pub fn entries(&self) -> Result<&[(Key, Node)], Diagnostic> {
        match &self.data {
            Data::Table(entries) => Ok(entries),
            other => Err(self.expected("a table", other.kind())),
        }
    }

    /// The text of a string.
    ///
    /// # Errors
    /// Where it is no string.
    pub fn text(&self) -> Result<&str, Diagnostic> {
        match &self.data {
            Data::Text(text) => Ok(text),
            other => Err(self.expected("a text in quotes", other.kind())),
        }
    }

    /// A value of a kind that was not asked for.
    pub fn expected(&self, wanted: &'static str, found: &'static str) -> Diagnostic {
        self.place.wrong(safe!("this is {}", found), safe!("write {}", wanted))
    }
}

/// Reads a TOML text; the result is a table.
///
/// # Errors
/// What the grammar forbids, with its place.
pub fn parse(file: SafeText, text: &str) -> Result<Node, Diagnostic> {
    let source = Source { file, text };
    match DeTable::parse(text) {
        Ok(table) => {
            let place = Place { line: 1, column: 1, file: source.file.clone() };
            Ok(Node { place, data: source.table(table.into_inner()) })
        }
        Err(e) => {
            let place = source.place(&e.span().unwrap_or_default());
            Err(place.wrong(safe!("not TOML: {}", Text::from(e.message()).prose()), ""))
        }
    }
}

struct Source<'t> {
    file: SafeText,
    text: &'t str,
}

impl Source<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        Place::in_text(self.file.clone(), self.text, span.start)
    }

    fn node(&self, value: Spanned<DeValue<'_>>) -> Node {
        Node { place: self.place(&value.span()), data: self.data(value.into_inner()) }
    }

    fn data(&self, value: DeValue<'_>) -> Data {
        match value {
            DeValue::String(text) => Data::Text(text.into_owned()),
            DeValue::Boolean(bit) => Data::Bool(bit),
            DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
                Ok(n) => Data::Int(n),
                Err(_) => Data::Other("a number out of range"),
            },
            DeValue::Array(list) => Data::List(list.into_iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => self.table(table),
            DeValue::Float(_) => Data::Other("a number with a fraction"),
            DeValue::Datetime(_) => Data::Other("a date"),
        }
    }

    fn table(&self, table: DeTable<'_>) -> Data {
        let entry = |(key, value): (Spanned<std::borrow::Cow<'_, str>>, _)| {
            let place = self.place(&key.span());
            (Key { name: key.into_inner().into_owned(), place }, self.node(value))
        };
        Data::Table(table.into_iter().map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Diagnostic> {
        parse(SafeText::lit("f.toml"), text)
    }

    #[test]
    fn keys_and_values_know_their_place() {
        let root = read("[console]\n# ü\ntheme = \"dark\"\nn = 0x1_0\n").unwrap();
        let (key, console) = &root.entries().unwrap()[0];
        assert_eq!((key.name.as_str(), key.place.line), ("console", 1));
        let entries = console.entries().unwrap();
        assert_eq!(entries[0].1.data, Data::Int(16));
        let (key, theme) = &entries[1];
        assert_eq!((key.place.to_string(), theme.place.to_string()), ("f.toml:3:1".into(), "f.toml:3:9".into()));
        assert_eq!(theme.text().unwrap(), "dark");
    }

    #[test]
    fn what_is_not_toml_is_said_with_its_place() {
        for (text, place) in [("a = ", "f.toml:1:"), ("a = 1\na = 2\n", "f.toml:2:1"), ("[x\n", "f.toml:1:")] {
            let wrong = read(text).unwrap_err().to_string();
            assert!(wrong.starts_with(place), "{wrong}");
        }
    }

    #[test]
    fn control_characters_of_a_file_never_come_through() {
        let root = read("\"a\\u001b\" = 1.5").unwrap();
        let (key, value) = &root.entries().unwrap()[0];
        assert_eq!(key.shown().as_str(), "a\\u{1b}");
        assert_eq!(value.text().unwrap_err().what.as_str(), "this is a number with a fraction");
        let wrong = read("\u{1b} = 1").unwrap_err().to_string();
        assert!(!wrong.contains('\u{1b}'), "{wrong:?}");
    }
}
