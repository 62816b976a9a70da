//! Who passes under a grant of the guard, change by change.

use proptest::prelude::*;

use super::*;
use crate::desk::guard::testing::{core, kept, policy, request_of};
use crate::domain::finding::FindingId;
use crate::domain::grant::{Pass, Revocation};
use crate::domain::principal::{IdentityKind, Role, Source};
use crate::domain::request::{Core, NeedState, State};

const BOOT: &str = "this boot";

fn now() -> Now {
    Now { wall: Ms(1_000_000) + Span::mins(5), boot: Ms(5_000_000) + Span::mins(5) }
}

fn judge(kept: &Kept, request: &Request, now: Now) -> Result<(), Stop> {
    let gate = Gate { request, evidence: &Evidence::default(), looked_up: &[], policy: &policy(), now, boot: BOOT };
    may_pass(kept, &gate)
}

fn stop(kept: &Kept, request: &Request) -> String {
    judge(kept, request, now()).unwrap_err().words().as_str().to_owned()
}

#[test]
fn a_later_gate_of_the_same_run_passes() {
    let mut other_head = core("hub/b#1");
    other_head.head = Some("5".repeat(40).parse().unwrap());
    for request in [request_of(core("hub/b#1")), request_of(core("hub/a#1")), request_of(other_head)] {
        assert_eq!(may_fit(&kept(), &request, now(), BOOT), Ok(()));
        assert_eq!(judge(&kept(), &request, now()), Ok(()));
    }
}

