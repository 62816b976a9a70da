//! Stories of look-ups: what fails is told of one action only, what moved is told until somebody approves it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::Receiver;

use super::super::news::{Changed, Errand, Other};
use super::super::tests::{Fake, approved};
use super::super::{Keep, Setup};
use super::*;
use crate::audit::ledger::{self, ledger_file};
use crate::backends::port::{Answer, Backend, Fault, Trouble};
use crate::backends::resolver::Repository;
use crate::domain::action::{Action, ActionKind};
use crate::domain::evidence::Course;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::ids::CommitSha;
use crate::domain::lookup::{Change, Reach};
use crate::domain::text::Text;
use crate::domain::time::Span;

/// A forge in memory: what references stand for, which commits are impostors, files, and who answers what fault.
#[derive(Default)]
struct Forge {
    names: Mutex<HashMap<String, char>>,
    files: HashMap<String, &'static str>,
    impostors: Vec<char>,
    faults: HashMap<&'static str, Trouble>,
    asked: AtomicUsize,
}

fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

fn hex(digit: char) -> Text {
    sha(digit).as_str().into()
}

impl Forge {
    fn with(names: &[(&str, char)]) -> Self {
        let names = names.iter().map(|(name, digit)| ((*name).to_owned(), *digit)).collect();
        Self { names: Mutex::new(names), ..Self::default() }
    }

    fn fault(&self, repository: &Repository) -> Result<(), Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.faults.get(repository.name()) {
            Some(trouble) => Err(Fault::new(*trouble, "the forge says no", "")),
            None => Ok(()),
        }
    }
}

impl Resolver for Forge {
    fn covers(&self, _: &Repository) -> bool {
        true
    }
    fn resolve<'a>(&'a self, repository: &'a Repository, reference: &'a Text) -> Answer<'a, CommitSha> {
        let name = format!("{}@{}", repository.name(), reference.lossy());
        let whole = reference.as_str().and_then(|r| r.parse().ok());
        let known = self.names.lock().unwrap().get(&name).map(|digit| sha(*digit)).or(whole);
        let missing = || Fault::new(Trouble::NotFound, "no such reference", "");
        let answer = self.fault(repository).and_then(|()| known.ok_or_else(missing));
        async { answer }.boxed()
    }
    fn reach<'a>(
        &'a self,
        repository: &'a Repository,
        sha: &'a CommitSha,
        _: Option<&'a Text>,
    ) -> BoxFuture<'a, Reach> {
        let reach = match self.fault(repository) {
            Err(fault) => Reach::NotProven { why: fault.message.into() },
            Ok(()) if self.impostors.iter().any(|digit| sha.as_str().starts_with(*digit)) => Reach::Impostor,
            Ok(()) => Reach::Proven { on: "refs/tags/x".into() },
        };
        async { reach }.boxed()
    }
    fn file<'a>(&'a self, repository: &'a Repository, _: &'a CommitSha, path: &'a Text) -> Answer<'a, Option<Vec<u8>>> {
        let name = format!("{}/{}", repository.name(), path.lossy());
        let other = (path == &Text::from("action.yml")).then_some("runs: {using: node20}");
        let file = self.files.get(&name).copied().or(other).map(|text| text.as_bytes().to_vec());
        let answer = self.fault(repository).map(|()| file);
        async { answer }.boxed()
    }
    fn compare<'a>(&'a self, _: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Change> {
        let (old, new) = (old.clone(), new.clone());
        let change = Change { old, new, course: Course::Ahead, count: 3, commits: Vec::new(), link: None };
        async { Ok(change) }.boxed()
    }
    fn diff<'a>(&'a self, repository: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Vec<u8>> {
        let text = format!("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{old}\n+{new}\n").into_bytes();
        let answer = self.fault(repository).map(|()| text);
        async { answer }.boxed()
    }
}

struct Stage {
    desk: super::super::Desk,
    news: Receiver<News>,
    backend: Arc<Fake>,
    _home: tempfile::TempDir,
}

fn open(state: &Path, forge: &Arc<Forge>, calls: usize) -> (super::super::Desk, Receiver<News>, Arc<Fake>) {
    let backend = Fake::new(approved);
    let budget = Budget { time: Duration::from_secs(60), calls };
    let resolver = Some(Arc::clone(forge) as Arc<dyn Resolver>);
    let setup = Setup {
        backends: vec![Arc::clone(&backend) as Arc<dyn Backend>],
        state: state.to_owned(),
        poll_every: Span::secs(15),
        evidence: Keep { time: Duration::from_secs(60), bytes: 1 << 20 },
        limits: super::super::Limits::default(),
        actions: Actions { resolver, team_ledger: None, budget },
        origin: None,
    };
    let (desk, news) = super::super::Desk::open(setup).unwrap();
    (desk, news, backend)
}

