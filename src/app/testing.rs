//! What the console's tests share: requests as a broker gives them, and a stage to press keys on.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::queue::{Entry, Production};
use super::{Effect, Msg, Setup, State, update};
use crate::backends::port::{Capabilities, Fault, Session, Trouble};
use crate::desk::news::{AuditState, BackendState, Errand, Exhibit, Health, News, Step};
use crate::domain::action::{Action, ActionKind, Before};
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::{Base, BaseKind, Blob, Commit, Course, Evidence, Totals, Tree};
use crate::domain::finding::{Finding, FindingId};
use crate::domain::fixture;
pub use crate::domain::fixture::person;
use crate::domain::grant::{Bound, End, Enforcer, Grant, Pass};
use crate::domain::ids::{CommitSha, GrantId, RequestKey};
use crate::domain::lookup::{Change, Claim, Known, LookUp, LookUps, Moved, Reach};
use crate::domain::outcome::Outcome;
use crate::domain::principal::{Identity, IdentityKind, Role, Source, Sourced};
use crate::domain::request::{
    Ballot, Can, Command, Core, EvidenceSummary, Look, NeedState, Request, Run, Sealed, State as Standing, Vote,
};
use crate::domain::scope::Scope;
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::{Need, SeenDemand, SelfCheck, Verdict};
use crate::keymap::{Code, Key};
use crate::sys::clock::Now;

/// 03:12:07 UTC.
pub const WALL: Ms = Ms(1_795_403_527_000);

pub fn sha(c: char) -> CommitSha {
    c.to_string().repeat(40).parse().unwrap()
}

fn hex(digits: &str, n: usize) -> &str {
    digits.get(..n).unwrap()
}

pub const DIFF: &str = "diff --git a/.github/workflows/deploy.yml b/.github/workflows/deploy.yml
index 1111111..2222222 100644
--- a/.github/workflows/deploy.yml
+++ b/.github/workflows/deploy.yml
@@ -28,5 +28,5 @@ jobs:
     steps:
       - uses: actions/checkout@v4
-      - uses: aquasecurity/trivy-action@0.33.0
+      - uses: aquasecurity/trivy-action@0.33.1
         with:
           scan-type: fs
