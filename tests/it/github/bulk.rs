//! Many decisions over a desk: what goes out as one, what one costs, and a bulk that is interrupted.

use std::collections::BTreeSet;
use std::time::Duration;

use jit_tui::desk::look_ups::Actions;
use jit_tui::desk::news::{Errand, News, Step};
use jit_tui::desk::{Desk, Keep, Limits, Setup};
use jit_tui::domain::ids::RequestKey;
use jit_tui::domain::outcome::Outcome;
use jit_tui::domain::request::State;
use jit_tui::domain::text::SafeText;
use tokio::sync::mpsc::Receiver;

use super::*;

fn open(state: &Path, github: &Arc<dyn Backend>) -> (Desk, Receiver<News>) {
    open_all(state, vec![Arc::clone(github)])
}

/// A desk over these backends.
pub fn open_all(state: &Path, backends: Vec<Arc<dyn Backend>>) -> (Desk, Receiver<News>) {
    let setup = Setup {
        backends,
        state: state.to_owned(),
        poll_every: Span::secs(1),
        evidence: Keep { time: Duration::from_secs(60), bytes: 1 << 20 },
        limits: Limits::default(),
        actions: Actions::nobody(),
        origin: None,
    };
    Desk::open(setup).unwrap()
}

/// Everything that waits, as this desk shows it.
async fn queue(desk: &Desk) -> Vec<Arc<Request>> {
    desk.backends().next().unwrap().poll(None).await.unwrap().changed
}

fn approve_all(desk: &Desk, queue: &[Arc<Request>]) {
    let decide = |r: &Arc<Request>| {
        let id = desk.new_decision_id().unwrap();
        desk.run(Errand::Decide(Box::new(Decision { id, ..decision(r, Ballot::Approve, "all of them") })));
    };
    queue.iter().for_each(decide);
}

/// The next end of a decision: its outcome, or why nothing was sent.
async fn end(news: &mut Receiver<News>) -> (RequestKey, Result<Outcome, SafeText>) {
    loop {
        match news.recv().await.expect("the desk goes on") {
            News::Decision { key, step: Step::Done(outcome), .. } => return (key, Ok(outcome)),
            News::Decision { key, step: Step::Dropped(why), .. } => return (key, Err(why)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn two_environments_of_a_run_in_one_bulk_are_one_write_at_the_pace_of_github() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    world.add_run(repo, &[&["production", "staging"]]);
    let scene = Scene::with(world, "organisations = [\"acme\"]\npace = \"1s\"").await;
    let home = tempfile::tempdir().unwrap();
    let (desk, mut news) = open(home.path(), &scene.github);
    approve_all(&desk, &queue(&desk).await);
    for _ in 0..2 {
        let (key, outcome) = end(&mut news).await;
        assert!(matches!(&outcome, Ok(outcome) if outcome.is_success()), "{key}: {outcome:?}");
    }
    let world = scene.fake.world();
    assert_eq!(posts(&world), 1, "{:?}", world.calls);
    assert_eq!(world.runs[0].reviews[0].environments.len(), 2);
}

#[tokio::test]
async fn a_decision_of_the_console_is_one_reading_one_write_one_reading() {
    let scene = Scene::of(one_gate()).await;
    let home = tempfile::tempdir().unwrap();
    let (desk, mut news) = open(home.path(), &scene.github);
    let queue = queue(&desk).await;
    scene.fake.world().take_calls();
    approve_all(&desk, &queue);
    assert!(end(&mut news).await.1.unwrap().is_success());
    desk.settled().await;
    let calls: Vec<String> = scene.fake.world().calls.iter().map(|c| format!("{} {}", c.method, c.path)).collect();
    assert_eq!(calls.len(), 7, "three reads in parallel, the write, three reads in parallel: {calls:#?}");
}

fn fifty_runs_over_twenty_repositories() -> World {
    let mut world = World::default();
    let ids: Vec<u64> = (0..20).map(|n| world.add_repo(&format!("acme/repo-{n}"))).collect();
    for n in 0..50 {
        world.add_run(ids[n % 20], &[&["production"]]);
    }
    world
}

#[tokio::test]
async fn fifty_runs_over_twenty_repositories_have_a_result_each() {
    let scene = Scene::of(fifty_runs_over_twenty_repositories()).await;
    let home = tempfile::tempdir().unwrap();
    let (desk, mut news) = open(home.path(), &scene.github);
    let queue = queue(&desk).await;
    assert_eq!(queue.len(), 50);
    // Somebody else was quicker with one of them.
    let first = scene.fake.world().runs[0].id;
    scene.fake.world().answered_by("dan", first, "production", true);
    approve_all(&desk, &queue);
    let mut ends = Vec::new();
    while ends.len() < 50 {
        ends.push(end(&mut news).await);
    }
    let rows: BTreeSet<&RequestKey> = ends.iter().map(|(key, _)| key).collect();
    assert_eq!(rows.len(), 50, "one result a row");
    let approved = Outcome::Final { state: State::Approved };
    assert_eq!(ends.iter().filter(|(_, end)| *end == Ok(approved.clone())).count(), 49);
    let already = |end: &Result<Outcome, SafeText>| matches!(end, Ok(Outcome::AlreadyDecided { by, .. }) if by.lossy().contains("dan"));
    assert_eq!(ends.iter().filter(|(_, end)| already(end)).count(), 1);
    let world = scene.fake.world();
    assert!(world.runs.iter().all(|run| run.reviews.len() == 1));
    assert_eq!(posts(&world), 49, "the one that was decided already is not sent");
}

#[tokio::test]
async fn a_bulk_that_is_interrupted_says_what_was_not_sent_and_goes_on_without_sending_twice() {
    // The pace lets one in a second: in the middle most of them wait for their turn.
    let world = fifty_runs_over_twenty_repositories();
    let scene = Scene::with(world, "organisations = [\"acme\"]\npace = \"1s\"").await;
    let home = tempfile::tempdir().unwrap();
    let (desk, mut news) = open(home.path(), &scene.github);
    approve_all(&desk, &queue(&desk).await);
    let mut ends = vec![end(&mut news).await, end(&mut news).await];
    desk.take_all_back(&SafeText::lit("the console was left"));
    while ends.len() < 50 {
        ends.push(end(&mut news).await);
    }
    desk.settled().await;
    drop((desk, news));
    let sent = ends.iter().filter(|(_, end)| matches!(end, Ok(outcome) if outcome.is_success())).count();
    let not_sent = ends.iter().filter(|(_, end)| matches!(end, Err(why) if why.as_str() == "the console was left"));
    assert_eq!(not_sent.count(), 50 - sent, "every other row says that nothing was sent: {ends:#?}");
    assert!((2..10).contains(&sent), "{sent}");
    assert_eq!(posts(&scene.fake.world()), sent);

    // Another console of the same folder goes on: nothing is left to be settled, and only what waits is decided.
    let (desk, mut news) = open(home.path(), &scene.another());
    desk.watch();
    let rest = loop {
        if let Some(News::Requests { changed, whole: true, .. }) = news.recv().await {
            break changed;
        }
    };
    assert_eq!(rest.len(), 50 - sent);
    approve_all(&desk, &rest);
    for _ in 0..rest.len() {
        let (key, outcome) = end(&mut news).await;
        assert!(matches!(&outcome, Ok(outcome) if outcome.is_success()), "{key}: {outcome:?}");
    }
    let world = scene.fake.world();
    assert_eq!(posts(&world), 50);
    assert!(world.runs.iter().all(|run| run.reviews.len() == 1), "nothing is sent twice");
}
