//! One command shows the whole method on real input, and nothing of it stays behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::console::Console;
use super::stage::{Running, Said};
use crate::pty::{BIN, Start, eventually};

/// A folder for everything that a demo makes.
struct Room(tempfile::TempDir);

impl Room {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Processes that work in the room, or were told of it.
    fn processes(&self) -> Vec<String> {
        let inside = |pid: &PathBuf| {
            let at = std::fs::read_link(pid.join("cwd")).unwrap_or_default();
            let told = std::fs::read(pid.join("environ")).unwrap_or_default();
            at.starts_with(self.path()) || String::from_utf8_lossy(&told).contains(&*self.path().to_string_lossy())
        };
        let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let name =
            |pid: PathBuf| String::from_utf8_lossy(&std::fs::read(pid.join("cmdline")).unwrap_or_default()).into();
        // One that waits to be reaped has no command line any more.
        all.filter(inside).map(name).filter(|line: &String| !line.is_empty()).collect()
    }

    fn is_left_as_it_was(&self) {
        eventually("no process is left", || self.processes().is_empty().then_some(()));
        let left: Vec<_> = std::fs::read_dir(self.path()).unwrap().flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn the_demo_shows_every_kind_and_lets_one_decide() {
    let room = Room::new();
    let start = Start::new(&["demo"]).size(100, 30).env("TMPDIR", &room.path().to_string_lossy());
    let console = Console(start.run());
    for row in [
        "shop/deploy-api",
        "shop/migrate-0142",
        "shop/e2e",
        "shop/publish",
        "shop/deploy-web",
        "shop/region-test x30",
        "shop/import-catalog",
        "shop/de\\u{202e}yolp",
        "action SHA changed",
        "tree is dirty",
        "hidden characters",
    ] {
        console.wait_for(row);
    }
    assert!(room.processes().len() > 37, "real gates ask: {:?}", room.processes());

    find(&console, "name:e2e");
    console.approve();
    console.press("!");
    console.wait_for("approve shop/e2e: approved, running, ends");
    console.press(" ");
    console.wait_for("LAST -");
    console.press("\x1b");
    console.wait_until("the filter is gone", |screen| !screen.contains("match"));
    find(&console, "name:publish");
    console.press("\r3");
    console.wait_for("!! IMPOSTOR: on no branch and no tag of its repository");
    console.press("\x1b");
    console.wait_for("!! impostor commit");
    console.dialog("a", "APPROVE:", "g  approve");
    console.press("g");
    console.wait_for("NOT SENT   blocked by a finding: impostor commit");
    console.press("\x1b");
    console.wait_until("the dialog closes", |screen| !screen.contains("APPROVE:"));
    console.press("\x1b");
    console.wait_until("the filter is gone", |screen| !screen.contains("match"));

    find(&console, "name:migrate-0142");
    console.dialog("r", "REJECT:", "x  reject");
    console.confirm("x", "REJECT:");
    console.press("!");
    console.wait_for("reject shop/migrate-0142: rejected");

    let raw = String::from_utf8_lossy(&console.raw()).into_owned();
    for hostile in ["\u{202e}", "APPROVED\u{7}", "\x1b[2J\x1b[1;1HAPPROVED"] {
        assert!(!raw.contains(hostile), "{hostile:?} reached the terminal");
    }
    console.quit();
    room.is_left_as_it_was();
}

/// Leaves one row on the list.
fn find(console: &Console, filter: &str) {
    console.press("/");
    console.wait_for("enter keep");
    console.press(&format!("{filter}\r"));
    console.wait_for(&format!("1 row matches {filter}"));
}

#[test]
fn the_headless_demo_can_be_driven_by_a_script() {
    let room = Room::new();
    let mut command = Command::new(BIN);
    command.args(["demo", "--headless"]).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", room.path()).env("TMPDIR", room.path()).stdin(Stdio::null());
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut demo = Running(command.stdout(out.reopen().unwrap()).stderr(Stdio::null()).spawn().unwrap());
    let told = eventually("the demo is ready", || {
        std::fs::read_to_string(out.path()).ok().filter(|told| told.contains("# ready"))
    });
    let connection: Vec<(String, String)> = told.lines().filter_map(exported).collect();
    let run = |args: &[&str]| {
        let mut command = Command::new(BIN);
        command.args(args).env_clear().envs(connection.iter().cloned()).stdin(Stdio::null());
        Said::from(command.output().unwrap())
    };
    let row = eventually("all ask", || {
        let list = run(&["list"]).out;
        let row = list.lines().find(|row| row.contains("shop/e2e")).map(ToOwned::to_owned);
        row.filter(|_| list.lines().count() == 37)
    });
    let mut parts = row.split("  ");
    let (key, code) = (parts.next().unwrap(), parts.next().unwrap());
    let said = run(&["approve", key, "--digest", code, "--run-for", "2s"]);
    assert_eq!((said.code, said.out.trim()), (0, format!("{key}: approved").as_str()), "{}", said.all);
    eventually("it is ended at its time", || run(&["grants"]).out.contains("time over").then_some(()));

    rustix::process::kill_process(rustix::process::Pid::from_child(&demo.0), rustix::process::Signal::TERM).unwrap();
    let status = eventually("the demo ends", || demo.0.try_wait().unwrap());
    assert!(status.success(), "{status:?}");
    room.is_left_as_it_was();
}

/// `export NAME='VALUE'`.
fn exported(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name.to_owned(), value.trim_matches('\'').to_owned()))
}
