//! The proof that needs no account: GitHub's OpenAPI document stands between console and fake, and refuses what does not
//! fit it, from either side. Run by tests/run.sh, which installs what it needs.

use std::process::{Child, Command, Stdio};

use jit_tui::backends::resolver::Repository;
use jit_tui::domain::lookup::Reach;
use jit_tui::sys::http::{Client, Method};

use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract");

struct Prism(Child);

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A proxy in front of the fake that answers 500 where the fake breaks the contract, and 422 where the console does.
async fn prism(fake: &Fake) -> (Prism, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.json");
    let made = Command::new("node").arg("cut.mjs").arg(&cut).current_dir(FOLDER).status();
    assert!(made.expect("node, and npm ci in tests/contract").success());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("node");
    command.arg("node_modules/.bin/prism").arg("proxy").arg(&cut).arg(&fake.address).current_dir(FOLDER);
    command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "--errors"]);
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let child = Prism(command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null()).spawn().unwrap());
    let address = format!("http://127.0.0.1:{port}");
    let client = Client::new(address.parse().unwrap(), Some("ghp_fake".to_owned().into())).unwrap();
    let answers = async {
        while client.call(Method::GET, "/api/v3/user", &[], Vec::new()).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(90), answers).await.expect("prism starts");
    (child, address, folder)
}

fn world() -> World {
    let mut world = World::default();
    let repo = world.add_repo("acme/shop");
    let [production, staging] = &mut world.repo_mut(repo).environments[..] else { panic!() };
    (production.wait_timer, staging.branch_policy) = (1, true);
    world.add_run(repo, &[&["production", "staging"], &["staging"]]);
    world.add_run(repo, &[&["staging"]]);
    world.add_fork_run(repo);
    let held = world.add_repo("acme/held");
    world.repo_mut(held).environments[0].app = Some("change-freeze".to_owned());
    world.add_run(held, &[&["production"]]);
    world.add_actions();
    world.repos.last_mut().unwrap().strays.push(super::fake::world::sha("stray"));
    world
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs node and npm ci in tests/contract: tests/run.sh runs it"]
async fn contract_every_call_and_every_answer_fits_githubs_own_document() {
    let fake = Fake::start(world(), 0).await.unwrap();
    let (_prism, address, _folder) = prism(&fake).await;
    for graphql in [true, false] {
        fake.world().has_graphql = graphql;
        let keys = "repositories = [\"acme/*\"]\norganisations = [\"acme\"]\nteams = [\"acme/shop\"]\nall = true\npace = \"0s\"";
        let github = open_at(&address, keys);
        github.session().await.unwrap_or_else(|f| panic!("{f}"));
        let poll = github.poll(None).await.unwrap_or_else(|f| panic!("{f}"));
        assert!(!poll.note.as_str().contains("NOT READ"), "{}", poll.note);
        assert_eq!(poll.changed.len(), 5, "{}", poll.note);
        for request in &poll.changed {
            let read = github.read(request.key()).await.unwrap_or_else(|f| panic!("{f}"));
            assert_eq!(read.digest(), request.digest());
            let evidence = github.evidence(request.key()).await.unwrap_or_else(|f| panic!("{f}"));
            assert!(
                evidence.cuts.is_empty() && evidence.faults.is_empty(),
                "{:?} {:?}",
                evidence.cuts,
                evidence.faults
            );
        }
        look_up(&github).await;
    }
    decide(&open_at(&address, "organisations = [\"acme\"]\npace = \"0s\"")).await;
}

/// Every call that looking an action up takes.
async fn look_up(github: &Arc<dyn Backend>) {
    let resolver = github.resolver().unwrap();
    let (action, _) = Repository::of_action(&"aquasecurity/trivy-action".into()).unwrap();
    let sha = resolver.resolve(&action, &"0.33.1".into()).await.unwrap_or_else(|f| panic!("{f}"));
    let main = resolver.resolve(&action, &"main".into()).await.unwrap_or_else(|f| panic!("{f}"));
    resolver.resolve(&action, &main.as_str().into()).await.unwrap_or_else(|f| panic!("{f}"));
    let hint = Text::from("0.33.1");
    assert_eq!(resolver.reach(&action, &sha, Some(&hint)).await, Reach::Proven { on: "refs/tags/0.33.1".into() });
    assert_eq!(resolver.reach(&action, &main, None).await, Reach::Proven { on: "refs/heads/main".into() });
    let stray = super::fake::world::sha("stray").parse().unwrap();
    assert_eq!(resolver.reach(&action, &stray, None).await, Reach::Impostor);
    let file = resolver.file(&action, &sha, &"action.yml".into()).await.unwrap_or_else(|f| panic!("{f}"));
    assert!(file.is_some());
    let change = resolver.compare(&action, &sha, &main).await.unwrap_or_else(|f| panic!("{f}"));
    assert_eq!(change.count, 1);
    resolver.diff(&action, &sha, &main).await.unwrap_or_else(|f| panic!("{f}"));
}

async fn decide(github: &Arc<dyn Backend>) {
    let queue = github.poll(None).await.unwrap_or_else(|f| panic!("{f}")).changed;
    let first = queue.iter().find(|r| r.no_reject.is_some()).unwrap();
    let mut rest = queue.iter().filter(|r| r.no_reject.is_none() && matches!(r.can, Can::Yes { .. }));
    for (request, ballot) in
        [(first, Ballot::Approve), (rest.next().unwrap(), Ballot::Approve), (rest.next_back().unwrap(), Ballot::Reject)]
    {
        let outcome = github.decide(&decision(request, ballot, "by contract"), "").await;
        let outcome = outcome.unwrap_or_else(|f| panic!("{f}"));
        assert!(outcome.is_success(), "{}", outcome.words());
        github.read(request.key()).await.unwrap_or_else(|f| panic!("{f}"));
    }
    let fault = github.cancel_run(first.key(), false).await.and(github.cancel_run(first.key(), true).await);
    assert!(fault.unwrap_err().message.as_str().contains("Cannot cancel"));
}
