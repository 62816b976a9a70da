//! The reader: bytes in, as they come; pieces of the index out. A state a line: the head of a file goes by a table,
//! the body of a hunk by its counts. It keeps no text but the line that it is at, and of a long one not even that.

use super::head::{Draft, Form};
use super::index::{MARK_BYTES, MARK_LINES, Piece};
use super::open::{Head, Open};
use super::{File, LineKind, Mark, Part, Problem};
use crate::domain::evidence::Totals;

/// Places are kept in 32 bits.
const MAX_BYTES: u64 = u32::MAX as u64;
/// Neither a name nor anything else in a head is longer.
const MAX_HEAD: usize = 60 << 10;
/// More files than this are not listed, nor more parts: a hostile diff must not fill the memory.
const MAX_FILES: usize = 200_000;
const MAX_PARTS: usize = 1_000_000;
/// So many problems are told one by one.
const MAX_PROBLEMS: usize = 100;

const FILE: &[u8] = b"diff --git ";
const MERGES: [&[u8]; 2] = [b"diff --cc ", b"diff --combined "];
/// The first line of a pointer to a large file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// Reads a diff piece by piece. Feed it, and take pieces for an `Index` whenever one is wanted; `end` gives the last.
#[derive(Debug, Default)]
pub struct Reader {
    /// The beginning of a line whose end has not come.
    carry: Vec<u8>,
    /// Where the next byte to be fed lies, where the line begins, and its number from 0.
    at: u64,
    start: u64,
    line: u64,
    mark: Mark,
    /// The file, and the part of it, whose ends have not come.
    draft: Option<Draft>,
    open: Option<Open>,
    reading: Reading,
    /// A line of git's own was seen: nothing else begins a file.
    git: bool,
    out: Out,
}

/// What the next line may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reading {
    /// Whatever fits.
    #[default]
    Lines,
    /// `+++ NAME` only.
    PlainNew,
    /// Nothing is believed until the next file.
    Lost,
    /// Nothing is believed any more.
    Full,
}

/// What was read and not yet taken.
#[derive(Debug, Default)]
struct Out {
    first_file: usize,
    files: Vec<File>,
    first_part: usize,
    parts: Vec<Part>,
    marks: Vec<Mark>,
    problems: Vec<Problem>,
    more_problems: u64,
    totals: Totals,
}

impl Reader {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let room = usize::try_from(MAX_BYTES.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let mut rest = bytes.get(..room).unwrap_or(bytes);
        while !rest.is_empty() {
            let run = self.run(rest);
            rest = rest.get(run..).unwrap_or_default();
            if run == 0 {
                rest = self.one_line(rest);
            }
        }
        if room < bytes.len() && self.reading != Reading::Full {
            self.lose("longer than 4 GiB: the rest was not read", 0);
            self.reading = Reading::Full;
        }
    }

    /// What was read since the last piece.
    pub fn piece(&mut self) -> Piece {
        let out = &mut self.out;
        // The last file may yet become one with the next: it is given again.
        let last = out.files.last().cloned();
        let mut piece = Piece {
            first_file: out.first_file,
            files: std::mem::take(&mut out.files),
            first_part: out.first_part,
            parts: std::mem::take(&mut out.parts),
            marks: std::mem::take(&mut out.marks),
            problems: out.problems.clone(),
            more_problems: out.more_problems,
            totals: out.totals,
            bytes: self.at,
            lines: self.line,
            whole: false,
        };
        out.files.extend(last);
        out.first_file += piece.files.len() - out.files.len();
        out.first_part += piece.parts.len();
        self.provisional(&mut piece);
        piece
    }

    /// The last piece: nothing more will be fed.
    pub fn end(mut self) -> Piece {
        if !self.carry.is_empty() {
            let carry = std::mem::take(&mut self.carry);
            self.take(&carry);
            self.end_line(self.at);
            self.problem_at(self.line, "the diff ends inside of a line");
        }
        self.end_file();
        let mut piece = self.piece();
        piece.whole = true;
        piece
    }

    /// The file that is being read, as far as it is known.
    fn provisional(&self, piece: &mut Piece) {
        let Some(draft) = self.draft.as_ref().filter(|d| d.file.parts > 0 || self.open.is_some()) else { return };
        let mut draft = draft.clone();
        if let Some(open) = &self.open {
            draft.file.parts += 1;
            piece.parts.push(self.closed(open));
        }
        draft.finish();
        draft.file.first_part = self.next_part();
        draft.file.end = self.start;
        draft.file.classify();
        piece.totals = with(piece.totals, &draft.file, 1);
        piece.files.push(draft.file);
    }

    /// The number of the first part behind the last file.
    fn next_part(&self) -> u32 {
        self.out.files.last().map_or(0, |f| f.first_part + f.parts)
    }

