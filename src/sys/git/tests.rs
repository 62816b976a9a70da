use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::domain::evidence::{Course, Signature, Totals};

/// A repository of its own, made with plain git.
struct Repo(tempfile::TempDir);

impl Repo {
    fn new() -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, args: &[&str]) {
        let mut command = Command::new("git");
        for (name, value) in [("NAME", "Alice"), ("EMAIL", "alice@example.com")] {
            command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
        }
        let out = command.arg("-C").arg(self.path()).args(args).output().unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// Git itself, with what the hostile repository has set taken away: only what is tested may fall into its traps.
    fn git_disarmed(&self, args: &[&str]) {
        let settings = ["core.fsmonitor=false", "filter.evil.clean=", "filter.evil.required=false"];
        let settings = settings.into_iter().chain(["core.hooksPath=/dev/null", "diff.external="]);
        let settings: Vec<&str> = settings.flat_map(|setting| ["-c", setting]).collect();
        self.git(&[&settings, args].concat());
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn commit(&self, subject: &str) -> CommitSha {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", subject]);
        self.open().head().unwrap().unwrap()
    }

    fn open(&self) -> Git {
        Git::open(self.path()).unwrap().unwrap()
    }
}

fn diff(git: &Git, base: &CommitSha, head: &CommitSha) -> String {
    let mut all = Vec::new();
    git.diff(base, head, &mut |piece| {
        all.extend_from_slice(piece);
        Flow::More
    })
    .unwrap();
    String::from_utf8(all).unwrap()
}

#[test]
fn a_signature_is_seen_in_the_headers_and_nowhere_else() {
    let raw =
        b"aa\ntree 1\ngpgsig -----BEGIN SSH SIGNATURE-----\n x\n\nmessage\0bb\ntree 1\n\n    gpgsig x\ngpgsig y\n\0";
    let signed = history::parse_signed(raw);
    assert_eq!((signed["aa"], signed["bb"]), (Signature::Unverified, Signature::Absent));
}

#[test]
fn no_repository_is_no_error() {
    assert!(Git::open(tempfile::tempdir().unwrap().path()).unwrap().is_none());
}

#[test]
fn head_branch_course_commits_and_totals() {
    let repo = Repo::new();
    assert_eq!(repo.open().head().unwrap(), None);
    let first = repo.write("a", "1\n").commit("first");
    let second = repo.write("a", "2\n").write("b", "x\n").commit("second \u{202e}");
    let git = repo.open();
    assert_eq!(git.branch().unwrap(), Some(Text::from("main")));
    for (base, head, course) in
        [(&first, &second, Course::Ahead), (&second, &first, Course::Behind), (&first, &first, Course::Same)]
    {
        assert_eq!(git.course(base, head).unwrap(), course);
    }
    let commits = git.commits(&first, &second, 10).unwrap();
    assert_eq!(commits.len(), 1);
    assert_eq!((&commits[0].sha, &commits[0].subject), (&second, &Text::from("second \u{202e}")));
    assert_eq!(git.count(&first, &second).unwrap(), 1);
    assert_eq!(git.writers(&first, &second).unwrap(), [Text::from("alice@example.com")]);
    assert_eq!(git.totals(&first, &second).unwrap(), Totals { files: 2, added: 2, removed: 1 });
    assert!(git.commits(&first, &first, 10).unwrap().is_empty());
    repo.git(&["checkout", "-q", "-b", "side", first.as_str()]);
    let side = repo.write("c", "y\n").commit("side");
    assert_eq!(git.course(&second, &side).unwrap(), Course::Diverged);
    assert_eq!(git.merge_base(&second, &side).unwrap(), Some(first));
    assert_eq!(git.resolve("--help").unwrap(), None);
    assert_eq!(git.resolve(&"0".repeat(40)).unwrap(), None);
}

#[test]
fn attributes_and_drivers_hide_nothing_and_run_nothing() {
    let repo = Repo::new();
    let first = repo.write("script.sh", "echo 1\n").commit("first");
    let ran = repo.path().join("ran");
    let spy = format!("touch {}; cat", ran.display());
    for key in ["diff.evil.command", "diff.evil.textconv", "diff.external", "core.fsmonitor", "filter.evil.clean"] {
        repo.git(&["config", key, &spy]);
    }
    repo.git(&["config", "filter.evil.required", "true"]);
    repo.write(".git/hooks/post-index-change", &format!("#!/bin/sh\n{spy}\n"));
    std::fs::set_permissions(repo.path().join(".git/hooks/post-index-change"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    repo.git_disarmed(&["status"]);
    repo.write("script.sh", "echo 2\n").write(".gitattributes", "*.sh -diff filter=evil diff=evil\n");
    repo.git_disarmed(&["add", "-A"]);
    repo.git_disarmed(&["commit", "-q", "-m", "second"]);
    repo.write("script.sh", "echo 3\n");
    drop(std::fs::remove_file(&ran));
    let git = repo.open();
    let second = git.head().unwrap().unwrap();
    assert!(diff(&git, &first, &second).contains("+echo 2"));
    assert_eq!(git.totals(&first, &second).unwrap().added, 2);
    assert_eq!(git.status().unwrap(), [Entry { path: Text::from("script.sh"), change: Change::Changed }]);
    assert!(!ran.exists(), "a program of the repository was run");
}

#[test]
fn status_sees_changed_untracked_and_overlooked_files() {
    let repo = Repo::new();
    repo.write("a", "1\n").write("b", "1\n").write("c", "1\n").write(".gitignore", "ignored\n").commit("first");
    let git = repo.open();
    assert!(git.status().unwrap().is_empty());
    repo.git(&["update-index", "--assume-unchanged", "b"]);
    repo.git(&["update-index", "--skip-worktree", "c"]);
    std::fs::remove_file(repo.path().join("c")).unwrap();
    repo.write("a", "2\n").write("b", "2\n").write("new\nline", "x").write("ignored", "x");
    let entries: Vec<(String, Change)> =
        git.status().unwrap().into_iter().map(|e| (e.path.lossy().into_owned(), e.change)).collect();
    let expected = [("a", Change::Changed), ("b", Change::Changed), ("new\nline", Change::Untracked)];
    assert_eq!(entries, expected.map(|(p, c)| (p.to_owned(), c)));
}

#[test]
fn files_and_blobs_of_a_revision() {
    let repo = Repo::new();
    let head = repo.write(".github/workflows/a.yml", "on: push\n").write("x", "y").commit("first");
    let git = repo.open();
    let path = Text::from(".github/workflows/a.yml");
    assert_eq!(git.files(&head, &[".github/workflows"]).unwrap(), std::slice::from_ref(&path));
    assert_eq!(git.blob(&head, &path, 100).unwrap().unwrap(), b"on: push\n");
    assert_eq!(git.blob(&head, &path, 3).unwrap(), None);
    assert_eq!(git.blob(&head, &Text::from("absent"), 100).unwrap(), None);
}

#[test]
fn remotes_become_repository_ids_without_credentials() {
    for (url, id) in [
        ("https://github.com/acme/shop.git", Some("acme/shop")),
        ("https://user:secret@gitlab.example.com:8443/group/sub/shop/", Some("group/sub/shop")),
        ("git@github.com:acme/shop.git", Some("acme/shop")),
        ("ssh://git@host:22/acme/shop", Some("acme/shop")),
        ("/srv/git/shop.git", None),
        ("file:///srv/git/shop.git", None),
        ("../shop", None),
        ("host:shop", None),
        ("https://host/../x", None),
    ] {
        assert_eq!(repository_id(&Text::from(url)), id.map(Text::from), "{url}");
    }
    let repo = Repo::new();
    assert_eq!(repo.open().remote().unwrap(), None);
    repo.git(&["remote", "add", "upstream", "git@h:a/b"]);
    assert_eq!(repo.open().remote().unwrap(), Some(Text::from("git@h:a/b")));
}

#[test]
fn a_rename_counts_as_one_file() {
    let totals = history::parse_totals(b"1\t0\ta\0-\t-\tbin\x002\t3\t\0old\0new\0");
    assert_eq!(totals, Totals { files: 3, added: 3, removed: 3 });
    assert!(history::parse_commits(b"garbled\0x").is_none());
}

#[test]
fn filters_of_lfs_stay_and_others_go() {
    let answer = b"filter.lfs.clean\ngit-lfs clean -- %f\0filter.evil.clean\nrm -rf /\0";
    assert_eq!(tree::parse_filters(answer), ["filter.evil.clean=", "filter.evil.required=false"]);
}
