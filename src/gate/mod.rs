//! L5. The pipeline's side: collects, asks, waits, checks again, starts, supervises, ends. Every fault ends in
//! "not granted".

mod address;
mod ask;
mod close;
pub mod collect;
mod exec;
mod link;
mod log;
mod run;
mod signals;
mod start;
mod status;
pub mod supervise;
mod tty;
mod wait;
mod warn;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;

pub use address::{Found, NoAddress, address};
pub use close::{CODES, Close};
pub use exec::exec;
pub use run::run;

/// What a gate is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The command and its arguments.
    pub argv: Vec<OsString>,
    /// The environment; else what the CI system says, else `default`.
    pub environment: Option<Text>,
    /// The repository's id; else what CI system or remote say.
    pub repository: Option<Text>,
    /// What is done; else the job's name, else the program's.
    pub name: Option<Text>,
    /// Why.
    pub reason: Text,
    /// How far the grant should reach.
    pub scope: Scope,
    /// How long it may run.
    pub run_for: Span,
    /// The base of the diff; else what the broker offers, else where the branch left the default one.
    pub base: Option<String>,
    /// How long to wait at most; absent = as long as the broker lets the request wait.
    pub wait: Option<Span>,
    /// How long the broker may be out of reach.
    pub patience: Span,
    /// The signal that asks the command to end.
    pub stop_signal: Text,
    /// From that signal to KILL.
    pub grace: Span,
    /// Where the broker is; else `JIT_TUI_BROKER`, else the local one.
    pub broker: Option<String>,
    /// Where the token lies; else `JIT_TUI_TOKEN`.
    pub token_file: Option<PathBuf>,
    /// Where to write how it stands, as JSON.
    pub status_file: Option<PathBuf>,
}
