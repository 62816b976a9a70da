//! Where config, state and the runtime socket lie. No file of the working folder is ever read as config.

use std::path::PathBuf;

use directories::ProjectDirs;

/// The folders of one user. All under one state folder share one local broker, audit log and guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`, `policy.toml`, `themes/`.
    pub config: PathBuf,
    /// Audit log, evidence store, the local broker's database, logs.
    pub state: PathBuf,
    /// The local broker's socket; absent where the system gives no runtime folder.
    pub runtime: Option<PathBuf>,
}

impl Paths {
    /// The folders of this user: `JIT_TUI_CONFIG_DIR` and `JIT_TUI_STATE_DIR` first, then XDG.
    /// Absent where there is no home folder either.
    pub fn of_user() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "jit-tui");
        let from_env = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let config = from_env("JIT_TUI_CONFIG_DIR").or_else(|| dirs.as_ref().map(|d| d.config_dir().to_owned()))?;
        let chosen = from_env("JIT_TUI_STATE_DIR");
        // A state folder of its own has its socket inside: two of them never meet in one runtime folder.
        let runtime =
            if chosen.is_some() { None } else { dirs.as_ref().and_then(|d| d.runtime_dir()).map(PathBuf::from) };
        let state =
            chosen.or_else(|| dirs.as_ref().map(|d| d.state_dir().unwrap_or_else(|| d.data_local_dir()).to_owned()))?;
        Some(Self { config, state, runtime })
    }
}
