//! Approve, reject, break the glass: what counts, what does not, and what is sent.

use crate::app::overlay::Overlay;
use crate::app::testing::{Sample, Stage, WALL, backend, count, sent};
use crate::app::{Effect, Msg, State};
use crate::desk::news::{AuditState, Errand, Health, News};
use crate::domain::digest::Digest;
use crate::domain::request::{Ballot, Can, State as Standing};
use crate::domain::scope::Scope;
use crate::domain::time::Span;

fn says(state: &State) -> String {
    match &state.overlay {
        Some(Overlay::Dialog(dialog)) => {
            let rows = crate::app::overlay::rows(state, dialog, 200);
            rows.iter().map(|r| r.line.text() + "\n").collect()
        }
        _ => String::new(),
    }
}

fn one(sample: Sample) -> Stage {
    let mut stage = Stage::with(|s| s.hold_back = false);
    stage.lists(vec![sample]);
    stage
}

fn stage_request() -> Sample {
    Sample::stage("shop", "e2e")
}

#[test]
fn a_then_g_approves_and_r_then_x_rejects() {
    for (keys, ballot) in [("a g", Ballot::Approve), ("r x", Ballot::Reject)] {
        let mut stage = one(stage_request());
        let request = stage_request().build();
        let decisions = sent(&stage.press(keys));
        assert_eq!(decisions.len(), 1, "{keys}");
        let decision = &decisions[0];
        assert_eq!((decision.ballot, &decision.request), (ballot, request.key()));
        assert_eq!((decision.request_digest, decision.evidence_digest), (request.digest(), request.evidence.digest));
        assert!(stage.state.overlay.is_none());
    }
}

#[test]
fn no_other_key_sends() {
    for keys in
        ["a a", "a enter", "a space", "a x", "r r", "r g", "r enter", "a y", "a tab enter", "enter enter", "g", "x"]
    {
        let mut stage = one(stage_request());
        assert_eq!(sent(&stage.press(keys)), [], "{keys}");
    }
}

#[test]
fn a_time_that_cannot_be_is_said_as_it_is_typed() {
    for (typed, says) in [
        ("x", "run for [x     ] NOT A TIME"),
        ("9h", "run for [9h    ] NOT WITHIN 30m"),
        ("0s", "run for [0s    ] NOT WITHIN 30m"),
        ("25m", "run for [25m   ] max 30m"),
    ] {
        let mut stage = one(stage_request());
        stage.press("a backtab backtab");
        stage.types(typed);
        assert!(says_in(&stage).contains(says), "{typed}: {}", says_in(&stage));
    }
}

#[test]
fn the_field_that_takes_the_keys_is_marked() {
    let mut stage = one(stage_request());
    stage.press("a backtab");
    assert!(says_in(&stage).contains("WHY       >["), "{}", says_in(&stage));
    stage.press("backtab backtab backtab");
    assert!(says_in(&stage).contains("SCOPE     >(*) this request"), "{}", says_in(&stage));
    assert!(says_in(&stage).contains("WHY        ["));
}

fn says_in(stage: &Stage) -> String {
    says(&stage.state)
}

#[test]
fn what_is_typed_in_the_first_300_ms_does_not_count() {
    let mut stage = one(stage_request());
    stage.press("a");
    assert_eq!(sent(&stage.key("g")), []);
    stage.now = crate::app::testing::later(stage.now, 299);
    assert_eq!(sent(&stage.key("g")), []);
    stage.now = crate::app::testing::later(stage.now, 1);
    assert_eq!(sent(&stage.key("g")).len(), 1);
}

#[test]
fn escape_counts_at_once() {
    let mut stage = one(stage_request());
    stage.press("a");
    stage.key("esc");
    assert!(stage.state.overlay.is_none());
}

#[test]
fn a_paste_is_never_a_command() {
    let mut stage = one(stage_request());
    for text in ["ag", "a", "g\n", "\r"] {
        assert_eq!(stage.send(Msg::Paste(text.into())), []);
    }
    stage.press("a");
    stage.waits(400);
    assert_eq!(stage.send(Msg::Paste("g\r\n!".into())), []);
    assert!(stage.state.overlay.is_some());
}

#[test]
fn a_demanded_word_is_typed_and_not_pasted() {
    let mut stage = one(stage_request().with(|r| r.verdict.word = Some("PROD".into())));
    stage.press("a");
    stage.waits(400);
    stage.send(Msg::Paste("PROD".into()));
    assert_eq!(sent(&stage.press("enter")), []);
    stage.types("PROD");
    let decisions = sent(&stage.press("enter"));
    assert_eq!(decisions[0].word, Some("PROD".into()));
}

