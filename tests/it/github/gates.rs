//! The kinds of gates, and who may decide at them.

use jit_tui::domain::principal::{Role, Source};
use jit_tui::domain::request::State;

use super::fake::Call;
use super::*;

#[tokio::test]
async fn a_request_says_what_would_run_and_who_asks() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let core = &request.core;
    assert_eq!(core.repository.value, Text::from("acme/shop"));
    assert_eq!((core.repository.source, core.environment.source), (Source::Forge, Source::Forge));
    let asker = core.requester().unwrap();
    assert_eq!((asker.name.clone(), asker.role, asker.source), (Text::from("bob"), Role::Requester, Source::Forge));
    let workflow = core.workflow.as_ref().unwrap();
    assert_eq!((workflow.path.clone(), workflow.blob.is_empty()), (Text::from(".github/workflows/deploy.yml"), false));
    assert!(core.command.is_none() && core.clean && core.nonce.is_none());
    assert_eq!(request.can, Can::Yes { starts: true });
    assert_eq!(fact(&request, "reviewers"), "alice");
    assert_eq!(fact(&request, "head commit"), "by bob, as the commit claims; signed by bob, verified");
    assert!(request.due.unwrap() > request.created_at);
    assert!(!request.findings.is_empty(), "what nobody has read is never green");
}

#[tokio::test]
async fn why_one_may_not_decide_stands_there_before_the_key() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let [production, staging] = &mut world.repo_mut(repo).environments[..] else { panic!() };
    production.app = Some("change-freeze".to_owned());
    staging.reviewers = vec!["carol".to_owned()];
    world.add_run(repo, &[&["production", "staging"]]);
    let scene = Scene::of(world).await;
    assert_eq!(why_not(&*scene.one("production").await), "held by the app change-freeze: only it can answer");
    assert_eq!(fact(&*scene.one("production").await, "held by"), "the app change-freeze");
    assert_eq!(why_not(&*scene.one("staging").await), "you are none of its reviewers: carol");
}

#[tokio::test]
async fn a_wait_timer_and_a_prevented_self_review_are_told_as_such() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let [production, staging] = &mut world.repo_mut(repo).environments[..] else { panic!() };
    (production.wait_timer, production.reviewers) = (30, Vec::new());
    staging.prevent_self = true;
    let run = world.add_run(repo, &[&["production", "staging"]]);
    world.run_mut(run).unwrap().actor = "alice".to_owned();
    let scene = Scene::of(world).await;
    scene.github.session().await.unwrap();
    assert!(why_not(&*scene.one("production").await).starts_with("GitHub's wait timer runs until 2"));
    assert!(why_not(&*scene.one("staging").await).contains("prevents self-review"));
}

#[tokio::test]
async fn a_run_of_an_outside_pull_request_can_be_started_and_not_rejected() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let run = world.add_fork_run(repo);
    let scene = Scene::of(world).await;
    let request = scene.one("").await;
    assert!(request.no_reject.is_some());
    assert_eq!(fact(&request, "from"), "another repository: mallory/shop");
    assert!(request.core.workflow.is_none(), "its workflow file is not the one at head");
    let refused = scene.github.decide(&decision(&request, Ballot::Reject, "no"), "").await.unwrap_err();
    assert!(refused.message.as_str().contains("no call that rejects"), "{refused}");
    let outcome = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap();
    assert_eq!(outcome.words().as_str(), "approved");
    assert_eq!(scene.fake.world().run(run).unwrap().status, "queued");
    assert!(scene.queue().await.is_empty());
}

#[tokio::test]
async fn a_server_that_is_too_old_for_a_call_is_told_as_that() {
    let mut world = World { has_fork_approval: false, has_graphql: false, ..World::default() };
    let repo = world.add_repo("acme/shop");
    world.add_fork_run(repo);
    let scene = Scene::of(world).await;
    let request = scene.one("").await;
    let refused = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap_err();
    assert!(refused.mend.as_str().contains("too old"), "{} {}", refused.message, refused.mend);
}

