//! What this process must not leave lying about: readable files, core dumps, memory that others can look at.

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask};

/// Whose commands run under this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Only our own.
    Own,
    /// The caller's: umask and limits are left as they came.
    Lent,
}

/// Closes what can be closed. None of it is worth failing for.
pub fn harden(process: Process) {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = rustls::crypto::ring::default_provider().install_default();
    if process == Process::Own {
        umask(Mode::RWXG | Mode::RWXO);
        let core = getrlimit(Resource::Core);
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..core });
    }
}
