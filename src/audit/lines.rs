//! Reading a log line by line, from the beginning or from the end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// No record is longer: a request's core and evidence are far below.
const MAX_LINE: u64 = 32 << 20;
const BLOCK: usize = 64 << 10;

/// Lines from an offset to a fixed end; one without a newline is torn.
pub(super) struct Lines {
    reader: Take<BufReader<File>>,
    line: Vec<u8>,
    /// Where the current line begins, and where the next one does.
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Lines {
    pub(super) fn new(mut file: File, from: u64, to: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(from))?;
        let reader = BufReader::with_capacity(BLOCK * 4, file).take(to.saturating_sub(from));
        Ok(Self { reader, line: Vec::new(), start: from, end: from })
    }

    /// The whole file as it is now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let to = file.metadata()?.len();
        Self::new(file, 0, to)
    }

    /// The next line without its newline, and whether it had one.
    pub(super) fn next(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        self.line.clear();
        self.start = self.end;
        let n = (&mut self.reader).take(MAX_LINE).read_until(b'\n', &mut self.line)?;
        self.end += n as u64;
        if n == 0 {
            return Ok(None);
        }
        let whole = self.line.pop_if(|last| *last == b'\n').is_some();
        Ok(Some((&self.line, whole)))
    }
}

/// Lines from the end to the beginning; a torn last line is passed over.
pub(super) struct Backward {
    file: File,
    /// Where the bytes in `tail` begin.
    at: u64,
    tail: Vec<u8>,
}

impl Backward {
    /// From the end `to`, which must lie behind a newline or in a torn line.
    pub(super) fn new(file: File, to: u64) -> io::Result<Self> {
        let mut lines = Self { file, at: to, tail: Vec::new() };
        while !lines.tail.contains(&b'\n') && lines.more()? {}
        let whole = lines.tail.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        lines.tail.truncate(whole);
        Ok(lines)
    }

    /// The line before, without its newline.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let body = self.tail.len().saturating_sub(1);
            let newline = self.tail.iter().take(body).rposition(|b| *b == b'\n');
            if newline.is_none() && self.more()? {
                continue;
            }
            let mut line = self.tail.split_off(newline.map_or(0, |n| n + 1));
            return Ok(line.pop().map(|_| line));
        }
    }

    /// Reads the block before; whether there was one.
    fn more(&mut self) -> io::Result<bool> {
        let from = self.at.saturating_sub(BLOCK as u64);
        let mut block = vec![0; (self.at - from) as usize];
        self.file.read_exact_at(&mut block, from)?;
        block.extend_from_slice(&self.tail);
        let found = from < self.at;
        (self.at, self.tail) = (from, block);
        Ok(found)
    }
}

/// Where the first record with at least this number begins, by halving: records stand in order.
pub(super) fn offset_of(file: &File, seq: u64) -> io::Result<u64> {
    let (mut low, mut high) = (0, file.metadata()?.len());
    while high - low > BLOCK as u64 {
        let middle = low + (high - low) / 2;
        match first_after(file, middle, high)? {
            Some((start, found)) if found < seq => low = start,
            _ => high = middle,
        }
    }
    let mut lines = Lines::new(file.try_clone()?, low, file.metadata()?.len())?;
    while let Some((line, whole)) = lines.next()? {
        if !whole || super::chain::read(line).is_none_or(|l| l.head.seq >= seq) {
            break;
        }
    }
    Ok(lines.start)
}

/// The first whole line that begins after `from` and its number.
fn first_after(file: &File, from: u64, to: u64) -> io::Result<Option<(u64, u64)>> {
    let mut lines = Lines::new(file.try_clone()?, from, to)?;
    lines.next()?;
    let seq = match lines.next()? {
        Some((line, true)) => super::chain::read(line).map(|l| l.head.seq),
        _ => None,
    };
    Ok(seq.map(|seq| (lines.start, seq)))
}