    /// As many lines of an ordinary hunk as there are, whole ones; how many bytes they take.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let ready = self.carry.is_empty() && self.reading == Reading::Lines;
        let Some(open) = self.open.as_mut().filter(|o| ready && o.others.is_empty() && o.part.lines > 0) else {
            return 0;
        };
        if open.is_done() {
            return 0;
        }
        let place = open.part.place.unwrap_or_default();
        let (at, line, mark, marks) = (self.at, self.line, &mut self.mark, &mut self.out.marks);
        let taken = open.take_run(bytes, |bytes, counts| {
            let (line, byte) = (line + u64::from(counts.lines), at + bytes as u64);
            if line - mark.line >= MARK_LINES || byte - mark.byte >= MARK_BYTES {
                let next = |start: u32, count: u32, left: u64| start.saturating_add((u64::from(count) - left) as u32);
                let old = next(place.old_start, place.old_count, counts.old);
                let new = next(place.new_start, place.new_count, counts.new);
                *mark = Mark { line, byte, old, new };
                marks.push(*mark);
            }
        });
        let lines = u64::from(open.part.lines);
        self.line = open.part.first_line() + lines;
        self.at += taken.bytes as u64;
        self.start = self.at;
        if let Some(draft) = &mut self.draft {
            draft.file.added += taken.added;
            draft.file.removed += taken.removed;
        }
        taken.bytes
    }

    /// A line, or the beginning of one; what follows it.
    fn one_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.keep(bytes);
            self.at += bytes.len() as u64;
            return &[];
        };
        let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        let after = self.at + end as u64 + 1;
        if self.carry.is_empty() {
            self.take(line);
        } else {
            self.keep(line);
            let carry = std::mem::take(&mut self.carry);
            self.take(&carry);
            self.carry = carry;
            self.carry.clear();
        }
        self.at = after;
        self.end_line(after);
        rest.get(1..).unwrap_or_default()
    }

    /// Of a line of content the first byte would do; of a head everything is wanted.
    fn keep(&mut self, bytes: &[u8]) {
        let room = (MAX_HEAD + 1).saturating_sub(self.carry.len()).min(bytes.len());
        self.carry.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    fn end_line(&mut self, after: u64) {
        self.line += 1;
        self.start = after;
        if self.line - self.mark.line >= MARK_LINES || after - self.mark.byte >= MARK_BYTES {
            let (old, new) = self.open.as_ref().map(Open::numbers).unwrap_or_default();
            self.mark = Mark { line: self.line, byte: after, old, new };
            self.out.marks.push(self.mark);
        }
    }

    fn take(&mut self, text: &[u8]) {
        if self.reading == Reading::Full {
            return self.skip();
        }
        if self.content(text) {
            return;
        }
        match self.begins(text) {
            _ if text.len() > MAX_HEAD => self.lose("a line too long for the head of a file", 1),
            Some(draft) => self.begin_file(draft),
            None if self.reading == Reading::PlainNew => self.plain_new(text),
            None if self.reading == Reading::Lost => self.skip(),
            None if text.starts_with(b"@@") => self.hunk(text),
            None if self.draft.as_mut().is_some_and(|draft| draft.header(text)) => {}
            None => self.lose("not a line that git writes here", 1),
        }
    }

    /// Takes a line of a hunk. Whether it was one.
    fn content(&mut self, text: &[u8]) -> bool {
        let Some(open) = self.open.as_mut().filter(|_| self.reading == Reading::Lines) else { return false };
        let Some(kind) = open.take(text) else {
            let short = !open.is_done();
            self.close_part();
            let file = text.starts_with(FILE) || MERGES.iter().any(|start| text.starts_with(start));
            if short {
                self.lose("the hunk is shorter than its counts say", u64::from(!file));
            }
            return short && !file;
        };
        open.part.lines = open.part.lines.saturating_add(1);
        if let Some(draft) = &mut self.draft {
            let signs = usize::from(draft.file.parents);
            draft.file.added += u64::from(kind == LineKind::Added);
            draft.file.removed += u64::from(kind == LineKind::Removed);
            let first = open.part.lines == 1 && open.part.place.is_some_and(|p| p.old_start <= 1 && p.new_start <= 1);
            draft.file.pointer |= first && text.get(signs..).is_some_and(|t| t.starts_with(POINTER));
        }
        true
    }

    /// The file that a line begins.
    fn begins(&mut self, text: &[u8]) -> Option<Draft> {
        if !matches!(text.first(), Some(b'd' | b'-')) {
            return None;
        }
        if let Some(names) = text.strip_prefix(FILE) {
            self.git = true;
            return Some(Draft::new(Form::Git, names));
        }
        if let Some(name) = MERGES.iter().find_map(|start| text.strip_prefix(*start)) {
            self.git = true;
            return Some(Draft::new(Form::Merge, name));
        }
        Draft::plain_old(text.strip_prefix(b"--- ").filter(|_| !self.git)?)
    }

    fn begin_file(&mut self, mut draft: Draft) {
        if self.out.first_file + self.out.files.len() >= MAX_FILES {
            self.lose("more files than can be listed: the rest was not read", 1);
            self.reading = Reading::Full;
            return;
        }
        self.end_file();
        self.reading = if draft.form == Form::Plain { Reading::PlainNew } else { Reading::Lines };
        draft.line = self.line + 1;
        draft.file.byte = self.start;
        draft.file.parents = 1;
        self.draft = Some(draft);
    }

    fn plain_new(&mut self, text: &[u8]) {
        self.reading = Reading::Lines;
        let rest = text.strip_prefix(b"+++ ");
        let taken = rest.is_some_and(|rest| self.draft.as_mut().is_some_and(|draft| draft.plain_new(rest)));
        if !taken {
            self.lose("not a line that git writes here", 1);
        }
    }

    fn hunk(&mut self, text: &[u8]) {
        let parents = self.draft.as_ref().filter(|d| d.is_ready()).map(|d| d.file.parents);
        let Some(head) = parents.and_then(|parents| Head::parse(text, parents)) else {
            return self.lose("not a hunk that git writes here", 1);
        };
        if self.out.first_part + self.out.parts.len() >= MAX_PARTS {
            self.lose("more hunks than can be listed: the rest was not read", 1);
            self.reading = Reading::Full;
            return;
        }
        let part = Part { head: u16::try_from(text.len() + 1).unwrap_or(u16::MAX), ..self.new_part() };
        self.open = Some(Open::hunk(&head, part));
    }

    fn new_part(&self) -> Part {
        let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Part { byte: narrow(self.start), line: narrow(self.line), ..Part::default() }
    }

    /// The part as it would be if it ended before this line.
    fn closed(&self, open: &Open) -> Part {
        let size = u32::try_from(self.start - open.part.byte()).unwrap_or(u32::MAX);
        Part { size, ..open.part }
    }

    fn close_part(&mut self) {
        let Some(open) = self.open.take() else { return };
        let part = self.closed(&open);
        self.out.parts.push(part);
        if let Some(draft) = &mut self.draft {
            draft.file.parts += 1;
        }
    }

    /// A line more that is not read.
    fn skip(&mut self) {
        if let Some(problem) = self.out.problems.last_mut().filter(|_| self.out.more_problems == 0) {
            problem.skipped += 1;
        }
        if let Some(open) = &mut self.open {
            open.part.lines = open.part.lines.saturating_add(1);
        }
    }

    fn problem_at(&mut self, line: u64, what: &'static str) {
        if self.out.problems.len() < MAX_PROBLEMS {
            self.out.problems.push(Problem { line, what, skipped: 0 });
        } else {
            self.out.more_problems += 1;
        }
        if let Some(draft) = &mut self.draft {
            draft.file.broken = true;
        }
    }

    /// Nothing more is believed until the next file; so many lines are passed over by now.
    fn lose(&mut self, what: &'static str, skipped: u64) {
        self.close_part();
        if self.draft.is_none() {
            let mut draft = Draft::new(Form::Stray, &[]);
            draft.file = File { stray: true, byte: self.start, parents: 1, ..File::default() };
            self.draft = Some(draft);
        }
        self.problem_at(self.line + 1, what);
        self.reading = Reading::Lost;
        if skipped > 0 {
            self.open = Some(Open::unread(self.new_part()));
            self.skip();
        }
    }

    fn end_file(&mut self) {
        let short = self.open.as_ref().is_some_and(|o| self.reading == Reading::Lines && !o.is_done());
        self.close_part();
        if short {
            self.problem_at(self.line.max(1), "the hunk is shorter than its counts say");
        }
        let Some(mut draft) = self.draft.take() else { return };
        let fault = draft.finish();
        let mut file = draft.file;
        file.first_part = self.next_part();
        file.end = self.start;
        file.classify();
        self.out.totals = with(self.out.totals, &file, 1);
        match self.out.files.last_mut() {
            Some(last) if last.becomes(&file) => {
                last.change_type(file);
                last.classify();
                self.out.totals.files -= 1;
            }
            _ => self.out.files.push(file),
        }
        if let Some(what) = fault {
            self.problem_at(draft.line, what);
        }
    }
}

/// Totals with a file more. Lines of no file count for nothing.
fn with(totals: Totals, file: &File, files: u32) -> Totals {
    if file.stray {
        return totals;
    }
    Totals { files: totals.files + files, added: totals.added + file.added, removed: totals.removed + file.removed }
}
