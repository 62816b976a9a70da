//! `jit-tui audit` as its user has it: real processes over a real log.

use std::path::Path;
use std::process::{Command, Output};

use jit_tui::audit::{Log, Sync, log_file};
use jit_tui::domain::principal::{Assurance, Principal};
use jit_tui::domain::record::{Entry, Event};
use jit_tui::domain::time::Ms;

const PROGRAM: &str = env!("CARGO_BIN_EXE_jit-tui");

fn denied(why: &str) -> Entry {
    let by = Principal {
        issuer: "broker".into(),
        subject: "t1".into(),
        assurance: Assurance::Bearer,
        person: Some("alice".parse().unwrap()),
    };
    Entry {
        at: Ms(1_795_417_927_000),
        by: Some(by),
        request: Some("local/a1#1".parse().unwrap()),
        event: Event::Denied { why: why.into() },
    }
}

fn state_with(records: usize) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let entries = (0..records).map(|n| denied(&format!("no {n} \x1b[2J\u{202e}"))).collect();
    Log::open(home.path()).unwrap().append(entries, Sync::Yes).unwrap();
    home
}

fn audit(state: &Path, args: &[&str]) -> Output {
    Command::new(PROGRAM).arg("audit").args(args).arg("--state").arg(state).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_log_is_listed_shown_told_verified_and_exported() {
    let home = state_with(3);
    let listed = audit(home.path(), &["list", "--limit", "2"]);
    assert_eq!(
        text(&listed.stdout),
        "#4 2026-11-23T07:12:07Z alice local/a1#1 denied by policy: no 2 \\u{1b}[2J\\u{202e}\n\
         #3 2026-11-23T07:12:07Z alice local/a1#1 denied by policy: no 1 \\u{1b}[2J\\u{202e}\n"
    );
    let json = text(&audit(home.path(), &["list", "--json", "--kind", "denied", "--limit", "1"]).stdout);
    assert!(json.contains(r#""why":"no 2 \u001b[2J\u202e""#), "{json}");
    let shown = text(&audit(home.path(), &["show", "2"]).stdout);
    assert!(shown.contains("by       alice (t1 of broker, bearer)"), "{shown}");
    assert_eq!(audit(home.path(), &["show", "77"]).status.code(), Some(1));
    assert_eq!(text(&audit(home.path(), &["why", "local/a1#1"]).stdout).lines().count(), 3);
    assert_eq!(audit(home.path(), &["why", "local/zz#1"]).status.code(), Some(1));

    let verified = audit(home.path(), &["verify"]);
    assert_eq!(verified.status.code(), Some(0));
    assert!(text(&verified.stdout).starts_with("OK: 4 records chain"), "{}", text(&verified.stdout));

    let file = home.path().join("out.jsonl");
    let exported = audit(home.path(), &["export", "--format", "json", "--output", file.to_str().unwrap()]);
    assert_eq!(exported.status.code(), Some(0), "{}", text(&exported.stderr));
    assert_eq!(audit(home.path(), &["verify", file.to_str().unwrap()]).status.code(), Some(0));
    assert!(text(&audit(home.path(), &["list", "--limit", "1"]).stdout).contains("exported 4 records"));
    let csv = text(&audit(home.path(), &["export", "--format", "csv"]).stdout);
    assert!(csv.lines().nth(2).unwrap().starts_with("2,2026-11-23T07:12:07Z,1795417927000,alice,bearer,denied,"));
}

#[test]
fn one_edited_byte_fails_verification_and_stops_every_append() {
    let home = state_with(5);
    let path = log_file(home.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|w| w == b"no 2").unwrap() + 3;
    bytes[at] = b'7';
    std::fs::write(&path, &bytes).unwrap();
    let verified = audit(home.path(), &["verify"]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(
        text(&verified.stdout).starts_with("DAMAGED: record #4 (line 4) was changed"),
        "{}",
        text(&verified.stdout)
    );
    let json = text(&audit(home.path(), &["verify", "--json"]).stdout);
    assert!(json.contains(r#""sound":false"#) && json.contains(r#""first_bad":{"seq":4,"line":4,"#), "{json}");
    assert_eq!(audit(home.path(), &["verify", "/nowhere"]).status.code(), Some(2));
}

#[test]
fn processes_that_append_at_once_keep_one_chain() {
    let home = state_with(1);
    let children: Vec<_> = (0..8)
        .map(|n| {
            let file = home.path().join(format!("{n}.csv"));
            Command::new(PROGRAM)
                .args(["audit", "export", "--format", "csv", "--output"])
                .arg(file)
                .arg("--state")
                .arg(home.path())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let verified = audit(home.path(), &["verify", "--json"]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
    let listed = text(&audit(home.path(), &["list", "--kind", "exported"]).stdout);
    assert_eq!(listed.lines().count(), 8, "{listed}");
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was() {
    let home = state_with(40);
    let before = std::fs::read(log_file(home.path())).unwrap();
    // A file may not grow past so many blocks of 512 bytes: the write ends in the middle of a line.
    let blocks = before.len() / 512 + 1;
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" audit export --format csv --state \"$1\"");
    let run = Command::new("sh").args(["-c", &script, PROGRAM]).arg(home.path()).output().unwrap();
    assert!(text(&run.stderr).contains("not on record: cannot append to"), "{}", text(&run.stderr));
    assert_eq!(std::fs::read(log_file(home.path())).unwrap(), before);
    assert_eq!(audit(home.path(), &["verify"]).status.code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let home = state_with(5_000);
    let script = "\"$0\" audit list --limit 0 --state \"$1\" | head -1";
    let run = Command::new("sh").args(["-c", script, PROGRAM]).arg(home.path()).output().unwrap();
    assert_eq!(text(&run.stdout).lines().count(), 1);
    assert_eq!(text(&run.stderr), "");
}
