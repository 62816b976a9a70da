//! `jit-tui completions SHELL`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Exit, out};

/// Print the completion script of a shell.
#[derive(clap::Args)]
pub struct Args {
    /// Which shell
    shell: Shell,
}

/// Runs it.
pub fn run(args: Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "jit-tui", &mut script);
    out::own(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
