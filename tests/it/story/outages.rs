//! What fails around the console: a full disk, a locked database, a clock that jumps, a credential that ran out, a
//! broker of another version. Each is said once, with its mend, and nothing is lost.

use super::stage::Stage;
use crate::gate::fake::Fake;
use crate::pty::eventually;

/// A command of `dan` in a shell whose files may not grow past a block: what a full disk is to a program.
fn without_room(stage: &Stage, args: &[&str]) -> super::stage::Said {
    let inner = stage.command("dan", args);
    let mut shell = std::process::Command::new("sh");
    // An ignored signal stays ignored, so that the write fails instead of the program.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]).arg(inner.get_program()).args(inner.get_args());
    shell.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(stage.path("dan")).stdin(std::process::Stdio::null());
    shell.output().unwrap().into()
}

#[test]
fn without_room_for_the_intent_nothing_is_sent_and_with_room_again_it_is() {
    let stage = Stage::set();
    let mut gate = stage.gate("staging", "deploy");
    let (key, code) = stage.waiting();
    let said = without_room(&stage, &["approve", &key, "--digest", &code]);
    assert_eq!(said.code, 3, "{}", said.all);
    assert!(said.all.contains("nothing was sent") && said.all.contains("audit.jsonl"), "{}", said.all);
    assert!(!stage.audit_of("dan").contains("intent"), "{}", stage.audit_of("dan"));
    stage.still_waits(&mut gate);
    let said = stage.run("dan", &["approve", &key, "--digest", &code]);
    assert_eq!((said.code, gate.code()), (0, 0), "{}", said.all);
    let verified = stage.run("dan", &["audit", "verify"]);
    assert!(verified.code == 0 && verified.out.starts_with("OK: "), "{}", verified.all);
}

#[test]
fn while_the_brokers_database_is_locked_nothing_is_granted_and_then_it_goes_on() {
    let stage = Stage::set();
    let (mut gate, console) = stage.asked("alice");
    let other = rusqlite::Connection::open(stage.path("broker/state/broker.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    console.approve();
    console.press("!");
    console.wait_for("REFUSED: the database");
    console.press("o");
    console.wait_for("nothing was granted; ask again");
    console.press("\x1b");
    console.wait_for("view waiting");
    console.wait_for("main ok NOTHING IS GRANTED: the database");
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    stage.still_waits(&mut gate);
    console.wait_until("the broker can write again", |screen| !screen.contains("NOTHING IS GRANTED"));
    console.approve();
    console.press("!");
    console.wait_for("approve shop/deploy: approved");
    assert_eq!(gate.code(), 0);
    console.quit();
}

#[test]
fn a_backend_that_is_down_is_named_and_the_others_are_told_of() {
    let stage = Stage::set();
    stage.endless_script();
    let _gate = stage.gate("staging", "deploy");
    let (key, code) = stage.waiting();
    assert_eq!(stage.run("dan", &["approve", &key, "--digest", &code]).code, 0);
    let config = stage.path("dan").join("config/config.toml");
    let down =
        "[[backend]]\nkind = \"broker\"\nname = \"other\"\naddress = \"http://127.0.0.1:1\"\ntoken_file = \"token\"\n";
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + down).unwrap();
    for (args, there) in [(&["grants"][..], "acme/shop"), (&["list"], "nothing waits")] {
        let said = stage.run("dan", args);
        assert!(said.code == 0 && said.out.contains(there), "{}", said.all);
        assert!(said.all.contains("other: ") && !said.out.contains("other: "), "{}", said.all);
    }
}

#[test]
fn two_consoles_on_one_state_folder_decide_once_and_share_one_sound_log() {
    let stage = Stage::set();
    let mut gate = stage.gate("staging", "deploy");
    let (one, other) = (stage.console("alice"), stage.console("alice"));
    for console in [&one, &other] {
        console.wait_for("> staging");
        console.dialog("a", "APPROVE:", "g  approve");
    }
    one.press("g!");
    other.press("g!");
    let decided = |screen: &str| screen.contains("approve shop/deploy: ") && screen.contains("approved");
    one.wait_until("the first outcome", decided);
    other.wait_until("the other outcome", |screen| decided(screen) || screen.contains("LOCKED"));
    assert_eq!(gate.code(), 0);
    assert_eq!(stage.broker_audit().matches("\"kind\":\"granted\"").count(), 1);
    let verified = stage.run("alice", &["audit", "verify"]);
    assert!(verified.code == 0 && verified.out.starts_with("OK: "), "{}", verified.all);
}

#[test]
fn a_token_that_ran_out_and_a_broker_of_another_version_say_so_where_the_requests_would_stand() {
    let stage = Stage::set();
    stage.enrol_for("erin", &["--for", "1s"]);
    eventually("the token runs out", || stage.run("erin", &["list"]).all.contains("has expired").then_some(()));
    let console = stage.console_until("erin", "main DOWN");
    console.wait_for("UNKNOWN what waits for a decision");
    console.wait_for("main: this token has expired");
    console.wait_for("jit-tui broker token add");
    console.quit();

    let newer = Fake::start(jit_tui::domain::request::State::Pending);
    newer.change(|world| world.api = 2);
    stage.moves("alice", &newer.address);
    let console = stage.console_until("alice", "main DOWN");
    console.wait_for("the broker speaks version 2, this program version 1");
    console.quit();
    let listed = stage.run("alice", &["list"]);
    assert!(listed.code == 1 && listed.all.contains("speaks version 2"), "{}", listed.all);
}

#[cfg(feature = "test-hooks")]
#[test]
fn a_clock_that_was_set_back_grants_nothing_until_it_is_right_again() {
    let stage = Stage::set();
    let mut gate = stage.gate("staging", "deploy");
    let (key, code) = stage.waiting();
    stage.clock(-3_600_000, 0);
    let said = stage.run("dan", &["approve", &key, "--digest", &code]);
    assert!(said.code != 0 && said.all.contains("the clock was set back"), "{}", said.all);
    assert!(said.all.contains("--accept-clock"), "{}", said.all);
    stage.still_waits(&mut gate);
    stage.clock(0, 0);
    let said = stage.run("dan", &["approve", &key, "--digest", &code]);
    assert_eq!((said.code, gate.code()), (0, 0), "{}", said.all);
    assert!(stage.broker_audit().contains("\"kind\":\"clock-step\""));
}

#[cfg(feature = "test-hooks")]
#[test]
fn a_host_that_slept_through_the_end_of_a_grant_ends_what_ran_under_it() {
    let stage = Stage::set();
    stage.endless_script();
    let mut gate = stage.gate("staging", "deploy");
    let (key, code) = stage.waiting();
    assert_eq!(stage.run("dan", &["approve", &key, "--digest", &code]).code, 0);
    let script = stage.child();
    stage.clock(1_200_000, 1_200_000);
    script.ends();
    assert_eq!(gate.code(), 234, "{}", gate.log());
    eventually("the broker has it on record", || stage.broker_audit().contains("\"end\":\"expired\"").then_some(()));
}
