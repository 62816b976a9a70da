//! Who carries an open decision: a lock file for each one, which the kernel frees when its process is gone.
//! So a start can tell decisions of a dead process from those of a colleague's console on the same log.

use std::io;
use std::path::PathBuf;

use super::road::claim_name;
use crate::domain::ids::DecisionId;
use crate::sys::files::{self, Lock};

/// The folder of lock files.
#[derive(Debug)]
pub(super) struct Claims {
    folder: PathBuf,
}

/// Held while a decision is on its way.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _lock: Lock,
}

impl Claims {
    /// Makes the folder where it is missing.
    pub(super) fn open(state: &std::path::Path) -> io::Result<Self> {
        let folder = state.join("intents");
        files::private_dir(&folder)?;
        Ok(Self { folder })
    }

    /// Claims a decision of our own.
    pub(super) fn take(&self, id: &DecisionId) -> io::Result<Claim> {
        let path = self.folder.join(claim_name(id));
        Ok(Claim { _lock: Lock::wait(&path)?, path })
    }

    /// Claims a decision whose process is gone; `None` where somebody carries it.
    pub(super) fn take_over(&self, id: &DecisionId) -> io::Result<Option<Claim>> {
        let path = self.folder.join(claim_name(id));
        Ok(Lock::try_take(&path)?.map(|lock| Claim { _lock: lock, path }))
    }
}

impl Claim {
    /// The decision is closed: nothing of it needs to stay.
    pub(super) fn release(self) {
        // A file that stays is harmless: it names a decision that the log says is closed.
        drop(std::fs::remove_file(&self.path));
    }
}
