//! Stories of the road: what is on disk before anything is sent, and what comes of faults.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;

use super::news::{Errand, News, Step};
use super::{Desk, Limits, Setup};
use crate::backends::port::{Answer, Backend, Capabilities, Fault, Poll, Session, Trouble};
use crate::decide::{Draft, build};
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::grant::Enforcer;
use crate::domain::ids::{BackendName, DecisionId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::{Assurance, Principal};
use crate::domain::request::{Ballot, Request, State};
use crate::domain::time::{Ms, Span};

const KEEP: super::Keep = super::Keep { time: std::time::Duration::from_secs(60), bytes: 1 << 20 };

type Script = Box<dyn Fn(&Decision) -> Result<Outcome, Fault> + Send + Sync>;

/// A backend with one request; what `decide` does is the test's own.
pub(in crate::desk) struct Fake {
    name: BackendName,
    request: Mutex<Request>,
    decide: Script,
    sent: AtomicUsize,
}

impl Fake {
    pub(in crate::desk) fn new(
        decide: impl Fn(&Decision) -> Result<Outcome, Fault> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let request = crate::domain::fixture::request("local/aa#1");
        Arc::new(Self {
            name: "local".parse().unwrap(),
            request: Mutex::new(request),
            decide: Box::new(decide),
            sent: AtomicUsize::new(0),
        })
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    fn set(&self, change: impl FnOnce(&mut Request)) {
        change(&mut self.request.lock().unwrap());
    }

    pub(in crate::desk) fn decision(&self) -> Decision {
        let draft = Draft::new(&self.request.lock().unwrap(), Ballot::Approve);
        build(Draft { comment: "why not".into(), ..draft }, DecisionId::new(Ms(1), [7; 10]), Ms(1))
    }
}

fn fault(trouble: Trouble) -> Fault {
    Fault::new(trouble, "scripted", "")
}

impl Backend for Fake {
    fn name(&self) -> &BackendName {
        &self.name
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities { binds_digest: true, idempotent: true, ..Capabilities::plain(Enforcer::Broker) }
    }
    fn session(&self) -> Answer<'_, Session> {
        let you = Principal {
            issuer: "broker".into(),
            subject: "t1".into(),
            assurance: Assurance::Bearer,
            person: Some("alice".parse().unwrap()),
        };
        async { Ok(Session { you, approver: true, same_user: false, now: Ms(0), notes: Vec::new() }) }.boxed()
    }
    fn poll(&self, _: Option<u64>) -> Answer<'_, Poll> {
        let request = Arc::new(self.request.lock().unwrap().clone());
        async { Ok(Poll { changed: vec![request], whole: true, cursor: 1, ..Poll::default() }) }.boxed()
    }
    fn read<'a>(&'a self, _: &'a RequestKey) -> Answer<'a, Request> {
        let request = self.request.lock().unwrap().clone();
        async { Ok(request) }.boxed()
    }
    fn evidence<'a>(&'a self, _: &'a RequestKey) -> Answer<'a, Evidence> {
        async { Ok(Evidence::default()) }.boxed()
    }
    fn blob<'a>(&'a self, _: &'a Digest, _: u64) -> Answer<'a, Vec<u8>> {
        async { Ok(Vec::new()) }.boxed()
    }
    fn decide<'a>(&'a self, decision: &'a Decision, _: &'a str) -> Answer<'a, Outcome> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let result = (self.decide)(decision);
        async { result }.boxed()
    }
}

fn open(state: &Path, backend: &Arc<Fake>) -> (Desk, tokio::sync::mpsc::Receiver<News>) {
    let backends = vec![Arc::clone(backend) as Arc<dyn Backend>];
    let (state, limits, actions) = (state.to_owned(), Limits::default(), super::look_ups::Actions::nobody());
    let poll_every = Span::secs(15);
    Desk::open(Setup { backends, state, poll_every, evidence: KEEP, limits, actions, origin: None }).unwrap()
}

