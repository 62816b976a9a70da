//! The one thread that writes to the terminal, so that a slow one keeps nobody waiting: keys are read on, and the next
//! frame is drawn from the newest state once the terminal took the last one.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
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

/// Hands pages to the thread, one at a time.
#[derive(Debug)]
pub(super) struct Writer {
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
        Ok(Self { pages, written, busy: false, next: Vec::new() })
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
        if self.busy || self.next.is_empty() {
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
        assert_eq!(all.await.unwrap().unwrap(), [big.as_slice(), b"\x07"].concat());
    }

    #[tokio::test]
    async fn a_terminal_that_is_gone_is_told() {
        terminal_taken();
        let (reader, out) = std::io::pipe().unwrap();
        drop(reader);
        let mut writer = Writer::start(File::from(std::os::fd::OwnedFd::from(out))).unwrap();
        writer.send(b"x").unwrap();
        assert!(writer.drained().await.is_err());
    }
}
