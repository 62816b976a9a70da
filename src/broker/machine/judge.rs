//! The one place where the machine asks the policy.

use crate::domain::action::Action;
use crate::domain::finding::Finding;
use crate::domain::principal::{Identity, Principal};
use crate::domain::request::{Core, NeedState, Vote};
use crate::domain::text::Text;
use crate::domain::verdict::Verdict;
use crate::policy::{Policy, Subject};

use super::super::identity::Caller;
use super::held::Held;
use super::state::State;

/// What policy demands of this request now.
pub(super) fn verdict(policy: &Policy, core: &Core, findings: &[Finding], authors: &[Identity]) -> Verdict {
    policy.judge(&Subject::of(core, findings, authors))
}

/// The findings that hold now, against the last approved deployment of the same here.
pub(super) fn findings(state: &State, core: &Core, scan: &[Finding], actions: &[Action]) -> Vec<Finding> {
    let what = (core.repository.value.clone(), core.environment.value.clone(), core.name.clone());
    let mut found = crate::findings::now(scan, actions, state.deployed.get(&what).map(AsRef::as_ref));
    state.setup.policy.weigh(&mut found);
    found
}

/// The findings with what votes add: approvals by somebody who resembles the requester.
pub(super) fn with_votes(policy: &Policy, held: &Held) -> Vec<Finding> {
    let mut all = held.live.findings.clone();
    let mut odd = crate::findings::approvals(held.core(), &held.votes(), policy.people());
    policy.weigh(&mut odd);
    all.extend(odd.into_iter().filter(|new| !held.live.findings.contains(new)));
    all
}

/// What policy demands of a request that is there, with the findings that hold now.
pub(super) fn again(state: &State, held: &Held) -> (Vec<Finding>, Verdict) {
    let findings = findings(state, held.core(), &held.fixed.scan, &held.fixed.actions);
    let verdict = verdict(&state.setup.policy, held.core(), &findings, &held.fixed.authors);
    (findings, verdict)
}

/// Whether this caller may vote yes; the answer says whether "not self" could not be proven.
pub(super) fn may_vote(policy: &Policy, held: &Held, caller: &Caller) -> Result<bool, Text> {
    let (verdict, core) = (&held.live.verdict, held.core());
    policy
        .may_vote(verdict, core, &held.fixed.authors, &caller.principal, caller.local_owner)
        .map(|outcome| outcome.unproven)
}

/// Whether the votes suffice, with or without one more.
pub(super) fn completes(policy: &Policy, verdict: &Verdict, votes: &[Vote], one_more: Option<&Principal>) -> bool {
    policy.completes(verdict, votes, one_more)
}

/// Votes that are there and needed.
pub(super) fn tally(policy: &Policy, verdict: &Verdict, votes: &[Vote]) -> Vec<NeedState> {
    policy.tally(verdict, votes)
}

/// Votes that are still missing.
pub(super) fn missing(policy: &Policy, verdict: &Verdict, votes: &[Vote]) -> u32 {
    tally(policy, verdict, votes).iter().map(|n| n.need.saturating_sub(n.have)).max().unwrap_or(0)
}

/// Votes that are there and needed, over all groups.
pub(super) fn counted(policy: &Policy, verdict: &Verdict, votes: &[Vote]) -> (u32, u32) {
    let needs = tally(policy, verdict, votes);
    (needs.iter().map(|n| n.have.min(n.need)).sum(), needs.iter().map(|n| n.need).sum())
}

/// Who may decide, by name.
pub(super) fn eligible(policy: &Policy, held: &Held) -> Vec<Text> {
    let people = policy.eligible(&held.live.verdict, held.core(), &held.fixed.authors);
    people.iter().map(|p| p.as_str().into()).collect()
}
