//! What the policy demands of one request: the answer of `policy::judge`, in words and in data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::Group;
use super::principal::Assurance;
use super::scope::Scope;
use super::text::{SafeText, Text, counted};
use super::time::Span;

/// Cap of `run for` that no rule lifts.
pub const RUN_FOR_CAP: Span = Span::hours(8);
/// `start by` where nothing else is said.
pub const START_BY_DEFAULT: Span = Span::mins(10);
/// `run for` where nothing else is said.
pub const RUN_FOR_DEFAULT: Span = Span::mins(15);
/// Cap of start-by of what the guard keeps.
pub const GUARD_CAP: Span = Span::mins(60);
/// Cap of start-by and run-for after a break-glass.
pub const BREAK_GLASS_CAP: Span = Span::mins(15);
/// What is typed where the name of the environment is demanded and there is none.
pub const NO_ENVIRONMENT: &str = "no-environment";
/// How long a request waits where no rule says.
pub const WAIT_DEFAULT: Span = Span::mins(60);

/// Deny wins over approval, approval over allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Starts without a person.
    Allow,
    /// Needs people.
    Approve,
    /// Never starts.
    Deny,
}

/// So many distinct people, of one group or of anybody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// How many.
    pub count: u32,
    /// Of whom; absent = anyone who may approve.
    pub group: Option<Group>,
}

/// Who may not vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SelfCheck {
    /// Requester and triggering actor are kept out (off only for one's own machine).
    pub requester: bool,
    /// Anyone who wrote or committed base..head is kept out too.
    pub authors: bool,
    /// A requester whom only the pipeline names is not good enough.
    pub verified_requester: bool,
}

/// What of the evidence must have been on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SeenDemand {
    /// Nothing.
    Nothing,
    /// The must-see classes: workflows, lock files, Dockerfile, modes, links, binaries.
    #[default]
    MustSee,
    /// Every file.
    All,
}

/// The verdict over one request. Serialised with it; policy digests tell old verdicts from new ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// What happens.
    pub effect: Effect,
    /// The rules that matched, by name; empty = no rule, the default holds.
    pub rules: Vec<Text>,
    /// Why, in words of the policy's own.
    pub words: Text,
    /// Groups of votes; all must be met, and one person may serve several.
    pub needs: Vec<Need>,
    /// Who may not vote.
    pub not_self: SelfCheck,
    /// Scopes that may be granted, from narrow to wide; never empty.
    pub scopes: Vec<Scope>,
    /// Cap of start-by.
    pub start_by: Span,
    /// Cap of run-for.
    pub run_for: Span,
    /// How often a grant may be used; absent = as often as it covers.
    #[serde(default)]
    pub max_uses: Option<u32>,
    /// A reason must be given.
    pub reason: bool,
    /// The word that must be typed.
    pub word: Option<Text>,
    /// What must have been on the screen.
    pub seen: SeenDemand,
    /// What is unseen may be acknowledged by its count.
    pub may_acknowledge: bool,
    /// Whether it may be decided together with others.
    pub bulk: bool,
    /// How long the request waits.
    pub wait: Span,
    /// How well an approver must prove who they are.
    pub min_assurance: Assurance,
    /// Who may break the glass.
    pub break_glass: Option<Group>,
    /// SHA-256 of the policy that said so.
    pub policy: Digest,
}

impl Verdict {
    /// How many distinct people at the least.
    pub fn people(&self) -> u32 {
        self.needs.iter().map(|n| n.count).max().unwrap_or(0)
    }

    /// Needs in words: `2 of oncall, not requester, not author`.
    pub fn needs_in_words(&self) -> SafeText {
        let mut parts: Vec<SafeText> = self
            .needs
            .iter()
            .map(|n| match &n.group {
                Some(group) => crate::safe!("{} of {}", n.count, group),
                None => counted(n.count, "person", "people"),
            })
            .collect();
        if self.not_self.requester {
            parts.push(SafeText::lit("not requester"));
        }
        if self.not_self.authors {
            parts.push(SafeText::lit("not author"));
        }
        SafeText::join(&parts, ", ")
    }
}
