//! The audit log as the desk's journal. A log that cannot be opened or does not verify lets the console look, and
//! decide nothing; the whole log is verified once, off the first frame's path, before the first record is added.

use std::path::{Path, PathBuf};

use tokio::sync::OnceCell;

use crate::audit::{self, Sync, Writer};
use crate::domain::record::{Entry, Head};
use crate::domain::text::Text;

/// The log, or why there is none.
pub(super) struct Journal {
    state: PathBuf,
    writer: Result<Writer, String>,
    verified: OnceCell<Result<(), String>>,
}

impl Journal {
    pub(super) fn open(state: &Path) -> Self {
        let writer = Writer::open(state).map_err(|e| e.to_string());
        Self { state: state.to_owned(), writer, verified: OnceCell::new() }
    }

    /// Adds entries; with `Sync::Yes` they are on disk before this returns.
    pub(super) async fn append(&self, entries: Vec<Entry>, sync: Sync) -> Result<Head, String> {
        self.sound().await?.append(entries, sync).await.map_err(|e| e.to_string())
    }

    /// Adds entries, synced, where this is still the last record; `None` where it is not.
    pub(super) async fn append_behind(&self, head: Head, entries: Vec<Entry>) -> Result<Option<Head>, String> {
        self.sound().await?.append_behind(head, entries).await.map_err(|e| e.to_string())
    }

    /// The last record.
    pub(super) async fn head(&self) -> Result<Head, String> {
        self.sound().await?.head().await.map_err(|e| e.to_string())
    }

    /// The log's own name, which others keep its heads under.
    pub(super) fn name(&self) -> Text {
        self.writer.as_ref().map_or(Text::default(), |w| w.name().into())
    }

    /// Keeps another log's head; an error is an alarm: that log does not continue what it was.
    pub(super) async fn note_head(&self, log: &Text, head: Head) -> Result<(), String> {
        self.sound().await?.note_head(log, head).await.map_err(|e| e.to_string())
    }

    async fn sound(&self) -> Result<&Writer, String> {
        let writer = self.writer.as_ref().map_err(Clone::clone)?;
        self.verified.get_or_init(|| verify(self.state.clone())).await.clone()?;
        Ok(writer)
    }
}

async fn verify(state: PathBuf) -> Result<(), String> {
    let report = tokio::task::spawn_blocking(move || audit::verify_own(&state, &[])).await;
    let report = report.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
    match report.first_bad {
        None => Ok(()),
        Some(bad) => Err(format!(
            "record #{} (line {}) of the audit log {}: keep the file, look with `jit-tui audit verify`",
            bad.seq, bad.line, bad.why
        )),
    }
}
