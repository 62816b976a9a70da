//! The guard at GitHub, with the real binary: alice approves one gate wider than itself, the later ones pass until the
//! time is over, then they ask again.

use std::fs::File;
use std::process::{Command, Output};

use serde_json::Value;

use super::fake::world::sha;
use super::*;
use crate::cli::{Home, stderr, stdout};
use crate::pty::{eventually, set_clock};
use crate::story::stage::Running;

const POLICY: &str = r#"
[people.alice]
logins = ["alice"]
[[rule]]
name = "one person lets a run through"
match = { environment = "production" }
approvals = [{ count = 1 }]
scopes = ["once", "run", "revision"]
max_uses = 8
start_by = "30m"
seen = "nothing"
"#;

/// Alice's folders beside a GitHub, and clocks that can be set.
struct Night {
    home: Home,
    fake: Fake,
}

impl Night {
    async fn falls(world: World) -> Self {
        let fake = Fake::start(world, 0).await.unwrap();
        let home = Home::new();
        let table = opening::backend_table("github", &fake.address, LIVELY);
        let config = format!("{table}[actions]\nlook_up = false\n[guard]\npolicy = \"policy.toml\"\n");
        home.config("config.toml", &config).config("policy.toml", POLICY);
        Self { home, fake }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.env("JIT_TUI_CLOCK_FILE", self.home.path().join("clock"));
        command
    }

    /// Both clocks of every process go so many minutes ahead.
    fn later(&self, minutes: i64) {
        let millis = minutes * 60_000;
        set_clock(self.home.path(), millis, millis);
    }

    /// Starts `jit-tui guard`; what it says goes to a file.
    fn guard(&self, says: &str) -> Running {
        let file = File::create(self.home.path().join(says)).unwrap();
        Running(self.command(&["guard"]).stdout(file).spawn().unwrap())
    }

    fn says(&self, file: &str, words: &str) {
        let path = self.home.path().join(file);
        let said = || std::fs::read_to_string(&path).unwrap_or_default();
        eventually(&format!("{words} in {}", said()), || said().contains(words).then_some(()));
    }

    fn waiting(&self) -> Vec<Value> {
        let listed = self.command(&["list", "--json"]).output().unwrap();
        assert!(listed.status.success(), "{}", stderr(&listed));
        stdout(&listed).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Alice approves the only thing that waits.
    fn approve(&self, scope: &str) {
        let output = self.decide("approve", &["--scope", scope, "--start-by", "20m", "--reason", "INC-2291"]);
        assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    }

    /// Alice decides the only thing that waits.
    fn decide(&self, verb: &str, args: &[&str]) -> Output {
        let waiting = self.waiting();
        let [request] = &waiting[..] else { panic!("not one: {waiting:#?}") };
        let (key, code) = (request["key"].as_str().unwrap(), request["code"].as_str().unwrap());
        self.command(&[&[verb, key, "--digest", code], args].concat()).output().unwrap()
    }

    /// The comments of all answers to a run, once there are so many.
    fn comments(&self, run: u64, count: usize) -> Vec<String> {
        let comments = || {
            let world = self.fake.world();
            world.run(run).unwrap().reviews.iter().map(|r| r.comment.clone()).collect::<Vec<_>>()
        };
        eventually(&format!("{count} answers to run {run}"), || Some(comments()).filter(|all| all.len() >= count))
    }

    /// A job of the run comes to its gate.
    fn asks(&self, run: u64) {
        let mut world = self.fake.world();
        let (now, production) = (world.now(), world.repos[0].environments[0].id);
        let run = world.run_mut(run).unwrap();
        run.waves.push([production].into());
        (run.status, run.conclusion, run.updated) = ("waiting", None, now);
    }
}

fn is_auto(comment: &str) -> bool {
    comment.starts_with("AUTO by guard under grant ") && comment.contains(" of alice, until 20")
}

#[tokio::test(flavor = "multi_thread")]
async fn later_gates_of_a_run_pass_until_the_time_is_over_and_then_they_ask_again() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let run = world.add_run(repo, &[&["production"][..]; 3]);
    let night = Night::falls(world).await;
    let _guard = night.guard("guard.txt");
    night.says("guard.txt", "this process is the guard now");
    let second = night.guard("second.txt");
    night.says("second.txt", "another process is the guard of this state folder: waiting");
    drop(second);

    night.approve("run");
    let comments = night.comments(run, 3);
    assert!(
        comments[0].starts_with("INC-2291\n\njit-tui: approve, scope run, start by 20m, decision "),
        "{comments:?}"
    );
    assert!(comments[1..].iter().all(|comment| is_auto(comment)), "{comments:?}");
    night.says("guard.txt", "pass 2 of 8 under grant");
    let said = std::fs::read_to_string(night.home.path().join("guard.txt")).unwrap();
    assert!(!said.contains("asks again"), "the evidence of a gate is read before the gate is judged: {said}");

