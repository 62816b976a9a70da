//! The signals that end a gate.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for INT, TERM, HUP and QUIT.
pub struct Signals {
    int: Signal,
    term: Signal,
    hup: Signal,
    quit: Signal,
}

impl Signals {
    /// From here on none of them ends the process by itself.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> rustix::process::Signal {
        use rustix::process::Signal as S;
        tokio::select! {
            _ = self.int.recv() => S::INT,
            _ = self.term.recv() => S::TERM,
            _ = self.hup.recv() => S::HUP,
            _ = self.quit.recv() => S::QUIT,
        }
    }
}
