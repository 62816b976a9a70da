//! The ledger of action SHAs: which commit an action's reference stood for, when that was seen first and last, and
//! who approved what with it. Append-only JSON lines behind a line with the version; it trusts what it saw first.

mod book;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lines::Lines;
use crate::domain::ids::DecisionId;
use crate::domain::json;
use crate::domain::principal::Principal;
use crate::domain::text::Text;
use crate::domain::time::Ms;
use crate::sys::files::{self, Lock};

pub use book::{Book, Row};

/// The version of the format that this program writes, and the newest that it reads.
const VERSION: u32 = 1;
/// What the first line calls the file.
const NAME: &str = "jit-tui action SHAs";
/// A longer line is damaged.
const LONGEST: usize = 64 << 10;

/// The ledger's file in a state folder.
pub fn ledger_file(state: &Path) -> PathBuf {
    state.join("ledger.jsonl")
}

/// What happened to an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Its reference was seen standing for the SHA.
    Seen,
    /// A request that runs it was approved.
    Approved,
    /// A request that runs it was rejected.
    Rejected,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Ms,
    /// What happened.
    pub what: What,
    /// `owner/repo/path`.
    pub action: Text,
    /// What is written behind `@`.
    pub reference: Text,
    /// The commit, whole.
    pub sha: Text,
    /// The repository whose pipeline names it.
    pub repository: Text,
    /// Where it was to run.
    pub environment: Text,
    /// Who saw or decided it; absent where nobody knew.
    pub by: Option<Principal>,
    /// Which decision.
    pub decision: Option<DecisionId>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    ledger: String,
    version: u32,
}

/// What is wrong with a ledger; each is said, and what can be read counts.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerFault {
    /// A later program wrote it: nothing of it is read, and nothing is added to it.
    #[error(
        "{}: the ledger has format {version}, this program knows up to {VERSION}: use the jit-tui that wrote it; until \
         then nothing is told from it", path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// It does not begin as a ledger does.
    #[error("{}: not a ledger of action SHAs: give the file that `jit-tui ledger export` wrote, or move it away", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// Some lines are not what they should be.
    #[error(
        "{}: the ledger is damaged: {lines} line(s) cannot be read, the first is line {first}; the others count. Put a \
         copy back, or take these lines out", path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The first bad line, from 1.
        first: u64,
        /// How many there are.
        lines: u64,
    },
    /// The file system refused.
    #[error("{}: cannot {what} the ledger: {cause}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: Arc<io::Error>,
    },
}

impl LedgerFault {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::Io { what, path, cause: Arc::new(cause) }
    }
}

/// The lines of a file, and what is wrong with it. A file that is not there has none.
///
/// # Errors
/// Where nothing of it can be read.
pub fn read(path: &Path) -> Result<(Vec<Line>, Option<LedgerFault>), LedgerFault> {
    let failed = LedgerFault::io("read", path);
    let mut all = match Lines::of(path) {
        Ok(lines) => lines,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), None)),
        Err(e) => return Err(failed(e)),
    };
    let mut pages = Pages::default();
    let mut number = 0;
    while let Some((line, whole)) = all.next().map_err(LedgerFault::io("read", path))? {
        number += 1;
        match number {
            1 => check_header(path, line)?,
            // Somebody writes it just now, or was ended while it did; the next writer cuts it off.
            _ if !whole => {}
            _ => pages.take(number, line),
        }
    }
    let (first, lines) = pages.bad;
    let fault = (lines > 0).then(|| LedgerFault::Damaged { path: path.to_owned(), first, lines });
    Ok((pages.good, fault))
}

#[derive(Default)]
struct Pages {
    good: Vec<Line>,
    bad: (u64, u64),
}

impl Pages {
    fn take(&mut self, number: u64, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(line_read) if line.len() <= LONGEST => self.good.push(line_read),
            _ if self.bad.1 == 0 => self.bad = (number, 1),
            _ => self.bad.1 += 1,
        }
    }
}

fn check_header(path: &Path, line: &[u8]) -> Result<(), LedgerFault> {
    let path = path.to_owned();
    match serde_json::from_slice::<Header>(line) {
        Ok(header) if header.ledger == NAME && header.version > VERSION => {
            Err(LedgerFault::Newer { path, version: header.version })
        }
        Ok(header) if header.ledger == NAME => Ok(()),
        _ => Err(LedgerFault::Foreign { path }),
    }
}

/// Adds lines to the ledger of a state folder, all of them or none; on disk when this returns.
///
/// # Errors
/// Where it cannot be written, is none, or is newer than this program.
pub fn append(state: &Path, lines: &[Line]) -> Result<(), LedgerFault> {
    let path = ledger_file(state);
    files::private_dir(state).map_err(LedgerFault::io("use", state))?;
    let _lock = Lock::wait(&state.join("ledger.lock")).map_err(LedgerFault::io("lock", &path))?;
    let mut file = files::private_append(&path).map_err(LedgerFault::io("open", &path))?;
    let whole = sound_length(&path)?;
    let mut bytes = if whole == 0 { header(&path)? } else { Vec::new() };
    write(&mut bytes, &path, lines)?;
    let length = file.metadata().map_err(LedgerFault::io("read", &path))?.len();
    let torn = if length > whole { file.set_len(whole) } else { Ok(()) };
    let written = torn.and_then(|()| file.write_all(&bytes)).and_then(|()| file.sync_data());
    written.map_err(|error| {
        // Where this fails too, the next reader passes over a torn line.
        drop(file.set_len(whole));
        LedgerFault::io("append to", &path)(error)
    })
}

/// Writes lines as a file of their own.
///
/// # Errors
/// Where the sink refuses.
pub fn export(lines: &[Line], out: &mut dyn Write) -> Result<(), LedgerFault> {
    let path = Path::new("the export");
    let mut bytes = header(path)?;
    write(&mut bytes, path, lines)?;
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(LedgerFault::io("write", path))
}

/// Bytes up to the last newline; a torn line behind it is what a crash left.
fn sound_length(path: &Path) -> Result<u64, LedgerFault> {
    let failed = |e| LedgerFault::io("read", path)(e);
    let mut all = Lines::of(path).map_err(failed)?;
    let mut sound = 0;
    while let Some((line, whole)) = all.next().map_err(failed)? {
        if sound == 0 && whole {
            check_header(path, line)?;
        }
        if whole {
            sound = all.end;
        }
    }
    Ok(sound)
}

fn header(path: &Path) -> Result<Vec<u8>, LedgerFault> {
    line_of(path, &Header { ledger: NAME.to_owned(), version: VERSION })
}

fn write(bytes: &mut Vec<u8>, path: &Path, lines: &[Line]) -> Result<(), LedgerFault> {
    for line in lines {
        bytes.extend(line_of(path, line)?);
    }
    Ok(())
}

fn line_of(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, LedgerFault> {
    let line = json::to_line(value).map_err(|e| LedgerFault::io("write", path)(io::Error::other(e)))?;
    Ok([line.as_bytes(), b"\n"].concat())
}
