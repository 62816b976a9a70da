//! Errors and faults of the program in words: one message, no stack, the terminal given back first.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use color_eyre::eyre::Report;

use super::out;
use crate::domain::text::{SafeText, Text};
use crate::{runtime, safe};

/// What std says when nobody reads what is printed.
const NOBODY_READS: &str = "failed printing to";

/// Takes over panics and errors.
pub fn install() {
    // Of color-eyre the errors only: its panic report prints what it finds, and dies with a dead terminal.
    let (_, errors) = color_eyre::config::HookBuilder::default().display_env_section(false).into_hooks();
    let _ = errors.install();
    std::panic::set_hook(Box::new(panicked));
}

fn panicked(info: &PanicHookInfo<'_>) {
    let payload = info.payload_as_str().unwrap_or("no words");
    let had_terminal = runtime::give_back();
    if payload.starts_with(NOBODY_READS) {
        std::process::exit(0);
    }
    let (file, line) = info.location().map_or(("?", 0), |l| (l.file(), l.line()));
    let what =
        safe!("a fault of the program at {}:{}: {}", Text::from(file).ident(), line, Text::from(payload).prose());
    tracing::error!("{what}");
    out::complain(&what);
    out::complain_more(&SafeText::lit("Please report it. `jit-tui doctor` says where the log is."));
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        Text::from(trace.to_string()).prose_lines().for_each(|line| out::complain_more(&line));
    }
    if had_terminal {
        // Another thread than the loop's may have failed: the console would go on without its screen.
        std::process::exit(101);
    }
}

/// Prints what went wrong; a reader that went away is nothing wrong.
pub fn failed(error: &Report) -> ExitCode {
    if error.chain().any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    tracing::warn!("{}", Text::from(format!("{error:#}")).prose());
    let text = Text::from(format!("{error:#}"));
    let mut lines = text.prose_lines();
    if let Some(first) = lines.next() {
        out::complain(&first);
    }
    lines.for_each(|line| out::complain_more(&line));
    ExitCode::FAILURE
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