impl Stage {
    fn new(forge: &Arc<Forge>) -> Self {
        Self::with_calls(forge, 500)
    }

    fn with_calls(forge: &Arc<Forge>, calls: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (desk, news, backend) = open(home.path(), forge, calls);
        Self { desk, news, backend, _home: home }
    }

    fn state(&self) -> &Path {
        self._home.path()
    }

    fn ask(&self, actions: Vec<Action>) {
        let decision = self.backend.decision();
        let (key, evidence) = (decision.request, decision.evidence_digest);
        let (repository, environment) = ("acme/shop".into(), "production".into());
        self.desk.run(Errand::LookUp(Box::new(Wanted { key, evidence, repository, environment, actions })));
    }

    async fn look_up(&mut self, actions: Vec<Action>) -> (Arc<LookUps>, Arc<[Finding]>) {
        self.ask(actions);
        loop {
            if let News::LookedUp { look_ups, findings, .. } = self.news.recv().await.unwrap()
                && look_ups.done
            {
                // The ledger is written behind what is told; the next look-up of the same evidence waits for its end.
                while !self.desk.0.look_ups.books().running.is_empty() {
                    tokio::task::yield_now().await;
                }
                return (look_ups, findings);
            }
        }
    }
}

fn action(name: &str, reference: &str) -> Action {
    Action::new(ActionKind::Action, name, reference, "w.yml:1")
}

fn ids(findings: &[Finding]) -> Vec<FindingId> {
    findings.iter().map(|finding| finding.id).collect()
}

#[tokio::test]
async fn half_of_the_look_ups_fail_and_the_other_half_is_told() {
    let mut forge = Forge::with(&[("a/ok@v1", '1'), ("b/ok@v1", '2')]);
    let faults = [("c/no", Trouble::NotFound), ("d/no", Trouble::Forbidden), ("e/no", Trouble::Limited)];
    forge.faults = faults.into_iter().collect();
    let mut stage = Stage::new(&Arc::new(forge));
    let names = ["c/no", "a/ok", "d/no", "b/ok", "e/no"];
    let (looked, findings) = stage.look_up(names.iter().map(|name| action(name, "v1")).collect()).await;
    let proven: Vec<bool> =
        looked.list.iter().map(|l| matches!(l.reach, Some(Reach::Proven { .. })) && l.action.sha.is_some()).collect();
    assert_eq!(proven, [false, true, false, true, false]);
    let not_proven: Vec<_> = findings
        .iter()
        .filter(|f| f.id == FindingId::ActionNotProven)
        .map(|f| f.subject.lossy().into_owned())
        .collect();
    assert_eq!(not_proven, ["c/no@v1", "d/no@v1", "e/no@v1"]);
    assert!(findings.iter().all(|f| f.id != FindingId::ActionNotProven || f.id.is_doubt()), "never green");
}

#[tokio::test]
async fn a_moved_tag_is_told_until_it_is_approved_and_then_no_more() {
    let forge = Arc::new(Forge::with(&[("acme/scan@v1", '1')]));
    let mut stage = Stage::new(&forge);
    let (_, findings) = stage.look_up(vec![action("acme/scan", "v1")]).await;
    assert_eq!(ids(&findings), [FindingId::FirstSeenAction]);
    assert!(stage.desk.decide(stage.backend.decision()).await.is_success());
    let (looked, findings) = stage.look_up(vec![action("acme/scan", "v1")]).await;
    assert_eq!(ids(&findings), []);
    let known = looked.list[0].known.clone().unwrap();
    assert_eq!((known.approved, known.approval.unwrap().0), (1, "alice".into()));
    forge.names.lock().unwrap().insert("acme/scan@v1".to_owned(), '2');
    let (state, forge) = (stage.state().to_owned(), Arc::clone(&forge));
    // Another console of the same folder, whose memory is empty.
    let (desk, news, backend) = open(&state, &forge, 500);
    (stage.desk, stage.news, stage.backend) = (desk, news, backend);
    for _ in 0..2 {
        let (looked, findings) = stage.look_up(vec![action("acme/scan", "v1")]).await;
        assert_eq!(ids(&findings), [FindingId::TagMoved, FindingId::ShaNeverApproved]);
        assert_eq!(findings[0].detail, Text::from(format!("{} -> {}", sha('1'), sha('2'))));
        assert_eq!(looked.list[0].change.as_ref().unwrap().count, 3);
    }
    assert!(stage.desk.decide(stage.backend.decision()).await.is_success());
    assert_eq!(ids(&stage.look_up(vec![action("acme/scan", "v1")]).await.1), []);
    let (lines, fault) = ledger::read(&ledger_file(&state)).unwrap();
    assert!(fault.is_none());
    let what: Vec<_> = lines.iter().map(|line| (line.what, line.sha.clone())).collect();
    use ledger::What::{Approved, Seen};
    assert_eq!(what, [(Seen, hex('1')), (Approved, hex('1')), (Seen, hex('2')), (Approved, hex('2'))]);
}

