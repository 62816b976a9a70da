//! Options of the console that stand before a command: `jit-tui --config F list` means `jit-tui list --config F`.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};

/// Those that most commands have as well.
const MOVED: [&str; 2] = ["--config", "--state"];

/// Moves them behind the command, where it declares them. What stands in front besides is left to the parser to
/// refuse.
pub fn moved(args: Vec<OsString>, cli: impl FnOnce() -> clap::Command) -> Vec<OsString> {
    let mut rest = VecDeque::from(args);
    let mut words: Vec<OsString> = rest.pop_front().into_iter().collect();
    let mut options = Vec::new();
    while let Some(count) = rest.front().and_then(|first| length(first)) {
        options.extend(rest.drain(..count.min(rest.len())));
    }
    if !options.is_empty() {
        let whole = cli();
        let mut here = &whole;
        while let Some(command) = rest.front().and_then(|word| here.find_subcommand(word)) {
            words.extend(rest.pop_front());
            here = command;
        }
    }
    words.into_iter().chain(options).chain(rest).collect()
}

/// How many words an option takes that begins with this one; nothing where it is none of these.
fn length(word: &OsStr) -> Option<usize> {
    let word = word.to_str()?;
    if MOVED.contains(&word) {
        return Some(2);
    }
    MOVED.iter().any(|name| word.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_before_a_command_are_those_of_the_command() {
        for (given, meant) in [
            ("jit-tui --config F list --json", "jit-tui list --config F --json"),
            ("jit-tui --state=D --config F audit list", "jit-tui audit list --state=D --config F"),
            ("jit-tui --config F", "jit-tui --config F"),
            ("jit-tui --config list", "jit-tui --config list"),
            ("jit-tui --config F --read-only list", "jit-tui --config F --read-only list"),
            ("jit-tui gate -- --config F", "jit-tui gate -- --config F"),
            ("jit-tui --config", "jit-tui --config"),
            ("jit-tui", "jit-tui"),
            ("jit-tui broker token add", "jit-tui broker token add"),
            ("jit-tui --state D broker token list", "jit-tui broker token list --state D"),
        ] {
            let words: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            let told: Vec<OsString> = meant.split(' ').map(OsString::from).collect();
            assert_eq!(moved(words, super::super::command), told, "{given}");
        }
    }
}
