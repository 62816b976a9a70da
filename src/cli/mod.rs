//! L9. The command line: one file a subcommand. Each has `Args` and `run(Args) -> Exit`.

mod broker;
mod policy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a command ends with.
pub type Exit = color_eyre::Result<ExitCode>;

#[derive(Parser)]
#[command(
    name = "jit-tui",
    version,
    about = "Just-in-time approval of pipeline actions, from the keyboard.",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the broker, or manage its tokens.
    Broker(Box<broker::Args>),
    /// Check, explain or test a policy.
    Policy(policy::Args),
}

/// Parses the arguments, runs the command and turns what went wrong into one message on stderr.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => ExitCode::SUCCESS,
        Some(command) => finish(run(command)),
    }
}

fn run(command: Command) -> Exit {
    match command {
        Command::Broker(args) => broker::run(*args),
        Command::Policy(args) => policy::run(args),
    }
}

fn finish(exit: Exit) -> ExitCode {
    exit.unwrap_or_else(|error| {
        eprintln!("jit-tui: {error:#}");
        ExitCode::FAILURE
    })
}
