//! Who carries an open decision: a lock file for each one, which the kernel frees when its process is gone.
//! So a start can tell decisions of a dead process from those of a colleague's console on the same log.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

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
    /// The folder is made with the first claim: where nothing can be written, everything can still be looked at.
    pub(super) fn of(state: &Path) -> Self {
        Self { folder: state.join("intents") }
    }

    /// Decisions that some process claimed and did not release: carried still, or left behind.
    pub(super) fn left(&self) -> HashSet<DecisionId> {
        let names = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.filter_map(|name| claimed_by(name.to_str()?)).collect()
    }

    /// Claims a decision of our own.
    pub(super) fn take(&self, id: &DecisionId) -> io::Result<Claim> {
        files::private_dir(&self.folder)?;
        let path = self.folder.join(claim_name(id));
        Ok(Claim { _lock: Lock::wait(&path)?, path })
    }

    /// Claims a decision whose process is gone; `None` where somebody carries it.
    pub(super) fn take_over(&self, id: &DecisionId) -> io::Result<Option<Claim>> {
        let path = self.folder.join(claim_name(id));
        Ok(Lock::try_take(&path)?.map(|lock| Claim { _lock: lock, path }))
    }
}

/// What a decision id is called on disk while somebody carries it.
fn claim_name(id: &DecisionId) -> String {
    format!("{id}.lock")
}

fn claimed_by(name: &str) -> Option<DecisionId> {
    name.strip_suffix(".lock")?.parse().ok()
}

impl Claim {
    /// The decision is closed: nothing of it needs to stay.
    pub(super) fn release(self) {
        // A file that stays is harmless: it names a decision that the log says is closed.
        drop(std::fs::remove_file(&self.path));
    }
}
