//! What references stand for, over GitHub's own API: names, reachability in stages, files and changes of actions. What is
//! refused is not proven, and the rest goes on.

use axum::http::Method;
use jit_tui::backends::port::Trouble;
use jit_tui::backends::resolver::{Repository, Resolver};
use jit_tui::domain::evidence::Course;
use jit_tui::domain::ids::CommitSha;
use jit_tui::domain::lookup::Reach;

use super::fake::Fault;
use super::fake::world::sha;
use super::*;

/// A repository of an action with seven commits, tags and a branch, and who looks it up.
struct Forge {
    scene: Scene,
    resolver: Arc<dyn Resolver>,
    action: Repository,
    commits: Vec<CommitSha>,
}

fn parsed(id: &str) -> CommitSha {
    id.parse().unwrap()
}

impl Forge {
    async fn with(change: impl FnOnce(&mut super::fake::world::Repo)) -> Self {
        let mut world = one_gate();
        let id = world.add_repo("acme/scan");
        let repo = world.repo_mut(id);
        let at = |n: usize| repo.commits[n].0.clone();
        (repo.tags, repo.branches) = (vec![("v1".to_owned(), at(1))], vec![("release/1".to_owned(), at(2))]);
        repo.files = vec![("action.yml".to_owned(), "runs: {using: node24}".to_owned())];
        change(repo);
        let commits = repo.commits.iter().map(|(id, _)| parsed(id)).collect();
        let scene = Scene::of(world).await;
        let resolver = scene.github.resolver().unwrap();
        let (action, _) = Repository::of_action(&"acme/scan".into()).unwrap();
        scene.queue().await;
        Self { scene, resolver, action, commits }
    }

    async fn resolve(&self, name: &str) -> Result<CommitSha, Trouble> {
        self.resolver.resolve(&self.action, &name.into()).await.map_err(|fault| fault.trouble)
    }

    async fn reach(&self, sha: &CommitSha, hint: Option<&str>) -> Reach {
        self.resolver.reach(&self.action, sha, hint.map(Text::from).as_ref()).await
    }

    fn calls(&self) -> Vec<String> {
        self.scene.fake.world().take_calls().into_iter().map(|call| format!("{} {}", call.status, call.path)).collect()
    }

    fn breaks(&self, path: &str, times: u32, status: u16) {
        self.scene.fake.world().break_next(Method::GET, path, times, Fault::Status(status, vec![], "{}".to_owned()));
    }
}

fn on(name: &str) -> Reach {
    Reach::Proven { on: name.into() }
}

#[tokio::test]
async fn names_stand_for_what_their_repository_says_now() {
    let forge = Forge::with(|_| {}).await;
    for (name, place) in [("v1", 1), ("main", 5), ("release/1", 2), ("refs/tags/v1", 1)] {
        assert_eq!(forge.resolve(name).await, Ok(forge.commits[place].clone()), "{name}");
    }
    assert_eq!(forge.resolve(forge.commits[3].as_str()).await, Ok(forge.commits[3].clone()));
    assert_eq!(forge.resolve("v9").await, Err(Trouble::NotFound));
    assert_eq!(forge.resolve(&"0".repeat(40)).await, Err(Trouble::NotFound));
}

#[tokio::test]
async fn a_tag_that_did_not_move_costs_nothing_and_one_that_did_is_seen() {
    let forge = Forge::with(|_| {}).await;
    forge.resolve("v1").await.unwrap();
    forge.calls();
    forge.resolve("v1").await.unwrap();
    assert!(forge.calls().iter().any(|call| call.starts_with("304") && call.ends_with("tags%2Fv1")));
    let moved = forge.commits[4].clone();
    forge.scene.fake.world().repos[1].tags[0].1 = moved.as_str().to_owned();
    assert_eq!(forge.resolve("v1").await, Ok(moved));
}

#[tokio::test]
async fn a_tag_and_a_branch_of_one_name_that_differ_stand_for_nothing() {
    let forge = Forge::with(|repo| repo.branches.push(("v1".to_owned(), repo.commits[4].0.clone()))).await;
    assert_eq!(forge.resolve("v1").await, Err(Trouble::Refused));
}

#[tokio::test]
async fn a_commit_is_proven_in_stages_the_cheap_ones_first() {
    let forge = Forge::with(|_| {}).await;
    forge.calls();
    assert_eq!(forge.reach(&forge.commits[1], Some("1")).await, on("refs/tags/v1"));
    assert_eq!(forge.calls().len(), 2, "the tag that the comment claims, as it is written and with a v");
    assert_eq!(forge.reach(&forge.commits[3], None).await, on("refs/heads/main"));
    assert_eq!(forge.calls().len(), 2, "the default branch, and whether it has the commit");
}

