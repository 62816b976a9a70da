//! Something wrong or odd about a request. One table says what each finding means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{SafeText, Text};
use super::time::Ms;
use crate::safe;

mod table;

pub use table::{FindingId, TABLE};

/// How bad; rises in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Not proven either way: never green.
    Unknown,
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Look before you approve.
    High,
}

impl Severity {
    /// The mark before a finding: state never by colour alone.
    pub fn mark(self) -> SafeText {
        SafeText::lit(match self {
            Severity::Unknown => "??",
            Severity::Low => "..",
            Severity::Medium => "! ",
            Severity::High => "!!",
        })
    }

    /// The word in filters, policy and JSON.
    pub fn word(self) -> SafeText {
        SafeText::lit(match self {
            Severity::Unknown => "unknown",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        })
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Meaning {
    /// Which finding.
    pub id: FindingId,
    /// The word in policy, filters and JSON.
    pub word: &'static str,
    /// How bad it is unless policy says otherwise.
    pub severity: Severity,
    /// Whether nothing can be approved while it stands, unless policy says otherwise.
    pub blocks: bool,
    /// What it says, in the width of the queue.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to check it.
    pub check: &'static str,
    /// How to mend it.
    pub mend: &'static str,
}

impl FindingId {
    /// By its word.
    pub fn from_word(word: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.word == word).map(|row| row.id)
    }

    /// Whether it says that something is not known or not shown: whatever policy makes of its severity, nothing
    /// starts without a person then.
    pub fn is_doubt(self) -> bool {
        self.meaning().severity == Severity::Unknown || self == FindingId::EvidenceTruncated
    }
}

/// Where in the change a finding stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, as the diff names it now.
    pub path: Text,
    /// Its line there, counted from 1; absent = the file as a whole.
    pub line: Option<u64>,
}

impl Place {
    /// `src/x.rs:31`.
    pub fn shown(&self) -> SafeText {
        match self.line {
            Some(line) => safe!("{}:{}", self.path.ident(), line),
            None => self.path.ident(),
        }
    }

    /// Out of `path:line` as actions carry it; a text without a line is a path.
    pub fn parse(text: &Text) -> Self {
        let bytes = text.as_bytes();
        let colon = bytes.iter().rposition(|b| *b == b':').and_then(|at| bytes.split_at_checked(at));
        let line = colon.and_then(|(_, rest)| std::str::from_utf8(rest.get(1..)?).ok()?.parse().ok());
        match (colon, line) {
            (Some((path, _)), Some(line)) => Self { path: Text::new(path), line: Some(line) },
            _ => Self { path: text.clone(), line: None },
        }
    }
}

/// A finding about one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Which one.
    pub id: FindingId,
    /// How bad here.
    pub severity: Severity,
    /// About what: an action, a path, a field.
    pub subject: Text,
    /// What exactly: `a1b2c3d… -> 9f8e7d6…`.
    pub detail: Text,
    /// Not there at the last approved deployment.
    pub new: bool,
    /// Nothing can be approved while it stands.
    #[serde(default)]
    pub blocks: bool,
    /// Where it stands, where it stands somewhere.
    #[serde(default)]
    pub place: Option<Place>,
    /// Who accepted it, where somebody did.
    #[serde(default)]
    pub accepted: Option<Accepted>,
}

/// A person accepted a finding for a while.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// Who.
    pub by: Text,
    /// Why.
    pub reason: Text,
    /// Until when.
    pub until: Ms,
}

impl Finding {
    /// A new finding as bad as the table says.
    pub fn new(id: FindingId, subject: impl Into<Text>, detail: impl Into<Text>) -> Self {
        let Meaning { severity, blocks, .. } = *id.meaning();
        let (subject, detail) = (subject.into(), detail.into());
        Self { id, severity, subject, detail, new: true, blocks, place: None, accepted: None }
    }

    /// The same at its place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Whether it counts in the queue: it is new and nobody accepted it, or it blocks.
    pub fn counts(&self, now: Ms) -> bool {
        self.blocks || (self.new && self.accepted_at(now).is_none())
    }

    /// The acceptance that holds now.
    pub fn accepted_at(&self, now: Ms) -> Option<&Accepted> {
        self.accepted.as_ref().filter(|accepted| now < accepted.until)
    }

    /// What tells it from another finding of one request, and tells whether it was there before.
    pub fn sameness(&self) -> (FindingId, &Text, &Text) {
        (self.id, &self.subject, &self.detail)
    }
}

/// Those of `more` that do not stand among the findings yet.
pub fn added(findings: &[Finding], more: &[Finding]) -> Vec<Finding> {
    let known = |new: &&Finding| !findings.iter().any(|old| old.sameness() == new.sameness());
    more.iter().filter(known).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_a_row_and_its_word_is_its_json() {
        for row in TABLE {
            assert_eq!(serde_json::to_value(row.id).unwrap(), row.word);
            assert_eq!(FindingId::from_word(row.word), Some(row.id));
            let texts = [row.what, row.why, row.check, row.mend];
            assert!(texts.iter().all(|text| !text.is_empty() && !text.ends_with('.')), "{}", row.word);
            assert!(row.what.len() <= 23, "{} does not fit into the queue", row.word);
        }
    }

    #[test]
    fn a_place_is_a_path_with_or_without_a_line() {
        for (text, path, line) in [
            (".github/workflows/a.yml:31", ".github/workflows/a.yml", Some(31)),
            ("a:b", "a:b", None),
            ("x", "x", None),
            ("a:", "a:", None),
        ] {
            let place = Place::parse(&text.into());
            assert_eq!((place.path.clone(), place.line), (Text::from(path), line));
            assert_eq!(place.shown().as_str(), text);
        }
    }

    #[test]
    fn a_finding_of_an_older_program_is_read() {
        let old = r#"{"id":"dirty-tree","severity":"high","subject":"tree","detail":"","new":true}"#;
        assert_eq!(serde_json::from_str::<Finding>(old).unwrap(), Finding::new(FindingId::DirtyTree, "tree", ""));
    }
}
