//! The lines of a diff whose index is known, taken from its bytes as they come again: in bounded memory, and by the
//! counts of its hunks, so that content cannot pass for a file of its own.

use super::{Changes, DiffScan};
use crate::diff::{File, Index, LineKind, Part};
use crate::domain::text::SafeText;

/// Bytes of a line that are looked at in one piece.
const PIECE: usize = 1 << 20;

/// Goes through the bytes of a diff beside its index.
#[derive(Debug)]
pub struct DiffLines<'a> {
    index: &'a Index,
    changes: Changes,
    /// The file and the part that the next byte may lie in.
    file: usize,
    part: usize,
    /// Where the next byte lies, and the line of the file that comes next.
    at: u64,
    new: u64,
    /// The beginning of a line whose end has not come, and what it was found to be.
    carry: Vec<u8>,
    kind: Option<LineKind>,
}

impl<'a> DiffLines<'a> {
    /// For the diff of this index.
    pub fn new(index: &'a Index) -> Self {
        let changes = Changes::default();
        let mut lines = Self { index, changes, file: 0, part: 0, at: 0, new: 0, carry: Vec::new(), kind: None };
        lines.begin_file();
        lines
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.carry.extend_from_slice(piece);
            self.at += piece.len() as u64;
            if piece.ends_with(b"\n") {
                self.line(true);
            } else if self.carry.len() >= PIECE {
                self.line(false);
            }
        }
    }

    /// A line, or a piece of one, is in `carry`.
    fn line(&mut self, whole: bool) {
        let line = std::mem::take(&mut self.carry);
        let start = self.at - line.len() as u64;
        let goes_on = self.kind.is_some();
        if !goes_on {
            self.seek(start);
        }
        let Some(parents) = self.parents_at(start) else {
            self.kind = None;
            return;
        };
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let kind = self.kind.take().unwrap_or_else(|| LineKind::of(text, parents));
        let content = if goes_on { text } else { text.get(usize::from(parents)..).unwrap_or_default() };
        match kind {
            LineKind::Added => self.changes.added(self.new, content, whole),
            _ => self.changes.other(content),
        }
        if whole {
            self.new += u64::from(kind.is_new());
        } else {
            self.kind = Some(kind);
        }
    }

    /// Goes on to the file and the part that a line lies in.
    fn seek(&mut self, start: u64) {
        while self.current().is_some_and(|file| file.end <= start) {
            self.file += 1;
            self.begin_file();
        }
        while self.hunk().is_some_and(|part| part.end() <= start) {
            self.part += 1;
            self.new = self.hunk().and_then(|part| part.place).map_or(0, |place| place.new_start.into());
        }
    }

    fn current(&self) -> Option<&'a File> {
        self.index.files.get(self.file)
    }

    fn hunk(&self) -> Option<&'a Part> {
        self.index.parts_of(self.current()?).get(self.part)
    }

    /// The parents that the hunk at a place compares with; absent outside of hunks.
    fn parents_at(&self, start: u64) -> Option<u8> {
        let part = self.hunk().filter(|part| part.place.is_some() && part.body() <= start && start < part.end())?;
        (part.end() > part.body()).then(|| self.current().map(|file| file.parents))?
    }

    fn begin_file(&mut self) {
        self.part = 0;
        if let Some(file) = self.current() {
            self.changes.file(file.name(), file.must_see(), file.binary);
            self.new = self.hunk().and_then(|part| part.place).map_or(0, |place| place.new_start.into());
        }
    }

    /// What was found, with what of the diff was not understood.
    pub fn finish(mut self) -> DiffScan {
        if !self.carry.is_empty() {
            self.line(true);
        }
        while self.file + 1 < self.index.files.len() {
            self.file += 1;
            self.begin_file();
        }
        let unread = self.index.problems.first().map_or_else(SafeText::default, |problem| problem.words());
        DiffScan { findings: self.changes.finish(), unread }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::parse;
    use crate::domain::finding::FindingId;
    use proptest::prelude::*;

    /// Findings of a diff that is fed in pieces of this size, as `id place`.
    fn found(diff: &[u8], piece: usize) -> Vec<(FindingId, String)> {
        let index = parse(diff);
        let mut lines = DiffLines::new(&index);
        diff.chunks(piece).for_each(|piece| lines.feed(piece));
        let place =
            |f: &crate::domain::finding::Finding| f.place.as_ref().map(|p| p.shown().to_string()).unwrap_or_default();
        lines.finish().findings.iter().map(|f| (f.id, place(f))).collect()
    }

    const DIFF: &str = "diff --git a/x.rs b/x.rs\n--- a/x.rs\n+++ b/x.rs\n@@ -3,2 +3,4 @@\n ctx\n-old\u{202e}\n+++ b/evil\n\
        +let a\u{200b} = 1;\n+diff --git a/y b/y\n@@ -20 +22 @@ f\n-a\n+b\u{2066}\n\
        diff --git a/p.png b/p.png\nindex 1111111..2222222 100644\nBinary files a/p.png and b/p.png differ\n\
        diff --git a/z.rs b/z.rs\nnew file mode 100644\n--- /dev/null\n+++ b/z.rs\n@@ -0,0 +1 @@\n+\u{202e}\n";

    fn expected() -> Vec<(FindingId, String)> {
        vec![
            (FindingId::HiddenText, "x.rs:5".into()),
            (FindingId::HiddenText, "x.rs:22".into()),
            (FindingId::BinaryChange, "p.png".into()),
            (FindingId::HiddenText, "z.rs:1".into()),
        ]
    }

    #[test]
    fn findings_stand_at_their_lines_and_content_passes_for_no_file() {
        assert_eq!(found(DIFF.as_bytes(), DIFF.len()), expected());
    }

    #[test]
    fn a_line_longer_than_a_piece_is_one_line() {
        let long = format!(
            "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+{}\u{202e}\n+\u{200b}\n",
            "a".repeat(PIECE + 10)
        );
        let told = found(long.as_bytes(), 4096);
        let lines: Vec<&str> = told.iter().filter(|f| f.0 == FindingId::HiddenText).map(|f| f.1.as_str()).collect();
        assert_eq!(lines, ["x:1", "x:2"]);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(piece in 1usize..60) {
            prop_assert_eq!(found(DIFF.as_bytes(), piece), expected());
        }

        #[test]
        fn no_bytes_make_it_fall_over(bytes in "(diff --git a/x b/x\n|@@ -1,2 \\+1 @@\n|[ +-][a\u{202e}]{0,3}\n|[+]{3} b/x\n|--- a/x\n|[\0a\n]){0,30}", piece in 1usize..40) {
            found(bytes.as_bytes(), piece);
        }
    }
}
