//! Requests for tests: ordinary ones, to be changed where a story needs it.

use super::decision::Decision;
use super::digest::Digest;
use super::grant::Enforcer;
use super::ids::RequestKey;
use super::principal::{Assurance, Identity, IdentityKind, Principal, Role, Source, Sourced};
use super::request::{Ask, Can, Command, Core, EvidenceSummary, NeedState, Request, Run, Sealed, State, Vote};
use super::scope::Scope;
use super::time::{Ms, Span};
use super::verdict::{Effect, Need, SeenDemand, SelfCheck, Verdict};

/// A pending production deployment that one person of `oncall` must approve.
pub fn core(key: &str) -> Core {
    Core {
        key: key.parse().unwrap(),
        nonce: Some("00".repeat(32)),
        repository: Sourced { value: "acme/shop".into(), source: Source::Token },
        environment: Sourced { value: "production".into(), source: Source::Token },
        name: "deploy-api".into(),
        head: Some("4f1c9ab0".repeat(5).parse().unwrap()),
        branch: Some("main".into()),
        base: Some("88d1f020".repeat(5).parse().unwrap()),
        command: Some(Command {
            argv: vec!["./deploy.sh".into(), "--region".into(), "eu".into()],
            folder: "/srv/shop".into(),
            program: "/srv/shop/deploy.sh".into(),
            program_digest: Digest::of(b"#!/bin/sh"),
            env_digest: Digest::of(b"PATH"),
            stop_signal: "TERM".into(),
            grace: Span::secs(60),
        }),
        workflow: None,
        tree: Some(Digest::of(b"tree")),
        clean: true,
        run: Some(Run {
            system: "github-actions".into(),
            id: "8841".into(),
            attempt: 1,
            job: "deploy".into(),
            url: None,
        }),
        identities: vec![Identity {
            role: Role::Requester,
            kind: IdentityKind::Login,
            name: "bob".into(),
            source: Source::Claimed,
        }],
        reason: "INC-2291 roll forward".into(),
        ask: Ask { scope: Scope::Once, run_for: Span::mins(15) },
    }
}

/// What policy demands of it.
pub fn verdict() -> Verdict {
    Verdict {
        effect: Effect::Approve,
        rules: vec!["prod-deploy".into()],
        words: "prod-deploy: 1 of oncall".into(),
        needs: vec![Need { count: 1, group: Some("oncall".parse().unwrap()) }],
        not_self: SelfCheck { requester: true, ..SelfCheck::default() },
        scopes: vec![Scope::Once, Scope::Run],
        start_by: Span::mins(10),
        run_for: Span::mins(30),
        max_uses: None,
        reason: false,
        word: None,
        seen: SeenDemand::Nothing,
        may_acknowledge: true,
        bulk: true,
        wait: Span::mins(60),
        min_assurance: Assurance::Peer,
        break_glass: Some("oncall".parse().unwrap()),
        policy: Digest::of(b"policy"),
    }
}

/// The request around that core.
pub fn request_of(core: Core) -> Request {
    Request {
        core: Sealed::new(core).unwrap(),
        seq: 1,
        state: State::Pending,
        created_at: Ms(1_000_000),
        due: Some(Ms(4_600_000)),
        decided_at: None,
        verdict: verdict(),
        needs: vec![NeedState { group: Some("oncall".parse().unwrap()), need: 1, have: 0 }],
        votes: Vec::new(),
        looks: Vec::new(),
        findings: Vec::new(),
        evidence: EvidenceSummary {
            digest: Digest::of(b"evidence"),
            base: None,
            course: None,
            totals: None,
            commits: 3,
            cut: false,
        },
        enforcer: Enforcer::Broker,
        can: Can::Yes { starts: true },
        grant: None,
        unreviewed: false,
        gate_waits: Some(true),
        inputs_hidden: false,
        no_reject: None,
        facts: Vec::new(),
    }
}

/// An ordinary request by its key.
pub fn request(key: &str) -> Request {
    request_of(core(key))
}

/// The vote that a decision of alice becomes.
pub fn vote(decision: &Decision) -> Vote {
    Vote {
        decision: decision.id.clone(),
        by: person("alice"),
        ballot: decision.ballot,
        comment: decision.comment.clone(),
        scope: decision.scope,
        at: decision.made_at,
        self_unproven: true,
    }
}

/// A principal with a token.
pub fn person(name: &str) -> Principal {
    Principal {
        issuer: "broker".into(),
        subject: name.into(),
        assurance: Assurance::Bearer,
        person: Some(name.parse().unwrap()),
    }
}

/// A key as people write it.
pub fn key(text: &str) -> RequestKey {
    text.parse().unwrap()
}
