//! Approvers decide: who may, what must come with it, who was first, and what a repeat is answered.

use super::*;

#[test]
fn two_people_approve_and_the_second_vote_makes_the_grant() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    assert_eq!(world.vote("alice", &id, Ballot::Approve).unwrap(), Outcome::Counted { have: 1, need: 2 });
    assert_eq!(world.vote("carol", &id, Ballot::Approve).unwrap(), Outcome::Final { state: Standing::Approved });
    let grant = &world.state.grant_of(world.held(&id)).unwrap().grant;
    assert_eq!(grant.by.len(), 2);
    assert!(world.held(&id).live.ballots[0].vote.self_unproven, "bob is only claimed");
    assert_eq!(world.kinds(), ["requested", "decided", "decided", "granted"]);
}

#[test]
fn one_vote_a_person_whatever_their_tokens() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    world.vote("alice", &id, Ballot::Approve).unwrap();
    let decision = world.decision(&id, Ballot::Approve);
    let mut second_token = approver("alice");
    second_token.principal.subject = "laptop".into();
    let about = About { caller: second_token, id: id.clone() };
    let vote = Vote { about, if_match: decision.request_digest, decision: Sealed::new(decision).unwrap() };
    assert_eq!(code(world.do_(Command::Decide(Box::new(vote)))), Code::Conflict);
    assert_eq!(world.standing(&id), Standing::Pending);
}

#[test]
fn any_reject_ends_it_and_later_votes_learn_who_was_first() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    world.vote("alice", &id, Ballot::Approve).unwrap();
    world.vote("dan", &id, Ballot::Reject).unwrap();
    let late = world.vote("carol", &id, Ballot::Approve).unwrap_err();
    assert_eq!(late.code, Code::Conflict);
    assert!(late.message.lossy().contains("rejected by dan at 20"), "{:?}", late.message);
    assert!(world.state.grant_of(world.held(&id)).is_none());
}

#[test]
fn requester_authors_and_outsiders_do_not_vote() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    for who in ["bob", "dan"] {
        assert_eq!(code(world.vote(who, &id, Ballot::Approve)), Code::Forbidden, "{who}");
    }
    let mut written_by_alice = submission("prod");
    written_by_alice.evidence.commits[0].author_email = "alice@acme.io".into();
    let id = world.ask(&pipeline("ci"), written_by_alice).unwrap();
    assert_eq!(code(world.vote("alice", &id, Ballot::Approve)), Code::Forbidden);
}

#[test]
fn what_policy_demands_must_come_with_the_vote() {
    type Spoil = fn(&mut Decision);
    let cases: &[(Spoil, &str)] = &[
        (|d| d.comment = " ".into(), "reason"),
        (|d| d.word = None, "word"),
        (|d| d.word = Some("stg".into()), "word"),
        (|d| d.scope = Scope::Revision, "scope"),
        (|d| d.run_for = Span::mins(31), "run-for"),
        (|d| d.run_for = Span::ZERO, "run-for"),
        (|d| d.start_by = Span::hours(9), "start-by"),
        (|d| d.seen.must_see_unseen = vec!["Dockerfile".into()], "seen"),
    ];
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    for (spoil, expected) in cases {
        let mut decision = world.decision(&id, Ballot::Approve);
        spoil(&mut decision);
        let problem = world.send("alice", &id, decision).unwrap_err();
        assert_eq!(problem.code, Code::Forbidden);
        assert!(problem.message.lossy().contains(expected), "{expected}: {:?}", problem.message);
    }
    assert!(world.held(&id).live.ballots.is_empty());
}

#[test]
fn a_decision_lands_on_exactly_what_was_shown() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    let other = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    let moved = Decision { request_digest: Digest::of(b"old"), ..world.decision(&id, Ballot::Approve) };
    assert_eq!(code(world.send("alice", &id, moved)), Code::Changed);
    let stale = Decision { evidence_digest: Digest::of(b"old"), ..world.decision(&id, Ballot::Approve) };
    assert_eq!(code(world.send("alice", &id, stale)), Code::Changed);
    let misdirected = world.decision(&other, Ballot::Approve);
    assert_eq!(code(world.send("alice", &id, misdirected)), Code::Changed);
}

#[test]
fn a_repeated_decision_is_answered_as_it_was_and_its_id_serves_nothing_else() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    let decision = world.decision(&id, Ballot::Approve);
    let first = world.send("alice", &id, decision.clone()).unwrap();
    world.vote("carol", &id, Ballot::Approve).unwrap();
    let records = world.records.len();
    assert_eq!(world.send("alice", &id, decision.clone()).unwrap(), first);
    assert_eq!(world.records.len(), records);
    let other_body = Decision { comment: "other".into(), ..decision.clone() };
    assert_eq!(code(world.send("alice", &id, other_body)), Code::KeyReused);
    assert_eq!(code(world.send("carol", &id, decision)), Code::KeyReused);
}

#[test]
fn nobody_decides_after_the_deadline_even_before_the_timer_says_so() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    world.pass(Span::mins(60));
    assert_eq!(code(world.vote("alice", &id, Ballot::Approve)), Code::Over);
    world.do_(Command::Tick).unwrap();
    assert_eq!(world.standing(&id), Standing::TimedOut);
    assert!(matches!(last(&world), Event::TimedOut));
    assert_eq!(code(world.vote("alice", &id, Ballot::Approve)), Code::Over);
}

