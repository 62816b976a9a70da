//! Stories of the guard: what it lets pass, when it stops, how it ends, and that there is one of it.

use std::sync::Arc;

use super::testing::*;
use crate::desk::news::{GuardState, News};
use crate::desk::{Desk, Limits};
use crate::domain::finding::{Finding, FindingId};
use crate::domain::guard::OnExpiry;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Can, State};
use crate::domain::scope::Scope;
use crate::domain::time::Span;

fn gate(n: usize) -> String {
    format!("hub/gate{n}#1")
}

/// Alice approves the first gate for the whole run.
async fn approve_run(desk: &Desk, hub: &Hub, start_by: Span) {
    let outcome = desk.decide(hub.decision(&gate(0), Scope::Run, start_by)).await;
    assert!(outcome.is_success(), "{outcome:?}");
}

#[tokio::test]
async fn seven_later_gates_of_a_run_pass_and_another_run_asks() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().to_owned();
    let hub = Hub::watched(vec![core(&gate(0)), in_run("hub/other#1", "9")], move |decision| {
        let log = log(&state);
        let id = format!(r#""decision":"{}""#, decision.id);
        let recorded = log.lines().any(|l| l.contains(r#""kind":"passed""#) && l.contains(&id));
        let auto = decision.comment.lossy().starts_with("AUTO by guard under grant ");
        assert_eq!(recorded, auto, "a pass is on record before its effect");
    });
    hub.with(|hall| hall.later = (1..8).map(|n| core(&gate(n))).collect());
    let (desk, mut news) = open(dir.path(), &hub, limits());
    desk.watch();
    approve_run(&desk, &hub, Span::mins(30)).await;
    let said = until_told(&desk, &mut news, "pass 7 of 8").await;
    assert!(said.contains("acme/shop deploy-api approved"), "{said}");
    for n in 0..8 {
        assert_eq!(hub.gate(&gate(n)).state, State::Approved);
    }
    assert!(hub.gate("hub/other#1").is_pending(), "another run is another run");
    let auto = hub.with(|hall| hall.sent.last().unwrap().clone());
    assert_eq!((auto.scope, auto.seen.files), (Scope::Once, 0));
    let comment = auto.comment.lossy().into_owned();
    assert!(comment.contains(" of alice, until 20"), "{comment}");
    let grants = desk.backends().next().unwrap().grants().await.unwrap();
    assert_eq!(grants[0].passes.len(), 7);
}

#[tokio::test]
async fn it_is_off_until_a_rule_turns_it_on() {
    let once_only = POLICY.replace("max_uses = 8\n", "");
    let policies = [None, Some(crate::policy::Policy::parse(&once_only, "policy.toml").unwrap())];
    for policy in policies {
        let dir = tempfile::tempdir().unwrap();
        let hub = Hub::new(vec![core(&gate(0))]);
        let (desk, _news) = open(dir.path(), &hub, Limits { policy, ..limits() });
        let outcome = desk.decide(hub.decision(&gate(0), Scope::Run, Span::mins(5))).await;
        assert!(matches!(&outcome, Outcome::Refused { why } if why.lossy().contains("scope run")), "{outcome:?}");
        assert!(hub.with(|hall| hall.sent.is_empty()));
    }
}

#[tokio::test]
async fn whatever_moved_makes_it_stop_and_ask() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Hub::new(vec![core(&gate(0))]);
    let (desk, mut news) = open(dir.path(), &hub, limits());
    desk.watch();
    approve_run(&desk, &hub, Span::mins(30)).await;
    hub.comes(core(&gate(1)));
    hub.change(&gate(1), |r| r.findings = vec![Finding::new(FindingId::ActionShaChanged, "acme/scan", "a -> b")]);
    let said = until_told(&desk, &mut news, "guard asks again").await;
    assert!(said.contains("new since the approval: action SHA changed acme/scan"), "{said}");
    assert!(hub.gate(&gate(1)).is_pending());
    hub.change(&gate(1), |r| r.findings.clear());
    until_told(&desk, &mut news, "pass 1 of 8").await;
}

#[tokio::test]
async fn a_revoked_grant_lets_nothing_pass_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Hub::new(vec![core(&gate(0))]);
    let (desk, mut news) = open(dir.path(), &hub, limits());
    approve_run(&desk, &hub, Span::mins(30)).await;
    let backend = Arc::clone(desk.backends().next().unwrap());
    let id = backend.grants().await.unwrap()[0].id.clone();
    let revoked = desk.revoke(&backend, &id, &"wrong window".into()).await.unwrap();
    assert_eq!(revoked.revoked.unwrap().reason, *"wrong window");
    desk.watch();
    hub.comes(core(&gate(1)));
    let said = until_told(&desk, &mut news, "guard asks again").await;
    assert!(said.contains("the grant was revoked"), "{said}");
    assert!(hub.gate(&gate(1)).is_pending());
}

