//! Stories of decisions that wait: for their turn, or for a backend that takes no call; and of a thousand at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Limits;
use super::guard::testing::{Hub, core, limited, log, open};
use super::news::{Errand, News, Step};
use crate::domain::decision::Decision;
use crate::domain::ids::DecisionId;
use crate::domain::outcome::Outcome;
use crate::domain::request::State;
use crate::domain::scope::Scope;
use crate::domain::text::SafeText;
use crate::domain::time::Span;

fn hub(gates: usize) -> Hub {
    Hub::plain((0..gates).map(|n| core(&key(n))).collect(), |_| {})
}

fn key(n: usize) -> String {
    format!("hub/gate{n}#1")
}

fn decision(hub: &Hub, n: usize) -> Decision {
    hub.decision(&key(n), Scope::Once, Span::mins(5))
}

/// The next step of any decision.
async fn step(news: &mut mpsc::Receiver<News>) -> (DecisionId, Step) {
    loop {
        if let News::Decision { id, step, .. } = news.recv().await.expect("the desk goes on") {
            return (id, step);
        }
    }
}

fn sent(hub: &Hub) -> usize {
    hub.with(|hall| hall.sent.len())
}

#[tokio::test]
async fn a_backend_that_takes_no_call_is_waited_for_and_everything_is_compared_again() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(hub(1));
    hub.with(|hall| hall.faults = vec![limited(Span::secs(1))]);
    let (desk, mut news) = open(dir.path(), &hub, Limits::default());
    desk.run(Errand::Decide(Box::new(decision(&hub, 0))));
    let mut steps = Vec::new();
    while !matches!(steps.last(), Some(Step::Done(_))) {
        steps.push(step(&mut news).await.1);
    }
    assert!(matches!(&steps[1], Step::Waits { why, .. } if why.as_str() == "the limit is used up"), "{steps:?}");
    assert!(matches!(steps.last(), Some(Step::Done(outcome)) if outcome.is_success()), "{steps:?}");
    assert_eq!(hub.with(|hall| hall.reads), 2, "read again before it is sent");
}

