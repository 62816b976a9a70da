//! What goes wrong on the way: a changed log, a lost terminal, a killed console, a terminal without colours.

use rustix::process::Signal;

use super::stage::Stage;

#[test]
fn a_changed_byte_of_the_audit_log_is_found() {
    let stage = Stage::set();
    let (mut gate, console) = stage.asked("alice");
    console.approve();
    console.press("!");
    assert_eq!(gate.code(), 0);
    console.wait_for("approve shop/deploy: approved");
    stage.recorded("alice", "outcome");
    console.quit();

    let sound = stage.run("alice", &["audit", "verify"]);
    assert!(sound.code == 0 && sound.out.starts_with("OK: "), "{}", sound.all);
    std::fs::write(stage.path("broker.jsonl"), stage.broker_audit()).unwrap();
    let brokers = stage.run("alice", &["audit", "verify", "broker.jsonl"]);
    assert!(brokers.code == 0 && brokers.out.starts_with("OK: "), "{}", brokers.all);

    let anchored = stage.run("alice", &["audit", "verify", "--against", "broker.jsonl"]);
    assert!(anchored.code == 0 && anchored.out.contains("anchored up to #"), "{}", anchored.all);

    let seq = changed(&stage, "alice/state/audit.jsonl", "\"kind\":\"intent\"");
    let broken = stage.run("alice", &["audit", "verify"]);
    assert_eq!(broken.code, 1, "{}", broken.all);
    assert!(broken.out.contains(&format!("DAMAGED: record #{seq} ")), "{}", broken.all);
    let seq = changed(&stage, "broker.jsonl", "\"kind\":\"decided\"");
    let broken = stage.run("alice", &["audit", "verify", "broker.jsonl"]);
    assert_eq!(broken.code, 1, "{}", broken.all);
    assert!(broken.out.contains(&format!("DAMAGED: record #{seq} ")), "{}", broken.all);
}

/// Changes one byte, in the time of the first record of this kind, and gives that record's number.
fn changed(stage: &Stage, file: &str, kind: &str) -> u64 {
    let mut text = stage.read(file);
    let start = text[..text.find(kind).unwrap()].rfind('\n').map_or(0, |at| at + 1);
    let record: serde_json::Value = serde_json::from_str(text[start..].lines().next().unwrap()).unwrap();
    let digit = start + text[start..].find("\"at\":").unwrap() + "\"at\":".len() + 12;
    let other = if &text[digit..=digit] == "1" { "2" } else { "1" };
    text.replace_range(digit..=digit, other);
    std::fs::write(stage.path(file), text).unwrap();
    record["seq"].as_u64().unwrap()
}

#[test]
fn a_terminal_that_is_lost_in_the_hold_back_sends_nothing() {
    let stage = Stage::set();
    let (mut gate, mut console) = stage.held("alice");
    console.hang_up();
    assert_eq!(console.exit_code(), 129);
    stage.recorded("alice", "dropped");
    nothing_was_sent(&stage);
    stage.still_waits(&mut gate);
    the_next_start_says_so(&stage);
}

#[test]
fn a_console_that_is_killed_in_the_hold_back_sends_nothing_and_the_next_one_says_so() {
    let stage = Stage::set();
    let (mut gate, mut console) = stage.held("alice");
    console.signal(Signal::KILL);
    console.exit_code();
    nothing_was_sent(&stage);
    stage.still_waits(&mut gate);
    the_next_start_says_so(&stage);
    stage.recorded("alice", "dropped");
    stage.still_waits(&mut gate);
}

fn nothing_was_sent(stage: &Stage) {
    assert!(!stage.audit_of("alice").contains("\"kind\":\"intent\""), "{}", stage.audit_of("alice"));
}

fn the_next_start_says_so(stage: &Stage) {
    let console = stage.console("alice");
    console.wait_for("nothing was sent: the decision held back");
    console.quit();
}

#[test]
fn a_told_end_gives_the_terminal_back_and_drops_what_was_held() {
    let stage = Stage::set();
    let (mut gate, mut console) = stage.asked("alice");
    console.approve();
    console.signal(Signal::TERM);
    assert_eq!(console.exit_code(), 143);
    console.assert_given_back();
    nothing_was_sent(&stage);
    stage.still_waits(&mut gate);
    the_next_start_says_so(&stage);
}

#[test]
fn who_leaves_in_the_hold_back_is_asked_first_and_told_at_the_next_start() {
    let stage = Stage::set();
    let (mut gate, mut console) = stage.asked("alice");
    console.approve();
    console.press("q");
    console.wait_for(" quit   ");
    console.press("y");
    assert_eq!(console.exit_code(), 0);
    console.assert_given_back();
    nothing_was_sent(&stage);
    stage.still_waits(&mut gate);
    the_next_start_says_so(&stage);
    the_next_start_is_silent(&stage);
}

fn the_next_start_is_silent(stage: &Stage) {
    let console = stage.console("alice");
    console.wait_for("anchored #");
    assert!(!console.screen().contains("nothing was sent"), "{}", console.screen());
    console.quit();
}

#[test]
fn without_colours_the_selection_is_still_seen() {
    let stage = Stage::set();
    let _gate = stage.gate("staging", "deploy");
    let console = stage.console_in("alice", |start| start.env("NO_COLOR", "1"));
    console.wait_for("> staging");
    let screen = console.screen();
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.starts_with("> staging")).unwrap();
    let (row, column) = (u16::try_from(row).unwrap(), u16::try_from(line.find("shop/deploy").unwrap()).unwrap());
    assert!(console.look(|screen| screen.cell(row, column).unwrap().inverse()), "what is under the cursor is reversed");
    let raw = String::from_utf8_lossy(&console.raw()).into_owned();
    let styles: Vec<&str> = raw.split("\x1b[").skip(1).filter_map(|part| part.split_once('m')).map(|p| p.0).collect();
    let numbers = |style: &&str| style.split(';').map(|n| n.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>();
    let plain: Vec<&str> = styles.into_iter().filter(|s| s.chars().all(|c| c.is_ascii_digit() || c == ';')).collect();
    assert!(plain.iter().any(|style| numbers(style).contains(&7)), "{plain:?}");
    let coloured = |n: &u32| matches!(n, 30..=38 | 40..=48 | 90..=107);
    assert!(!plain.iter().any(|style| numbers(style).iter().any(coloured)), "{plain:?}");
    console.quit();
}
