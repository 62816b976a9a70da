//! A console that is left in the middle of a bulk, by a kill or by its keys: what was answered is over, what was sent
//! is settled by reading, what was not sent is said so, and the next console goes on.

use axum::http::Method;
use rustix::process::Signal;
use serde_json::Value;

use super::fake::{Fault, millis};
use super::*;
use crate::pty::{eventually, set_clock};
use crate::story::console::Console;
use crate::{cli::Home, pty::Start};

const RUNS: usize = 12;
const POSTS: &str = "pending_deployments";
/// Longer than any test.
const NEVER: u64 = 3_600_000;
/// More writes than any test sends.
const FOR_ALL: u32 = 1_000;

/// Alice's folders beside a GitHub, and a clock that can be set.
struct Shift {
    home: Home,
    fake: Fake,
}

impl Shift {
    async fn begins() -> Self {
        let mut world = World::default();
        for n in 0..RUNS {
            let repo = world.add_repo(&format!("acme/repo-{n}"));
            world.add_run(repo, &[&["production"]]);
        }
        let fake = Fake::start(world, 0).await.unwrap();
        let home = Home::new();
        let keys = "organisations = [\"acme\"]\npace = \"1s\"\ninterval = \"1s\"";
        let table = opening::backend_table("github", &fake.address, keys);
        home.config("config.toml", &format!("[console]\nhold_back = false\n{table}"));
        Self { home, fake }
    }

    fn console(&self) -> Console {
        let mut start = Start::new(&[]).size(120, 40);
        start.home_at(self.home.path());
        let clock = self.home.path().join("clock");
        Console(start.env("JIT_TUI_CLOCK_FILE", clock.to_str().unwrap()).run())
    }

    /// A console that shows so many and approves them all.
    fn approving(&self, waiting: usize) -> Console {
        let console = self.console();
        console.wait_for(&format!("yours {waiting} "));
        console.press("M");
        console.wait_for(&format!("{waiting} marked"));
        console.dialog("a", "APPROVE", "g  approve");
        console.press("g");
        console.wait_for("DECISIONS OF THIS CONSOLE");
        console.press("\x1b");
        console.wait_until("the list closes", |screen| !screen.contains("DECISIONS OF THIS CONSOLE"));
        console
    }

    /// The whole lines of the audit log: the last one may be on its way to the disk, or cut off by a kill.
    fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.home.path().join("state/audit.jsonl")).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The requests that records of this kind are about.
    fn records(&self, kind: &str) -> Vec<String> {
        let records = self.log().into_iter().filter(|r| r["event"]["kind"] == kind);
        records.map(|r| r["request"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The requests that records of this kind are about, once there are so many.
    fn recorded(&self, kind: &str, count: usize) -> Vec<String> {
        eventually(&format!("{count} of {kind}, there are {}", self.records(kind).len()), || {
            Some(self.records(kind)).filter(|all| all.len() >= count)
        })
    }

    fn approved(&self) -> usize {
        self.fake.world().runs.iter().filter(|run| !run.reviews.is_empty()).count()
    }

    /// One more write is done, and nobody hears of it; those after it come to nothing. Waits until that is all that is
    /// on its way, and tells how many decisions were answered before.
    fn writes_fail(&self) -> usize {
        let mut world = self.fake.world();
        world.break_next(Method::POST, POSTS, 1, Fault::Late(millis(NEVER)));
        world.break_next(Method::POST, POSTS, FOR_ALL, Fault::Slow(millis(NEVER)));
        drop(world);
        eventually("two writes come", || {
            self.fake.world().faults.iter().all(|f| f.2 < FOR_ALL && f.2 > 1).then_some(())
        });
        eventually("the others are answered", || {
            Some(self.records("outcome").len()).filter(|answered| answered + 1 == self.approved())
        })
    }

    /// Everything that waits still is approved by a console that goes on; nothing was ever sent twice.
    fn goes_on(self, waiting: usize) {
        let console = self.approving(waiting);
        eventually("the others are approved", || (self.approved() == RUNS).then_some(()));
        console.wait_for("yours 0 ");
        drop(console);
        let world = self.fake.world();
        assert!(world.runs.iter().all(|run| run.reviews.len() == 1), "{:#?}", world.runs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_a_bulk_settles_what_was_sent_and_says_what_was_not() {
    let shift = Shift::begins().await;
    let mut console = shift.approving(RUNS);
    shift.recorded("outcome", 2);
    let answered = shift.writes_fail();
    console.signal(Signal::KILL);
    console.exit_code();
    shift.fake.world().faults.clear();
    let (sent, done) = (shift.records("intent").len(), shift.approved());
    assert_eq!((shift.records("outcome").len(), done), (answered, answered + 1), "{:#?}", shift.log());
    assert!(sent < RUNS, "the others wait for their turn");

    let console = shift.console();
    console.wait_for("nothing was sent: the decision held back on github/");
    assert_eq!(shift.recorded("dropped", RUNS - sent).len(), RUNS - sent);
    let outcomes = shift.recorded("outcome", done);
    assert_eq!(outcomes.len(), done, "what was done is found by reading: {outcomes:#?}");
    // What still waits proves nothing for half a minute.
    set_clock(shift.home.path(), 40_000, 40_000);
    shift.recorded("outcome", sent);
    let results: Vec<Value> = shift
        .log()
        .into_iter()
        .filter(|r| r["event"]["kind"] == "outcome")
        .map(|r| r["event"]["result"].clone())
        .collect();
    let ended = |how: &str| results.iter().filter(|r| r["outcome"] == how).count();
    assert_eq!((ended("final"), ended("no-effect")), (done, sent - done), "{results:#?}");
    assert_eq!(shift.approved(), done, "settling reads, it does not send");
    console.wait_for(&format!("yours {} ", RUNS - done));
    drop(console);
    shift.goes_on(RUNS - done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_left_in_the_middle_of_a_bulk_drops_what_waits_for_its_turn() {
    for keys in ["q", "\x03"] {
        let shift = Shift::begins().await;
        let mut console = shift.approving(RUNS);
        shift.recorded("outcome", 2);
        console.press(keys);
        console.wait_for("QUIT?");
        console.press("y");
        assert_eq!(console.exit_code(), 0);
        console.assert_given_back();
        let (sent, done) = (shift.records("intent").len(), shift.approved());
        assert_eq!(shift.records("outcome").len(), sent, "it waits for the answer of what is on its way");
        assert_eq!(done, sent);
        assert_eq!(shift.records("dropped").len(), RUNS - sent, "{:#?}", shift.log());
        shift.goes_on(RUNS - done);
    }
}
