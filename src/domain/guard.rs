//! What the guard keeps for a backend that keeps neither scope nor time itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::grant::Grant;
use super::text::{SafeText, Text};
use super::time::Ms;

/// What happens at the end of a grant to requests that it covers and that still wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnExpiry {
    /// They wait on and ask again.
    #[default]
    Nothing,
    /// They are rejected.
    RejectPending,
    /// Their run is cancelled, by force where it must be.
    CancelRun,
}

impl OnExpiry {
    /// Every choice with its word in the config.
    pub const ALL: [(&'static str, OnExpiry); 3] = [
        ("nothing", OnExpiry::Nothing),
        ("reject-pending", OnExpiry::RejectPending),
        ("cancel-run", OnExpiry::CancelRun),
    ];

    /// What happens then, after "at the end".
    pub fn words(self) -> SafeText {
        SafeText::lit(match self {
            OnExpiry::Nothing => "what still waits asks again",
            OnExpiry::RejectPending => "what still waits is rejected",
            OnExpiry::CancelRun => "the run of what still waits is cancelled",
        })
    }
}

/// A grant as the guard keeps it: what every pass is held against, and its end by both clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// The grant. Its passes are on record one by one.
    pub grant: Grant,
    /// What was found when it was given: a pass brings nothing new.
    pub findings: Vec<Finding>,
    /// What happens at its end.
    pub on_expiry: OnExpiry,
    /// The boot in which it was given; empty = not known, and the wall clock alone says when it ends.
    pub boot: Text,
    /// Start-by on the clock of that boot.
    pub start_by_boot: Ms,
}
