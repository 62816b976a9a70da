//! Whether a log is what was written: every line chains to the one before, and every head that somebody else kept
//! is still in it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use super::anchors::{Kept, kept_heads, seen_in};
use super::chain::{self, Break, Chained};
use super::lines::Lines;
use super::log::{lock, name_of};
use super::{AuditError, checkpoint, log_file};
use crate::domain::record::Head;
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// A head that the log must still have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Who kept it.
    pub from: SafeText,
    /// What it was.
    pub head: Head,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The number that the record there should have.
    pub seq: u64,
    /// Where it stands.
    pub line: u64,
    /// What is wrong: `was changed: …`, `is missing`.
    pub why: SafeText,
}

/// What came of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The name under which others keep this log's heads.
    pub name: Text,
    /// Records that chain, from the first.
    pub records: u64,
    /// The first bad one.
    pub first_bad: Option<Bad>,
    /// The last record that chains.
    pub head: Head,
    /// Bytes of a torn last line: a crash leaves one, and so does a cut.
    pub torn: u64,
    /// Newest record that somebody else vouches for, and who does.
    pub anchored: Option<Anchor>,
    /// How many kept heads were compared.
    pub compared: usize,
}

impl Report {
    /// Whether nothing is wrong. A torn last line is left to who knows whether a writer may have died.
    pub fn is_sound(&self) -> bool {
        self.first_bad.is_none()
    }

    /// What it says, line by line.
    pub fn words(&self) -> Vec<SafeText> {
        let mut lines = vec![match &self.first_bad {
            None => safe!("OK: {} records chain, the last is #{} {}", self.records, self.head.seq, self.head.hash),
            Some(bad) => safe!("DAMAGED: record #{} (line {}) {}", bad.seq, bad.line, bad.why),
        }];
        if self.torn > 0 {
            lines.push(safe!("the last line is torn ({} bytes, no newline)", self.torn));
        }
        lines.push(match &self.anchored {
            Some(anchor) => safe!(
                "anchored up to #{} by {} ({} kept heads compared): {}",
                anchor.head.seq,
                anchor.from,
                self.compared,
                "changes up to there would show; later records could be cut off unseen"
            ),
            None => SafeText::lit(
                "no anchor: nobody else keeps a head of this log, so a log rewritten as a whole would not show",
            ),
        });
        lines
    }
}

/// Verifies a file of JSON lines against heads that others kept of it.
///
/// # Errors
/// Where the file cannot be read.
pub fn verify(path: &Path, anchors: &[Anchor]) -> Result<Report, AuditError> {
    let lines = Lines::of(path).map_err(AuditError::io("read", path))?;
    run(path, lines, anchors)
}

/// Verifies the log of a state folder, against its own checkpoint and the exports of other logs that keep its heads.
///
/// # Errors
/// Where a file cannot be read.
pub fn verify_own(state: &Path, others: &[PathBuf]) -> Result<Report, AuditError> {
    let path = log_file(state);
    let failed = AuditError::io("read", &path);
    // Under the lock no line is half written; the length of now is verified while others may go on. A folder that
    // cannot be written to has no writers.
    let (lines, checkpoint) = {
        let _lock = lock(state).ok();
        let open = || File::open(&path).and_then(|file| Lines::new(file.try_clone()?, 0, file.metadata()?.len()));
        (open().map_err(failed)?, checkpoint::read(state))
    };
    let name = name_of(&path)?;
    let mut anchors = Vec::new();
    for other in others {
        let source = Text::from(other.as_path()).ident();
        let seen = seen_in(other)?.into_iter().filter(|kept| kept.log == name);
        anchors.extend(seen.map(|kept| Anchor { from: source.clone(), head: kept.head }));
    }
    let own = checkpoint.map(|at| Anchor { from: SafeText::lit(OWN), head: at.head });
    let mut report = run(&path, lines, &anchors.iter().cloned().chain(own).collect::<Vec<_>>())?;
    // One's own checkpoint shows damage but vouches for nothing.
    report.compared = anchors.len();
    report.anchored = newest(&anchors, report.head.seq);
    Ok(report)
}

const OWN: &str = "this folder's own checkpoint";

/// Verifies another log's export against the heads of it that this state folder keeps under `log`; without a name,
/// under every name that has a head in common with it.
///
/// # Errors
/// Where a file cannot be read.
pub fn verify_foreign(state: &Path, path: &Path, log: Option<&Text>) -> Result<Report, AuditError> {
    let kept = if state.is_dir() { kept_heads(state)? } else { Vec::new() };
    let names = match log {
        Some(name) => HashSet::from([name.clone()]),
        None => names_in(path, &kept)?,
    };
    let anchor = |kept: &Kept| Anchor { from: safe!("the heads kept of {}", kept.log.ident()), head: kept.head };
    let anchors: Vec<Anchor> = kept.iter().filter(|kept| names.contains(&kept.log)).map(anchor).collect();
    verify(path, &anchors)
}

