//! What an approver can look at, as the gate collected it or a backend gives it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::{Action, PipelineFault};
use super::digest::Digest;
use super::finding::Place;
use super::ids::CommitSha;
use super::principal::Identity;
use super::text::{SafeText, Text};
use super::time::Ms;

/// Where the base of the diff comes from; always stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseKind {
    /// The last revision whose run ended with success here.
    LastDeployed,
    /// Where the branch left its target.
    MergeBase,
    /// Stated by whoever asks.
    Stated,
    /// What the request before this one was about.
    Previous,
    /// The last run of the same workflow on the branch that ended with success; nobody says that it was deployed.
    LastRun,
}

impl BaseKind {
    /// In a word or two, beside its commit.
    pub fn word(self) -> SafeText {
        SafeText::lit(match self {
            BaseKind::LastDeployed => "live",
            BaseKind::MergeBase => "merge base",
            BaseKind::Stated => "stated",
            BaseKind::Previous => "request before",
            BaseKind::LastRun => "last good run",
        })
    }
}

/// The revision that the diff starts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Base {
    /// The commit.
    pub sha: CommitSha,
    /// Where it comes from.
    pub kind: BaseKind,
    /// When it was deployed, where that is known.
    pub deployed_at: Option<Ms>,
}

/// How base and head lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// Head comes after base.
    Ahead,
    /// Head comes before base: a rollback.
    Behind,
    /// Each has commits that the other lacks.
    Diverged,
    /// The same commit.
    Same,
}

/// Bytes kept by hash beside the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Blob {
    /// SHA-256 of the bytes as stored (compressed where `gzip`).
    pub digest: Digest,
    /// Bytes as stored.
    pub size: u64,
    /// Whether they are gzip-compressed.
    pub gzip: bool,
}

/// Totals as the source gives them, to hold what is shown against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Files changed.
    pub files: u32,
    /// Lines added; binary files count none.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
}

/// Something that the source left out, in words and counts; nothing is left out without one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Cut {
    /// What: `diff`, `commits`, `actions`.
    pub what: Text,
    /// How much of it is there.
    pub kept: u64,
    /// How much there would be.
    pub of: u64,
}

/// What is known of a commit's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// There is none.
    Absent,
    /// There is one, and nobody has verified it, or it was found to be wrong.
    Unverified,
    /// Whoever gives the commit has verified it.
    Verified,
}

/// One commit of base..head.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    /// Its id.
    pub sha: CommitSha,
    /// Author's name and mail as the commit claims them.
    pub author: Text,
    /// Author's mail.
    pub author_email: Text,
    /// Committer's mail.
    pub committer_email: Text,
    /// When it was committed, as it claims.
    pub at: Ms,
    /// The first line of its message.
    pub subject: Text,
    /// Whether it is signed; absent = not known.
    #[serde(default)]
    pub signature: Option<Signature>,
}

/// What kind of thing a pipeline file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PipelineSays {
    /// It runs with the repository's rights on somebody else's change.
    Trigger,
    /// The token of a job may do more than before.
    Permission,
    /// A job can read a secret.
    Secret,
    /// A script holds an expression that outsiders can fill.
    Injection,
    /// Code of outsiders can run on a self-hosted runner.
    Runner,
    /// What waited for a person at the base does so no longer.
    Gate,
    /// It was not judged, or not all of it.
    Unjudged,
}

/// Something that a pipeline file says at head and that findings are drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PipelineFact {
    /// What kind of thing.
    pub says: PipelineSays,
    /// Where.
    pub place: Place,
    /// What exactly: `job deploy: contents none -> write`.
    pub detail: Text,
    /// The base says the same.
    pub was: bool,
}

/// The state of the working tree at the asking.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Tree {
    /// SHA-256 over head's tree, every changed and every untracked file (ignored ones are not bound).
    pub digest: Digest,
    /// Changed tracked files.
    pub changed: Vec<Text>,
    /// Untracked files.
    pub untracked: Vec<Text>,
}

impl Tree {
    /// Whether what runs is what head says.
    pub fn is_clean(&self) -> bool {
        self.changed.is_empty() && self.untracked.is_empty()
    }
}

/// Everything an approver can look at. Its digest is the evidence digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What the diff starts from; absent = nothing to compare with.
    pub base: Option<Base>,
    /// How base and head lie to each other.
    pub course: Option<Course>,
    /// Commits of the branch that this one is for which head lacks; absent = not known.
    #[serde(default)]
    pub behind: Option<u64>,
    /// The unified diff base..head; absent = not given.
    pub diff: Option<Blob>,
    /// What the whole diff amounts to; absent = unknown.
    pub totals: Option<Totals>,
    /// The commits of base..head, newest first.
    pub commits: Vec<Commit>,
    /// Actions that the pipeline's files name.
    pub actions: Vec<Action>,
    /// What the pipeline's files say that is worth knowing.
    #[serde(default)]
    pub pipeline: Vec<PipelineFact>,
    /// What is wrong with the pipeline's files.
    #[serde(default)]
    pub faults: Vec<PipelineFault>,
    /// State of the working tree; absent = no git here.
    pub tree: Option<Tree>,
    /// What was left out.
    pub cuts: Vec<Cut>,
    /// Other revisions that the change can be read against; the decision is about `base`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_bases: Vec<Base>,
}

impl Evidence {
    /// Everyone who wrote or committed base..head, each once, as the commits claim.
    pub fn authors(&self) -> Vec<Identity> {
        let mails = self.commits.iter().flat_map(|c| [&c.author_email, &c.committer_email]);
        let names: BTreeSet<&Text> = mails.filter(|m| !m.is_empty()).collect();
        names.into_iter().map(Identity::author).collect()
    }
}
