//! Appending: lock, read what others added, chain a batch, one write, one fsync, unlock.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::checkpoint::{self, Position};
use super::lines::Lines;
use super::{AuditError, anchors, chain, log_file};
use crate::domain::record::{Entry, Event, Head};
use crate::domain::text::{SafeText, Text};
use crate::sys::files::{self, Lock};
use crate::sys::{clock, random};

/// Whether a record must be on disk before `append` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// It must.
    Yes,
    /// It may be lost with the machine, not with the process.
    No,
}

/// Bytes that a record, an intent above all, may need.
const ROOM: usize = 16 << 10;

/// A log that is open for appending. Several processes and threads may each have one of the same folder.
#[derive(Debug)]
pub struct Log {
    state: PathBuf,
    path: PathBuf,
    file: File,
    at: Position,
    /// This process has said that it goes on.
    announced: bool,
    name: Text,
}

impl Log {
    /// Opens or begins the log of a state folder.
    ///
    /// # Errors
    /// Where it cannot be read and written, is not ours alone, or is damaged.
    pub fn open(state: &Path) -> Result<Self, AuditError> {
        let path = log_file(state);
        files::private_dir(state).map_err(AuditError::io("use", state))?;
        let file = files::private_append(&path).map_err(AuditError::io("open", &path))?;
        let (state, at) = (state.to_owned(), Position::beginning());
        let mut log = Self { state, path, file, at, announced: false, name: Text::default() };
        let _lock = log.lock()?;
        log.find_place()?;
        if log.at.head.seq == 0 {
            log.begin()?;
        }
        log.name = name_of(&log.path)?;
        Ok(log)
    }

    /// The last record, others' included.
    ///
    /// # Errors
    /// Where the log cannot be read or is damaged.
    pub fn head(&mut self) -> Result<Head, AuditError> {
        let _lock = self.lock()?;
        self.catch_up()?;
        Ok(self.at.head)
    }

    /// What this log is called by those who keep its heads: made from its first record, so it is the same for ever.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Adds records; all of them or none.
    ///
    /// # Errors
    /// Where they are not in the log; what needs a record must then not happen.
    pub fn append(&mut self, entries: Vec<Entry>, sync: Sync) -> Result<Head, AuditError> {
        let _lock = self.lock()?;
        self.write(entries, sync)?;
        Ok(self.at.head)
    }

    /// Adds records where `head` is still the last one, synced; `None` and nothing added where others were quicker.
    /// So a decision that was made on what the log said is on record only if the log says nothing newer.
    ///
    /// # Errors
    /// As `append`.
    pub fn append_behind(&mut self, head: Head, entries: Vec<Entry>) -> Result<Option<Head>, AuditError> {
        let _lock = self.lock()?;
        self.catch_up()?;
        if self.at.head != head {
            return Ok(None);
        }
        self.write(entries, Sync::Yes)?;
        Ok(Some(self.at.head))
    }

    /// Keeps another log's head: in `heads.json` and as a record of this log.
    ///
    /// # Errors
    /// `Rewritten` where it does not continue what was kept; what was kept stays.
    pub fn note_head(&mut self, log: &Text, head: Head) -> Result<(), AuditError> {
        let _lock = self.lock()?;
        let now = clock::now().wall;
        if anchors::keep(&self.state, log, head, now)? {
            let event = Event::HeadSeen { log: log.clone(), seq: head.seq, head: head.hash };
            self.write(vec![Entry { at: now, by: None, request: None, event }], Sync::No)?;
        }
        Ok(())
    }

    /// Whether a record could be written now, after it could not: the log is read to its end and a page of bytes
    /// finds room beside it.
    ///
    /// # Errors
    /// As `append`.
    pub fn try_again(&mut self) -> Result<Head, AuditError> {
        let head = self.head()?;
        let beside = self.state.join(".audit.room");
        let written = files::replace_private(&beside, &[b' '; ROOM]).and_then(|()| std::fs::remove_file(&beside));
        written.map_err(AuditError::io("write", &beside))?;
        Ok(head)
    }

    fn lock(&self) -> Result<Lock, AuditError> {
        lock(&self.state)
    }

    /// Starts at the checkpoint where it holds, else reads everything.
    fn find_place(&mut self) -> Result<(), AuditError> {
        let length = self.length()?;
        self.at = match checkpoint::read(&self.state) {
            None => Position::beginning(),
            Some(at) if at.end <= length && at.holds(&self.file) => at,
            Some(at) => return Err(self.not_as_left(at, length)),
        };
        self.catch_up().map(drop)
    }

    fn not_as_left(&self, at: Position, length: u64) -> AuditError {
        let why = if at.end > length { "is missing: the end of the log was cut off" } else { "was changed" };
        self.damaged(at.head.seq, SafeText::lit(why))
    }

    fn damaged(&self, seq: u64, why: SafeText) -> AuditError {
        AuditError::Damaged { path: self.path.clone(), seq, why }
    }

    fn length(&self) -> Result<u64, AuditError> {
        Ok(self.file.metadata().map_err(AuditError::io("read", &self.path))?.len())
    }

