use std::process::Command as Program;

use super::*;
use crate::domain::evidence::{Course, PipelineFact};
use crate::domain::scope::Scope;
use crate::domain::time::Span;

struct Repo(tempfile::TempDir);

impl Repo {
    fn new() -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.git(&["init", "-q", "-b", "main"]);
        repo.write("deploy.sh", "#!/bin/sh\necho 1\n");
        repo.write(".github/workflows/d.yml", "jobs:\n  d:\n    steps:\n      - uses: acme/scan@v1\n");
        repo.commit();
        repo
    }

    fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com"];
        let out = Program::new("git").args(who).arg("-C").arg(self.0.path()).args(args).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "change"]);
    }

    fn scene(&self) -> Scene {
        let mut scene = Scene::look(vec!["./deploy.sh".into()], self.0.path()).unwrap();
        // The tests may themselves run in CI.
        scene.ci = Ci::default();
        scene
    }
}

fn options() -> Options {
    Options {
        argv: vec!["./deploy.sh".into()],
        environment: Some(Text::from("production")),
        repository: None,
        name: None,
        reason: Text::default(),
        scope: Scope::Once,
        run_for: Span::mins(15),
        base: None,
        wait: None,
        patience: Span::mins(5),
        stop_signal: Text::from("TERM"),
        grace: Span::secs(60),
        broker: None,
        token_file: None,
        status_file: None,
    }
}

#[test]
fn a_request_is_collected_from_a_repository() {
    let repo = Repo::new();
    let scene = repo.scene();
    let base = Base { sha: scene.head.clone().unwrap(), kind: BaseKind::LastDeployed, deployed_at: None };
    repo.write("deploy.sh", "#!/bin/sh\necho 2\n");
    repo.write(".github/workflows/d.yml", "jobs:\n  d:\n    steps:\n      - uses: acme/scan@v2\n");
    repo.commit();
    repo.write("leftover", "x");
    repo.git(&["remote", "add", "origin", "git@github.com:acme/shop.git"]);

    let collected = repo.scene().collect(&options(), Some(base.clone()));
    let sent = collected.submission;
    assert_eq!((sent.repository, sent.name), (Text::from("acme/shop"), Text::from("deploy.sh")));
    assert_eq!((sent.branch, sent.run), (Some(Text::from("main")), None));
    let evidence = sent.evidence;
    assert_eq!((&evidence.base, evidence.course), (&Some(base), Some(Course::Ahead)));
    assert_eq!((evidence.commits.len(), evidence.totals.unwrap().files), (1, 2));
    assert_eq!(evidence.tree.unwrap().untracked, [Text::from("leftover")]);
    let action = &evidence.actions[0];
    assert_eq!((&action.reference, &action.before.as_ref().unwrap().reference), (&Text::from("v2"), &Text::from("v1")));
    assert_eq!(evidence.diff.unwrap(), collected.diff.unwrap().blob);
    assert!(evidence.cuts.is_empty(), "{:?}", evidence.cuts);
    assert!(sent.identities.iter().any(|i| i.role == Role::Author && i.name == *"alice@example.com"));
    assert!(sent.identities.iter().all(|i| i.source == Source::Claimed));
}

#[test]
fn a_base_that_is_not_in_the_checkout_is_said() {
    let repo = Repo::new();
    let offered = Base { sha: "0".repeat(40).parse().unwrap(), kind: BaseKind::LastDeployed, deployed_at: None };
    let evidence = repo.scene().collect(&options(), Some(offered)).submission.evidence;
    assert_eq!((evidence.base, evidence.diff), (None, None));
    assert!(evidence.cuts[0].what.lossy().contains("not in this checkout"));
}

#[test]
fn without_a_base_there_is_no_empty_diff_that_looks_harmless() {
    let evidence = Repo::new().scene().collect(&options(), None).submission.evidence;
    assert_eq!((evidence.base, evidence.diff, evidence.totals), (None, None, None));
}

#[test]
fn outside_of_git_nothing_is_called_clean() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::look(vec!["true".into()], folder.path()).unwrap();
    let sent = scene.collect(&options(), None).submission;
    assert_eq!((sent.head, sent.evidence.tree), (None, None));
}

#[test]
fn a_swapped_script_changes_the_recheck() {
    let repo = Repo::new();
    let scene = repo.scene();
    let before = scene.recheck().unwrap();
    assert_eq!(before, scene.recheck().unwrap());
    repo.write("deploy.sh", "#!/bin/sh\necho evil\n");
    let after = scene.recheck().unwrap();
    assert_eq!(before.head, after.head);
    assert!(before.program != after.program && before.tree != after.tree);
}

