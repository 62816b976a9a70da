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
    /// One that is written at `place` in a pipeline's own file, and of which no more is known.
    pub fn new(kind: ActionKind, name: impl Into<Text>, reference: impl Into<Text>, place: impl Into<Text>) -> Self {
        Self {
            kind,
            name: name.into(),
            reference: reference.into(),
            comment: None,
            sha: None,
            place: place.into(),
            before: None,
            lock: None,
            parent: None,
        }
    }

    /// As it is written: `name@reference`, or the name alone.
    pub fn written(&self) -> Text {
        if self.reference.is_empty() {
            return self.name.clone();
        }
        Text::new([self.name.as_bytes(), b"@", self.reference.as_bytes()].concat())
    }

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

/// What is wrong with a pipeline's own files, where that is known without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PipelineFault {
    /// About what: an action as it is written, or the path of a file.
    pub subject: Text,
    /// Where it stands: `.github/workflows/deploy.yml:31`.
    pub place: Text,
    /// What.
    pub what: PipelineTrouble,
}

/// What can be wrong with a pipeline's own files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum PipelineTrouble {
    /// It was not read or not understood, so what it names is not known.
    Unreadable {
        /// Why.
        why: Text,
    },
    /// There is a lock file, and it does not cover this pipeline file.
    LockMissing,
    /// The lock file covers the pipeline file and lacks this action of it.
    LockStale {
        /// What it lacks.
        lacks: Text,
    },
    /// The lock file holds another commit than the one that is written.
    LockMismatch {
        /// In the lock file.
        locked: Text,
        /// In the pipeline file.
        written: Text,
    },
}
