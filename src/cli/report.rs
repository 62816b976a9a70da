//! Errors and faults of the program in words: one message, no stack, the terminal given back first.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use color_eyre::eyre::Report;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::out;
use crate::backends::port::Fault;
use crate::domain::text::{SafeText, Shown, Text, said};
use crate::sys::{git, http};
use crate::{runtime, safe};

/// What a shell shows of a program that wrote to nobody. Never 0: nobody may take it for "done".
const NO_READER: i32 = 141;

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
        std::process::exit(NO_READER);
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

/// Prints what went wrong. Where the reader of our output went away, there is nobody to tell.
pub fn failed(error: &Report) -> ExitCode {
    if error.chain().any(is_broken_pipe) && output_has_no_reader() {
        return ExitCode::from(u8::try_from(NO_READER).unwrap_or(u8::MAX));
    }
    let causes: Vec<SafeText> = error.chain().map(words).collect();
    let text = Text::from(SafeText::join(&causes, ": "));
    tracing::warn!("{}", text.prose());
    let mut lines = text.prose_lines();
    if let Some(first) = lines.next() {
        out::complain(&first);
    }
    lines.for_each(|line| out::complain_more(&line));
    ExitCode::FAILURE
}

/// What an error says. Ours have escaped what they hold; what others say is escaped here.
fn words(cause: &(dyn std::error::Error + 'static)) -> SafeText {
    fn own<E: std::error::Error + Shown + 'static>(cause: &(dyn std::error::Error + 'static)) -> Option<SafeText> {
        cause.downcast_ref::<E>().map(|error| safe!("{}", error))
    }
    let known = [own::<http::Fault>, own::<http::NoClient>, own::<git::Fault>, own::<Fault>];
    known.iter().find_map(|own| own(cause)).unwrap_or_else(|| said(&cause))
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// A broken pipe may be another one, such as the broker's.
fn output_has_no_reader() -> bool {
    let stdout = rustix::stdio::stdout();
    let mut fds = [PollFd::from_borrowed_fd(stdout, PollFlags::OUT)];
    poll(&mut fds, Some(&Timespec::default())).is_ok() && fds.iter().any(|fd| fd.revents().contains(PollFlags::ERR))
}
