//! The reader: a state a line. Headers of a file come from a table; the body of a hunk is taken by its counts.

use super::names;
use super::{Diff, File, Hunk, Line, LineKind, Mode, Problem, Status};
use crate::domain::text::Text;

/// Ranges are kept in 32 bits.
const MAX_BYTES: usize = u32::MAX as usize;
const FILE: &[u8] = b"diff --git ";

/// Reads a unified diff as `git diff` writes it with prefixes `a/` and `b/`. Never fails: what is not understood
/// stands in `problems`, its file is marked `broken`, and reading goes on at the next file.
pub fn parse(bytes: &[u8]) -> Diff {
    let mut reader = Reader::new(bytes.get(..MAX_BYTES).unwrap_or(bytes));
    if bytes.len() > MAX_BYTES {
        reader.problem("longer than 4 GiB: the rest was not read");
    }
    while let Some(line) = reader.next() {
        reader.take(line);
    }
    reader.end_file();
    reader.diff
}

/// A file whose end has not come.
#[derive(Default)]
struct Draft {
    file: File,
    /// The line that it begins at.
    line: u64,
    /// What stands behind `diff --git `.
    names: Vec<u8>,
    old: Option<Text>,
    new: Option<Text>,
    /// Both contents are the same or there is none: no hunk is to be expected.
    no_body: bool,
    /// In a `GIT binary patch`.
    patch: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    draft: Option<Draft>,
    /// Lines are passed over until the next file.
    lost: bool,
    diff: Diff,
}

/// A line's place: its first byte and its end without the newline.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line: 0, draft: None, lost: false, diff: Diff::default() }
    }

    /// The next line; one without a newline cannot be git's and is the sign of a cut.
    fn next(&mut self) -> Option<Place> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        self.line += 1;
        let end = rest.iter().position(|b| *b == b'\n').map(|n| start + n);
        self.at = end.map_or(self.bytes.len(), |end| end + 1);
        if end.is_none() {
            self.problem("the diff ends inside of a line");
        }
        Some(Place { start, end: end.unwrap_or(self.bytes.len()) })
    }

    fn text(&self, line: Place) -> &'a [u8] {
        self.bytes.get(line.start..line.end).unwrap_or_default()
    }

    fn take(&mut self, line: Place) {
        let text = self.text(line);
        if let Some(names) = text.strip_prefix(FILE) {
            self.begin_file(names);
        } else if self.lost {
            if let Some(problem) = self.diff.problems.last_mut() {
                problem.skipped += 1;
            }
        } else if text.starts_with(b"@@ ") {
            self.hunk(text);
        } else if !self.draft.as_mut().is_some_and(|draft| draft.header(text)) {
            self.lose("not a line that git writes here", 1);
        }
    }

    fn begin_file(&mut self, names: &[u8]) {
        self.end_file();
        self.lost = false;
        self.draft = Some(Draft { names: names.to_vec(), line: self.line, ..Draft::default() });
    }

    fn problem(&mut self, what: &'static str) {
        self.problem_at(self.line, what);
    }

    fn problem_at(&mut self, line: u64, what: &'static str) {
        self.diff.problems.push(Problem { line, what, skipped: 0 });
        if let Some(draft) = &mut self.draft {
            draft.file.broken = true;
        }
    }

    /// Nothing more is believed until the next file; so many lines are passed over by now.
    fn lose(&mut self, what: &'static str, skipped: u64) {
        self.problem(what);
        self.lost = true;
        if let Some(problem) = self.diff.problems.last_mut() {
            problem.skipped = skipped;
        }
    }

    fn hunk(&mut self, text: &[u8]) {
        let ready = self.draft.as_ref().is_some_and(|d| d.old.is_some() && d.new.is_some() && !d.file.binary);
        let Some(mut hunk) = hunk_head(text).filter(|_| ready) else {
            return self.lose("not a hunk that git writes here", 1);
        };
        let body = self.body(&mut hunk);
        if let Some(draft) = &mut self.draft {
            draft.file.added += hunk.lines.iter().filter(|l| l.kind == LineKind::Added).count() as u64;
            draft.file.removed += hunk.lines.iter().filter(|l| l.kind == LineKind::Removed).count() as u64;
            draft.file.hunks.push(hunk);
        }
        if let Err(skipped) = body {
            self.lose("the hunk is shorter than its counts say", skipped);
        }
    }

    /// Takes as many lines as the counts say; the error is how many lines were taken that do not belong to it.
    fn body(&mut self, hunk: &mut Hunk) -> Result<(), u64> {
        let (mut old, mut new) = (hunk.old_count, hunk.new_count);
        while old > 0 || new > 0 {
            let line = self.next().ok_or(0u64)?;
            let kind = match self.text(line).first() {
                Some(b' ') if old > 0 && new > 0 => LineKind::Context,
                Some(b'+') if new > 0 => LineKind::Added,
                Some(b'-') if old > 0 => LineKind::Removed,
                Some(b'\\') if !hunk.lines.is_empty() => LineKind::NoNewline,
                _ => return Err(self.unread(line)),
            };
            old -= u64::from(matches!(kind, LineKind::Context | LineKind::Removed));
            new -= u64::from(matches!(kind, LineKind::Context | LineKind::Added));
            hunk.lines.push(keep(kind, line));
        }
        if self.bytes.get(self.at) == Some(&b'\\') && !hunk.lines.is_empty() {
            hunk.lines.extend(self.next().map(|line| keep(LineKind::NoNewline, line)));
        }
        Ok(())
    }

    /// Goes back before a line that begins the next file; how many lines were passed over.
    fn unread(&mut self, line: Place) -> u64 {
        if !self.text(line).starts_with(FILE) {
            return 1;
        }
        self.at = line.start;
        self.line -= 1;
        0
    }

    fn end_file(&mut self) {
        let Some(mut draft) = self.draft.take() else { return };
        let (line, fault) = (draft.line, draft.finish());
        let file = draft.file;
        self.diff.totals.added += file.added;
        self.diff.totals.removed += file.removed;
        match self.diff.files.last_mut().filter(|last| becomes(last, &file)) {
            Some(last) => change_type(last, file),
            None => {
                self.diff.files.push(file);
                self.diff.totals.files += 1;
            }
        }
        if let Some(what) = fault {
            self.problem_at(line, what);
        }
    }
}

