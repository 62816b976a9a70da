//! The machine as stories: a world with a clock of its own, in which people and gates act.

mod always;
mod asking;
mod deciding;
mod running;

use std::sync::Arc;

use super::*;
use crate::api::{Code, Permit};
use crate::broker::tokens::{Token, Use};
use crate::domain::evidence::{Base, BaseKind, Blob, Commit, Course, Evidence, Tree};
use crate::domain::finding::FindingId;
use crate::domain::ids::{CommitSha, DecisionId, Person};
use crate::domain::principal::{Identity, IdentityKind, Role, Source};
use crate::domain::record::{Entry, Event};
use crate::domain::request::{Ask, Ballot, Command as Program, Run, State as Standing};
use crate::domain::scope::Scope;
use crate::domain::time::Ms;
use crate::policy::Policy;

pub(in crate::broker) const TEAM: &str = r#"
[people.alice]
emails = ["alice@acme.io"]
[people.bob]
logins = ["bob"]
emails = ["bob@acme.io"]
[people.carol]
[people.dan]
[groups]
oncall = ["alice", "carol"]
leads = ["dan"]

[[rule]]
name = "prod"
match = { environment = "prod" }
approvals = [{ count = 2, group = "oncall" }]
not = ["requester", "authors"]
run_for = "30m"
reason = true
word = "environment"
break_glass = "leads"

[[rule]]
name = "stg"
match = { environment = "stg" }
approvals = [{ count = 1 }]
scopes = ["once", "run", "revision"]

[[rule]]
name = "open"
match = { environment = "dev" }
effect = "allow"

[[rule]]
name = "shut"
match = { environment = "frozen" }
effect = "deny"
"#;

/// The diff that submissions name.
pub(in crate::broker) const DIFF: &[u8] = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";

pub(in crate::broker) fn sha(fill: char) -> CommitSha {
    fill.to_string().repeat(40).parse().unwrap()
}

pub(in crate::broker) fn setup(policy: &str) -> Arc<Setup> {
    let policy = Policy::parse(policy, "policy.toml").unwrap_or_else(|faults| panic!("{faults:#?}"));
    Arc::new(Setup { policy, name: "broker".parse().unwrap(), quota: Quota::default(), hook: false })
}

pub(in crate::broker) fn approver(name: &str) -> Caller {
    let person = name.parse::<Person>().unwrap();
    token(&format!("t-{name}"), Use::Approver { person })
}

pub(in crate::broker) fn pipeline(name: &str) -> Caller {
    let repositories = vec!["acme/*".to_owned()];
    let environments = ["prod", "stg", "dev", "frozen"].map(str::to_owned).to_vec();
    token(name, Use::Pipeline { repositories, environments, person: None })
}

fn token(name: &str, use_: Use) -> Caller {
    Token { name: name.into(), use_, created_at: Ms(0), expires: None, revoked_at: None }.caller().unwrap()
}

/// A deploy of `acme/shop` by bob, everything in order.
pub(in crate::broker) fn submission(environment: &str) -> Submission {
    Submission {
        repository: "acme/shop".into(),
        environment: environment.into(),
        name: "deploy".into(),
        head: Some(sha('4')),
        branch: Some("main".into()),
        command: Program {
            argv: vec!["./deploy.sh".into()],
            folder: "/work".into(),
            program: "/work/deploy.sh".into(),
            program_digest: Digest::of(b"program"),
            env_digest: Digest::of(b"env"),
            stop_signal: "TERM".into(),
            grace: Span::secs(60),
        },
        run: Some(Run { system: "jenkins".into(), id: "8841".into(), attempt: 1, job: "deploy".into(), url: None }),
        identities: vec![claimed(Role::Requester, "bob")],
        reason: "release".into(),
        ask: Ask { scope: Scope::Once, run_for: Span::mins(15) },
        evidence: Evidence {
            base: Some(Base { sha: sha('3'), kind: BaseKind::MergeBase, deployed_at: None }),
            course: Some(Course::Ahead),
            diff: Some(Blob { digest: Digest::of(DIFF), size: DIFF.len() as u64, gzip: false }),
            commits: vec![Commit {
                sha: sha('4'),
                author: "Bob".into(),
                author_email: "bob@acme.io".into(),
                committer_email: "bob@acme.io".into(),
                at: Ms(0),
                subject: "ship it".into(),
                signature: None,
            }],
            tree: Some(Tree { digest: Digest::of(b"tree"), changed: vec![], untracked: vec![] }),
            ..Evidence::default()
        },
        wait: None,
    }
}

pub(in crate::broker) fn claimed(role: Role, name: &str) -> Identity {
    Identity { role, kind: IdentityKind::Login, name: name.into(), source: Source::Claimed }
}

pub(in crate::broker) fn recheck() -> Recheck {
    Recheck { head: Some(sha('4')), tree: Some(Digest::of(b"tree")), program: Digest::of(b"program") }
}

struct World {
    state: State,
    now: Now,
    count: u8,
    records: Vec<Entry>,
    notices: Vec<Notice>,
}

