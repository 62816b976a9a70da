//! Gates start, run and end under grants; people take them back or give them more time.

use super::*;
use crate::domain::grant::Standing as GrantStanding;

#[test]
fn a_pass_starts_once_and_the_same_gate_may_ask_again() {
    let mut world = World::new(TEAM);
    let (gate, id, permit) = world.running();
    assert_eq!(permit.run_for, Span::mins(15));
    world.pass(Span::mins(5));
    let again = world.start(&gate, &id, "s").unwrap();
    assert_eq!((again.run_for, again.ends_at), (Span::mins(10), permit.ends_at), "what is left, not more");
    assert_eq!(code(world.start(&gate, &id, "other")), Code::Conflict);
    assert_eq!(world.state.grant(&permit.grant).unwrap().grant.passes.len(), 1);
}

#[test]
fn what_is_not_what_was_approved_does_not_start() {
    let mut world = World::new(TEAM);
    let gate = pipeline("ci");
    let id = world.ask(&gate, submission("stg")).unwrap();
    assert_eq!(code(world.start(&gate, &id, "s")), Code::Conflict, "still pending");
    world.vote("alice", &id, Ballot::Approve).unwrap();
    for changed in [
        Recheck { head: Some(sha('5')), ..recheck() },
        Recheck { tree: None, ..recheck() },
        Recheck { program: Digest::of(b"swapped"), ..recheck() },
    ] {
        assert_eq!(code(world.start_with(&gate, &id, "s", changed)), Code::Changed);
    }
    assert_eq!(code(world.start(&pipeline("other"), &id, "s")), Code::NotFound, "another credential");
    world.start(&gate, &id, "s").unwrap();
}

#[test]
fn no_pass_starts_after_start_by_by_either_clock() {
    let step = Span::mins(11);
    for (wall, boot) in [(step, step), (Span::ZERO, step), (step, Span::ZERO)] {
        let mut world = World::new(TEAM);
        let gate = pipeline("ci");
        let id = world.ask(&gate, submission("stg")).unwrap();
        world.vote("alice", &id, Ballot::Approve).unwrap();
        world.now = Now { wall: world.now.wall + wall, boot: world.now.boot + boot };
        assert_eq!(code(world.start(&gate, &id, "s")), Code::Over);
    }
}

#[test]
fn the_last_success_is_the_base_of_the_next() {
    let mut world = World::new(TEAM);
    let (gate, id, _) = world.running();
    let place = (Text::from("acme/shop"), Text::from("stg"));
    assert!(world.state.base(&place).is_none());
    world.end(&gate, &id, End::Exit(0)).unwrap();
    assert_eq!(world.state.base(&place).unwrap().sha, sha('4'));
    world.end(&gate, &id, End::Exit(0)).unwrap();
    assert_eq!(code(world.end(&gate, &id, End::Exit(1))), Code::Conflict);
    assert_eq!(world.kinds().iter().filter(|k| *k == "ended").count(), 1);
}

#[test]
fn a_failure_is_no_base() {
    let mut world = World::new(TEAM);
    let (gate, id, _) = world.running();
    world.end(&gate, &id, End::Exit(1)).unwrap();
    assert!(world.state.base(&("acme/shop".into(), "stg".into())).is_none());
}

#[test]
fn a_silent_gate_is_lost_after_its_time_and_grace_and_its_late_word_still_counts() {
    let mut world = World::new(TEAM);
    let (gate, id, permit) = world.running();
    world.pass(Span::mins(16));
    world.do_(Command::Tick).unwrap();
    assert!(world.state.grant(&permit.grant).unwrap().grant.running().is_some(), "grace");
    world.pass(Span::secs(10));
    world.do_(Command::Tick).unwrap();
    let end = |world: &World| world.state.grant(&permit.grant).unwrap().grant.passes[0].end.clone().unwrap().1;
    assert_eq!(end(&world), End::Lost);
    world.end(&gate, &id, End::Expired).unwrap();
    assert_eq!(end(&world), End::Expired);
}

#[test]
fn a_revoke_is_what_the_gate_hears_next() {
    let mut world = World::new(TEAM);
    let (_, id, permit) = world.running();
    let seq = world.held(&id).live.seq;
    world.do_(Command::Revoke(approver("carol"), permit.grant.clone(), "wrong build".into())).unwrap();
    let heard = beat(&world.state, world.held(&id), world.now, 0);
    assert!(heard.revoked && heard.seq > seq);
    assert_eq!(heard.decision, *"revoked by carol: wrong build");
    let again = world.do_(Command::Revoke(approver("carol"), permit.grant, "again".into()));
    assert_eq!(code(again), Code::Conflict);
}

#[test]
fn a_revoked_grant_starts_nothing_and_a_dead_one_cannot_be_revoked() {
    let mut world = World::new(TEAM);
    let gate = pipeline("ci");
    let id = world.ask(&gate, submission("stg")).unwrap();
    world.vote("alice", &id, Ballot::Approve).unwrap();
    let grant = world.held(&id).live.grant.clone().unwrap();
    world.do_(Command::Revoke(approver("carol"), grant, "no".into())).unwrap();
    assert_eq!(code(world.start(&gate, &id, "s")), Code::Over);

    let (gate, id, permit) = world.running();
    world.end(&gate, &id, End::Exit(0)).unwrap();
    assert_eq!(code(world.do_(Command::Revoke(approver("carol"), permit.grant, "late".into()))), Code::Over);
}

