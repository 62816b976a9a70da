//! Findings at their places in a diff: which row a mark stands at, and where the next one is.

use std::collections::HashMap;

use super::Paper;
use super::row::{Content, Row, What};
use crate::app::words;
use crate::diff::File;
use crate::domain::finding::{Finding, Severity};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// A place of a diff: the number of a file, and its line now; line 0 is the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Number of the file in the index.
    pub file: usize,
    /// Its line now, from 1.
    pub line: u64,
}

/// Findings by the path that they name.
#[derive(Debug, Default)]
pub struct Places<'a>(HashMap<&'a Text, Vec<&'a Finding>>);

impl<'a> Places<'a> {
    /// Of the findings of a request; those without a place stand on its overview only.
    pub fn of(findings: &'a [Finding]) -> Self {
        let mut paths: HashMap<&Text, Vec<&Finding>> = HashMap::new();
        for finding in findings {
            if let Some(place) = &finding.place {
                paths.entry(&place.path).or_default().push(finding);
            }
        }
        Self(paths)
    }

    /// All findings in a file.
    pub fn in_file(&self, file: &File) -> &[&'a Finding] {
        self.0.get(file.name()).map(Vec::as_slice).unwrap_or_default()
    }

    /// The findings at a place.
    pub fn at(&self, paper: &Paper, at: At) -> impl Iterator<Item = &'a Finding> {
        let file = paper.file(at.file);
        let all = file.map(|file| self.in_file(file)).unwrap_or_default();
        all.iter().copied().filter(move |finding| file.is_some_and(|file| line(paper, file, finding) == at.line))
    }

    /// What stands at a place, in words.
    pub fn words(&self, paper: &Paper, at: At) -> SafeText {
        let all: Vec<SafeText> = self.at(paper, at).map(words::finding).collect();
        let all = SafeText::join(&all, "; ");
        if at.line == 0 { all } else { safe!("line {}: {}", at.line, all) }
    }

    /// The place in the order of reading that comes next, or the one before; `here` itself counts where nobody has
    /// gone to it yet.
    pub(super) fn step(&self, paper: &Paper, here: Option<At>, gone: bool, forwards: bool) -> Option<At> {
        let key = |at: &At| Some((paper.order.place(at.file)?, at.line));
        let mut all: Vec<(usize, u64)> = self.everywhere(paper).filter_map(|at| key(&at)).collect();
        all.sort_unstable();
        let here = here.as_ref().and_then(key);
        let found = match (here, forwards) {
            (None, true) => all.first(),
            (None, false) => all.last(),
            (Some(here), true) => all.iter().find(|at| **at > here || (!gone && **at == here)),
            (Some(here), false) => all.iter().rfind(|at| **at < here),
        };
        found.and_then(|(place, line)| Some(At { file: paper.order.file(*place)?, line: *line }))
    }

    fn everywhere(&self, paper: &Paper) -> impl Iterator<Item = At> {
        let files = paper.index.files.iter().enumerate();
        files.flat_map(move |(number, file)| {
            self.in_file(file).iter().map(move |finding| At { file: number, line: line(paper, file, finding) })
        })
    }
}

/// The line of the diff that a finding stands at; 0 where it names none, or one that is not in the diff.
fn line(paper: &Paper, file: &File, finding: &Finding) -> u64 {
    let named = finding.place.as_ref().and_then(|place| place.line);
    named.filter(|line| paper.index.part_of_line(file, *line).is_some()).unwrap_or_default()
}

/// Which place a row shows; absent where it is none of the file's lines as they are now.
pub(super) fn shown(row: &Row) -> Option<At> {
    let file = row.spot.file;
    match &row.what {
        What::Title | What::Folder => Some(At { file, line: 0 }),
        _ => row.contents().into_iter().flatten().find_map(|content| of_content(file, content)),
    }
}

/// The place that a line stands at; absent where it is gone now, or goes on from the row before.
pub(super) fn of_content(file: usize, content: &Content) -> Option<At> {
    (content.first && content.kind.is_new()).then_some(At { file, line: content.new })
}

/// The worst of findings.
pub(super) fn worst<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Option<Severity> {
    findings.into_iter().map(|finding| finding.severity).max()
}
