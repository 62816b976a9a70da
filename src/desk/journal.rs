//! The audit log as the desk's journal. A log that cannot be opened or does not verify lets the console look, and
//! decide nothing; the whole log is verified once, off the first frame's path, before the first record is added.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::audit::{self, AuditError, Sync, Writer};
use crate::domain::record::{Entry, Head};
use crate::domain::text::Text;

/// The log, or why there is none.
pub(super) struct Journal {
    state: PathBuf,
    writer: Mutex<Result<Writer, String>>,
    verified: OnceCell<Result<(), String>>,
}

/// Why another log's head was not kept.
pub(super) enum NotKept {
    /// Our log cannot be written.
    Broken(String),
    /// The other log does not continue what it was.
    Rewritten(String),
}

impl Journal {
    pub(super) fn open(state: &Path) -> Self {
        let writer = Writer::open(state).map_err(|e| e.to_string());
        Self { state: state.to_owned(), writer: Mutex::new(writer), verified: OnceCell::new() }
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

    /// Whether a log that could not be written can be by now: a disk that was full has room again.
    pub(super) async fn try_again(&self) -> Result<Head, String> {
        if self.writer().is_err() {
            let state = self.state.clone();
            let opened = tokio::task::spawn_blocking(move || Writer::open(&state)).await;
            let opened = opened.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
            *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Ok(opened);
        }
        self.sound().await?.try_again().await.map_err(|e| e.to_string())
    }

    /// The log's own name, which others keep its heads under.
    pub(super) fn name(&self) -> Text {
        self.writer().map_or(Text::default(), |w| w.name().into())
    }

    /// Keeps another log's head.
    pub(super) async fn note_head(&self, log: &Text, head: Head) -> Result<(), NotKept> {
        let writer = self.sound().await.map_err(NotKept::Broken)?;
        writer.note_head(log, head).await.map_err(|e| match e {
            AuditError::Rewritten { .. } => NotKept::Rewritten(e.to_string()),
            _ => NotKept::Broken(e.to_string()),
        })
    }

    fn writer(&self) -> Result<Writer, String> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn sound(&self) -> Result<Writer, String> {
        let writer = self.writer()?;
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