#[tokio::test]
async fn a_commit_of_a_fork_that_no_branch_or_tag_has_is_an_impostor() {
    let stray = sha("a commit of a fork");
    let forge = Forge::with(|repo| repo.strays.push(stray.clone())).await;
    assert_eq!(forge.resolve(&stray).await, Ok(parsed(&stray)), "GitHub gives it all the same");
    assert_eq!(forge.reach(&parsed(&stray), Some("v1")).await, Reach::Impostor);
}

#[tokio::test]
async fn one_branch_that_cannot_be_compared_leaves_it_not_proven() {
    let stray = sha("a commit of a fork");
    let forge = Forge::with(|repo| repo.strays.push(stray.clone())).await;
    forge.breaks(&format!("compare/{}", forge.commits[2]), 1, 404);
    let Reach::NotProven { why } = forge.reach(&parsed(&stray), None).await else { panic!("proven") };
    assert!(why.lossy().starts_with("2 of its branches and tags were looked at"), "{}", why.lossy());
}

#[tokio::test]
async fn more_branches_and_tags_than_are_looked_at_prove_nothing() {
    let stray = sha("a commit of a fork");
    let forge = Forge::with(|repo| {
        repo.strays.push(stray.clone());
        repo.tags = (0..30).map(|n| (format!("v{n}"), repo.commits[1].0.clone())).collect();
    })
    .await;
    forge.calls();
    assert!(matches!(forge.reach(&parsed(&stray), None).await, Reach::NotProven { .. }));
    let calls = forge.calls();
    assert!(calls.len() <= 14, "bounded: {calls:#?}");
}

#[tokio::test]
async fn what_is_refused_is_not_proven_and_says_why() {
    let forge = Forge::with(|_| {}).await;
    forge.breaks("/repos/acme/scan", 9, 403);
    let Reach::NotProven { why } = forge.reach(&forge.commits[3], None).await else { panic!("proven") };
    assert!(!why.is_empty());
    assert_eq!(forge.resolve("v1").await, Err(Trouble::Forbidden));
}

#[tokio::test]
async fn the_calls_that_decisions_need_are_not_spent_on_actions() {
    let forge = Forge::with(|_| {}).await;
    forge.scene.fake.world().rest.remaining = 400;
    forge.resolve("v1").await.unwrap();
    forge.calls();
    assert_eq!(forge.resolve("main").await, Err(Trouble::Limited));
    let Reach::NotProven { why } = forge.reach(&forge.commits[3], None).await else { panic!("proven") };
    assert!(why.lossy().contains("kept for decisions"), "{}", why.lossy());
    assert!(forge.calls().is_empty());
}

#[tokio::test]
async fn files_and_changes_of_an_action_are_read() {
    let forge = Forge::with(|_| {}).await;
    let file = |path: &str| Text::from(path);
    let (there, none) = (file("action.yml"), file("action.yaml"));
    let read = |path| forge.resolver.file(&forge.action, &forge.commits[1], path);
    assert_eq!(read(&there).await, Ok(Some(b"runs: {using: node24}".to_vec())));
    assert_eq!(read(&none).await, Ok(None));
    let change = forge.resolver.compare(&forge.action, &forge.commits[1], &forge.commits[4]).await.unwrap();
    assert_eq!((change.course, change.count, change.commits.len()), (Course::Ahead, 3, 3));
    assert_eq!(change.commits[0].sha, forge.commits[4], "newest first");
    let link = change.link.unwrap().lossy().into_owned();
    assert!(link.ends_with(&format!("/acme/scan/compare/{}...{}", forge.commits[1], forge.commits[4])), "{link}");
    let back = forge.resolver.compare(&forge.action, &forge.commits[4], &forge.commits[1]).await.unwrap();
    assert_eq!((back.course, back.count), (Course::Behind, 0), "a rollback");
}

#[tokio::test]
async fn the_diff_of_an_action_is_githubs_where_that_is_all_of_it() {
    let forge = Forge::with(|_| {}).await;
    let [old, new] = [1, 4].map(|n| forge.commits[n].clone());
    let diff = forge.resolver.diff(&forge.action, &old, &new).await.unwrap();
    assert_eq!(jit_tui::diff::parse(&diff).files.len(), 3);
    let back = forge.resolver.diff(&forge.action, &new, &old).await.unwrap_err();
    assert_eq!(back.trouble, Trouble::Refused, "it would tell the change from where the two part: git is asked");
    forge.breaks("compare/", 9, 403);
    assert_eq!(forge.resolver.diff(&forge.action, &old, &new).await.unwrap_err().trouble, Trouble::Forbidden);
}
