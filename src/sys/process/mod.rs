//! Processes behind small safe doors: signals by name, the tree below one, programs that run within limits.

pub mod bounded;
pub mod tree;

use std::process::Command;

use rustix::process::Signal;

use crate::domain::text::SafeText;

/// This very program, whatever happened to its file since it started.
pub const OURSELVES: &str = "/proc/self/exe";

/// The thread that calls this goes behind the others from now on: it gets the time that they leave. Its priority is
/// its own on Linux; it cannot come back.
pub fn step_back() {
    // Where it may not, nothing is lost but its manners.
    let _ = rustix::process::nice(BEHIND);
}

/// How far behind.
const BEHIND: i32 = 10;

/// Signals that a gate may send, by name.
const SIGNALS: &[(&str, Signal)] = &[
    ("TERM", Signal::TERM),
    ("INT", Signal::INT),
    ("HUP", Signal::HUP),
    ("QUIT", Signal::QUIT),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("WINCH", Signal::WINCH),
    ("KILL", Signal::KILL),
];

/// A signal by its name, `TERM` or `SIGTERM`, in any case.
pub fn signal_by_name(name: &str) -> Option<Signal> {
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS.iter().find(|(known, _)| *known == bare).map(|(_, signal)| *signal)
}

/// The name of a signal, without `SIG`; its number where the table has none.
pub fn signal_name(signal: Signal) -> SafeText {
    match SIGNALS.iter().find(|(_, known)| *known == signal) {
        Some((name, _)) => SafeText::lit(name),
        None => crate::safe!("{}", signal.as_raw()),
    }
}

/// Whether a variable carries a token of ours or names where one lies: no child may have it.
pub fn is_secret_variable(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("JIT_TUI_") && name.contains("TOKEN")
}

/// Takes our tokens out of a child's environment.
pub fn without_secrets(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_secret_variable(name)) {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_found_by_name() {
        for (name, signal) in [
            ("TERM", Some(Signal::TERM)),
            ("sigint", Some(Signal::INT)),
            ("Kill", Some(Signal::KILL)),
            ("SIG", None),
            ("STOP", None),
        ] {
            assert_eq!(signal_by_name(name), signal, "{name}");
        }
        assert_eq!(signal_name(Signal::HUP).as_str(), "HUP");
    }

    #[test]
    fn whatever_names_a_token_of_ours_is_kept_from_children() {
        for (name, secret) in
            [("JIT_TUI_TOKEN", true), ("JIT_TUI_TOKEN_FILE", true), ("JIT_TUI_GRANT", false), ("TOKEN", false)]
        {
            assert_eq!(is_secret_variable(name.as_ref()), secret, "{name}");
        }
    }
}
