//! Pipelines ask: what is bound, what is found, what passes at once and what is refused.

use super::*;
use crate::domain::action::{Action, ActionKind};
use crate::domain::finding::Finding;

#[test]
fn what_the_pipeline_says_is_claimed_and_what_its_token_binds_is_not() {
    let mut world = World::new(TEAM);
    let mut said = submission("prod");
    said.identities.push(Identity { source: Source::Oidc, ..claimed(Role::Trigger, "root") });
    said.identities.push(claimed(Role::Credential, "another-token"));
    let id = world.ask(&pipeline("ci"), said).unwrap();
    let core = world.held(&id).core();
    assert_eq!(core.repository.source, Source::Token);
    let sources: Vec<_> = core.identities.iter().map(|i| (i.role, i.source)).collect();
    assert_eq!(
        sources,
        [(Role::Credential, Source::Token), (Role::Requester, Source::Claimed), (Role::Trigger, Source::Claimed)]
    );
    assert_eq!(core.key.backend.as_str(), "broker");
}

#[test]
fn a_token_asks_for_its_own_places_only() {
    let mut world = World::new(TEAM);
    let mut elsewhere = submission("prod");
    elsewhere.repository = "evil/shop".into();
    assert_eq!(code(world.ask(&pipeline("ci"), elsewhere)), Code::Forbidden);
    assert_eq!(code(world.ask(&pipeline("ci"), submission("moon"))), Code::Forbidden);
    assert_eq!(code(world.ask(&approver("alice"), submission("prod"))), Code::NotFound);
}

#[test]
fn the_same_key_asks_once_and_another_body_under_it_is_refused() {
    let mut world = World::new(TEAM);
    let ci = pipeline("ci");
    let ask = |world: &mut World, caller, body| world.ask_with(caller, body, "k", DiffScan::default());
    let first = ask(&mut world, &ci, submission("prod")).unwrap();
    assert_eq!(ask(&mut world, &ci, submission("prod")).unwrap(), first);
    assert_eq!(code(ask(&mut world, &ci, submission("stg"))), Code::KeyReused);
    assert_ne!(ask(&mut world, &pipeline("other"), submission("prod")).unwrap(), first);
    assert_eq!(world.state.pending_count(), 2);
}

#[test]
fn policy_allows_denies_or_waits() {
    let mut world = World::new(TEAM);
    let ci = pipeline("ci");
    let [dev, frozen, prod] = ["dev", "frozen", "prod"].map(|env| world.ask(&ci, submission(env)).unwrap());
    assert_eq!(world.standing(&dev), Standing::Approved);
    assert!(world.state.grant_of(world.held(&dev)).unwrap().grant.by.is_empty());
    assert_eq!(world.standing(&frozen), Standing::Denied);
    assert_eq!(world.standing(&prod), Standing::Pending);
    assert_eq!(world.kinds(), ["requested", "granted", "requested", "denied", "requested"]);
}

#[test]
fn a_wave_of_repeats_counts_once_for_the_quota() {
    let mut setup = Setup::clone(&setup(TEAM));
    setup.quota = Quota { in_all: 3, of_one: 2, repeats: 30 };
    let mut world = World::with(Arc::new(setup));
    let ci = pipeline("ci");
    for leg in 0..30 {
        let mut said = submission("prod");
        said.run.as_mut().unwrap().job = format!("test ({leg})").into();
        world.ask(&ci, said).unwrap();
    }
    assert_eq!(code(world.ask(&ci, submission("prod"))), Code::Quota, "31 repeats");
    let id = world.ask(&ci, submission("stg")).unwrap();
    let mut third = submission("stg");
    third.name = "other".into();
    assert_eq!(code(world.ask(&ci, third.clone())), Code::Quota, "three distinct ones");
    world.vote("alice", &id, Ballot::Reject).unwrap();
    world.ask(&ci, third).unwrap();
    world.ask(&pipeline("cd"), submission("stg")).unwrap();
    assert_eq!(code(world.ask(&pipeline("cx"), submission("stg"))), Code::Quota, "four in all");
}

