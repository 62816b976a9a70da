//! The terminal itself: taken on start, given back however we leave. Nothing is ever asked of it.

use std::fs::File;
use std::io;

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::screen::Screen;
use super::thin::Thin;
use super::writer::{Writer, terminal_left, terminal_taken, write_out};
use super::{input, outside};
use crate::domain::text::SafeText;

/// Gives the terminal back, once. Called at the end, from the panic hook, from anywhere; never fails, since a
/// terminal that is gone needs nothing back. Says whether it was ours.
pub fn give_back() -> bool {
    let ours = terminal_left();
    if ours == Some(true) {
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
    }
    if ours.is_some() {
        let _ = disable_raw_mode();
    }
    ours.is_some()
}

fn take(out: &mut File) -> io::Result<()> {
    enable_raw_mode()?;
    terminal_taken();
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, crossterm::cursor::Hide)?;
    write_out(out, &bytes)
}

/// Standard output without the buffer of std: one frame is one write. No child inherits it.
fn stdout() -> io::Result<File> {
    Ok(File::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?))
}

/// Our terminal, until it is dropped.
pub struct Tty {
    out: File,
    writer: Writer,
    thin: Thin,
}

impl Tty {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where standard input or output is no terminal, or it is gone.
    pub fn take() -> io::Result<Self> {
        let mut out = stdout()?;
        let writer = Writer::start(out.try_clone()?)?;
        let (columns, rows) = size_of(&out)?;
        take(&mut out).inspect_err(|_| {
            give_back();
        })?;
        Ok(Self { out, writer, thin: Thin::new(columns, rows) })
    }
}

fn size_of(out: &File) -> io::Result<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(out)?;
    // Serial lines know no size.
    Ok(if size.ws_col == 0 || size.ws_row == 0 { (80, 24) } else { (size.ws_col, size.ws_row) })
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

impl Screen for Tty {
    fn size(&self) -> io::Result<(u16, u16)> {
        size_of(&self.out)
    }

    fn draw(&mut self, render: &mut dyn FnMut(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        self.thin.draw(render);
        self.thin.frame().map_or(Ok(()), |bytes| self.writer.send(&bytes))
    }

    fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    async fn drained(&mut self) -> io::Result<()> {
        self.writer.drained().await
    }

    fn resize(&mut self, columns: u16, rows: u16) -> io::Result<()> {
        self.thin.resize(columns, rows);
        Ok(())
    }

    fn bell(&mut self) -> io::Result<()> {
        self.writer.send(b"\x07")
    }

    fn copy(&mut self, text: &SafeText) -> io::Result<bool> {
        let sequence = outside::clipboard(text, outside::in_tmux());
        sequence.as_ref().map_or(Ok(()), |bytes| self.writer.send(bytes))?;
        Ok(sequence.is_some())
    }

    fn lend(&mut self, run: &mut dyn FnMut()) -> io::Result<()> {
        give_back();
        let resting = input::rest();
        run();
        drop(resting);
        self.retake()
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
