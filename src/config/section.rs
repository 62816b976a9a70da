//! A section of the config: one table of keys drives the struct, its defaults, the reader and the example.

use super::value::Value;
use crate::domain::document::{Diagnostic, Node};
use crate::domain::spelling;
use crate::safe;

/// A key as help and example show it.
#[derive(Clone, Copy, Debug)]
pub struct KeyRow {
    /// Its name.
    pub name: &'static str,
    /// What it is for, a line each.
    pub doc: &'static [&'static str],
    /// The default as the file has it; where there is none, a value to start from.
    pub shown: fn() -> String,
}

/// A table of keys that can be read.
pub trait Section {
    /// Its keys.
    fn rows(&self) -> &'static [KeyRow];

    /// Sets one key.
    ///
    /// # Errors
    /// Where the value is of another kind or out of bounds.
    fn set(&mut self, key: &str, node: &Node) -> Result<(), Diagnostic>;
}

/// The default as printed; a sample stands for a default that is nothing.
#[doc(hidden)]
pub fn shown<V: Value>(default: &V, sample: &str) -> String {
    if sample.is_empty() { default.print().unwrap_or_default() } else { sample.to_owned() }
}

/// Reads a table into a section; unknown keys are faults. Keys in `others` are somebody else's.
pub fn read(section: &mut dyn Section, table: &Node, others: &[&str], faults: &mut Vec<Diagnostic>) {
    let entries = match table.entries() {
        Ok(entries) => entries,
        Err(fault) => return faults.push(fault),
    };
    let rows = section.rows();
    for (key, node) in entries.iter().filter(|(key, _)| !others.contains(&key.name.as_str())) {
        if rows.iter().any(|row| row.name == key.name) {
            faults.extend(section.set(&key.name, node).err());
            continue;
        }
        let mend = spelling::mend(&key.name, rows.iter().map(|row| row.name));
        faults.push(key.place.wrong(safe!("unknown key `{}`", key.shown()), mend));
    }
}

/// Declares a section: `key: Type = default;`, with `=> "sample"` where the default is nothing. Adapters
/// declare the keys of their `[[backend]]` tables with it as well.
#[macro_export]
macro_rules! section {
    ($(#[doc = $about:literal])* $section:ident {
        $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr $(=> $sample:literal)?;)*
    }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $section {
            $($(#[doc = $doc])+ pub $key: $type,)*
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $section {
            /// Its keys.
            pub const ROWS: &'static [$crate::config::KeyRow] = &[$($crate::config::KeyRow {
                name: stringify!($key),
                doc: &[$($doc),+],
                shown: || {
                    let default: $type = $default;
                    let sample = [$($sample,)? ""].first().copied().unwrap_or_default();
                    $crate::config::shown(&default, sample)
                },
            }),*];
        }

        impl $crate::config::Section for $section {
            fn rows(&self) -> &'static [$crate::config::KeyRow] {
                Self::ROWS
            }

            fn set(
                &mut self,
                key: &str,
                node: &$crate::domain::document::Node,
            ) -> Result<(), $crate::domain::document::Diagnostic> {
                match key {
                    $(stringify!($key) => self.$key = $crate::config::Value::read(node)?,)*
                    _ => {}
                }
                Ok(())
            }
        }
    };
}
