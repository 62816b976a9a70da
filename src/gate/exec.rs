//! The exec step: the last thing of ours before the command. It dies with its parent, and so does the command.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::Close;
use super::log;
use crate::domain::text::Text;
use crate::safe;

/// The name that a process has while it is still the exec step: by it a command that never came about is told from
/// one that ended with the same code.
pub const STEP: &str = "jit-tui:exec";

/// Becomes the command. Comes back only where that failed, with the exit code.
pub fn exec(parent: i32, program: &OsString, argv: &[OsString]) -> u8 {
    let bound = set_parent_process_death_signal(Some(Signal::KILL));
    let orphan = getppid() != Pid::from_raw(parent);
    if bound.is_err() || orphan || rustix::thread::set_name(&name()).is_err() {
        log::line(&safe!("the supervisor is gone: nothing runs"));
        return Close::Failed.code();
    }
    let mut command = Command::new(program);
    if let Some((first, rest)) = argv.split_first() {
        command.arg0(first).args(rest);
    }
    let error = command.exec();
    log::line(&safe!(
        "cannot start {}: {}",
        Text::from(program.as_os_str()).ident(),
        Text::from(error.to_string()).prose()
    ));
    match error.kind() {
        std::io::ErrorKind::NotFound => Close::NotFound.code(),
        _ => Close::NotExecutable.code(),
    }
}

fn name() -> std::ffi::CString {
    std::ffi::CString::new(STEP).unwrap_or_default()
}
