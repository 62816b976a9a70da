//! L4. The port to approval systems, the registry, and one folder for each of them.

pub mod broker;
pub mod git;
pub mod github;
pub mod port;
pub mod resolver;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{BackendTable, Faults, Kind};
use port::Backend;

/// Makes a backend of its table; paths in it are resolved beside the config file. Nothing is connected yet.
pub type Open = fn(&BackendTable, &dyn Fn(&Path) -> PathBuf) -> Result<Arc<dyn Backend>, Faults>;

/// An adapter: its keys for config, example and docs, and its constructor.
pub struct Spec {
    /// `kind = "…"` and its keys.
    pub kind: Kind,
    /// Its constructor.
    pub open: Open,
}

/// Every adapter. A new backend is one folder and one line here.
pub const SPECS: &[Spec] = &[broker::spec::SPEC, github::spec::SPEC];

/// Makes the backend of a table.
///
/// # Errors
/// Every fault in the table, or a token that cannot be had.
pub fn open(table: &BackendTable, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<Arc<dyn Backend>, Faults> {
    match SPECS.iter().find(|spec| spec.kind.name == table.kind) {
        Some(spec) => (spec.open)(table, resolve),
        None => Err(Faults(vec![table.wrong("no adapter reads this kind", "report it")])),
    }
}

/// What the example config and the docs print of every adapter.
pub const KINDS: &[Kind] = &[broker::spec::SPEC.kind, github::spec::SPEC.kind];
