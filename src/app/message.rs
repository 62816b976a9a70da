//! What happens to the console, and what it wants done.

use crossterm::event::KeyEvent;

use crate::desk::news::{Errand, News, Source};
use crate::domain::text::{SafeText, Text};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted: never a command.
    Paste(Text),
    /// The terminal has so many columns and rows now.
    Resize(u16, u16),
    /// The moment that `State::next_deadline` named has come.
    Deadline,
    /// The desk tells something.
    News(News),
    /// What came of something outside of the screen, in words.
    Outside(SafeText),
    /// The terminal is gone: what is held is dropped, dialogs close.
    Lost,
}

/// A program of the user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// `$PAGER`.
    Pager,
    /// `$VISUAL` or `$EDITOR`.
    Editor,
}

/// Something is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the desk; it answers by news.
    Errand(Errand),
    /// Ring the terminal's bell.
    Bell,
    /// Put text into the clipboard of the terminal.
    Copy(SafeText),
    /// Lend the terminal to a program of the user's that shows a diff, then draw again.
    Show(Source, Reader),
    /// Leave the terminal to the shell (Ctrl-Z), then draw again.
    Suspend,
    /// Draw every cell again.
    Redraw,
    /// Leave with this exit code.
    Quit(u8),
}