#[tokio::test]
async fn without_graphql_the_requests_are_the_same() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    scene.fake.world().has_graphql = false;
    let over_rest = scene.another().poll(None).await.unwrap().changed;
    assert_eq!(over_rest.len(), 1);
    assert_eq!((over_rest[0].key(), over_rest[0].digest()), (request.key(), request.digest()));
}

#[tokio::test]
async fn sequential_jobs_ask_again_as_requests_of_their_own() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    world.add_run(repo, &[&["production"], &["production"]]);
    let scene = Scene::of(world).await;
    let first = scene.one("production").await;
    let approved = scene.github.decide(&decision(&first, Ballot::Approve, ""), "").await.unwrap();
    assert_eq!(approved.words().as_str(), "approved");
    let second = scene.one("production").await;
    assert_ne!(second.key(), first.key());
    assert_eq!(scene.github.read(first.key()).await.unwrap().state, State::Approved);
    assert_eq!(scene.github.read(second.key()).await.unwrap().state, State::Pending);
    let late = scene.github.decide(&decision(&second, Ballot::Approve, ""), "").await.unwrap();
    assert_eq!(late.words().as_str(), "approved");
    assert!(scene.queue().await.is_empty());
}

#[tokio::test]
async fn a_rerun_is_another_request() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let run = scene.fake.world().runs[0].id;
    scene.fake.world().run_mut(run).unwrap().attempt = 2;
    assert_eq!(scene.github.read(request.key()).await.unwrap().state, State::Gone);
    assert_eq!(scene.one("production").await.key().attempt, 2);
}

#[tokio::test]
async fn what_nobody_answered_for_thirty_days_is_gone() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    scene.fake.world().ahead = jiff::SignedDuration::from_hours(24 * 31);
    assert!(scene.queue().await.is_empty());
    let state = scene.github.read(request.key()).await.unwrap().state;
    assert!(matches!(state, State::Unknown(_)), "GitHub names no answer: {state:?}");
}

#[tokio::test]
async fn repositories_are_named_in_every_way_and_left_out() {
    let mut world = World::default();
    for name in ["acme/shop", "acme/pay-api", "acme/pay-old", "acme/platform-x", "umbrella/web", "solo/tool"] {
        let repo = world.add_repo(name);
        world.add_run(repo, &[&["production"]]);
    }
    world.repos[0].archived = true;
    let scene = Scene::of(world).await;
    for (keys, names) in [
        ("repositories = [\"acme/pay-*\", \"solo/tool\"]", &["acme/pay-api", "acme/pay-old", "solo/tool"][..]),
        ("organisations = [\"acme\"]\nexclude = [\"acme/*-old\"]", &["acme/pay-api", "acme/platform-x"]),
        ("teams = [\"acme/platform\"]", &["acme/platform-x"]),
        ("all = true\nexclude = [\"acme/*\"]", &["solo/tool", "umbrella/web"]),
        ("", &["acme/pay-api", "acme/pay-old", "acme/platform-x", "solo/tool", "umbrella/web"]),
        ("repositories = [\"*/tool\"]", &["solo/tool"]),
    ] {
        let poll = open_at(&scene.fake.address, keys).poll(None).await.unwrap();
        let mut found: Vec<String> =
            poll.changed.iter().map(|r| r.core.repository.value.lossy().into_owned()).collect();
        found.sort();
        assert_eq!(found, names, "{keys}");
    }
}

#[tokio::test]
async fn a_list_of_several_pages_is_read_to_its_end() {
    let mut world = World::default();
    for n in 0..250 {
        world.add_repo(&format!("acme/repo-{n}"));
    }
    for _ in 0..230 {
        world.add_run(1000, &[&["production"]]);
    }
    let scene = Scene::of(world).await;
    assert_eq!(scene.queue().await.len(), 230);
    let calls = scene.fake.world().take_calls();
    let pages = |end: &str| calls.iter().filter(|c: &&Call| c.path.ends_with(end)).count();
    assert_eq!(pages("/orgs/acme/repos"), 3);
}
