//! Grants, audit log, palette, help.

use crate::app::overlay::Overlay;
use crate::app::testing::{Sample, Stage, count, fault, grant};
use crate::app::{Effect, State};
use crate::desk::news::{Errand, News};
use crate::domain::grant::Grant;
use crate::domain::request::Ballot;
use crate::domain::time::Span;

fn granted(running: bool) -> Stage {
    let mut stage = Stage::busy();
    let grants = vec![grant(&Sample::prod("shop", "deploy-api").core, running)];
    stage.news(News::Grants { backend: "local".parse().unwrap(), grants });
    stage.press("R");
    stage
}

fn note(state: &State) -> &str {
    state.note.as_ref().map_or("", |n| n.as_str())
}

#[test]
fn revoke_takes_a_reason_and_its_own_key() {
    let mut stage = granted(true);
    assert_eq!(stage.press("r tab x"), []);
    stage.types("wrong region");
    assert_eq!(stage.press("tab enter"), []);
    assert_eq!(stage.press("r"), []);
    let effects = stage.press("x");
    let Some(Effect::Errand(Errand::Revoke { reason, .. })) = effects.first() else { panic!("{effects:?}") };
    assert_eq!(*reason, *"wrong region");
}

#[test]
fn extend_votes_for_more_time_in_all() {
    for (typed, ok) in [("30m", true), ("15m", false), ("9h", false), ("x", false)] {
        let mut stage = granted(true);
        stage.press("e");
        stage.types(typed);
        stage.press("tab");
        stage.types("slow migration");
        let effects = stage.press("enter g");
        let extended = count(&effects, |e| matches!(e, Errand::Extend { run_for, .. } if *run_for == Span::mins(30)));
        assert_eq!(extended, usize::from(ok), "{typed}");
    }
}

#[test]
fn an_extension_keeps_to_the_cap_of_its_rule() {
    let with_cap = |cap| {
        let mut stage = Stage::busy();
        let grants = vec![Grant { cap, ..grant(&Sample::prod("shop", "deploy-api").core, true) }];
        stage.news(News::Grants { backend: "local".parse().unwrap(), grants });
        stage.press("R e");
        stage
    };
    let dialog = |stage: &Stage| match &stage.state.overlay {
        Some(Overlay::Dialog(dialog)) => Some((dialog.run_for.text(), dialog.caps.1)),
        _ => None,
    };
    assert_eq!(dialog(&with_cap(Some(Span::mins(20)))), Some(("20m".into(), Span::mins(20))));
    assert_eq!(dialog(&with_cap(None)), Some(("30m".into(), Span::hours(8))));
    let full = with_cap(Some(Span::mins(15)));
    assert_eq!((dialog(&full), note(&full.state)), (None, "it has 15m already, and its rule allows no more"));
}

#[test]
fn a_grant_that_is_over_cannot_be_revoked() {
    let mut stage = granted(false);
    assert_eq!(stage.press("r"), []);
    assert_eq!(note(&stage.state), "this grant is over");
}

#[test]
fn a_grant_that_ends_while_its_dialog_is_open_locks_it() {
    let mut stage = granted(true);
    stage.press("r");
    stage.types("why");
    let over = vec![grant(&Sample::prod("shop", "deploy-api").core, false)];
    stage.news(News::Grants { backend: "local".parse().unwrap(), grants: over });
    assert_eq!(stage.press("tab x"), []);
}

#[test]
fn what_came_of_an_act_stands_in_the_strip() {
    let mut stage = granted(true);
    stage.news(News::Act { what: "revoke shop/deploy-api".into(), result: Err(fault("no route")) });
    let remark = stage.state.holds.remarks.last().unwrap();
    assert_eq!(remark.text.as_str(), "revoke shop/deploy-api FAILED: no route  check the network");
}

#[test]
fn a_break_glass_is_reviewed_with_a_comment() {
    let mut stage = Stage::new();
    let broken = Sample::prod("shop", "deploy").granted(true).decided(
        crate::domain::request::State::Approved,
        "dan",
        Ballot::BreakGlass,
    );
    stage.lists(vec![broken.with(|r| r.unreviewed = true)]);
    stage.press("5 v");
    stage.types("was right");
    let effects = stage.press("tab g");
    assert_eq!(count(&effects, |e| matches!(e, Errand::Review { comment, .. } if *comment == *"was right")), 1);
}

#[test]
fn the_log_is_searched_on_disk_and_one_request_can_be_told_apart() {
    let mut stage = Stage::busy();
    let asks = |effects: &[Effect]| {
        effects.iter().find_map(|e| match e {
            Effect::Errand(Errand::Audit { query, .. }) => Some(query.clone()),
            _ => None,
        })
    };
    assert!(asks(&stage.press("L")).is_some());
    stage.press("/");
    assert_eq!(asks(&stage.types("revoke dan")), None);
    assert_eq!(asks(&stage.press("enter")).unwrap().text, *"revoke dan");
    let effects = stage.press("e");
    assert_eq!(count(&effects, |e| matches!(e, Errand::Export { csv: false, .. })), 1);
    assert_eq!(count(&stage.press("c"), |e| matches!(e, Errand::Export { csv: true, .. })), 1);
}

#[test]
fn the_palette_runs_what_it_names() {
    let mut stage = Stage::busy();
    stage.press(":");
    stage.types("appr");
    stage.press("enter");
    assert!(matches!(stage.state.overlay, Some(Overlay::Dialog(_))));
}

#[test]
fn back_goes_one_step_at_a_time() {
    let mut stage = Stage::busy();
    stage.press("enter L R");
    assert_eq!(stage.state.screens.len(), 3);
    stage.press("esc q");
    assert_eq!(stage.state.screens.len(), 1);
    assert_eq!(stage.press("q"), []);
    assert_eq!(stage.press("q"), [Effect::Quit(0)]);
}

#[test]
fn while_a_dialog_waits_no_other_one_opens() {
    let mut stage = Stage::busy();
    stage.press("r ctrl-o a");
    assert_eq!(note(&stage.state), "a dialog waits for you: esc goes back to it");
    stage.press("q");
    assert!(matches!(stage.state.overlay, Some(Overlay::Dialog(_))));
}
