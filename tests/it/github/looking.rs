//! Evidence: what is deployed, what would change, and what GitHub tells besides.

use axum::http::Method;
use jit_tui::diff;
use jit_tui::domain::evidence::{BaseKind, Course, Evidence};
use jit_tui::domain::finding::FindingId;

use super::fake::Fault;
use super::*;

/// What can be looked at of the request for production.
pub async fn evidence(scene: &Scene) -> (Arc<Request>, Evidence) {
    let request = scene.one("production").await;
    let evidence = scene.github.evidence(request.key()).await.unwrap_or_else(|f| panic!("{f}"));
    (request, evidence)
}

async fn text(scene: &Scene, evidence: &Evidence) -> Vec<u8> {
    let blob = evidence.diff.as_ref().unwrap();
    scene.github.blob(&blob.digest, 1 << 20).await.unwrap()
}

#[tokio::test]
async fn the_change_since_the_last_deployment_is_shown_with_its_actions() {
    let scene = Scene::of(one_gate()).await;
    let (request, evidence) = evidence(&scene).await;
    let commits = scene.fake.world().repos[0].commits.clone();
    let base = evidence.base.as_ref().unwrap();
    assert_eq!((base.sha.as_str(), base.kind), (commits[2].0.as_str(), BaseKind::LastDeployed));
    assert_eq!((evidence.course, evidence.commits.len()), (Some(Course::Ahead), 3));
    assert_eq!(evidence.commits[0].sha.as_str(), commits[5].0, "newest first");
    let diff = diff::parse(&text(&scene, &evidence).await);
    assert!(diff::conserves(&diff, &evidence.totals.unwrap()).is_ok() && diff.files.len() == 3);
    let pinned: Vec<_> = evidence.actions.iter().map(|a| (a.name.lossy().into_owned(), a.sha.is_some())).collect();
    assert_eq!(pinned, [("actions/checkout".to_owned(), true), ("aquasecurity/trivy-action".to_owned(), false)]);
    assert!(evidence.cuts.is_empty(), "{:?}", evidence.cuts);

    let seen = scene.one("production").await;
    assert_eq!(seen.digest(), request.digest());
    assert_eq!(seen.evidence.digest, request.evidence.digest, "reading it changes nothing that a dialog holds");
    assert_eq!(seen.evidence.totals, evidence.totals);
    assert_eq!(fact(&seen, "jobs"), "2 in all: 1 success, 1 waiting");
    assert!(fact(&seen, "pull request").starts_with("#17 by bob (MEMBER)"), "{}", fact(&seen, "pull request"));
    assert!(fact(&seen, "deployed").contains("by bob"), "{}", fact(&seen, "deployed"));
    assert!(seen.findings.iter().any(|f| f.id == FindingId::ActionMovable));
    assert!(!seen.findings.iter().any(|f| f.id == FindingId::EvidenceMissing && f.subject == *"change"));
}

#[tokio::test]
async fn evidence_that_came_is_a_hint_and_asks_nobody_again() {
    use futures_util::StreamExt;
    let scene = Scene::of(one_gate()).await;
    let mut hints = scene.github.hints();
    let (_, _) = evidence(&scene).await;
    hints.next().await.unwrap().unwrap();
    let cursor = Some(0);
    scene.fake.world().take_calls();
    let poll = scene.github.poll(cursor).await.unwrap();
    assert!(scene.fake.world().take_calls().is_empty(), "told from what is known");
    assert_eq!(poll.changed.len(), 1);
    assert!(poll.changed[0].evidence.totals.is_some());
}

#[tokio::test]
async fn a_rollback_shows_what_it_takes_back() {
    let mut world = one_gate();
    let newest = world.repos[0].commits.last().unwrap().0.clone();
    world.runs[0].sha = world.repos[0].commits[1].0.clone();
    world.repos[0].deployments[0].sha = newest;
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    assert_eq!(evidence.course, Some(Course::Behind));
    let text = text(&scene, &evidence).await;
    let diff = diff::parse(&text);
    assert!(diff::conserves(&diff, &evidence.totals.unwrap()).is_ok());
    assert_eq!(diff.files.len(), 4);
    assert!(String::from_utf8_lossy(&text).contains("\n+before\n"), "turned round");
    assert!(scene.one("production").await.findings.iter().any(|f| f.id == FindingId::Rollback));
}