#[test]
fn a_gate_that_waits_less_makes_the_request_wait_less() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), Submission { wait: Some(Span::mins(5)), ..submission("prod") }).unwrap();
    assert_eq!(world.held(&id).live.due.left(world.now), Span::mins(5));
    let id = world.ask(&pipeline("ci"), Submission { wait: Some(Span::hours(9)), ..submission("prod") }).unwrap();
    assert_eq!(world.held(&id).live.due.left(world.now), Span::mins(60));
}

#[test]
fn break_glass_passes_votes_and_self_but_stays_red_until_somebody_else_looks() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    assert_eq!(code(world.vote("alice", &id, Ballot::BreakGlass)), Code::Forbidden, "not a lead");
    let long = Decision { run_for: Span::mins(16), ..world.decision(&id, Ballot::BreakGlass) };
    assert_eq!(code(world.send("dan", &id, long)), Code::Forbidden);
    world.vote("dan", &id, Ballot::BreakGlass).unwrap();
    assert_eq!(world.standing(&id), Standing::Approved);
    assert!(world.held(&id).live.unreviewed);
    assert!(world.state.grant_of(world.held(&id)).unwrap().grant.break_glass);

    let about = |who| About { caller: approver(who), id: id.clone() };
    assert_eq!(code(world.do_(Command::Review(about("dan"), "fine".into()))), Code::Forbidden);
    world.do_(Command::Review(about("carol"), "fine".into())).unwrap();
    assert!(!world.held(&id).live.unreviewed);
    assert_eq!(code(world.do_(Command::Review(about("carol"), "again".into()))), Code::Conflict);
}

#[test]
fn while_a_finding_blocks_nothing_is_approved_and_a_no_still_counts() {
    let mut world = World::new(&format!("{TEAM}\n[findings.dirty-tree]\nblocks = true\n"));
    let mut said = submission("prod");
    said.evidence.tree.as_mut().unwrap().untracked.push("x".into());
    let id = world.ask(&pipeline("ci"), said).unwrap();
    for (who, ballot) in [("alice", Ballot::Approve), ("dan", Ballot::BreakGlass)] {
        let problem = world.vote(who, &id, ballot).unwrap_err();
        assert_eq!(problem.code, Code::Forbidden);
        assert!(problem.message.lossy().contains("blocked by a finding: tree is dirty"), "{:?}", problem.message);
    }
    world.vote("alice", &id, Ballot::Reject).unwrap();
    assert_eq!(world.standing(&id), Standing::Rejected);
}

#[test]
fn an_approval_by_a_name_like_the_requesters_is_told_to_the_next_approver() {
    let mut world = World::new(TEAM);
    let mut said = submission("prod");
    said.identities = vec![claimed(Role::Requester, "\u{430}lice")];
    let id = world.ask(&pipeline("ci"), said).unwrap();
    world.vote("alice", &id, Ballot::Approve).unwrap();
    assert!(finds(&world, &id).contains(&(FindingId::ApproverIsRequester, true)), "{:?}", finds(&world, &id));
}

#[test]
fn break_glass_does_not_pass_a_deny() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("frozen")).unwrap();
    assert_eq!(code(world.vote("dan", &id, Ballot::BreakGlass)), Code::Conflict);
}

#[test]
fn a_look_counts_for_two_minutes_and_goes_on_record_once() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    for _ in 0..3 {
        world.do_(Command::Look(About { caller: approver("dan"), id: id.clone() })).unwrap();
        world.pass(Span::mins(1));
    }
    assert_eq!(world.kinds(), ["requested", "looked"]);
    let view = |world: &World| {
        let held = world.held(&id);
        request(&world.state.setup.policy, held, None, &approver("alice"), world.now, false).looks.len()
    };
    assert_eq!(view(&world), 1);
    world.pass(Span::mins(1));
    assert_eq!(view(&world), 0);
}

#[test]
fn after_a_step_back_nothing_is_granted_until_the_clock_has_passed_the_mark() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("stg")).unwrap();
    world.state.absorb(&Change::Mark(Some(world.now.wall + Span::mins(10))));
    let refused = world.vote("alice", &id, Ballot::Approve).unwrap_err();
    assert_eq!(refused.code, Code::Degraded);
    assert!(refused.message.lossy().contains("--accept-clock"));
    assert_eq!(code(world.ask(&pipeline("ci"), submission("dev"))), Code::Degraded);
    world.do_(Command::AcceptClock).unwrap();
    world.vote("alice", &id, Ballot::Approve).unwrap();
}

#[test]
fn another_policy_at_the_next_start_judges_what_waits_and_takes_votes_back() {
    let mut world = World::new(TEAM);
    let [prod, stg] = ["prod", "stg"].map(|env| world.ask(&pipeline("ci"), submission(env)).unwrap());
    world.vote("alice", &prod, Ballot::Approve).unwrap();
    let before = Some(world.state.setup.policy.digest());
    let tighter = TEAM.replace("environment = \"frozen\"", "environment = \"stg\"");
    world.state.setup = setup(&tighter);
    world.do_(Command::Open { before, program: "test".into() }).unwrap();
    assert_eq!(world.standing(&stg), Standing::Denied);
    assert!(world.held(&prod).live.ballots.is_empty());
    let looser = TEAM.replace("environment = \"dev\"", "environment = \"prod\"").replace(
        "name = \"prod\"\nmatch = { environment = \"prod\" }",
        "name = \"prod\"\nmatch = { environment = \"x\" }",
    );
    let before = Some(world.state.setup.policy.digest());
    world.state.setup = setup(&looser);
    world.do_(Command::Open { before, program: "test".into() }).unwrap();
    assert_eq!(world.standing(&prod), Standing::Approved);
}
