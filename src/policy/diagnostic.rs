//! What is wrong in a file, where, and how to mend it.

use std::fmt;
use std::ops::Range;

use crate::domain::text::{SafeText, Shown};

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as it was named.
    pub file: SafeText,
    /// Counts from 1.
    pub line: usize,
    /// Counts characters from 1.
    pub col: usize,
    /// What is wrong.
    pub what: SafeText,
    /// How to mend it.
    pub mend: SafeText,
}

impl Diagnostic {
    /// A fault at a range of bytes of `text`.
    pub fn at(file: &SafeText, text: &str, place: &Range<usize>, what: SafeText, mend: SafeText) -> Self {
        let before = text.get(..place.start).unwrap_or(text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let col = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { file: file.clone(), line, col, what, mend }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}\n    mend: {}", self.file, self.line, self.col, self.what, self.mend)
    }
}

impl std::error::Error for Diagnostic {}
impl Shown for Diagnostic {}
