//! One pending action that waits for a decision: its load-bearing core, and what is known about it now.

use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::Digest;
use super::evidence::{Base, Course, Totals, Tree};
use super::finding::{Finding, Severity};
use super::grant::{Enforcer, Grant};
use super::ids::{CommitSha, DecisionId, Group, RequestKey};
use super::json;
use super::principal::{Identity, Principal, Role, Sourced};
use super::scope::Scope;
use super::text::{SafeText, Text};
use super::time::{Ms, Span};
use super::verdict::Verdict;
use crate::safe;

/// Domain of the request digest.
const DIGEST_DOMAIN: &str = "jit-tui/request/v1";

/// The program that a gate would run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// Argument vector, never flattened into one string.
    pub argv: Vec<Text>,
    /// Working folder.
    pub folder: Text,
    /// The file that argv\[0\] resolves to, and for a script the same file.
    pub program: Text,
    /// SHA-256 of that file.
    pub program_digest: Digest,
    /// SHA-256 of the values of PATH, LD_*, BASH_ENV, ENV, NODE_OPTIONS, PYTHON*, GIT_*.
    pub env_digest: Digest,
    /// TERM first, or another signal by name.
    pub stop_signal: Text,
    /// From the stop signal to KILL.
    pub grace: Span,
}

/// The file of a foreign backend's pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowFile {
    /// Path in the repository.
    pub path: Text,
    /// Its blob id.
    pub blob: Text,
}

/// The run of a CI system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// `github-actions`, `gitlab-ci`, `jenkins`, `buildkite`, `circleci`, `azure-pipelines`, `none`.
    pub system: Text,
    /// Run id there.
    pub id: Text,
    /// Attempt of that run.
    pub attempt: u32,
    /// Job.
    pub job: Text,
    /// The page of the run.
    pub url: Option<Text>,
}

impl Run {
    /// Whether it names a run at all: outside of a CI system there is none to be the same as.
    pub fn is_known(&self) -> bool {
        !self.id.is_empty() && self.system != *"none"
    }
}

/// Scope and time that the pipeline asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Ask {
    /// How far.
    pub scope: Scope,
    /// How long from each start.
    pub run_for: Span,
}

/// What a decision is about: any change of a field here makes another request of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Core {
    /// Its identity.
    pub key: RequestKey,
    /// 256 random bits of our broker in hex; absent elsewhere.
    pub nonce: Option<String>,
    /// The repository's id: `acme/shop`, or a numeric id where the backend has one.
    pub repository: Sourced<Text>,
    /// The environment, `production`.
    pub environment: Sourced<Text>,
    /// What is done, `deploy-api`.
    pub name: Text,
    /// The commit that runs; absent = no git.
    pub head: Option<CommitSha>,
    /// The branch or tag that it was asked from, as claimed.
    pub branch: Option<Text>,
    /// The base that the gate compares with.
    pub base: Option<CommitSha>,
    /// What our gate would run.
    pub command: Option<Command>,
    /// What a foreign backend would run.
    pub workflow: Option<WorkflowFile>,
    /// SHA-256 of the working tree, untracked files included.
    pub tree: Option<Digest>,
    /// Whether the tree is head and nothing else.
    pub clean: bool,
    /// The CI run.
    pub run: Option<Run>,
    /// The people and credentials behind it.
    pub identities: Vec<Identity>,
    /// Why, as they say.
    pub reason: Text,
    /// What they ask for.
    pub ask: Ask,
}

impl Core {
    /// Who asks: the first requester, a verified one before a claimed one.
    pub fn requester(&self) -> Option<&Identity> {
        let mut asking: Vec<&Identity> = self.identities.iter().filter(|i| i.role == Role::Requester).collect();
        asking.sort_by_key(|i| !i.source.is_verified());
        asking.first().copied()
    }

