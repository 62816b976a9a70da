//! `jit-tui gate -- CMD…`, and the two hidden steps that it starts itself as.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::RUN_FOR_DEFAULT;
use crate::gate::{self, CODES, Options};
use crate::sys::process::signal_by_name;

use super::Exit;

/// Arguments of `gate`.
#[derive(clap::Args)]
#[command(
    about = "Ask for approval, wait, and run a command under the grant",
    after_help = exit_codes(),
    override_usage = "jit-tui gate [OPTIONS] -- COMMAND [ARGUMENT]..."
)]
pub struct Args {
    /// The environment [default: what the CI system says, else `default`]
    #[arg(long, value_name = "E")]
    environment: Option<OsString>,
    /// What is done [default: the job's name, else the command's]
    #[arg(long)]
    name: Option<OsString>,
    /// The repository's id [default: what the CI system says, else of the git remote, else the folder's name]
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<OsString>,
    /// Why, for the approvers
    #[arg(long, value_name = "TEXT")]
    reason: Option<OsString>,
    /// How far the grant should reach
    #[arg(long, value_enum, default_value = "once")]
    scope: Scope,
    /// How long the command may run
    #[arg(long, value_name = "TIME", default_value_t = RUN_FOR_DEFAULT)]
    run_for: Span,
    /// The revision that the diff starts from [default: the last that ran with success here, else where the branch began]
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// How long to wait at most [default: as long as the broker lets it wait]
    #[arg(long, value_name = "TIME")]
    wait: Option<Span>,
    /// How long the broker may be out of reach
    #[arg(long, value_name = "TIME", default_value_t = Span::mins(5))]
    broker_timeout: Span,
    /// The signal that asks the command to end
    #[arg(long, value_name = "SIGNAL", default_value = "TERM", value_parser = signal)]
    stop_signal: String,
    /// From that signal to KILL
    #[arg(long, value_name = "TIME", default_value_t = Span::secs(60))]
    grace: Span,
    /// The broker's address: unix:PATH, http://127.0.0.1:PORT or https://HOST [env: JIT_TUI_BROKER] [default: the local one]
    #[arg(long, value_name = "ADDRESS")]
    broker: Option<String>,
    /// A file of yours alone (mode 0600) that holds the pipeline token [else env: JIT_TUI_TOKEN]
    #[arg(long, value_name = "PATH")]
    token_file: Option<PathBuf>,
    /// Where to write how it stands, as JSON: tells the gate's exit codes from the same ones of the command
    #[arg(long, value_name = "PATH")]
    status_file: Option<PathBuf>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    argv: Vec<OsString>,
}

/// Arguments of the supervisor.
#[derive(clap::Args)]
pub struct SuperviseArgs {
    gate: i32,
}

/// Arguments of the exec step.
#[derive(clap::Args)]
pub struct ExecArgs {
    parent: i32,
    program: OsString,
    #[arg(last = true, required = true)]
    argv: Vec<OsString>,
}

/// Runs the gate.
///
/// # Errors
/// None: every end is an exit code.
pub fn run(args: Args) -> Exit {
    let text = |value: Option<OsString>| value.map(|v| Text::from(v.as_os_str()));
    let options = Options {
        argv: args.argv,
        environment: text(args.environment),
        repository: text(args.repository),
        name: text(args.name),
        reason: text(args.reason).unwrap_or_default(),
        scope: args.scope,
        run_for: args.run_for,
        base: args.base,
        wait: args.wait,
        patience: args.broker_timeout,
        stop_signal: Text::from(args.stop_signal),
        grace: args.grace,
        broker: args.broker,
        token_file: args.token_file,
        status_file: args.status_file,
    };
    Ok(ExitCode::from(gate::run(&options)))
}

/// Runs the supervisor.
///
/// # Errors
/// None: every end is an exit code.
pub fn supervise(args: &SuperviseArgs) -> Exit {
    Ok(ExitCode::from(gate::supervise::supervise(args.gate)))
}

/// Becomes the command.
///
/// # Errors
/// None: every end is an exit code.
pub fn exec(args: &ExecArgs) -> Exit {
    Ok(ExitCode::from(gate::exec(args.parent, &args.program, &args.argv)))
}

/// The signal's name as the table has it.
fn signal(name: &str) -> Result<String, String> {
    match signal_by_name(name) {
        Some(signal) => Ok(crate::sys::process::signal_name(signal).to_string()),
        None => Err("no such signal: TERM, INT, HUP, QUIT, USR1, USR2, WINCH or KILL".to_owned()),
    }
}

/// The table of exit codes, and what a gate cannot do.
fn exit_codes() -> String {
    let rows: String = CODES.iter().map(|(code, word, meaning)| format!("  {code}  {word:<15} {meaning}\n")).collect();
    format!(
        "Exit codes: the command's own (128+n where signal n ended it), or\n{rows}\n\
         A gate ends what it started, not remote work; it does not stop a job that skips it; credentials that the job\n\
         already holds stay with it. Ignored files and downloads are not bound. If gate and supervisor are both killed\n\
         at once, or a process belongs to another user, it is not ended."
    )
}
