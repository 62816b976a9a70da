//! What runs under a grant: taken back, given more time, and ended with whatever watches over it.

use rustix::process::Signal;

use super::stage::Stage;

#[test]
fn what_is_revoked_is_ended() {
    let stage = Stage::set();
    stage.endless_script();
    let mut gate = stage.gate("staging", "deploy");
    let console = stage.console("alice");
    console.wait_for("> staging");
    console.approve();
    console.press("!");
    let script = stage.child();
    console.grants();
    console.dialog("r", "at once, not held back", "then x to");
    console.reason("wrong region", "x");
    console.confirm("x", "at once, not held back");
    assert_eq!(gate.code(), 233);
    assert!(!script.lives());
    console.wait_for("revoked");
    stage.broker_tells(&["granted", "started", "revoked", "ended"]);
    assert!(stage.broker_audit().contains("wrong region"));
    console.back();
    console.quit();
}

#[test]
fn with_the_rules_vote_it_lives_past_its_first_end() {
    let stage = Stage::set();
    let told = stage.path("pid");
    stage.script(&format!("echo $$ > {}; sleep 9; exit 7", told.display()));
    stage.commit("Deploy for nine seconds");
    let mut gate = stage.gate_with("staging", "deploy", &["--run-for", "8s"]);
    let console = stage.console("alice");
    console.wait_for("> staging");
    console.approve();
    console.press("!");
    stage.child();
    console.grants();
    console.dialog("e", "a vote for more time", "tab here");
    console.press("45s");
    console.wait_for("[45s");
    console.press("\t");
    console.reason("still copying", "g");
    console.confirm("g", "a vote for more time");
    gate.says("EXTENDED");
    assert_eq!(gate.code(), 7, "{}", gate.log());
    stage.broker_tells(&["granted", "started", "extended", "ended"]);
    console.back();
    console.quit();
}

#[test]
fn a_killed_gate_leaves_nothing_running() {
    let stage = Stage::set();
    stage.endless_script();
    let gate = stage.gate("staging", "deploy");
    let (key, code) = stage.waiting();
    assert_eq!(stage.run("dan", &["approve", &key, "--digest", &code]).code, 0);
    let script = stage.child();
    gate.signal(Signal::KILL);
    script.ends();
}

#[test]
fn an_answered_decision_survives_the_broker_and_the_gate_goes_on() {
    let mut stage = Stage::set();
    stage.script("exit 7");
    stage.commit("Deploy");
    let mut gate = stage.gate("staging", "deploy");
    let (key, code) = stage.waiting();
    // The gate hears nothing of the answer: the broker dies right after it.
    gate.signal(Signal::STOP);
    assert_eq!(stage.run("dan", &["approve", &key, "--digest", &code]).code, 0);
    stage.broker_dies();
    gate.signal(Signal::CONT);
    gate.misses_its_broker();
    stage.broker_starts();
    assert_eq!(gate.code(), 7, "{}", gate.log());
    stage.broker_tells(&["requested", "decided", "granted", "started", "ended"]);
}
