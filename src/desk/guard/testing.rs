//! A backend for stories: it knows approve and reject, keeps neither scope nor time, and starts at the first vote.
//! Gates of one run come one after the other, as sequential jobs do.

use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use tokio::sync::mpsc;

use crate::backends::port::{Answer, Backend, Capabilities, Fault, Poll, Session, Trouble};
use crate::decide::{Draft, build};
use crate::desk::news::News;
use crate::desk::{Desk, Keep, Limits, Setup};
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::fixture;
use crate::domain::grant::{Bound, Enforcer, Grant};
use crate::domain::guard::{Kept, OnExpiry};
use crate::domain::ids::{BackendName, DecisionId, GrantId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::{Assurance, Identity, IdentityKind, Principal, Role, Source};
use crate::domain::record::{Event, Head};
use crate::domain::request::{Ask, Ballot, Core, NeedState, Request, Run, State, Vote, WorkflowFile};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::policy::Policy;
use crate::sys::clock;

/// Alice is on call; a run of production can be let through whole.
pub(in crate::desk) const POLICY: &str = r#"
[people.alice]
logins = ["alice-gh"]
[people.bob]
logins = ["bob-gh"]
[groups]
oncall = ["alice"]
[[rule]]
name = "prod"
match = { repository = "acme/shop", environment = "prod*" }
approvals = [{ count = 1, group = "oncall" }]
scopes = ["once", "run", "revision"]
max_uses = 8
start_by = "30m"
seen = "nothing"
"#;

pub(in crate::desk) fn policy() -> Policy {
    Policy::parse(POLICY, "policy.toml").unwrap()
}

pub(in crate::desk) fn limits() -> Limits {
    Limits { policy: Some(policy()), guard: true, ..Limits::default() }
}

/// A gate of a job in run 8841, asked by bob as the forge says.
pub(in crate::desk) fn core(key: &str) -> Core {
    let mut core = fixture::core(key);
    core.nonce = None;
    core.command = None;
    core.workflow = Some(WorkflowFile { path: ".github/workflows/x.yml".into(), blob: "b10b".into() });
    core.repository.source = Source::Forge;
    core.environment.source = Source::Forge;
    core.ask = Ask { scope: Scope::Once, run_for: Span::mins(15) };
    core.identities = vec![Identity {
        role: Role::Requester,
        kind: IdentityKind::Login,
        name: "bob-gh".into(),
        source: Source::Forge,
    }];
    core
}

pub(in crate::desk) fn request_of(core: Core) -> Request {
    Request {
        enforcer: Enforcer::Guard,
        created_at: clock::now().wall,
        due: None,
        needs: vec![NeedState { group: None, need: 1, have: 0 }],
        ..fixture::request_of(core)
    }
}

pub(in crate::desk) fn alice() -> Principal {
    Principal {
        issuer: "hub".into(),
        subject: "alice-gh".into(),
        assurance: Assurance::Bearer,
        person: Some("alice".parse().unwrap()),
    }
}

/// A grant of alice for run 8841, decided at 1,000,000 ms and open for 30 minutes.
pub(in crate::desk) fn kept() -> Kept {
    let decided_at = Ms(1_000_000);
    Kept {
        grant: Grant {
            id: GrantId::from_bits([7; 16]),
            bound: Bound::of(&core("hub/a#1"), &[], policy().digest()),
            name: "deploy-api".into(),
            scope: Scope::Run,
            enforcer: Enforcer::Guard,
            by: vec![alice()],
            decided_at,
            start_by: decided_at + Span::mins(30),
            run_for: Span::mins(15),
            cap: None,
            max_uses: Some(8),
            passes: Vec::new(),
            revoked: None,
            break_glass: false,
        },
        findings: Vec::new(),
        on_expiry: OnExpiry::Nothing,
        boot: "this boot".into(),
        start_by_boot: Ms(5_000_000) + Span::mins(30),
    }
}

pub(in crate::desk) fn passed(n: u8) -> Event {
    Event::Passed { grant: kept().grant.id, decision: DecisionId::new(Ms(1), [n; 10]) }
}

pub(in crate::desk) type Look = Box<dyn Fn(&Decision) + Send + Sync>;

#[derive(Default)]
pub(in crate::desk) struct Hall {
    pub(in crate::desk) gates: Vec<Request>,
    /// Keys of gates that come when the one before is approved.
    pub(in crate::desk) later: Vec<Core>,
    pub(in crate::desk) sent: Vec<Decision>,
    pub(in crate::desk) reads: usize,
    pub(in crate::desk) heads: usize,
    /// Faults that the next calls of `decide` end with.
    pub(in crate::desk) faults: Vec<Fault>,
    pub(in crate::desk) cancels: Vec<bool>,
    pub(in crate::desk) cancel_refused: bool,
    at_once: usize,
    pub(in crate::desk) most_at_once: usize,
}

/// The backend.
pub(in crate::desk) struct Hub {
    pub(in crate::desk) name: BackendName,
    pub(in crate::desk) pace: Span,
    pub(in crate::desk) slow: std::time::Duration,
    pub(in crate::desk) hall: Mutex<Hall>,
    pub(in crate::desk) look: Look,
}

impl Hub {
    pub(in crate::desk) fn new(gates: Vec<Core>) -> Arc<Self> {
        Self::watched(gates, |_| {})
    }

    /// `look` is called with every decision that comes.
    pub(in crate::desk) fn watched(gates: Vec<Core>, look: impl Fn(&Decision) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self::plain(gates, look))
    }

    pub(in crate::desk) fn plain(gates: Vec<Core>, look: impl Fn(&Decision) + Send + Sync + 'static) -> Self {
        let gates = gates.into_iter().map(request_of).collect();
        let hall = Mutex::new(Hall { gates, ..Hall::default() });
        let (pace, slow) = (Span::ZERO, std::time::Duration::ZERO);
        Self { name: "hub".parse().unwrap(), pace, slow, hall, look: Box::new(look) }
    }

    pub(in crate::desk) fn with<T>(&self, change: impl FnOnce(&mut Hall) -> T) -> T {
        change(&mut self.hall.lock().unwrap())
    }

    pub(in crate::desk) fn gate(&self, key: &str) -> Request {
        let key: RequestKey = key.parse().unwrap();
        self.with(|hall| hall.gates.iter().find(|g| *g.key() == key).unwrap().clone())
    }

    pub(in crate::desk) fn change(&self, key: &str, change: impl FnOnce(&mut Request)) {
        let key: RequestKey = key.parse().unwrap();
        self.with(|hall| change(hall.gates.iter_mut().find(|g| *g.key() == key).unwrap()));
    }

    pub(in crate::desk) fn comes(&self, core: Core) {
        self.with(|hall| hall.gates.push(request_of(core)));
    }

    /// What alice says about a gate as it is now.
    pub(in crate::desk) fn decision(&self, key: &str, scope: Scope, start_by: Span) -> Decision {
        let (draft, now) = (Draft::new(&self.gate(key), Ballot::Approve), clock::now().wall);
        let id = DecisionId::new(now, crate::sys::random::bytes().unwrap());
        build(Draft { scope, start_by, comment: "go".into(), ..draft }, id, now)
    }

    fn take(&self, decision: &Decision) -> Result<Outcome, Fault> {
        (self.look)(decision);
        self.with(|hall| {
            if let Some(fault) = hall.faults.pop() {
                return Err(fault);
            }
            hall.sent.push(decision.clone());
            let gate = hall.gates.iter_mut().find(|g| *g.key() == decision.request).unwrap();
            if !gate.is_pending() {
                return Err(Fault::new(Trouble::Refused, "nothing waits", ""));
            }
            gate.state = if decision.ballot == Ballot::Reject { State::Rejected } else { State::Approved };
            gate.votes = vec![Vote { by: alice(), ..fixture::vote(decision) }];
            let state = gate.state.clone();
            if state == State::Approved && !hall.later.is_empty() {
                let next = hall.later.remove(0);
                hall.gates.push(request_of(next));
            }
            Ok(Outcome::Final { state })
        })
    }

    async fn works(&self) {
        self.with(|hall| {
            hall.at_once += 1;
            hall.most_at_once = hall.most_at_once.max(hall.at_once);
        });
        tokio::time::sleep(self.slow).await;
        self.with(|hall| hall.at_once -= 1);
    }
}

