//! L2. The config: defaults, then one file, then `JIT_TUI_<SECTION>_<KEY>` of the environment. What is not known
//! is refused, with its place and what was meant; nothing is guessed.

mod backend;
mod example;
mod file;
mod layers;
mod schema;
mod section;
mod value;

use std::fmt;
use std::path::{Path, PathBuf};

pub use backend::BackendTable;
pub use example::{Kind, example};
pub use file::{Check, FileChoice, read_file};
pub use schema::{Actions, Audit, Backend, Broker, Colours, Console, ForgeUrl, Guard, Local, OnPendingTtl};
#[doc(hidden)]
pub use section::shown;
pub use section::{KeyRow, Section};
pub use value::{Count, Time, Value};

use crate::domain::document::{Diagnostic, Place};
use crate::keymap::Keymap;

/// The whole config.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `[console]`.
    pub console: Console,
    /// `[audit]`.
    pub audit: Audit,
    /// `[actions]`.
    pub actions: Actions,
    /// `[local]`.
    pub local: Local,
    /// `[broker]`.
    pub broker: Broker,
    /// `[guard]`.
    pub guard: Guard,
    /// `[keys]`, checked.
    pub keymap: Keymap,
    /// `[[backend]]`, in the order of the file; each adapter reads its own.
    pub backends: Vec<BackendTable>,
    /// The file that was read; absent where there is none.
    pub file: Option<PathBuf>,
}

/// Where a config comes from.
pub struct Sources<'a> {
    /// Which file.
    pub file: FileChoice,
    /// Who may own it.
    pub check: Check<'a>,
    /// The environment; only `JIT_TUI_…` counts.
    pub env: Vec<(String, String)>,
    /// The kinds of backend there are.
    pub kinds: &'a [&'static str],
}

/// All that is wrong with a config, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Diagnostic>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl Config {
    /// Loads all layers.
    ///
    /// # Errors
    /// Every fault that there is, not only the first.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Faults> {
        let mut layers = layers::Layers::new(sources.kinds);
        let path = match read_file(&sources.file, sources.check) {
            Ok(Some(source)) => {
                layers.file(source.name, &source.text);
                Some(source.path)
            }
            Ok(None) => None,
            Err(fault) => return Err(Faults(vec![fault])),
        };
        layers.environment(&sources.env);
        let mut config = layers.finish()?;
        config.file = path;
        Ok(config)
    }

    /// A path of the config: relative ones start at the folder of its file.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        match self.file.as_deref().and_then(Path::parent) {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    fn sections(&mut self) -> [(&'static str, &mut dyn Section); 6] {
        [
            ("console", &mut self.console),
            ("audit", &mut self.audit),
            ("actions", &mut self.actions),
            ("local", &mut self.local),
            ("broker", &mut self.broker),
            ("guard", &mut self.guard),
        ]
    }
}

/// The environment as a place.
fn environment() -> Place {
    Place::whole("environment".into())
}

#[cfg(test)]
mod tests;