    /// Why a scope cannot hold for this request whatever policy says; absent = it can.
    pub fn bars(&self, scope: Scope) -> Option<&'static str> {
        let nameless = self.command.is_none() && self.workflow.is_none();
        let (bars, why) = match scope {
            Scope::Once => (false, ""),
            _ if nameless => (true, "neither its command nor its workflow file is known"),
            _ if self.requester().is_none() => (true, "nobody is named as its requester"),
            Scope::Run => (!self.run.as_ref().is_some_and(Run::is_known), "it belongs to no CI run"),
            Scope::Revision => (self.head.is_none() || !self.clean, "its tree is not a commit and nothing else"),
            Scope::Action => (self.command.is_some(), "it is a command of a gate, not a set of pinned actions"),
        };
        bars.then_some(why)
    }

    /// What folds repeats and matrix waves into one row; it never grants anything.
    pub fn sameness(&self) -> Digest {
        let mut same = self.clone();
        same.nonce = None;
        same.key.attempt = 0;
        if let Some(run) = &mut same.run {
            // Legs of a matrix differ in the job's name only.
            run.job = Text::default();
        }
        let text = json::to_line(&(
            &same.key.backend,
            &same.repository,
            &same.environment,
            &same.name,
            &same.head,
            &same.run,
            &same.command,
            &same.workflow,
            &same.tree,
            &same.identities,
            &same.ask,
        ))
        .unwrap_or_default();
        Digest::tagged("jit-tui/sameness/v1", text.as_bytes())
    }
}

/// A value with the exact bytes that were hashed: in JSON a string that holds JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed<T> {
    text: String,
    value: T,
}

impl<T: Serialize> Sealed<T> {
    /// Serialises once; from then on the bytes stand.
    ///
    /// # Errors
    /// Only where the value cannot be JSON.
    pub fn new(value: T) -> serde_json::Result<Self> {
        Ok(Self { text: json::to_line(&value)?, value })
    }
}

impl<T: DeserializeOwned> Sealed<T> {
    /// From stored bytes.
    ///
    /// # Errors
    /// Where the text is not the JSON of a `T`.
    pub fn parse(text: String) -> serde_json::Result<Self> {
        let value = serde_json::from_str(&text)?;
        Ok(Self { text, value })
    }
}

impl<T> Sealed<T> {
    /// The bytes as stored.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Sealed<Core> {
    /// The request digest: over the bytes as stored.
    pub fn digest(&self) -> Digest {
        Digest::tagged(DIGEST_DOMAIN, self.text.as_bytes())
    }
}

impl<T> Deref for Sealed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> Serialize for Sealed<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Sealed<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(d)?).map_err(D::Error::custom)
    }
}

impl<T> JsonSchema for Sealed<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sealed".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "description": "JSON as stored and hashed, byte for byte."})
    }
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Waits for a decision.
    Pending,
    /// Enough votes, or allowed by policy; a grant exists.
    Approved,
    /// A person said no.
    Rejected,
    /// Nobody decided in time.
    TimedOut,
    /// Taken back by who asked.
    Cancelled,
    /// Policy said no.
    Denied,
    /// No longer there.
    Gone,
    /// The backend's own word for what we do not know.
    Unknown(Text),
}

impl State {
    /// The word on screens.
    pub fn word(&self) -> SafeText {
        match self {
            State::Pending => SafeText::lit("pending"),
            State::Approved => SafeText::lit("approved"),
            State::Rejected => SafeText::lit("rejected"),
            State::TimedOut => SafeText::lit("timed out"),
            State::Cancelled => SafeText::lit("cancelled"),
            State::Denied => SafeText::lit("denied by policy"),
            State::Gone => SafeText::lit("gone"),
            State::Unknown(word) => safe!("unknown ({})", word.ident()),
        }
    }
}

/// What a vote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ballot {
    /// Yes.
    Approve,
    /// No: ends the request.
    Reject,
    /// Yes, past votes and self check.
    BreakGlass,
}

/// One vote that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Vote {
    /// The decision that it came from.
    pub decision: DecisionId,
    /// Who.
    pub by: Principal,
    /// What.
    pub ballot: Ballot,
    /// Why.
    pub comment: Text,
    /// How far.
    pub scope: Scope,
    /// When.
    pub at: Ms,
    /// The requester was only claimed, so "not self" could not be proven.
    pub self_unproven: bool,
}

/// A group of votes and how many of it are there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NeedState {
    /// Of whom; absent = anyone.
    pub group: Option<Group>,
    /// How many are needed.
    pub need: u32,
    /// How many are there.
    pub have: u32,
}