pub(in crate::desk) fn limited(wait: Span) -> Fault {
    Fault { retry_after: Some(wait), ..Fault::new(Trouble::Limited, "the limit is used up", "") }
}

impl Backend for Hub {
    fn name(&self) -> &BackendName {
        &self.name
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities { pace: self.pace, ..Capabilities::plain(Enforcer::Guard) }
    }
    fn session(&self) -> Answer<'_, Session> {
        let you = Principal { person: None, ..alice() };
        let now = clock::now().wall;
        async move { Ok(Session { you, approver: true, same_user: false, now, notes: Vec::new() }) }.boxed()
    }
    fn poll(&self, _: Option<u64>) -> Answer<'_, Poll> {
        let changed = self.with(|hall| hall.gates.iter().cloned().map(Arc::new).collect());
        async { Ok(Poll { changed, whole: true, cursor: 1, ..Poll::default() }) }.boxed()
    }
    fn read<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Request> {
        async move {
            self.works().await;
            self.with(|hall| {
                hall.reads += 1;
                let found = hall.gates.iter().find(|g| g.key() == key).cloned();
                found.ok_or_else(|| Fault::new(Trouble::NotFound, "no such gate", ""))
            })
        }
        .boxed()
    }
    fn evidence<'a>(&'a self, _: &'a RequestKey) -> Answer<'a, Evidence> {
        async { Ok(Evidence::default()) }.boxed()
    }
    fn blob<'a>(&'a self, _: &'a Digest, _: u64) -> Answer<'a, Vec<u8>> {
        async { Ok(Vec::new()) }.boxed()
    }
    fn decide<'a>(&'a self, decision: &'a Decision, _: &'a str) -> Answer<'a, Outcome> {
        async move {
            // A write, and a read that says what came of it.
            self.works().await;
            let taken = self.take(decision);
            self.works().await;
            taken
        }
        .boxed()
    }
    fn cancel_run<'a>(&'a self, key: &'a RequestKey, force: bool) -> Answer<'a, ()> {
        let result = self.with(|hall| {
            hall.cancels.push(force);
            if hall.cancel_refused && !force {
                return Err(Fault::new(Trouble::Refused, "it does not listen", ""));
            }
            hall.gates.iter_mut().filter(|g| g.key() == key).for_each(|g| g.state = State::Cancelled);
            Ok(())
        });
        async { result }.boxed()
    }
    fn heads<'a>(&'a self, _: &'a Text, _: Head) -> Answer<'a, Option<Head>> {
        self.with(|hall| hall.heads += 1);
        async { Ok(None) }.boxed()
    }
}

