//! A queue of 500 runs over 200 repositories at a GitHub that answers after 10 ms: `cargo bench --bench github` prints
//! how long it takes to have it listed and on the screen, what a refresh with nothing changed and a decision cost, and
//! what memory the console needs. It fails where one of them is past its bar.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

#[path = "../examples/fake-github/fake/mod.rs"]
#[allow(dead_code)]
mod fake;
#[path = "../tests/it/github/opening.rs"]
mod opening;
#[path = "../tests/it/pty.rs"]
mod pty;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fake::{Call, Fake, World, millis};
use jit_tui::backends::port::Backend;
use jit_tui::decide::{Draft, build};
use jit_tui::desk::look_ups::Actions;
use jit_tui::desk::news::{Errand, News, Step};
use jit_tui::desk::{Desk, Keep, Limits, Setup};
use jit_tui::domain::request::{Ballot, Request};
use jit_tui::domain::time::{Ms, Span};
use opening::{backend_table, open_at};
use pty::{BIN, Pty, Start};

const REPOSITORIES: usize = 200;
const WAITING: usize = 500;
const AN_ANSWER: u64 = 10;
const ROUNDS: usize = 5;
const KEYS: &str = "organisations = [\"acme\"]\npace = \"0s\"\ninterval = \"5s\"";

fn world() -> World {
    let mut world = World { latency: millis(AN_ANSWER), ..World::default() };
    let ids: Vec<u64> = (0..REPOSITORIES).map(|n| world.add_repo(&format!("acme/repo-{n}"))).collect();
    for n in 0..WAITING {
        world.add_run(ids[n % REPOSITORIES], &[&["production"]]);
    }
    // Many rounds in one hour: what the budgets make of that is for a test.
    (world.rest.limit, world.rest.remaining) = (1_000_000, 1_000_000);
    (world.graphql.limit, world.graphql.remaining) = (1_000_000, 1_000_000);
    world
}

/// A home whose config names the fake.
fn home(fake: &Fake) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/config.toml"), backend_table("github", &fake.address, KEYS)).unwrap();
    home
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn ms_since(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1000.0
}

/// Prints a figure beside its bar; whether it is within.
fn held(what: &str, took: f64, bar: f64, unit: &str) -> bool {
    let verdict = if took <= bar { "" } else { "  MISSED" };
    println!("{what}: {took:.0} {unit}, at most {bar:.0}{verdict}");
    took <= bar
}

/// From exec to exit, the whole queue printed.
fn listed(fake: &Fake) -> f64 {
    let home = home(fake);
    let begin = Instant::now();
    let mut list = std::process::Command::new(BIN);
    let list =
        list.args(["list", "--json"]).env("HOME", home.path()).env("JIT_TUI_CONFIG_DIR", home.path().join("config"));
    let output = list.env("JIT_TUI_STATE_DIR", home.path().join("state")).output().unwrap();
    let took = ms_since(begin);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count(), WAITING);
    took
}

/// A console that says that all of them are there, and how long that took from exec.
fn on_screen(home: &Path) -> (Pty, f64) {
    let mut start = Start::program(BIN, &[]).size(200, 50);
    start.home_at(home);
    let begin = Instant::now();
    let console = start.run();
    console.wait_for(&format!("yours {WAITING}"));
    (console, ms_since(begin))
}

fn seen(fake: &Fake) -> f64 {
    let home = home(fake);
    let (mut console, took) = on_screen(home.path());
    console.press("q");
    assert_eq!(console.exit_code(), 0);
    took
}

/// The memory that a console owned at most, in MiB, until it has polled once more.
fn owned(fake: &Fake) -> f64 {
    let home = home(fake);
    let (console, _) = on_screen(home.path());
    fake.world().take_calls();
    // At once: by itself it would wait for what a minute allows.
    console.press("\x12");
    let polled = || fake.world().calls.iter().filter(|call| call.status == 304).count() >= REPOSITORIES;
    pty::eventually("one poll more", || polled().then_some(()));
    peak(console.pid().as_raw_nonzero().get())
}