diff --git a/Dockerfile b/Dockerfile
index 3333333..4444444 100644
--- a/Dockerfile
+++ b/Dockerfile
@@ -1,3 +1,3 @@
-FROM debian:12
+FROM debian:13
 COPY . /srv
 CMD [\"/srv/run\"]
diff --git a/src/price.rs b/src/price.rs
index 5555555..6666666 100644
--- a/src/price.rs
+++ b/src/price.rs
@@ -10,4 +10,6 @@ fn total(cart: &Cart) -> Money {
 \tlet sum = cart.sum();
+\t// a note that hides\u{202e} something, and is long enough to be wrapped at eighty columns of a terminal
+\tlet tax = sum * 19 / 100;
 \tlog(sum);
-\tsum
+\tsum + tax
 }
";

fn core(repo: &str, name: &str, id: &str) -> Core {
    let usual = fixture::core(&format!("local/{}#1", hex(id, 32)));
    let credential =
        Identity { role: Role::Credential, kind: IdentityKind::Token, name: "shop-prod".into(), source: Source::Token };
    Core {
        nonce: Some(id.to_owned()),
        repository: Sourced { value: format!("acme/{repo}").into(), source: Source::Token },
        name: name.into(),
        head: Some(format!("4f1c9ab{}", hex(id, 33)).parse().unwrap()),
        base: Some(sha('8')),
        command: usual.command.map(|command| Command {
            folder: "/srv/ci/shop".into(),
            program: "/srv/ci/shop/deploy.sh".into(),
            program_digest: Digest::of(b"deploy.sh"),
            env_digest: Digest::of(b"env"),
            ..command
        }),
        run: usual.run.map(|run| Run { url: Some("https://ci.example/acme/runs/8841".into()), ..run }),
        identities: usual.identities.into_iter().chain([credential]).collect(),
        ..usual
    }
}

/// A request in the making.
#[derive(Clone)]
pub struct Sample {
    pub request: Request,
    pub core: Core,
}

impl Sample {
    /// Production, two of oncall, asked by a bob whom nobody vouches for, of whom one approved already.
    pub fn prod(repo: &str, name: &str) -> Self {
        let id = Digest::of(format!("{repo}/{name}").as_bytes()).hex();
        let core = core(repo, name, &id);
        let usual = fixture::request_of(core.clone());
        let request = Request {
            created_at: WALL - Span::mins(4),
            due: Some(WALL + Span::mins(11)),
            verdict: verdict(),
            needs: vec![NeedState { group: Some("oncall".parse().unwrap()), need: 2, have: 1 }],
            findings: vec![Finding::new(
                FindingId::ActionShaChanged,
                "aquasecurity/trivy-action",
                "a1b2c3d -> 9f8e7d6",
            )],
            evidence: EvidenceSummary {
                base: Some(Base {
                    sha: sha('8'),
                    kind: BaseKind::LastDeployed,
                    deployed_at: Some(WALL - Span::hours(49)),
                }),
                course: Some(Course::Ahead),
                totals: Some(Totals { files: 3, added: 5, removed: 3 }),
                ..usual.evidence
            },
            ..usual
        };
        Self { request, core }
    }

    /// Asks for a test environment and needs one person and nothing else.
    pub fn stage(repo: &str, name: &str) -> Self {
        Self::prod(repo, name).core(|c| c.environment.value = "staging".into()).with(|r| {
            r.verdict = Verdict {
                rules: vec!["stage".into()],
                needs: vec![Need { count: 1, group: None }],
                reason: false,
                word: None,
                seen: SeenDemand::Nothing,
                bulk: true,
                scopes: vec![Scope::Once, Scope::Run],
                ..verdict()
            };
            r.needs = vec![NeedState { group: None, need: 1, have: 0 }];
            r.findings.clear();
            r.due = Some(WALL + Span::mins(56));
        })
    }

    pub fn core(mut self, change: impl FnOnce(&mut Core)) -> Self {
        change(&mut self.core);
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Request)) -> Self {
        change(&mut self.request);
        self
    }

    pub fn cannot(self, why: &str) -> Self {
        self.with(|r| r.can = Can::No { why: why.into() })
    }

    pub fn id(self, id: &str) -> Self {
        self.core(|c| c.key = format!("local/{id}#1").parse().unwrap())
    }

    pub fn ages(self, asked: u32, due: u32) -> Self {
        self.with(|r| {
            r.created_at = WALL - Span::mins(asked);
            r.due = Some(WALL + Span::mins(due));
        })
    }

    pub fn seq(self, seq: u64) -> Self {
        self.with(|r| r.seq = seq)
    }

    pub fn decided(self, state: Standing, by: &str, ballot: Ballot) -> Self {
        let vote = Vote {
            decision: crate::domain::ids::DecisionId::new(WALL, [1; 10]),
            by: person(by),
            ballot,
            comment: "looks right".into(),
            scope: Scope::Once,
            at: WALL,
            self_unproven: true,
        };
        self.with(|r| {
            r.state = state;
            r.decided_at = Some(WALL);
            r.votes = vec![vote];
        })
    }

    pub fn granted(self, running: bool) -> Self {
        let core = self.core.clone();
        let grant = grant(&core, running);
        self.decided(Standing::Approved, "dan", Ballot::Approve).with(|r| r.grant = Some(grant))
    }

    pub fn build(self) -> Arc<Request> {
        Arc::new(Request { core: Sealed::new(self.core).unwrap(), ..self.request })
    }
}

pub fn verdict() -> Verdict {
    Verdict {
        words: "production needs two people of oncall who did not ask for it".into(),
        needs: vec![Need { count: 2, group: Some("oncall".parse().unwrap()) }],
        not_self: SelfCheck { requester: true, authors: true, verified_requester: false },
        reason: true,
        word: Some("PROD".into()),
        seen: SeenDemand::MustSee,
        bulk: false,
        break_glass: Some("sre".parse().unwrap()),
        ..fixture::verdict()
    }
}

