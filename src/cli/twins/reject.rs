//! `jit-tui reject`.

use super::decide;
use crate::cli::Exit;
use crate::domain::request::Ballot;

/// Reject one request; the exit code says what came of it.
#[derive(clap::Args)]
#[command(after_help = super::exit_codes())]
pub struct Args {
    #[command(flatten)]
    decide: decide::Args,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    decide::run(args.decide, Ballot::Reject)
}
