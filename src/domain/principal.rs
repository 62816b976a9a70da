//! Who: principals, identities and where a field's truth comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::Person;
use super::text::{SafeText, Text};
use crate::safe;

/// Where a field comes from. Only `Claimed` is unverified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The pipeline says so.
    Claimed,
    /// Bound to the pipeline's credential.
    Token,
    /// The kernel says so: peer of a unix socket.
    Peer,
    /// The backend says so.
    Forge,
    /// A signed identity token says so.
    Oidc,
}

impl Source {
    /// Whether anybody but the pipeline vouches for it.
    pub fn is_verified(self) -> bool {
        self != Source::Claimed
    }

    /// The word on screens.
    pub fn word(self) -> SafeText {
        SafeText::lit(match self {
            Source::Claimed => "claimed",
            Source::Token => "token",
            Source::Peer => "peer",
            Source::Forge => "forge",
            Source::Oidc => "oidc",
        })
    }
}

/// A value with its source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Who vouches for it.
    pub source: Source,
}

/// What kind of name an identity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// A login at a forge or CI system.
    Login,
    /// A mail address, as commits carry.
    Email,
    /// A numeric user of this machine.
    Uid,
    /// A person as policy names them.
    Person,
    /// The name of a pipeline token.
    Token,
}

/// Why an identity belongs to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Who asks.
    Requester,
    /// Who started the run.
    Trigger,
    /// Who wrote or committed base..head.
    Author,
    /// Through which credential it was asked.
    Credential,
}

/// One identity of the people behind a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// Why it stands here.
    pub role: Role,
    /// What kind of name it is.
    pub kind: IdentityKind,
    /// The name.
    pub name: Text,
    /// Who vouches for it.
    pub source: Source,
}

/// Case and blanks around a name do not tell two people apart.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Commits made in GitHub's web pages carry `ID+login@` this.
const NOREPLY: &str = "@users.noreply.github.com";

impl Identity {
    /// Who wrote or committed something, as a commit claims.
    pub fn author(email: &Text) -> Self {
        Self { role: Role::Author, kind: IdentityKind::Email, name: email.clone(), source: Source::Claimed }
    }

    /// Every way to write it that means the same.
    pub fn spellings(&self) -> Vec<String> {
        let name = fold(&self.name.lossy());
        let login = name.strip_suffix(NOREPLY).map(|local| local.rsplit('+').next().unwrap_or(local).to_owned());
        std::iter::once(name).chain(login).collect()
    }

    /// `bob`, or `bob?` where nobody but the pipeline says so.
    pub fn shown(&self) -> SafeText {
        let name = self.name.ident();
        if self.source.is_verified() { name } else { safe!("{}?", name) }
    }
}

/// How well an approver proved who they are; rises in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// Kernel credentials of a unix socket.
    #[default]
    Peer,
    /// A token.
    Bearer,
    /// A signed identity token.
    Oidc,
    /// An SSH signature.
    Ssh,
}

impl Assurance {
    /// The word on screens and in policy.
    pub fn word(self) -> SafeText {
        SafeText::lit(match self {
            Assurance::Peer => "peer",
            Assurance::Bearer => "bearer",
            Assurance::Oidc => "oidc",
            Assurance::Ssh => "ssh",
        })
    }
}

/// Who acts: never a bare name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Principal {
    /// Who vouches: `peer`, `broker`, a backend instance.
    pub issuer: Text,
    /// The name there: a uid, a token's id, a login.
    pub subject: Text,
    /// How well it is proven.
    pub assurance: Assurance,
    /// The person it belongs to, where policy knows one; votes are counted by person.
    pub person: Option<Person>,
}

impl Principal {
    /// The person, else `issuer:subject`.
    pub fn shown(&self) -> SafeText {
        match &self.person {
            Some(person) => safe!("{}", person),
            None => safe!("{}:{}", self.issuer.ident(), self.subject.ident()),
        }
    }

    /// Whether both are the same human as far as anybody can tell.
    pub fn same_person(&self, other: &Principal) -> bool {
        match (&self.person, &other.person) {
            (Some(a), Some(b)) => a == b,
            _ => self.issuer == other.issuer && self.subject == other.subject,
        }
    }
}