fn keep(kind: LineKind, line: Place) -> Line {
    // Both fit: no more than 4 GiB are read. The first byte says the kind.
    Line { kind, start: (line.start + 1).min(line.end) as u32, end: line.end as u32 }
}

/// A deletion and an addition of the same name, next to each other, are how git writes another type of file.
fn becomes(gone: &File, came: &File) -> bool {
    gone.status == Status::Deleted && came.status == Status::Added && gone.new == came.old
}

fn change_type(file: &mut File, came: File) {
    file.status = Status::TypeChanged;
    file.new_mode = came.new_mode;
    file.binary |= came.binary;
    file.broken |= came.broken;
    file.added += came.added;
    file.removed += came.removed;
    file.hunks.extend(came.hunks);
}

/// What a line of a file's head does; whether it was understood.
type Header = fn(&mut Draft, &[u8]) -> bool;

/// Every line that git writes between `diff --git` and the first hunk.
const HEADERS: &[(&[u8], Header)] = &[
    (b"old mode ", |d, rest| put(&mut d.file.old_mode, mode(rest)) && d.without_body()),
    (b"new mode ", |d, rest| put(&mut d.file.new_mode, mode(rest))),
    (b"new file mode ", |d, rest| put(&mut d.file.new_mode, mode(rest)) && d.becomes(Status::Added)),
    (b"deleted file mode ", |d, rest| put(&mut d.file.old_mode, mode(rest)) && d.becomes(Status::Deleted)),
    (b"rename from ", |d, rest| put(&mut d.old, names::whole(rest)) && d.becomes(Status::Renamed)),
    (b"rename to ", |d, rest| put(&mut d.new, names::whole(rest))),
    (b"copy from ", |d, rest| put(&mut d.old, names::whole(rest)) && d.becomes(Status::Copied)),
    (b"copy to ", |d, rest| put(&mut d.new, names::whole(rest))),
    (b"similarity index ", |_, _| true),
    (b"dissimilarity index ", |_, _| true),
    (b"index ", Draft::index),
    (b"--- ", |d, rest| d.side(rest, b"a/")),
    (b"+++ ", |d, rest| d.side(rest, b"b/")),
    (b"Binary files ", |d, _| d.is_binary(false)),
    (b"GIT binary patch", |d, _| d.is_binary(true)),
];

fn put<T: PartialEq>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let fits = value.is_some() && (slot.is_none() || *slot == value);
    if fits {
        *slot = value;
    }
    fits
}

fn mode(digits: &[u8]) -> Option<Mode> {
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.len() == 6 && !d.starts_with('+'))?;
    u32::from_str_radix(digits, 8).ok().map(Mode)
}

