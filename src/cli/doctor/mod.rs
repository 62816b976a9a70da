//! `jit-tui doctor`: what this program finds here, and what of it is wrong. A check is a row of `CHECKS`.

mod brokers;

use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::setup::{self, ConfigArg};
use super::{Exit, log, out};
use crate::config::Config;
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::clock;
use crate::sys::files::check_ours;
use crate::sys::paths::Paths;
use crate::theme::Depth;

/// Say what the program finds here, and what of it is wrong (exit 1 if anything is).
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object a line: check, state, what, mend
    #[arg(long)]
    json: bool,
}

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Wrong.
    Bad,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Note => "note",
            State::Bad => "BAD",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How it stands.
    pub state: State,
    /// What was found.
    pub what: SafeText,
    /// How to mend it; empty where nothing is wrong.
    pub mend: SafeText,
}

impl Found {
    /// As it should be.
    pub fn ok(what: SafeText) -> Self {
        Self { state: State::Ok, what, mend: SafeText::default() }
    }

    /// Worth knowing.
    pub fn note(what: SafeText, mend: impl Into<SafeText>) -> Self {
        Self { state: State::Note, what, mend: mend.into() }
    }

    /// Wrong.
    pub fn bad(what: SafeText, mend: impl Into<SafeText>) -> Self {
        Self { state: State::Bad, what, mend: mend.into() }
    }
}

/// What the checks look at.
pub struct Here<'a> {
    /// The folders.
    pub paths: &'a Paths,
    /// The config, or what is wrong with it.
    pub config: color_eyre::Result<Config>,
}

type Check = fn(&Here<'_>) -> Vec<Found>;

const CHECKS: &[(&str, Check)] = &[
    ("version", version),
    ("config", config),
    ("theme", theme),
    ("folders", folders),
    ("terminal", terminal),
    ("clock", clocks),
    ("proxy", proxies),
    ("backends", brokers::brokers),
];

/// Runs it.
pub fn run(args: Args) -> Exit {
    let paths = setup::paths()?;
    let here = Here { paths: &paths, config: args.config.load(&paths) };
    let mut worst = ExitCode::SUCCESS;
    for (name, check) in CHECKS {
        for found in check(&here) {
            if found.state == State::Bad {
                worst = ExitCode::FAILURE;
            }
            match args.json {
                true => out::json(&Row::of(name, &found))?,
                false => out::line(&as_text(name, &found))?,
            }
        }
    }
    Ok(worst)
}

fn as_text(name: &'static str, found: &Found) -> SafeText {
    let first = safe!("{:<10}{:<6}{}", name, found.state.word(), found.what);
    match found.mend.as_str() {
        "" => first,
        _ => safe!("{}\n{:16}{}", first, "", found.mend),
    }
}

#[derive(Serialize)]
struct Row<'a> {
    check: &'a str,
    state: State,
    what: &'a str,
    mend: &'a str,
}

impl<'a> Row<'a> {
    fn of(check: &'a str, found: &'a Found) -> Self {
        Self { check, state: found.state, what: found.what.as_str(), mend: found.mend.as_str() }
    }
}