fn action(reference: &str, sha: Option<&str>) -> Action {
    Action {
        kind: ActionKind::Action,
        name: "aquasecurity/trivy-action".into(),
        reference: reference.into(),
        comment: None,
        sha: sha.map(Text::from),
        place: ".github/workflows/deploy.yml:31".into(),
        before: None,
        lock: None,
        parent: None,
    }
}

#[test]
fn each_fault_of_the_evidence_is_found() {
    type Spoil = fn(&mut Submission);
    let cases: &[(Spoil, FindingId)] = &[
        (|s| s.evidence.tree.as_mut().unwrap().untracked.push("x".into()), FindingId::DirtyTree),
        (|s| s.reason = "ship\u{202e}it".into(), FindingId::HiddenText),
        (|s| s.command.argv.push("a\u{200b}".into()), FindingId::HiddenText),
        (|s| s.evidence.commits[0].subject = "x\u{2066}".into(), FindingId::HiddenText),
        (
            |s| s.evidence.cuts.push(crate::domain::evidence::Cut { what: "diff".into(), kept: 1, of: 2 }),
            FindingId::EvidenceTruncated,
        ),
        (|s| s.evidence.tree = None, FindingId::EvidenceMissing),
        (|s| s.evidence.diff = None, FindingId::EvidenceMissing),
        (|s| s.evidence.base = None, FindingId::NoBase),
        (|s| s.evidence.course = Some(Course::Behind), FindingId::Rollback),
        (|s| s.evidence.course = Some(Course::Diverged), FindingId::Diverged),
        (|s| s.evidence.actions.push(action("v1", Some("a1b2c3"))), FindingId::ActionMovable),
        (|s| s.evidence.actions.push(action(&"a".repeat(40), None)), FindingId::EvidenceMissing),
    ];
    for (spoil, expected) in cases {
        let mut world = World::new(TEAM);
        let mut said = submission("prod");
        spoil(&mut said);
        let id = world.ask(&pipeline("ci"), said).unwrap();
        assert!(finds(&world, &id).contains(&(*expected, true)), "{expected:?}: {:?}", finds(&world, &id));
    }
}

#[test]
fn a_request_in_order_has_no_finding_but_that_nobody_vouches_for_who_asks() {
    let mut world = World::new(TEAM);
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    let found: Vec<_> = finds(&world, &id).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, [FindingId::RequesterUnverified]);
}

#[test]
fn hidden_text_of_the_diff_and_an_unread_diff_are_found() {
    let mut world = World::new(TEAM);
    let diff =
        DiffScan { findings: vec![Finding::new(FindingId::HiddenText, "src/x", "")], unread: "too large".into() };
    let id = world.ask_with(&pipeline("ci"), submission("prod"), "k", diff).unwrap();
    let found = finds(&world, &id);
    assert!(found.contains(&(FindingId::HiddenText, true)) && found.contains(&(FindingId::EvidenceTruncated, true)));
}

#[test]
fn asking_again_after_a_no_and_asking_often_are_found() {
    let mut world = World::new(TEAM);
    let gate = pipeline("ci");
    let first = world.ask(&gate, submission("prod")).unwrap();
    world.vote("alice", &first, Ballot::Reject).unwrap();
    let again = world.ask(&gate, submission("prod")).unwrap();
    assert!(finds(&world, &again).contains(&(FindingId::RequestRepeated, true)));
    world.pass(Span::mins(61));
    let later = world.ask(&gate, submission("prod")).unwrap();
    assert!(!finds(&world, &later).contains(&(FindingId::RequestRepeated, true)), "an hour later it is forgotten");

    let named = |n: u32| Submission { name: format!("job {n}").into(), ..submission("stg") };
    let burst = |world: &World, id: &NativeId| finds(world, id).contains(&(FindingId::RequestBurst, true));
    let ids: Vec<NativeId> = (0..7).map(|n| world.ask(&gate, named(n)).unwrap()).collect();
    let told: Vec<bool> = ids.iter().map(|id| burst(&world, id)).collect();
    assert_eq!(told, [false, false, false, false, false, false, true], "the seventh within ten minutes");
    let repeat = world.ask(&gate, named(0)).unwrap();
    assert!(burst(&world, &repeat));
}

