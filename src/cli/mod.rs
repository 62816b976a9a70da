//! L9. The command line: one file a subcommand. Each has `Args` and `run(Args) -> Exit`.

mod audit;
mod gate;
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
    /// Check, explain or test a policy.
    Policy(policy::Args),
    Audit(audit::Args),
    Gate(Box<gate::Args>),
    #[command(name = "__supervise", hide = true)]
    Supervise(gate::SuperviseArgs),
    #[command(name = "__exec", hide = true)]
    Exec(gate::ExecArgs),
}

/// Parses the arguments, runs the command and turns what went wrong into one message on stderr.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => Ok(ExitCode::SUCCESS),
        Some(Command::Policy(args)) => policy::run(args),
        Some(Command::Audit(args)) => audit::run(args),
        Some(Command::Gate(args)) => gate::run(*args),
        Some(Command::Supervise(args)) => gate::supervise(&args),
        Some(Command::Exec(args)) => gate::exec(&args),
    };
    done.unwrap_or_else(|error| {
        use std::io::Write;
        let words = crate::domain::text::Text::from(format!("{error:#}")).prose();
        drop(writeln!(std::io::stderr().lock(), "jit-tui: {words}"));
        ExitCode::FAILURE
    })
}
