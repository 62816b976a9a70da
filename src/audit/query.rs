//! Reading the log for people: filters, newest first, page by page.

use std::fs::File;
use std::io;
use std::path::Path;

use super::lines::{Backward, Lines, offset_of};
use super::{AuditError, log_file, words};
use crate::domain::acceptance::Given;
use crate::domain::ids::RequestKey;
use crate::domain::record::{Event, Record};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Ms;

/// Which records. What is not set matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words that must all stand in the record's JSON, in any case.
    pub text: Text,
    /// Only this request.
    pub request: Option<RequestKey>,
    /// Only what this person or subject did.
    pub person: Option<Text>,
    /// Only this kind: `intent`, `granted`.
    pub kind: Option<String>,
    /// From this moment on.
    pub since: Option<Ms>,
    /// Before this moment.
    pub until: Option<Ms>,
    /// Records before this number only: the next page.
    pub before: Option<u64>,
    /// At most so many; 0 = all.
    pub limit: usize,
}

impl Filter {
    /// Whether a line can match, as far as its text says: spares most lines the parser.
    pub(super) fn may_match(&self, line: &str) -> bool {
        let key = self.request.as_ref().is_none_or(|key| line.contains(&key.to_string()));
        key && self.kind.as_ref().is_none_or(|kind| line.contains(kind.as_str())) && self.has_words(line)
    }

    /// Whether the record of a line that may match does.
    pub(super) fn matches(&self, record: &Record) -> bool {
        self.request.as_ref().is_none_or(|key| record.request.as_ref() == Some(key))
            && self.kind.as_ref().is_none_or(|kind| words::kind(&record.event) == kind)
            && self.person.as_ref().is_none_or(|person| is_by(record, person))
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
    }

    fn has_words(&self, line: &str) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let line = line.to_lowercase();
        self.text.lossy().to_lowercase().split_whitespace().all(|word| line.contains(word))
    }
}

fn is_by(record: &Record, name: &Text) -> bool {
    record.by.as_ref().is_some_and(|by| {
        by.subject == *name || by.person.as_ref().is_some_and(|person| Some(person.as_str()) == name.as_str())
    })
}

/// The records that match, newest first.
///
/// # Errors
/// Where the log cannot be read, or a line is not a record of this program.
pub fn query(state: &Path, filter: &Filter) -> Result<Vec<Record>, AuditError> {
    let path = log_file(state);
    let Some(mut lines) = from_the_end(&path, filter.before)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    while let Some(line) = lines.next().map_err(AuditError::io("read", &path))? {
        let text = String::from_utf8_lossy(&line);
        if !filter.may_match(&text) {
            continue;
        }
        let record = parse(&path, &text)?;
        if filter.matches(&record) {
            found.push(record);
        }
        if filter.limit > 0 && found.len() >= filter.limit {
            break;
        }
    }
    Ok(found)
}

/// The acceptances that have not ended by `now`, newest first, each with who gave it.
///
/// # Errors
/// As `query`.
pub fn acceptances(state: &Path, now: Ms) -> Result<Vec<Given>, AuditError> {
    let filter = Filter { kind: Some("accepted".to_owned()), ..Filter::default() };
    let given = query(state, &filter)?.into_iter().filter_map(|record| match record.event {
        Event::Accepted { acceptance } if acceptance.until > now => {
            let by = record.by.map_or_else(|| Text::from("nobody"), |by| by.shown().into());
            Some((by, *acceptance))
        }
        _ => None,
    });
    Ok(given.collect())
}

/// The record of a number with its line as it stands in the log.
///
/// # Errors
/// As `query`.
pub fn record(state: &Path, seq: u64) -> Result<Option<(String, Record)>, AuditError> {
    let path = log_file(state);
    let Some(mut lines) = from_the_end(&path, seq.checked_add(1))? else { return Ok(None) };
    let Some(line) = lines.next().map_err(AuditError::io("read", &path))? else { return Ok(None) };
    let text = String::from_utf8_lossy(&line).into_owned();
    let record = parse(&path, &text)?;
    Ok((record.seq == seq).then_some((text, record)))
}

fn from_the_end(path: &Path, before: Option<u64>) -> Result<Option<Backward>, AuditError> {
    let open = || -> io::Result<Backward> {
        let file = File::open(path)?;
        let to = match before {
            Some(seq) => offset_of(&file, seq)?,
            None => file.metadata()?.len(),
        };
        Backward::new(file, to)
    };
    match open() {
        Ok(lines) => Ok(Some(lines)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(AuditError::io("read", path)(e)),
    }
}

/// Every whole line from the first, for those who want the log in order.
pub(super) fn each_line(path: &Path, mut take: impl FnMut(&str) -> Result<(), AuditError>) -> Result<(), AuditError> {
    let failed = |e| AuditError::io("read", path)(e);
    let mut lines = match Lines::of(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        lines => lines.map_err(failed)?,
    };
    while let Some((line, whole)) = lines.next().map_err(failed)? {
        if whole {
            take(std::str::from_utf8(line).map_err(|_| damaged(path, line, "is not UTF-8"))?)?;
        }
    }
    Ok(())
}

pub(super) fn parse(path: &Path, line: &str) -> Result<Record, AuditError> {
    serde_json::from_str(line).map_err(|_| damaged(path, line.as_bytes(), "is not one that this version knows"))
}

pub(super) fn damaged(path: &Path, line: &[u8], why: &'static str) -> AuditError {
    let seq = super::chain::number_of(line);
    AuditError::Damaged { path: path.to_owned(), seq, why: SafeText::lit(why) }
}
