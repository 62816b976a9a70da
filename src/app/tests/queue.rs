//! The list: order, cursor, arrivals, folds, views, filter, bell.

use crate::app::queue::View;
use crate::app::testing::{Sample, Stage, WALL, later, person, sketch};
use crate::app::{Effect, Msg};
use crate::desk::news::News;
use crate::domain::request::{Look, State};
use crate::domain::time::Span;

fn rows(stage: &Stage) -> Vec<String> {
    let rows = stage.state.queue.rows().iter().enumerate();
    rows.map(|(i, row)| {
        let here = if i == stage.state.queue.cursor() { ">" } else { "" };
        let count = row.keys().len();
        let fold = if count > 1 { format!(" x{count}") } else { String::new() };
        format!("{here}{}{fold}", crate::app::words::title(&row.entry.request.core))
    })
    .collect()
}

#[test]
fn decidable_production_comes_first_then_due_then_oldest() {
    assert_eq!(
        rows(&Stage::busy()),
        [">shop/deploy-api", "pay/migrate-0142", "pay/deploy x30", "shop/e2e", "web/deploy"]
    );
}

#[test]
fn the_cursor_stays_with_its_request() {
    let mut stage = Stage::busy();
    stage.press("j j j");
    assert_eq!(rows(&stage)[3], ">shop/e2e");
    stage.comes(Sample::prod("pay", "migrate-0142").seq(5).decided(
        State::Rejected,
        "dan",
        crate::domain::request::Ballot::Reject,
    ));
    assert_eq!(rows(&stage), ["shop/deploy-api", "pay/deploy x30", ">shop/e2e", "web/deploy"]);
}

#[test]
fn what_arrives_while_somebody_reads_waits_behind_the_list() {
    let mut stage = Stage::busy();
    stage.comes(Sample::prod("new", "one").ages(0, 5));
    assert_eq!(rows(&stage)[..2], ["new/one", ">shop/deploy-api"], "nobody moved yet: it comes in");
    stage.press("j");
    stage.comes(Sample::prod("new", "two").ages(0, 5));
    assert_eq!((rows(&stage).len(), stage.state.queue.waiting_arrivals()), (6, 1));
    stage.press("g");
    assert_eq!((rows(&stage).len(), stage.state.queue.waiting_arrivals()), (7, 0));
}

#[test]
fn thirty_legs_fold_into_one_row_and_unfold() {
    let mut stage = Stage::busy();
    stage.press("j j z");
    assert_eq!(rows(&stage).len(), 35);
    assert_eq!(rows(&stage)[2], ">pay/deploy x30");
    stage.press("j z");
    assert_eq!(rows(&stage).len(), 5);
    assert_eq!(rows(&stage)[2], ">pay/deploy x30");
}

#[test]
fn a_fold_keeps_the_cursor_when_its_first_leg_is_decided() {
    let mut stage = Stage::busy();
    stage.press("j j");
    let first = stage.state.queue.selected().unwrap().entry.key().clone();
    let lead = sketch().into_iter().find(|s| s.core.key == first).unwrap();
    stage.comes(lead.seq(9).decided(State::Approved, "dan", crate::domain::request::Ballot::Approve));
    assert_eq!(rows(&stage)[2], ">pay/deploy x29");
}

#[test]
fn views_divide_the_queue() {
    let mut stage = Stage::busy();
    for (key, expected) in [
        ("1", vec![">shop/deploy-api", "pay/migrate-0142", "pay/deploy x30", "shop/e2e"]),
        ("2", vec![">web/deploy"]),
        ("3", vec![">shop/smoke"]),
        ("4", vec![]),
        ("6", vec![">pay/rollback"]),
        ("0", vec![">shop/deploy-api", "pay/migrate-0142", "pay/deploy x30", "shop/e2e", "web/deploy"]),
    ] {
        stage.press(key);
        stage.press("g");
        assert_eq!(rows(&stage), expected, "{key}");
    }
    assert_eq!(stage.state.queue.count(View::Yours), 33);
}

#[test]
fn a_filter_is_applied_as_it_is_typed_and_escape_brings_the_old_one_back() {
    let mut stage = Stage::busy();
    stage.press("/");
    stage.types("env:stag");
    assert_eq!(rows(&stage), [">shop/e2e"]);
    stage.send(Msg::Paste(" wat:x".into()));
    assert_eq!(rows(&stage), [">shop/e2e"], "what cannot be read changes nothing");
    stage.press("enter");
    assert!(stage.state.overlay.is_some(), "and cannot be kept");
    stage.press("esc");
    assert_eq!(rows(&stage).len(), 5);
    stage.press("/");
    stage.types("web");
    stage.press("enter");
    assert_eq!(rows(&stage), [">web/deploy"]);
    stage.press("esc");
    assert_eq!(rows(&stage).len(), 5);
}

#[test]
fn letters_typed_into_the_filter_decide_nothing() {
    let mut stage = Stage::busy();
    stage.press("/");
    assert_eq!(stage.types("agrxBq!u"), []);
    assert!(matches!(stage.state.overlay, Some(crate::app::overlay::Overlay::Find(_))));
}