#[tokio::test]
async fn an_impostor_blocks_and_a_false_version_comment_is_told() {
    let mut forge = Forge::with(&[("acme/scan@v1", '1')]);
    forge.impostors = vec!['e'];
    let mut stage = Stage::new(&Arc::new(forge));
    let mut pinned = action("acme/scan", sha('e').as_str());
    pinned.comment = Some("v1".into());
    let (_, findings) = stage.look_up(vec![pinned]).await;
    assert_eq!(ids(&findings), [FindingId::ImpostorCommit, FindingId::VersionComment, FindingId::FirstSeenAction]);
    assert!(findings[0].blocks);
}

#[tokio::test]
async fn what_actions_call_in_turn_is_followed_once_and_not_for_ever() {
    let mut forge = Forge::with(&[("a/a@v1", '1'), ("b/b@v1", '2'), ("c/ci@v1", '3')]);
    forge.files.insert("a/a/action.yml".into(), "runs: {using: composite, steps: [{uses: b/b@v1}, {uses: ./x}]}");
    forge.files.insert("b/b/action.yml".into(), "runs: {using: composite, steps: [{uses: a/a@v1}]}");
    let workflow = "jobs: {j: {uses: ./.github/workflows/y.yml}}";
    forge.files.insert("c/ci/.github/workflows/x.yml".into(), workflow);
    forge.files.insert("c/ci/.github/workflows/y.yml".into(), "jobs: {j: {container: alpine}}");
    let mut stage = Stage::new(&Arc::new(forge));
    let call = Action::new(ActionKind::Workflow, "c/ci/.github/workflows/x.yml", "v1", "w.yml:2");
    let (looked, _) = stage.look_up(vec![action("a/a", "v1"), call]).await;
    let told: Vec<_> = looked
        .list
        .iter()
        .map(|l| format!("{:?} {} {}", l.action.parent, l.action.written().lossy(), l.action.place.lossy()))
        .collect();
    let three = sha('3');
    assert_eq!(
        told,
        [
            "None a/a@v1 w.yml:1".to_owned(),
            "None c/ci/.github/workflows/x.yml@v1 w.yml:2".to_owned(),
            "Some(0) b/b@v1 a/a@1111111/action.yml:1".to_owned(),
            "Some(0) ./x a/a@1111111/action.yml:1".to_owned(),
            format!("Some(1) c/ci/.github/workflows/y.yml@{three} c/ci@3333333/.github/workflows/x.yml:1"),
            "Some(2) a/a@v1 b/b@2222222/action.yml:1".to_owned(),
            "Some(4) alpine c/ci@3333333/.github/workflows/y.yml:1".to_owned(),
        ]
    );
}

#[tokio::test]
async fn looked_up_once_more_it_is_told_as_a_whole() {
    let mut forge = Forge::with(&[("a/a@v1", '1'), ("b/b@v1", '2')]);
    forge.files.insert("a/a/action.yml".into(), "runs: {using: composite, steps: [{uses: b/b@v1}]}");
    let mut stage = Stage::new(&Arc::new(forge));
    let first = stage.look_up(vec![action("a/a", "v1")]).await.0;
    stage.ask(vec![action("a/a", "v1")]);
    let News::LookedUp { look_ups, .. } = stage.news.recv().await.unwrap() else { panic!("something else was told") };
    assert!(look_ups.done, "no part of it comes first");
    assert_eq!((first.list.len(), look_ups.list.len()), (2, 2));
}

#[tokio::test]
async fn a_budget_that_is_used_up_is_not_proven_and_says_so() {
    let forge = Arc::new(Forge::with(&[("a/a@v1", '1'), ("b/b@v1", '2'), ("c/c@v1", '3')]));
    let mut stage = Stage::with_calls(&forge, 3);
    let (looked, findings) = stage.look_up(["a/a", "b/b", "c/c"].map(|name| action(name, "v1")).to_vec()).await;
    assert_eq!((looked.list.len(), forge.asked.load(Ordering::SeqCst)), (3, 3));
    let spent = findings.iter().filter(|f| f.id == FindingId::ActionNotProven);
    assert!(spent.filter(|f| f.detail.lossy().contains("budget of 3 questions")).count() >= 2);
}

