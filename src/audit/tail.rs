//! Following the log: records of some kinds as they are added, by whatever process.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::lines::Lines;
use super::query::parse;
use super::{AuditError, chain, log_file};
use crate::domain::record::{Head, Record};

/// A place in the log up to which it was read.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    kinds: Vec<String>,
    end: u64,
    head: Head,
}

impl Tail {
    /// Nothing is read yet; of other kinds than these only the chain is looked at.
    pub fn new(state: &Path, kinds: &[&str]) -> Self {
        let kinds = kinds.iter().map(|kind| format!(r#""kind":"{kind}""#)).collect();
        Self { path: log_file(state), kinds, end: 0, head: Head::empty() }
    }

    /// The last record that was read.
    pub fn head(&self) -> Head {
        self.head
    }

    /// What was added since, in order. A line that is still being written is left for the next time.
    ///
    /// # Errors
    /// Where the log cannot be read, is shorter than it was, or holds what is no record.
    pub fn read(&mut self) -> Result<Vec<Record>, AuditError> {
        let failed = AuditError::io("read", &self.path);
        let open = || -> std::io::Result<Option<Lines>> {
            let file = match File::open(&self.path) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                file => file?,
            };
            let length = file.metadata()?.len();
            Lines::new(file, self.end, length.max(self.end)).map(Some)
        };
        let Some(lines) = open().map_err(failed)? else { return Ok(Vec::new()) };
        self.follow(lines)
    }

    fn follow(&mut self, mut lines: Lines) -> Result<Vec<Record>, AuditError> {
        let path = self.path.clone();
        let mut found = Vec::new();
        let mut last = Vec::new();
        while let Some((line, whole)) = lines.next().map_err(AuditError::io("read", &path))? {
            if !whole {
                break;
            }
            let text = String::from_utf8_lossy(line);
            if self.kinds.iter().any(|kind| text.contains(kind.as_str())) {
                found.push(parse(&path, &text)?);
            }
            last.clear();
            last.extend_from_slice(line);
            self.end += line.len() as u64 + 1;
        }
        if let Some(line) = chain::read(&last) {
            self.head = line.head;
        }
        Ok(found)
    }
}
