//! A thousand decisions at once against a backend that takes 20 ms for each call and names no pace:
//! `cargo bench --bench decisions` prints how long they take, from the first key to the last outcome on disk, beside
//! the ideal: three calls one after the other, a hundred decisions on their way. It fails where they take more than
//! one and a half times as long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use jit_tui::backends::port::{Answer, Backend, Capabilities, Fault, Poll, Session, Trouble};
use jit_tui::decide::{Draft, build};
use jit_tui::desk::look_ups::Actions;
use jit_tui::desk::news::{Errand, News, Step};
use jit_tui::desk::{Desk, Keep, Limits, Setup};
use jit_tui::domain::decision::Decision;
use jit_tui::domain::digest::Digest;
use jit_tui::domain::evidence::Evidence;
use jit_tui::domain::grant::Enforcer;
use jit_tui::domain::ids::{BackendName, DecisionId, RequestKey};
use jit_tui::domain::outcome::Outcome;
use jit_tui::domain::principal::{Assurance, Principal};
use jit_tui::domain::request::{Ballot, Can, EvidenceSummary, Request, Sealed, State};
use jit_tui::domain::time::{Ms, Span};
use jit_tui::policy::{Policy, Situation, Subject};
use jit_tui::sys::random;

const DECISIONS: usize = 1_000;
const A_CALL: Duration = Duration::from_millis(20);
const IDEAL: Duration = Duration::from_millis(600);

/// A backend that does nothing but take its time.
struct Slow {
    name: BackendName,
    requests: Mutex<HashMap<RequestKey, Request>>,
}

impl Slow {
    fn new() -> Self {
        let policy = Policy::parse("", "bench").unwrap_or_else(|faults| panic!("{faults:#?}"));
        let request = |n: usize| {
            let mut core = Situation { repository: "acme/shop".into(), ..Situation::default() }.core();
            core.key = format!("slow/{n}#1").parse().unwrap();
            let verdict = policy.judge(&Subject { enforcer: Enforcer::Guard, ..Subject::of(&core, &[], &[]) });
            (core.key.clone(), request(Sealed::new(core).unwrap(), verdict))
        };
        Self { name: "slow".parse().unwrap(), requests: Mutex::new((0..DECISIONS).map(request).collect()) }
    }

    fn decisions(&self) -> Vec<Decision> {
        self.requests.lock().unwrap().values().map(decision).collect()
    }
}

fn request(core: Sealed<jit_tui::domain::request::Core>, verdict: jit_tui::domain::verdict::Verdict) -> Request {
    let digest = Digest::of(b"evidence");
    Request {
        core,
        seq: 1,
        state: State::Pending,
        created_at: Ms(0),
        due: None,
        decided_at: None,
        verdict,
        needs: Vec::new(),
        votes: Vec::new(),
        looks: Vec::new(),
        findings: Vec::new(),
        evidence: EvidenceSummary { digest, base: None, course: None, totals: None, commits: 0, cut: false },
        enforcer: Enforcer::Guard,
        can: Can::Yes { starts: true },
        grant: None,
        unreviewed: false,
        gate_waits: None,
        inputs_hidden: false,
        no_reject: None,
        facts: Vec::new(),
    }
}

fn decision(request: &Request) -> Decision {
    build(Draft::new(request, Ballot::Approve), DecisionId::new(Ms(1), random::bytes().unwrap()), Ms(1))
}

fn not_here<T>() -> Result<T, Fault> {
    Err(Fault::new(Trouble::NotFound, "not in this bench", ""))
}

impl Backend for Slow {
    fn name(&self) -> &BackendName {
        &self.name
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities::plain(Enforcer::Guard)
    }
    fn session(&self) -> Answer<'_, Session> {
        let (issuer, subject) = ("slow".into(), "alice".into());
        let you = Principal { issuer, subject, assurance: Assurance::Bearer, person: None };
        async { Ok(Session { you, approver: true, same_user: false, now: Ms(0), notes: Vec::new() }) }.boxed()
    }
    fn poll(&self, _: Option<u64>) -> Answer<'_, Poll> {
        async { Ok(Poll::default()) }.boxed()
    }
    fn read<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Request> {
        async move {
            tokio::time::sleep(A_CALL).await;
            self.requests.lock().unwrap().get(key).cloned().map_or_else(not_here, Ok)
        }
        .boxed()
    }
    /// A write, and a read that says what came of it.
    fn decide<'a>(&'a self, decision: &'a Decision, _: &'a str) -> Answer<'a, Outcome> {
        async move {
            tokio::time::sleep(A_CALL).await;
            if let Some(request) = self.requests.lock().unwrap().get_mut(&decision.request) {
                request.state = State::Approved;
            }
            tokio::time::sleep(A_CALL).await;
            Ok(Outcome::Final { state: State::Approved })
        }
        .boxed()
    }
    fn evidence<'a>(&'a self, _: &'a RequestKey) -> Answer<'a, Evidence> {
        async { not_here() }.boxed()
    }
    fn blob<'a>(&'a self, _: &'a Digest, _: u64) -> Answer<'a, Vec<u8>> {
        async { not_here() }.boxed()
    }
}

async fn round() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let slow = Arc::new(Slow::new());
    let (backends, state) = (vec![Arc::clone(&slow) as Arc<dyn Backend>], folder.path().join("state"));
    let evidence = Keep { time: Duration::from_secs(60), bytes: 1 << 20 };
    let (limits, actions) = (Limits::default(), Actions::nobody());
    let setup = Setup { backends, state, poll_every: Span::mins(1), evidence, limits, actions, origin: None };
    let (desk, mut news) = Desk::open(setup).unwrap();
    let decisions = slow.decisions();
    let begin = Instant::now();
    decisions.into_iter().for_each(|decision| desk.run(Errand::Decide(Box::new(decision))));
    let mut done = 0;
    while done < DECISIONS {
        if let Some(News::Decision { step: Step::Done(outcome), .. }) = news.recv().await {
            assert!(outcome.is_success(), "{outcome:?}");
            done += 1;
        }
    }
    begin.elapsed()
}

#[tokio::main]
async fn main() {
    let mut rounds = Vec::new();
    for _ in 0..9 {
        rounds.push(round().await);
    }
    rounds.sort();
    let median = rounds[rounds.len() / 2];
    let times = median.as_secs_f64() / IDEAL.as_secs_f64();
    println!(
        "{DECISIONS} decisions, calls of {A_CALL:?}: median {median:.0?} ({times:.2}x of {IDEAL:?}), best {:.0?}",
        rounds[0]
    );
    std::process::exit(i32::from(times > 1.5));
}