#[tokio::test]
async fn what_changed_during_the_countdown_is_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(hub(1));
    hub.with(|hall| hall.faults = vec![limited(Span::secs(1))]);
    let (desk, mut news) = open(dir.path(), &hub, Limits::default());
    desk.run(Errand::Decide(Box::new(decision(&hub, 0))));
    loop {
        match step(&mut news).await.1 {
            Step::Waits { .. } => {
                hub.change(&key(0), |r| r.evidence.digest = crate::domain::digest::Digest::of(b"new"))
            }
            Step::Done(outcome) => return assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn nobody_waits_longer_than_two_minutes() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(hub(1));
    hub.with(|hall| hall.faults = vec![limited(Span::mins(20))]);
    let (desk, _news) = open(dir.path(), &hub, Limits::default());
    let outcome = desk.decide(decision(&hub, 0)).await;
    let Outcome::Refused { why } = &outcome else { panic!("{outcome:?}") };
    let why = why.lossy();
    assert!(why.contains("nothing was sent: the limit is used up; hub takes decisions again"), "{why}");
    assert_eq!(sent(&hub), 0);
}

#[tokio::test]
async fn a_countdown_can_be_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(hub(1));
    hub.with(|hall| hall.faults = vec![limited(Span::mins(1))]);
    let (desk, mut news) = open(dir.path(), &hub, Limits::default());
    desk.run(Errand::Decide(Box::new(decision(&hub, 0))));
    loop {
        match step(&mut news).await {
            (id, Step::Waits { .. }) => desk.run(Errand::TakeBack(vec![id])),
            (_, Step::Done(Outcome::Refused { why })) => {
                assert_eq!(why, *"nothing was sent: taken back");
                break;
            }
            (_, other) => assert!(matches!(other, Step::Sending), "{other:?}"),
        }
    }
    assert_eq!(sent(&hub), 0);
    assert!(log(dir.path()).contains(r#""kind":"outcome""#), "the intent is closed");
}

#[tokio::test]
async fn what_waits_for_its_turn_is_not_intended_and_can_be_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(Hub { pace: Span::hours(1), ..hub(4) });
    let (desk, mut news) = open(dir.path(), &hub, Limits::default());
    for n in 0..4 {
        desk.run(Errand::Decide(Box::new(decision(&hub, n))));
    }
    let (mut queued, mut done) = (Vec::new(), 0);
    while queued.len() < 3 || done < 1 {
        match step(&mut news).await {
            (id, Step::Queued) => queued.push(id),
            (_, Step::Done(_)) => done += 1,
            _ => {}
        }
    }
    let intents = |log: &str| log.matches(r#""kind":"intent""#).count();
    assert_eq!((intents(&log(dir.path())), sent(&hub)), (1, 1), "only the one that is sent is intended");
    let first = queued.remove(0);
    desk.run(Errand::TakeBack(vec![first.clone()]));
    assert_eq!(step(&mut news).await, (first, Step::Dropped(SafeText::lit("taken back"))));
    desk.take_all_back(&SafeText::lit("left"));
    desk.settled().await;
    let log = log(dir.path());
    assert_eq!((log.matches(r#""kind":"dropped""#).count(), intents(&log), sent(&hub)), (3, 1, 1));
    let open = crate::audit::open_decisions(dir.path(), &[].into()).unwrap();
    assert_eq!(open, crate::audit::Open::default(), "nothing is left to be settled at the next start");
}

#[tokio::test]
async fn a_console_that_dies_leaves_what_was_not_sent_as_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(Hub { pace: Span::hours(1), ..hub(3) });
    let (desk, mut news) = open(dir.path(), &hub, Limits::default());
    let mut flights = Vec::new();
    for n in 0..3 {
        let (desk, decision) = (desk.clone(), decision(&hub, n));
        flights.push(tokio::spawn(async move { desk.decide(decision).await }));
    }
    let (mut queued, mut done) = (0, 0);
    while queued < 2 || done < 1 {
        match step(&mut news).await.1 {
            Step::Queued => queued += 1,
            Step::Done(_) => done += 1,
            _ => {}
        }
    }
    // The process dies: its tasks and claims are gone.
    for flight in flights {
        flight.abort();
        drop(flight.await);
    }
    drop((desk, news));
    let (again, mut news) = open(dir.path(), &hub, Limits::default());
    again.watch();
    let mut dropped = 0;
    while dropped < 2 {
        if let Some(News::Notice(words)) = news.recv().await {
            assert!(words.as_str().contains("nothing was sent"), "{words}");
            dropped += 1;
        }
    }
    assert_eq!(sent(&hub), 1);
}

/// Reads, writes and what else it costs are counted; the time is for the bench.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_decisions_cost_three_calls_each_and_no_more_than_a_hundred_are_on_their_way() {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(Hub { slow: Duration::from_millis(2), ..hub(1000) });
    let (desk, mut news) = open(dir.path(), &hub, Limits::default());
    for n in 0..1000 {
        desk.run(Errand::Decide(Box::new(decision(&hub, n))));
    }
    let mut done = 0;
    while done < 1000 {
        if let Step::Done(outcome) = step(&mut news).await.1 {
            assert_eq!(outcome, Outcome::Final { state: State::Approved });
            done += 1;
        }
    }
    desk.settled().await;
    let (reads, sent, heads, most) = hub.with(|h| (h.reads, h.sent.len(), h.heads, h.most_at_once));
    assert_eq!((reads, sent), (1000, 1000), "one read before, one write that reads what came of it");
    assert!(heads < 1000, "heads are exchanged for a burst, not for each: {heads}");
    assert!(most <= 100, "{most}");
    let log = log(dir.path());
    let count = |kind: &str| log.matches(&format!(r#""kind":"{kind}""#)).count();
    assert_eq!((count("intent"), count("outcome")), (1000, 1000));
}
