//! Stories against real repositories over file://.

use std::path::Path;
use std::process::Command;

use super::*;

/// Repositories of a forge in a folder, made with plain git.
struct Shop {
    home: tempfile::TempDir,
    repository: Repository,
}

fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    for (name, value) in [("NAME", "Alice"), ("EMAIL", "alice@example.com")] {
        command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
    }
    let out = command.arg("-C").arg(folder).args(args).output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

impl Shop {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let repository = Repository::of_action(&"acme/scan".into()).unwrap().0;
        let shop = Self { home, repository };
        std::fs::create_dir_all(shop.path()).unwrap();
        git(&shop.path(), &["init", "-q", "-b", "main", "."]);
        shop
    }

    fn path(&self) -> std::path::PathBuf {
        self.home.path().join("forge/acme/scan.git")
    }

    fn commit(&self, text: &str) -> CommitSha {
        std::fs::write(self.path().join("action.yml"), text).unwrap();
        git(&self.path(), &["add", "-A"]);
        git(&self.path(), &["commit", "-q", "-m", text]);
        git(&self.path(), &["rev-parse", "HEAD"]).parse().unwrap()
    }

    fn resolver(&self) -> GitResolver {
        self.with_limits(Limits { time: Duration::from_secs(60), bytes: 64 << 20 })
    }

    fn with_limits(&self, limits: Limits) -> GitResolver {
        let actions = format!("file://{}", self.home.path().join("forge").display());
        let mirrors = self.home.path().join("mirrors");
        GitResolver::new(Settings { mirrors, actions, gitlab: String::new(), limits })
    }

    async fn resolve(&self, reference: &str) -> Result<CommitSha, Trouble> {
        self.resolver().resolve(&self.repository, &reference.into()).await.map_err(|fault| fault.trouble)
    }

    async fn reach(&self, sha: &CommitSha) -> Reach {
        self.resolver().reach(&self.repository, sha, None).await
    }
}

#[tokio::test]
async fn names_stand_for_commits_and_annotated_tags_are_peeled() {
    let shop = Shop::new();
    let first = shop.commit("first");
    git(&shop.path(), &["tag", "light"]);
    git(&shop.path(), &["tag", "-a", "-m", "heavy", "heavy"]);
    let heavy = git(&shop.path(), &["rev-parse", "heavy"]);
    git(&shop.path(), &["branch", "both"]);
    let second = shop.commit("second");
    git(&shop.path(), &["tag", "both"]);
    for (reference, commit) in [
        ("light", Ok(&first)),
        ("heavy", Ok(&first)),
        (heavy.as_str(), Ok(&first)),
        ("main", Ok(&second)),
        ("refs/heads/both", Ok(&first)),
        (second.as_str(), Ok(&second)),
        ("both", Err(Trouble::Refused)),
        ("gone", Err(Trouble::NotFound)),
        ("--upload-pack=x", Err(Trouble::NotFound)),
    ] {
        assert_eq!(shop.resolve(reference).await.as_ref(), commit.as_ref().copied(), "{reference}");
    }
}

#[tokio::test]
async fn a_commit_that_no_branch_or_tag_contains_is_an_impostor() {
    let shop = Shop::new();
    let old = shop.commit("old");
    let tip = shop.commit("tip");
    git(&shop.path(), &["checkout", "-q", "-b", "fork"]);
    let impostor = shop.commit("evil");
    git(&shop.path(), &["checkout", "-q", "main"]);
    git(&shop.path(), &["branch", "-q", "-D", "fork"]);
    assert_eq!(shop.reach(&tip).await, Reach::Proven { on: "refs/heads/main".into() });
    assert_eq!(shop.reach(&old).await, Reach::Proven { on: "refs/heads/main".into() });
    assert_eq!(shop.reach(&impostor).await, Reach::Impostor);
    assert_eq!(shop.reach(&"0".repeat(40).parse().unwrap()).await, Reach::Impostor);
    let file = shop.resolver().file(&shop.repository, &impostor, &"action.yml".into()).await;
    assert_eq!(file.unwrap().unwrap(), b"evil", "it can be looked at, and it stays an impostor");
    assert_eq!(shop.reach(&impostor).await, Reach::Impostor);
}

