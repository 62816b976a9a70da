//! Look-ups in the console: they add findings, never take one away, and what comes to light in a dialog re-arms it.

use std::sync::Arc;

use crate::app::Effect;
use crate::app::testing::{Sample, Stage, count, look_ups, sent};
use crate::desk::news::{Errand, News};
use crate::domain::finding::{Finding, FindingId};
use crate::domain::ids::RequestKey;
use crate::domain::request::Request;

fn impostor() -> Finding {
    Finding::new(FindingId::ImpostorCommit, "aquasecurity/trivy-action@0.33.1", "9f8e7d6")
}

fn not_proven() -> Finding {
    Finding::new(FindingId::ActionNotProven, "aquasecurity/trivy-action@0.33.1", "offline")
}

fn told(request: &Request, findings: &[Finding]) -> News {
    let look_ups = Arc::new(look_ups());
    News::LookedUp { evidence: request.evidence.digest, look_ups, findings: findings.into() }
}

fn only(stage: &Stage) -> Arc<Request> {
    Arc::clone(&stage.state.queue.all()[0].request)
}

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.lists(vec![Sample::stage("shop", "e2e")]);
    stage
}

fn asks(effects: &[Effect], key: &RequestKey) -> usize {
    count(
        effects,
        |errand| matches!(errand, Errand::LookUp(wanted) if wanted.key == *key && !wanted.actions.is_empty()),
    )
}

#[test]
fn actions_are_looked_up_when_their_evidence_comes_and_whenever_it_is_opened_again() {
    let mut stage = stage();
    let key = only(&stage).key().clone();
    let asked = stage.press("enter");
    assert_eq!(asks(&asked, &key), 0, "nothing is known of the actions yet");
    assert_eq!(asks(&stage.evidence_comes(&asked), &key), 1);
    assert_eq!(asks(&stage.press("esc enter"), &key), 1);
    assert_eq!(asks(&stage.press("esc a"), &key), 1, "and once more before anything is decided");
}

#[test]
fn findings_are_added_and_those_of_the_backend_stay() {
    let mut stage = stage();
    let mut own = Finding::new(FindingId::ActionNotProven, "aquasecurity/trivy-action@0.33.1", "offline");
    own.new = false;
    stage.comes(Sample::stage("shop", "e2e").with(|r| r.findings = vec![own.clone()]).seq(2));
    let plain = only(&stage);
    stage.news(told(&plain, &[not_proven(), impostor()]));
    assert_eq!(only(&stage).findings, [own.clone(), impostor()], "the same finding is not told twice");
    stage.comes(Sample::stage("shop", "e2e").with(|r| r.findings = vec![own.clone()]).seq(3));
    assert_eq!(only(&stage).findings.len(), 2, "a new state of the request loses none");
    stage.news(told(&plain, &[]));
    assert_eq!(only(&stage).findings, [own]);
}

#[test]
fn a_finding_that_comes_to_light_re_arms_the_dialog_and_one_that_goes_does_not() {
    let mut stage = stage();
    let plain = only(&stage);
    stage.press("a");
    stage.waits(400);
    stage.news(told(&plain, &[impostor()]));
    assert_eq!(sent(&stage.key("g")), [], "nobody has seen it yet");
    assert_eq!(stage.state.holds.held.len(), 0);
    let mut stage = self::stage();
    stage.news(told(&plain, &[not_proven()]));
    stage.press("a");
    stage.waits(400);
    stage.news(told(&plain, &[]));
    stage.key("g");
    assert_eq!(stage.state.holds.held.len(), 1);
}

#[test]
fn a_held_approval_is_dropped_when_an_impostor_comes_to_light_and_a_rejection_is_not() {
    for (keys, drops) in [("a g", 1), ("r x", 0)] {
        let mut stage = stage();
        let plain = only(&stage);
        stage.press(keys);
        stage.types("why");
        stage.press("enter x");
        let held = stage.state.holds.held.len();
        let effects = stage.news(told(&plain, &[impostor()]));
        assert_eq!((held, count(&effects, |e| matches!(e, Errand::Drop { .. }))), (1, drops), "{keys}");
    }
}

#[test]
fn a_decision_names_what_look_ups_had_found() {
    let mut stage = stage();
    let plain = only(&stage);
    stage.news(told(&plain, &[not_proven()]));
    stage.press("a g");
    let decision = sent(&stage.press("!")).remove(0);
    assert_eq!(decision.seen.looked_up, stage.state.looked_up.digest(&plain));
    assert!(decision.seen.looked_up.is_some());
}