#[test]
fn after_an_approved_deployment_the_same_is_old_and_a_moved_action_is_new() {
    let mut world = World::new(TEAM);
    let gate = pipeline("ci");
    let mut said = submission("stg");
    said.evidence.actions = vec![action("v0.33.1", Some("a1b2c3d"))];
    let first = world.ask(&gate, said.clone()).unwrap();
    world.vote("alice", &first, Ballot::Approve).unwrap();
    world.start(&gate, &first, "s").unwrap();

    let second = world.ask(&gate, said.clone()).unwrap();
    assert!(finds(&world, &second).iter().all(|(_, new)| !new), "{:?}", finds(&world, &second));

    said.evidence.actions = vec![action("v0.33.1", Some("9f8e7d6"))];
    let third = world.ask(&gate, said).unwrap();
    let new: Vec<_> = finds(&world, &third).into_iter().filter(|(_, new)| *new).collect();
    assert_eq!(new, [(FindingId::ActionShaChanged, true)]);
    let finding = &world.held(&third).live.findings[0];
    assert_eq!(finding.detail, *"a1b2c3d -> 9f8e7d6");
}

#[test]
fn a_wider_grant_covers_the_next_request_of_the_same_run_and_no_other() {
    let mut world = World::new(TEAM);
    let gate = pipeline("ci");
    let first = world.ask(&gate, submission("stg")).unwrap();
    let decision = Decision { scope: Scope::Run, ..world.decision(&first, Ballot::Approve) };
    world.send("alice", &first, decision).unwrap();
    world.start(&gate, &first, "a").unwrap();

    let covered = world.ask(&gate, submission("stg")).unwrap();
    assert_eq!(world.standing(&covered), Standing::Approved);
    let permit = world.start(&gate, &covered, "b").unwrap();
    let grant = world.state.grant(&permit.grant).unwrap();
    assert_eq!((grant.grant.passes.len(), &grant.grant.bound.request.id), (2, &first));

    let mut another_run = submission("stg");
    another_run.run.as_mut().unwrap().attempt = 2;
    let id = world.ask(&gate, another_run).unwrap();
    assert_eq!(world.standing(&id), Standing::Pending);

    let mut odd = submission("stg");
    odd.reason = "now\u{202e}".into();
    let id = world.ask(&gate, odd).unwrap();
    assert_eq!(world.standing(&id), Standing::Pending, "a new finding is judged anew");

    world.pass(Span::mins(11));
    let late = world.ask(&gate, submission("stg")).unwrap();
    assert_eq!(world.standing(&late), Standing::Pending, "start-by is past");
}

#[test]
fn a_hook_is_told_of_what_waits_with_those_who_may_decide() {
    let mut setup = Setup::clone(&setup(TEAM));
    setup.hook = true;
    let mut world = World::with(Arc::new(setup));
    let id = world.ask(&pipeline("ci"), submission("prod")).unwrap();
    assert_eq!(world.held(&id).fixed.notified, [Text::from("alice"), Text::from("carol")]);
    world.pass(Span::mins(31));
    world.do_(Command::Tick).unwrap();
    world.pass(Span::mins(30));
    world.do_(Command::Tick).unwrap();
    let told: Vec<_> = world.notices.iter().map(|n| n.occasion).collect();
    assert_eq!(told, [Occasion::Create, Occasion::Half, Occasion::Timeout]);
}
