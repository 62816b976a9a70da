//! L3. The audit log: append-only JSON lines chained by hash, shared by every process of one state folder; its
//! verification, anchors, queries, exports, and the store of shown evidence. It is also the journal of decisions.

mod anchors;
mod chain;
mod checkpoint;
mod export;
pub mod ledger;
mod lines;
mod log;
mod query;
mod store;
mod story;
mod tail;
mod verify;
mod words;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::digest::Digest;
use crate::domain::record::Head;
use crate::domain::text::{SafeText, Text};

pub use anchors::{Kept, kept_heads};
pub use export::{Format, create, export, export_file};
pub use log::{Log, Sync};
pub use query::{Filter, acceptances, query, record};
pub use store::Store;
pub use story::{Open, Subject, open_decisions, why};
pub use tail::Tail;
pub use verify::{Anchor, Bad, Report, verify, verify_foreign, verify_own};
pub use words::{KINDS, kind, words};
pub use writer::Writer;

/// The log's file in a state folder.
pub fn log_file(state: &Path) -> PathBuf {
    state.join("audit.jsonl")
}

/// Why the log could not be written or read. Where it is about writing, nothing that needs a record may happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuditError {
    /// The file system refused.
    #[error("cannot {what} {}: {cause}{}", path.display(), mend(cause))]
    Io {
        /// What was tried: `append to`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// The log does not verify: nothing is added to it.
    #[error(
        "{}: record {seq} {why}. Nothing is added to a damaged log: look at it with `jit-tui audit verify`, then move \
         it and audit.head beside it away (keep them) and start again",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The first bad record.
        seq: u64,
        /// What is wrong with it.
        why: SafeText,
    },
    /// A record cannot be JSON.
    #[error("a record cannot be written as JSON: {0}")]
    Json(String),
    /// Another log's head does not continue the one that is kept.
    #[error(
        "the audit log of {log} was rewritten: record {} was {}, now its head is record {} with {}. Compare its export \
         with `jit-tui audit verify FILE --log NAME`",
        kept.seq, kept.hash, now.seq, now.hash, log = log.ident()
    )]
    Rewritten {
        /// Whose log.
        log: Text,
        /// The head that was seen before.
        kept: Head,
        /// The head that it gives now.
        now: Head,
    },
    /// Kept evidence is no longer what its name says.
    #[error("{}: its content does not have the hash {digest} any more; it was changed after it was shown", path.display())]
    Evidence {
        /// Which file.
        path: PathBuf,
        /// What it should be.
        digest: Digest,
    },
    /// The thread that writes is gone.
    #[error("the audit log's writer has ended: start the program again")]
    Ended,
}

impl AuditError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AuditError + use<> {
        let path = path.to_owned();
        move |cause| AuditError::Io { what, path, cause: Arc::new(cause) }
    }
}

impl AuditError {
    /// Whether the reader of what is written went away: no fault, and nobody to tell.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, AuditError::Io { cause, .. } if cause.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn mend(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ". Make room on this disk, then decide again",
        io::ErrorKind::ReadOnlyFilesystem => ". Choose a writable folder with JIT_TUI_STATE_DIR",
        _ => "",
    }
}
