//! `jit-tui break-glass`.

use super::decide;
use crate::cli::Exit;
use crate::domain::request::Ballot;

/// Approve past votes and self check, in an emergency; it stays red until somebody else reviews it; the exit code says what came of it.
#[derive(clap::Args)]
#[command(after_help = super::exit_codes())]
pub struct Args {
    #[command(flatten)]
    decide: decide::Args,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    decide::run(args.decide, Ballot::BreakGlass)
}