#[tokio::test]
async fn a_damaged_or_newer_ledger_is_said_and_the_rest_goes_on() {
    for (text, word) in [
        ("{\"ledger\":\"jit-tui action SHAs\",\"version\":1}\nnot json\n", "the first is line 2"),
        ("{\"ledger\":\"jit-tui action SHAs\",\"version\":7}\n", "format 7"),
    ] {
        let mut stage = Stage::new(&Arc::new(Forge::with(&[("a/a@v1", '1')])));
        crate::sys::files::replace_private(&ledger_file(stage.state()), text.as_bytes()).unwrap();
        let (looked, findings) = stage.look_up(vec![action("a/a", "v1")]).await;
        assert!(looked.ledger.as_ref().unwrap().lossy().contains(word), "{:?}", looked.ledger);
        assert!(matches!(looked.list[0].reach, Some(Reach::Proven { .. })));
        assert_eq!(ids(&findings), [FindingId::FirstSeenAction]);
        assert!(stage.desk.decide(stage.backend.decision()).await.is_success(), "no decision hangs on it");
    }
}

#[tokio::test]
async fn without_anybody_to_ask_pinned_actions_keep_their_sha_and_nothing_is_proven() {
    let mut stage = Stage::new(&Arc::new(Forge::default()));
    let (desk, news) = super::super::Desk::open(Setup {
        backends: vec![Arc::clone(&stage.backend) as Arc<dyn Backend>],
        state: stage.state().to_owned(),
        poll_every: Span::secs(15),
        evidence: Keep { time: Duration::from_secs(60), bytes: 1 << 20 },
        limits: super::super::Limits::default(),
        actions: Actions::nobody(),
        origin: None,
    })
    .unwrap();
    (stage.desk, stage.news) = (desk, news);
    let (looked, findings) = stage.look_up(vec![action("a/a", sha('1').as_str()), action("b/b", "v1")]).await;
    assert_eq!(looked.list[0].action.sha, Some(hex('1')));
    assert_eq!(looked.list[1].action.sha, None);
    assert!(ids(&findings).contains(&FindingId::ActionNotProven));
}

#[tokio::test]
async fn the_change_of_an_action_comes_from_whoever_looks_it_up() {
    let mut forge = Forge::with(&[]);
    forge.faults = HashMap::from([("d/no", Trouble::Forbidden)]);
    let mut stage = Stage::new(&Arc::new(forge));
    let decision = stage.backend.decision();
    for (name, comes) in [("a/ok", true), ("d/no", false)] {
        let changed = Changed { action: action(name, "v1"), old: sha('1'), new: sha('2') };
        let other = Other::Action(Box::new(changed));
        let (key, evidence) = (decision.request.clone(), decision.evidence_digest);
        stage.desk.run(Errand::Compare { key, evidence, other: other.clone() });
        let result = loop {
            if let News::Compared { other: told, result, .. } = stage.news.recv().await.unwrap() {
                assert_eq!(told, other);
                break result;
            }
        };
        assert_eq!(result.as_ref().err().map(|why| why.as_str()), (!comes).then_some("the forge says no"));
    }
}

#[tokio::test]
async fn what_is_about_to_be_judged_is_looked_up_anew_and_waited_for() {
    let forge = Arc::new(Forge::with(&[("acme/scan@v1", '1')]));
    let mut stage = Stage::new(&forge);
    stage.look_up(vec![action("acme/scan", "v1")]).await;
    let asked = forge.asked.load(Ordering::SeqCst);
    let decision = stage.backend.decision();
    let wanted = |actions| Wanted {
        key: decision.request.clone(),
        evidence: decision.evidence_digest,
        repository: "acme/shop".into(),
        environment: "production".into(),
        actions,
    };
    let found = looked(&stage.desk.0, wanted(vec![action("acme/scan", "v1"), action("b/new", "v1")])).await.unwrap();
    assert!(found.look_ups.done && found.look_ups.list.len() == 2);
    assert!(
        ids(&found.findings).contains(&FindingId::ActionNotProven),
        "b/new stands for nothing: {:?}",
        found.findings
    );
    assert!(forge.asked.load(Ordering::SeqCst) > asked);
    let nothing = looked(&stage.desk.0, wanted(Vec::new())).await.unwrap();
    assert!(nothing.findings.is_empty() && nothing.look_ups.list.is_empty());
}
