//! How far the log is known to be whole, so that opening it need not read all of it. It is written after an fsync
//! of the log and is never ahead of it; where it is missing or unreadable, everything is read.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::json;
use crate::domain::record::Head;
use crate::sys::files;

/// A place in the log up to which it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Where the last line begins.
    pub(super) start: u64,
    /// Where the next one will begin.
    pub(super) end: u64,
    /// The last line.
    pub(super) head: Head,
}

impl Position {
    /// Of a log with nothing in it.
    pub(super) fn beginning() -> Self {
        Self { start: 0, end: 0, head: Head::empty() }
    }

    /// Whether the line that ends here is still what it was.
    pub(super) fn holds(&self, file: &File) -> bool {
        let length = self.end.saturating_sub(self.start).saturating_sub(1);
        let mut line = vec![0; usize::try_from(length.min(64 << 20)).unwrap_or_default()];
        file.read_exact_at(&mut line, self.start).is_ok() && Digest::of(&line) == self.head.hash
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("audit.head")
}

/// The last one that was written.
pub(super) fn read(state: &Path) -> Option<Position> {
    serde_json::from_slice(&std::fs::read(path(state)).ok()?).ok()
}

/// Keeps one. That it fails costs time at the next start, nothing else.
pub(super) fn write(state: &Path, position: &Position) {
    let written = json::to_line(position).map(|line| files::replace_unsynced(&path(state), line.as_bytes()));
    if let Ok(Err(error)) = written {
        tracing::warn!(%error, "audit checkpoint not written");
    }
}
