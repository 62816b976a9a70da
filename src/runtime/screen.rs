//! What the loop needs of a screen, so that tests can give it one of their own.

use std::io;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::domain::text::SafeText;

/// A place to draw on.
pub trait Screen {
    /// Columns and rows as they are now.
    ///
    /// # Errors
    /// Where the terminal is gone; so everywhere here.
    fn size(&self) -> io::Result<(u16, u16)>;

    /// Draws one frame: `render` draws on an empty screen and says where the cursor is shown. Only what changed is
    /// written, in one go. Never waits for the terminal.
    fn draw(&mut self, render: &mut dyn FnMut(&mut Buffer) -> Option<Position>) -> io::Result<()>;

    /// Whether the last frame is still on its way: the next one waits, and is drawn from what is newest then.
    fn is_busy(&self) -> bool {
        false
    }

    /// Waits until it is not.
    fn drained(&mut self) -> impl Future<Output = io::Result<()>> {
        std::future::ready(Ok(()))
    }

    /// Takes a new size; the next frame is written whole.
    fn resize(&mut self, columns: u16, rows: u16) -> io::Result<()>;

    /// Rings.
    fn bell(&mut self) -> io::Result<()>;

    /// Puts text into the clipboard of the terminal, where that takes it; whether it was short enough.
    fn copy(&mut self, text: &SafeText) -> io::Result<bool>;

    /// Gives the terminal to `run`, and takes it again when that is done; the next frame is written whole.
    fn lend(&mut self, run: &mut dyn FnMut()) -> io::Result<()>;

    /// Gives the terminal back to the shell, stops this job, and takes the terminal again when it goes on.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes the terminal again after somebody else stopped us; the next frame is written whole.
    fn retake(&mut self) -> io::Result<()>;
}