#[tokio::test]
async fn a_branch_that_was_rewritten_no_longer_proves_what_it_held() {
    let shop = Shop::new();
    shop.commit("base");
    let gone = shop.commit("gone");
    assert!(matches!(shop.reach(&gone).await, Reach::Proven { .. }));
    git(&shop.path(), &["reset", "-q", "--hard", "HEAD~1"]);
    shop.commit("instead");
    assert_eq!(shop.reach(&gone).await, Reach::Impostor);
}

#[tokio::test]
async fn what_cannot_be_reached_is_not_proven_and_says_why() {
    let shop = Shop::new();
    let sha = shop.commit("x");
    std::fs::remove_dir_all(shop.path()).unwrap();
    let Reach::NotProven { why } = shop.reach(&sha).await else { panic!("proven offline") };
    assert!(why.lossy().contains("ls-remote"), "{why:?}");
    assert_eq!(shop.resolve("main").await, Err(Trouble::Unreachable));
}

#[tokio::test]
async fn budgets_of_time_and_bytes_end_in_not_proven() {
    let shop = Shop::new();
    let old = shop.commit("old");
    shop.commit("tip");
    for (limits, word) in [
        (Limits { time: Duration::ZERO, bytes: 1 << 20 }, "took longer"),
        (Limits { time: Duration::from_secs(60), bytes: 1 }, "mirror_mib"),
    ] {
        std::fs::create_dir_all(shop.home.path().join("mirrors")).unwrap();
        let reach = shop.with_limits(limits).reach(&shop.repository, &old, None).await;
        let Reach::NotProven { why } = reach else { panic!("{reach:?} under {limits:?}") };
        assert!(why.lossy().contains(word), "{why:?}");
    }
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_is_called_off() {
    let shop = Shop::new();
    let sha = shop.commit("x");
    let resolver = shop.resolver();
    let asked = resolver.reach(&shop.repository, &sha, None);
    assert!(tokio::time::timeout(Duration::ZERO, asked).await.is_err());
    assert!(matches!(resolver.reach(&shop.repository, &sha, None).await, Reach::Proven { .. }));
}

#[tokio::test]
async fn files_and_changes_come_from_the_commits_that_are_named() {
    let shop = Shop::new();
    let old = shop.commit("one");
    let new = shop.commit("two");
    let resolver = shop.resolver();
    let file = |path: &'static str| {
        let (resolver, shop, old) = (&resolver, &shop, &old);
        async move { resolver.file(&shop.repository, old, &path.into()).await.unwrap() }
    };
    assert_eq!(file("action.yml").await.unwrap(), b"one");
    assert_eq!(file("action.yaml").await, None);
    let change = resolver.compare(&shop.repository, &old, &new).await.unwrap();
    assert_eq!((change.count, change.course), (1, crate::domain::evidence::Course::Ahead));
    assert_eq!(change.commits[0].subject, Text::from("two"));
    assert_eq!(change.link, None);
}

#[test]
fn links_are_made_for_web_addresses_only() {
    let limits = Limits { time: Duration::ZERO, bytes: 0 };
    let (actions, gitlab) = ("https://github.com/".to_owned(), "https://gl.example".to_owned());
    let resolver = GitResolver::new(Settings { mirrors: PathBuf::new(), actions, gitlab, limits });
    let (old, new) = ("a".repeat(40).parse().unwrap(), "b".repeat(40).parse().unwrap());
    let action = Repository::of_action(&"a/b/c".into()).unwrap().0;
    let project = Repository::of_project(&"g/s/p".into()).unwrap();
    let link = |repository: &Repository| resolver.link(repository, &old, &new).unwrap().lossy().into_owned();
    assert_eq!(link(&action), format!("https://github.com/a/b/compare/{old}...{new}"));
    assert_eq!(link(&project), format!("https://gl.example/g/s/p/-/compare/{old}...{new}"));
}
