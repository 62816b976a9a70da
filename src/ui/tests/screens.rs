//! Every screen at three sizes.

use super::at;
use crate::app::Effect;
use crate::app::testing::{Sample, Stage, WALL, backend, fault, grant, look_ups, person, sent, sketch};
use crate::backends::port::{ByHand, Fault, Trouble};
use crate::desk::news::{AuditState, Errand, GuardState, Health, News, Step};
use crate::domain::decision::Decision;
use crate::domain::grant::{End, Enforcer, Grant, Pass};
use crate::domain::guard::OnExpiry;
use crate::domain::ids::{DecisionId, GrantId};
use crate::domain::outcome::Outcome;
use crate::domain::record::{Entry, Event, Head, Place, Record};
use crate::domain::request::{Ballot, State};
use crate::domain::scope::Scope;
use crate::domain::text::SafeText;
use crate::domain::time::Span;
use std::sync::Arc;

const SIZES: [(u16, u16); 3] = [(80, 24), (60, 16), (120, 40)];

fn snapshots(name: &str, stage: &mut Stage) {
    for (width, height) in SIZES {
        let shown = at(stage, (width, height));
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}@{width}x{height}"), shown);
        });
    }
}

#[test]
fn empty() {
    snapshots("empty", &mut Stage::new());
}

#[test]
fn a_backend_that_does_not_answer_says_why_where_its_requests_would_stand() {
    let mut stage = Stage::new();
    let fault = Fault::new(
        Trouble::Unauthenticated,
        "this token has expired",
        "make one with `jit-tui broker token add`; a console takes it from its [[backend]] table",
    );
    stage.news(News::Backend(Box::new(backend("local", Health::Stale { since: None, fault }))));
    snapshots("down", &mut stage);
}

#[test]
fn queue() {
    let mut stage = Stage::busy();
    stage.news(News::Backend(Box::new(backend("github", Health::Fresh { at: WALL }))));
    let stale = Health::Stale { since: Some(WALL - Span::mins(4)), fault: fault("no route to gitlab.example") };
    stage.news(News::Backend(Box::new(backend("gitlab", stale))));
    stage.press("j");
    stage.comes(Sample::prod("web", "hotfix").ages(0, 60));
    stage.press("k j");
    stage.comes(Sample::prod("web", "hotfix-2").ages(0, 60));
    snapshots("queue", &mut stage);
}

#[test]
fn queue_with_filter_and_marks() {
    let mut stage = Stage::busy();
    stage.press("/");
    stage.types("env:prod who:carol");
    snapshots("filter", &mut stage);
    stage.press("enter M");
    snapshots("marks", &mut stage);
}

#[test]
fn same_user_banner() {
    let mut stage = Stage::busy();
    let mut local = backend("local", Health::Fresh { at: WALL });
    local.session.as_mut().unwrap().same_user = true;
    stage.news(News::Backend(Box::new(local)));
    snapshots("same-user", &mut stage);
}

#[test]
fn broken_audit_log() {
    let mut stage = Stage::busy();
    stage.news(News::AuditState(AuditState::Broken {
        why: "record #812 does not chain: `jit-tui audit verify`".into(),
    }));
    snapshots("audit-broken", &mut stage);
}

#[test]
fn request() {
    let mut stage = Stage::busy();
    let asked = stage.press("enter");
    stage.evidence_comes(&asked);
    snapshots("overview", &mut stage);
    stage.press("2");
    snapshots("diff", &mut stage);
    stage.press("] ]");
    snapshots("diff-third-file", &mut stage);
    stage.press("Z");
    snapshots("diff-folded", &mut stage);
    stage.press("Z");
    stage.press("=");
    snapshots("diff-sides", &mut stage);
    stage.press("3");
    snapshots("actions", &mut stage);
    let evidence = crate::app::screens::request::viewed(&stage.state).unwrap().evidence.digest;
    let told = News::LookedUp { evidence, look_ups: Arc::new(look_ups()), findings: Arc::default() };
    stage.news(told);
    snapshots("actions-looked-up", &mut stage);
    stage.press("s");
    snapshots("actions-whole", &mut stage);
    let past = stage.press("4");
    let generation = past.iter().find_map(|e| match e {
        Effect::Errand(Errand::Audit { generation, .. }) => Some(*generation),
        _ => None,
    });
    stage.news(News::Audit { generation: generation.unwrap(), result: Ok(records()) });
    snapshots("history", &mut stage);
}

