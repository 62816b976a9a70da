//! Heads of other logs, kept here: what they had once, they must still have.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lines::Lines;
use super::{AuditError, log_file};
use crate::domain::json;
use crate::domain::record::{Event, Head, Record};
use crate::domain::text::Text;
use crate::domain::time::Ms;
use crate::sys::files;

/// A head of a log that was seen from outside of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Whose.
    pub log: Text,
    /// Its last record then.
    pub head: Head,
    /// When it was seen.
    pub at: Ms,
}

fn path(state: &Path) -> PathBuf {
    state.join("heads.json")
}

/// Keeps a head; whether it is new.
pub(super) fn keep(state: &Path, log: &Text, head: Head, at: Ms) -> Result<bool, AuditError> {
    let mut all = newest(state)?;
    if let Some(kept) = all.iter().find(|kept| kept.log == *log).map(|kept| kept.head) {
        if kept == head {
            return Ok(false);
        }
        if head.seq <= kept.seq {
            return Err(AuditError::Rewritten { log: log.clone(), kept, now: head });
        }
    }
    all.retain(|kept| kept.log != *log);
    all.push(Kept { log: log.clone(), head, at });
    let line = json::to_line(&all).map_err(|e| AuditError::Json(e.to_string()))?;
    files::replace_private(&path(state), line.as_bytes()).map_err(AuditError::io("write", &path(state)))?;
    Ok(true)
}

/// The newest head of each log. A file that cannot be read is an error: it would hide a rewritten log.
fn newest(state: &Path) -> Result<Vec<Kept>, AuditError> {
    let failed = AuditError::io("read", &path(state));
    match std::fs::read(path(state)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| failed(e.into())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(failed(e)),
    }
}

/// Every head of other logs that a state folder has kept: in its records and in `heads.json`.
///
/// # Errors
/// Where either cannot be read.
pub fn kept_heads(state: &Path) -> Result<Vec<Kept>, AuditError> {
    let mut all = newest(state)?;
    let log = log_file(state);
    if log.exists() {
        all.extend(seen_in(&log)?);
    }
    Ok(all)
}

/// Every head that the records of a log file tell of.
pub(super) fn seen_in(log: &Path) -> Result<Vec<Kept>, AuditError> {
    let read = || -> std::io::Result<Vec<Kept>> {
        let mut all = Vec::new();
        let mut lines = Lines::of(log)?;
        while let Some((line, _)) = lines.next()? {
            all.extend(head_seen(line));
        }
        Ok(all)
    };
    read().map_err(AuditError::io("read", log))
}

fn head_seen(line: &[u8]) -> Option<Kept> {
    let line = std::str::from_utf8(line).ok().filter(|line| line.contains("head-seen"))?;
    let record: Record = serde_json::from_str(line).ok()?;
    match record.event {
        Event::HeadSeen { log, seq, head } => Some(Kept { log, head: Head { seq, hash: head }, at: record.at }),
        _ => None,
    }
}
