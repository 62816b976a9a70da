//! What an approval produced, and each pass that started under it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::{BackendName, CommitSha, GrantId, RequestKey};
use super::principal::{Identity, Principal, Role};
use super::request::{Core, Run, WorkflowFile};
use super::scope::Scope;
use super::text::{SafeText, Text};
use super::time::{Ms, Span};

/// Who sees to it that the grant is kept and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcer {
    /// Our broker and its gate.
    Broker,
    /// The foreign backend itself.
    Backend,
    /// This program's guard.
    Guard,
    /// Nobody.
    Nobody,
}

impl Enforcer {
    /// The word on screens.
    pub fn word(self) -> SafeText {
        SafeText::lit(match self {
            Enforcer::Broker => "broker",
            Enforcer::Backend => "backend",
            Enforcer::Guard => "guard",
            Enforcer::Nobody => "nobody",
        })
    }

    /// Whether run-for means anything: the guard knows start-by only, and ends nothing that runs.
    pub fn knows_run_for(self) -> bool {
        self != Enforcer::Guard
    }
}

/// The fields that scopes compare. Two requests are "the same" in a scope only by these.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Bound {
    /// The request itself.
    pub request: RequestKey,
    /// Backend instance.
    pub backend: BackendName,
    /// Repository id.
    pub repository: Text,
    /// Environment.
    pub environment: Text,
    /// Everyone who stands as requester.
    pub requester: Vec<Identity>,
    /// Policy in force.
    pub policy: Digest,
    /// argv, folder and program digest of a gate command.
    pub command: Option<(Vec<Text>, Text, Digest)>,
    /// The workflow file of a foreign backend.
    pub workflow: Option<WorkflowFile>,
    /// The run and its attempt.
    pub run: Option<Run>,
    /// The head.
    pub head: Option<CommitSha>,
    /// The tree was head and nothing else.
    pub clean: bool,
    /// (action, SHA) of every action; absent where any is unresolved or movable.
    pub actions: Option<Vec<(Text, Text)>>,
}

impl Bound {
    /// Takes from a request what scopes compare.
    pub fn of(core: &Core, actions: &[super::action::Action], policy: Digest) -> Self {
        Self {
            request: core.key.clone(),
            backend: core.key.backend.clone(),
            repository: core.repository.value.clone(),
            environment: core.environment.value.clone(),
            requester: core.identities.iter().filter(|i| i.role == Role::Requester).cloned().collect(),
            policy,
            command: core.command.as_ref().map(|c| (c.argv.clone(), c.folder.clone(), c.program_digest)),
            workflow: core.workflow.clone(),
            run: core.run.clone(),
            head: core.head.clone(),
            clean: core.clean,
            actions: immutable_set(actions),
        }
    }
}

fn immutable_set(actions: &[super::action::Action]) -> Option<Vec<(Text, Text)>> {
    let mut set: Vec<(Text, Text)> = actions
        .iter()
        .map(|a| if a.is_pinned() { a.sha.clone().map(|sha| (a.name.clone(), sha)) } else { None })
        .collect::<Option<_>>()?;
    set.sort();
    set.dedup();
    (!set.is_empty()).then_some(set)
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The command ended by itself with this code.
    Exit(i32),
    /// The command was ended by this signal of somebody else's.
    Signal(i32),
    /// Its time was over.
    Expired,
    /// It was revoked.
    Revoked,
    /// The command could not be started.
    NotStarted,
    /// The gate has not been heard of until past the deadline.
    Lost,
    /// It was let through at a backend that does not tell the guard how it goes on.
    Unwatched,
}

impl End {
    /// Whether this run makes its head the base of the next one.
    pub fn is_success(&self) -> bool {
        *self == End::Exit(0)
    }

    /// In words.
    pub fn words(&self) -> SafeText {
        match self {
            End::Exit(0) => SafeText::lit("done"),
            End::Exit(code) => crate::safe!("failed ({})", code),
            End::Signal(n) => crate::safe!("ended by signal {}", n),
            End::Expired => SafeText::lit("time over, ended"),
            End::Revoked => SafeText::lit("revoked, ended"),
            End::NotStarted => SafeText::lit("could not start"),
            End::Lost => SafeText::lit("UNKNOWN: gate lost"),
            End::Unwatched => SafeText::lit("let through, its end is not watched"),
        }
    }
}

/// One start under a grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Pass {
    /// The request that passed: the grant's own, or a later one that it covers.
    pub request: RequestKey,
    /// When it started.
    pub started_at: Ms,
    /// When it must be over.
    pub ends_at: Ms,
    /// How it ended; absent while it runs.
    pub end: Option<(Ms, End)>,
}

/// Why a grant gives nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Revocation {
    /// Who.
    pub by: Principal,
    /// When.
    pub at: Ms,
    /// Why.
    pub reason: Text,
}

/// What an approval produced.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// What it was given for.
    pub bound: Bound,
    /// What is done, for the screen.
    pub name: Text,
    /// How far it reaches.
    pub scope: Scope,
    /// Who keeps it.
    pub enforcer: Enforcer,
    /// Who gave it; empty = allowed by policy.
    pub by: Vec<Principal>,
    /// When it was decided.
    pub decided_at: Ms,
    /// No pass starts after this.
    pub start_by: Ms,
    /// From each start, extensions included.
    pub run_for: Span,
    /// The most that an extension may bring run-for to, by the rule at the time; absent = not known.
    #[serde(default)]
    pub cap: Option<Span>,
    /// How often it may be used; absent = as often as it covers until start-by.
    pub max_uses: Option<u32>,
    /// Every start.
    pub passes: Vec<Pass>,
    /// Taken back.
    pub revoked: Option<Revocation>,
    /// Given by break-glass.
    pub break_glass: bool,
}

/// Where a grant stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has started; until start-by it may.
    Open,
    /// Something runs under it.
    Running,
    /// Used or past its time.
    Over,
    /// Taken back.
    Revoked,
}

impl Grant {
    /// The pass that runs now, if one does.
    pub fn running(&self) -> Option<&Pass> {
        self.passes.iter().find(|p| p.end.is_none())
    }

    /// Where it stands at `now`.
    pub fn standing(&self, now: Ms) -> Standing {
        if self.running().is_some() {
            Standing::Running
        } else if self.revoked.is_some() {
            Standing::Revoked
        } else if now < self.start_by && self.uses_left() {
            Standing::Open
        } else {
            Standing::Over
        }
    }

    /// Whether another pass may start under it, time aside.
    pub fn uses_left(&self) -> bool {
        self.max_uses.is_none_or(|max| (self.passes.len() as u64) < u64::from(max))
    }
}
