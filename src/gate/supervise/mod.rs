//! The supervisor: a process of its own between gate and command. It keeps the deadline whatever happens to the
//! gate, and leaves only when nothing that it started is left.

mod ending;
mod keeper;
pub mod protocol;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::process::{Pid, PidfdFlags, getpid, getppid, pidfd_open, set_child_subreaper};

use super::{Close, log};
use crate::domain::text::Text;
use crate::safe;

/// Supervises for the gate of this process id. Its end is the process's exit code.
pub fn supervise(gate: i32) -> u8 {
    match prepare(gate).and_then(watch) {
        Ok(()) => 0,
        Err(e) => {
            log::line(&safe!("supervisor: {}", Text::from(e.to_string()).prose()));
            Close::Failed.code()
        }
    }
}

/// What the gate handed over.
struct Handed {
    /// Readable once the gate is gone.
    gate: OwnedFd,
    /// Orders and reports.
    socket: UnixStream,
    /// For the command.
    stdin: OwnedFd,
}

fn prepare(gate: i32) -> io::Result<Handed> {
    set_child_subreaper(Some(getpid()))?;
    let gone = || io::Error::other("the gate is gone: nothing runs");
    let pid = Pid::from_raw(gate).ok_or_else(gone)?;
    let gate = pidfd_open(pid, PidfdFlags::empty()).map_err(|_| gone())?;
    // While it is our parent its id is its own; after that the descriptor stands for it.
    if getppid() != Some(pid) {
        return Err(gone());
    }
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let stdin = protocol::receive_fd(&socket)?;
    Ok(Handed { gate, socket, stdin })
}

fn watch(handed: Handed) -> io::Result<()> {
    // On this very thread: a command is bound to the life of the thread that started it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(keeper::keep(handed))
}
