//! The clock of the loop: boot time, so that a deadline which passed while the host slept is noticed on waking.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::domain::time::Ms;
use crate::sys::clock::{Now, now};

/// A clock that can be waited on.
pub trait Clock {
    /// Both clocks.
    fn now(&self) -> Now;

    /// Waits until that many milliseconds after boot.
    fn until(&self, boot: Ms) -> impl Future<Output = ()>;
}

/// The clock of this machine.
#[derive(Debug)]
pub struct BootClock {
    timer: AsyncFd<OwnedFd>,
}

impl BootClock {
    /// Makes a timer. Call it inside the tokio runtime.
    ///
    /// # Errors
    /// Where the kernel gives none.
    pub fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        // Deprecated for descriptors that may be closed underneath; this one is owned. The successor is unsafe.
        #[allow(deprecated)]
        Ok(Self { timer: AsyncFd::with_interest(timer, Interest::READABLE)? })
    }

    fn set(&self, boot: Ms) -> io::Result<()> {
        // Zero would switch the timer off; what is past fires at once.
        let ms = boot.0.max(1);
        let value = Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 };
        let once = Itimerspec { it_interval: Timespec::default(), it_value: value };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }
}

impl Clock for BootClock {
    fn now(&self) -> Now {
        now()
    }

    async fn until(&self, boot: Ms) {
        let fires = self.set(boot).is_ok();
        while fires && now().boot < boot {
            let Ok(mut ready) = self.timer.readable().await else { break };
            let _ = rustix::io::read(self.timer.get_ref(), &mut [0_u8; 8]);
            ready.clear_ready();
        }
        if !fires {
            tokio::time::sleep(boot.since(now().boot).as_duration()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_until_the_moment_and_not_for_one_that_is_past() {
        let clock = BootClock::new().unwrap();
        let start = clock.now().boot;
        clock.until(Ms(start.0 - 5_000)).await;
        clock.until(Ms(start.0 + 30)).await;
        assert!(clock.now().boot.0 >= start.0 + 30);
        clock.until(Ms(start.0 + 40)).await;
        assert!(clock.now().boot.0 >= start.0 + 40);
    }
}
