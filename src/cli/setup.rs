//! What most commands begin with: the folders, the config, the theme, a tokio runtime.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};
use tokio::runtime::{Builder, Runtime};

use crate::config::{Config, FileChoice, Sources, read_file};
use crate::domain::document::Diagnostic;
use crate::policy::Policy;
use crate::sys::files::check_ours;
use crate::sys::paths::Paths;
use crate::theme::{self, Loaded, Source};

pub use crate::backends::KINDS;

/// Which config is meant.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigArg {
    /// The config file [default: $JIT_TUI_CONFIG, else config.toml in the config folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl ConfigArg {
    /// The file that is meant.
    pub fn choice(&self, paths: &Paths) -> FileChoice {
        let from_env = || std::env::var_os("JIT_TUI_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
        match self.config.clone().or_else(from_env) {
            Some(path) => FileChoice::Named(path),
            None => FileChoice::Usual(paths.config.join("config.toml")),
        }
    }

    /// Loads the config; every fault in one error.
    pub fn load(&self, paths: &Paths) -> Result<Config> {
        let kinds: Vec<&'static str> = KINDS.iter().map(|kind| kind.name).collect();
        Config::load(&Sources { file: self.choice(paths), check: &check_ours, env: environment(), kinds: &kinds })
            .wrap_err("the config is not in order")
    }
}

/// The folders of this user.
pub fn paths() -> Result<Paths> {
    Paths::of_user().ok_or_else(|| {
        eyre!("there is no home folder: set JIT_TUI_CONFIG_DIR and JIT_TUI_STATE_DIR to folders of yours")
    })
}

/// A policy out of its text; every fault in one error.
pub fn policy(text: &str, file: &Path) -> Result<Policy> {
    Policy::parse(text, &file.display().to_string()).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(Diagnostic::to_string).collect();
        eyre!("{}", faults.join("\n"))
    })
}

/// The whole environment, as text. Bytes that are none become U+FFFD: a setting is refused, never passed over.
pub fn environment() -> Vec<(String, String)> {
    let text = |raw: std::ffi::OsString| raw.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// One variable of the environment, as text.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The theme by its name, with what could not be read of it.
pub fn theme(name: &str, paths: &Paths) -> Result<Loaded, Diagnostic> {
    let refused = RefCell::new(vec![]);
    let own = |name: &str| {
        let path = paths.config.join("themes").join(format!("{name}.toml"));
        match read_file(&FileChoice::Usual(path), &check_ours) {
            Ok(file) => file.map(|file| Source { file: file.name, text: file.text }),
            Err(fault) => {
                refused.borrow_mut().push(fault);
                None
            }
        }
    };
    let loaded = theme::load(name, &own);
    let refused = refused.into_inner();
    match loaded {
        Ok(Loaded { theme, mut warnings }) => {
            warnings.extend(refused);
            Ok(Loaded { theme, warnings })
        }
        // Why the file was not read says more than that the theme is not there.
        Err(fault) => Err(refused.into_iter().next().unwrap_or(fault)),
    }
}

/// The tokio runtime; the caller's thread drives it, two more do what goes on beside.
pub fn runtime() -> Result<Runtime> {
    started(Builder::new_multi_thread().worker_threads(2))
}

/// The same without any other thread: tasks have their turn where the caller's waits.
pub fn runtime_alone() -> Result<Runtime> {
    started(&mut Builder::new_current_thread())
}

fn started(builder: &mut Builder) -> Result<Runtime> {
    let started = builder.enable_all().build();
    started.wrap_err("cannot start the threads of the program: is the limit on processes reached (ulimit -u)?")
}
