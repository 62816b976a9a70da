//! Units of work and the SHA that each resolves to now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::Text;

/// What kind of work a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// `owner/repo[/path]@ref` of a step.
    Action,
    /// `owner/repo/.github/workflows/x.yml@ref` of a job.
    Workflow,
    /// A container image.
    Image,
    /// A path in the same repository.
    Local,
    /// A pipeline file from elsewhere: GitLab's `include:` of a project, component, template or address.
    Include,
}

impl ActionKind {
    /// The word on screens.
    pub fn word(self) -> &'static str {
        match self {
            ActionKind::Action => "action",
            ActionKind::Workflow => "workflow",
            ActionKind::Image => "image",
            ActionKind::Local => "local",
            ActionKind::Include => "include",
        }
    }
}

/// One reference in the pipeline's own files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// What kind of work.
    pub kind: ActionKind,
    /// The part before `@`: `aquasecurity/trivy-action`, an image name, a path.
    pub name: Text,
    /// The part after `@`; empty for local ones.
    pub reference: Text,
    /// The comment behind it, which is only a claim: `v0.33.1`.
    pub comment: Option<Text>,
    /// The commit or digest that it resolves to now, whole; absent = not proven.
    pub sha: Option<Text>,
    /// Where the reference stands: `.github/workflows/deploy.yml:31`.
    pub place: Text,
    /// The reference at the base where it was another one there.
    pub before: Option<Before>,
    /// The commit that the lock file holds it at: that one runs, wherever the reference moves.
    #[serde(default)]
    pub lock: Option<Text>,
    /// The action that names this one, as a place in the same list, before it; absent = a pipeline's own file does.
    #[serde(default)]
    pub parent: Option<u32>,
}

/// What an action was at the base.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Before {
    /// What was written.
    pub reference: Text,
    /// What it resolved to, where known.
    pub sha: Option<Text>,
}

impl Action {
    /// Whether what runs is immutable: held by the lock file, a whole commit id, an image digest or a local path.
    pub fn is_pinned(&self) -> bool {
        match self.kind {
            ActionKind::Local => true,
            _ if self.lock.is_some() => true,
            ActionKind::Image => self.reference.as_bytes().starts_with(b"sha256:"),
            _ => self.reference.as_str().is_some_and(|r| r.parse::<super::ids::CommitSha>().is_ok()),
        }
    }
}
