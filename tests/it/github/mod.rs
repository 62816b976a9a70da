//! Stories of the GitHub adapter against a GitHub that behaves.

#[path = "../../../examples/fake-github/fake/mod.rs"]
#[allow(dead_code)]
pub mod fake;

mod bulk;
mod cheap;
mod contract;
mod deciding;
mod gates;
#[cfg(feature = "test-hooks")]
mod guarded;
mod looking;
mod meanwhile;
mod resolving;
mod tree;
mod trouble;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fake::{Fake, World};
use jit_tui::backends::port::Backend;
use jit_tui::backends::{self, KINDS};
use jit_tui::config::{Config, FileChoice, Sources};
use jit_tui::domain::decision::{Decision, Seen};
use jit_tui::domain::ids::DecisionId;
use jit_tui::domain::request::{Ballot, Can, Request};
use jit_tui::domain::scope::Scope;
use jit_tui::domain::text::Text;
use jit_tui::domain::time::{Ms, Span};

/// A backend with these keys beside address and token.
pub fn open_at(address: &str, keys: &str) -> Arc<dyn Backend> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let text = format!("[[backend]]\nkind = \"github\"\nname = \"github\"\naddress = \"{address}\"\n{keys}\n");
    let token = if keys.contains("token_") { "" } else { "token_command = [\"echo\", \"ghp_fake\"]\n" };
    std::fs::write(&path, text + token).unwrap();
    let kinds: Vec<&'static str> = KINDS.iter().map(|kind| kind.name).collect();
    let sources = Sources { file: FileChoice::Named(path), check: &|_, _| Ok(()), env: Vec::new(), kinds: &kinds };
    let config = Config::load(&sources).unwrap_or_else(|e| panic!("{e}"));
    backends::open(&config.backends[0], &|path: &Path| -> PathBuf { path.to_owned() }).unwrap_or_else(|e| panic!("{e}"))
}

/// A fake with a console's backend on it; writes are not paced.
pub struct Scene {
    pub fake: Fake,
    pub github: Arc<dyn Backend>,
}

impl Scene {
    pub async fn of(world: World) -> Self {
        Self::with(world, "organisations = [\"acme\"]\npace = \"0s\"").await
    }

    pub async fn with(world: World, keys: &str) -> Self {
        let fake = Fake::start(world, 0).await.unwrap();
        let github = open_at(&fake.address, keys);
        Self { fake, github }
    }

    /// Another console on the same GitHub.
    pub fn another(&self) -> Arc<dyn Backend> {
        open_at(&self.fake.address, "organisations = [\"acme\"]\npace = \"0s\"")
    }

    /// The whole queue, by environment and run.
    pub async fn queue(&self) -> Vec<Arc<Request>> {
        let poll = self.github.poll(None).await.unwrap_or_else(|f| panic!("{f} {}", f.mend));
        assert!(poll.whole);
        poll.changed
    }

    /// The only request of this environment.
    pub async fn one(&self, environment: &str) -> Arc<Request> {
        let queue = self.queue().await;
        let mut fits = queue.iter().filter(|r| r.core.environment.value == *environment);
        let found = fits.next().unwrap_or_else(|| panic!("nothing waits for {environment}: {queue:#?}"));
        assert!(fits.next().is_none(), "several wait for {environment}");
        Arc::clone(found)
    }
}

/// One repository and one run that waits for production.
pub fn one_gate() -> World {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    world.add_run(repo, &[&["production"]]);
    world
}

/// Somebody deployed another commit to production: what waits there is compared with that one now.
pub fn deployed_meanwhile(world: &mut World) {
    let mut later = world.repos[0].deployments[0].clone();
    (later.id, later.sha) = (later.id + 50, world.repos[0].commits[4].0.clone());
    world.repos[0].deployments.push(later);
    world.runs[0].updated = world.now();
}

/// Alice's decision on a request as it is shown.
pub fn decision(request: &Request, ballot: Ballot, comment: &str) -> Decision {
    use std::sync::atomic::{AtomicU8, Ordering};
    static NEXT: AtomicU8 = AtomicU8::new(1);
    Decision {
        id: DecisionId::new(Ms(1_795_417_927_000), [NEXT.fetch_add(1, Ordering::Relaxed); 10]),
        request: request.key().clone(),
        request_digest: request.digest(),
        evidence_digest: request.evidence.digest,
        ballot,
        scope: Scope::Once,
        start_by: Span::mins(10),
        run_for: Span::mins(15),
        comment: comment.into(),
        word: None,
        seen: Seen::default(),
        made_at: Ms(1_795_417_927_000),
        challenge: None,
        signature: None,
    }
}

/// Why one may not decide.
pub fn why_not(request: &Request) -> String {
    match &request.can {
        Can::No { why } => why.lossy().into_owned(),
        other => panic!("may decide: {other:?}"),
    }
}

/// The value of a fact; empty where it is not told.
pub fn fact(request: &Request, label: &str) -> String {
    let values: Vec<_> = request.facts.iter().filter(|f| f.label == *label).map(|f| f.value.lossy()).collect();
    values.join("; ")
}
