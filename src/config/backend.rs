//! A `[[backend]]` table: what all have in common is read here, the rest by its adapter.

use super::schema::Backend;
use super::section::{Section, read};
use crate::domain::document::{Diagnostic, Node};
use crate::domain::ids::BackendName;
use crate::domain::spelling;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::safe;

/// One configured backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendTable {
    /// Which adapter reads it.
    pub kind: &'static str,
    /// How the user calls it.
    pub name: BackendName,
    /// How often it is asked where it does not tell by itself.
    pub interval: Span,
    table: Node,
}

impl BackendTable {
    /// Reads the adapter's own keys.
    ///
    /// # Errors
    /// Every fault in them.
    pub fn read<S: Section + Default>(&self) -> Result<S, super::Faults> {
        let (mut section, mut faults) = (S::default(), vec![]);
        let common: Vec<&str> = Backend::ROWS.iter().map(|row| row.name).collect();
        read(&mut section, &self.table, &common, &mut faults);
        if faults.is_empty() { Ok(section) } else { Err(super::Faults(faults)) }
    }

    /// Something about the table as a whole that its adapter cannot take.
    pub fn wrong(&self, what: impl Into<crate::domain::text::SafeText>, mend: &'static str) -> Diagnostic {
        self.table.place.wrong(what, mend)
    }

    /// Reads what all have in common.
    pub(super) fn of(table: &Node, kinds: &[&'static str]) -> Result<Self, Vec<Diagnostic>> {
        let (mut common, mut faults) = (Backend::default(), vec![]);
        for (key, node) in table.entries().map_err(|fault| vec![fault])? {
            faults.extend(common.set(&key.name, node).err());
        }
        let kind = kinds.iter().find(|kind| **kind == common.kind).ok_or_else(|| {
            let what = safe!("no kind of backend `{}`", Text::from(common.kind.as_str()).ident());
            table.place.wrong(what, spelling::mend(&common.kind, kinds.iter().copied()))
        });
        let name = common.name.parse::<BackendName>().map_err(|e| {
            let what = safe!("`{}` is no name of a backend", Text::from(common.name.as_str()).ident());
            table.place.wrong(what, safe!("write name = \"…\": {}", e.expected))
        });
        match (kind, name) {
            (Ok(kind), Ok(name)) if faults.is_empty() => {
                Ok(Self { kind, name, interval: common.interval.get(), table: table.clone() })
            }
            (kind, name) => {
                faults.extend(kind.err().into_iter().chain(name.err()));
                Err(faults)
            }
        }
    }
}
