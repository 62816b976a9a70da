//! Who may vote, and what votes amount to. People are counted, never tokens.

use std::collections::BTreeSet;

use super::people::is_subject;
use super::{Policy, authors_of};
use crate::domain::ids::Person;
use crate::domain::principal::{Identity, IdentityKind, Principal, Role};
use crate::domain::request::{Ballot, Core, NeedState, Vote};
use crate::domain::text::{SafeText, Text};
use crate::domain::verdict::{Effect, Need, Verdict};
use crate::safe;

/// What the self check found of somebody who may vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelfOutcome {
    /// Nobody but the pipeline says who asks, or under names that cannot be held against the approver's:
    /// "not self" is not proven.
    pub unproven: bool,
}

type Refusal = Option<SafeText>;

impl Policy {
    /// Whether an approval by this principal counts. `local_owner`: a broker of one user, who may approve their own
    /// automation.
    ///
    /// # Errors
    /// Why it does not, in words with the mend.
    pub fn may_vote(
        &self,
        verdict: &Verdict,
        core: &Core,
        authors: &[Identity],
        principal: &Principal,
        local_owner: bool,
    ) -> Result<SelfOutcome, Text> {
        let check_self = verdict.not_self.requester && !local_owner;
        let refusal = no_vote_wanted(verdict)
            .or_else(|| without_person(principal))
            .or_else(|| too_weak(verdict, principal))
            .or_else(|| requester_unverified(verdict, core))
            .or_else(|| if check_self { self.is_requester(core, principal) } else { None })
            .or_else(|| if verdict.not_self.authors { self.is_author(core, authors, principal) } else { None })
            .or_else(|| self.helps_nobody(verdict, principal));
        match refusal {
            Some(why) => Err(why.into()),
            None => Ok(SelfOutcome { unproven: check_self && !self.other_requester_proven(core, principal) }),
        }
    }

    /// Whether this principal may break the glass: past votes and self check, never past deny.
    ///
    /// # Errors
    /// Why not, in words with the mend.
    pub fn break_glass_allowed(&self, verdict: &Verdict, principal: &Principal) -> Result<(), Text> {
        let refusal = no_vote_wanted(verdict)
            .or_else(|| without_person(principal))
            .or_else(|| too_weak(verdict, principal))
            .or_else(|| match &verdict.break_glass {
                None => Some(SafeText::lit("no rule names who may break the glass here: break_glass = \"GROUP\"")),
                Some(group) if self.is_in(principal, &Need { count: 1, group: Some(group.clone()) }) => None,
                Some(group) => Some(safe!("only {} may break the glass here", group)),
            });
        refusal.map_or(Ok(()), |why| Err(why.into()))
    }

    /// The needs of a verdict with the distinct people who voted yes so far.
    pub fn tally(&self, verdict: &Verdict, votes: &[Vote]) -> Vec<NeedState> {
        let people = yes(votes);
        let state = |need: &Need| NeedState {
            group: need.group.clone(),
            need: need.count,
            have: people.iter().filter(|p| self.person_is_in(p, need)).count().try_into().unwrap_or(u32::MAX),
        };
        verdict.needs.iter().map(state).collect()
    }

    /// Whether these votes, and one more where given, are enough. A single reject makes them never so.
    pub fn completes(&self, verdict: &Verdict, votes: &[Vote], extra: Option<&Principal>) -> bool {
        let rejected = votes.iter().any(|v| v.ballot == Ballot::Reject);
        if verdict.effect != Effect::Approve || verdict.needs.is_empty() || rejected {
            return false;
        }
        let mut people = yes(votes);
        people.extend(extra.and_then(|principal| principal.person.as_ref()));
        let met = |need: &Need| {
            let have = people.iter().filter(|p| self.person_is_in(p, need)).count() as u64;
            have >= u64::from(need.count)
        };
        verdict.needs.iter().all(met)
    }

    /// The people whose approval would count, assurance aside.
    pub fn eligible(&self, verdict: &Verdict, core: &Core, authors: &[Identity]) -> Vec<Person> {
        if no_vote_wanted(verdict).or_else(|| requester_unverified(verdict, core)).is_some() {
            return Vec::new();
        }
        let kept_out = |person: &Person| {
            let called = |i: &Identity| self.people.is_called(person, i);
            (verdict.not_self.requester && asking(core).any(called))
                || (verdict.not_self.authors && authors_of(core, authors).any(called))
        };
        let helps = |person: &Person| verdict.needs.iter().any(|need| self.person_is_in(person, need));
        self.people.all().filter(|p| helps(p) && !kept_out(p)).cloned().collect()
    }

