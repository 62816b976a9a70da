//! `jit-tui diff`: any diff in the view that requests have, without a console around it.

use std::fs::File;
use std::io::{IsTerminal, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use color_eyre::eyre::{WrapErr, bail, eyre};
use tokio::sync::mpsc;

use super::setup::{self, ConfigArg};
use super::{Exit, console};
use crate::app::Alone;
use crate::desk::news::{News, Source};
use crate::desk::source;
use crate::domain::text::{SafeText, Text};
use crate::runtime;
use crate::sys::spool::Spool;

/// More than this is not taken from a pipe.
const MOST: u64 = 4 << 30;
/// Pieces of the index that wait for a busy screen.
const AHEAD: usize = 16;

/// Show a diff: a file, or what is piped in
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The diff; `-` reads standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Leave line numbers out
    #[arg(long)]
    no_numbers: bool,
    /// Leave the list of files out
    #[arg(long)]
    no_list: bool,
    /// Leave the colours of code out
    #[arg(long)]
    no_colours: bool,
    /// Show what was and what is side by side; from 120 columns
    #[arg(long)]
    side_by_side: bool,
    /// The theme, before that of the config
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    #[command(flatten)]
    config: ConfigArg,
}

/// Where the diff comes from.
enum Input {
    /// It lies in a file and is read there.
    Lies,
    /// It comes through a pipe and is kept while it is read.
    Comes(File),
}

/// Runs it.
pub fn run(args: Args) -> Exit {
    if !stdout().is_terminal() {
        bail!("the diff is shown on a terminal: leave the pipe behind `jit-tui diff` away");
    }
    let (source, input) = open(&args.file)?;
    // By the time that there is a screen, there is what stands on it first.
    let (news, receiver) = mpsc::channel(AHEAD);
    let rest = read(source.clone(), input, news.clone());
    let paths = setup::paths()?;
    let config = args.config.load(&paths)?;
    let shell = console::Args { theme: args.theme, ..console::Args::default() };
    let (theme, warnings) = console::theme(&shell, &config, &paths);
    let mut setup = console::console(&shell, &config, warnings)?;
    setup.alone = Some(Alone {
        name: name(&args.file),
        source,
        numbers: !args.no_numbers,
        list: !args.no_list,
        colours: !args.no_colours,
        beside: args.side_by_side,
    });
    let leave = setup::runtime_alone()?.block_on(async {
        // It has its turn when the screen waits for the first time: the first page shares the machine with nothing.
        tokio::spawn(async { rest.map(std::thread::spawn) });
        let serve = |errand| {
            let news = news.clone();
            tokio::spawn(async move {
                source::serve(&news, errand).await;
            });
        };
        runtime::open(setup, &theme, receiver, serve).await
    });
    let leave = leave.wrap_err("cannot take the terminal")?;
    Ok(ExitCode::from(leave.code()))
}

fn name(file: &Path) -> SafeText {
    if file.as_os_str() == "-" { SafeText::lit("standard input") } else { Text::from(file).ident() }
}

fn open(path: &Path) -> color_eyre::Result<(Source, Input)> {
    let piped = if stdin().is_terminal() { None } else { Some(take_stdin()?) };
    let file = if path.as_os_str() == "-" {
        piped.ok_or_else(|| eyre!("there is no diff: name a file, or pipe one in: git diff | jit-tui diff"))?
    } else {
        File::open(path).wrap_err_with(|| format!("cannot read {}", Text::from(path).ident()))?
    };
    let again = file.try_clone().wrap_err("cannot read the diff")?;
    if let Some(spool) = Spool::of(again) {
        return Ok((Source::over(spool), Input::Lies));
    }
    let source = Source::new().wrap_err("no temporary file can be made for the diff: is the temporary folder full?")?;
    Ok((source, Input::Comes(file)))
}

/// Standard input as it came; the terminal takes its place, since keys come from there.
fn take_stdin() -> color_eyre::Result<File> {
    let taken = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3).wrap_err("cannot read standard input")?;
    let tty = File::open("/dev/tty").wrap_err("there is no terminal to read keys from")?;
    rustix::stdio::dup2_stdin(&tty).wrap_err("cannot read keys from the terminal")?;
    Ok(File::from(taken))
}

/// Begins to read; what reads the rest of a file that lies there, once its first page is shown.
fn read(source: Source, input: Input, news: mpsc::Sender<News>) -> Option<impl FnOnce() + Send> {
    match input {
        Input::Lies => Some(source::open(source, news)),
        Input::Comes(file) => {
            // The program ends without waiting for a pipe that never does.
            std::thread::spawn(move || source::fill(&source, file, MOST, &news));
            None
        }
    }
}