#[test]
fn approve() {
    let mut stage = Stage::busy();
    let asked = stage.press("a");
    snapshots("approve-reading", &mut stage);
    stage.evidence_comes(&asked);
    stage.types("INC-2291 roll forward");
    stage.press("tab");
    snapshots("approve", &mut stage);
    stage.types("2");
    stage.press("tab");
    stage.types("PRO");
    stage.press("enter");
    snapshots("approve-wrong-word", &mut stage);
    stage.comes(Sample::prod("shop", "deploy-api").seq(2).core(|c| c.head = Some("7".repeat(40).parse().unwrap())));
    snapshots("approve-changed", &mut stage);
    stage.comes(Sample::prod("shop", "deploy-api").seq(3).decided(State::Rejected, "dan", Ballot::Reject));
    snapshots("approve-locked", &mut stage);
}

#[test]
fn approve_plain_and_held() {
    let mut stage = Stage::new();
    stage.lists(vec![Sample::stage("shop", "e2e")]);
    stage.press("a");
    stage.waits(400);
    snapshots("approve-plain", &mut stage);
    stage.press("g");
    snapshots("held", &mut stage);
    let decisions = sent(&stage.waits(3000));
    stage.comes(Sample::stage("shop", "e2e").seq(2).granted(true));
    stage.settles(&decisions[0], Outcome::Final { state: State::Approved });
    snapshots("last", &mut stage);
}

#[test]
fn reject() {
    let mut stage = Stage::busy();
    stage.press("r");
    stage.types("not while INC-2291 is open");
    stage.press("enter");
    snapshots("reject", &mut stage);
}

#[test]
fn break_glass() {
    let mut stage = Stage::busy();
    stage.press("B");
    stage.types("both approvers asleep, site down");
    stage.press("tab");
    snapshots("break-glass", &mut stage);
}

#[test]
fn bulk() {
    let mut stage = Stage::new();
    stage.lists(
        (0..5)
            .map(|i| {
                Sample::stage("shop", "e2e")
                    .id(&format!("leg{i}"))
                    .core(|c| c.run.as_mut().unwrap().job = format!("leg-{i}").into())
            })
            .collect(),
    );
    stage.press("a");
    stage.waits(400);
    snapshots("bulk", &mut stage);
    stage.press("g");
    let decisions = sent(&stage.waits(5000));
    stage.settles(&decisions[0], Outcome::Final { state: State::Approved });
    stage.settles(&decisions[1], Outcome::Unknown { why: "no answer in 10s".into() });
    snapshots("bulk-results", &mut stage);
}

fn grants() -> Vec<Grant> {
    let core = |name: &str| Sample::prod("shop", name).core;
    let old = Grant {
        id: GrantId::from_bits([8; 16]),
        break_glass: true,
        passes: vec![crate::domain::grant::Pass {
            end: Some((WALL, End::Expired)),
            ..grant(&core("x"), true).passes[0].clone()
        }],
        ..grant(&core("migrate"), false)
    };
    let open = Grant {
        id: GrantId::from_bits([9; 16]),
        passes: vec![],
        by: vec![person("dan"), person("erin")],
        ..grant(&core("canary"), true)
    };
    vec![old, grant(&core("deploy-api"), true), open]
}

#[test]
fn grants_and_their_dialogs() {
    let mut stage = Stage::busy();
    stage.news(News::Grants { backend: "local".parse().unwrap(), grants: grants() });
    stage.press("R");
    snapshots("grants", &mut stage);
    stage.press("r");
    stage.types("wrong region");
    stage.press("enter");
    snapshots("revoke", &mut stage);
    stage.press("esc e");
    snapshots("extend", &mut stage);
}

