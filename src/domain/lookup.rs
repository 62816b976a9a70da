//! What looking actions up gave, each by itself: what a reference stands for now, whether its commit belongs to its
//! repository, what the ledger knows. Facts only; a look-up that failed is a fact of its own and never a good one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::evidence::{Commit, Course};
use super::ids::CommitSha;
use super::text::Text;
use super::time::Ms;

/// Whether a commit lies on a branch or tag of the repository that it is named with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Reach {
    /// It does.
    Proven {
        /// On which: `refs/tags/v4`.
        on: Text,
    },
    /// It does not: every branch and tag was looked at, and none contains it.
    Impostor,
    /// Nobody could tell.
    NotProven {
        /// Why.
        why: Text,
    },
}

/// What became of the version that the comment behind a pinned reference claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Claim {
    /// There is none.
    #[default]
    None,
    /// That tag stands for this very commit.
    Holds,
    /// That tag stands for another commit.
    Differs {
        /// Which.
        sha: CommitSha,
    },
    /// Nobody could tell: no such tag, or it could not be looked up.
    NotProven {
        /// Why.
        why: Text,
    },
}

/// What lies between two commits of an action's repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// From.
    pub old: CommitSha,
    /// To.
    pub new: CommitSha,
    /// How the two lie to each other.
    pub course: Course,
    /// How many commits the new one has that the old one lacks.
    pub count: u64,
    /// The newest of them.
    pub commits: Vec<Commit>,
    /// Where a person can read it.
    pub link: Option<Text>,
}

/// Another SHA that the same reference stood for before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// The one that was seen last.
    pub sha: Text,
    /// When it was.
    pub at: Ms,
}

/// What the ledger knows of one action, reference and SHA, before it was seen this time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// Whether something that runs this action was ever approved, at whatever SHA: seeing it alone makes it not known.
    pub action: bool,
    /// When this reference was first seen standing for this SHA.
    pub first: Option<Ms>,
    /// When it was last.
    pub last: Option<Ms>,
    /// Who saw it first.
    pub by: Option<Text>,
    /// How often something that runs this SHA of the action was approved.
    pub approved: u32,
    /// Who approved it last, and when.
    pub approval: Option<(Text, Ms)>,
    /// The reference stood for another SHA when it was approved last, or else when it was first seen.
    pub moved: Option<Moved>,
}

/// One action as it was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LookUp {
    /// What is written, with the SHA where one was found. Its parent is a place in the same list of look-ups.
    pub action: Action,
    /// The commit that the reference stands for now, whatever the lock file says; absent = not proven.
    pub now: Option<Text>,
    /// Why that is not proven.
    pub unresolved: Option<Text>,
    /// Whether the SHA belongs to its repository; absent where there is nothing to ask: images, local paths.
    pub reach: Option<Reach>,
    /// What became of the comment's claim.
    pub claim: Claim,
    /// Why what it calls in turn is not known; absent = that is in the list, or it calls nothing.
    pub unread: Option<Text>,
    /// What the ledger knew; absent where it has no entry for things of this kind or cannot be read.
    pub known: Option<Known>,
    /// What changed since the base.
    pub change: Option<Change>,
}

/// Everything that was looked up for one piece of evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LookUps {
    /// A parent stands before its children.
    pub list: Vec<LookUp>,
    /// What is wrong with the ledger, where something is.
    pub ledger: Option<Text>,
    /// Nothing is on its way any more.
    pub done: bool,
}

impl LookUp {
    /// Nothing of this one is looked up yet.
    pub fn begun(action: Action) -> Self {
        Self {
            action,
            now: None,
            unresolved: None,
            reach: None,
            claim: Claim::None,
            unread: None,
            known: None,
            change: None,
        }
    }
}