    /// Checks what others added; how many bytes of a torn line stand behind it.
    fn catch_up(&mut self) -> Result<u64, AuditError> {
        self.follow_path()?;
        let length = self.length()?;
        if length < self.at.end {
            return Err(self.not_as_left(self.at, length));
        }
        let failed = AuditError::io("read", &self.path);
        let mut torn = 0;
        let mut read = || -> std::io::Result<Option<u64>> {
            let mut lines = Lines::new(self.file.try_clone()?, self.at.end, length)?;
            while let Some((line, whole)) = lines.next()? {
                let chained = chain::read(line).filter(|line| whole && chain::follows(self.at.head, line));
                match chained {
                    Some(next) => self.at = Position { start: lines.start, end: lines.end, head: next.head },
                    None if !whole && lines.end == length => torn = lines.end - lines.start,
                    None => return Ok(Some(self.at.head.seq + 1)),
                }
            }
            Ok(None)
        };
        match read().map_err(failed)? {
            None => Ok(torn),
            Some(seq) => Err(self.damaged(seq, SafeText::lit("does not continue the log"))),
        }
    }

    /// The file that stands under the name now: somebody may have moved the old one away.
    fn follow_path(&mut self) -> Result<(), AuditError> {
        let ours = self.file.metadata().map_err(AuditError::io("read", &self.path))?;
        let there = std::fs::metadata(&self.path);
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            return Ok(());
        }
        Err(self.damaged(self.at.head.seq, SafeText::lit("was the last one when the file was moved or replaced")))
    }

    fn begin(&mut self) -> Result<(), AuditError> {
        let salt = random::bytes::<8>().map_err(AuditError::io("find random bits for", &self.path))?;
        let program = format!("{} log {}", program(), HEXLOWER.encode(&salt));
        self.announced = true;
        let event = Event::Opened { program: program.into() };
        self.write(vec![Entry { at: clock::now().wall, by: None, request: None, event }], Sync::Yes)?;
        let folder = File::open(&self.state).and_then(|folder| folder.sync_all());
        folder.map_err(AuditError::io("sync", &self.state))
    }

    /// Under the lock. Says first what must be said: a torn line that is cut off, a process that goes on.
    fn write(&mut self, entries: Vec<Entry>, sync: Sync) -> Result<(), AuditError> {
        let torn = self.catch_up()?;
        let at = entries.first().map_or_else(|| clock::now().wall, |entry| entry.at);
        let repaired = (torn > 0).then_some(Event::Repaired { bytes: torn });
        let opened = (!self.announced).then(|| Event::Opened { program: program().into() });
        let notes = repaired.into_iter().chain(opened).map(|event| Entry { at, by: None, request: None, event });
        let (bytes, next) = chained(self.at, notes.chain(entries))?;
        if torn > 0 {
            self.file.set_len(self.at.end).map_err(AuditError::io("cut the torn line off", &self.path))?;
        }
        self.put(&bytes, sync)?;
        self.announced = true;
        self.at = next;
        if sync == Sync::Yes {
            checkpoint::write(&self.state, &self.at);
        }
        Ok(())
    }

    /// One write, one fsync. What did not arrive whole is taken back.
    fn put(&mut self, bytes: &[u8], sync: Sync) -> Result<(), AuditError> {
        let written = self.file.write_all(bytes).and_then(|()| match sync {
            Sync::Yes => self.file.sync_data(),
            Sync::No => Ok(()),
        });
        written.map_err(|error| {
            // Where this fails too, the next append finds a torn line, or a record whose effect never came.
            drop(self.file.set_len(self.at.end));
            AuditError::io("append to", &self.path)(error)
        })
    }
}

/// Waits for the lock that every writer of a state folder takes.
pub(super) fn lock(state: &Path) -> Result<Lock, AuditError> {
    let path = state.join("audit.lock");
    Lock::wait(&path).map_err(AuditError::io("lock", &path))
}

/// The lines of a batch and where the log stands behind them.
fn chained(mut at: Position, entries: impl Iterator<Item = Entry>) -> Result<(Vec<u8>, Position), AuditError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let (line, head) = at.head.chain(entry).map_err(|e| AuditError::Json(e.to_string()))?;
        at = Position { start: at.end, end: at.end + line.len() as u64 + 1, head };
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    Ok((bytes, at))
}

/// The name of the log in a file: `log-` and the first digits of its first record's hash.
pub(super) fn name_of(path: &Path) -> Result<Text, AuditError> {
    let failed = AuditError::io("read", path);
    let first = || Lines::of(path)?.next().map(|line| line.map(|(line, _)| line.to_vec()));
    let first: std::io::Result<Option<Vec<u8>>> = first();
    let hash = crate::domain::digest::Digest::of(&first.map_err(failed)?.unwrap_or_default()).hex();
    Ok(format!("log-{}", hash.get(..12).unwrap_or_default()).into())
}

fn program() -> String {
    format!("jit-tui {}", env!("CARGO_PKG_VERSION"))
}