fn peak(pid: i32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// The slowest of some refreshes while nothing changes, runs of outside pull requests included where their turn has
/// come: no body comes.
async fn refreshed(fake: &Fake) -> f64 {
    let github = open_at(&fake.address, KEYS);
    let mut cursor = github.poll(None).await.unwrap().cursor;
    let mut slowest: f64 = 0.0;
    for _ in 0..12 {
        fake.world().take_calls();
        let begin = Instant::now();
        let poll = github.poll(Some(cursor)).await.unwrap();
        slowest = slowest.max(ms_since(begin));
        cursor = poll.cursor;
        let calls = fake.world().take_calls();
        assert!(poll.changed.is_empty() && calls.len() >= REPOSITORIES, "{} calls", calls.len());
        assert!(calls.iter().all(|call| call.status == 304 && call.bytes == 0), "a body was downloaded");
    }
    slowest
}

/// Decisions one after the other, from the key to the outcome on disk: three reads at once, a write, three reads at
/// once. The ideal is three answers and the 20 ms in which decisions on one run gather for one write.
async fn decided(fake: &Fake) -> f64 {
    let github = open_at(&fake.address, KEYS);
    let state = tempfile::tempdir().unwrap();
    let (desk, mut news) = desk(state.path(), &github);
    let queue = desk.backends().next().unwrap().poll(None).await.unwrap().changed;
    let mut times = Vec::new();
    for request in queue.iter().take(21) {
        fake.world().take_calls();
        let begin = Instant::now();
        decide(&desk, request);
        loop {
            if let Some(News::Decision { step: Step::Done(outcome), .. }) = news.recv().await {
                assert!(outcome.is_success(), "{outcome:?}");
                break;
            }
        }
        times.push(ms_since(begin));
        desk.settled().await;
        assert_one_write_between_readings(&fake.world().take_calls());
    }
    median(times)
}

fn desk(state: &Path, github: &Arc<dyn Backend>) -> (Desk, tokio::sync::mpsc::Receiver<News>) {
    let setup = Setup {
        backends: vec![Arc::clone(github)],
        state: state.to_owned(),
        poll_every: Span::mins(10),
        evidence: Keep { time: Duration::from_secs(60), bytes: 1 << 20 },
        limits: Limits::default(),
        actions: Actions::nobody(),
        origin: None,
    };
    Desk::open(setup).unwrap()
}

fn decide(desk: &Desk, request: &Request) {
    let draft = Draft::new(request, Ballot::Approve);
    desk.run(Errand::Decide(Box::new(build(draft, desk.new_decision_id().unwrap(), Ms(1)))));
}

fn assert_one_write_between_readings(calls: &[Call]) {
    let methods: Vec<&str> = calls.iter().map(|call| call.method.as_str()).collect();
    assert_eq!(methods, ["GET", "GET", "GET", "POST", "GET", "GET", "GET"], "{calls:#?}");
}

#[tokio::main]
async fn main() {
    let fake = Fake::start(world(), 0).await.unwrap();
    println!(
        "{REPOSITORIES} repositories, {WAITING} runs that wait, answers after {AN_ANSWER} ms; medians of {ROUNDS} rounds and more"
    );
    let by_program = |one: fn(&Fake) -> f64, rounds: usize| {
        let fake = fake.clone();
        let all = move || (0..rounds).map(|_| one(&fake)).collect();
        async move { median(tokio::task::spawn_blocking(all).await.unwrap()) }
    };
    let all = [
        held("cold, from exec until all are printed", by_program(listed, ROUNDS).await, 2000.0, "ms"),
        held("cold, from exec until all are on the screen", by_program(seen, ROUNDS).await, 2000.0, "ms"),
        held("memory of the console at most", by_program(owned, 1).await, 150.0, "MiB"),
        held("the slowest refresh with nothing changed, all of it 304", refreshed(&fake).await, 300.0, "ms"),
        held("a decision, key to outcome on disk; the ideal is 50 ms", decided(&fake).await, 75.0, "ms"),
    ];
    std::process::exit(i32::from(all.contains(&false)));
}