fn records() -> Vec<Arc<Record>> {
    let key = Sample::prod("shop", "deploy-api").core.key;
    let events = [
        Event::Opened { program: "jit-tui 0.1.0".into() },
        Event::Denied { why: "freeze until Monday".into() },
        Event::TimedOut,
        Event::Reviewed { comment: "was right \u{202e}".into() },
    ];
    let mut head = Head::empty();
    let mut records: Vec<Arc<Record>> = Vec::new();
    for (i, event) in events.into_iter().enumerate() {
        let by = (i > 0).then(|| person("dan"));
        let entry = Entry { at: WALL - Span::mins(40 - i as u32), by, request: (i > 0).then(|| key.clone()), event };
        let (line, next) = head.chain(entry).unwrap();
        records.insert(0, Arc::new(serde_json::from_str(&line).unwrap()));
        head = next;
    }
    records
}

#[test]
fn audit() {
    let mut stage = Stage::busy();
    stage.press("L");
    stage.news(News::Audit { generation: 1, result: Ok(records()) });
    snapshots("audit", &mut stage);
}

#[test]
fn the_history_reaches_requests_that_no_backend_lists_any_more() {
    let mut stage = Stage::new();
    let request = Sample::prod("shop", "deploy-api");
    let (here, mut elsewhere) = (Place::of(&request.core), Place::of(&request.core));
    elsewhere.environment = "staging".into();
    stage.lists(vec![request]);
    let effects = stage.press("enter 4");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Errand(Errand::Audit { generation, .. }) => Some(*generation),
        _ => None,
    });
    let told = |n: u32, key: &str, event| {
        let at = WALL - Span::hours(24 * n);
        let entry = Entry { at, by: None, request: Some(key.parse().unwrap()), event };
        let (line, _) = Head::empty().chain(entry).unwrap();
        Arc::new(serde_json::from_str::<Record>(&line).unwrap())
    };
    let ended = |place| Event::Outcome {
        decision: DecisionId::new(WALL, [1; 10]),
        result: Outcome::Final { state: State::Rejected },
        place,
    };
    let records = vec![
        told(1, "local/old#1", ended(Some(here))),
        told(1, "local/old#1", Event::Reviewed { comment: "long ago, and of this place".into() }),
        told(2, "local/other#1", ended(Some(elsewhere))),
        told(2, "local/other#1", Event::Reviewed { comment: "of another place".into() }),
        told(3, "local/unread#1", ended(None)),
    ];
    stage.news(News::Audit { generation: asked.unwrap(), result: Ok(records) });
    let shown = at(&mut stage, (120, 40));
    assert!(shown.contains("long ago, and of this place") && shown.matches("rejected").count() == 1, "{shown}");
    assert!(!shown.contains("of another place"), "{shown}");
}

#[test]
fn layers() {
    let mut stage = Stage::busy();
    stage.press("?");
    snapshots("help", &mut stage);
    stage.types("break");
    snapshots("help-search", &mut stage);
    stage.press("esc :");
    stage.types("ap");
    snapshots("palette", &mut stage);
}

#[test]
fn quit_with_something_held() {
    let mut stage = Stage::new();
    stage.lists(vec![Sample::stage("shop", "e2e")]);
    stage.press("a g q");
    snapshots("quit", &mut stage);
}

#[test]
fn hostile_text_is_marked_on_every_screen() {
    let mut stage = Stage::new();
    let evil = "evil\u{202e}\x1b[2J\u{200b}";
    stage.lists(vec![Sample::prod("shop", evil).core(|c| {
        c.reason = format!("{evil}\nline two").as_str().into();
        c.branch = Some(evil.into());
    })]);
    snapshots("hostile", &mut stage);
    stage.press("enter");
    snapshots("hostile-overview", &mut stage);
    assert!(!sketch().is_empty());
}

fn guarded() -> Sample {
    let hub = |c: &mut crate::domain::request::Core| {
        c.key = "github/e2e#1".parse().unwrap();
        c.command = None;
        let blob = "b10b5eed".into();
        let path = ".github/workflows/deploy.yml".into();
        c.workflow = Some(crate::domain::request::WorkflowFile { path, blob });
    };
    Sample::stage("shop", "e2e").core(hub).with(|r| {
        r.enforcer = Enforcer::Guard;
        r.verdict.max_uses = Some(8);
        r.verdict.start_by = Span::mins(30);
    })
}

