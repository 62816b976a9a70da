//! L8. The loop between terminal, console and desk. It owns the terminal and gives it back however it is left.

mod clock;
mod hooks;
mod input;
mod keys;
mod outside;
mod screen;
mod signals;
mod thin;
mod tty;
mod turns;
mod writer;

use std::io;

use tokio::sync::mpsc;

pub use clock::{BootClock, Clock};
pub use screen::Screen;
pub use signals::Interrupt;
pub use thin::Thin;
pub use tty::{Tty, give_back};
pub use turns::{Leave, TO_SETTLE, Wires, run};

use crate::app::{Setup, State};
use crate::desk::news::{Errand, News};
use crate::sys::clock::now;
use crate::theme::Theme;

/// Opens the console on this process's terminal and runs it until it is left. `setup` gives everything but the
/// size. The first frame is drawn before anything else is waited for. Call it on the main thread, inside tokio.
///
/// # Errors
/// Where there is no terminal to take.
pub async fn open(
    setup: Setup,
    theme: &Theme,
    news: mpsc::Receiver<News>,
    errands: impl FnMut(Errand),
) -> io::Result<Leave> {
    let signals = signals::interrupts()?;
    let clock = BootClock::new()?;
    let mut tty = Tty::take()?;
    // It may go as soon as it was taken: that is no fault to tell of.
    let Ok(size) = tty.size() else { return Ok(Leave::Lost) };
    let state = State::new(Setup { size, now: now(), ..setup });
    let wires = Wires { input: input::events()?, signals, news, errands, clock };
    Ok(run(&mut tty, state, theme, wires).await)
}

#[cfg(test)]
mod tests;
