//! Lines for a CI log, on stderr: plain, each with the program's name before it, so that no text from outside
//! stands where a CI system looks for commands.

use std::io::Write;

use crate::domain::text::SafeText;
use crate::domain::time::Span;
use crate::sys::clock::{Deadline, now};

/// How long nothing may be said while waiting.
const QUIET: Span = Span::mins(1);

/// Writes one line. A reader that has gone is no reason to stop.
pub fn line(text: &SafeText) {
    let _ = writeln!(std::io::stderr().lock(), "jit-tui: {}", text.for_ci_log());
}

/// Says a thing when it changes, and again when a minute went by in silence.
pub struct Repeat {
    last: SafeText,
    silent_until: Deadline,
}

impl Repeat {
    /// Nothing was said yet.
    pub fn new() -> Self {
        Self { last: SafeText::default(), silent_until: Deadline::after(now(), QUIET) }
    }

    /// Whether `text` is to be said now.
    pub fn is_due(&mut self, text: &SafeText) -> bool {
        let due = *text != self.last || self.silent_until.is_past(now());
        if due {
            self.last = text.clone();
            self.silent_until = Deadline::after(now(), QUIET);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_a_minute() {
        let mut repeat = Repeat::new();
        let (one, two) = (SafeText::lit("votes 0 of 2"), SafeText::lit("votes 1 of 2"));
        assert_eq!([&one, &one, &two, &two, &one].map(|text| repeat.is_due(text)), [true, false, true, false, true]);
    }
}
