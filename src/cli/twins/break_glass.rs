//! `jit-tui break-glass`.

use super::decide;
use crate::cli::Exit;
use crate::domain::request::Ballot;

/// Approve past votes and self check, in an emergency; stays red until somebody else reviews it.
#[derive(clap::Args)]
#[command(after_help = super::exit_codes())]
pub struct Args {
    #[command(flatten)]
    decide: decide::Args,
    #[command(flatten)]
    times: decide::Times,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    decide::run(args.decide, args.times, None, Ballot::BreakGlass)
}