    fn is_requester(&self, core: &Core, principal: &Principal) -> Refusal {
        let own = asking(core).find(|i| self.is(principal, i))?;
        Some(safe!("you asked for it yourself (as {}): somebody else has to approve", own.shown()))
    }

    fn is_author(&self, core: &Core, authors: &[Identity], principal: &Principal) -> Refusal {
        let own = authors_of(core, authors).find(|i| self.is(principal, i))?;
        Some(safe!("you wrote part of it yourself (as {}): somebody else has to approve", own.shown()))
    }

    fn is(&self, principal: &Principal, identity: &Identity) -> bool {
        is_subject(principal, identity) || principal.person.as_ref().is_some_and(|p| self.people.is_called(p, identity))
    }

    fn helps_nobody(&self, verdict: &Verdict, principal: &Principal) -> Refusal {
        let helps = verdict.needs.iter().any(|need| self.is_in(principal, need));
        (!helps).then(|| safe!("your vote would not count: it needs {}", verdict.needs_in_words()))
    }

    fn is_in(&self, principal: &Principal, need: &Need) -> bool {
        principal.person.as_ref().is_some_and(|person| self.person_is_in(person, need))
    }

    fn person_is_in(&self, person: &Person, need: &Need) -> bool {
        match &need.group {
            None => true,
            Some(group) => self.groups.get(group).is_some_and(|members| members.contains(person)),
        }
    }

    /// Whether a verified requester is somebody else: known as another person, or under a kind of name of which
    /// the approver's own are known.
    fn other_requester_proven(&self, core: &Core, principal: &Principal) -> bool {
        let names = principal.person.as_ref().and_then(|p| self.people.get(p));
        let comparable = |i: &Identity| match i.kind {
            IdentityKind::Uid => principal.issuer == *"peer" || names.is_some_and(|n| !n.uids.is_empty()),
            IdentityKind::Login => names.is_some_and(|n| !n.logins.is_empty()),
            IdentityKind::Email => names.is_some_and(|n| !n.emails.is_empty()),
            IdentityKind::Person => true,
            IdentityKind::Token => false,
        };
        let mut verified = asking(core).filter(|i| i.role == Role::Requester && i.source.is_verified());
        verified.any(|i| self.people.of_identity(i).is_some() || comparable(i))
    }
}

/// Everyone who stands behind the request itself, its authors aside.
fn asking(core: &Core) -> impl Iterator<Item = &Identity> {
    core.identities.iter().filter(|i| i.role != Role::Author)
}

fn yes(votes: &[Vote]) -> BTreeSet<&Person> {
    votes.iter().filter(|v| v.ballot == Ballot::Approve).filter_map(|v| v.by.person.as_ref()).collect()
}

fn no_vote_wanted(verdict: &Verdict) -> Refusal {
    match verdict.effect {
        Effect::Approve => None,
        Effect::Allow => Some(SafeText::lit("it needs no approval: the policy allows it")),
        Effect::Deny => Some(SafeText::lit("the policy denies it, and nobody can approve past that")),
    }
}

fn without_person(principal: &Principal) -> Refusal {
    let unknown = principal.person.is_none();
    unknown.then(|| {
        let mend = "name them under [people] in the policy, or make the token with --person";
        safe!("nobody knows which person {} is, and votes are counted by person: {}", principal.shown(), mend)
    })
}

fn too_weak(verdict: &Verdict, principal: &Principal) -> Refusal {
    let weak = principal.assurance < verdict.min_assurance;
    weak.then(|| {
        let (have, need) = (principal.assurance.word(), verdict.min_assurance.word());
        safe!("you are known by {} only, the policy asks for {} at least", have, need)
    })
}

fn requester_unverified(verdict: &Verdict, core: &Core) -> Refusal {
    let verified = core.requester().is_some_and(|i| i.source.is_verified());
    (verdict.not_self.verified_requester && !verified)
        .then(|| SafeText::lit("the policy asks for a verified requester, and nobody but the pipeline says who asks"))
}