pub fn grant(core: &Core, running: bool) -> Grant {
    let started = WALL - Span::mins(1);
    let end = (!running).then_some((WALL, End::Exit(0)));
    Grant {
        id: GrantId::from_bits([7; 16]),
        bound: Bound::of(core, &[], Digest::of(b"policy")),
        name: core.name.clone(),
        scope: Scope::Once,
        enforcer: Enforcer::Broker,
        by: vec![person("dan")],
        decided_at: WALL - Span::mins(2),
        start_by: WALL + Span::mins(8),
        run_for: Span::mins(15),
        cap: Some(Span::hours(2)),
        max_uses: Some(1),
        passes: vec![Pass { request: core.key.clone(), started_at: started, ends_at: started + Span::mins(15), end }],
        revoked: None,
        break_glass: false,
    }
}

pub fn entry(sample: Sample) -> Entry {
    Entry::new(sample.build(), &Production::new(&["prod*".to_owned()]), None)
}

pub fn evidence() -> Evidence {
    Evidence {
        base: None,
        course: None,
        behind: None,
        pipeline: Vec::new(),
        diff: Some(Blob { digest: Digest::of(DIFF.as_bytes()), size: DIFF.len() as u64, gzip: false }),
        totals: Some(Totals { files: 3, added: 5, removed: 3 }),
        commits: vec![Commit {
            sha: sha('4'),
            author: "Bob".into(),
            author_email: "bob@acme.example".into(),
            committer_email: "bob@acme.example".into(),
            at: WALL - Span::hours(1),
            subject: "bump trivy, add tax".into(),
            signature: None,
        }],
        actions: vec![Action {
            kind: ActionKind::Action,
            name: "aquasecurity/trivy-action".into(),
            reference: "0.33.1".into(),
            comment: None,
            sha: Some(hex(&"9f8e7d6".repeat(6), 40).into()),
            place: ".github/workflows/deploy.yml:31".into(),
            before: Some(Before { reference: "0.33.1".into(), sha: Some(hex(&"a1b2c3d".repeat(6), 40).into()) }),
            lock: None,
            parent: None,
        }],
        faults: Vec::new(),
        tree: Some(Tree { digest: Digest::of(b"tree"), changed: Vec::new(), untracked: Vec::new() }),
        cuts: Vec::new(),
        other_bases: Vec::new(),
    }
}

fn sha_of(digits: &str) -> CommitSha {
    hex(&digits.repeat(6), 40).parse().unwrap()
}

/// The action of the evidence looked up: its tag moved, and it calls two more, one of them an impostor.
pub fn look_ups() -> LookUps {
    let moved = evidence().actions.remove(0);
    let (old, new) = (sha_of("a1b2c3d"), sha_of("9f8e7d6"));
    let known = Known {
        action: true,
        first: Some(WALL - Span::mins(1)),
        last: Some(WALL - Span::mins(1)),
        by: Some("alice".into()),
        approved: 0,
        approval: None,
        moved: Some(Moved { sha: old.as_str().into(), at: WALL - Span::hours(48) }),
    };
    let change = Change {
        old,
        new,
        course: Course::Diverged,
        count: 1,
        commits: Vec::new(),
        link: Some("https://github.com/aquasecurity/trivy-action/compare/a1b2...9f8e".into()),
    };
    let called = |name: &str, reference: &str| Action {
        parent: Some(0),
        ..Action::new(ActionKind::Action, name, reference, "aquasecurity/trivy-action@9f8e7d6/action.yaml:12")
    };
    let pinned = Action {
        sha: Some("c".repeat(40).into()),
        comment: Some("v4.2.0".into()),
        ..called("actions/cache", &"c".repeat(40))
    };
    let setup = called("aquasecurity/setup-trivy", "v0.2.2");
    let first = LookUp {
        reach: Some(Reach::Proven { on: "refs/tags/0.33.1".into() }),
        known: Some(known),
        change: Some(change),
        ..LookUp::begun(moved)
    };
    let second = LookUp {
        reach: Some(Reach::Impostor),
        claim: Claim::Differs { sha: "d".repeat(40).parse().unwrap() },
        known: Some(Known::default()),
        ..LookUp::begun(pinned)
    };
    let why = Some("the forge says: 403, rate limit".into());
    let third = LookUp { unresolved: why, ..LookUp::begun(setup) };
    LookUps { list: vec![first, second, third], ledger: None, done: true }
}

