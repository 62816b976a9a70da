//! The life of a decision, told by drafts that lack something and requests that move meanwhile.

use super::*;
use crate::domain::decision::{Decision, Seen};
use crate::domain::digest::Digest;
use crate::domain::evidence::Totals;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::fixture;
use crate::domain::ids::DecisionId;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Can, Core, NeedState, Request, State, Vote, WorkflowFile};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::{Need, SeenDemand, Verdict};

const NOW: Ms = Ms(2_000_000);

fn core() -> Core {
    let mut core = fixture::core("local/4f1c#1");
    core.environment.value = "prod".into();
    core.ask.run_for = Span::hours(1);
    core
}

fn verdict() -> Verdict {
    Verdict {
        needs: vec![Need { count: 2, group: None }],
        start_by: Span::mins(5),
        reason: true,
        word: Some("prod".into()),
        seen: SeenDemand::MustSee,
        bulk: false,
        ..fixture::verdict()
    }
}

fn with_core(core: Core) -> Request {
    let mut request = Request { verdict: verdict(), ..fixture::request_of(core) };
    request.evidence.totals = Some(Totals { files: 12, added: 340, removed: 22 });
    request.needs = vec![NeedState { group: None, need: 2, have: 0 }];
    request
}

fn request() -> Request {
    with_core(core())
}

/// A draft that has all it needs.
fn ready(request: &Request) -> Draft {
    let mut draft = Draft::new(request, Ballot::Approve);
    draft.comment = "INC-2291".into();
    draft.word = Some(" prod ".into());
    draft.seen = Seen { files: 12, of: 12, ..Seen::default() };
    draft
}

#[test]
fn a_finding_that_blocks_keeps_every_yes_back_and_no_no() {
    let mut request = request();
    request.verdict.break_glass = Some("oncall".parse().unwrap());
    request.findings = vec![Finding::new(FindingId::ImpostorCommit, "a/b@v1", "")];
    for (ballot, blocked) in [(Ballot::Approve, true), (Ballot::BreakGlass, true), (Ballot::Reject, false)] {
        let draft = Draft { ballot, ..ready(&request) };
        let found = lacks(&draft, &request);
        assert_eq!(found.iter().any(|lack| matches!(lack, Lack::Blocked(_))), blocked, "{ballot:?}: {found:?}");
    }
}

fn lacks(draft: &Draft, request: &Request) -> Vec<Lack> {
    check(draft, request, NOW).err().unwrap_or_default()
}

#[test]
fn a_new_draft_is_narrow_and_within_the_caps() {
    let draft = Draft::new(&request(), Ballot::Approve);
    assert_eq!((draft.scope, draft.start_by, draft.run_for), (Scope::Once, Span::mins(5), Span::mins(30)));
    assert_eq!(lacks(&ready(&request()), &request()), []);
}

#[test]
fn every_lack_is_named() {
    type Spoil = fn(&mut Draft, &mut Request);
    let unseen = Unseen { files: 2, unknown: false };
    let table: Vec<(Spoil, Lack)> = vec![
        (|_, r| r.state = State::TimedOut, Lack::NotPending(State::TimedOut)),
        (|_, r| r.due = Some(NOW), Lack::Overdue),
        (|d, _| d.request_digest = Digest::of(b"x"), Lack::RequestChanged),
        (|_, r| r.evidence.digest = Digest::of(b"x"), Lack::EvidenceChanged),
        (|_, r| r.can = Can::No { why: "you asked".into() }, Lack::CannotDecide("you asked".into())),
        (|d, _| d.scope = Scope::Revision, Lack::ScopeNotAllowed(Scope::Revision, "the policy does not name it")),
        (|d, _| d.start_by = Span::mins(6), Lack::StartBy(Span::mins(5))),
        (|d, _| d.run_for = Span::hours(1), Lack::RunFor(Span::mins(30))),
        (|d, _| d.run_for = Span::ZERO, Lack::RunFor(Span::mins(30))),
        (|d, _| d.comment = " \n".into(), Lack::NoReason),
        (|d, _| d.word = Some("PROD".into()), Lack::Word("prod".into())),
        (|d, _| d.word = None, Lack::Word("prod".into())),
        (|d, _| d.seen.must_see_unseen = vec!["Dockerfile".into(), "ci.yml".into()], Lack::Unseen(unseen, true)),
        (|d, _| d.key.attempt = 2, Lack::OtherRequest),
    ];
    for (spoil, lack) in table {
        let mut now = request();
        let mut draft = ready(&now);
        spoil(&mut draft, &mut now);
        assert_eq!(lacks(&draft, &now), std::slice::from_ref(&lack));
        assert!(!lack.words().as_str().is_empty() && !lack.mend().as_str().is_empty());
    }
}

