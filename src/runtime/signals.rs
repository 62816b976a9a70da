//! Signals as a stream, and a last resort: who was told to go and does not, goes anyway.

use std::io;
use std::time::Duration;

use futures_util::stream::{Stream, poll_fn};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// Leave, with 128 and this number.
    End(u8),
    /// The terminal has another size.
    Resize,
    /// We were stopped and go on.
    Resumed,
}

/// Which signals, and what they mean.
const TABLE: [(Signal, Interrupt); 6] = [
    (Signal::HUP, Interrupt::End(1)),
    (Signal::INT, Interrupt::End(2)),
    (Signal::QUIT, Interrupt::End(3)),
    (Signal::TERM, Interrupt::End(15)),
    (Signal::WINCH, Interrupt::Resize),
    (Signal::CONT, Interrupt::Resumed),
];

/// So long a stuck terminal may hold up the end.
const PATIENCE: Duration = Duration::from_secs(8);

/// The signals of this process, also those that it was started to ignore. Call it inside the tokio runtime.
///
/// # Errors
/// Where the kernel takes no handler.
pub fn interrupts() -> io::Result<impl Stream<Item = Interrupt> + Unpin> {
    let (sender, mut receiver) = mpsc::channel(16);
    for (which, meaning) in TABLE {
        let mut signals = signal(SignalKind::from_raw(which.as_raw()))?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // A full queue holds the same news already.
                let _ = sender.try_send(meaning);
                if let Interrupt::End(number) = meaning {
                    tokio::spawn(leave_anyway(number));
                }
            }
        });
    }
    Ok(poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// A terminal that takes no bytes would block the loop, and with it the end.
async fn leave_anyway(number: u8) {
    tokio::time::sleep(PATIENCE).await;
    let _ = crossterm::terminal::disable_raw_mode();
    std::process::exit(128 + i32::from(number));
}
