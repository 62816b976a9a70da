//! Reading a request: what was seen, what comes late, what cannot be read.

use crate::app::Effect;
use crate::app::screens::diff;
use crate::app::screens::request::{self, Tab};
use crate::app::testing::{Sample, Stage, count, fault};
use crate::desk::news::{Errand, News};
use crate::domain::decision::Seen;

fn seen(stage: &Stage) -> Seen {
    stage.state.evidences.seen(request::viewed(&stage.state).unwrap())
}

#[test]
fn only_what_was_drawn_counts_as_seen() {
    let mut stage = Stage::busy();
    let asked = stage.press("enter");
    stage.evidence_comes(&asked);
    stage.draws();
    assert_eq!(seen(&stage).files, 0, "the overview shows no file");
    stage.press("2");
    assert_eq!(seen(&stage).files, 0, "nothing was drawn yet");
    stage.draws();
    assert_eq!((seen(&stage).files, seen(&stage).must_see_unseen.len()), (1, 1));
    stage.press("] ? ");
    stage.draws();
    assert_eq!(seen(&stage).files, 1, "help lay over it");
    stage.press("esc");
    stage.draws();
    assert_eq!((seen(&stage).files, seen(&stage).must_see_unseen.len()), (2, 0));
}

#[test]
fn a_file_longer_than_the_window_is_seen_at_its_end() {
    let lines: String = (0..60).map(|i| format!("+line {i}\n")).collect();
    let diff =
        format!("diff --git a/Dockerfile b/Dockerfile\n--- a/Dockerfile\n+++ b/Dockerfile\n@@ -0,0 +1,60 @@\n{lines}");
    let mut stage = Stage::busy();
    let asked = stage.press("enter");
    let Some(Effect::Errand(Errand::Exhibit { generation, key })) =
        asked.iter().find(|e| matches!(e, Effect::Errand(Errand::Exhibit { .. }))).cloned()
    else {
        unreachable!()
    };
    stage.exhibit(generation, key, diff.as_bytes());
    stage.press("2");
    stage.draws();
    stage.press("G");
    stage.draws();
    assert_eq!(seen(&stage).files, 0, "its middle was passed over");
    stage.press("g");
    for _ in 0..10 {
        stage.draws();
        stage.press("pgdn");
    }
    assert_eq!(seen(&stage).files, 1);
    assert!(!diff::complaints(&stage.state).is_empty(), "three files were stated, one is here");
}

#[test]
fn a_wave_with_one_evidence_is_read_once() {
    let mut stage = Stage::busy();
    let exhibits = |effects: &[Effect]| count(effects, |e| matches!(e, Errand::Exhibit { .. }));
    let asked = stage.press("enter");
    assert_eq!(exhibits(&asked), 1);
    stage.evidence_comes(&asked);
    assert_eq!(exhibits(&stage.press("esc j enter")), 0);
}

#[test]
fn late_and_foreign_answers_are_dropped() {
    let mut stage = Stage::busy();
    stage.press("enter");
    let key = request::viewed(&stage.state).unwrap().key().clone();
    stage.draws();
    stage.news(News::Exhibit { generation: 999, key, result: Err(fault("late")) });
    stage.news(News::Audit { generation: 999, result: Err("late".into()) });
    assert!(!stage.state.take_dirty());
}

#[test]
fn evidence_that_cannot_be_read_is_said_with_its_mend() {
    let mut stage = Stage::busy();
    let asked = stage.press("enter 2");
    let Some(Effect::Errand(Errand::Exhibit { generation, key })) =
        asked.iter().find(|e| matches!(e, Effect::Errand(Errand::Exhibit { .. }))).cloned()
    else {
        unreachable!()
    };
    stage.news(News::Exhibit { generation, key, result: Err(fault("no route")) });
    let line = request::diff_line(&stage.state, request::viewed(&stage.state).unwrap());
    assert!(line.text().contains("NOT READ: no route"), "{}", line.text());
}

#[test]
fn tabs_go_around_and_have_keys() {
    let mut stage = Stage::busy();
    stage.press("enter");
    let tab = |stage: &Stage| stage.state.request_screen().unwrap().tab;
    for (key, expected) in [
        ("tab", Tab::Diff),
        ("tab", Tab::Actions),
        ("tab", Tab::History),
        ("tab", Tab::Overview),
        ("backtab", Tab::History),
        ("d", Tab::Diff),
        ("1", Tab::Overview),
    ] {
        stage.press(key);
        assert_eq!(tab(&stage), expected);
    }
}

#[test]
fn text_scrolls_no_further_than_its_end() {
    let mut stage = Stage::busy();
    stage.press("enter G j j pgdn");
    let top = stage.state.request_screen().unwrap().top;
    stage.press("k");
    assert_eq!(stage.state.request_screen().unwrap().top, top - 1);
}

#[test]
fn new_evidence_of_an_open_request_is_read() {
    let mut stage = Stage::busy();
    let asked = stage.press("enter");
    stage.evidence_comes(&asked);
    let changed =
        Sample::prod("shop", "deploy-api").seq(2).with(|r| r.evidence.digest = crate::domain::digest::Digest::of(b"2"));
    assert_eq!(count(&stage.comes(changed), |e| matches!(e, Errand::Exhibit { .. })), 1);
}
