//! Something wrong or odd about a request. One table says what each finding means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{SafeText, Text};

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

/// The ids of the table below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingId {
    /// An action resolves to another SHA than at the last approved deployment.
    ActionShaChanged,
    /// A reference that may move after approval.
    ActionMovable,
    /// The working tree differs from head.
    DirtyTree,
    /// Characters that hide, reorder or imitate blank.
    HiddenText,
    /// The evidence is not whole.
    EvidenceTruncated,
    /// No evidence of this kind could be had.
    EvidenceMissing,
    /// Nothing to compare with.
    NoBase,
    /// Head lies before the base.
    Rollback,
    /// Base and head each have commits that the other lacks.
    Diverged,
    /// Nobody but the pipeline says who asks.
    RequesterUnverified,
}

/// A row of the table.
pub struct Meaning {
    /// Which finding.
    pub id: FindingId,
    /// The word in policy, filters and JSON.
    pub word: &'static str,
    /// How bad it is unless policy says otherwise.
    pub severity: Severity,
    /// What it says, in the width of the queue.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to check and mend it.
    pub mend: &'static str,
}

/// Every finding there is; `docs/findings.md` is printed from it.
pub const TABLE: &[Meaning] = &[
    Meaning {
        id: FindingId::ActionShaChanged,
        word: "action-sha-changed",
        severity: Severity::High,
        what: "action SHA changed",
        why: "a third-party action now runs other code than at the last approved deployment here",
        mend: "read the action's own diff between both SHAs; pin the SHA that you reviewed",
    },
    Meaning {
        id: FindingId::ActionMovable,
        word: "action-movable",
        severity: Severity::Unknown,
        what: "may move after approval",
        why: "a tag or branch can point elsewhere by the time that the step runs",
        mend: "pin the action to a full commit SHA",
    },
    Meaning {
        id: FindingId::DirtyTree,
        word: "dirty-tree",
        severity: Severity::High,
        what: "tree is dirty",
        why: "what runs is not what the head commit says: files were changed or added",
        mend: "look at the list of files; commit or remove them, then ask again",
    },
    Meaning {
        id: FindingId::HiddenText,
        word: "hidden-text",
        severity: Severity::High,
        what: "hidden characters",
        why: "control, bidirectional or invisible characters make text look like something else",
        mend: "look at the markers; have the text written without them",
    },
    Meaning {
        id: FindingId::EvidenceTruncated,
        word: "evidence-truncated",
        severity: Severity::High,
        what: "evidence is cut",
        why: "part of the change is not on this screen",
        mend: "read the rest at its source before you approve",
    },
    Meaning {
        id: FindingId::EvidenceMissing,
        word: "evidence-missing",
        severity: Severity::Unknown,
        what: "no evidence",
        why: "the gate could not collect it, so nothing was compared",
        mend: "run the gate inside a git checkout with its history",
    },
    Meaning {
        id: FindingId::NoBase,
        word: "no-base",
        severity: Severity::Unknown,
        what: "nothing to compare with",
        why: "no run ended with success here yet, or its commit is not in the gate's checkout",
        mend: "fetch the history in the job; the first success gives a base",
    },
    Meaning {
        id: FindingId::Rollback,
        word: "rollback",
        severity: Severity::Medium,
        what: "rollback",
        why: "head lies before what runs now: changes are taken back",
        mend: "check that taking them back is what is meant",
    },
    Meaning {
        id: FindingId::Diverged,
        word: "diverged",
        severity: Severity::Medium,
        what: "history diverged",
        why: "what runs now has commits that head lacks: they would be lost",
        mend: "compare both sides; rebase, or say why",
    },
    Meaning {
        id: FindingId::RequesterUnverified,
        word: "requester-unverified",
        severity: Severity::Low,
        what: "requester only claimed",
        why: "nobody but the pipeline says who asks",
        mend: "bind the pipeline's token to a person, or demand `verified = true` in a rule",
    },
];

impl FindingId {
    /// Its row of the table.
    pub fn meaning(self) -> &'static Meaning {
        TABLE.iter().find(|row| row.id == self).unwrap_or(&UNLISTED)
    }

    /// By its word.
    pub fn from_word(word: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.word == word).map(|row| row.id)
    }
}

/// Stands in for a row that is missing; a test sees to it that none is.
static UNLISTED: Meaning = Meaning {
    id: FindingId::EvidenceMissing,
    word: "unlisted",
    severity: Severity::High,
    what: "unlisted finding",
    why: "the table of findings lacks this row",
    mend: "report it",
};

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
}

impl Finding {
    /// A new finding with the severity of the table.
    pub fn new(id: FindingId, subject: impl Into<Text>, detail: impl Into<Text>) -> Self {
        Self { id, severity: id.meaning().severity, subject: subject.into(), detail: detail.into(), new: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_a_row_and_its_word_is_its_json() {
        for row in TABLE {
            assert_eq!(serde_json::to_value(row.id).unwrap(), row.word);
            assert_eq!(FindingId::from_word(row.word), Some(row.id));
        }
    }
}
