//! One guard for one state folder: whoever holds the lock. The kernel frees it with its process.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::sys::files::Lock;

/// The guard's seat.
#[derive(Debug)]
pub(in crate::desk) struct Seat {
    path: PathBuf,
    sitting: Mutex<Sitting>,
}

#[derive(Debug)]
enum Sitting {
    /// It is to be had, if nobody else has it.
    Free,
    /// It is ours while the lock lives.
    Ours { _lock: Lock },
    /// It was given up and is not taken again before `come_back`.
    GivenUp,
}

impl Seat {
    /// Nobody sits there yet.
    pub(in crate::desk) fn of(state: &Path) -> Self {
        Self { path: state.join("guard.lock"), sitting: Mutex::new(Sitting::Free) }
    }

    /// Takes it where nobody else has it. Whether it is ours now.
    ///
    /// # Errors
    /// Where the lock's file cannot be used.
    pub(in crate::desk) fn take(&self) -> io::Result<bool> {
        let mut sitting = self.sitting.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*sitting, Sitting::Free)
            && let Some(lock) = Lock::try_take(&self.path)?
        {
            *sitting = Sitting::Ours { _lock: lock };
        }
        Ok(matches!(*sitting, Sitting::Ours { .. }))
    }

    /// Whether it is ours.
    pub(in crate::desk) fn is_ours(&self) -> bool {
        matches!(*self.sitting.lock().unwrap_or_else(PoisonError::into_inner), Sitting::Ours { .. })
    }

    /// Leaves it to others at once: this process is about to be stopped.
    pub(in crate::desk) fn give_up(&self) {
        *self.sitting.lock().unwrap_or_else(PoisonError::into_inner) = Sitting::GivenUp;
    }

    /// This process goes on: the seat may be taken again.
    pub(in crate::desk) fn come_back(&self) {
        let mut sitting = self.sitting.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*sitting, Sitting::GivenUp) {
            *sitting = Sitting::Free;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sits_and_the_next_comes_when_it_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let (console, daemon) = (Seat::of(dir.path()), Seat::of(dir.path()));
        assert!(console.take().unwrap() && console.take().unwrap());
        assert!(!daemon.take().unwrap());
        console.give_up();
        assert!(!console.is_ours() && daemon.take().unwrap());
        assert!(!console.take().unwrap(), "given up stays given up until the process goes on");
        console.come_back();
        assert!(!console.take().unwrap(), "and then the other one has it");
        drop(daemon);
        assert!(console.take().unwrap());
    }
}