#[test]
fn the_word_takes_the_place_of_the_key() {
    let mut stage = one(stage_request().with(|r| r.verdict.word = Some("PROD".into())));
    let mut effects = stage.press("a");
    effects.extend(stage.press("backtab g"));
    assert_eq!(sent(&effects), []);
    assert!(stage.state.overlay.is_some());
}

#[test]
fn production_asks_for_reason_unseen_and_word() {
    let mut stage = one(Sample::prod("shop", "deploy"));
    let asked = stage.press("a");
    assert!(says(&stage.state).contains("the evidence is being read"));
    stage.evidence_comes(&asked);
    stage.types("INC-2291");
    stage.press("tab");
    stage.types("2");
    stage.press("tab");
    stage.types("prod");
    assert_eq!(sent(&stage.press("enter")), []);
    assert!(says(&stage.state).contains("the word PROD is demanded"));
    stage.press("ctrl-u");
    stage.types("PROD");
    let decisions = sent(&stage.press("enter"));
    let decision = &decisions[0];
    assert_eq!(decision.comment, *"INC-2291");
    assert_eq!((decision.seen.files, decision.seen.of, decision.seen.acknowledged), (0, 3, Some(2)));
}

#[test]
fn nothing_is_sent_while_the_evidence_is_read() {
    let mut stage = one(Sample::prod("shop", "deploy").with(|r| {
        r.verdict.reason = false;
        r.verdict.word = None;
    }));
    let asked = stage.press("a");
    assert_eq!(sent(&stage.press("g")), []);
    assert!(says(&stage.state).contains("still being read"));
    stage.evidence_comes(&asked);
    assert_eq!(sent(&stage.press("g")), []);
    assert!(says(&stage.state).contains("must be seen"));
}

#[test]
fn what_was_on_the_screen_in_full_need_not_be_acknowledged() {
    let mut stage = one(Sample::prod("shop", "deploy").with(|r| {
        r.verdict.reason = false;
        r.verdict.word = None;
    }));
    let asked = stage.press("a");
    stage.evidence_comes(&asked);
    stage.press("ctrl-o");
    stage.draws();
    stage.press("n");
    stage.draws();
    stage.press("esc");
    assert!(matches!(stage.state.overlay, Some(Overlay::Dialog(_))), "the dialog is back");
    let decisions = sent(&stage.press("g"));
    assert_eq!(decisions[0].seen.files, 2);
    assert!(decisions[0].seen.must_see_unseen.is_empty());
}

#[test]
fn a_change_re_arms_the_dialog_and_keeps_the_comment() {
    let mut stage = one(Sample::prod("shop", "deploy"));
    let asked = stage.press("a");
    stage.evidence_comes(&asked);
    stage.types("because");
    stage.press("tab");
    stage.types("2");
    stage.press("tab");
    stage.types("PRO");
    let moved = || Sample::prod("shop", "deploy").seq(2).core(|c| c.head = Some("7".repeat(40).parse().unwrap()));
    stage.comes(moved());
    assert!(says(&stage.state).contains("CHANGED    head 4f1c9ab -> 7777777"), "{}", says(&stage.state));
    assert!(says(&stage.state).contains("because"));
    assert_eq!(sent(&stage.key("D")), [], "typed before the new dead time is over");
    let unseen = stage.press("backtab");
    assert_eq!(sent(&unseen), []);
    stage.types("2");
    stage.press("tab");
    stage.types("PROD");
    let decisions = sent(&stage.press("enter"));
    assert_eq!(decisions[0].request_digest, moved().build().digest());
}

#[test]
fn another_vote_that_makes_mine_the_last_one_re_arms() {
    let sample = || stage_request().with(|r| r.can = Can::Yes { starts: false });
    let mut stage = one(sample());
    stage.press("a");
    stage.waits(400);
    stage.comes(sample().seq(2).with(|r| r.can = Can::Yes { starts: true }));
    assert_eq!(sent(&stage.key("g")), []);
    assert!(says(&stage.state).contains("yours now STARTS it"));
    assert_eq!(sent(&stage.press("g")).len(), 1);
}

