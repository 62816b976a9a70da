//! What goes wrong: one clear line, and the others go on.

use axum::http::Method;
use jit_tui::backends::port::Trouble;

use super::fake::Fault;
use super::*;

fn two_repos() -> World {
    let mut world = World::default();
    for name in ["acme/pay", "acme/shop"] {
        let repo = world.add_repo(name);
        world.add_run(repo, &[&["production"]]);
    }
    world
}

async fn after_break(fault: Fault) -> (usize, String) {
    let scene = Scene::of(two_repos()).await;
    scene.fake.world().break_next(Method::GET, "/repos/acme/pay/actions/runs", 1, fault);
    let poll = scene.github.poll(None).await.unwrap_or_else(|f| panic!("{f}"));
    (poll.changed.len(), poll.note.to_string())
}

#[tokio::test]
async fn a_repository_that_cannot_be_read_is_named_and_the_others_go_on() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (fault, says) in [
        (Fault::Status(404, vec![], "{}".into()), "not there, or this token may not see it"),
        (
            Fault::Status(
                403,
                vec![("x-github-sso", "required; url=https://github.com/orgs/acme/sso".into())],
                "{}".into(),
            ),
            "single sign-on",
        ),
        (Fault::Status(200, vec![], "<html>sign in</html>".into()), "not the JSON that GitHub gives"),
        (Fault::Status(200, vec![], deep), "not the JSON that GitHub gives"),
        (Fault::Status(502, vec![], "<html>".into()), "in trouble (HTTP 502)"),
        (Fault::Endless, "more than"),
        (Fault::Cut, "no answer"),
    ] {
        let shown = format!("{fault:?}").chars().take(60).collect::<String>();
        let (others, note) = after_break(fault).await;
        assert_eq!(others, 1, "{shown}");
        assert!(note.contains("NOT READ: ") && note.contains(says), "{shown}: {note}");
    }
}

#[tokio::test]
async fn a_body_that_lies_about_its_length_is_no_answer() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"login\":\"x\"}").unwrap();
    });
    let fault = open_at(&address, "").session().await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::NoAnswer, "{fault}");
}

#[tokio::test]
async fn a_repository_that_vanishes_takes_its_rows_with_it() {
    let scene = Scene::of(two_repos()).await;
    assert_eq!(scene.queue().await.len(), 2);
    scene.fake.world().repos[0].visible = false;
    let poll = scene.github.poll(Some(1)).await.unwrap();
    assert!(poll.whole && poll.changed.len() == 1);
    assert!(poll.note.as_str().contains("acme/pay"), "{}", poll.note);
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_told_and_looked_up_again() {
    let mut world = one_gate();
    world.bad_token = Some("ghp_old".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let store = |token: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&path, token).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    store("ghp_old");
    let scene = Scene::with(world, &format!("repositories = [\"acme/shop\"]\ntoken_file = {path:?}")).await;
    let fault = scene.github.session().await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Unauthenticated);
    assert!(fault.message.as_str().contains("wrong, expired or revoked"), "{fault}");
    store("ghp_new");
    assert_eq!(scene.github.session().await.unwrap().you.subject, Text::from("alice"));
    assert_eq!(scene.queue().await.len(), 1);
}

#[tokio::test]
async fn what_the_token_is_and_lacks_is_noted() {
    let mut world = one_gate();
    world.scopes = "gist".to_owned();
    world.ahead = jiff::SignedDuration::from_mins(5);
    let scene = Scene::of(world).await;
    let session = scene.github.session().await.unwrap();
    assert!(!session.approver);
    let notes: Vec<String> = session.notes.iter().map(|n| n.what.to_string()).collect();
    assert!(notes[0].contains("a classic personal token, from token_command"), "{notes:?}");
    assert!(notes[1].contains("lacks the scope repo (it has: gist)"), "{notes:?}");
    assert!(notes[2].contains("off GitHub's"), "{notes:?}");
}

#[tokio::test]
async fn an_installation_token_is_said_not_to_approve() {
    let keys = "repositories = [\"acme/shop\"]\ntoken_command = [\"echo\", \"ghs_x\"]";
    let scene = Scene::with(one_gate(), keys).await;
    let session = scene.github.session().await.unwrap();
    assert!(!session.approver);
    assert!(session.notes.iter().any(|n| n.what.as_str().contains("installation tokens cannot approve")));
    assert_eq!(scene.queue().await.len(), 1, "it may look");
}

#[tokio::test]
async fn a_secondary_limit_is_obeyed_to_the_second() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let limit = Fault::Status(429, vec![("retry-after", "7".into())], "{}".into());
    scene.fake.world().break_next(Method::GET, "/actions/runs", 1, limit);
    let fault = scene.github.poll(Some(1)).await.unwrap_err();
    assert_eq!((fault.trouble, fault.retry_after), (Trouble::Limited, Some(Span::secs(7))));
    scene.fake.world().take_calls();
    let fault = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::Limited);
    assert!(scene.fake.world().take_calls().is_empty(), "nothing is sent meanwhile");
}

#[tokio::test]
async fn a_redirect_is_followed_once_on_the_same_server_only() {
    let scene = Scene::with(one_gate(), "repositories = [\"acme/old\"]").await;
    scene.fake.world().repos[0].old_names.push("acme/old".to_owned());
    assert_eq!(scene.queue().await[0].core.repository.value, Text::from("acme/shop"));

    let elsewhere = Fake::start(World::default(), 0).await.unwrap();
    for target in [
        format!("{}/api/v3/user", elsewhere.address),
        format!("{}@127.0.0.1/", scene.fake.address),
        "//evil.example/x".to_owned(),
        "http://169.254.169.254/latest".to_owned(),
    ] {
        let redirect = Fault::Status(302, vec![("location", target.clone())], String::new());
        scene.fake.world().break_next(Method::GET, "/user", 1, redirect);
        let fault = scene.github.session().await.unwrap_err();
        assert!(fault.message.as_str().contains("not followed"), "{target}: {fault}");
    }
    assert!(elsewhere.world().calls.is_empty(), "no token goes anywhere else");
}

#[tokio::test]
async fn a_key_of_a_fresh_console_is_read_without_a_list() {
    let scene = Scene::of(one_gate()).await;
    let request = scene.one("production").await;
    let fresh = scene.another();
    let read = fresh.read(request.key()).await.unwrap();
    assert_eq!(read.digest(), request.digest());
    let outcome = fresh.decide(&decision(&read, Ballot::Approve, ""), "").await.unwrap();
    assert!(outcome.is_success(), "{}", outcome.words());
}

#[tokio::test]
async fn a_key_of_another_kind_is_refused() {
    let scene = Scene::of(one_gate()).await;
    let fault = scene.github.read(&"github/4f1c9ab#1".parse().unwrap()).await.unwrap_err();
    assert_eq!(fault.trouble, Trouble::NotFound);
}
