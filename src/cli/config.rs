//! `jit-tui config`: where it lies, what is wrong with it, a file to start from.

use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::eyre::{Result, WrapErr, bail};

use super::setup::{self, ConfigArg};
use super::{Exit, out};
use crate::backends;
use crate::config::{Config, example};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::files::{private_dir, replace_private};
use crate::sys::paths::Paths;

/// Check the config, write one to start from, say where it lies.
#[derive(clap::Args)]
#[command(mut_arg("config", |arg| arg.global(true)))]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    config: ConfigArg,
}

#[derive(Subcommand)]
enum Command {
    /// Read the config and its theme and say every fault with its place and how to mend it (exit 1 if there is one)
    Check,
    /// Write a config that lists every key with its default
    Init,
    /// Say where config, policy, themes and state lie
    Path,
    /// Print a config that lists every key with its default
    Example,
}

/// Runs it.
pub fn run(args: Args) -> Exit {
    match args.command {
        Command::Check => check(&args.config),
        Command::Init => init(&args.config),
        Command::Path => path(&args.config),
        Command::Example => {
            out::own(&text())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn text() -> String {
    example(setup::KINDS)
}

fn check(arg: &ConfigArg) -> Exit {
    let paths = setup::paths()?;
    let config = arg.load(&paths)?;
    for table in &config.backends {
        backends::open(table, &|path| config.resolve(path)).wrap_err("the config is not in order")?;
    }
    let theme = setup::theme(&config.console.theme, &paths)?;
    for warning in &theme.warnings {
        out::complain(&safe!("{}", warning));
    }
    if !theme.warnings.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    out::line(&in_order(&config, arg, &paths))?;
    Ok(ExitCode::SUCCESS)
}

fn in_order(config: &Config, arg: &ConfigArg, paths: &Paths) -> SafeText {
    let path = Text::from(arg.choice(paths).path()).ident();
    match &config.file {
        Some(_) => safe!("{} is in order: {} backends, theme {}", path, config.backends.len(), theme_name(config)),
        None => safe!("there is no {}: the defaults hold", path),
    }
}

fn theme_name(config: &Config) -> SafeText {
    Text::from(config.console.theme.as_str()).ident()
}

fn init(arg: &ConfigArg) -> Exit {
    let paths = setup::paths()?;
    let choice = arg.choice(&paths);
    let path = choice.path();
    let shown = Text::from(path).ident();
    if path.try_exists().unwrap_or(true) {
        bail!("{shown} is there already: `jit-tui config example` prints a fresh one");
    }
    write(path).wrap_err_with(|| format!("cannot write {shown}"))?;
    out::line(&safe!("wrote {}", shown))?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &std::path::Path) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_dir(folder)?;
    }
    Ok(replace_private(path, text().as_bytes())?)
}

fn path(arg: &ConfigArg) -> Exit {
    let paths = setup::paths()?;
    let choice = arg.choice(&paths);
    let runtime = paths.runtime.as_deref().unwrap_or(&paths.state);
    for (what, path) in [
        ("config", choice.path()),
        ("policy", &paths.config.join("policy.toml")),
        ("themes", &paths.config.join("themes")),
        ("state", &paths.state),
        ("socket", runtime),
    ] {
        out::line(&safe!("{:<8}{}", what, Text::from(path).ident()))?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_repository_is_the_printed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
        if std::env::var_os("JIT_TUI_BLESS").is_some() {
            std::fs::write(path, text()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == text(), "run the tests again with JIT_TUI_BLESS=1 and look at what changed");
    }
}