#[test]
fn decided_elsewhere_locks_the_dialog_and_keeps_the_comment() {
    let mut stage = one(stage_request());
    stage.press("a backtab");
    stage.types("my long comment");
    stage.comes(stage_request().seq(2).decided(Standing::Rejected, "dan", Ballot::Reject));
    assert_eq!(sent(&stage.press("tab g")), []);
    assert!(says(&stage.state).contains("rejected by dan 03:12: nothing can be sent; your comment is kept"));
    assert!(says(&stage.state).contains("my long comment"));
    stage.press("esc");
    assert_eq!(stage.state.kept_comment.as_ref().unwrap().1, "my long comment");
}

#[test]
fn a_request_that_its_backend_forgets_locks_the_dialog() {
    let mut stage = one(stage_request());
    stage.press("a");
    stage.lists(vec![]);
    assert_eq!(sent(&stage.press("g")), []);
    assert!(says(&stage.state).contains("LOCKED     gone"));
}

#[test]
fn a_cancelled_comment_is_there_again_for_the_same_request() {
    let mut stage = one(stage_request());
    stage.press("a backtab");
    stage.types("why");
    stage.press("esc a");
    assert!(says(&stage.state).contains("[why "));
    assert_eq!(sent(&stage.press("g"))[0].comment, *"why");
}

#[test]
fn scope_and_times_are_chosen_and_typed() {
    let mut stage = one(stage_request());
    stage.press("a tab right");
    let dialog_scope = |stage: &Stage| match &stage.state.overlay {
        Some(Overlay::Dialog(d)) => d.scope,
        _ => unreachable!(),
    };
    assert_eq!(dialog_scope(&stage), Scope::Run);
    stage.press("right right");
    assert_eq!(dialog_scope(&stage), Scope::Run, "no further than policy allows");
    stage.press("tab left tab");
    stage.types("25m");
    let decision = sent(&stage.press("tab tab g")).remove(0);
    assert_eq!((decision.scope, decision.start_by, decision.run_for), (Scope::Run, Span::mins(5), Span::mins(25)));
}

#[test]
fn what_cannot_be_had_is_said_at_its_field() {
    for (typed, says_what) in
        [("2h", "run for is not within 30m"), ("soon", "not a length of time"), ("0s", "run for is not")]
    {
        let mut stage = one(stage_request());
        stage.press("a tab tab tab");
        stage.types(typed);
        assert_eq!(sent(&stage.press("tab tab g")), []);
        assert!(says(&stage.state).contains(says_what), "{}", says(&stage.state));
        let Some(Overlay::Dialog(dialog)) = &stage.state.overlay else { unreachable!() };
        assert_eq!(dialog.focused(), crate::app::overlay::FieldKind::RunFor);
    }
}

#[test]
fn breaking_the_glass_takes_reason_and_environment_and_is_not_held_back() {
    let mut stage = Stage::new();
    stage.lists(vec![Sample::prod("shop", "deploy").cannot("you asked for it")]);
    stage.press("B");
    stage.types("site down");
    stage.press("tab");
    stage.types("production");
    let effects = stage.press("enter");
    let decisions = sent(&effects);
    assert_eq!(decisions[0].ballot, Ballot::BreakGlass);
    assert_eq!((decisions[0].scope, decisions[0].run_for), (Scope::Once, Span::mins(15)));
    assert_eq!(count(&effects, |e| matches!(e, Errand::Hold { .. })), 0);
}

#[test]
fn breaking_the_glass_without_a_reason_sends_nothing() {
    let mut stage = Stage::new();
    stage.lists(vec![Sample::prod("shop", "deploy")]);
    stage.press("B tab");
    stage.types("production");
    assert_eq!(sent(&stage.press("enter")), []);
    assert!(says(&stage.state).contains("a reason is demanded: say why in WHY"));
}

#[test]
fn what_is_not_there_says_why() {
    let read_only = || {
        let mut stage = Stage::with(|s| s.read_only = true);
        stage.lists(vec![stage_request()]);
        stage
    };
    let listing = |sample: Sample| {
        let mut stage = Stage::new();
        stage.lists(vec![sample]);
        stage
    };
    let mut broken = listing(stage_request());
    broken.news(News::AuditState(AuditState::Broken { why: "disk full".into() }));
    for (mut stage, key, why) in [
        (read_only(), "a", "this console is read-only"),
        (listing(Sample::prod("a", "b").cannot("needs another person")), "a", "not you: needs another person"),
        (listing(Sample::prod("a", "b").with(|r| r.verdict.break_glass = None)), "B", "no rule names who"),
        (Stage::new(), "a", "there is no request under the cursor"),
        (broken, "a", "the audit log is broken: disk full"),
        (Stage::new(), "u", "no decision is held back"),
    ] {
        assert_eq!(sent(&stage.press(key)), []);
        let note = stage.state.note.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default();
        assert!(note.contains(why), "{note}");
        assert!(stage.state.overlay.is_none());
    }
}

