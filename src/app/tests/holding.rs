//! The hold-back, the LAST strip, and what ends a decision before it is sent.

use crate::app::holds::Latest;
use crate::app::testing::{Sample, Stage, count, later, sent};
use crate::app::{Effect, Msg};
use crate::desk::news::{Errand, News, Step};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, State as Standing};

fn request() -> Sample {
    Sample::stage("shop", "e2e")
}

fn held() -> (Stage, Vec<Effect>) {
    let mut stage = Stage::new();
    stage.lists(vec![request()]);
    let effects = stage.press("a g");
    (stage, effects)
}

fn dropped(effects: &[Effect]) -> usize {
    count(effects, |e| matches!(e, Errand::Drop { .. }))
}

/// Of the drops: whether this console shows them, so that the next start need not.
fn shown(effects: &[Effect]) -> Vec<bool> {
    let shown = |effect: &Effect| match effect {
        Effect::Errand(Errand::Drop { shown, .. }) => Some(*shown),
        _ => None,
    };
    effects.iter().filter_map(shown).collect()
}

fn latest(stage: &Stage) -> String {
    match stage.state.holds.newest() {
        Some(Latest::Decision(track)) => format!("{}: {}", track.what, track.words().0),
        Some(Latest::Remark(remark)) => remark.text.to_string(),
        None => String::new(),
    }
}

#[test]
fn an_approval_is_held_for_three_seconds_and_then_sent_once() {
    let (mut stage, effects) = held();
    assert_eq!((sent(&effects).len(), count(&effects, |e| matches!(e, Errand::Hold { .. }))), (0, 1));
    for _ in 0..2 {
        let next = stage.state.next_deadline(stage.now).unwrap();
        assert_eq!(next.0 - stage.now.boot.0, 1000, "the countdown turns each second");
        assert_eq!(sent(&stage.waits(1000)), []);
        assert!(stage.state.take_dirty());
    }
    assert_eq!(sent(&stage.waits(1000)).len(), 1);
    assert_eq!(sent(&stage.waits(60_000)), []);
}

#[test]
fn u_takes_it_back_and_nothing_is_sent() {
    let (mut stage, _) = held();
    let effects = stage.press("u");
    assert_eq!((sent(&effects).len(), dropped(&effects)), (0, 1));
    assert_eq!(sent(&stage.waits(60_000)), []);
    assert_eq!(latest(&stage), "approve shop/e2e: nothing sent: taken back");
}

#[test]
fn the_exclamation_mark_sends_now() {
    let (mut stage, _) = held();
    assert_eq!(sent(&stage.press("!")).len(), 1);
    assert_eq!(sent(&stage.waits(60_000)), []);
}

#[test]
fn a_change_in_the_hold_back_drops_it() {
    let (mut stage, _) = held();
    let effects = stage.comes(request().seq(2).core(|c| c.head = Some("7".repeat(40).parse().unwrap())));
    assert_eq!((sent(&effects).len(), dropped(&effects)), (0, 1));
    assert_eq!(sent(&stage.waits(5000)), []);
    assert!(latest(&stage).contains("the request changed in the hold-back"));
}

#[test]
fn a_decision_by_somebody_else_in_the_hold_back_drops_it() {
    let (mut stage, _) = held();
    stage.comes(request().seq(2).decided(Standing::Rejected, "dan", Ballot::Reject));
    assert_eq!(sent(&stage.waits(5000)), []);
    assert!(latest(&stage).contains("rejected by dan"));
}

#[test]
fn a_lost_terminal_drops_what_is_held_and_closes_the_dialog() {
    let (mut stage, _) = held();
    stage.press("a");
    let effects = stage.send(Msg::Lost);
    assert_eq!((sent(&effects).len(), dropped(&effects)), (0, 1));
    assert!(stage.state.overlay.is_none());
}

#[test]
fn what_is_dropped_as_the_console_ends_is_left_for_the_next_start_to_say() {
    for (keys, seen) in [("u", true), ("ctrl-z", true), ("q y", false)] {
        let (mut stage, _) = held();
        assert_eq!(shown(&stage.press(keys)), [seen], "{keys}");
    }
    let (mut stage, _) = held();
    assert_eq!(shown(&stage.send(Msg::Lost)), [false]);
    let (mut stage, _) = held();
    let effects = stage.comes(request().seq(2).decided(Standing::Rejected, "dan", Ballot::Reject));
    assert_eq!(shown(&effects), [true]);
}

#[test]
fn quitting_asks_and_then_drops() {
    let (mut stage, _) = held();
    assert_eq!(stage.press("q"), []);
    assert_eq!(sent(&stage.key("q")), []);
    let effects = stage.key("y");
    assert_eq!((dropped(&effects), effects.last()), (1, Some(&Effect::Quit(0))));
    assert_eq!(sent(&effects), []);
}

#[test]
fn quitting_asks_while_a_decision_is_on_its_way() {
    let (mut stage, _) = held();
    stage.press("!");
    assert_eq!(stage.press("q"), []);
    assert_eq!(stage.press("esc q y").last(), Some(&Effect::Quit(0)));
    assert_eq!(Stage::new().press("q"), [Effect::Quit(0)]);
}

#[test]
fn suspending_drops_what_is_held() {
    let (mut stage, _) = held();
    let effects = stage.press("ctrl-z");
    assert_eq!((dropped(&effects), effects.last()), (1, Some(&Effect::Suspend)));
}

#[test]
fn a_hold_back_that_was_slept_through_is_dropped() {
    let (mut stage, _) = held();
    stage.now = later(stage.now, 3_600_000);
    let effects = stage.send(Msg::Deadline);
    assert_eq!((sent(&effects).len(), dropped(&effects)), (0, 1));
    assert!(latest(&stage).contains("slept"));
}

#[test]
fn outcomes_stay_until_they_are_acknowledged() {
    let (mut stage, _) = held();
    let decision = sent(&stage.waits(3000)).remove(0);
    stage.settles(&decision, Outcome::Final { state: Standing::Approved });
    stage.news(News::Notice("2 decisions of an earlier run were dropped".into()));
    assert_eq!(stage.state.holds.outcomes(), 2);
    stage.waits(600_000);
    assert_eq!(stage.state.holds.outcomes(), 2);
    stage.press("space");
    assert_eq!(latest(&stage), "approve shop/e2e: approved");
    stage.press("space");
    assert_eq!(stage.state.holds.outcomes(), 0);
}

#[test]
fn unknown_is_counted_until_it_is_settled() {
    use crate::app::queue::View;
    let (mut stage, _) = held();
    let decision = sent(&stage.waits(3000)).remove(0);
    let (id, key) = (decision.id.clone(), decision.request.clone());
    stage.news(News::Decision { id, key, ballot: Ballot::Approve, step: Step::Settling });
    assert_eq!(stage.state.queue.count(View::Unknown), 1);
    stage.settles(&decision, Outcome::Unknown { why: "no answer".into() });
    stage.press("space");
    assert_eq!(stage.state.queue.count(View::Unknown), 1, "acknowledging does not make it known");
    stage.comes(request().seq(2).decided(Standing::Approved, "alice", Ballot::Approve));
    assert_eq!(stage.state.queue.count(View::Unknown), 0);
}

#[test]
fn ids_never_repeat_and_come_from_the_seed() {
    let ids = |seed: u8| {
        let mut stage = Stage::with(|s| s.seed = [seed; 32]);
        (0..50).map(|_| stage.state.next_decision_id()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(ids(1).len(), 50);
    assert!(ids(1).is_disjoint(&ids(2)));
}
