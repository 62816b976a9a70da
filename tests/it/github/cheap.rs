//! What polling costs.

use super::fake::{Call, World};
use super::*;

fn large(repos: usize, waiting: usize) -> World {
    let mut world = World::default();
    let ids: Vec<u64> = (0..repos).map(|n| world.add_repo(&format!("acme/repo-{n}"))).collect();
    for n in 0..waiting {
        world.add_run(ids[n % repos], &[&["production"]]);
    }
    world
}

fn paid(calls: &[Call]) -> usize {
    calls.iter().filter(|c| c.status != 304 && c.path != "/graphql").count()
}

#[tokio::test]
async fn two_hundred_repositories_stay_under_a_third_of_the_hour() {
    let scene = Scene::of(large(200, 50)).await;
    let mut cursor = None;
    for n in 0..120 {
        if n % 4 == 3 {
            let mut world = scene.fake.world();
            let repo = world.repos[n].id;
            world.add_run(repo, &[&["staging"]]);
        }
        cursor = Some(scene.github.poll(cursor).await.unwrap().cursor);
    }
    let calls = scene.fake.world().take_calls();
    let rest = paid(&calls);
    assert!(rest < 5000 / 3, "{rest} calls in an hour of polls every 30 s");
    let graphql = calls.iter().filter(|c| c.path == "/graphql").count();
    assert!(graphql < 5000 / 3, "{graphql} calls of GraphQL");
    assert!(calls.iter().all(|c| c.method == "GET" || c.path == "/graphql"), "polling writes nothing");
}

#[tokio::test]
async fn an_unchanged_queue_is_free_and_downloads_nothing() {
    let scene = Scene::of(large(200, 500)).await;
    let first = scene.github.poll(None).await.unwrap();
    assert_eq!(first.changed.len(), 500);
    scene.fake.world().take_calls();
    let second = scene.github.poll(Some(first.cursor)).await.unwrap();
    assert!(second.changed.is_empty() && !second.whole);
    let calls = scene.fake.world().take_calls();
    assert!(calls.iter().all(|c| c.status == 304 && c.bytes == 0), "{:?}", calls.iter().find(|c| c.bytes > 0));
    assert_eq!(calls.len(), 200, "one conditional read a repository");
}

#[tokio::test]
async fn the_details_of_fifty_runs_are_one_call() {
    let scene = Scene::of(large(50, 50)).await;
    assert_eq!(scene.queue().await.len(), 50);
    let calls = scene.fake.world().take_calls();
    assert_eq!(calls.iter().filter(|c| c.path == "/graphql").count(), 1);
    assert!(!calls.iter().any(|c| c.path.ends_with("pending_deployments")));
}

#[tokio::test]
async fn only_what_changed_is_told_and_keeps_its_digest() {
    let scene = Scene::of(large(3, 3)).await;
    let first = scene.github.poll(None).await.unwrap();
    {
        let mut world = scene.fake.world();
        let repo = world.repos[1].id;
        world.add_run(repo, &[&["staging"]]);
    }
    let second = scene.github.poll(Some(first.cursor)).await.unwrap();
    assert!(!second.whole);
    let told: Vec<_> = second.changed.iter().map(|r| r.core.environment.value.clone()).collect();
    assert_eq!(told, [Text::from("staging")]);
    let again = scene.another().poll(None).await.unwrap();
    for request in &first.changed {
        let same = again.changed.iter().find(|r| r.key() == request.key()).unwrap();
        assert_eq!(same.digest(), request.digest(), "another console sees the same request");
    }
}

#[tokio::test]
async fn polling_rests_before_decisions_have_to() {
    let mut world = one_gate();
    world.rest.remaining = 503;
    let scene = Scene::of(world).await;
    let request = scene.one("production").await;
    let fault = scene.github.poll(None).await.unwrap_err();
    assert!(fault.message.as_str().contains("kept for decisions"), "{fault}");
    assert!(fault.retry_after.is_some());
    let outcome = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap();
    assert!(outcome.is_success(), "{}", outcome.words());
}

#[tokio::test]
async fn both_budgets_stand_beside_the_name_and_quiet_repositories_are_asked_less_often() {
    let scene = Scene::with(large(1, 0), "repositories = [\"acme/repo-0\"]\ninterval = \"30s\"").await;
    let poll = scene.github.poll(None).await.unwrap();
    assert_eq!(poll.next, Some(Span::secs(120)), "nothing waits");
    scene.fake.world().add_run(1000, &[&["production"]]);
    let poll = scene.github.poll(Some(poll.cursor)).await.unwrap();
    assert_eq!(poll.next, Some(Span::secs(30)), "something waits");
    assert!(poll.note.as_str().starts_with("REST 49") && poll.note.as_str().contains("GraphQL 49"), "{}", poll.note);
}
