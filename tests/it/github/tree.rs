//! The actions of a run: the files of its revision as a tree, what lies at the base, and what the branch has meanwhile.

use axum::http::Method;
use jit_tui::domain::action::Action;
use jit_tui::domain::evidence::{BaseKind, Course, Evidence};
use jit_tui::domain::finding::FindingId;

use super::fake::Fault;
use super::fake::world::sha;
use super::looking::evidence;
use super::*;

fn with_files(files: &[(&str, &str)]) -> World {
    let mut world = one_gate();
    world.repos[0].files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    world
}

const CALLER: &str = "\
on: [push]
jobs:
  build:
    steps:
      - uses: ./.github/actions/build
      - uses: acme/gone@v1
  deploy:
    uses: ./.github/workflows/called.yml
";
const COMPOSITE: &str = "runs:\n  using: composite\n  steps:\n    - uses: actions/cache@v4\n";
const CALLED: &str = "on: workflow_call\njobs:\n  x:\n    steps:\n      - uses: acme/deploy@v2\n";

/// `place <parent written`, one a line.
fn tree_of(evidence: &Evidence) -> Vec<String> {
    let parent = |a: &Action| a.parent.map_or("-".to_owned(), |p| p.to_string());
    let line = |a: &Action| format!("{} <{} {}", a.place.lossy(), parent(a), a.written().lossy());
    evidence.actions.iter().map(line).collect()
}

#[tokio::test]
async fn the_actions_of_head_stand_as_a_tree_with_their_places() {
    let world = with_files(&[
        (".github/workflows/deploy.yml", CALLER),
        (".github/workflows/called.yml", CALLED),
        (".github/workflows/other.yml", "jobs: {a: {steps: [{uses: not/ours@v1}]}}"),
        (".github/actions/build/action.yml", COMPOSITE),
    ]);
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    assert!(evidence.faults.is_empty() && evidence.cuts.is_empty(), "{:?} {:?}", evidence.faults, evidence.cuts);
    assert_eq!(
        tree_of(&evidence),
        [
            ".github/workflows/deploy.yml:5 <- ./.github/actions/build",
            ".github/workflows/deploy.yml:6 <- acme/gone@v1",
            ".github/workflows/deploy.yml:8 <- ./.github/workflows/called.yml",
            ".github/actions/build/action.yml:4 <0 actions/cache@v4",
            ".github/workflows/called.yml:5 <2 acme/deploy@v2",
        ]
    );
    assert!(evidence.actions[0].sha.is_some() && evidence.actions[2].sha.is_some(), "what lies here has its own id");
}

#[tokio::test]
async fn what_a_revision_holds_is_read_once_and_shared_with_the_base() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let objects = |scene: &Scene| {
        let calls = scene.fake.world().take_calls();
        calls.into_iter().filter(|c| c.path.contains("/git/")).map(|c| c.path).collect::<Vec<_>>()
    };
    objects(&scene);
    let first = scene.github.evidence(request.key()).await.unwrap();
    let asked = objects(&scene);
    assert_eq!(asked.len(), 5, "top, .github, workflows and the file of head, and the top of the base: {asked:?}");
    let again = scene.github.evidence(request.key()).await.unwrap();
    assert_eq!((again.actions, objects(&scene)), (first.actions, vec![]));
}

#[tokio::test]
async fn the_lock_file_holds_what_it_covers_and_what_it_lacks_is_said() {
    let commit = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
    let lock = format!(
        "version: v0.0.2\nworkflows: {{.github/workflows/deploy.yml: [acme/scan@v1]}}\n\
         dependencies: {{acme/scan@v1: {{commit: sha1-{commit}}}}}"
    );
    let world = with_files(&[
        (".github/workflows/deploy.yml", "on: push\njobs: {a: {steps: [{uses: acme/scan@v1}, {uses: acme/new@v1}]}}"),
        (".github/workflows/actions.lock", &lock),
    ]);
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    assert_eq!(evidence.actions[0].lock, Some(commit.into()));
    assert!(evidence.actions[0].is_pinned() && !evidence.actions[1].is_pinned());
    let found = scene.one("production").await.findings.clone();
    assert!(found.iter().any(|f| f.id == FindingId::LockFileStale), "{found:#?}");
}