#[test]
fn more_time_needs_the_votes_again_and_stays_within_the_cap() {
    let mut world = World::new(TEAM);
    let gate = pipeline("ci");
    let id = world.ask(&gate, submission("prod")).unwrap();
    world.vote("alice", &id, Ballot::Approve).unwrap();
    world.vote("carol", &id, Ballot::Approve).unwrap();
    let permit = world.start(&gate, &id, "s").unwrap();
    let extend = |world: &mut World, who: &str, mins| {
        world.do_(Command::Extend(approver(who), permit.grant.clone(), Span::mins(mins), "slow".into()))
    };
    assert_eq!(code(extend(&mut world, "bob", 25)), Code::Forbidden, "the requester");
    assert_eq!(code(extend(&mut world, "alice", 31)), Code::Forbidden, "over the cap");
    assert_eq!(code(extend(&mut world, "alice", 15)), Code::Forbidden, "no more than now");
    assert!(matches!(extend(&mut world, "alice", 25), Ok(Answer::Extension(_, 1))));
    assert!(matches!(extend(&mut world, "alice", 25), Ok(Answer::Extension(_, 1))), "one person, one vote");
    assert!(matches!(extend(&mut world, "carol", 20), Ok(Answer::Extension(_, 0))));
    let grant = world.state.grant(&permit.grant).unwrap();
    assert_eq!(grant.grant.run_for, Span::mins(20), "the shorter one holds");
    assert_eq!(grant.grant.passes[0].ends_at, permit.ends_at + Span::mins(5));
    assert_eq!(beat(&world.state, world.held(&id), world.now, 0).left, Some(Span::mins(20)));
}

#[test]
fn who_asked_takes_it_back_until_it_runs() {
    let mut world = World::new(TEAM);
    let gate = pipeline("ci");
    let cancel = |world: &mut World, caller: &Caller, id: &NativeId| {
        world.do_(Command::Cancel(About { caller: caller.clone(), id: id.clone() }))
    };
    let id = world.ask(&gate, submission("prod")).unwrap();
    assert_eq!(code(cancel(&mut world, &pipeline("other"), &id)), Code::NotFound);
    cancel(&mut world, &gate, &id).unwrap();
    assert_eq!(world.standing(&id), Standing::Cancelled);

    let id = world.ask(&gate, submission("stg")).unwrap();
    world.vote("alice", &id, Ballot::Approve).unwrap();
    cancel(&mut world, &gate, &id).unwrap();
    let grant = &world.state.grant_of(world.held(&id)).unwrap().grant;
    assert_eq!(grant.standing(world.now.wall), GrantStanding::Revoked);

    let (gate, id, _) = world.running();
    assert_eq!(code(cancel(&mut world, &gate, &id)), Code::Conflict);
}

#[test]
fn a_console_whose_log_went_back_is_told_so() {
    let mut world = World::new(TEAM);
    let head = |seq, text: &str| Head { seq, hash: Digest::of(text.as_bytes()) };
    let tell = |world: &mut World, head| world.do_(Command::Heads(approver("alice"), "laptop".into(), head));
    tell(&mut world, head(10, "a")).unwrap();
    tell(&mut world, head(10, "a")).unwrap();
    tell(&mut world, head(12, "b")).unwrap();
    tell(&mut world, head(11, "of another process, a moment late")).unwrap();
    assert_eq!(code(tell(&mut world, head(12, "y"))), Code::Conflict);
    world.pass(Span::mins(2));
    assert_eq!(code(tell(&mut world, head(11, "x"))), Code::Conflict);
    assert_eq!(code(tell(&mut world, head(12, "x"))), Code::Conflict);
    assert_eq!(world.kinds(), ["head-seen", "head-seen"]);
}

#[test]
fn what_was_over_long_ago_is_let_go_and_what_is_red_is_not() {
    let mut world = World::new(TEAM);
    let (gate, done, _) = world.running();
    world.end(&gate, &done, End::Exit(0)).unwrap();
    let red = world.ask(&gate, submission("prod")).unwrap();
    world.vote("dan", &red, Ballot::BreakGlass).unwrap();
    world.pass(Span::hours(31 * 24));
    world.do_(Command::Sweep).unwrap();
    assert!(world.state.request(&done).is_none());
    assert!(world.state.request(&red).is_some());
    assert_eq!(world.state.all_grants().count(), 1);
}

#[test]
fn refused_attempts_leave_a_record_and_clumsy_ones_do_not() {
    let world = World::new(TEAM);
    let command = Command::Revoke(approver("carol"), GrantId::from_bits([1; 16]), "x".into());
    for (code, recorded) in
        [(Code::Forbidden, true), (Code::Conflict, true), (Code::Quota, false), (Code::NotFound, false)]
    {
        let problem = Problem { code, message: "why".into(), mend: "".into() };
        assert_eq!(refusal(&command, &problem, &world.state, world.now).is_some(), recorded, "{code:?}");
    }
}