impl World {
    fn new(policy: &str) -> Self {
        Self::with(setup(policy))
    }

    fn with(setup: Arc<Setup>) -> Self {
        let now = Now { wall: Ms(1_800_000_000_000), boot: Ms(1_000_000) };
        Self { state: State::new(setup), now, count: 0, records: vec![], notices: vec![] }
    }

    fn pass(&mut self, time: Span) {
        self.now = Now { wall: self.now.wall + time, boot: self.now.boot + time };
    }

    fn do_(&mut self, command: Command) -> Result<Answer, Problem> {
        let effects = apply(&self.state, &command, self.now)?;
        for change in &effects.changes {
            self.state.absorb(change);
        }
        self.records.extend(effects.records);
        self.notices.extend(effects.notices);
        Ok(effects.answer)
    }

    fn ask(&mut self, caller: &Caller, submission: Submission) -> Result<NativeId, Problem> {
        self.count += 1;
        let key = format!("key-{}", self.count);
        self.ask_with(caller, submission, &key, DiffScan::default())
    }

    fn ask_with(
        &mut self,
        caller: &Caller,
        submission: Submission,
        key: &str,
        diff: DiffScan,
    ) -> Result<NativeId, Problem> {
        self.count += 1;
        let body = Digest::of(serde_json::to_string(&submission).unwrap().as_bytes());
        let (id, nonce) = (NativeId::from_bits([self.count; 16]), format!("{:064}", self.count));
        let create = Create { caller: caller.clone(), key: key.into(), body, submission, diff, id, nonce };
        match self.do_(Command::Create(Box::new(create)))? {
            Answer::Request(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    fn held(&self, id: &NativeId) -> &Held {
        self.state.request(id).unwrap()
    }

    fn standing(&self, id: &NativeId) -> Standing {
        self.held(id).live.state.clone()
    }

    /// What this person would send after looking at the request as it is.
    fn decision(&mut self, id: &NativeId, ballot: Ballot) -> Decision {
        self.count += 1;
        let held = self.held(id);
        Decision {
            id: DecisionId::new(self.now.wall, [self.count; 10]),
            request: held.core().key.clone(),
            request_digest: held.core().digest(),
            evidence_digest: held.fixed.summary.digest,
            ballot,
            scope: Scope::Once,
            start_by: Span::mins(10),
            run_for: Span::mins(15),
            comment: "INC-1".into(),
            word: Some(held.core().environment.value.clone()),
            seen: crate::domain::decision::Seen::default(),
            made_at: self.now.wall,
            challenge: None,
            signature: None,
        }
    }

    fn send(&mut self, who: &str, id: &NativeId, decision: Decision) -> Result<Outcome, Problem> {
        let about = About { caller: approver(who), id: id.clone() };
        let if_match = decision.request_digest;
        let vote = Vote { about, if_match, decision: Sealed::new(decision).unwrap() };
        match self.do_(Command::Decide(Box::new(vote)))? {
            Answer::Decided(_, outcome) => Ok(outcome),
            other => panic!("{other:?}"),
        }
    }

    fn vote(&mut self, who: &str, id: &NativeId, ballot: Ballot) -> Result<Outcome, Problem> {
        let decision = self.decision(id, ballot);
        self.send(who, id, decision)
    }

    fn start(&mut self, caller: &Caller, id: &NativeId, key: &str) -> Result<Permit, Problem> {
        self.start_with(caller, id, key, recheck())
    }

    fn start_with(&mut self, caller: &Caller, id: &NativeId, key: &str, recheck: Recheck) -> Result<Permit, Problem> {
        let about = About { caller: caller.clone(), id: id.clone() };
        let body = Digest::of(serde_json::to_string(&recheck).unwrap().as_bytes());
        match self.do_(Command::Start(Box::new(Begin { about, key: key.into(), body, recheck })))? {
            Answer::Permit(permit) => Ok(permit),
            other => panic!("{other:?}"),
        }
    }

    fn end(&mut self, caller: &Caller, id: &NativeId, end: End) -> Result<Answer, Problem> {
        self.do_(Command::End(About { caller: caller.clone(), id: id.clone() }, end))
    }

    /// A staging deploy that is approved and has started.
    fn running(&mut self) -> (Caller, NativeId, Permit) {
        let gate = pipeline("ci");
        let id = self.ask(&gate, submission("stg")).unwrap();
        self.vote("alice", &id, Ballot::Approve).unwrap();
        let permit = self.start(&gate, &id, "s").unwrap();
        (gate, id, permit)
    }

    fn kinds(&self) -> Vec<String> {
        let kind = |e: &Entry| serde_json::to_value(&e.event).unwrap()["kind"].as_str().unwrap().to_owned();
        self.records.iter().map(kind).collect()
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> Code {
    result.unwrap_err().code
}

fn finds(world: &World, id: &NativeId) -> Vec<(FindingId, bool)> {
    world.held(id).live.findings.iter().map(|f| (f.id, f.new)).collect()
}

fn last(world: &World) -> &Event {
    &world.records.last().unwrap().event
}