fn names_in(path: &Path, kept: &[Kept]) -> Result<HashSet<Text>, AuditError> {
    let hashes: HashMap<_, &Text> = kept.iter().map(|k| ((k.head.seq, k.head.hash), &k.log)).collect();
    let mut names = HashSet::new();
    if hashes.is_empty() {
        return Ok(names);
    }
    let failed = AuditError::io("read", path);
    let mut read = || -> std::io::Result<()> {
        let mut lines = Lines::of(path)?;
        while let Some((line, _)) = lines.next()? {
            let known = chain::read(line).and_then(|line| hashes.get(&(line.head.seq, line.head.hash)));
            names.extend(known.map(|name| (*name).clone()));
        }
        Ok(())
    };
    read().map_err(failed)?;
    Ok(names)
}

fn run(path: &Path, lines: Lines, anchors: &[Anchor]) -> Result<Report, AuditError> {
    let mut walk = Walk {
        before: Head::empty(),
        head: Head::empty(),
        line: 0,
        torn: 0,
        lines,
        anchors: anchors.iter().map(|anchor| (anchor.head.seq, anchor)).collect(),
    };
    let first_bad = walk.first_bad().map_err(AuditError::io("read", path))?;
    let anchored = newest(anchors, walk.head.seq);
    Ok(Report {
        name: name_of(path)?,
        records: walk.head.seq,
        first_bad,
        head: walk.head,
        torn: walk.torn,
        anchored,
        compared: anchors.len(),
    })
}

/// The newest anchor among the records that chain; those before the first bad one hold.
fn newest(anchors: &[Anchor], up_to: u64) -> Option<Anchor> {
    anchors.iter().filter(|anchor| anchor.head.seq <= up_to).max_by_key(|anchor| anchor.head.seq).cloned()
}

struct Walk<'a> {
    before: Head,
    head: Head,
    line: u64,
    torn: u64,
    lines: Lines,
    anchors: HashMap<u64, &'a Anchor>,
}

impl Walk<'_> {
    fn first_bad(&mut self) -> std::io::Result<Option<Bad>> {
        while let Some(read) = self.next()? {
            let Some(line) = read else {
                return Ok(Some(self.bad(0, SafeText::lit("is not a record"))));
            };
            if !chain::follows(self.head, &line) {
                return self.broken(line).map(Some);
            }
            if let Some(bad) = self.not_as_kept(&line) {
                return Ok(Some(bad));
            }
            (self.before, self.head) = (self.head, line.head);
        }
        Ok(self.cut_off())
    }

    /// The next whole line, as far as it is one of a log; a torn one is noted and ends the walk.
    fn next(&mut self) -> std::io::Result<Option<Option<Chained>>> {
        match self.lines.next()? {
            None => Ok(None),
            Some((line, true)) => {
                let read = chain::read(line);
                self.line += 1;
                Ok(Some(read))
            }
            Some((line, false)) => {
                self.torn = line.len() as u64;
                Ok(None)
            }
        }
    }

    fn bad(&self, back: u64, why: SafeText) -> Bad {
        let seq = self.head.seq.saturating_add(1).saturating_sub(back);
        Bad { seq, line: self.line.saturating_sub(back), why }
    }

    fn broken(&mut self, line: Chained) -> std::io::Result<Bad> {
        let known = self.anchors.get(&line.head.seq).map(|anchor| anchor.head.hash == line.head.hash);
        let at = self.line;
        let next = self.next()?;
        self.line = at;
        let goes_on = next.map(|next| next.is_some_and(|next| chain::follows(line.head, &next))).or(known);
        let (back, why) = chain::blame(&Break { before: self.before, head: self.head, line, goes_on });
        let bad = self.bad(back, why);
        if back > 0 {
            self.head = self.before;
        }
        Ok(bad)
    }

    fn not_as_kept(&self, line: &Chained) -> Option<Bad> {
        let anchor = self.anchors.get(&line.head.seq).filter(|anchor| anchor.head.hash != line.head.hash)?;
        Some(self.bad(0, safe!("is another one than {} says", anchor.from)))
    }

    fn cut_off(&mut self) -> Option<Bad> {
        let last = self.anchors.values().max_by_key(|anchor| anchor.head.seq)?;
        if last.head.seq <= self.head.seq {
            return None;
        }
        let why = safe!("is missing: the end was cut off, {} has #{}", last.from, last.head.seq);
        self.line += 1;
        Some(self.bad(0, why))
    }
}
