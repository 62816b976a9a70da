//! Decisions: sent once, read again, and settled where the answer is lost.

use axum::http::Method;
use jit_tui::backends::port::Trouble;
use jit_tui::decide;
use jit_tui::domain::outcome::Outcome;
use jit_tui::domain::request::State;

use super::fake::{Fault, millis};
use super::*;

#[tokio::test]
async fn an_approval_is_one_write_and_one_reading_again() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    scene.fake.world().take_calls();
    let decision = decision(&request, Ballot::Approve, "INC-2291 roll forward");
    let read = scene.github.read(request.key()).await.unwrap();
    assert_eq!((read.digest(), read.evidence.digest), (request.digest(), request.evidence.digest));
    let outcome = scene.github.decide(&decision, "").await.unwrap();
    assert_eq!(outcome, Outcome::Final { state: State::Approved });

    let world = scene.fake.world();
    let calls: Vec<String> = world.calls.iter().map(|c| format!("{} {}", c.method, c.path)).collect();
    let run = format!("/repos/acme/shop/actions/runs/{}", world.runs[0].id);
    let reading = |calls: &[String]| {
        let mut calls = calls.to_vec();
        calls.sort();
        assert_eq!(
            calls,
            [format!("GET {run}"), format!("GET {run}/approvals"), format!("GET {run}/pending_deployments")]
        );
    };
    assert_eq!(calls.len(), 7, "{calls:?}");
    reading(&calls[..3]);
    assert_eq!(calls[3], format!("POST {run}/pending_deployments"));
    reading(&calls[4..]);
    let comment = &world.runs[0].reviews[0].comment;
    let line = format!("jit-tui: approve, scope once, start by 10m, decision {}", decision.id);
    assert_eq!(*comment, format!("INC-2291 roll forward\n\n{line}"));
}

#[tokio::test]
async fn a_rejection_ends_the_run() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let outcome = scene.github.decide(&decision(&request, Ballot::Reject, "not now"), "").await.unwrap();
    assert_eq!(outcome, Outcome::Final { state: State::Rejected });
    assert!(scene.queue().await.is_empty());
    let vote = &scene.github.read(request.key()).await.unwrap().votes[0];
    assert_eq!((vote.ballot, vote.by.subject.clone()), (Ballot::Reject, Text::from("alice")));
}

#[tokio::test]
async fn several_environments_of_a_run_go_out_as_one() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    world.add_run(repo, &[&["production", "staging"]]);
    let scene = Scene::of(world).await;
    let (one, two) = (scene.one("production").await, scene.one("staging").await);
    let (one, two) = (decision(&one, Ballot::Approve, "both"), decision(&two, Ballot::Approve, "both"));
    let (a, b) = tokio::join!(scene.github.decide(&one, ""), scene.github.decide(&two, ""));
    assert!(a.unwrap().is_success() && b.unwrap().is_success());
    let world = scene.fake.world();
    assert_eq!(posts(&world), 1);
    let comment = &world.runs[0].reviews[0].comment;
    assert!(comment.contains(one.id.as_str()) && comment.contains(two.id.as_str()), "{comment}");
}

#[tokio::test]
async fn whoever_was_quicker_is_named() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let run = scene.fake.world().runs[0].id;
    scene.fake.world().answered_by("dan", run, "production", true);
    let refused = scene.github.decide(&decision(&request, Ballot::Reject, "no"), "").await.unwrap_err();
    assert_eq!(refused.trouble, Trouble::Refused);
    assert!(refused.message.as_str().contains("No pending deployment requests"), "{refused}");
    let now = scene.github.read(request.key()).await.unwrap();
    assert_eq!((now.state.clone(), now.votes[0].by.subject.clone()), (State::Approved, Text::from("dan")));
    assert_eq!(now.digest(), request.digest(), "what was decided is what was shown");
}

#[tokio::test]
async fn a_race_of_githubs_own_is_tried_once_more_after_reading() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let race = |times| {
        let body = "{\"message\":\"There was a problem approving one of the gates\"}".to_owned();
        scene.fake.world().break_next(Method::POST, "pending_deployments", times, Fault::Status(422, vec![], body));
    };
    race(2);
    let refused = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap_err();
    assert_eq!(refused.trouble, Trouble::Refused, "once more, and no oftener");
    race(1);
    let outcome = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap();
    assert!(outcome.is_success(), "{}", outcome.words());
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_id_in_the_comment() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    scene.fake.world().break_next(Method::POST, "pending_deployments", 1, Fault::Lost);
    let decision = decision(&request, Ballot::Approve, "");
    let fault = scene.github.decide(&decision, "").await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::NoAnswer, "{fault}");
    let now = scene.github.read(request.key()).await.unwrap();
    let settled = decide::settle(&decision, &now, Span::secs(1)).unwrap();
    assert_eq!(settled, Outcome::Final { state: State::Approved });
}

#[tokio::test]
async fn an_answer_without_an_id_proves_nobody() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let run = scene.fake.world().runs[0].id;
    scene.fake.world().answered_by("alice", run, "production", true);
    let now = scene.github.read(request.key()).await.unwrap();
    let settled = decide::settle(&decision(&request, Ballot::Approve, ""), &now, Span::secs(60)).unwrap();
    assert!(matches!(settled, Outcome::AlreadyDecided { .. }), "{}", settled.words());
}

#[tokio::test]
async fn with_rest_used_up_graphql_decides_the_very_run_that_was_read() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    scene.fake.world().rest.remaining = 0;
    // The first call learns it.
    let fault = scene.github.read(request.key()).await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Limited);
    let read = scene.github.read(request.key()).await.unwrap();
    assert_eq!(read.digest(), request.digest());
    let outcome = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap();
    assert_eq!(scene.fake.world().runs[0].reviews.len(), 1);
    assert_eq!(outcome, Outcome::Final { state: State::Approved }, "the id in the comment proves it, over GraphQL too");
}