pub fn backend(name: &str, health: Health) -> BackendState {
    BackendState {
        name: name.parse().unwrap(),
        health,
        capabilities: Capabilities {
            enforcer: Enforcer::Broker,
            binds_digest: true,
            idempotent: true,
            grants: true,
            looks: true,
            break_glass: true,
            pushes: true,
            pace: Span::ZERO,
        },
        session: Some(Session { you: person("alice"), approver: true, same_user: false, now: WALL, notes: Vec::new() }),
        interval: Span::secs(5),
        note: "".into(),
    }
}

/// A console with a clock that only the test moves.
pub struct Stage {
    pub state: State,
    pub now: Now,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let now = Now { wall: WALL, boot: Ms(5_000_000) };
        let mut setup = Setup::new(now, (80, 24), [7; 32]);
        change(&mut setup);
        let mut stage = Self { state: State::new(setup), now };
        stage.news(News::Backend(Box::new(backend("local", Health::Fresh { at: WALL }))));
        stage.news(News::AuditState(AuditState::Ok { seq: 812, anchored: Some(812) }));
        stage
    }

    /// The queue of the design's sketch.
    pub fn busy() -> Self {
        let mut stage = Self::new();
        stage.lists(sketch());
        stage
    }

    /// Bytes of a diff that are asked for come at once.
    pub fn send(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        for effect in update(&mut self.state, self.now, msg) {
            match effect {
                Effect::Errand(Errand::Window { source, from, to }) => {
                    let bytes = Ok(source.spool().window(from, to).unwrap());
                    effects.extend(self.news(News::Window { source: source.id(), from, to, bytes }));
                }
                other => effects.push(other),
            }
        }
        effects
    }

    pub fn news(&mut self, news: News) -> Vec<Effect> {
        self.send(Msg::News(news))
    }

    pub fn lists(&mut self, samples: Vec<Sample>) -> Vec<Effect> {
        let changed = samples.into_iter().map(Sample::build).collect();
        self.news(News::Requests { backend: "local".parse().unwrap(), changed, whole: true })
    }

    pub fn comes(&mut self, sample: Sample) -> Vec<Effect> {
        self.news(News::Requests { backend: "local".parse().unwrap(), changed: vec![sample.build()], whole: false })
    }

    /// Keys by name, with a moment between them.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        keys.split_whitespace()
            .flat_map(|key| {
                self.now = later(self.now, 400);
                self.key(key)
            })
            .collect()
    }

    /// A key at once after the last one.
    pub fn key(&mut self, key: &str) -> Vec<Effect> {
        self.send(Msg::Key(event(key.parse().unwrap())))
    }

    pub fn types(&mut self, text: &str) -> Vec<Effect> {
        self.now = later(self.now, 400);
        text.chars().flat_map(|c| self.send(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)))).collect()
    }

    pub fn waits(&mut self, ms: i64) -> Vec<Effect> {
        self.now = later(self.now, ms);
        self.send(Msg::Deadline)
    }

    /// The evidence that was asked for last comes.
    pub fn evidence_comes(&mut self, effects: &[Effect]) -> Vec<Effect> {
        self.evidence_with(effects, DIFF.as_bytes())
    }

    /// The same with such a diff.
    pub fn evidence_with(&mut self, effects: &[Effect], diff: &[u8]) -> Vec<Effect> {
        let asked = effects.iter().rev().find_map(|e| match e {
            Effect::Errand(Errand::Exhibit { generation, key }) => Some((*generation, key.clone())),
            _ => None,
        });
        let (generation, key) = asked.expect("evidence was asked for");
        self.exhibit(generation, key, diff)
    }

    /// Evidence with such a diff comes.
    pub fn exhibit(&mut self, generation: u64, key: RequestKey, diff: &[u8]) -> Vec<Effect> {
        let (source, pieces) = crate::desk::source::indexed(diff);
        let exhibit = Exhibit { key: key.clone(), evidence: evidence(), diff: Some(source) };
        let mut effects = self.news(News::Exhibit { generation, key, result: Ok(Arc::new(exhibit)) });
        effects.extend(pieces.into_iter().flat_map(|piece| self.news(piece)));
        effects
    }

    /// The desk says what came of a decision.
    pub fn settles(&mut self, decision: &Decision, outcome: Outcome) -> Vec<Effect> {
        let Decision { id, request: key, ballot, .. } = decision.clone();
        self.news(News::Decision { id, key, ballot, step: Step::Done(outcome) })
    }

    /// Draws: what is on the screen counts as seen.
    pub fn draws(&mut self) {
        self.state.take_dirty();
    }
}

