//! What came of a decision. Success is not the only other thing beside failure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::request::State;
use super::text::{SafeText, Text};
use crate::safe;

/// What came of sending a decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// It decided the request.
    Final {
        /// Where the request stands now.
        state: State,
    },
    /// Counted; more votes are needed.
    Counted {
        /// Votes that are there.
        have: u32,
        /// Votes that are needed.
        need: u32,
    },
    /// Accepted without any effect.
    NoEffect {
        /// Why.
        why: Text,
    },
    /// Refused.
    Refused {
        /// Why.
        why: Text,
    },
    /// Somebody else was first.
    AlreadyDecided {
        /// Who.
        by: Text,
        /// What.
        state: State,
    },
    /// The request is no longer what was shown: nothing was sent.
    Changed {
        /// What changed.
        what: Text,
    },
    /// Sent, and nobody can say what came of it yet.
    Unknown {
        /// Why.
        why: Text,
    },
}

impl Outcome {
    /// One line for the LAST strip and for commands.
    pub fn words(&self) -> SafeText {
        match self {
            Outcome::Final { state } => safe!("{}", state.word()),
            Outcome::Counted { have, need } => safe!("counted, {} of {}", have, need),
            Outcome::NoEffect { why } => safe!("NO EFFECT: {}", why.prose()),
            Outcome::Refused { why } => safe!("REFUSED: {}", why.prose()),
            Outcome::AlreadyDecided { by, state } => safe!("already {} by {}", state.word(), by.ident()),
            Outcome::Changed { what } => safe!("CHANGED, nothing sent: {}", what.prose()),
            Outcome::Unknown { why } => safe!("UNKNOWN: {}", why.prose()),
        }
    }

    /// Whether nothing of the decision can have taken effect.
    pub fn had_no_effect(&self) -> bool {
        !self.is_success() && !matches!(self, Outcome::Unknown { .. })
    }

    /// Whether the decision took effect or was counted.
    pub fn is_success(&self) -> bool {
        matches!(self, Outcome::Final { .. } | Outcome::Counted { .. })
    }
}
