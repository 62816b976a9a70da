//! L9. The command line: one file a subcommand. Each has `Args` and `run(Args) -> Exit`; a line in the table
//! below and a `mod` make it known.

mod audit;
mod broker;
mod completions;
mod config;
mod console;
mod demo;
mod doctor;
mod gate;
mod log;
mod man;
mod open;
mod out;
mod policy;
mod process;
mod report;
mod setup;
mod twins;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use twins::{approve, break_glass, extend, grants, list, reject, review, revoke, show, watch};

/// What a command ends with.
pub type Exit = color_eyre::Result<ExitCode>;

/// Declares the commands: `Variant module: Process;`. The doc of a command is that of its `Args`. `Lent` marks
/// those under which a command of the caller's runs: what a process hands down is left as the caller has it.
macro_rules! commands {
    ($($(#[$attribute:meta])* $command:ident $module:ident: $process:ident;)*) => {
        #[derive(Subcommand)]
        #[allow(clippy::large_enum_variant)]
        enum Command {
            $($(#[$attribute])* $command($module::Args),)*
        }

        fn process_of(command: &Command) -> process::Process {
            match command {
                $(Command::$command(_) => process::Process::$process,)*
            }
        }

        fn dispatch(command: Command) -> Exit {
            match command {
                $(Command::$command(args) => $module::run(args),)*
            }
        }
    };
}

commands! {
    Demo demo: Own;
    Gate gate: Lent;
    Broker broker: Own;
    List list: Own;
    Show show: Own;
    Approve approve: Own;
    Reject reject: Own;
    Grants grants: Own;
    Extend extend: Own;
    Revoke revoke: Own;
    BreakGlass break_glass: Own;
    Review review: Own;
    Watch watch: Own;
    Policy policy: Own;
    Audit audit: Own;
    Config config: Own;
    Doctor doctor: Own;
    Completions completions: Own;
    Man man: Own;
    #[command(name = "__supervise", hide = true)]
    Supervise supervise: Lent;
    #[command(name = "__exec", hide = true)]
    Exec exec: Lent;
}

/// The gate's own second step.
mod supervise {
    pub(super) use super::gate::SuperviseArgs as Args;

    pub(super) fn run(args: Args) -> super::Exit {
        super::gate::supervise(&args)
    }
}

/// The gate's own third step.
mod exec {
    pub(super) use super::gate::ExecArgs as Args;

    pub(super) fn run(args: Args) -> super::Exit {
        super::gate::exec(&args)
    }
}

#[derive(Parser)]
#[command(
    name = "jit-tui",
    version,
    about = "Just-in-time approval of pipeline actions, from the keyboard.",
    long_about = "Just-in-time approval of pipeline actions, from the keyboard.\n\nWithout a command it opens the console.",
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(flatten)]
    console: console::Args,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Parses the arguments, runs the command and turns what went wrong into one message on stderr.
pub fn main() -> ExitCode {
    report::install();
    let cli = Cli::parse();
    let kind = cli.command.as_ref().map_or(process::Process::Own, process_of);
    process::harden(kind);
    log::start();
    let done = match cli.command {
        None => console::run(cli.console),
        Some(command) => dispatch(command),
    };
    done.unwrap_or_else(|error| report::failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no doc on its Args", command.get_name());
        }
    }
}
