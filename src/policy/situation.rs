//! A request made up to try a policy on: what `policy explain` and `policy test` judge.

use serde::Deserialize;

use super::{Explanation, Policy, Subject};
use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::ids::{BackendName, NativeId, RequestKey};
use crate::domain::principal::{Identity, IdentityKind, Role, Source, Sourced};
use crate::domain::request::{Ask, Command, Core, WorkflowFile};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::RUN_FOR_DEFAULT;

/// A field that can be merely claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Claimable {
    /// The repository.
    Repository,
    /// The environment.
    Environment,
    /// Who asks.
    Requester,
}

/// A made-up request; what is left out is not there.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Situation {
    /// Repository id.
    pub repository: String,
    /// Environment.
    pub environment: String,
    /// Branch or tag.
    pub branch: Option<String>,
    /// What is done: what `match.action` looks at.
    pub action: String,
    /// The gate's command.
    pub command: Vec<String>,
    /// Path of a workflow file.
    pub workflow: Option<String>,
    /// Backend instance.
    pub backend: BackendName,
    /// Logins of those who ask.
    pub requester: Vec<String>,
    /// Name of the token that asked.
    pub credential: Option<String>,
    /// Mail addresses of those who wrote it.
    pub authors: Vec<String>,
    /// Findings that are there, weighed as the policy says.
    pub findings: Vec<FindingId>,
    /// What nobody but the pipeline says.
    pub claimed: Vec<Claimable>,
}

impl Default for Situation {
    fn default() -> Self {
        Self {
            repository: String::new(),
            environment: String::new(),
            branch: None,
            action: String::new(),
            command: Vec::new(),
            workflow: None,
            backend: BackendName::local(),
            requester: Vec::new(),
            credential: None,
            authors: Vec::new(),
            findings: Vec::new(),
            claimed: vec![Claimable::Requester],
        }
    }
}

impl Situation {
    /// What the policy says about it.
    pub fn explain(&self, policy: &Policy) -> Explanation {
        let core = self.core();
        let mut findings: Vec<Finding> = self.findings.iter().map(|id| Finding::new(*id, "", "")).collect();
        policy.weigh(&mut findings);
        policy.explain(&Subject::of(&core, &findings, &[]))
    }

    /// The request itself.
    pub fn core(&self) -> Core {
        Core {
            key: RequestKey { backend: self.backend.clone(), id: NativeId::from_bits([0; 16]), attempt: 1 },
            nonce: None,
            repository: self.sourced(&self.repository, Claimable::Repository),
            environment: self.sourced(&self.environment, Claimable::Environment),
            name: self.action.as_str().into(),
            head: None,
            branch: self.branch.as_deref().map(Text::from),
            base: None,
            command: (!self.command.is_empty()).then(|| self.command()),
            workflow: self.workflow.as_deref().map(|path| WorkflowFile { path: path.into(), blob: Text::default() }),
            tree: None,
            clean: true,
            run: None,
            identities: self.identities(),
            reason: Text::default(),
            ask: Ask { scope: Scope::Once, run_for: RUN_FOR_DEFAULT },
        }
    }

    fn source(&self, of: Claimable) -> Source {
        if self.claimed.contains(&of) { Source::Claimed } else { Source::Token }
    }

    fn sourced(&self, value: &str, of: Claimable) -> Sourced<Text> {
        Sourced { value: value.into(), source: self.source(of) }
    }

    fn command(&self) -> Command {
        Command {
            argv: self.command.iter().map(|arg| arg.as_str().into()).collect(),
            folder: "/".into(),
            program: self.command.first().map(String::as_str).unwrap_or_default().into(),
            program_digest: Digest::of(b""),
            env_digest: Digest::of(b""),
            stop_signal: "TERM".into(),
            grace: Span::mins(1),
        }
    }

    fn identities(&self) -> Vec<Identity> {
        let identity = |role, kind, name: &String, source| Identity { role, kind, name: name.as_str().into(), source };
        let requester = self.source(Claimable::Requester);
        let asking = self.requester.iter().map(|name| identity(Role::Requester, IdentityKind::Login, name, requester));
        let token =
            self.credential.iter().map(|name| identity(Role::Credential, IdentityKind::Token, name, Source::Token));
        let authors =
            self.authors.iter().map(|name| identity(Role::Author, IdentityKind::Email, name, Source::Claimed));
        asking.chain(token).chain(authors).collect()
    }
}
