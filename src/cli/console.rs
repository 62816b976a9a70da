//! `jit-tui` without a command: the console on this terminal.

use std::io::{IsTerminal, stdin, stdout};
use std::process::ExitCode;

use color_eyre::eyre::{WrapErr, bail};

use super::Exit;
use super::open::{self, Opened};
use super::setup;
use crate::app::Setup;
use crate::config::Config;
use crate::domain::text::SafeText;
use crate::sys::paths::Paths;
use crate::sys::{clock, random};
use crate::theme::{Loaded, Theme};
use crate::{runtime, safe};

/// Open the console.
#[derive(Debug, Default, clap::Args)]
#[group(skip)]
pub struct Args {
    #[command(flatten)]
    pub(super) open: open::Args,
    /// Look only: nothing can be decided from here
    #[arg(long)]
    pub(super) read_only: bool,
    /// The theme, before that of the config
    #[arg(long, value_name = "NAME")]
    pub(super) theme: Option<String>,
}

/// Runs it.
pub fn run(args: Args) -> Exit {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        bail!(
            "the console needs a terminal on its input and output; in scripts use the commands that `jit-tui --help` lists"
        );
    }
    let guard = |config: &Config| config.guard.in_console && !read_only(&args, config);
    setup::runtime()?.block_on(async { on(&args, open::open_as(&args.open, guard)?).await })
}

/// The console on an open desk, until it is left.
pub async fn on(args: &Args, opened: Opened) -> Exit {
    let Opened { desk, news, config, paths, .. } = opened;
    let (theme, warnings) = theme(args, &config, &paths);
    let setup = console(args, &config, warnings)?;
    desk.watch();
    let leave =
        runtime::open(setup, &theme, news, |errand| desk.run(errand)).await.wrap_err("cannot take the terminal")?;
    desk.take_all_back(&SafeText::lit("the console was left before its turn came"));
    // What the last keys asked for, a dropped decision above all, gets on record; the rest is settled at the next start.
    drop(tokio::time::timeout(runtime::TO_SETTLE, desk.settled()).await);
    Ok(ExitCode::from(leave.code()))
}

fn read_only(args: &Args, config: &Config) -> bool {
    args.read_only || config.console.read_only
}

/// What the console starts with.
pub fn console(args: &Args, config: &Config, notices: Vec<SafeText>) -> color_eyre::Result<Setup> {
    let seed = random::bytes().wrap_err("the kernel gives no random bits")?;
    let mut setup = Setup::new(clock::now(), (80, 24), seed);
    setup.keymap = config.keymap.clone();
    setup.production = config.console.production.clone();
    setup.bell = config.console.bell_every();
    setup.read_only = read_only(args, config);
    setup.on_expiry = config.guard.on_expiry;
    setup.hold_back = config.console.hold_back;
    setup.clipboard = config.console.clipboard;
    setup.notices = notices;
    Ok(setup)
}

/// The theme for this terminal. One that cannot be had does not keep anybody out at night: it is said instead.
pub fn theme(args: &Args, config: &Config, paths: &Paths) -> (Theme, Vec<SafeText>) {
    let name = args.theme.as_deref().unwrap_or(&config.console.theme);
    let Loaded { theme, warnings } =
        setup::theme(name, paths).unwrap_or_else(|fault| Loaded { theme: Theme::terminal(), warnings: vec![fault] });
    let notices = warnings.iter().map(|w| safe!("{}: {}. {}", w.place, w.what, w.mend)).collect();
    (theme.at(config.console.colours.depth(setup::env)), notices)
}