pub fn later(now: Now, ms: i64) -> Now {
    Now { wall: Ms(now.wall.0 + ms), boot: Ms(now.boot.0 + ms) }
}

pub fn event(key: Key) -> KeyEvent {
    let code = match key.code {
        Code::Char(c) => KeyCode::Char(c),
        Code::Enter => KeyCode::Enter,
        Code::Esc => KeyCode::Esc,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::F(n) => KeyCode::F(n),
    };
    let control = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
    KeyEvent::new(code, control | if key.alt { KeyModifiers::ALT } else { KeyModifiers::NONE })
}

/// The decisions that are sent.
pub fn sent(effects: &[Effect]) -> Vec<Decision> {
    let sent = |e: &Effect| match e {
        Effect::Errand(Errand::Decide(decision)) => Some(decision.as_ref().clone()),
        _ => None,
    };
    effects.iter().filter_map(sent).collect()
}

/// How many of the effects are of a kind.
pub fn count(effects: &[Effect], is: impl Fn(&Errand) -> bool) -> usize {
    effects.iter().filter(|e| matches!(e, Effect::Errand(errand) if is(errand))).count()
}

pub fn fault(message: &'static str) -> Fault {
    Fault::new(Trouble::Unreachable, message, "check the network")
}

/// The rows of the design's first sketch, and what stands behind them.
pub fn sketch() -> Vec<Sample> {
    let old = |n: usize| {
        let mut findings = vec![Finding::new(FindingId::ActionMovable, "actions/checkout", "v4"); n];
        findings.iter_mut().for_each(|f| f.new = false);
        findings
    };
    let carol = |s: Sample| {
        s.core(|c| {
            c.identities = vec![Identity {
                role: Role::Requester,
                kind: IdentityKind::Person,
                name: "carol".into(),
                source: Source::Token,
            }];
            c.head = Some(format!("99e02c1{}", "0".repeat(33)).parse().unwrap());
        })
    };
    let pay = |name: &str| {
        carol(Sample::prod("pay", name)).ages(2, 28).with(|r| {
            r.needs = vec![NeedState { group: Some("oncall".parse().unwrap()), need: 1, have: 0 }];
            r.can = Can::Yes { starts: true };
        })
    };
    let mut all = vec![
        Sample::prod("shop", "deploy-api"),
        pay("migrate-0142").with(|r| r.findings = old(3)),
        Sample::prod("web", "deploy")
            .ages(9, 21)
            .cannot("needs another person: you asked")
            .core(|c| {
                c.identities = vec![Identity {
                    role: Role::Requester,
                    kind: IdentityKind::Person,
                    name: "alice".into(),
                    source: Source::Token,
                }];
                c.head = Some(format!("71aa0de{}", "0".repeat(33)).parse().unwrap());
            })
            .with(|r| {
                r.needs = vec![NeedState { group: None, need: 1, have: 0 }];
                r.findings.clear();
            }),
        Sample::stage("shop", "e2e").ages(4, 56).with(|r| {
            r.findings = vec![Finding::new(FindingId::ActionMovable, "actions/checkout", "v4")];
        }),
        Sample::stage("shop", "smoke").granted(true),
        Sample::prod("pay", "rollback").decided(Standing::TimedOut, "dan", Ballot::Approve).with(|r| r.votes.clear()),
    ];
    all.extend((0..30).map(|i| {
        pay("deploy")
            .id(&format!("matrix{i:02}"))
            .core(|c| c.run.as_mut().unwrap().job = format!("leg-{i}").into())
            .with(|r| {
                r.findings.clear();
                r.looks = vec![Look { by: person("dan"), until: WALL + Span::mins(2) }];
            })
    }));
    all
}
