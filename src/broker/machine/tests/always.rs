//! What must always hold, whatever people, gates and time do in whatever order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Move {
    Ask(usize),
    Vote(usize, usize, Ballot, Scope),
    Start(usize),
    End(usize, i32),
    Revoke(usize),
    Cancel(usize),
    Pass(u32),
}

const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dan"];
const PLACES: [&str; 3] = ["prod", "stg", "dev"];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let ballot = prop_oneof![4 => Just(Ballot::Approve), 1 => Just(Ballot::Reject), 1 => Just(Ballot::BreakGlass)];
    let scope = prop_oneof![Just(Scope::Once), Just(Scope::Run), Just(Scope::Revision)];
    let one = prop_oneof![
        2 => (0..PLACES.len()).prop_map(Move::Ask),
        4 => (0..8usize, 0..PEOPLE.len(), ballot, scope).prop_map(|(n, who, b, s)| Move::Vote(n, who, b, s)),
        2 => (0..8usize).prop_map(Move::Start),
        1 => (0..8usize, 0..2).prop_map(|(n, code)| Move::End(n, code)),
        1 => (0..8usize).prop_map(Move::Revoke),
        1 => (0..8usize).prop_map(Move::Cancel),
        1 => (1..2_000u32).prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 1..40)
}

fn play(world: &mut World, ids: &mut Vec<NativeId>, step: &Move) {
    let gate = pipeline("ci");
    let about = |id: &NativeId| About { caller: pipeline("ci"), id: id.clone() };
    // Most moves are refused most of the time: that is the point.
    let _ = match step {
        Move::Ask(place) => {
            ids.extend(world.ask(&gate, submission(PLACES[*place])));
            Ok(Answer::Done)
        }
        Move::Pass(secs) => {
            world.pass(Span::secs(*secs));
            world.do_(Command::Tick)
        }
        Move::Vote(n, who, ballot, scope) => match ids.get(*n) {
            Some(id) => {
                let decision = Decision { scope: *scope, ..world.decision(id, *ballot) };
                world.send(PEOPLE[*who], id, decision).map(|_| Answer::Done)
            }
            None => Ok(Answer::Done),
        },
        Move::Start(n) => ids.get(*n).map_or(Ok(Answer::Done), |id| world.start(&gate, id, "s").map(|_| Answer::Done)),
        Move::End(n, code) => ids.get(*n).map_or(Ok(Answer::Done), |id| world.end(&gate, id, End::Exit(*code))),
        Move::Cancel(n) => ids.get(*n).map_or(Ok(Answer::Done), |id| world.do_(Command::Cancel(about(id)))),
        Move::Revoke(n) => {
            let grant = ids.get(*n).and_then(|id| world.held(id).live.grant.clone());
            grant.map_or(Ok(Answer::Done), |g| world.do_(Command::Revoke(approver("carol"), g, "x".into())))
        }
    };
}

fn holds(world: &World, ids: &[NativeId]) {
    let mut numbers = BTreeSet::new();
    for id in ids {
        let held = world.held(id);
        assert!(numbers.insert(held.live.seq), "every change has a number of its own");
        let grant = world.state.grant_of(held);
        if held.core().environment.value == *"prod" && held.live.state == Standing::Approved {
            let grant = &grant.expect("approved has a grant").grant;
            let people: BTreeSet<_> = grant.by.iter().filter_map(|p| p.person.clone()).collect();
            assert!(grant.break_glass || people.len() >= 2, "{people:?}");
            assert!(grant.break_glass || !people.contains(&"bob".parse().unwrap()));
        }
        if held.live.start.is_some() {
            assert!(grant.is_some(), "nothing starts without a grant");
        }
    }
    for held in world.state.all_grants() {
        let grant = &held.grant;
        assert!(grant.scope != Scope::Once || grant.passes.len() <= 1, "once is once");
        assert!(grant.passes.iter().all(|p| p.started_at < grant.start_by));
        assert!(grant.revoked.as_ref().is_none_or(|r| grant.passes.iter().all(|p| p.started_at <= r.at)));
    }
    let waiting = ids.iter().filter(|id| world.held(id).is_pending()).count();
    assert_eq!(world.state.pending_count(), waiting);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn nothing_passes_unapproved_whatever_happens(steps in moves()) {
        let (mut world, mut ids) = (World::new(TEAM), Vec::new());
        for step in &steps {
            play(&mut world, &mut ids, step);
            holds(&world, &ids);
        }
    }
}

/// How many generated stories: `JIT_TUI_CASES`, some hundred by default.
fn cases() -> u32 {
    std::env::var("JIT_TUI_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}