#[test]
fn unseen_files_are_acknowledged_by_their_exact_number_where_that_is_allowed() {
    let mut now = request();
    let mut draft = ready(&now);
    // Two must-see files, and two files of the totals that the screen never listed.
    draft.seen = Seen { files: 8, of: 10, must_see_unseen: vec!["a".into(), "b".into()], ..Seen::default() };
    assert_eq!(unseen(&now, &draft.seen, SeenDemand::MustSee).files, 4);
    assert_eq!(unseen(&now, &draft.seen, SeenDemand::All).files, 4);
    assert_eq!(unseen(&now, &draft.seen, SeenDemand::Nothing), Unseen::default());
    for (typed, ok) in [(None, false), (Some(2), false), (Some(4), true)] {
        draft.seen.acknowledged = typed;
        assert_eq!(lacks(&draft, &now).is_empty(), ok, "{typed:?}");
    }
    now.verdict.may_acknowledge = false;
    assert!(!lacks(&draft, &now).is_empty());
}

#[test]
fn where_nobody_knows_the_files_all_of_them_cannot_have_been_seen() {
    let mut now = request();
    now.verdict.seen = SeenDemand::All;
    now.evidence.totals = None;
    let mut draft = ready(&now);
    draft.seen = Seen::default();
    assert_eq!(lacks(&draft, &now), [Lack::Unseen(Unseen { files: 0, unknown: true }, true)]);
    draft.seen.acknowledged = Some(0);
    assert_eq!(lacks(&draft, &now), []);
}

#[test]
fn a_no_needs_a_reason_at_most() {
    let mut draft = Draft::new(&request(), Ballot::Reject);
    assert_eq!(lacks(&draft, &request()), [Lack::NoReason]);
    draft.comment = "not tonight".into();
    assert_eq!(lacks(&draft, &request()), []);
}

#[test]
fn breaking_the_glass_has_demands_of_its_own() {
    let mut now = request();
    now.can = Can::No { why: "you asked for it yourself".into() };
    let mut draft = Draft::new(&now, Ballot::BreakGlass);
    assert_eq!(lacks(&draft, &now), [Lack::NoReason, Lack::Word("prod".into())]);
    assert_eq!(draft.run_for, Span::mins(15));
    draft.comment = "site is down".into();
    draft.word = Some("prod".into());
    assert_eq!(lacks(&draft, &now), []);
    draft.scope = Scope::Run;
    draft.run_for = Span::mins(16);
    let lacking = [Lack::ScopeNotAllowed(Scope::Run, "only once is"), Lack::RunFor(Span::mins(15))];
    assert_eq!(lacks(&draft, &now), lacking);
    now.verdict.break_glass = None;
    assert!(lacks(&draft, &now).contains(&Lack::NoBreakGlass));
}

#[test]
fn scopes_that_the_request_cannot_hold_are_barred_with_the_reason() {
    let mut now = with_core(Core { run: None, ..core() });
    now.verdict.scopes = Scope::ALL.to_vec();
    let demands = requirements(&now, Ballot::Approve);
    assert_eq!(demands.scopes, [Scope::Once, Scope::Revision]);
    let barred: Vec<Scope> = demands.barred.iter().map(|(scope, _)| *scope).collect();
    assert_eq!(barred, [Scope::Run, Scope::Action]);
}

#[test]
fn a_change_rearms_the_dialog_and_keeps_the_comment() {
    let mut draft = ready(&request());
    let moved = with_core(Core { head: Some("9".repeat(40).parse().unwrap()), ..core() });
    assert_eq!(lacks(&draft, &moved), [Lack::RequestChanged]);
    draft.rearm(&moved);
    assert_eq!((draft.comment.clone(), draft.word.clone()), ("INC-2291".into(), None));
    assert_eq!(draft.request_digest, moved.digest());
    assert_eq!(draft.seen, Seen::default());
}

#[test]
fn several_at_once_are_checked_each_and_some_may_not() {
    let one = request();
    let mut two = with_core(Core { nonce: Some("01".into()), ..core() });
    two.verdict.bulk = true;
    let (a, b) = (ready(&one), ready(&two));
    assert_eq!(bulk_check(&[(&a, &one)], NOW), []);
    let kept = bulk_check(&[(&a, &one), (&b, &two)], NOW);
    assert_eq!(kept, [(one.key().clone(), vec![Lack::NotInBulk])]);
}

