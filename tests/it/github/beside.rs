//! A GitHub in trouble beside one that is well: the one has a clear line with its mend, the other goes on.

use axum::http::Method;
use jit_tui::backends::port::{self, Trouble};
use jit_tui::desk::news::{Health, News};

use super::bulk::open_all;
use super::fake::Fault;
use super::*;

/// What the one in trouble is said to have, once the other one's row is there.
async fn told(change: impl FnOnce(&mut World)) -> port::Fault {
    let mut world = one_gate();
    change(&mut world);
    let (bad, good) = (Fake::start(world, 0).await.unwrap(), Fake::start(one_gate(), 0).await.unwrap());
    let keys = "organisations = [\"acme\"]";
    let backends = vec![opening::open("bad", &bad.address, keys), opening::open("good", &good.address, keys)];
    let home = tempfile::tempdir().unwrap();
    let (desk, mut news) = open_all(home.path(), backends);
    desk.watch();
    let (mut fault, mut rows, mut fresh) = (None, 0, false);
    loop {
        match news.recv().await.expect("the desk goes on") {
            News::Backend(state) if state.name.as_str() == "bad" => match state.health {
                Health::Stale { since: None, fault: told } => fault = Some(told),
                Health::Fresh { .. } | Health::Stale { .. } => panic!("it is well: {state:?}"),
                Health::Connecting => {}
            },
            News::Backend(state) => match state.health {
                Health::Stale { fault, .. } => panic!("the other one suffers: {fault}"),
                health => fresh |= matches!(health, Health::Fresh { .. }),
            },
            News::Requests { backend, changed, .. } => {
                assert_eq!(backend.as_str(), "good");
                rows = changed.len();
            }
            _ => {}
        }
        if let (Some(fault), 1, true) = (&fault, rows, fresh) {
            return fault.clone();
        }
    }
}

async fn told_of(fault: Fault) -> port::Fault {
    told(|world| world.break_next(Method::GET, "", u32::MAX, fault)).await
}

fn clear(fault: &port::Fault, trouble: Trouble, says: &str, mend: &str) {
    assert_eq!(fault.trouble, trouble, "{fault}");
    assert!(fault.message.as_str().contains(says), "{says}: {fault}");
    assert!(fault.mend.as_str().contains(mend) && !fault.mend.as_str().is_empty(), "{fault}: {}", fault.mend);
    assert!(fault.message.width() <= 120, "one line of a screen: {fault}");
}

#[tokio::test]
async fn a_token_that_is_wrong_or_expired_has_one_line() {
    let fault = told(|world| world.bad_token = Some("ghp_fake".to_owned())).await;
    clear(&fault, Trouble::Unauthenticated, "does not take the token: it is wrong, expired or revoked", "renew it");
}

#[tokio::test]
async fn a_token_without_single_sign_on_or_scope_is_told_what_it_needs() {
    let sso = vec![("x-github-sso", "required; url=https://github.com/orgs/acme/sso?x=1".to_owned())];
    let fault = told_of(Fault::Status(403, sso, "{}".into())).await;
    clear(&fault, Trouble::Forbidden, "authorised for single sign-on", "https://github.com/orgs/acme/sso?x=1");

    let body = "{\"message\":\"Resource not accessible by personal access token\"}";
    for (header, needs) in
        [("x-accepted-oauth-scopes", "one of the scopes: repo"), ("x-accepted-github-permissions", "needs: repo")]
    {
        let fault = told_of(Fault::Status(403, vec![(header, "repo".into())], body.into())).await;
        clear(&fault, Trouble::Forbidden, "Resource not accessible", needs);
    }
}

#[tokio::test]
async fn a_limit_that_is_used_up_says_for_how_long() {
    let fault = told(|world| world.rest.remaining = 0).await;
    clear(&fault, Trouble::Limited, "nothing is sent for", "use it up too");
    assert!(fault.retry_after.is_some_and(|wait| wait <= Span::mins(61)), "{fault:?}");
    let fault = told_of(Fault::Status(429, vec![("retry-after", "90".into())], "{}".into())).await;
    clear(&fault, Trouble::Limited, "nothing is sent for", "use it up too");
    assert_eq!(fault.retry_after, Some(Span::secs(90)));
}

#[tokio::test]
async fn a_clock_that_is_minutes_off_neither_lengthens_a_wait_nor_keeps_a_decision_back() {
    for minutes in [-7, 7] {
        let off = jiff::SignedDuration::from_mins(minutes);
        let fault = told(|world| {
            world.ahead = off;
            world.rest.remaining = 0;
            world.rest.reset = world.now() + jiff::SignedDuration::from_mins(10);
        });
        let wait = fault.await.retry_after.unwrap();
        assert!((Span::mins(9)..=Span::mins(11)).contains(&wait), "{minutes}: {wait}");

        let scene = Scene::of(World { ahead: off, ..one_gate() }).await;
        let request = scene.one("production").await;
        let outcome = scene.github.decide(&decision(&request, Ballot::Approve, ""), "").await.unwrap();
        assert!(outcome.is_success(), "{minutes}: {}", outcome.words());
    }
}

#[tokio::test]
async fn what_is_no_answer_of_a_github_has_one_line_as_well() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (fault, trouble, says) in [
        (
            Fault::Status(200, vec![], "<html>sign in</html>".into()),
            Trouble::Protocol,
            "not the JSON that GitHub gives",
        ),
        (Fault::Status(200, vec![], deep), Trouble::Protocol, "not the JSON that GitHub gives"),
        (Fault::Status(404, vec![], "<html>".into()), Trouble::NotFound, "not there"),
        (Fault::Status(502, vec![], "<html>".into()), Trouble::NoAnswer, "in trouble (HTTP 502)"),
        (Fault::Endless, Trouble::Protocol, "more than"),
        (Fault::Cut, Trouble::NoAnswer, "no answer"),
    ] {
        clear(&told_of(fault).await, trouble, says, "");
    }
}
