//! The layers, laid over each other one by one; every fault is kept.

use super::section::{self, Section};
use super::{BackendTable, Config, Faults, environment};
use crate::domain::document::{Data, Diagnostic, Node, parse};
use crate::domain::spelling;
use crate::domain::text::{SafeText, Text};
use crate::keymap::Keymap;
use crate::safe;

const TABLES: [&str; 8] = ["console", "keys", "audit", "actions", "local", "broker", "guard", "backend"];

/// Before every name in the environment.
const PREFIX: &str = "JIT_TUI_";

pub(super) struct Layers<'a> {
    config: Config,
    faults: Vec<Diagnostic>,
    kinds: &'a [&'static str],
}

impl<'a> Layers<'a> {
    pub(super) fn new(kinds: &'a [&'static str]) -> Self {
        Self { config: Config::default(), faults: vec![], kinds }
    }

    pub(super) fn finish(mut self) -> Result<Config, Faults> {
        self.faults.sort();
        if self.faults.is_empty() { Ok(self.config) } else { Err(Faults(self.faults)) }
    }

    /// The file.
    pub(super) fn file(&mut self, name: SafeText, text: &str) {
        let root = match parse(name, text) {
            Ok(root) => root,
            Err(fault) => return self.faults.push(fault),
        };
        for (key, node) in root.entries().unwrap_or_default() {
            match key.name.as_str() {
                "keys" => self.keys(node),
                "backend" => self.backends(node),
                name if TABLES.contains(&name) => self.section(name, node),
                name => {
                    let fault = key.place.wrong(safe!("no table [{}]", key.shown()), spelling::mend(name, TABLES));
                    self.faults.push(fault);
                }
            }
        }
    }

    fn section(&mut self, name: &str, table: &Node) {
        for (_, section) in self.config.sections().into_iter().filter(|(n, _)| *n == name) {
            section::read(section, table, &[], &mut self.faults);
        }
    }

    fn keys(&mut self, table: &Node) {
        let entries = match table.entries() {
            Ok(entries) => entries,
            Err(fault) => return self.faults.push(fault),
        };
        let mut keys = vec![];
        for (verb, node) in entries {
            match chords(node) {
                Ok(chords) => keys.push((verb.name.as_str(), chords)),
                Err(fault) => self.faults.push(fault),
            }
        }
        let (keymap, conflicts) = Keymap::new(keys);
        self.config.keymap = keymap;
        self.faults.extend(conflicts.into_iter().map(|c| table.place.wrong(c.what, c.mend)));
    }

    fn backends(&mut self, node: &Node) {
        let Data::List(tables) = &node.data else {
            return self.faults.push(node.expected("a table [[backend]], in two brackets", node.data.kind()));
        };
        for table in tables {
            match BackendTable::of(table, self.kinds) {
                Ok(one) if self.config.backends.iter().any(|other| other.name == one.name) => {
                    let what = safe!("two backends are called {}", one.name);
                    self.faults.push(table.place.wrong(what, "give each a name of its own"));
                }
                Ok(one) => self.config.backends.push(one),
                Err(faults) => self.faults.extend(faults),
            }
        }
    }

    /// `JIT_TUI_CONSOLE_THEME=dark`. Names that start with no section are somebody else's.
    pub(super) fn environment(&mut self, env: &[(String, String)]) {
        for (name, value) in env {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            for (table, section) in self.config.sections() {
                let Some(key) = rest.strip_prefix(table.to_ascii_uppercase().as_str()) else { continue };
                let Some(key) = key.strip_prefix('_') else { continue };
                self.faults.extend(set_from_environment(section, name, key, value).err());
            }
        }
    }
}

fn set_from_environment(section: &mut dyn Section, name: &str, key: &str, value: &str) -> Result<(), Diagnostic> {
    let key = key.to_ascii_lowercase();
    let rows = section.rows();
    let shown = Text::from(name).ident();
    if !rows.iter().any(|row| row.name == key) {
        let mend = spelling::mend(&key, rows.iter().map(|row| row.name));
        return Err(environment().wrong(safe!("unknown setting {}", shown), mend));
    }
    section
        .set(&key, &from_environment(value))
        .map_err(|fault| Diagnostic { what: safe!("{}: {}", shown, fault.what), ..fault })
}

/// A number, true, false or a list as in the file; everything else is a text and needs no quotes.
fn from_environment(value: &str) -> Node {
    let read = parse(SafeText::lit("environment"), &format!("value = {value}")).ok();
    let entries = match read.map(|node| node.data) {
        Some(Data::Table(entries)) => entries,
        _ => vec![],
    };
    let data = match entries.into_iter().next() {
        Some((_, Node { data: data @ (Data::Bool(_) | Data::Int(_) | Data::List(_) | Data::Text(_)), .. })) => data,
        _ => Data::Text(value.to_owned()),
    };
    Node { place: environment(), data }
}

/// One key or a list of them.
fn chords(node: &Node) -> Result<Vec<&str>, Diagnostic> {
    match &node.data {
        Data::Text(chord) => Ok(vec![chord]),
        Data::List(items) => items.iter().map(Node::text).collect(),
        other => Err(node.expected("a key like \"g\" or a list of keys", other.kind())),
    }
}
