//! Everything that the console knows.

use super::setup::Setup;
use crate::domain::time::Ms;
use crate::sys::clock::Now;

/// The console's whole state; one owner, changed by `update` only.
#[derive(Debug)]
pub struct State {
    pub(super) setup: Setup,
    pub(super) now: Now,
    pub(super) dirty: bool,
}

impl State {
    /// The state before anything is known.
    pub fn new(setup: Setup) -> Self {
        let now = setup.now;
        Self { setup, now, dirty: true }
    }

    /// When `Msg::Deadline` is due, in milliseconds since boot.
    pub fn next_deadline(&self, now: Now) -> Option<Ms> {
        let to_minute = 60_000 - now.wall.0.rem_euclid(60_000);
        Some(Ms(now.boot.0.saturating_add(to_minute)))
    }

    /// Whether something visible changed since the last call. Call it once before each draw.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }
}