#[tokio::test]
async fn what_was_written_at_the_base_stands_beside_what_is_written_now() {
    let mut world = with_files(&[
        (".github/workflows/deploy.yml", "on: push\njobs: {a: {steps: [{uses: acme/scan@v2}, {uses: ./ci}]}}"),
        ("ci/action.yml", COMPOSITE),
    ]);
    let base = world.repos[0].commits[2].0.clone();
    world.repos[0].files_at = vec![
        (
            base.clone(),
            ".github/workflows/deploy.yml".to_owned(),
            Some("on: push\njobs: {a: {steps: [{uses: acme/scan@v1}, {uses: ./ci}]}}".to_owned()),
        ),
        (base, "ci/action.yml".to_owned(), Some("runs: {using: node24}".to_owned())),
    ];
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    let before: Vec<_> =
        evidence.actions.iter().map(|a| a.before.as_ref().map(|b| b.reference.lossy().into_owned())).collect();
    assert_eq!(before, [Some("v1".to_owned()), Some(String::new()), None], "another tag, another content, a new one");
}

#[tokio::test]
async fn a_file_that_github_does_not_give_is_a_fault_and_the_rest_goes_on() {
    let world = with_files(&[
        (".github/workflows/deploy.yml", CALLER),
        (".github/workflows/called.yml", CALLED),
        (".github/actions/build/action.yml", COMPOSITE),
    ]);
    let scene = Scene::of(world).await;
    let request = scene.one("production").await;
    let composite = format!("/git/blobs/{}", sha(COMPOSITE));
    scene.fake.world().break_next(Method::GET, &composite, 9, Fault::Status(403, vec![], "{}".to_owned()));
    let evidence = scene.github.evidence(request.key()).await.unwrap();
    assert_eq!(evidence.actions.len(), 4, "{:?}", tree_of(&evidence));
    assert_eq!(evidence.faults.len(), 1);
    assert_eq!(evidence.faults[0].place, Text::from(".github/actions/build/action.yml"));
    assert!(evidence.cuts.iter().any(|cut| cut.what.lossy().contains("actions of .github/actions/build/action.yml")));
    let found = scene.one("production").await.findings.clone();
    assert!(found.iter().any(|f| f.id == FindingId::PipelineUnreadable), "{found:#?}");
}

#[tokio::test]
async fn a_workflow_file_that_is_not_at_head_is_said() {
    let mut world = one_gate();
    let head = world.repos[0].commits.last().unwrap().0.clone();
    world.repos[0].files_at = vec![(head, ".github/workflows/deploy.yml".to_owned(), None)];
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    assert!(evidence.actions.is_empty());
    assert_eq!(evidence.faults[0].place, Text::from(".github/workflows/deploy.yml"));
    assert_eq!(evidence.cuts.len(), 1, "{:?}", evidence.cuts);
}

#[tokio::test]
async fn commits_that_the_branch_has_and_head_lacks_are_counted() {
    let mut world = one_gate();
    let commits = world.repos[0].commits.clone();
    world.runs[0].sha = commits[3].0.clone();
    let outside = world.add_fork_run(1000);
    world.run_mut(outside).unwrap().sha = commits[4].0.clone();
    let scene = Scene::of(world).await;
    let (_, own) = evidence(&scene).await;
    assert_eq!((own.behind, own.course), (Some(2), Some(Course::Ahead)), "it deploys, and main has gone on");
    let queue = scene.queue().await;
    let outside = queue.iter().find(|r| r.no_reject.is_some()).unwrap();
    let from_outside = scene.github.evidence(outside.key()).await.unwrap();
    assert_eq!((from_outside.behind, from_outside.base.unwrap().kind), (Some(1), BaseKind::MergeBase));
    let found = &scene.github.read(outside.key()).await.unwrap().findings;
    assert!(found.iter().any(|f| f.id == FindingId::BaseBehind), "{found:#?}");
}