/// Calls of REST are used up, and the console knows it.
async fn rest_used_up(scene: &Scene, request: &Request) {
    scene.fake.world().rest.remaining = 0;
    let fault = scene.github.read(request.key()).await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Limited);
    scene.fake.world().take_calls();
}

#[tokio::test]
async fn with_rest_used_up_a_lost_answer_is_settled_over_graphql() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    rest_used_up(&scene, &request).await;
    scene.github.read(request.key()).await.unwrap();
    // The reading before the mutation goes through, the mutation's own answer is lost.
    scene.fake.world().break_next(Method::POST, "/graphql", 1, Fault::Slow(millis(1)));
    scene.fake.world().break_next(Method::POST, "/graphql", 1, Fault::Lost);
    let decision = decision(&request, Ballot::Approve, "");
    let fault = scene.github.decide(&decision, "").await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::NoAnswer, "{fault}");
    let now = scene.github.read(request.key()).await.unwrap();
    assert_eq!(decide::settle(&decision, &now, Span::secs(1)), Some(Outcome::Final { state: State::Approved }));
    let world = scene.fake.world();
    assert_eq!(world.runs[0].reviews.len(), 1, "once");
    assert!(world.calls.iter().all(|call| call.path == "/graphql"), "{:?}", world.calls);
}

#[tokio::test]
async fn with_rest_used_up_whoever_was_quicker_is_named_over_graphql() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    rest_used_up(&scene, &request).await;
    let run = scene.fake.world().runs[0].id;
    scene.fake.world().answered_by("dan", run, "production", false);
    let now = scene.github.read(request.key()).await.unwrap();
    assert_eq!((now.state.clone(), now.votes[0].by.subject.clone()), (State::Rejected, Text::from("dan")));
    let fault = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Changed, "{fault}");
    assert_eq!(scene.fake.world().runs[0].reviews.len(), 1);
}

#[tokio::test]
async fn with_rest_used_up_a_later_wave_is_never_decided_for_the_one_that_was_shown() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let run = world.add_run(repo, &[&["production"], &["production"]]);
    let scene = Scene::of(world).await;
    let request = scene.one("production").await;
    rest_used_up(&scene, &request).await;
    scene.fake.world().answered_by("dan", run, "production", true);
    let fault = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Changed, "{fault}");
    assert_eq!(scene.fake.world().runs[0].reviews.len(), 1, "dan's, and none for the wave after it");
}

#[tokio::test]
async fn with_rest_used_up_a_run_that_moved_is_not_decided() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    {
        let mut world = scene.fake.world();
        world.rest.remaining = 0;
        world.runs[0].updated = world.now();
    }
    drop(scene.github.read(request.key()).await);
    let fault = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Limited, "{fault}");
    assert!(scene.fake.world().runs[0].reviews.is_empty());
}

#[tokio::test]
async fn a_write_is_never_sent_on_to_where_a_redirect_points() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    {
        let repo = &mut scene.fake.world().repos[0];
        repo.old_names.push(std::mem::replace(&mut repo.full_name, "acme/store".to_owned()));
    }
    let decision = decision(&request, Ballot::Approve, "");
    let fault = scene.github.decide(&decision, "").await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Changed, "{fault}");
    assert!(scene.fake.world().runs[0].reviews.is_empty());
    let now = scene.github.read(request.key()).await.unwrap();
    assert_eq!(now.core.repository.value, Text::from("acme/store"));
    assert_ne!(now.digest(), request.digest(), "a moved repository is looked at again");
    let again = Decision { request_digest: now.digest(), ..decision };
    assert!(scene.github.decide(&again, "").await.unwrap().is_success(), "planned anew");
}

#[tokio::test]
async fn writes_keep_their_pace() {
    let mut world = World { latency: millis(1), ..World::default() };
    let repo = world.add_repo("acme/shop");
    for _ in 0..3 {
        world.add_run(repo, &[&["production"]]);
    }
    let scene = Scene::with(world, "organisations = [\"acme\"]\npace = \"1s\"").await;
    let all: Vec<_> = scene.queue().await.iter().map(|r| decision(r, Ballot::Approve, "")).collect();
    let began = std::time::Instant::now();
    let sends = all.iter().map(|d| scene.github.decide(d, ""));
    let outcomes = futures_util::future::join_all(sends).await;
    assert!(outcomes.into_iter().all(|o| o.unwrap().is_success()));
    assert!(began.elapsed() >= std::time::Duration::from_secs(2), "three writes, a second between each two");
}

#[tokio::test]
async fn what_the_person_can_do_by_hand_is_said() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let by_hand = scene.github.by_hand(&request, Ballot::Approve);
    let command = by_hand.command.unwrap().lossy().into_owned();
    assert!(command.contains("-X POST repos/acme/shop/actions/runs/880000/pending_deployments"), "{command}");
    assert!(command.contains("'environment_ids[]=100001' -f state=approved"), "{command}");
    assert!(by_hand.page.unwrap().lossy().ends_with("/acme/shop/actions/runs/880000"));
}

#[tokio::test]
async fn a_run_can_be_cancelled() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    scene.github.cancel_run(request.key(), false).await.unwrap();
    assert_eq!(scene.github.read(request.key()).await.unwrap().state, State::Cancelled);
    let again = scene.github.cancel_run(request.key(), true).await.unwrap_err();
    assert_eq!(again.trouble, Trouble::Refused, "{again}");
}