#[test]
fn several_are_decided_together_and_each_has_its_own_decision() {
    let legs = || (0..3).map(|i| stage_request().id(&format!("leg{i}"))).collect::<Vec<_>>();
    let mut stage = Stage::new();
    stage.lists(legs());
    let effects = stage.press("a g");
    assert_eq!(sent(&effects), []);
    assert_eq!(count(&effects, |e| matches!(e, Errand::Hold { .. })), 3);
    assert!(matches!(stage.state.overlay, Some(Overlay::Outcomes(_))), "a result row each");
    assert_eq!(sent(&stage.waits(4_900)), []);
    let decisions = sent(&stage.waits(100));
    let mut ids: Vec<_> = decisions.iter().map(|d| (d.id.clone(), d.request.clone())).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn what_must_be_decided_by_itself_keeps_all_of_them_back() {
    let mut stage = Stage::with(|s| s.hold_back = false);
    stage.lists(vec![
        stage_request(),
        stage_request().id("other").core(|c| c.name = "x".into()).with(|r| r.verdict.bulk = false),
    ]);
    assert_eq!(sent(&stage.press("M a g")), []);
    assert!(says(&stage.state).contains("the policy wants this one decided by itself"));
}

#[test]
fn one_of_several_that_changes_re_arms_all_of_them() {
    let mut stage = Stage::with(|s| s.hold_back = false);
    let legs = || (0..3).map(|i| stage_request().id(&format!("leg{i}"))).collect::<Vec<_>>();
    stage.lists(legs());
    stage.press("a");
    stage.waits(400);
    stage.comes(stage_request().id("leg1").seq(2).decided(Standing::Cancelled, "bob", Ballot::Reject));
    assert_eq!(sent(&stage.key("g")), []);
    assert_eq!(sent(&stage.press("g")).len(), 2);
}

#[test]
fn a_request_that_slips_under_the_cursor_is_not_decided_by_the_next_key() {
    let mut stage = Stage::new();
    stage.lists(vec![stage_request(), Sample::stage("web", "e2e")]);
    stage.lists(vec![Sample::stage("web", "e2e")]);
    stage.key("a");
    assert!(stage.state.overlay.is_none());
    stage.press("a");
    assert!(stage.state.overlay.is_some());
}

#[test]
fn held_down_keys_decide_nothing() {
    let mut stage = one(stage_request());
    stage.press("a");
    stage.waits(400);
    let mut event = crate::app::testing::event("g".parse().unwrap());
    event.kind = crossterm::event::KeyEventKind::Repeat;
    assert_eq!(sent(&stage.send(Msg::Key(event))), []);
}

#[test]
fn the_queue_stands_still_while_a_dialog_is_open() {
    let mut stage = Stage::new();
    stage.lists(vec![stage_request()]);
    stage.press("a");
    stage.comes(Sample::prod("pay", "deploy"));
    assert_eq!(stage.state.queue.rows().len(), 1);
    assert_eq!(stage.state.queue.waiting_arrivals(), 1);
    stage.press("esc n");
    assert_eq!(stage.state.queue.rows().len(), 2);
}

#[test]
fn the_changes_of_hundreds_are_not_read_along_with_one_dialog() {
    for (several, read) in [(50, 50), (51, 0)] {
        let mut stage = Stage::new();
        let sample = |n: u8| Sample::stage("shop", &format!("job-{n}")).with(|r| r.evidence.digest = Digest::of(&[n]));
        stage.lists((0..several).map(sample).collect());
        stage.press("M");
        assert_eq!(count(&stage.key("a"), |e| matches!(e, Errand::Exhibit { .. })), read);
        assert!(matches!(&stage.state.overlay, Some(Overlay::Dialog(_))));
    }
}

#[test]
fn a_backend_without_looks_is_not_told() {
    let mut stage = one(stage_request());
    let mut mute = backend("local", Health::Fresh { at: WALL });
    mute.capabilities.looks = false;
    stage.news(News::Backend(Box::new(mute)));
    assert_eq!(count(&stage.press("c"), |e| matches!(e, Errand::Look(_))), 0);
    let effects: Vec<Effect> = one(stage_request()).press("c");
    assert_eq!(count(&effects, |e| matches!(e, Errand::Look(_))), 1);
}
