//! `jit-tui reject`.

use super::decide;
use crate::cli::Exit;
use crate::domain::request::Ballot;

/// Reject one request.
#[derive(clap::Args)]
#[command(after_help = super::exit_codes())]
pub struct Args {
    #[command(flatten)]
    decide: decide::Args,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    decide::run(args.decide, decide::Times::default(), None, Ballot::Reject)
}