    night.later(21);
    night.says("guard.txt", " ended ");
    night.asks(run);
    night.says("guard.txt", "guard asks again for acme/shop");
    let waiting = night.waiting();
    assert_eq!(waiting.len(), 1, "{waiting:#?}");
    assert_eq!(night.comments(run, 3).len(), 3, "nothing passes after its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_run_of_the_same_revision_passes_and_one_of_another_revision_asks() {
    let night = Night::falls(one_gate()).await;
    night.approve("revision");
    let (same, other, by_hand) = {
        let mut world = night.fake.world();
        let repo = world.repos[0].id;
        let [same, other, by_hand] = [0; 3].map(|_| world.add_run(repo, &[&["production"]]));
        world.run_mut(other).unwrap().sha = world.repos[0].commits[4].0.clone();
        // GitHub does not show the inputs that it was started with.
        world.run_mut(by_hand).unwrap().event = "workflow_dispatch".to_owned();
        (same, other, by_hand)
    };
    let _guard = night.guard("guard.txt");
    let comments = night.comments(same, 1);
    assert!(is_auto(&comments[0]), "{comments:?}");
    night.says("guard.txt", "the backend does not show what its run was started with");
    for run in [other, by_hand] {
        assert!(night.fake.world().run(run).unwrap().reviews.is_empty());
    }
    assert_eq!(night.waiting().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_headless_approval_is_the_start_by_of_the_guard() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let run = world.add_run(repo, &[&["production"]]);
    let night = Night::falls(world).await;
    for (verb, args, says) in [
        ("approve", &["--scope", "run", "--run-for", "5m"][..], "--run-for: the guard knows start-by only"),
        ("approve", &["--scope", "run", "--ttl", "31m"], "start by is not within 30m"),
        ("approve", &["--scope", "action", "--ttl", "30m"], "scope action is not to be had"),
        ("break-glass", &["--reason", "fire", "--word", "production"], "this backend has no glass to break"),
    ] {
        let refused = night.decide(verb, args);
        assert_eq!(refused.status.code(), Some(3), "{verb} {args:?}: {}{}", stdout(&refused), stderr(&refused));
        assert!(stderr(&refused).contains(says), "{verb} {args:?}: {}", stderr(&refused));
    }
    assert!(night.fake.world().run(run).unwrap().reviews.is_empty(), "nothing of it was sent");
    // Longer than a command could run for: that means nothing here.
    let approved = night.decide("approve", &["--scope", "run", "--ttl", "30m"]);
    assert!(approved.status.success(), "{}{}", stdout(&approved), stderr(&approved));
    let comments = night.comments(run, 1);
    assert!(comments[0].starts_with("jit-tui: approve, scope run, start by 30m, decision "), "{comments:?}");
    let grants = night.command(&["grants"]).output().unwrap();
    assert!(stdout(&grants).contains("run"), "{}{}", stdout(&grants), stderr(&grants));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_moved_since_the_approval_stops_the_guard() {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let run = world.add_run(repo, &[&["production"][..]; 2]);
    world.add_actions();
    let night = Night::falls(world).await;
    night.approve("run");
    {
        let mut world = night.fake.world();
        let trivy = world.repos.last_mut().unwrap();
        trivy.tags[0].1 = trivy.commits[5].0.clone();
    }
    let _guard = night.guard("guard.txt");
    night.says("guard.txt", "new since the approval: action tag moved aquasecurity/trivy-action@0.33.1");
    assert_eq!(night.comments(run, 1).len(), 1, "nothing passes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impostor_keeps_a_headless_approval_back_and_no_rejection() {
    let stray = sha("a commit of a fork");
    let mut world = one_gate();
    let workflow = format!("on: push\njobs: {{a: {{steps: [{{uses: acme/scan@{stray}}}]}}}}");
    world.repos[0].files = vec![(".github/workflows/deploy.yml".to_owned(), workflow)];
    let scan = world.add_repo("acme/scan");
    world.repo_mut(scan).strays.push(stray);
    let night = Night::falls(world).await;
    let refused = night.decide("approve", &["--reason", "INC-2291"]);
    assert_eq!(refused.status.code(), Some(3), "{}{}", stdout(&refused), stderr(&refused));
    assert!(stderr(&refused).contains("impostor commit"), "{}", stderr(&refused));
    assert!(night.fake.world().runs[0].reviews.is_empty());
    let rejected = night.decide("reject", &["--reason", "what is this"]);
    assert!(rejected.status.success(), "{}{}", stdout(&rejected), stderr(&rejected));
}
