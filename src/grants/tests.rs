//! Which requests a grant covers, field by field, and what votes make of it.

use proptest::prelude::*;

use super::*;
use crate::domain::action::{Action, ActionKind};
use crate::domain::decision::{Decision, Seen};
use crate::domain::digest::Digest;
use crate::domain::fixture;
use crate::domain::grant::{Enforcer, Pass, Revocation};
use crate::domain::ids::{BackendName, CommitSha, DecisionId, GrantId, NativeId, RequestKey};
use crate::domain::principal::{Identity, IdentityKind, Principal, Role, Source};
use crate::domain::request::{Ask, Ballot, Core, WorkflowFile};
use crate::domain::time::Span;
use crate::domain::verdict::Verdict;

fn sha(n: u8) -> CommitSha {
    format!("{n:040x}").parse().unwrap()
}

fn key(n: u8) -> RequestKey {
    RequestKey { backend: BackendName::local(), id: NativeId::from_bits([n; 16]), attempt: 1 }
}

fn run(id: &str, attempt: u32) -> Run {
    Run { system: "github-actions".into(), id: id.into(), attempt, job: "deploy".into(), url: None }
}

fn requester(name: &str) -> Identity {
    Identity { role: Role::Requester, kind: IdentityKind::Login, name: name.into(), source: Source::Claimed }
}

/// A gate's command.
fn core() -> Core {
    Core {
        key: key(1),
        run: Some(run("8841", 1)),
        ask: Ask { scope: Scope::Run, run_for: Span::mins(15) },
        ..fixture::core("local/x#1")
    }
}

/// A job of a foreign backend.
fn job() -> Core {
    let workflow = WorkflowFile { path: ".github/workflows/x.yml".into(), blob: "b10b".into() };
    Core { command: None, workflow: Some(workflow), ..core() }
}

fn pinned(sha: &str) -> Action {
    Action {
        kind: ActionKind::Action,
        name: "acme/scan".into(),
        reference: sha.into(),
        comment: None,
        sha: Some(sha.into()),
        place: "x.yml:3".into(),
        before: None,
        lock: None,
        parent: None,
    }
}

fn actions() -> Vec<Action> {
    vec![pinned(&"a".repeat(40))]
}

fn verdict(scopes: &[Scope]) -> Verdict {
    Verdict { scopes: scopes.to_vec(), ..fixture::verdict() }
}

fn vote(name: &str, ballot: Ballot, scope: Scope, start_by: Span, run_for: Span) -> (Principal, Decision) {
    let decision = Decision {
        id: DecisionId::new(Ms(1), [0; 10]),
        request: key(1),
        request_digest: Digest::of(b"r"),
        evidence_digest: Digest::of(b"e"),
        ballot,
        scope,
        start_by,
        run_for,
        comment: "".into(),
        word: None,
        seen: Seen::default(),
        made_at: Ms(1),
        challenge: None,
        signature: None,
    };
    (fixture::person(name), decision)
}

const NOW: Ms = Ms(1_000_000);

fn grant_of(core: &Core, scopes: &[Scope], votes: &[(Principal, Decision)]) -> Grant {
    let id = GrantId::from_bits([7; 16]);
    let (actions, verdict) = (actions(), verdict(scopes));
    make(&Given { id: &id, core, actions: &actions, verdict: &verdict, enforcer: Enforcer::Broker, votes, now: NOW })
}

fn approved(core: &Core, scope: Scope) -> Grant {
    let mut grant = grant_of(core, &Scope::ALL, &[vote("alice", Ballot::Approve, scope, Span::mins(5), Span::mins(5))]);
    grant.scope = scope;
    grant.max_uses = (scope == Scope::Once).then_some(1);
    grant
}

fn bound(core: &Core) -> Bound {
    Bound::of(core, &actions(), Digest::of(b"policy"))
}