#[test]
fn what_changed_is_said_by_field() {
    assert_eq!(compare(&request(), &request()), None);
    let mut moved = core();
    moved.head = Some("9".repeat(40).parse().unwrap());
    moved.clean = false;
    moved.command.as_mut().unwrap().argv.push("--force".into());
    let mut now = with_core(moved);
    now.evidence.digest = Digest::of(b"other");
    let said = compare(&request(), &now).unwrap();
    assert_eq!(said.lossy(), "head 4f1c9ab -> 9999999, argv, tree clean -> dirty, evidence");
}

#[test]
fn no_field_of_the_core_changes_unnoticed() {
    let whole = Core { workflow: Some(WorkflowFile { path: "x.yml".into(), blob: "b".into() }), ..core() };
    let was = serde_json::to_value(&whole).unwrap();
    for (name, value) in was.as_object().unwrap() {
        let mut is = was.clone();
        is[name] = match value {
            serde_json::Value::Bool(b) => (!b).into(),
            _ => otherwise(name),
        };
        let is: Core = serde_json::from_value(is).unwrap();
        let said = compare(&with_core(whole.clone()), &with_core(is)).expect(name);
        assert!(!said.lossy().contains("bytes"), "{name} has no row in the table");
    }
}

/// Another value of a field.
fn otherwise(name: &str) -> serde_json::Value {
    use serde_json::json;
    match name {
        "key" => json!("local/ff#2"),
        "repository" | "environment" => json!({"value": "other", "source": "token"}),
        "name" | "reason" => json!("other"),
        "identities" => json!([]),
        "ask" => json!({"scope": "run", "run_for": "1h"}),
        _ => serde_json::Value::Null,
    }
}

fn voted(decision: DecisionId, ballot: Ballot, who: &str) -> Vote {
    Vote {
        decision,
        by: fixture::person(who),
        ballot,
        comment: Text::default(),
        scope: Scope::Once,
        at: NOW,
        self_unproven: false,
    }
}

fn sent() -> Decision {
    build(ready(&request()), DecisionId::new(NOW, [1; 10]), NOW)
}

#[test]
fn a_sent_decision_is_settled_by_what_the_request_shows() {
    let (mine, other) = (sent().id, DecisionId::new(NOW, [2; 10]));
    let outcome = |state: State, votes: Vec<Vote>, since: u32| {
        let needs = vec![NeedState { group: None, need: 2, have: 1 }];
        settle(&sent(), &Request { state, votes, needs, ..request() }, Span::secs(since))
    };
    let yes = |id: &DecisionId, who| vec![voted(id.clone(), Ballot::Approve, who)];
    assert_eq!(outcome(State::Pending, vec![], 29), None);
    assert!(matches!(outcome(State::Pending, vec![], 30), Some(Outcome::NoEffect { .. })));
    assert_eq!(outcome(State::Pending, yes(&mine, "alice"), 0), Some(Outcome::Counted { have: 1, need: 2 }));
    assert_eq!(outcome(State::Approved, yes(&mine, "alice"), 0), Some(Outcome::Final { state: State::Approved }));
    assert_eq!(
        outcome(State::Approved, yes(&other, "dan"), 0),
        Some(Outcome::AlreadyDecided { by: "dan".into(), state: State::Approved })
    );
    assert_eq!(
        outcome(State::TimedOut, vec![], 0),
        Some(Outcome::AlreadyDecided { by: "the policy".into(), state: State::TimedOut })
    );
    let mut overruled = yes(&mine, "alice");
    overruled.push(voted(other, Ballot::Reject, "dan"));
    assert_eq!(
        outcome(State::Rejected, overruled, 0),
        Some(Outcome::AlreadyDecided { by: "dan".into(), state: State::Rejected })
    );
    assert_eq!(outcome(State::Gone, yes(&mine, "alice"), 1), None);
    assert!(matches!(outcome(State::Gone, vec![], 31), Some(Outcome::Unknown { .. })));
}

#[test]
fn holding_back_is_for_what_gives_or_ends_and_never_for_an_emergency() {
    for (ballot, one, several) in [(Ballot::Approve, 3, 5), (Ballot::Reject, 3, 5), (Ballot::BreakGlass, 0, 0)] {
        assert_eq!(hold_back(ballot, false), Span::secs(one));
        assert_eq!(hold_back(ballot, true), Span::secs(several));
    }
    assert_eq!(HOLD_REVOKE, Span::ZERO);
}
