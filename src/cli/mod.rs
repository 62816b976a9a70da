//! L9. The command line: one file a subcommand. Each has `Args` and `run(Args) -> Exit`; a line in the table
//! below and a `mod` make it known.

mod audit;
mod broker;
mod completions;
mod config;
mod console;
mod demo;
mod diff;
mod doctor;
mod early;
mod gate;
mod guard;
mod ledger;
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

use clap::{CommandFactory, Parser, Subcommand};

use process::Process;
use twins::{accept, approve, break_glass, extend, grants, list, reject, review, revoke, show, watch};

/// What a command ends with.
pub type Exit = color_eyre::Result<ExitCode>;

pub use twins::EXIT_CODES;

/// Declares the commands: `Command(its arguments) = what runs it, Process;`. The doc of a command is that of its
/// arguments. `Lent` marks those under which a command of the caller's runs: what a process hands down to its
/// children is left as the caller has it.
macro_rules! commands {
    ($($(#[$attribute:meta])* $command:ident($args:ty) = $run:expr, $process:ident;)*) => {
        #[derive(Subcommand)]
        enum Command {
            $($(#[$attribute])* $command($args),)*
        }

        fn process_of(command: &Command) -> Process {
            match command {
                $(Command::$command(_) => Process::$process,)*
            }
        }

        fn dispatch(command: Command) -> Exit {
            match command {
                $(Command::$command(args) => ($run)(args),)*
            }
        }
    };
}

commands! {
    Demo(demo::Args) = demo::run, Own;
    Diff(diff::Args) = diff::run, Own;
    Gate(Box<gate::Args>) = |args: Box<_>| gate::run(*args), Lent;
    List(list::Args) = list::run, Own;
    Show(show::Args) = show::run, Own;
    Watch(watch::Args) = watch::run, Own;
    Approve(approve::Args) = approve::run, Own;
    Reject(reject::Args) = reject::run, Own;
    BreakGlass(break_glass::Args) = break_glass::run, Own;
    Review(review::Args) = review::run, Own;
    Accept(accept::Args) = accept::run, Own;
    Grants(grants::Args) = grants::run, Own;
    Extend(extend::Args) = extend::run, Own;
    Revoke(revoke::Args) = revoke::run, Own;
    Guard(guard::Args) = guard::run, Own;
    Broker(Box<broker::Args>) = |args: Box<_>| broker::run(*args), Own;
    Policy(policy::Args) = policy::run, Own;
    Audit(audit::Args) = audit::run, Own;
    Ledger(ledger::Args) = ledger::run, Own;
    Config(config::Args) = config::run, Own;
    Doctor(doctor::Args) = doctor::run, Own;
    Completions(completions::Args) = completions::run, Own;
    Man(man::Args) = man::run, Own;
    #[command(name = "__supervise", hide = true)]
    Supervise(gate::SuperviseArgs) = |args| gate::supervise(&args), Lent;
    #[command(name = "__exec", hide = true)]
    Exec(gate::ExecArgs) = |args| gate::exec(&args), Lent;
}

#[derive(Parser)]
#[command(
    name = "jit-tui",
    version,
    about = "Just-in-time approval of pipeline actions, from the keyboard",
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

/// The command line, for who checks what is written about it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses the arguments, runs the command and turns what went wrong into one message on stderr.
pub fn main() -> ExitCode {
    report::install();
    let cli = Cli::parse_from(early::moved(std::env::args_os().collect(), command));
    let kind = cli.command.as_ref().map_or(Process::Own, process_of);
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
