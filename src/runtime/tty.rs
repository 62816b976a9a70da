//! The terminal itself: taken on start, given back however we leave. Nothing is ever asked of it.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use rustix::event::{PollFd, PollFlags, poll};

use super::screen::Screen;

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back, once. Called at the end, from the panic hook, from anywhere; never fails, since a
/// terminal that is gone needs nothing back. Says whether it was ours.
pub fn give_back() -> bool {
    let ours = TAKEN.swap(false, Ordering::SeqCst);
    if ours {
        let mut bytes = Vec::new();
        let _ = queue!(
            bytes,
            EndSynchronizedUpdate,
            SetAttribute(Attribute::Reset),
            DisableBracketedPaste,
            LeaveAlternateScreen,
            crossterm::cursor::Show
        );
        let _ = stdout().and_then(|mut out| write_out(&mut out, &bytes));
        let _ = disable_raw_mode();
    }
    ours
}

fn take(out: &mut File) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, crossterm::cursor::Hide)?;
    write_out(out, &bytes)
}

/// Standard output without the buffer of std: one frame is one write. No child inherits it.
fn stdout() -> io::Result<File> {
    Ok(File::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?))
}

/// Writes all, also where somebody made the terminal non-blocking.
fn write_out(out: &mut File, mut bytes: &[u8]) -> io::Result<()> {
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

/// The bytes of one frame, gathered; whoever flushes a part of it is not heard.
#[derive(Clone, Debug, Default)]
struct Page(Rc<RefCell<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Our terminal, until it is dropped.
pub struct Tty {
    out: File,
    page: Page,
    terminal: Terminal<CrosstermBackend<Page>>,
}

impl Tty {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where standard input or output is no terminal, or it is gone.
    pub fn take() -> io::Result<Self> {
        let mut out = stdout()?;
        // NO_COLOR is the theme's business: crossterm's way of it wipes reverse and bold.
        crossterm::style::force_color_output(true);
        let page = Page::default();
        let terminal = Terminal::new(CrosstermBackend::new(page.clone()))?;
        take(&mut out).inspect_err(|_| {
            give_back();
        })?;
        Ok(Self { out, page, terminal })
    }

    fn write_page(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut *self.page.0.borrow_mut());
        write_out(&mut self.out, &bytes)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

impl Screen for Tty {
    fn size(&self) -> io::Result<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(&self.out)?;
        // Serial lines know no size.
        Ok(if size.ws_col == 0 || size.ws_row == 0 { (80, 24) } else { (size.ws_col, size.ws_row) })
    }

    fn draw(&mut self, render: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        queue!(self.page, BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| render(frame))?;
        queue!(self.page, EndSynchronizedUpdate)?;
        self.write_page()
    }

    fn resize(&mut self, columns: u16, rows: u16) -> io::Result<()> {
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    fn bell(&mut self) -> io::Result<()> {
        write_out(&mut self.out, b"\x07")
    }

    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole job stops, so that the shell sees it also where a script started us. In a session without
        // job control the kernel drops the signal, and we go on at once.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        self.retake()
    }

    fn retake(&mut self) -> io::Result<()> {
        disable_raw_mode()?;
        take(&mut self.out)?;
        let (columns, rows) = self.size()?;
        self.resize(columns, rows)
    }
}