type Change = (&'static str, fn(&mut Kept, &mut Request));

/// What makes the guard stop, and what it says then.
const STOPS: &[Change] = &[
    ("approved", |_, r| r.state = State::Approved),
    ("not among the reviewers", |_, r| r.can = Can::No { why: "not among the reviewers".into() }),
    ("the grant was revoked", |k, _| {
        let by = k.grant.by[0].clone();
        k.grant.revoked = Some(Revocation { by, at: Ms(1), reason: "".into() });
    }),
    ("it was used as often as it may be", |k, _| {
        let pass = Pass { request: k.grant.bound.request.clone(), started_at: Ms(1), ends_at: Ms(1), end: None };
        k.grant.passes = vec![pass; 8];
    }),
    ("another run or attempt than was approved", |_, r| change(r, |c| c.run.as_mut().unwrap().attempt = 2)),
    ("another workflow file than was approved", |_, r| {
        change(r, |c| c.workflow.as_mut().unwrap().blob = "other".into());
    }),
    ("another requester than was approved", |_, r| change(r, |c| c.identities[0].name = "mallory".into())),
    ("another environment than was approved", |_, r| change(r, |c| c.environment.value = "prod2".into())),
    ("another repository than was approved", |_, r| change(r, |c| c.repository.value = "acme/other".into())),
    ("another policy than was approved", |k, _| k.grant.bound.policy = crate::domain::digest::Digest::of(b"old")),
    ("new since the approval: tree is dirty src", |_, r| {
        r.findings = vec![Finding::new(FindingId::DirtyTree, "src", "")];
    }),
    ("blocked by a finding: tree is dirty", |k, r| {
        let blocking = Finding { blocks: true, ..Finding::new(FindingId::DirtyTree, "src", "") };
        (k.findings, r.findings) = (vec![blocking.clone()], vec![blocking]);
    }),
    ("more than one person must approve it, and the guard is not one", |_, r| {
        r.needs = vec![NeedState { group: None, need: 2, have: 1 }];
    }),
    ("the backend does not show what its run was started with", |_, r| r.inputs_hidden = true),
    ("nobody is named who gave the grant", |k, _| k.grant.by.clear()),
];

fn change(request: &mut Request, change: impl FnOnce(&mut Core)) {
    let mut core = Core::clone(&request.core);
    change(&mut core);
    request.core = crate::domain::request::Sealed::new(core).unwrap();
}

#[test]
fn whatever_moved_stops_it_and_is_said() {
    for (says, change) in STOPS {
        let (mut kept, mut request) = (kept(), request_of(core("hub/b#1")));
        change(&mut kept, &mut request);
        let said = stop(&kept, &request);
        assert!(said.contains(says), "{said} / {says}");
    }
}

#[test]
fn what_a_look_up_found_stops_it_where_it_blocks_and_only_there() {
    let request = request_of(core("hub/b#1"));
    for (id, blocks) in [(FindingId::ImpostorCommit, true), (FindingId::FirstSeenAction, false)] {
        let found = [Finding::new(id, "acme/scan@v1", "")];
        let (evidence, policy) = (&Evidence::default(), &policy());
        let gate = Gate { request: &request, evidence, looked_up: &found, policy, now: now(), boot: BOOT };
        let said = may_pass(&kept(), &gate).map_err(|stop| stop.words().as_str().to_owned());
        assert_eq!(said.is_err(), blocks, "{said:?}");
        assert!(said.err().is_none_or(|said| said.starts_with("blocked by a finding: ") && said.contains("acme/scan")));
    }
}

#[test]
fn what_became_of_its_actions_since_the_approval_stops_it() {
    let request = request_of(core("hub/b#1"));
    let found = |id, detail: &str| Finding::new(id, "acme/scan@v1", detail);
    for (now_found, at_approval, passes) in [
        (found(FindingId::TagMoved, "a -> b"), None, false),
        (found(FindingId::TagMoved, "a -> b"), Some(found(FindingId::TagMoved, "a -> b")), true),
        (found(FindingId::ActionNotProven, "offline"), None, false),
        (found(FindingId::ActionNotProven, "offline"), Some(found(FindingId::ActionNotProven, "offline")), true),
        (found(FindingId::ActionNotProven, "HTTP 403"), Some(found(FindingId::ActionNotProven, "offline")), false),
    ] {
        let kept = Kept { findings: at_approval.into_iter().collect(), ..kept() };
        let (evidence, policy) = (&Evidence::default(), &policy());
        let looked_up = std::slice::from_ref(&now_found);
        let gate = Gate { request: &request, evidence, looked_up, policy, now: now(), boot: BOOT };
        assert_eq!(may_pass(&kept, &gate).is_ok(), passes, "{now_found:?}");
    }
}

#[test]
fn a_finding_that_was_there_at_the_approval_does_not_stop_it_unless_it_is_worse_now() {
    let known = Finding::new(FindingId::ActionMovable, "acme/scan", "v4");
    let mut kept = kept();
    kept.findings = vec![known.clone()];
    let mut request = request_of(core("hub/b#1"));
    request.findings = vec![known.clone()];
    assert_eq!(judge(&kept, &request, now()), Ok(()));
    for other in [
        Finding { severity: crate::domain::finding::Severity::High, ..known.clone() },
        Finding { detail: "v5".into(), ..known.clone() },
        Finding { subject: "acme/other".into(), ..known },
    ] {
        request.findings = vec![other];
        assert!(judge(&kept, &request, now()).is_err());
    }
}

#[test]
fn whoever_gave_the_grant_must_still_be_allowed_to() {
    let strict = crate::desk::guard::testing::POLICY.replace("seen =", "not = [\"authors\"]\nseen =");
    let policy = Policy::parse(&strict, "policy.toml").unwrap();
    let mut kept = kept();
    kept.grant.bound.policy = policy.digest();
    let mut request = request_of(core("hub/b#1"));
    let gate = |request: &Request| {
        let gate =
            Gate { request, evidence: &Evidence::default(), looked_up: &[], policy: &policy, now: now(), boot: BOOT };
        may_pass(&kept, &gate)
    };
    assert_eq!(gate(&request), Ok(()));
    change(&mut request, |c| {
        let name = "alice-gh".into();
        c.identities.push(Identity { role: Role::Author, kind: IdentityKind::Login, name, source: Source::Forge });
    });
    let why = gate(&request).unwrap_err().words();
    assert!(why.as_str().contains("you wrote part of it yourself"), "{why}");
}

#[test]
fn either_clock_past_ends_it_and_a_clock_set_back_stops_it() {
    let request = request_of(core("hub/b#1"));
    let at = |wall: i64, boot: i64| Now { wall: Ms(1_000_000 + wall), boot: Ms(5_000_000 + boot) };
    let half_hour = 30 * 60_000;
    for (what, now, passes) in [
        ("in time", at(1000, 1000), true),
        ("at the last moment", at(half_hour - 1, half_hour - 1), true),
        ("over", at(half_hour, half_hour), false),
        ("the machine slept: both clocks counted it", at(2 * half_hour, 2 * half_hour), false),
        ("the wall clock was set back, the boot clock went on", at(60_000, half_hour), false),
        ("the wall clock was set forward", at(half_hour, 1000), false),
        ("set back to before the decision", at(-60_000, 1000), false),
        ("a second of difference between two processes", at(-1000, 0), true),
    ] {
        assert_eq!(judge(&kept(), &request, now).is_ok(), passes, "{what}");
        assert_eq!(may_fit(&kept(), &request, now, BOOT).is_ok(), passes, "{what}");
    }
}

#[test]
fn in_another_boot_the_wall_clock_alone_counts() {
    let over_by_boot = Now { wall: Ms(1_060_000), boot: Ms(i64::MAX / 2) };
    assert!(is_over(&kept(), over_by_boot, BOOT));
    for boot in ["another boot", ""] {
        assert!(!is_over(&kept(), over_by_boot, boot), "{boot}");
        assert!(is_over(&kept(), Now { wall: kept().grant.start_by, boot: Ms(1) }, boot), "{boot}");
    }
}

#[test]
fn what_nobody_would_take_for_the_same_is_not_worth_a_word() {
    let elsewhere = |c: fn(&mut Core)| {
        let mut request = request_of(core("hub/b#1"));
        change(&mut request, c);
        may_fit(&kept(), &request, now(), BOOT)
    };
    assert_eq!(elsewhere(|c| c.run.as_mut().unwrap().id = "9".into()), Err(Stop::Elsewhere));
    assert_eq!(elsewhere(|c| c.environment.value = "staging".into()), Err(Stop::Elsewhere));
    assert_eq!(elsewhere(|c| c.run = None), Err(Stop::Elsewhere));
    assert!(matches!(elsewhere(|c| c.run.as_mut().unwrap().attempt = 2), Err(Stop::NotCovered(_))));
}

proptest! {
    #[test]
    fn nothing_passes_once_anything_of_the_list_moved(
        picked in proptest::sample::subsequence((0..STOPS.len()).collect::<Vec<_>>(), 1..4),
    ) {
        let (mut kept, mut request) = (kept(), request_of(core("hub/b#1")));
        picked.iter().for_each(|i| STOPS[*i].1(&mut kept, &mut request));
        prop_assert!(judge(&kept, &request, now()).is_err());
    }

    #[test]
    fn nothing_passes_after_the_end_of_either_clock(wall in -10_000_000i64..10_000_000, boot in 0i64..10_000_000) {
        let now = Now { wall: Ms(1_000_000 + wall), boot: Ms(5_000_000 + boot) };
        let passes = judge(&kept(), &request_of(core("hub/b#1")), now).is_ok();
        let half_hour = 30 * 60_000;
        prop_assert_eq!(passes, wall < half_hour && boot < half_hour && wall >= -5_000);
    }
}