#[test]
fn what_comes_meanwhile_closes_nothing_that_somebody_types_into() {
    for key in ["/", ":", "?"] {
        let mut stage = Stage::busy();
        stage.press(key);
        let opened = format!("{:?}", stage.state.overlay.as_ref().map(std::mem::discriminant));
        stage.comes(Sample::prod("new", "one").ages(0, 5));
        stage.news(News::Grants { backend: "local".parse().unwrap(), grants: Vec::new() });
        let now = format!("{:?}", stage.state.overlay.as_ref().map(std::mem::discriminant));
        assert_eq!((opened.contains("Some"), now), (true, opened), "{key}");
    }
}

#[test]
fn marks_are_for_what_you_may_decide() {
    let mut stage = Stage::busy();
    stage.press("M");
    assert_eq!(stage.state.queue.marks.len(), 33);
    stage.press("esc G m");
    assert!(stage.state.queue.marks.is_empty(), "web/deploy is not yours to decide");
}

#[test]
fn the_bell_rings_for_production_that_you_may_decide_once_in_30_s() {
    let mut stage = Stage::new();
    let rings = |effects: Vec<Effect>| effects.contains(&Effect::Bell);
    assert!(!rings(stage.comes(Sample::stage("shop", "e2e"))));
    assert!(!rings(stage.comes(Sample::prod("shop", "a").cannot("no"))));
    assert!(rings(stage.comes(Sample::prod("shop", "b"))));
    assert!(!rings(stage.comes(Sample::prod("shop", "c"))));
    stage.now = later(stage.now, 30_000);
    assert!(!rings(stage.comes(Sample::prod("shop", "c").seq(2).ages(1, 1))), "it is not new");
    assert!(rings(stage.comes(Sample::prod("shop", "d"))));
    let mut silent = Stage::with(|s| s.bell = None);
    assert!(!rings(silent.comes(Sample::prod("shop", "b"))));
}

#[test]
fn a_quiet_poll_draws_nothing_and_the_minute_turns_once() {
    let mut stage = Stage::busy();
    stage.draws();
    stage.lists(sketch());
    let fresh = crate::desk::news::Health::Fresh { at: WALL + Span::secs(5) };
    stage.now = later(stage.now, 5_000);
    stage.news(crate::desk::news::News::Backend(Box::new(crate::app::testing::backend("local", fresh))));
    stage.send(Msg::Key(crate::app::testing::event("f9".parse().unwrap())));
    assert!(!stage.state.take_dirty());
    let next = stage.state.next_deadline(stage.now).unwrap();
    assert!(next.0 - stage.now.boot.0 >= 10_000, "not before the backend is quiet for two intervals");
    stage.waits(48_000);
    assert!(stage.state.take_dirty());
}

#[test]
fn an_older_answer_changes_nothing() {
    let mut stage = Stage::new();
    stage.comes(Sample::prod("shop", "a").seq(5));
    stage.comes(Sample::prod("shop", "a").seq(4).decided(
        State::Rejected,
        "dan",
        crate::domain::request::Ballot::Reject,
    ));
    assert_eq!(stage.state.queue.count(View::Yours), 1);
}

#[test]
fn ten_thousand_requests_are_not_sorted_when_the_cursor_moves() {
    let mut stage = Stage::new();
    let many = (0..10_000)
        .map(|i| Sample::stage("shop", "e2e").id(&format!("r{i}")).core(|c| c.name = format!("job-{i}").into()));
    stage.lists(many.collect());
    let sorted = stage.state.queue.sorted;
    stage.press("j j j G k pgup g");
    assert_eq!(stage.state.queue.sorted, sorted);
    assert_eq!(stage.state.queue.rows().len(), 10_000);
}

#[test]
fn what_is_over_is_not_kept_for_ever() {
    let mut stage = Stage::new();
    let over = (0..1_000).map(|i| {
        Sample::stage("shop", "e2e").id(&format!("r{i}")).decided(
            State::TimedOut,
            "dan",
            crate::domain::request::Ballot::Reject,
        )
    });
    stage.lists(over.collect());
    assert_eq!(stage.state.queue.count(View::Ended), 500);
}

#[test]
fn what_ran_and_is_no_longer_listed_is_forgotten() {
    let mut stage = Stage::busy();
    assert_eq!(stage.state.queue.count(View::Running), 1);
    stage.lists(vec![]);
    assert_eq!([View::Running, View::Waiting, View::Ended].map(|v| stage.state.queue.count(v)), [0, 0, 34 + 1]);
}

#[test]
fn who_looks_is_shown_and_looking_goes_on_while_the_request_is_open() {
    let looks =
        |effects: &[Effect]| crate::app::testing::count(effects, |e| matches!(e, crate::desk::news::Errand::Look(_)));
    let mut stage = Stage::busy();
    assert_eq!(looks(&stage.press("enter")), 1);
    assert_eq!(looks(&stage.waits(80_000)), 0);
    assert_eq!(looks(&stage.waits(10_000)), 1);
    stage.waits(600_000);
    assert_eq!(looks(&stage.waits(90_000)), 0, "nobody pressed a key for ten minutes");
    let look = Look { by: person("dan"), until: WALL + Span::mins(2) };
    stage.comes(Sample::prod("shop", "deploy-api").seq(2).with(|r| r.looks = vec![look]));
    assert!(stage.state.queue.all().iter().any(|e| !e.request.looks.is_empty()));
}