#[tokio::test]
async fn at_its_end_what_still_waits_is_left_rejected_or_cancelled() {
    for (on_expiry, refused, state, cancels) in [
        (OnExpiry::Nothing, false, State::Pending, vec![]),
        (OnExpiry::RejectPending, false, State::Rejected, vec![]),
        (OnExpiry::CancelRun, false, State::Cancelled, vec![false]),
        (OnExpiry::CancelRun, true, State::Cancelled, vec![false, true]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let hub = Hub::new(vec![core(&gate(0)), in_run("hub/other#1", "9")]);
        hub.with(|hall| hall.cancel_refused = refused);
        let (desk, mut news) = open(dir.path(), &hub, Limits { on_expiry, ..limits() });
        approve_run(&desk, &hub, Span::secs(1)).await;
        // Something keeps this one from passing while there is time.
        hub.comes(core(&gate(1)));
        hub.change(&gate(1), |r| r.findings = vec![Finding::new(FindingId::DirtyTree, "", "")]);
        desk.watch();
        until_told(&desk, &mut news, " ended ").await;
        assert_eq!(hub.gate(&gate(1)).state, state, "{on_expiry:?}");
        assert!(hub.gate("hub/other#1").is_pending(), "what it does not cover is left alone");
        assert_eq!(hub.with(|hall| hall.cancels.clone()), cancels);
        assert!(log(dir.path()).contains(r#""end":"expired""#));
    }
}

#[tokio::test]
async fn a_grant_that_ended_while_nobody_was_there_approves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Hub::new(vec![core(&gate(0))]);
    let (desk, _news) = open(dir.path(), &hub, limits());
    approve_run(&desk, &hub, Span::secs(1)).await;
    drop(desk);
    while crate::sys::clock::now().wall < hub.gate(&gate(0)).votes[0].at + Span::secs(1) {
        tokio::task::yield_now().await;
    }
    hub.comes(core(&gate(1)));
    let (late, mut news) = open(dir.path(), &hub, limits());
    late.watch();
    until_told(&late, &mut news, "ended").await;
    assert!(hub.gate(&gate(1)).is_pending());
    assert_eq!(hub.with(|hall| hall.sent.len()), 1);
}

#[tokio::test]
async fn two_processes_on_one_state_folder_are_one_guard() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Hub::new(vec![core(&gate(0))]);
    hub.with(|hall| hall.later = (1..5).map(|n| core(&gate(n))).collect());
    let (first, mut told_first) = open(dir.path(), &hub, limits());
    let (second, mut told_second) = open(dir.path(), &hub, limits());
    first.watch();
    while !matches!(told_first.recv().await, Some(News::Guard(GuardState::Here))) {}
    second.watch();
    while !matches!(told_second.recv().await, Some(News::Guard(GuardState::Elsewhere))) {}
    // The approval goes through the process that is not the guard.
    approve_run(&second, &hub, Span::mins(30)).await;
    until_told(&first, &mut told_first, "pass 4 of 8").await;
    assert_eq!(hub.with(|hall| hall.sent.len()), 5, "each gate once");
    // Before Ctrl-Z the seat is given up, and the other one goes on.
    first.run(crate::desk::news::Errand::GiveUpGuard);
    hub.comes(core(&gate(5)));
    until_told(&second, &mut told_second, "pass 5 of 8").await;
    assert_eq!(hub.with(|hall| hall.sent.len()), 6);
}

#[tokio::test]
async fn a_rule_for_two_people_is_refused_here_with_the_reason() {
    let two = POLICY.replace("count = 1", "count = 2").replace(r#"["alice"]"#, r#"["alice", "bob"]"#);
    let policy = Some(crate::policy::Policy::parse(&two, "policy.toml").unwrap());
    let dir = tempfile::tempdir().unwrap();
    let hub = Hub::new(vec![core(&gate(0))]);
    let (desk, _news) = open(dir.path(), &hub, Limits { policy, ..limits() });
    let outcome = desk.decide(hub.decision(&gate(0), Scope::Once, Span::mins(5))).await;
    let Outcome::Refused { why } = &outcome else { panic!("{outcome:?}") };
    let why = why.lossy();
    assert!(why.contains("asks for 2 of oncall") && why.contains("hub starts at the first vote"), "{why}");
    assert!(hub.with(|hall| hall.sent.is_empty()));
}

#[tokio::test]
async fn who_asked_does_not_approve_and_the_backend_has_the_last_no() {
    let dir = tempfile::tempdir().unwrap();
    let mut own = core(&gate(0));
    own.identities[0].name = "alice-gh".into();
    let hub = Hub::new(vec![own, core(&gate(1))]);
    hub.change(&gate(1), |r| r.can = Can::No { why: "not among the reviewers".into() });
    let (desk, _news) = open(dir.path(), &hub, limits());
    for (n, says) in [(0, "you asked for it yourself"), (1, "not among the reviewers")] {
        let outcome = desk.decide(hub.decision(&gate(n), Scope::Once, Span::mins(5))).await;
        assert!(matches!(&outcome, Outcome::Refused { why } if why.lossy().contains(says)), "{outcome:?}");
    }
    assert!(hub.with(|hall| hall.sent.is_empty()));
}

#[tokio::test]
async fn what_waits_past_its_deadline_is_rejected_or_left_as_configured() {
    for (reject_overdue, says, state) in [
        (true, "waited longer than 1s: rejected", State::Rejected),
        (false, "waited longer than 1s: left to wait", State::Pending),
    ] {
        let dir = tempfile::tempdir().unwrap();
        // What the backend says of its age is the age of its run.
        let hub = Hub::new(vec![core(&gate(0))]);
        hub.change(&gate(0), |r| r.created_at = r.created_at - Span::hours(9));
        let limits = Limits { pending_ttl: Some(Span::secs(1)), reject_overdue, guard: true, ..Limits::default() };
        let (desk, mut news) = open(dir.path(), &hub, limits);
        desk.watch();
        let due = loop {
            if let Some(News::Requests { changed, .. }) = news.recv().await {
                break changed[0].due.unwrap();
            }
        };
        assert!(due > crate::sys::clock::now().wall - Span::secs(1), "it counts from the first sight");
        until_told(&desk, &mut news, says).await;
        assert_eq!(hub.gate(&gate(0)).state, state);
        let sent = hub.with(|hall| hall.sent.clone());
        assert!(sent.iter().all(|d| d.comment.lossy() == "AUTO by guard: nobody decided it within 1s"));
    }
}