fn at_github(guard: GuardState) -> Stage {
    let mut stage = Stage::with(|setup| setup.on_expiry = OnExpiry::RejectPending);
    let mut github = backend("github", Health::Fresh { at: WALL });
    github.capabilities.enforcer = Enforcer::Guard;
    github.capabilities.binds_digest = false;
    stage.news(News::Backend(Box::new(github)));
    stage.news(News::Guard(guard));
    let changed = vec![guarded().build()];
    stage.news(News::Requests { backend: "github".parse().unwrap(), changed, whole: true });
    stage
}

#[test]
fn a_request_whose_scope_the_guard_keeps() {
    let mut stage = at_github(GuardState::Elsewhere);
    stage.press("enter");
    snapshots("guarded-request", &mut stage);
    let mut stage = at_github(GuardState::Here);
    stage.press("a tab right");
    snapshots("guarded-approve", &mut stage);
}

#[test]
fn grants_of_the_guard() {
    let mut stage = at_github(GuardState::Here);
    let core = guarded().build().core.clone();
    let pass = |mins| Pass {
        request: core.key.clone(),
        started_at: WALL - Span::mins(mins),
        ends_at: WALL - Span::mins(mins),
        end: Some((WALL - Span::mins(mins), End::Unwatched)),
    };
    let given = Grant {
        enforcer: Enforcer::Guard,
        scope: Scope::Run,
        max_uses: Some(8),
        passes: vec![pass(4), pass(2)],
        ..grant(&core, false)
    };
    stage.news(News::Grants { backend: "github".parse().unwrap(), grants: vec![given] });
    stage.press("R");
    snapshots("guarded-grants", &mut stage);
    stage.press("r");
    snapshots("guarded-revoke", &mut stage);
}

#[test]
fn several_decisions_in_their_turn() {
    let mut stage = Stage::with(|setup| setup.hold_back = false);
    stage.lists(
        (0..50)
            .map(|n| Sample::stage("shop", "e2e").id(&format!("r{n}")).core(|c| c.name = format!("job-{n:02}").into()))
            .collect(),
    );
    stage.press("M a");
    let decisions = sent(&stage.press("g"));
    let outcome = |n: usize| match n {
        3 => Outcome::AlreadyDecided { by: "dan".into(), state: State::Rejected },
        _ => Outcome::Final { state: State::Approved },
    };
    for (n, decision) in decisions.iter().enumerate() {
        let Decision { id, request: key, ballot, .. } = decision.clone();
        let step = match n {
            0..12 => Step::Done(outcome(n)),
            12 => Step::Sending,
            _ => Step::Queued,
        };
        stage.news(News::Decision { id, key, ballot, step });
    }
    snapshots("bulk-turns", &mut stage);
    let Decision { id, request: key, ballot, .. } = decisions[13].clone();
    let until = stage.now.boot + Span::secs(43);
    let why = SafeText::lit("github takes no call, its limit is used up");
    stage.news(News::Decision { id, key, ballot, step: Step::Waits { until, why } });
    stage.press("esc");
    snapshots("countdown", &mut stage);
    stage.press("q");
    snapshots("bulk-quit", &mut stage);
}

#[test]
fn how_to_decide_by_hand() {
    let mut stage = at_github(GuardState::Here);
    let command = |state: &str| {
        let line = format!(
            "gh api -X POST repos/acme/shop/actions/runs/8841/pending_deployments -F 'environment_ids[]=7' -f state={state} -f comment=''"
        );
        Some(line.as_str().into())
    };
    let page = Some("https://github.com/acme/shop/actions/runs/8841".into());
    let approve = ByHand { page, command: command("approved") };
    let reject = ByHand { page: None, command: command("rejected") };
    stage.news(News::ByHand { key: guarded().build().key().clone(), approve, reject });
    snapshots("by-hand", &mut stage);
}