type Change = (&'static str, fn(&mut Bound));

/// Fields that every scope compares.
const COMMON: &[Change] = &[
    ("backend", |b| b.backend = "other".parse().unwrap()),
    ("repository", |b| b.repository = "acme/other".into()),
    ("environment", |b| b.environment = "prod2".into()),
    ("requester", |b| b.requester = vec![requester("mallory")]),
    ("no requester", |b| b.requester.clear()),
    ("vouched requester", |b| b.requester.iter_mut().for_each(|r| r.source = Source::Oidc)),
    ("policy", |b| b.policy = Digest::of(b"other")),
    ("argv", |b| b.command.iter_mut().for_each(|c| c.0.push("--force".into()))),
    ("folder", |b| b.command.iter_mut().for_each(|c| c.1 = "/tmp".into())),
    ("program", |b| b.command.iter_mut().for_each(|c| c.2 = Digest::of(b"swapped"))),
    ("no command", |b| b.command = None),
];

#[test]
fn each_scope_lets_go_of_some_fields_and_of_no_other() {
    let same_run_other_request: Change = ("request", |b| b.request = key(2));
    let head: Change = ("head", |b| b.head = Some(sha(2)));
    let no_head: Change = ("no head", |b| b.head = None);
    let dirty: Change = ("dirty", |b| b.clean = false);
    let attempt: Change = ("attempt", |b| b.run = Some(run("8841", 2)));
    let other_run: Change = ("run", |b| b.run = Some(run("9", 1)));
    let no_run: Change = ("no run", |b| b.run = None);
    let nameless_run: Change = ("nameless run", |b| b.run = Some(run("", 1)));
    let leg: Change = ("leg of the matrix", |b| b.run.iter_mut().for_each(|r| r.job = "deploy (2)".into()));
    for (scope, free, bound_by) in [
        (Scope::Once, vec![head, dirty, attempt], vec![same_run_other_request]),
        (Scope::Run, vec![same_run_other_request, head, dirty, leg], vec![attempt, other_run, no_run, nameless_run]),
        (Scope::Revision, vec![same_run_other_request, attempt, no_run], vec![head, no_head, dirty]),
    ] {
        let grant = approved(&core(), scope);
        assert_eq!(covers(&grant, &bound(&core()), NOW), Ok(()), "{scope:?}");
        for (what, change) in free {
            let mut asked = bound(&core());
            change(&mut asked);
            assert_eq!(covers(&grant, &asked, NOW), Ok(()), "{scope:?} does not compare {what}");
        }
        for (what, change) in bound_by.iter().chain(COMMON) {
            let mut asked = bound(&core());
            change(&mut asked);
            assert!(covers(&grant, &asked, NOW).is_err(), "{scope:?} compares {what}");
        }
    }
}

#[test]
fn the_action_scope_is_for_pinned_sets_only_and_never_for_a_gate() {
    let grant = approved(&job(), Scope::Action);
    let mut moved = bound(&job());
    moved.request = key(2);
    moved.head = Some(sha(9));
    moved.run = None;
    assert_eq!(covers(&grant, &moved, NOW), Ok(()));
    for (what, change) in [
        ("another set", (|b| b.actions = Some(vec![("acme/scan".into(), "b".into())])) as fn(&mut Bound)),
        ("an empty set", |b| b.actions = Some(vec![])),
        ("an unresolved set", |b| b.actions = None),
        ("another workflow", |b| b.workflow.iter_mut().for_each(|w| w.blob = "other".into())),
        ("no workflow", |b| b.workflow = None),
    ] {
        let mut asked = bound(&job());
        change(&mut asked);
        assert!(covers(&grant, &asked, NOW).is_err(), "{what}");
    }
    assert!(covers(&approved(&core(), Scope::Action), &bound(&core()), NOW).is_err());
    let mut empty = grant;
    empty.bound.actions = None;
    let mut asked = bound(&job());
    asked.actions = None;
    assert!(covers(&empty, &asked, NOW).is_err(), "two unresolved sets are not the same set");
}

#[test]
fn time_uses_and_revocation_end_a_grant() {
    let grant = approved(&core(), Scope::Once);
    let late = grant.start_by;
    assert_eq!(covers(&grant, &bound(&core()), late), Err(NotCovered::StartByPast));
    assert_eq!(covers(&grant, &bound(&core()), Ms(late.0 - 1)), Ok(()));
    let pass = Pass { request: key(1), started_at: NOW, ends_at: NOW + Span::mins(5), end: None };
    let used = Grant { passes: vec![pass.clone()], ..grant.clone() };
    assert_eq!(covers(&used, &bound(&core()), NOW), Err(NotCovered::UsedUp));
    let running = Grant { passes: vec![pass.clone(), pass], ..approved(&core(), Scope::Run) };
    assert_eq!(covers(&running, &bound(&core()), NOW), Ok(()), "legs of a matrix run side by side");
    let by = vote("alice", Ballot::Approve, Scope::Once, Span::ZERO, Span::ZERO).0;
    let revoked = Grant { revoked: Some(Revocation { by, at: NOW, reason: "".into() }), ..running };
    assert_eq!(covers(&revoked, &bound(&core()), NOW), Err(NotCovered::Revoked));
    assert_eq!(NotCovered::Differs("head").words().as_str(), "another head than was approved");
}

#[test]
fn the_narrowest_scope_and_the_shortest_times_hold() {
    let votes = [
        vote("alice", Ballot::Approve, Scope::Revision, Span::mins(8), Span::mins(20)),
        vote("bob", Ballot::Approve, Scope::Run, Span::mins(3), Span::hours(7)),
    ];
    let grant = grant_of(&core(), &Scope::ALL, &votes);
    assert_eq!((grant.scope, grant.max_uses), (Scope::Run, None));
    assert_eq!((grant.start_by, grant.run_for), (NOW + Span::mins(3), Span::mins(20)));
    assert_eq!(grant.by.len(), 2);
}

#[test]
fn a_wider_scope_is_used_as_often_as_policy_says() {
    let verdict = Verdict { max_uses: Some(8), ..verdict(&Scope::ALL) };
    for (scope, uses) in [(Scope::Once, 1), (Scope::Run, 8)] {
        let votes = [vote("alice", Ballot::Approve, scope, Span::mins(5), Span::mins(5))];
        let (id, core, actions) = (GrantId::from_bits([7; 16]), core(), actions());
        let given = Given {
            id: &id,
            core: &core,
            actions: &actions,
            verdict: &verdict,
            enforcer: Enforcer::Guard,
            votes: &votes,
            now: NOW,
        };
        assert_eq!(make(&given).max_uses, Some(uses));
    }
}

#[test]
fn whether_a_grant_is_about_a_request_does_not_ask_for_time_or_uses() {
    let mut grant = approved(&core(), Scope::Run);
    (grant.start_by, grant.max_uses) = (NOW, Some(0));
    assert!(reaches(&grant, &bound(&core())) && covers(&grant, &bound(&core()), NOW).is_err());
    assert!(!reaches(&grant, &Bound { run: Some(run("9", 1)), ..bound(&core()) }));
}

#[test]
fn what_policy_or_the_request_cannot_hold_becomes_once() {
    let wide = [vote("alice", Ballot::Approve, Scope::Revision, Span::hours(1), Span::hours(9))];
    let capped = grant_of(&core(), &[Scope::Once, Scope::Run], &wide);
    assert_eq!((capped.scope, capped.max_uses), (Scope::Once, Some(1)));
    assert_eq!((capped.start_by, capped.run_for), (NOW + Span::mins(10), Span::mins(30)));
    let dirty = grant_of(&Core { clean: false, ..core() }, &Scope::ALL, &wide);
    assert_eq!(dirty.scope, Scope::Once);
    for scope in Scope::ALL {
        let vote = [vote("alice", Ballot::Approve, scope, Span::mins(1), Span::mins(1))];
        for core in [core(), job(), Core { run: None, head: None, ..core() }, Core { identities: vec![], ..job() }] {
            let grant = grant_of(&core, &Scope::ALL, &vote);
            assert_eq!(covers(&grant, &bound(&core), NOW), Ok(()), "a grant covers what it was given for: {scope:?}");
            assert_eq!(grant.scope == scope, scope == Scope::Once || holds(&core, scope), "{scope:?}");
        }
    }
}

/// What the dialog offers is what a grant can hold.
fn holds(core: &Core, scope: Scope) -> bool {
    core.bars(scope).is_none()
}

#[test]
fn a_broken_glass_is_once_and_short() {
    let votes = [
        vote("alice", Ballot::Approve, Scope::Run, Span::mins(9), Span::mins(29)),
        vote("eve", Ballot::BreakGlass, Scope::Run, Span::mins(9), Span::mins(29)),
    ];
    let grant = grant_of(&core(), &Scope::ALL, &votes);
    assert!(grant.break_glass);
    assert_eq!((grant.scope, grant.max_uses, grant.run_for), (Scope::Once, Some(1), Span::mins(15)));
}

#[test]
fn allowed_by_policy_it_reaches_no_further_than_was_asked() {
    let grant = grant_of(&core(), &[Scope::Once, Scope::Run], &[]);
    assert_eq!((grant.scope, grant.run_for), (Scope::Run, Span::mins(15)));
    assert!(grant.by.is_empty());
    let rejected = [vote("bob", Ballot::Reject, Scope::Once, Span::ZERO, Span::ZERO)];
    assert!(grant_of(&core(), &[Scope::Once], &rejected).by.is_empty());
}

proptest! {
    #[test]
    fn nothing_is_covered_once_a_compared_field_differs(
        scope in proptest::sample::select(&Scope::ALL[..]),
        changes in proptest::sample::subsequence((0..COMMON.len()).collect::<Vec<_>>(), 1..4),
        gate in any::<bool>(),
    ) {
        let core = if gate { core() } else { job() };
        let approved_bound = bound(&core);
        let mut asked = approved_bound.clone();
        changes.iter().for_each(|i| COMMON[*i].1(&mut asked));
        prop_assume!(asked != approved_bound);
        prop_assert!(covers(&approved(&core, scope), &asked, NOW).is_err());
    }
}
