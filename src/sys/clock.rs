//! Wall time and boot time. Deadlines use both: boot time counts a suspend, wall time survives a reboot,
//! and either one past means over.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::domain::time::{Ms, Span};

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Unix milliseconds, as people and other machines see it; may jump.
    pub wall: Ms,
    /// Milliseconds since boot, suspend included; never jumps back.
    pub boot: Ms,
}

/// Reads both clocks.
pub fn now() -> Now {
    stepped(Now { wall: read(ClockId::Realtime), boot: read(ClockId::Boottime) })
}

/// Tells one boot from another. Empty in odd containers: then every start counts as another boot, and wall time
/// alone holds.
pub fn boot_id() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

/// With `test-hooks`: the file `JIT_TUI_CLOCK_FILE` holds how many milliseconds the wall and the boot clock are
/// off, so that a test can step a clock or let a host sleep.
#[cfg(feature = "test-hooks")]
fn stepped(now: Now) -> Now {
    let read = || std::fs::read_to_string(std::env::var_os("JIT_TUI_CLOCK_FILE")?).ok();
    let text = read().unwrap_or_default();
    let mut offsets = text.split_whitespace().map(|n| n.parse::<i64>().unwrap_or_default());
    let mut later = |ms: Ms| Ms(ms.0.saturating_add(offsets.next().unwrap_or_default()));
    Now { wall: later(now.wall), boot: later(now.boot) }
}

#[cfg(not(feature = "test-hooks"))]
fn stepped(now: Now) -> Now {
    now
}

fn read(id: ClockId) -> Ms {
    let t = clock_gettime(id);
    Ms(t.tv_sec.saturating_mul(1000).saturating_add(t.tv_nsec / 1_000_000))
}

/// A moment that is past as soon as either clock says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    wall: Ms,
    boot: Ms,
}

impl Deadline {
    /// So long from `now`.
    pub fn after(now: Now, span: Span) -> Self {
        Self { wall: now.wall + span, boot: now.boot + span }
    }

    /// Whether it is past.
    pub fn is_past(self, now: Now) -> bool {
        now.wall >= self.wall || now.boot >= self.boot
    }

    /// So much later.
    pub fn later(self, span: Span) -> Self {
        Self { wall: self.wall + span, boot: self.boot + span }
    }

    /// The moment as people see it.
    pub fn wall(self) -> Ms {
        self.wall
    }

    /// The moment on the boot clock.
    pub fn boot(self) -> Ms {
        self.boot
    }

    /// The same moment where the boot clock began anew: the wall clock alone says when it is.
    pub fn in_another_boot(self, now: Now) -> Self {
        Self { wall: self.wall, boot: Ms(now.boot.0.saturating_add(self.wall.0.saturating_sub(now.wall.0))) }
    }

    /// The later one of both, clock by clock.
    #[must_use]
    pub fn or_later(self, other: Self) -> Self {
        Self { wall: self.wall.max(other.wall), boot: self.boot.max(other.boot) }
    }

    /// The earlier one of both, clock by clock.
    #[must_use]
    pub fn or_earlier(self, other: Self) -> Self {
        Self { wall: self.wall.min(other.wall), boot: self.boot.min(other.boot) }
    }

    /// What is left, by the clock that is nearer to the end.
    pub fn left(self, now: Now) -> Span {
        self.wall.since(now.wall).min(self.boot.since(now.boot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_clock_past_means_over() {
        let start = Now { wall: Ms(1_000_000), boot: Ms(50_000) };
        let deadline = Deadline::after(start, Span::mins(1));
        assert!(!deadline.is_past(Now { wall: Ms(1_030_000), boot: Ms(80_000) }));
        // The wall clock was stepped back by an hour, the boot clock went on.
        assert!(deadline.is_past(Now { wall: Ms(-2_000_000), boot: Ms(110_000) }));
        // Another boot: its boot clock starts again, the wall clock went on.
        assert!(deadline.is_past(Now { wall: Ms(1_060_000), boot: Ms(10) }));
    }
}