#[tokio::test]
async fn a_deployment_that_failed_is_no_base_and_one_that_was_replaced_is() {
    let mut world = one_gate();
    let [first, failed] = ["success", "failure"].map(|end| vec!["queued", "in_progress", end]);
    let commits = world.repos[0].commits.clone();
    let repo = &mut world.repos[0];
    repo.deployments[0].states = [first, vec!["inactive"]].concat();
    let mut later = repo.deployments[0].clone();
    (later.id, later.sha, later.states) = (later.id + 50, commits[4].0.clone(), failed);
    repo.deployments.push(later);
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    assert_eq!(evidence.base.unwrap().sha.as_str(), commits[2].0);
}

#[tokio::test]
async fn an_environment_without_deployments_is_compared_with_the_last_good_run() {
    let mut world = one_gate();
    world.repos[0].deployments.clear();
    let repo = world.repos[0].id;
    let sha = world.repos[0].commits[3].0.clone();
    let good = world.add_run(repo, &[]);
    let run = world.run_mut(good).unwrap();
    (run.sha, run.status, run.conclusion) = (sha.clone(), "completed", Some("success"));
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    let base = evidence.base.unwrap();
    assert_eq!((base.sha.as_str(), base.kind), (sha.as_str(), BaseKind::LastRun));
}

#[tokio::test]
async fn a_first_deployment_has_nothing_to_compare_with_and_says_so() {
    let mut world = one_gate();
    world.repos[0].deployments.clear();
    let scene = Scene::of(world).await;
    let (_, evidence) = evidence(&scene).await;
    assert!(evidence.base.is_none() && evidence.diff.is_none());
    assert!(scene.one("production").await.findings.iter().any(|f| f.id == FindingId::NoBase));
}

#[tokio::test]
async fn a_diff_that_github_does_not_give_whole_is_put_together_and_marked() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let base = scene.fake.world().repos[0].commits[2].0.clone();
    // The comparison itself first, then its diff.
    let path = format!("compare/{base}");
    let body = "{\"message\":\"Sorry, the diff exceeded the maximum number of lines\"}".to_owned();
    scene.fake.world().break_next(Method::GET, &path, 1, Fault::Slow(super::fake::millis(1)));
    scene.fake.world().break_next(Method::GET, &path, 1, Fault::Status(406, vec![], body));
    let evidence = scene.github.evidence(request.key()).await.unwrap();
    let diff = diff::parse(&text(&scene, &evidence).await);
    assert!(diff.problems.is_empty() && diff.files.len() == 3);
}

#[tokio::test]
async fn a_later_deployment_by_somebody_else_changes_the_evidence() {
    let scene = Scene::of(one_gate()).await;
    let (request, _) = evidence(&scene).await;
    deployed_meanwhile(&mut scene.fake.world());
    let now = scene.one("production").await;
    assert_eq!(now.digest(), request.digest());
    assert_ne!(now.evidence.digest, request.evidence.digest, "what it is compared with is another one now");
}

/// A deployment of so many commits, each with a file of its own.
fn large(files: usize) -> World {
    let mut world = one_gate();
    let repo = &mut world.repos[0];
    let from = repo.commits.len();
    for n in from..from + files - 3 {
        repo.commits.push((super::fake::world::sha(&format!("large {n}")), format!("Change number {n}")));
    }
    let head = repo.commits.last().unwrap().0.clone();
    let made: Vec<_> = repo.commits[3..].iter().map(|(id, _)| format!("src/{}.txt", &id[..7])).collect();
    repo.files_at = made.into_iter().map(|path| (head.clone(), path, Some("after".to_owned()))).collect();
    world.runs[0].sha = head;
    world
}

#[tokio::test]
async fn of_more_files_than_github_lists_it_is_said_how_many_are_not_there() {
    let scene = Scene::of(large(410)).await;
    let (_, evidence) = evidence(&scene).await;
    let cut = evidence.cuts.iter().find(|cut| cut.what.lossy().starts_with("diff: paths that differ")).unwrap();
    assert_eq!((cut.kept, cut.of, evidence.totals), (300, 410, None));
    assert!(scene.one("production").await.findings.iter().any(|f| f.id == FindingId::EvidenceTruncated));
}

#[tokio::test]
async fn where_github_does_not_list_the_trees_either_the_number_is_a_least() {
    let scene = Scene::of(large(410)).await;
    let request = scene.one("production").await;
    let head = scene.fake.world().runs[0].sha.clone();
    // The first question for this tree is about the workflow file; it may be either of the two that fails.
    let refused = || Fault::Status(404, vec![], "{}".to_owned());
    scene.fake.world().break_next(Method::GET, &format!("git/trees/{head}"), 2, refused());
    let evidence = scene.github.evidence(request.key()).await.unwrap();
    let cut = evidence.cuts.iter().find(|cut| cut.what.lossy().starts_with("diff: files, at least")).unwrap();
    assert_eq!((cut.kept, cut.of), (300, 301));
}