/// A person who looks at it now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Look {
    /// Who.
    pub by: Principal,
    /// Until when it counts (2 min from the last sign).
    pub until: Ms,
}

/// Something that a backend tells about a request: a label of ours and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// `jobs`, `reviewers`, `pull request`.
    pub label: Text,
    /// What it says.
    pub value: Text,
}

/// Whether whoever asks may decide.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Can {
    /// Yes; `starts` where this vote is the last one needed.
    Yes {
        /// The vote completes the request.
        starts: bool,
    },
    /// No, and why.
    No {
        /// In words.
        why: Text,
    },
    /// The backend does not say.
    Unknown,
}

/// The evidence in the width of a list; the whole is read on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceSummary {
    /// The evidence digest.
    pub digest: Digest,
    /// What the diff starts from.
    pub base: Option<Base>,
    /// How base and head lie.
    pub course: Option<Course>,
    /// Totals of the diff.
    pub totals: Option<Totals>,
    /// Commits of base..head.
    pub commits: u32,
    /// Something was left out.
    pub cut: bool,
}

/// A request as a backend gives it now, to whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// What the decision binds.
    pub core: Sealed<Core>,
    /// Rises with every change of any request of this backend.
    pub seq: u64,
    /// Where it stands.
    pub state: State,
    /// When it was asked.
    pub created_at: Ms,
    /// Until when it may wait.
    pub due: Option<Ms>,
    /// When it was decided.
    pub decided_at: Option<Ms>,
    /// What policy demands.
    pub verdict: Verdict,
    /// The votes that are needed and there.
    pub needs: Vec<NeedState>,
    /// The votes.
    pub votes: Vec<Vote>,
    /// Who looks.
    pub looks: Vec<Look>,
    /// What is wrong or odd.
    pub findings: Vec<Finding>,
    /// The evidence in short.
    pub evidence: EvidenceSummary,
    /// Who enforces decision, TTL and end.
    pub enforcer: Enforcer,
    /// Whether you may decide.
    pub can: Can,
    /// What an approval produced.
    pub grant: Option<Grant>,
    /// Break-glass was used and nobody has reviewed it yet.
    pub unreviewed: bool,
    /// A live gate waits for it (its last sign is not older than 30 s); absent where the backend cannot know.
    pub gate_waits: Option<bool>,
    /// What the run was started with is not shown, so no later gate is known to be the same: only `once` can hold.
    #[serde(default)]
    pub inputs_hidden: bool,
    /// Why it cannot be rejected whatever anybody wants; absent = it can.
    #[serde(default)]
    pub no_reject: Option<Text>,
    /// What the backend tells besides; nothing of it is bound.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

impl Request {
    /// Its identity.
    pub fn key(&self) -> &RequestKey {
        &self.core.key
    }

    /// The request digest.
    pub fn digest(&self) -> Digest {
        self.core.digest()
    }

    /// Whether it still waits.
    pub fn is_pending(&self) -> bool {
        self.state == State::Pending
    }

    /// The worst finding that is new since the last approved deployment; one that blocks counts as new always.
    pub fn worst_new(&self, now: Ms) -> Option<&Finding> {
        self.findings.iter().filter(|f| f.counts(now)).max_by_key(|f| (f.blocks, rank(f.severity)))
    }

    /// The findings that count and that a person may accept, the worst first.
    pub fn acceptable(&self, now: Ms) -> impl Iterator<Item = &Finding> {
        let mut all: Vec<&Finding> = self.findings.iter().filter(|f| !f.blocks && f.counts(now)).collect();
        all.sort_by_key(|f| std::cmp::Reverse(rank(f.severity)));
        all.into_iter()
    }

    /// How many findings are old or accepted.
    pub fn old_findings(&self, now: Ms) -> usize {
        self.findings.iter().filter(|f| !f.counts(now)).count()
    }
}

/// In the queue an unknown outranks what is merely low: it is never green.
fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Low => 0,
        Severity::Unknown => 1,
        Severity::Medium => 2,
        Severity::High => 3,
    }
}

/// The working tree as bound by the core, from the evidence.
pub fn tree_binding(tree: Option<&Tree>) -> (Option<Digest>, bool) {
    (tree.map(|t| t.digest), tree.is_some_and(Tree::is_clean))
}
