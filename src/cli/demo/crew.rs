//! Who asks and who seconds in the demo: real gate processes that come again, and a second approver.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use color_eyre::eyre::{Context, bail};
use futures_util::StreamExt;
use tokio::process::{Child, Command};

use super::scenes::{PLAIN, SCENES, Scene};
use crate::backends::broker::Broker;
use crate::backends::port::Backend;
use crate::domain::decision::{Decision, Seen};
use crate::domain::ids::DecisionId;
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::verdict::START_BY_DEFAULT;
use crate::sys::{clock, random};

/// A request that was decided comes again after this long.
const AGAIN: Duration = Duration::from_secs(20);
/// The name of what the second approver lets run first, so that there is something to compare with.
const BASELINE: &str = "smoke-test";

/// What is live before anything is asked.
const LIVE: Scene =
    Scene { branch: "main", name: BASELINE, reason: "what is live now", command: &["./smoke.sh"], ..PLAIN };

/// How gates reach the demo's broker.
pub struct Crew {
    /// Address of the broker.
    pub address: String,
    /// The pipeline's token.
    pub token: String,
    /// Everything of the demo lies here.
    pub root: PathBuf,
    /// Folder with the worktrees.
    pub repo: PathBuf,
    /// Counts runs of the CI system.
    pub runs: AtomicU32,
}

impl Crew {
    /// Runs what is live now, once per environment, then keeps every scene asking until the task is dropped.
    ///
    /// # Errors
    /// Where a gate cannot be started at all.
    pub async fn work(self: Arc<Self>) -> color_eyre::Result<()> {
        for environment in ["production", "staging"] {
            let scene = Scene { environment, ..LIVE };
            if !self.gate(&scene, 0, self.next_run())?.wait().await?.success() {
                bail!("the demo's first run failed: see {}", self.log(&scene).display());
            }
        }
        let mut asking: Vec<_> = SCENES.iter().map(|scene| Box::pin(Arc::clone(&self).keep_asking(scene))).collect();
        while !asking.is_empty() {
            let (done, _, rest) = futures_util::future::select_all(asking).await;
            done?;
            asking = rest;
        }
        Ok(())
    }

    async fn keep_asking(self: Arc<Self>, scene: &'static Scene) -> color_eyre::Result<()> {
        loop {
            let run = self.next_run();
            let mut legs: Vec<Child> =
                (1..=scene.legs).map(|leg| self.gate(scene, leg, run)).collect::<Result<_, _>>()?;
            for leg in &mut legs {
                leg.wait().await?;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn next_run(&self) -> u32 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }

    fn log(&self, scene: &Scene) -> PathBuf {
        self.root.join(format!("gate-{}.log", scene.branch))
    }

    /// One gate, as a job of a CI system would run it.
    fn gate(&self, scene: &Scene, leg: u32, run: u32) -> color_eyre::Result<Child> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log(scene))?;
        let program = std::env::current_exe().wrap_err("cannot find this program's own file")?;
        Command::new(program)
            .args(["gate", "--environment", scene.environment, "--name", scene.name, "--reason", scene.reason, "--"])
            .args(scene.command)
            .current_dir(self.repo.join(scene.branch))
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME" || name == "TZ"))
            .envs(ci(scene, leg, run))
            .env("JIT_TUI_BROKER", &self.address)
            .env("JIT_TUI_TOKEN", &self.token)
            .env("JIT_TUI_STATE_DIR", self.root.join("gate"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A group of its own: the terminal belongs to the console, no gate may take its foreground.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .wrap_err("cannot start a gate")
    }
}

/// What GitHub Actions puts into the environment of a job.
fn ci(scene: &Scene, leg: u32, run: u32) -> Vec<(&'static str, String)> {
    let job = if scene.legs > 1 { format!("{} ({leg})", scene.name) } else { scene.name.to_owned() };
    vec![
        ("CI", "true".into()),
        ("GITHUB_ACTIONS", "true".into()),
        ("GITHUB_REPOSITORY", "acme/shop".into()),
        ("GITHUB_RUN_ID", (8840 + run).to_string()),
        ("GITHUB_RUN_ATTEMPT", "1".into()),
        ("GITHUB_JOB", job),
        ("GITHUB_ACTOR", scene.actor.into()),
        ("GITHUB_TRIGGERING_ACTOR", scene.actor.into()),
        ("GITHUB_REF_NAME", scene.branch.into()),
        ("GITHUB_SERVER_URL", "https://git.acme.example".into()),
    ]
}

/// The second approver: says yes to the baseline and to scenes that are to wait for one vote more.
pub async fn second(broker: Arc<Broker>) {
    let mut hints = broker.hints();
    while let Some(Ok(())) = hints.next().await {
        let Ok(poll) = broker.poll(None).await else { continue };
        for request in poll.changed.iter().filter(|r| wants_second(r)) {
            let Some(decision) = yes(request) else { continue };
            let Ok(bytes) = crate::domain::json::to_line(&decision) else { continue };
            // A vote that is not counted leaves the request to the person at the console.
            drop(broker.decide(&decision, &bytes).await);
        }
    }
}

fn wants_second(request: &Request) -> bool {
    let name = request.core.name.as_str().unwrap_or_default();
    let seconded = name == BASELINE || SCENES.iter().any(|s| s.seconded && s.name == name);
    seconded && request.is_pending() && request.votes.is_empty()
}

fn yes(request: &Request) -> Option<Decision> {
    let made_at = clock::now().wall;
    Some(Decision {
        id: DecisionId::new(made_at, random::bytes().ok()?),
        request: request.key().clone(),
        request_digest: request.digest(),
        evidence_digest: request.evidence.digest,
        ballot: Ballot::Approve,
        scope: Scope::Once,
        start_by: START_BY_DEFAULT,
        run_for: request.core.ask.run_for,
        comment: "looked at it with Bob".into(),
        word: request.verdict.word.clone(),
        seen: Seen { acknowledged: request.evidence.totals.map(|t| t.files), ..Seen::default() },
        made_at,
        challenge: None,
        signature: None,
    })
}

/// Whether the program that makes the repository is there.
pub fn git_is_there(path: &Path) -> bool {
    std::process::Command::new("git").arg("--version").current_dir(path).output().is_ok_and(|o| o.status.success())
}
