//! The terminal's input: one thread waits for bytes and for the end of the terminal.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Condvar, Mutex, PoisonError};

use crossterm::event::Event;
use futures_util::stream::{Stream, poll_fn};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

use super::keys::Parser;

/// So long the rest of a torn sequence may take; slow links tear them.
const TORN: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// So many events may wait.
const WAITING: usize = 1024;

/// While another program has the terminal nothing is read from it: its keys are its own.
static RESTS: Mutex<bool> = Mutex::new(false);
static GOES_ON: Condvar = Condvar::new();

/// Keys are left alone until this is dropped.
pub(super) struct Rest;

/// Leaves keys alone from now on.
pub(super) fn rest() -> Rest {
    set_rest(true);
    Rest
}

impl Drop for Rest {
    fn drop(&mut self) {
        set_rest(false);
    }
}

fn set_rest(rests: bool) {
    *RESTS.lock().unwrap_or_else(PoisonError::into_inner) = rests;
    GOES_ON.notify_all();
}

/// Waits while another program has the terminal. Whether it did.
fn waited_for_others() -> bool {
    let rests = RESTS.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = *rests;
    drop(GOES_ON.wait_while(rests, |rests| *rests));
    waited
}

/// The events of this process's terminal. An error, or the end, means that it is gone; it comes at once and once.
pub fn events() -> io::Result<impl Stream<Item = io::Result<Event>> + Unpin> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    std::thread::Builder::new().name("tty-input".into()).spawn(move || {
        let stdin = io::stdin();
        let end = pump(stdin.as_fd(), |event| sender.blocking_send(Ok(event)).is_ok());
        let _ = sender.blocking_send(Err(end));
    })?;
    Ok(poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// Reads until the terminal is gone or nobody listens; says why it ended.
fn pump(tty: BorrowedFd<'_>, mut send: impl FnMut(Event) -> bool) -> io::Error {
    let (mut parser, mut events, mut buffer) = (Parser::default(), vec![], [0_u8; 4096]);
    loop {
        match wait_and_read(tty, &mut buffer, parser.is_waiting()) {
            Ok(None) => parser.settle(&mut events),
            Ok(Some(n)) => parser.feed(buffer.get(..n).unwrap_or_default(), &mut events),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return e,
        }
        if !events.drain(..).all(&mut send) {
            return io::Error::from(io::ErrorKind::BrokenPipe);
        }
    }
}

/// So many bytes; `None` where none came in time.
fn wait_and_read(tty: BorrowedFd<'_>, buffer: &mut [u8], briefly: bool) -> io::Result<Option<usize>> {
    let mut fds = [PollFd::from_borrowed_fd(tty, PollFlags::IN)];
    if poll(&mut fds, briefly.then_some(&TORN))? == 0 {
        return Ok(None);
    }
    if waited_for_others() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let [fd] = &fds;
    if !fd.revents().contains(PollFlags::IN) {
        return Err(io::Error::other("the terminal hung up"));
    }
    match rustix::io::read(tty, buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        n => Ok(Some(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyCode;
    use std::io::Write;

    #[test]
    fn keys_come_through_and_the_end_is_told() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"j\x1b[B").unwrap();
        drop(writer);
        let mut seen = vec![];
        pump(reader.as_fd(), |event| {
            seen.push(event);
            true
        });
        assert_eq!(seen, [Event::Key(KeyCode::Char('j').into()), Event::Key(KeyCode::Down.into())]);
    }

    #[test]
    fn an_escape_alone_is_a_key_after_a_short_while() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"\x1b").unwrap();
        let mut seen = vec![];
        pump(reader.as_fd(), |event| {
            seen.push(event);
            false
        });
        assert_eq!(seen, [Event::Key(KeyCode::Esc.into())]);
    }
}