#[test]
fn a_subject_without_end_is_cut_between_characters() {
    let mut text = Text::from("é".repeat(LINE));
    assert!(shorten(&mut text).is_some());
    assert_eq!(text, Text::from("é".repeat(LINE / 2)));
    let mut short = Text::from("x".repeat(LINE));
    assert!(shorten(&mut short).is_none());
}

#[test]
fn pipeline_files_that_cannot_be_read_are_named_and_the_others_are_listed() {
    let repo = Repo::new();
    repo.write(".github/workflows/huge.yml", &format!("# {}\njobs: {{}}\n", "x".repeat(10 << 20)));
    let nested: String = (0..10_000).map(|n| format!("&a{n} [")).collect();
    repo.write(".github/workflows/nested.yml", &format!("jobs:\n  a: {nested}"));
    repo.write(".github/workflows/twice.yml", "jobs: {}\njobs: {}\n");
    repo.write(".gitlab-ci.yml", "include: {project: group/tools, file: x.yml}\nimage: alpine\n");
    repo.write(".github/workflows/local.yml", "jobs: {a: {steps: [{uses: ./.github/actions/do}]}}\n");
    repo.write(".github/actions/do/action.yml", "runs: {using: composite, steps: [{uses: acme/deep@v3}]}\n");
    repo.commit();
    let scene = repo.scene();
    let evidence = scene.collect(&options(), None).submission.evidence;
    let faults: Vec<_> = evidence.faults.iter().map(|fault| fault.place.lossy().into_owned()).collect();
    assert_eq!(
        faults,
        [".github/workflows/huge.yml", ".github/workflows/nested.yml:2", ".github/workflows/twice.yml:2"]
    );
    assert_eq!(evidence.cuts.len(), 3, "what is not known of them is a cut as well: {:?}", evidence.cuts);
    let named: Vec<_> = evidence.actions.iter().map(|a| (a.written().lossy().into_owned(), a.parent)).collect();
    let named: Vec<_> = named.iter().map(|(name, parent)| (name.as_str(), *parent)).collect();
    assert_eq!(
        named,
        [
            ("acme/scan@v1", None),
            ("./.github/actions/do", None),
            ("acme/deep@v3", Some(1)),
            ("group/tools:/x.yml@HEAD", None),
            ("alpine", None),
        ]
    );
    let tree = Program::new("git").arg("-C").arg(repo.0.path()).args(["rev-parse", "HEAD:.github/actions/do"]).output();
    let tree = String::from_utf8(tree.unwrap().stdout).unwrap();
    assert_eq!(evidence.actions[1].sha, Some(tree.trim().into()), "a local action is held by its content");
}

#[test]
fn pipelines_of_every_system_are_held_against_the_base_with_the_files_that_they_include() {
    let repo = Repo::new();
    let manual = "deploy:\n  when: manual\n  environment: prod\n  script: [./deploy.sh]\n";
    repo.write(".gitlab-ci.yml", "include: ci/deploy.yml\nbuild: {script: [make]}\n");
    repo.write("ci/deploy.yml", manual);
    repo.write("Jenkinsfile", "node { sh 'make' }\n");
    repo.commit();
    let base = repo.scene().head.clone().unwrap();
    repo.write("ci/deploy.yml", "deploy:\n  script: ['./deploy.sh $DEPLOY_TOKEN']\n");
    repo.write(".circleci/config.yml", "jobs: [\n");
    repo.commit();

    let base = Base { sha: base, kind: BaseKind::LastDeployed, deployed_at: None };
    let evidence = repo.scene().collect(&options(), Some(base)).submission.evidence;
    let told = |fact: &PipelineFact| format!("{} {} {}", fact.place.shown(), fact.detail.lossy(), fact.was);
    let facts: Vec<String> = evidence.pipeline.iter().map(told).collect();
    let has = |what: &str| facts.iter().filter(|fact| fact.contains(what)).count();
    for what in [
        "ci/deploy.yml:2 job deploy: no longer waits for a person to start it false",
        "ci/deploy.yml:2 job deploy: no longer in environment prod false",
        "ci/deploy.yml:2 job deploy: DEPLOY_TOKEN false",
    ] {
        assert_eq!(has(what), 1, "{what}: {facts:?}");
    }
    assert_eq!((has("Jenkinsfile:1 Jenkins:"), has("CircleCI:")), (1, 1), "{facts:?}");
    assert!(facts.iter().any(|fact| fact.starts_with("Jenkinsfile") && fact.ends_with("true")), "{facts:?}");
    let faults: Vec<_> = evidence.faults.iter().map(|fault| fault.subject.lossy().into_owned()).collect();
    assert_eq!(faults, [".circleci/config.yml"], "what cannot be read is a fault");
}