fn log(state: &Path) -> String {
    std::fs::read_to_string(state.join("audit.jsonl")).unwrap_or_default()
}

pub(in crate::desk) fn approved(_: &Decision) -> Result<Outcome, Fault> {
    Ok(Outcome::Final { state: State::Approved })
}

#[tokio::test]
async fn the_intent_is_on_disk_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().to_owned();
    let looked = state.clone();
    let backend = Fake::new(move |decision| {
        let log = log(&looked);
        assert!(log.contains("\"kind\":\"intent\"") && log.contains(decision.id.as_str()), "{log}");
        approved(decision)
    });
    let (desk, _news) = open(&state, &backend);
    let outcome = desk.decide(backend.decision()).await;
    assert!(outcome.is_success());
    assert!(log(&state).contains("\"kind\":\"outcome\""));
    assert_eq!(std::fs::read_dir(state.join("intents")).unwrap().count(), 0, "no claim stays behind");
}

#[tokio::test]
async fn what_changed_since_it_was_shown_is_not_decided() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Fake::new(approved);
    let (desk, _news) = open(dir.path(), &backend);
    let decision = backend.decision();
    backend.set(|r| r.evidence.digest = Digest::of(b"another diff"));
    assert!(matches!(desk.decide(decision).await, Outcome::Changed { .. }));
    assert_eq!(backend.sent(), 0);
}

#[tokio::test]
async fn who_was_first_is_told_and_nothing_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Fake::new(approved);
    let (desk, _news) = open(dir.path(), &backend);
    backend.set(|r| r.state = State::Rejected);
    let outcome = desk.decide(backend.decision()).await;
    assert!(matches!(outcome, Outcome::AlreadyDecided { state: State::Rejected, .. }), "{outcome:?}");
    assert_eq!(backend.sent(), 0);
}

#[tokio::test]
async fn without_a_log_nothing_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Fake::new(approved);
    let (desk, _news) = open(dir.path(), &backend);
    desk.decide(backend.decision()).await;
    let path = dir.path().join("audit.jsonl");
    let damaged = log(dir.path()).replace("why not", "whY not");
    std::fs::write(&path, damaged).unwrap();
    let (again, _news) = open(dir.path(), &backend);
    let mut decision = backend.decision();
    decision.id = DecisionId::new(Ms(2), [8; 10]);
    let outcome = again.decide(decision).await;
    assert!(matches!(&outcome, Outcome::Refused { why } if why.lossy().contains("audit")), "{outcome:?}");
    assert_eq!(backend.sent(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_reading_again() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Fake::new(|_| Err(fault(Trouble::NoAnswer)));
    let (desk, mut news) = open(dir.path(), &backend);
    let decision = backend.decision();
    let vote = crate::domain::fixture::vote(&decision);
    desk.run(Errand::Decide(Box::new(decision)));
    let mut steps = Vec::new();
    while let Some(item) = news.recv().await {
        let News::Decision { step, .. } = item else { continue };
        if step == Step::Settling {
            let vote = vote.clone();
            backend.set(|r| {
                r.votes.push(vote);
                r.state = State::Approved;
            });
        }
        steps.push(step.clone());
        if matches!(step, Step::Done(_)) {
            break;
        }
    }
    assert_eq!(backend.sent(), 1, "never sent twice");
    assert!(matches!(steps.last(), Some(Step::Done(outcome)) if outcome.is_success()), "{steps:?}");
}

#[tokio::test]
async fn an_intent_of_a_dead_process_is_settled_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Fake::new(|_| Err(fault(Trouble::NoAnswer)));
    let (first, _news) = open(dir.path(), &backend);
    let decision = backend.decision();
    let vote = crate::domain::fixture::vote(&decision);
    let flight = tokio::spawn(async move { first.decide(decision).await });
    while backend.sent() == 0 {
        tokio::task::yield_now().await;
    }
    // The process dies here: its task, and with it its claim, are gone.
    flight.abort();
    drop(flight.await);
    backend.set(|r| {
        r.votes.push(vote);
        r.state = State::Approved;
    });
    let (second, mut news) = open(dir.path(), &backend);
    second.watch();
    loop {
        if let Some(News::Decision { step: Step::Done(outcome), .. }) = news.recv().await {
            assert!(outcome.is_success(), "{outcome:?}");
            break;
        }
    }
    assert_eq!(backend.sent(), 1, "settling reads, it does not send");
}

