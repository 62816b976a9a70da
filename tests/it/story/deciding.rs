//! Decisions from the keyboard, and what becomes of the job that waits for them.

use super::stage::Stage;

#[test]
fn an_approved_step_runs_and_is_ended_at_its_time() {
    let stage = Stage::set();
    stage.endless_script();
    let mut gate = stage.gate("staging", "deploy");
    let (key, code) = stage.waiting();
    let console = stage.console("alice");
    console.wait_for("> staging");
    console.dialog("a", "APPROVE: starts staging", "g  approve");
    assert!(console.screen().contains(&code), "gate and console show one code");
    assert!(gate.log().contains(&code));
    console.type_back(2, "3s");
    console.wait_for("run for [3s");
    console.press("\t\t");
    console.wait_for("g  approve");
    console.confirm("g", "APPROVE:");
    console.wait_for("sent in");
    console.press("!");
    console.wait_for("approved, running, ends");
    let script = stage.child();

    assert_eq!(gate.code(), 234);
    assert!(!script.lives());
    assert!(gate.log().contains("TIME IS OVER"), "{}", gate.log());
    console.wait_for("approved, time over");
    console.press("L");
    console.wait_for("outcome of");
    console.back();
    console.quit();
    let told = stage.run("alice", &["audit", "why", &key]).out;
    assert!(told.contains("about to approve: once") && told.contains("run for 3s"), "{told}");
    stage.broker_tells(&["requested", "decided", "granted", "started", "ended"]);
    assert!(stage.broker_audit().contains("\"end\":\"expired\""), "{}", stage.broker_audit());
}

#[test]
fn a_rejected_step_does_not_run() {
    let stage = Stage::set();
    stage.endless_script();
    let (mut gate, console) = stage.asked("alice");
    console.dialog("r", "REJECT:", "x  reject");
    console.confirm("x", "REJECT:");
    console.wait_for("HELD reject");
    console.press("!");
    console.wait_for("reject shop/deploy: rejected");
    assert_eq!(gate.code(), 230);
    assert!(gate.log().contains("an approver rejected it"), "{}", gate.log());
    assert_eq!(stage.read("pid"), "");
    console.quit();
}

#[test]
fn a_decision_that_is_taken_back_was_never_sent() {
    let stage = Stage::set();
    let (mut gate, console) = stage.asked("alice");
    console.approve();
    console.press("u");
    console.wait_for("nothing sent");
    stage.recorded("alice", "dropped");
    assert!(!stage.audit_of("alice").contains("\"kind\":\"intent\""));
    stage.still_waits(&mut gate);
    // It can be decided all the same; left alone, the hold-back sends it by itself.
    console.approve();
    console.wait_for("approve shop/deploy: approved");
    assert_eq!(gate.code(), 0);
    console.quit();
}

#[test]
fn a_script_that_was_swapped_after_it_was_asked_does_not_run() {
    let stage = Stage::set();
    stage.endless_script();
    let (mut gate, console) = stage.asked("alice");
    stage.script("touch swapped");
    console.approve();
    console.press("!");
    assert_eq!(gate.code(), 235);
    assert!(gate.log().contains("CHANGED since it was asked"), "{}", gate.log());
    assert!(!stage.path("repo/swapped").exists() && stage.read("pid").is_empty());
    assert!(!stage.broker_audit().contains("\"kind\":\"started\""));
    console.quit();
}

#[test]
fn what_is_not_what_was_looked_at_is_not_decided() {
    let stage = Stage::set();
    let mut first = stage.gate("staging", "first");
    let (_, seen) = stage.waiting();
    first.signal(rustix::process::Signal::TERM);
    assert_eq!(first.code(), 143);
    // The job comes again: the same step, another request. What was looked at does not stand for it.
    let mut second = stage.gate("staging", "first");
    let (key, code) = stage.waiting();
    assert_ne!(code, seen);
    let said = stage.run("dan", &["approve", &key, "--digest", &seen]);
    assert_eq!(said.code, 4, "{}", said.all);
    assert!(said.all.contains(&code) && said.all.contains("nothing was sent"), "{}", said.all);
    stage.still_waits(&mut second);
    let said = stage.run("dan", &["approve", &key, "--digest", &code]);
    assert_eq!((said.code, second.code()), (0, 0), "{}", said.all);
}

#[test]
fn a_request_that_is_taken_back_under_an_open_dialog_locks_it() {
    let stage = Stage::set();
    let (mut gate, console) = stage.asked("alice");
    console.dialog("a", "APPROVE:", "g  approve");
    gate.signal(rustix::process::Signal::TERM);
    assert_eq!(gate.code(), 143);
    console.wait_for("LOCKED");
    console.press("g");
    console.press("\x1b");
    console.wait_until("the dialog closes", |screen| !screen.contains("APPROVE:"));
    assert!(!stage.audit_of("alice").contains("intent"));
    console.quit();
}

#[test]
fn a_broken_glass_stays_red_until_somebody_else_looked_at_it() {
    let stage = Stage::set();
    stage.endless_script();
    let mut gate = stage.gate_with("production", "deploy-api", &["--run-for", "15m"]);
    let (key, _) = stage.waiting();
    let console = stage.console("alice");
    console.wait_for("> PROD");
    console.press("B");
    console.wait_for("BREAK GLASS: starts PROD");
    console.type_first("INC-2291 the shop is down");
    console.press("\t");
    console.press("staging\r");
    console.wait_for("NOT SENT");
    assert!(stage.read("pid").is_empty(), "the wrong word opens nothing");
    console.press(&"\x7f".repeat(7));
    console.press("production\r");
    let script = stage.child();
    console.wait_for("5 to review 1");
    console.press("5");
    console.wait_for("BREAK-GLASS not reviewed");

    let said = stage.run("alice", &["review", &key, "--comment", "it was me"]);
    assert_ne!(said.code, 0, "one's own is not reviewed: {}", said.all);
    let said = stage.run("dan", &["review", &key, "--comment", "right so"]);
    assert_eq!(said.code, 0, "{}", said.all);
    console.wait_until("nothing is red any more", |screen| {
        !screen.contains("to review 1") && !screen.contains("BREAK-GLASS not")
    });
    assert!(script.lives());
    stage.broker_tells(&["decided", "granted", "started", "reviewed"]);
    assert!(stage.broker_audit().contains("\"break_glass\":true"));
    gate.signal(rustix::process::Signal::TERM);
    script.ends();
    gate.code();
    console.quit();
}
