use super::*;
use crate::domain::digest::Digest;
use crate::domain::principal::{Identity, IdentityKind, Role, Sourced};
use crate::domain::request::{Ask, Command};
use crate::domain::scope::Scope;
use crate::domain::time::Span;

fn identity(name: &str, source: Source) -> Identity {
    Identity { role: Role::Requester, kind: IdentityKind::Login, name: Text::from(name), source }
}

fn submission() -> Submission {
    let digest = Digest::of(b"x");
    Submission {
        repository: Text::from("acme/shop"),
        environment: Text::from("production"),
        name: Text::from("deploy"),
        head: Some("a".repeat(40).parse().unwrap()),
        branch: Some(Text::from("main")),
        command: Command {
            argv: vec![Text::from("./deploy.sh")],
            folder: Text::from("/w"),
            program: Text::from("/w/deploy.sh"),
            program_digest: digest,
            env_digest: digest,
            stop_signal: Text::from("TERM"),
            grace: Span::mins(1),
        },
        run: None,
        identities: vec![identity("bob", Source::Claimed)],
        reason: Text::from("because"),
        ask: Ask { scope: Scope::Once, run_for: Span::mins(15) },
        evidence: Evidence::default(),
        wait: None,
    }
}

fn stored(sent: &Submission) -> Core {
    let source = Source::Token;
    Core {
        key: "local/ab#1".parse().unwrap(),
        nonce: Some("00".into()),
        repository: Sourced { value: sent.repository.clone(), source },
        environment: Sourced { value: sent.environment.clone(), source },
        name: sent.name.clone(),
        head: sent.head.clone(),
        branch: sent.branch.clone(),
        base: None,
        command: Some(sent.command.clone()),
        workflow: None,
        tree: None,
        clean: false,
        run: None,
        identities: vec![identity("bob", Source::Claimed), identity("shop-prod", Source::Token)],
        reason: sent.reason.clone(),
        ask: sent.ask,
    }
}

#[test]
fn a_core_that_adds_what_the_credential_binds_still_holds() {
    let sent = submission();
    assert_eq!(holds(&stored(&sent), &sent), Ok(()));
}

#[test]
fn any_other_difference_is_named() {
    let sent = submission();
    type Change = (&'static str, fn(&mut Core));
    let changes: [Change; 8] = [
        ("environment", |c| c.environment.value = Text::from("staging")),
        ("head", |c| c.head = None),
        ("command", |c| c.command = None),
        ("working tree", |c| c.clean = true),
        ("identity", |c| c.identities.clear()),
        ("identity", |c| c.identities.push(identity("mallory", Source::Claimed))),
        ("scope", |c| c.ask.scope = Scope::Revision),
        ("time", |c| c.ask.run_for = Span::hours(8)),
    ];
    for (what, change) in changes {
        let mut core = stored(&sent);
        change(&mut core);
        assert_eq!(holds(&core, &sent), Err(what));
    }
}

#[test]
fn queries_carry_any_name() {
    assert_eq!(in_query(&Text::from("acme/shop&x=1 é")), "acme%2Fshop%26x%3D1%20%C3%A9");
}
