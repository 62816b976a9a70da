//! Who calls: the one port through which tokens and socket peers (and later SSH and OIDC) become callers.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::domain::ids::Person;
use crate::domain::principal::{Assurance, Identity, IdentityKind, Principal, Role, Source};
use crate::domain::text::Text;
use crate::safe;

use super::problem::text;

/// Who calls, and what the credential allows.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub principal: Principal,
    /// May look and decide.
    pub approver: bool,
    /// May ask, and for what.
    pub pipeline: Option<Binding>,
    /// The owner of a local broker: may approve their own automation.
    pub local_owner: bool,
}

/// What a pipeline's credential vouches for.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The credential: quotas, idempotency keys and ownership of requests count by it.
    pub credential: Text,
    /// Repositories that it may name.
    pub repositories: Patterns,
    /// Environments that it may name.
    pub environments: Patterns,
    /// Identities that it adds to a request.
    pub identities: Vec<Identity>,
}

/// Glob patterns of one field.
#[derive(Clone, Debug)]
pub struct Patterns {
    set: GlobSet,
    binds: bool,
}

impl Patterns {
    /// Anything goes, and nothing is vouched for.
    pub fn anything() -> Self {
        Self { set: GlobSet::empty(), binds: false }
    }

    /// From globs as a token holds them.
    ///
    /// # Errors
    /// Where one of them is no glob.
    pub fn new(globs: &[String]) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(Glob::new(glob)?);
        }
        Ok(Self { set: set.build()?, binds: !globs.iter().any(|g| g.bytes().all(|b| b == b'*')) })
    }

    /// Whether the value is allowed, and if so who vouches for it.
    pub fn source(&self, value: &Text) -> Option<Source> {
        if !self.binds {
            return Some(Source::Claimed);
        }
        value.as_str().filter(|v| self.set.is_match(v)).map(|_| Source::Token)
    }
}

impl Caller {
    /// A process of this machine, as the kernel names it.
    pub fn peer(uid: u32, person: Option<Person>, local_owner: bool) -> Self {
        let pipeline = local_owner.then(|| Binding {
            credential: text(safe!("uid:{}", uid)),
            repositories: Patterns::anything(),
            environments: Patterns::anything(),
            identities: requesters(text(safe!("{}", uid)), IdentityKind::Uid, person.as_ref(), Source::Peer),
        });
        let principal =
            Principal { issuer: "peer".into(), subject: text(safe!("{}", uid)), assurance: Assurance::Peer, person };
        Self { approver: local_owner || principal.person.is_some(), principal, pipeline, local_owner }
    }
}

/// The identities that a credential adds: itself, and who is known to be behind it.
pub fn requesters(name: Text, kind: IdentityKind, person: Option<&Person>, source: Source) -> Vec<Identity> {
    let mut all = vec![Identity { role: Role::Credential, kind, name: name.clone(), source }];
    if kind == IdentityKind::Uid {
        all.push(Identity { role: Role::Requester, kind, name, source });
    }
    if let Some(person) = person {
        let name = person.as_str().into();
        all.push(Identity { role: Role::Requester, kind: IdentityKind::Person, name, source });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_vouches_for_what_its_patterns_name_and_no_more() {
        let globs = |list: &[&str]| Patterns::new(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).unwrap();
        let shop = globs(&["acme/shop", "acme/pay-*"]);
        assert_eq!(shop.source(&"acme/shop".into()), Some(Source::Token));
        assert_eq!(shop.source(&"acme/pay-core".into()), Some(Source::Token));
        assert_eq!(shop.source(&"evil/shop".into()), None);
        assert_eq!(shop.source(&Text::new(vec![0xff])), None);
        assert_eq!(globs(&["*"]).source(&"any/thing".into()), Some(Source::Claimed));
        assert_eq!(globs(&[]).source(&"any/thing".into()), None);
    }

    #[test]
    fn the_owner_of_a_local_broker_asks_and_decides_others_only_decide() {
        let owner = Caller::peer(1000, None, true);
        assert!(owner.approver && owner.pipeline.is_some());
        let colleague = Caller::peer(1001, "dan".parse().ok(), false);
        assert!(colleague.approver && colleague.pipeline.is_none());
        let stranger = Caller::peer(1002, None, false);
        assert!(!stranger.approver && stranger.pipeline.is_none());
    }
}
