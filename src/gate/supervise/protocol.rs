//! What gate and supervisor say to each other: JSON lines over a socket pair, the command's stdin sent ahead.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

use crate::domain::ids::GrantId;
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::sys::clock::Deadline;

/// From the gate.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Start this; comes first and once.
    Run(Plan),
    /// The deadline is this one now.
    Until(Deadline),
    /// End it.
    End(Why),
    /// Pass a signal on to the command and what it started.
    Pass(Text),
}

/// What to run, and until when.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The file to execute.
    pub program: Text,
    /// Its arguments, the first one being its name.
    pub argv: Vec<Text>,
    /// For the command's environment.
    pub grant: GrantId,
    /// For the command's environment: the end by the broker's clock.
    pub ends_at: Ms,
    /// The end by this machine's clocks.
    pub until: Deadline,
    /// The signal that asks it to end.
    pub stop_signal: Text,
    /// From that signal to KILL.
    pub grace: Span,
    /// The gate's process group, where the terminal's foreground was handed over.
    pub terminal_of: Option<i32>,
}

/// Why the supervisor ends the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Its time is over.
    Expired,
    /// The grant was taken back.
    Revoked,
    /// The gate was told to end.
    Asked,
    /// The gate is gone.
    GateGone,
    /// The command has ended and left these behind.
    LeftBehind,
}

/// From the supervisor.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The command was started.
    Started,
    /// Processes are being ended.
    Ending {
        /// Why.
        why: Why,
        /// How many.
        processes: u32,
    },
    /// It is over.
    Ended {
        /// How the command ended.
        fate: Fate,
        /// Why it was ended, where it did not end by itself.
        why: Option<Why>,
        /// Processes that could not be ended: somebody else's.
        left: u32,
    },
}

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// By itself.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// It never started; the exec step's code.
    NotStarted(i32),
    /// It is still there: it cannot be ended.
    Stuck,
}

/// Sends the command's stdin over the socket.
///
/// # Errors
/// Where the other side is gone.
pub fn send_fd(socket: &UnixStream, fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    if !control.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::Error::other("no room for a file descriptor"));
    }
    sendmsg(socket, &[IoSlice::new(b"\n")], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes it.
///
/// # Errors
/// Where the other side is gone or sent something else.
pub fn receive_fd(socket: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket.as_fd(), &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let fds = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    fds.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the gate sent no stdin"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::sys::clock::now;

    #[test]
    fn a_file_travels_over_the_socket() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (read, write) = io::pipe().unwrap();
        send_fd(&ours, read.as_fd()).unwrap();
        drop(read);
        let mut received = std::fs::File::from(receive_fd(&theirs).unwrap());
        (&write).write_all(b"hello").unwrap();
        drop(write);
        let mut text = String::new();
        received.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }

    #[test]
    fn a_gate_that_is_gone_sends_no_file() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(ours);
        assert!(receive_fd(&theirs).is_err());
    }

    #[test]
    fn orders_come_back_from_json() {
        let order = Order::Until(Deadline::after(now(), Span::mins(1)));
        let text = serde_json::to_string(&order).unwrap();
        assert!(matches!(serde_json::from_str(&text).unwrap(), Order::Until(_)));
    }
}
