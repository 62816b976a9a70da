//! Stories of the GitHub adapter against a GitHub that behaves.

#[path = "../../../examples/fake-github/fake/mod.rs"]
#[allow(dead_code)]
pub mod fake;

mod beside;
mod bulk;
mod cheap;
mod contract;
mod deciding;
mod gates;
#[cfg(feature = "test-hooks")]
mod guarded;
#[cfg(feature = "test-hooks")]
mod left;
mod looking;
mod meanwhile;
mod opening;
mod resolving;
mod tree;
mod trouble;

use std::path::Path;
use std::sync::Arc;

use fake::{Fake, World};
use jit_tui::backends::port::Backend;
use jit_tui::decide::{Draft, build};
use jit_tui::domain::decision::Decision;
use jit_tui::domain::ids::DecisionId;
use jit_tui::domain::request::{Ballot, Can, Request};
use jit_tui::domain::text::Text;
use jit_tui::domain::time::{Ms, Span};
pub use opening::open_at;

/// Keys of a GitHub that is asked all the time and whose writes are not paced.
pub const LIVELY: &str = "organisations = [\"acme\"]\ninterval = \"1s\"\npace = \"0s\"";

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

/// How many writes there were.
pub fn posts(world: &World) -> usize {
    world.calls.iter().filter(|c| c.method == "POST" && c.path != "/graphql").count()
}

/// Alice's decision on a request as it is shown.
pub fn decision(request: &Request, ballot: Ballot, comment: &str) -> Decision {
    use std::sync::atomic::{AtomicU8, Ordering};
    const AT: Ms = Ms(1_795_417_927_000);
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let id = DecisionId::new(AT, [NEXT.fetch_add(1, Ordering::Relaxed); 10]);
    build(Draft { comment: comment.into(), ..Draft::new(request, ballot) }, id, AT)
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
