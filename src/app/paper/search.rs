//! A search through a diff: what is looked for, and the matches in the order of reading.

use regex::bytes::Regex;

use super::Paper;
use crate::desk::news::pattern;
use crate::domain::text::{SafeText, Text};

/// A search under way, or through.
#[derive(Debug)]
pub struct Search {
    /// As it was typed.
    pub text: Text,
    /// As it is looked for.
    pub regex: Regex,
    /// Its answers carry this.
    pub generation: u64,
    /// How many matches there are so far.
    pub count: u64,
    /// It is through.
    pub whole: bool,
    places: Vec<u64>,
    at: Option<u64>,
}

impl Search {
    /// A search that is about to begin.
    ///
    /// # Errors
    /// In words, what is wrong with the pattern.
    pub fn new(text: &str, generation: u64) -> Result<Self, SafeText> {
        let regex = pattern(text)?;
        Ok(Self { text: text.into(), regex, generation, count: 0, whole: false, places: Vec::new(), at: None })
    }

    /// Takes in what was found since the last time.
    pub fn found(&mut self, places: &[u64], count: u64, whole: bool) {
        self.places.extend_from_slice(places);
        (self.count, self.whole) = (count, whole);
    }

    /// Whether a match was chosen already.
    pub fn has_stepped(&self) -> bool {
        self.at.is_some()
    }

    /// The next match in the order of reading, or the one before, from the last one or else from a byte on.
    pub fn step(&mut self, paper: &Paper, here: u64, forwards: bool) -> Option<u64> {
        let from = self.at.unwrap_or(here);
        let mut file = paper.index.file_at(from)?;
        let inside = self.in_file(paper, file);
        let next = match (forwards, self.at) {
            (true, None) => inside.iter().find(|place| **place >= from),
            (true, Some(_)) => inside.iter().find(|place| **place > from),
            (false, _) => inside.iter().rfind(|place| **place < from),
        };
        let mut next = next.copied();
        while next.is_none() {
            file = if forwards { paper.order.after(file)? } else { paper.order.before(file)? };
            let inside = self.in_file(paper, file);
            next = if forwards { inside.first() } else { inside.last() }.copied();
        }
        self.at = next;
        next
    }

    /// The matches in a file.
    fn in_file(&self, paper: &Paper, number: usize) -> &[u64] {
        let Some(file) = paper.file(number) else { return &[] };
        let from = self.places.partition_point(|place| *place < file.byte);
        let to = self.places.partition_point(|place| *place < file.end);
        self.places.get(from..to).unwrap_or_default()
    }
}
