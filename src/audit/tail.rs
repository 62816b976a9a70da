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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::audit::{Log, Sync, kind, verify_own};
    use crate::domain::record::{Entry, Event};
    use crate::domain::time::Ms;

    fn entry(event: Event) -> Entry {
        Entry { at: Ms(1_795_417_927_000), by: None, request: None, event }
    }

    fn denied(why: &str) -> Entry {
        entry(Event::Denied { why: why.into() })
    }

    #[test]
    fn a_tail_gives_each_record_of_its_kinds_once_whoever_added_it() {
        let folder = tempfile::tempdir().unwrap();
        let [mut log, mut other] = [(), ()].map(|()| Log::open(folder.path()).unwrap());
        let mut tail = Tail::new(folder.path(), &["denied", "timed-out"]);
        log.append(vec![denied("one"), entry(Event::Looked)], Sync::No).unwrap();
        other.append(vec![entry(Event::TimedOut)], Sync::No).unwrap();
        let kinds = |records: Vec<Record>| records.iter().map(|r| kind(&r.event)).collect::<Vec<_>>();
        assert_eq!(kinds(tail.read().unwrap()), ["denied", "timed-out"]);
        assert_eq!(tail.head(), log.head().unwrap());
        assert_eq!(tail.read().unwrap(), []);
        // A line that is still being written is left for the next time.
        let mut file = std::fs::OpenOptions::new().append(true).open(log_file(folder.path())).unwrap();
        file.write_all(br#"{"seq":99,"kind":"denied""#).unwrap();
        assert_eq!(tail.read().unwrap(), []);
        log.append(vec![denied("two")], Sync::No).unwrap();
        assert_eq!(kinds(tail.read().unwrap()), ["denied"]);
        assert_eq!(tail.head(), log.head().unwrap());
    }

    #[test]
    fn behind_a_record_is_added_only_while_it_is_the_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let [mut log, mut other] = [(), ()].map(|()| Log::open(folder.path()).unwrap());
        let judged_on = log.head().unwrap();
        other.append(vec![denied("quicker")], Sync::No).unwrap();
        assert_eq!(log.append_behind(judged_on, vec![denied("late")]).unwrap(), None);
        let judged_on = log.head().unwrap();
        let added = log.append_behind(judged_on, vec![denied("in time"), denied("with it")]).unwrap();
        assert_eq!(added, Some(log.head().unwrap()));
        let text = std::fs::read_to_string(log_file(folder.path())).unwrap();
        assert!(!text.contains("late") && text.contains("in time") && text.contains("with it"));
        assert!(verify_own(folder.path(), &[]).unwrap().first_bad.is_none());
    }
}
