//! How a gate ends: one table of exit codes, which help prints and the status file names.

use crate::domain::text::SafeText;

/// Why a gate ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Close {
    /// The command ended with this code (128 and more: by a signal).
    Command(u8),
    /// A person said no.
    Rejected,
    /// Nobody decided in time.
    TimedOut,
    /// Policy said no.
    Denied,
    /// The grant was taken back.
    Revoked,
    /// Its time was over.
    Expired,
    /// It is no longer what was asked.
    Changed,
    /// The broker is out of reach.
    Unreachable,
    /// Gave up waiting, or somebody took the request back.
    GaveUp,
    /// The gate was told to end by this signal.
    Interrupted(i32),
    /// The gate itself failed.
    Failed,
    /// There, but not to be executed.
    NotExecutable,
    /// No such command.
    NotFound,
}

/// Code, word and meaning of every end that is not the command's own.
pub const CODES: &[(u8, &str, &str)] = &[
    (125, "failed", "the gate itself failed; nothing ran"),
    (126, "not-executable", "the command cannot be executed; nothing ran"),
    (127, "not-found", "the command, or the interpreter of its first line, is not there; nothing ran"),
    (230, "rejected", "an approver rejected it"),
    (231, "timed-out", "nobody decided in time"),
    (232, "denied", "denied by policy"),
    (233, "revoked", "the grant was revoked; the command was ended, or never started"),
    (234, "expired", "the time of the grant was over; the command was ended, or never started"),
    (235, "changed", "head, tree or program changed since it was asked; nothing ran"),
    (236, "unreachable", "the broker is out of reach; nothing ran"),
    (237, "gave-up", "gave up waiting, or the request was taken back"),
];

impl Close {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Close::Command(code) => *code,
            Close::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
            Close::Failed => 125,
            Close::NotExecutable => 126,
            Close::NotFound => 127,
            Close::Rejected => 230,
            Close::TimedOut => 231,
            Close::Denied => 232,
            Close::Revoked => 233,
            Close::Expired => 234,
            Close::Changed => 235,
            Close::Unreachable => 236,
            Close::GaveUp => 237,
        }
    }

    /// The word in the status file, which tells a gate's code from the same one of a command.
    pub fn word(&self) -> &'static str {
        match self {
            Close::Command(_) => "command",
            Close::Interrupted(_) => "interrupted",
            other => CODES.iter().find(|row| row.0 == other.code()).map_or("failed", |row| row.1),
        }
    }

    /// The meaning, for the last line of the log.
    pub fn meaning(&self) -> SafeText {
        match self {
            Close::Command(code) => crate::safe!("the command ended with {}", u32::from(*code)),
            Close::Interrupted(_) => SafeText::lit("interrupted; the request was taken back, nothing ran"),
            other => SafeText::lit(CODES.iter().find(|row| row.0 == other.code()).map_or("", |row| row.2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_code_and_word() {
        for (close, code, word) in [
            (Close::Command(3), 3, "command"),
            (Close::Command(230), 230, "command"),
            (Close::Interrupted(15), 143, "interrupted"),
            (Close::Rejected, 230, "rejected"),
            (Close::Changed, 235, "changed"),
            (Close::GaveUp, 237, "gave-up"),
        ] {
            assert_eq!((close.code(), close.word()), (code, word));
        }
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