impl Draft {
    fn header(&mut self, text: &[u8]) -> bool {
        if self.patch {
            return is_patch_line(text);
        }
        if !self.file.hunks.is_empty() || self.file.binary {
            return false;
        }
        HEADERS.iter().any(|(start, header)| text.strip_prefix(*start).is_some_and(|rest| header(self, rest)))
    }

    fn becomes(&mut self, status: Status) -> bool {
        self.file.status = status;
        self.without_body()
    }

    fn without_body(&mut self) -> bool {
        self.no_body = true;
        true
    }

    /// `index OLD..NEW[ MODE]`: contents that differ want a body, unless one of them is empty.
    fn index(&mut self, rest: &[u8]) -> bool {
        let mut words = rest.split(|b| *b == b' ');
        let ids = words.next().unwrap_or_default();
        let here_or_gone = matches!(self.file.status, Status::Added | Status::Deleted);
        self.no_body = here_or_gone && contains_empty_blob(ids);
        match words.next() {
            None => true,
            Some(digits) => put(&mut self.file.old_mode, mode(digits)) && put(&mut self.file.new_mode, mode(digits)),
        }
    }

    fn side(&mut self, rest: &[u8], side: &[u8]) -> bool {
        let Some(name) = names::whole(rest) else { return false };
        let slot = if side == b"a/" { &mut self.old } else { &mut self.new };
        let absent = if side == b"a/" { Status::Added } else { Status::Deleted };
        if name == *"/dev/null" {
            // The other side has the name; until it comes, the line above has it.
            let same = names::same_on_both_sides(&self.names);
            return self.file.status == absent && put(slot, same);
        }
        put(slot, names::without_side(&name, side))
    }

    fn is_binary(&mut self, patch: bool) -> bool {
        self.patch = patch;
        self.file.binary = true;
        true
    }

    /// Settles the names; what is wrong with the file as a whole.
    fn finish(&mut self) -> Option<&'static str> {
        let same = names::same_on_both_sides(&self.names);
        let (Some(old), Some(new)) = (self.old.take().or_else(|| same.clone()), self.new.take().or(same)) else {
            let names = Text::new(std::mem::take(&mut self.names));
            (self.file.old, self.file.new) = (names.clone(), names);
            return self.fault("its name is not clear");
        };
        let agree = names::says(&self.names, &old, &new);
        (self.file.old, self.file.new) = (old, new);
        let empty = self.file.hunks.is_empty() && !self.file.binary && !self.no_body;
        match (agree, empty, self.file.broken) {
            (false, _, _) => self.fault("two names for one file"),
            (_, true, false) => self.fault("its changes are missing"),
            _ => None,
        }
    }

    fn fault(&mut self, what: &'static str) -> Option<&'static str> {
        self.file.broken = true;
        Some(what)
    }
}

/// The blob without content, in SHA-1 and SHA-256, as far as an abbreviated id goes.
fn contains_empty_blob(ids: &[u8]) -> bool {
    let empty: [&[u8]; 2] = [b"e69de29", b"473a0f4"];
    ids.split(|b| *b == b'.').any(|id| empty.iter().any(|blob| id.starts_with(blob)))
}

/// `literal 12`, `delta 12`, a line of base 85 (which has no blank in it), or the empty line behind them.
fn is_patch_line(text: &[u8]) -> bool {
    let sized = [&b"literal "[..], b"delta "].iter().find_map(|word| text.strip_prefix(*word));
    sized.unwrap_or(text).iter().all(u8::is_ascii_graphic)
}

/// `@@ -12,3 +12,4 @@ section`; a count that is left out is 1.
fn hunk_head(text: &[u8]) -> Option<Hunk> {
    let rest = text.strip_prefix(b"@@ -")?;
    let end = rest.windows(3).position(|w| w == b" @@")?;
    let (ranges, tail) = rest.split_at_checked(end)?;
    let (old, new) = std::str::from_utf8(ranges).ok()?.split_once(" +")?;
    let ((old_start, old_count), (new_start, new_count)) = (range(old)?, range(new)?);
    let section = tail.strip_prefix(b" @@")?;
    let section = Text::new(section.strip_prefix(b" ").unwrap_or(section));
    let hunk = Hunk { old_start, old_count, new_start, new_count, section, lines: Vec::new() };
    (old_count + new_count > 0).then_some(hunk)
}

fn range(text: &str) -> Option<(u64, u64)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    let number = |s: &str| s.parse::<u32>().ok().filter(|_| s.bytes().all(|b| b.is_ascii_digit())).map(u64::from);
    Some((number(start)?, number(count)?))
}
