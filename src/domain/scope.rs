//! How far an approval reaches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::SafeText;

/// From narrow to wide; `grants::covers` says what each one means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// This request.
    #[default]
    Once,
    /// Also the same run and attempt.
    Run,
    /// Also the same head with a clean tree.
    Revision,
    /// The same immutable set of action SHAs instead of the head; never for gate commands.
    Action,
}

impl Scope {
    /// All of them, from narrow to wide.
    pub const ALL: [Scope; 4] = [Scope::Once, Scope::Run, Scope::Revision, Scope::Action];

    /// The word in files and commands.
    pub fn word(self) -> SafeText {
        SafeText::lit(match self {
            Scope::Once => "once",
            Scope::Run => "run",
            Scope::Revision => "revision",
            Scope::Action => "action",
        })
    }

    /// What it covers, for the dialog.
    pub fn means(self) -> SafeText {
        SafeText::lit(match self {
            Scope::Once => "this request",
            Scope::Run => "this run+env",
            Scope::Revision => "this revision+env",
            Scope::Action => "these action SHAs",
        })
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not a scope: once, run, revision or action is expected")]
pub struct NotAScope;

impl std::str::FromStr for Scope {
    type Err = NotAScope;
    fn from_str(s: &str) -> Result<Self, NotAScope> {
        Scope::ALL.into_iter().find(|scope| scope.word().as_str() == s).ok_or(NotAScope)
    }
}
