//! Writing to the terminal so that a slow one keeps nobody waiting. What it takes at once is written at once; for the
//! rest there is one thread: keys are read on, and the next frame is drawn from the newest state once the terminal took
//! the last one.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{QueueSelector, tcflush};
use tokio::sync::mpsc as answers;

/// So long a page on its way may hold up the giving back of the terminal.
const PATIENCE: Duration = Duration::from_secs(1);
/// So long it may take on, once what the terminal did not fetch was dropped. A pseudo terminal drops nothing.
const GRACE: Duration = Duration::from_millis(100);

/// Who may write to the terminal.
#[derive(Debug)]
struct Turn {
    /// The terminal is ours at the moment.
    taken: bool,
    /// A page is on its way.
    writing: bool,
}

static TURN: Mutex<Turn> = Mutex::new(Turn { taken: false, writing: false });
static WRITTEN: Condvar = Condvar::new();

fn turn() -> MutexGuard<'static, Turn> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on pages are written.
pub(super) fn terminal_taken() {
    turn().taken = true;
}

/// Ends the writing of pages; absent = the terminal was not ours. Waits for a page on its way, and where the terminal
/// takes no more, drops what it has not fetched; `false` = it is stuck for good, and a write would be as well.
pub(super) fn terminal_left() -> Option<bool> {
    let mut turn = turn();
    if !std::mem::take(&mut turn.taken) {
        return None;
    }
    let turn = wait(turn, PATIENCE);
    if !turn.writing {
        return Some(true);
    }
    let _ = tcflush(rustix::stdio::stdout(), QueueSelector::OFlush);
    Some(!wait(turn, GRACE).writing)
}

fn wait(turn: MutexGuard<'static, Turn>, long: Duration) -> MutexGuard<'static, Turn> {
    let waited = WRITTEN.wait_timeout_while(turn, long, |turn| turn.writing);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// Writes pages, or hands them to the thread, one at a time.
#[derive(Debug)]
pub(super) struct Writer {
    /// The terminal once more, so opened that writing to it never waits; absent where it cannot be had.
    at_once: Option<File>,
    pages: mpsc::Sender<Vec<u8>>,
    written: answers::UnboundedReceiver<io::Result<()>>,
    busy: bool,
    /// What waits for its turn.
    next: Vec<u8>,
}

impl Writer {
    /// Starts the thread. It ends with this value, or with the terminal.
    ///
    /// # Errors
    /// Where there can be no more threads.
    pub(super) fn start(out: File) -> io::Result<Self> {
        let at_once = reopened(&out).ok();
        let (pages, waiting) = mpsc::channel::<Vec<u8>>();
        let (answer, written) = answers::unbounded_channel();
        let work = move || {
            let mut out = out;
            for page in waiting {
                let result = write_page(&mut out, &page);
                let ended = result.is_err();
                if answer.send(result).is_err() || ended {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("tty-output".into()).spawn(work)?;
        Ok(Self { at_once, pages, written, busy: false, next: Vec::new() })
    }

    /// Whether the terminal has not yet taken what was sent.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Sends these bytes, at the latest once the terminal took those before.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.next.extend_from_slice(bytes);
        if self.busy {
            return Ok(());
        }
        if let Some(out) = &mut self.at_once {
            let taken = write_at_once(out, &self.next)?;
            self.next.drain(..taken);
        }
        if self.next.is_empty() {
            return Ok(());
        }
        self.busy = true;
        self.pages.send(std::mem::take(&mut self.next)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits until the terminal took everything.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub(super) async fn drained(&mut self) -> io::Result<()> {
        while self.busy {
            self.written.recv().await.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))?;
            self.busy = false;
            self.send(&[])?;
        }
        Ok(())
    }
}

/// The same terminal under a flag of its own: that of standard output belongs to others as well.
fn reopened(out: &File) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", out.as_fd().as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Writes what is taken without waiting; how many bytes.
fn write_at_once(out: &mut File, page: &[u8]) -> io::Result<usize> {
    let turn = turn();
    let mut taken = if turn.taken { 0 } else { page.len() };
    while let Some(rest) = page.get(taken..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => break,
            Ok(n) => taken += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
            Err(e) => return Err(e),
        }
    }
    Ok(taken)
}

fn write_page(out: &mut File, page: &[u8]) -> io::Result<()> {
    {
        let mut turn = turn();
        if !turn.taken {
            return Ok(());
        }
        turn.writing = true;
    }
    let result = write_out(out, page);
    turn().writing = false;
    WRITTEN.notify_all();
    result
}

/// Writes all, also where somebody made the terminal non-blocking.
pub(super) fn write_out(out: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::OUT)], None)?;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[tokio::test]
    async fn a_reader_that_sleeps_keeps_nobody_waiting_and_gets_everything_in_order() {
        terminal_taken();
        let (mut reader, out) = std::io::pipe().unwrap();
        let mut writer = Writer::start(File::from(std::os::fd::OwnedFd::from(out))).unwrap();
        let big = vec![b'a'; 1 << 20];
        writer.send(b"taken at once").unwrap();
        assert!(!writer.is_busy());
        writer.send(&big).unwrap();
        assert!(writer.is_busy());
        writer.send(b"\x07").unwrap();
        let all = tokio::task::spawn_blocking(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all)
        });
        writer.drained().await.unwrap();
        assert!(!writer.is_busy());
        drop(writer);
        assert_eq!(all.await.unwrap().unwrap(), [b"taken at once".as_slice(), &big, b"\x07"].concat());
    }

    #[tokio::test]
    async fn a_terminal_that_is_gone_is_told() {
        terminal_taken();
        let (reader, out) = std::io::pipe().unwrap();
        drop(reader);
        let mut writer = Writer::start(File::from(std::os::fd::OwnedFd::from(out))).unwrap();
        // Told at once, or by the thread.
        let sent = writer.send(b"x");
        assert!(sent.is_err() || writer.drained().await.is_err());
    }
}