/// Another run.
pub(in crate::desk) fn in_run(key: &str, id: &str) -> Core {
    let run = Run { system: "github-actions".into(), id: id.into(), attempt: 1, job: "deploy".into(), url: None };
    Core { run: Some(run), ..core(key) }
}

/// A desk over the hub, and what it tells.
pub(in crate::desk) fn open(state: &Path, hub: &Arc<Hub>, limits: Limits) -> (Desk, mpsc::Receiver<News>) {
    let backends = vec![Arc::clone(hub) as Arc<dyn Backend>];
    let evidence = Keep { time: std::time::Duration::from_secs(60), bytes: 1 << 20 };
    let actions = crate::desk::look_ups::Actions::nobody();
    let every = Span::secs(1);
    let setup = Setup { backends, state: state.to_owned(), poll_every: every, evidence, limits, actions, origin: None };
    Desk::open(setup).unwrap()
}

/// Goes on until a notice has these words; the desk is refreshed as often as it says anything.
pub(in crate::desk) async fn until_told(desk: &Desk, news: &mut mpsc::Receiver<News>, words: &str) -> String {
    loop {
        match news.recv().await {
            Some(News::Notice(said)) if said.as_str().contains(words) => return said.as_str().to_owned(),
            Some(News::Backend(_)) => desk.run(crate::desk::news::Errand::Refresh),
            Some(_) => {}
            None => panic!("the desk ended before it said {words}"),
        }
    }
}

pub(in crate::desk) fn log(state: &Path) -> String {
    std::fs::read_to_string(state.join("audit.jsonl")).unwrap_or_default()
}
