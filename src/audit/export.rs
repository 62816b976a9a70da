//! Records for other programs: JSON lines unchanged, so that they verify elsewhere, or CSV for a spreadsheet.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::query::{damaged, each_line, parse};
use super::{AuditError, Filter, log_file, words};
use crate::domain::json;
use crate::domain::record::Record;
use crate::domain::text::SafeText;
use crate::safe;
use crate::sys::clock;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JSON lines as they stand in the log; without a filter they verify.
    Json,
    /// RFC 4180, in words, safe to open in a spreadsheet.
    Csv,
}

const COLUMNS: [&str; 8] = ["seq", "time", "unix_ms", "who", "assurance", "kind", "request", "what"];

/// Writes the records that match, oldest first; how many there were.
///
/// # Errors
/// Where the log cannot be read or `out` cannot be written.
pub fn export(state: &Path, filter: &Filter, format: Format, out: &mut dyn Write) -> Result<u64, AuditError> {
    let path = log_file(state);
    let failed = |e| AuditError::io("write the export of", &path)(e);
    let mut count = 0u64;
    if format == Format::Csv {
        row(out, COLUMNS.map(SafeText::lit)).map_err(failed)?;
    }
    each_line(&path, |line| {
        if (filter.limit > 0 && count >= filter.limit as u64) || !filter.may_match(line) {
            return Ok(());
        }
        count += u64::from(match format {
            Format::Json => json_line(&path, line, filter, out)?,
            Format::Csv => csv_line(&path, line, filter, out)?,
        });
        Ok(())
    })?;
    out.flush().map_err(failed)?;
    Ok(count)
}

/// Without a filter every line goes through untouched: records of a later version too.
fn json_line(path: &Path, line: &str, filter: &Filter, out: &mut dyn Write) -> Result<bool, AuditError> {
    if !json::is_escaped(line) {
        return Err(damaged(path, line.as_bytes(), "has raw control characters, which this program never writes"));
    }
    if *filter != Filter::default() && selected(path, line, filter)?.is_none() {
        return Ok(false);
    }
    writeln!(out, "{line}").map_err(AuditError::io("write the export of", path))?;
    Ok(true)
}

fn csv_line(path: &Path, line: &str, filter: &Filter, out: &mut dyn Write) -> Result<bool, AuditError> {
    let Some(record) = selected(path, line, filter)? else { return Ok(false) };
    row(out, cells(&record)).map_err(AuditError::io("write the export of", path))?;
    Ok(true)
}

fn selected(path: &Path, line: &str, filter: &Filter) -> Result<Option<Record>, AuditError> {
    let record = parse(path, line)?;
    let in_page = filter.before.is_none_or(|before| record.seq < before);
    Ok(Some(record).filter(|record| in_page && filter.matches(record)))
}

/// Writes them to a new file in the working folder, named by the time; its path and how many there were.
///
/// # Errors
/// As `export`, and where the file cannot be made.
pub fn export_file(state: &Path, filter: &Filter, csv: bool) -> Result<(PathBuf, u64), AuditError> {
    let (format, ending) = if csv { (Format::Csv, "csv") } else { (Format::Json, "jsonl") };
    let stamp: String = clock::now().wall.iso().as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    let path = PathBuf::from(format!("jit-tui-audit-{stamp}.{ending}"));
    let file = create(&path)?;
    let count = export(state, filter, format, &mut BufWriter::new(file))?;
    Ok((path, count))
}

/// A new file for an export; never over another one.
///
/// # Errors
/// Where it is there already or cannot be made.
pub fn create(path: &Path) -> Result<File, AuditError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(AuditError::io("create", path))
}

fn cells(record: &Record) -> [SafeText; 8] {
    let who = record.by.as_ref();
    [
        safe!("{}", record.seq),
        record.at.iso(),
        safe!("{}", record.at.0),
        who.map(|by| by.shown()).unwrap_or_default(),
        who.map(|by| by.assurance.word()).unwrap_or_default(),
        SafeText::lit(words::kind(&record.event)),
        record.request.as_ref().map(|key| safe!("{}", key)).unwrap_or_default(),
        words::words(record),
    ]
}

fn row<const N: usize>(out: &mut dyn Write, cells: [SafeText; N]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| guarded(cell.as_str())).collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// A cell that no spreadsheet takes for a formula, quoted where RFC 4180 wants it.
fn guarded(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_cells_quoted() {
        for (cell, written) in [
            ("plain", "plain"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("+cmd|'/c calc'!A0", "'+cmd|'/c calc'!A0"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("a,b", "\"a,b\""),
            ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(guarded(cell), written);
        }
    }
}
