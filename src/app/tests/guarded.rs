//! Decisions that wait for their turn or for a backend, and requests whose scope and time the guard keeps.

use crate::app::overlay::{FieldKind, Overlay};
use crate::app::testing::{Sample, Stage, count, sent};
use crate::app::{Effect, Msg};
use crate::backends::port::ByHand;
use crate::desk::news::{Errand, News, Step};
use crate::domain::decision::Decision;
use crate::domain::grant::Enforcer;
use crate::domain::outcome::Outcome;
use crate::domain::request::State as Standing;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};

fn guarded() -> Sample {
    Sample::stage("shop", "e2e").with(|r| {
        r.enforcer = Enforcer::Guard;
        r.verdict.max_uses = Some(8);
    })
}

/// Three decisions sent together, and where each stands.
fn sent_together(steps: [Step; 3]) -> (Stage, Vec<Decision>) {
    let mut stage = Stage::with(|setup| setup.hold_back = false);
    let names = ["one", "two", "three"];
    stage.lists(names.map(|name| Sample::stage("shop", name)).into());
    stage.press("M a");
    let decisions = sent(&stage.press("g"));
    for (decision, step) in decisions.iter().zip(steps) {
        tells(&mut stage, decision, step);
    }
    (stage, decisions)
}

fn tells(stage: &mut Stage, decision: &Decision, step: Step) {
    let Decision { id, request: key, ballot, .. } = decision.clone();
    stage.news(News::Decision { id, key, ballot, step });
}

fn queued() -> (Stage, Vec<Decision>) {
    sent_together([Step::Done(Outcome::Final { state: Standing::Approved }), Step::Queued, Step::Queued])
}

#[test]
fn undo_takes_back_all_that_wait_for_their_turn_and_nothing_else() {
    let (mut stage, decisions) = queued();
    let effects = stage.press("u");
    let ids: Vec<_> = decisions.iter().skip(1).map(|d| d.id.clone()).collect();
    assert_eq!(effects, [Effect::Errand(Errand::TakeBack(ids))]);
    for decision in &decisions[1..] {
        tells(&mut stage, decision, Step::Dropped(SafeText::lit("taken back")));
    }
    assert_eq!((stage.state.holds.waiting().count(), stage.state.holds.failed()), (0, 2));
    assert_eq!(stage.press("u"), [], "nothing is left to take back");
}

#[test]
fn who_quits_is_asked_while_decisions_wait_for_their_turn() {
    let (mut stage, _) = queued();
    stage.press("esc");
    assert_eq!(stage.press("q"), []);
    assert!(matches!(stage.state.overlay, Some(Overlay::Quit)));
}

#[test]
fn a_countdown_turns_each_second_and_can_be_taken_back() {
    let (mut stage, decisions) = sent_together([Step::Queued, Step::Queued, Step::Queued]);
    let until = stage.now.boot + Span::secs(9);
    tells(&mut stage, &decisions[0], Step::Waits { until, why: SafeText::lit("the limit is used up") });
    for _ in 0..2 {
        stage.state.take_dirty();
        let next = stage.state.next_deadline(stage.now).unwrap();
        assert_eq!(next, Ms(stage.now.boot.0 + 1000));
        stage.waits(1000);
        assert!(stage.state.take_dirty());
    }
    assert_eq!(count(&stage.press("u"), |e| matches!(e, Errand::TakeBack(ids) if ids.len() == 3)), 1);
}

#[test]
fn the_guard_is_given_up_before_the_console_is_suspended() {
    let mut stage = Stage::busy();
    assert_eq!(stage.press("ctrl-z"), [Effect::Errand(Errand::GiveUpGuard), Effect::Suspend]);
}

#[test]
fn what_the_guard_keeps_has_no_run_for() {
    let mut stage = Stage::new();
    stage.lists(vec![guarded()]);
    stage.press("a");
    let Some(Overlay::Dialog(dialog)) = &stage.state.overlay else { panic!("no dialog") };
    assert!(dialog.fields.contains(&FieldKind::StartBy) && !dialog.fields.contains(&FieldKind::RunFor));
    assert!(!stage.press("g").is_empty(), "it can be sent all the same");
}

#[test]
fn how_to_decide_by_hand_is_asked_of_the_backend_and_shown() {
    let mut stage = Stage::new();
    stage.lists(vec![guarded()]);
    assert_eq!(count(&stage.press("Y"), |e| matches!(e, Errand::ByHand(_))), 1);
    let key = guarded().build().key().clone();
    let approve = ByHand { page: Some("https://git.example/runs/1".into()), command: Some("gh api x".into()) };
    stage.news(News::ByHand { key, approve, reject: ByHand::default() });
    let Some(Overlay::ByHand(sheet)) = &stage.state.overlay else { panic!("nothing is shown") };
    let text: Vec<String> = sheet.lines.iter().map(|line| line.text().to_string()).collect();
    assert!(text.iter().any(|line| line == "https://git.example/runs/1"), "{text:?}");
    assert!(text.iter().any(|line| line == "gh api x") && !text.iter().any(|line| line == "REJECT"), "{text:?}");
    stage.press("esc");
    assert!(stage.state.overlay.is_none());
}

#[test]
fn page_and_approving_line_are_copied_where_the_config_lets_text_out() {
    for clipboard in [false, true] {
        let mut stage = Stage::new();
        stage.state.setup.clipboard = clipboard;
        stage.lists(vec![guarded()]);
        stage.press("Y");
        let key = guarded().build().key().clone();
        let approve = ByHand { page: Some("https://git.example/runs/1".into()), command: Some("gh api x".into()) };
        let fx = stage.news(News::ByHand { key, approve, reject: ByHand::default() });
        let copied = [Effect::Copy(SafeText::lit("https://git.example/runs/1\ngh api x"))];
        assert_eq!(fx, if clipboard { copied.to_vec() } else { Vec::new() }, "no line end sends what is pasted");
    }
}

#[test]
fn a_sheet_that_comes_late_does_not_cover_a_dialog() {
    let mut stage = Stage::new();
    stage.lists(vec![guarded()]);
    stage.press("Y a");
    let key = guarded().build().key().clone();
    stage.news(News::ByHand { key, approve: ByHand::default(), reject: ByHand::default() });
    assert!(matches!(stage.state.overlay, Some(Overlay::Dialog(_))));
    stage.send(Msg::Lost);
}