#[tokio::test]
async fn a_backend_that_answers_is_fresh_and_brings_its_queue() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Fake::new(approved);
    let (desk, mut news) = open(dir.path(), &backend);
    desk.watch();
    let (mut rows, mut fresh) = (0, false);
    while rows == 0 || !fresh {
        match news.recv().await {
            Some(News::Requests { changed, whole: true, .. }) => rows = changed.len(),
            Some(News::Backend(state)) => fresh = matches!(state.health, super::news::Health::Fresh { .. }),
            Some(_) => {}
            None => panic!("the desk ended"),
        }
    }
    assert_eq!(rows, 1);
}

/// The first notice of a desk that starts; nothing where its audit log is ready before one came.
async fn first_notice(state: &Path, backend: &Arc<Fake>) -> Option<String> {
    let (desk, mut news) = open(state, backend);
    desk.watch();
    loop {
        match news.recv().await {
            Some(News::Notice(said)) => return Some(said.to_string()),
            Some(News::AuditState(_)) | None => return None,
            Some(_) => {}
        }
    }
}

#[tokio::test]
async fn a_drop_that_nobody_saw_is_told_at_the_next_start_and_only_then() {
    for shown in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let backend = Fake::new(approved);
        let (desk, _news) = open(dir.path(), &backend);
        let Decision { id, request: key, .. } = backend.decision();
        desk.run(Errand::Hold { id: id.clone(), key: key.clone() });
        desk.settled().await;
        desk.run(Errand::Drop { id, key, why: "the terminal was lost in the hold-back".into(), shown });
        desk.settled().await;
        drop(desk);
        let said = first_notice(dir.path(), &backend).await;
        assert_eq!(said.is_some_and(|said| said.contains("local/aa#1 was dropped: the terminal was lost")), !shown);
        assert_eq!(first_notice(dir.path(), &backend).await, None, "it is said once");
        assert_eq!(std::fs::read_dir(dir.path().join("intents")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_log_that_can_be_written_again_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Fake::new(approved);
    let in_the_way = dir.path().join("audit.jsonl");
    std::fs::create_dir(&in_the_way).unwrap();
    let (desk, mut news) = open(dir.path(), &backend);
    desk.watch();
    let mut next_state = async || loop {
        if let Some(News::AuditState(state)) = news.recv().await {
            return state;
        }
    };
    assert!(matches!(next_state().await, super::news::AuditState::Broken { .. }));
    assert!(matches!(desk.decide(backend.decision()).await, Outcome::Refused { .. }));
    std::fs::remove_dir(&in_the_way).unwrap();
    loop {
        desk.run(Errand::Refresh);
        if matches!(next_state().await, super::news::AuditState::Ok { .. }) {
            break;
        }
    }
    assert!(desk.decide(backend.decision()).await.is_success());
    assert_eq!(backend.sent(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_at_once_is_not_quicker_than_the_hold() {
    for _ in 0..50 {
        let dir = tempfile::tempdir().unwrap();
        let backend = Fake::new(approved);
        let (desk, _news) = open(dir.path(), &backend);
        let decision = backend.decision();
        desk.run(Errand::Hold { id: decision.id.clone(), key: decision.request.clone() });
        desk.run(Errand::Decide(Box::new(decision)));
        desk.settled().await;
        let log = log(dir.path());
        let at = |kind: &str| log.find(&format!("\"kind\":\"{kind}\"")).unwrap();
        assert!(at("held") < at("intent") && at("intent") < at("outcome"), "{log}");
        assert_eq!(std::fs::read_dir(dir.path().join("intents")).unwrap().count(), 0);
    }
}