fn version(_: &Here<'_>) -> Vec<Found> {
    vec![Found::ok(safe!(
        "jit-tui {} on {} {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    ))]
}

fn config(here: &Here<'_>) -> Vec<Found> {
    match &here.config {
        Err(e) => Text::from(format!("{e:#}")).prose_lines().map(|line| Found::bad(line, "")).collect(),
        Ok(config) => match &config.file {
            Some(path) => vec![Found::ok(Text::from(path.as_path()).ident())],
            None => vec![Found::ok(safe!("no file: the defaults hold"))],
        },
    }
}

fn theme(here: &Here<'_>) -> Vec<Found> {
    let Ok(config) = &here.config else { return vec![] };
    let name = &config.console.theme;
    match setup::theme(name, here.paths) {
        Err(fault) => vec![Found::bad(safe!("{}: {}", fault.place, fault.what), fault.mend)],
        Ok(loaded) if loaded.warnings.is_empty() => vec![Found::ok(Text::from(name.as_str()).ident())],
        Ok(loaded) => {
            loaded.warnings.into_iter().map(|w| Found::note(safe!("{}: {}", w.place, w.what), w.mend)).collect()
        }
    }
}

fn folders(here: &Here<'_>) -> Vec<Found> {
    let paths = here.paths;
    let mut found = vec![folder("config", &paths.config), folder("state", &paths.state)];
    found.extend(paths.runtime.as_deref().map(|path| folder("runtime", path)));
    found.push(Found::ok(safe!("log     {}", Text::from(paths.state.join(log::FILE).as_path()).ident())));
    found
}

fn folder(what: &'static str, path: &Path) -> Found {
    let shown = safe!("{:<8}{}", what, Text::from(path).ident());
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Found::ok(safe!("{} (not made yet)", shown)),
        Err(e) => Found::bad(safe!("{}: {}", shown, Text::from(e.to_string()).prose()), "make it readable for you"),
        Ok(meta) => match check_ours(path, &meta) {
            Ok(()) => Found::ok(shown),
            Err(e) => Found::bad(safe!("{}", Text::from(e.to_string()).prose()), "nobody else may write there"),
        },
    }
}

fn terminal(here: &Here<'_>) -> Vec<Found> {
    let shown = |name: &'static str| {
        let value = setup::env(name).unwrap_or_default();
        safe!("{}={}", name, Text::from(value).ident())
    };
    let colours = here.config.as_ref().map(|config| config.console.colours).unwrap_or_default();
    let depth = match colours.depth(setup::env) {
        Depth::Mono => "no colours",
        Depth::Ansi => "16 colours",
        Depth::Indexed => "256 colours",
        Depth::True => "24-bit colours",
    };
    let names = ["TERM", "COLORTERM", "NO_COLOR"].map(shown);
    let mut found = vec![Found::ok(safe!("{}: {}", SafeText::join(&names, " "), depth)), size()];
    found.extend(charset(&["LC_ALL", "LC_CTYPE", "LANG"].map(|name| setup::env(name).unwrap_or_default())));
    found
}

fn size() -> Found {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        return Found::note(safe!("input or output is no terminal"), "the console needs one");
    }
    match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col < 60 || size.ws_row < 16 => {
            Found::bad(safe!("{}x{}", size.ws_col, size.ws_row), "the console needs 60x16")
        }
        Ok(size) => Found::ok(safe!("{}x{}", size.ws_col, size.ws_row)),
        Err(e) => Found::bad(safe!("no size: {}", Text::from(e.to_string()).prose()), "set one with stty"),
    }
}

/// The first of them that is set decides, as in the C library.
fn charset(values: &[String]) -> Option<Found> {
    let value = values.iter().find(|v| !v.is_empty()).cloned().unwrap_or_default();
    let lower = value.to_ascii_lowercase();
    let utf8 = lower.contains("utf-8") || lower.contains("utf8");
    (!utf8).then(|| {
        let what = safe!("the locale `{}` is not UTF-8", Text::from(value).ident());
        Found::note(what, "names outside ASCII may show wrong: set LANG to a UTF-8 locale")
    })
}

fn clocks(_: &Here<'_>) -> Vec<Found> {
    let now = clock::now();
    vec![Found::ok(safe!("{}, up {}", now.wall.iso(), now.boot.since(crate::domain::time::Ms(0)).coarse()))]
}

/// Their values may hold passwords: only that they are set is said.
fn proxies(_: &Here<'_>) -> Vec<Found> {
    let names =
        ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];
    let set: Vec<SafeText> = names
        .into_iter()
        .filter(|name| setup::env(name).is_some_and(|value| !value.is_empty()))
        .map(SafeText::lit)
        .collect();
    match set.is_empty() {
        true => vec![Found::ok(safe!("none set"))],
        false => {
            let what = safe!("{} set", SafeText::join(&set, ", "));
            vec![Found::note(what, "backends over https go through it; the local broker never does")]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_mend_below() {
        let found = Found::bad(safe!("40x10"), "the console needs 60x16");
        let text = as_text("terminal", &found);
        assert_eq!(text.as_str(), "terminal  BAD   40x10\n                the console needs 60x16");
        let json = crate::domain::json::to_line(&Row::of("terminal", &found)).unwrap();
        assert_eq!(json, r#"{"check":"terminal","state":"bad","what":"40x10","mend":"the console needs 60x16"}"#);
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let told = |values: [&str; 3]| charset(&values.map(str::to_owned)).is_some();
        assert!(!told(["", "", "en_GB.UTF-8"]));
        assert!(told(["C", "", "en_GB.UTF-8"]));
        assert!(told(["", "", ""]));
        assert!(!told(["C.utf8", "", ""]));
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_in_order() {
        let folder_path = tempfile::tempdir().unwrap();
        assert_eq!(folder("state", &folder_path.path().join("none")).state, State::Ok);
        assert_eq!(folder("state", folder_path.path()).state, State::Ok);
    }
}
