//! `jit-tui approve`.

use super::decide;
use crate::cli::Exit;
use crate::domain::request::Ballot;
use crate::domain::scope::Scope;

/// Approve one request.
#[derive(clap::Args)]
#[command(after_help = super::exit_codes())]
pub struct Args {
    #[command(flatten)]
    decide: decide::Args,
    /// How far the approval reaches: once, run, revision or action [default: once]
    #[arg(long)]
    scope: Option<Scope>,
    #[command(flatten)]
    times: decide::Times,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    decide::run(args.decide, args.times, args.scope, Ballot::Approve)
}
