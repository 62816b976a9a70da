//! The gate as its user runs it: the real binary against a broker that does as it is told.

pub mod fake;
mod terminal;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake::Fake;
use jit_tui::domain::grant::End;
use jit_tui::domain::request::State;
use jit_tui::domain::text::Text;
use jit_tui::domain::time::Span;

/// A folder with a gate in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn script(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, broker: &str, options: &[&str], argv: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jit-tui"));
        command.current_dir(self.folder.path()).args(["gate", "--broker", broker, "--status-file", "status.json"]);
        command.args(options).arg("--").args(argv);
        for (name, _) in std::env::vars()
            .filter(|(name, _)| name.starts_with("GITHUB_") || name.starts_with("CI_") || name == "GITLAB_CI")
        {
            command.env_remove(name);
        }
        command.env("JIT_TUI_TOKEN", "canary-token").stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(std::fs::File::create(self.path("log")).unwrap());
        command
    }

    fn gate(&self, fake: &Fake, options: &[&str], argv: &[&str]) -> Gate {
        Gate(self.command(&fake.address, options, argv).spawn().unwrap())
    }

    /// The process id that a script wrote into a file, once it did.
    fn pid(&self, name: &str) -> i32 {
        until(&format!("{name} is written"), || self.read(name).ends_with('\n'));
        self.read(name).trim().parse().unwrap()
    }

    fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.read("status.json")).unwrap()
    }
}

/// A gate that does not outlive its test.
struct Gate(Child);

impl Drop for Gate {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Gate {
    fn code(&mut self) -> i32 {
        until("the gate ends", || self.0.try_wait().unwrap().is_some());
        let status = self.0.wait().unwrap();
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        signal_to(self.0.id().cast_signed(), signal);
    }

    fn supervisor(&self) -> i32 {
        let wanted = format!("__supervise\0{}\0", self.0.id());
        let mut found = None;
        until("the supervisor is there", || {
            found = pids().into_iter().find(|pid| {
                std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(&wanted))
            });
            found.is_some()
        });
        found.unwrap()
    }
}

fn pids() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn signal_to(pid: i32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Whether a process is there and not merely waiting to be reaped.
fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[allow(clippy::disallowed_methods)]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_approved_command_runs_and_its_code_passes() {
    let (place, fake) = (Place::new(), Fake::start(State::Pending));
    place.script("deploy.sh", "cat > stdin; env > env; exit 7");
    let mut command =
        place.command(&fake.address, &["--environment", "production"], &["./deploy.sh", "--region", "eu"]);
    let mut gate = Gate(command.stdin(Stdio::piped()).spawn().unwrap());
    std::io::Write::write_all(&mut gate.0.stdin.take().unwrap(), b"input").unwrap();
    until("it waits", || place.read("status.json").contains("waiting"));
    let core = fake.world().core.clone().unwrap();
    fake.change(|world| world.state = State::Approved);
    assert_eq!(gate.code(), 7);

    assert_eq!((place.read("stdin"), fake.world().end.clone()), ("input".into(), Some(End::Exit(7))));
    let env = place.read("env");
    assert!(env.contains("JIT_TUI_GRANT=abab") && env.contains("JIT_TUI_GRANT_END=20"), "{env}");
    assert!(!env.contains("canary"), "{env}");
    assert_eq!(fake.world().tokens, ["Bearer canary-token"]);
    let log = place.read("log");
    for part in [
        &core.digest().code().to_string(),
        "./deploy.sh --region eu",
        "1 of oncall",
        "told alice; consoles that watch: 2",
    ] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
    assert!(!log.contains('\r') && log.lines().all(|line| line.starts_with("jit-tui: ")));
    let status = place.status();
    assert_eq!((status["outcome"].as_str(), status["exit_code"].as_i64()), (Some("command"), Some(7)));
}

#[test]
fn a_decision_against_it_has_its_own_code_and_nothing_runs() {
    for (state, code, word) in [
        (State::Rejected, 230, "rejected"),
        (State::TimedOut, 231, "timed-out"),
        (State::Denied, 232, "denied"),
        (State::Cancelled, 237, "gave-up"),
        (State::Unknown(Text::from("green")), 125, "failed"),
    ] {
        let (place, fake) = (Place::new(), Fake::start(State::Pending));
        let mut gate = place.gate(&fake, &[], &["touch", "ran"]);
        until("it waits", || fake.world().core.is_some());
        fake.change(|world| world.state = state);
        assert_eq!(gate.code(), code);
        assert_eq!(place.status()["outcome"].as_str(), Some(word));
        assert!(!place.path("ran").exists());
    }
}

#[test]
fn at_its_time_the_command_is_ended_with_all_that_it_started() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    fake.world().run_for = Span::secs(1);
    // One that went into a session of its own, one that does not listen to the stop signal.
    place.script(
        "deploy.sh",
        "setsid sh -c 'echo $$ > away; exec sleep 600' & trap '' TERM; echo $$ > self; while :; do sleep 1; done",
    );
    let mut gate = place.gate(&fake, &["--grace", "1s"], &["./deploy.sh"]);
    let pids = [place.pid("self"), place.pid("away")];
    assert_eq!(gate.code(), 234);
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
    assert_eq!(fake.world().end, Some(End::Expired));
    assert!(place.read("log").contains("TIME IS OVER"));
}

#[test]
fn a_killed_gate_ends_its_command() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    place.script("deploy.sh", "setsid sh -c 'echo $$ > away; exec sleep 600' & echo $$ > self; sleep 600");
    let mut gate = place.gate(&fake, &["--grace", "1s"], &["./deploy.sh"]);
    let pids = [place.pid("self"), place.pid("away"), gate.supervisor()];
    gate.signal(rustix::process::Signal::KILL);
    assert_eq!(gate.code(), -9);
    for pid in pids {
        until("everything is gone", || !is_alive(pid));
    }
}

#[test]
fn a_killed_supervisor_takes_everything_with_it() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    place.script("deploy.sh", "setsid sh -c 'echo $$ > away; exec sleep 600' & echo $$ > self; sleep 600");
    let mut gate = place.gate(&fake, &[], &["./deploy.sh"]);
    let pids = [place.pid("self"), place.pid("away")];
    signal_to(gate.supervisor(), rustix::process::Signal::KILL);
    assert_eq!(gate.code(), 137);
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
    assert_eq!(fake.world().end, Some(End::Signal(9)));
}

#[test]
fn a_revoked_grant_ends_the_command() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    place.script("deploy.sh", "echo $$ > self; sleep 600");
    let mut gate = place.gate(&fake, &[], &["./deploy.sh"]);
    let pid = place.pid("self");
    fake.change(|world| world.revoked = true);
    assert_eq!(gate.code(), 233);
    assert!(!is_alive(pid));
    assert_eq!(fake.world().end, Some(End::Revoked));
}

#[test]
fn an_extension_moves_the_end() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    fake.world().run_for = Span::secs(4);
    place.script("deploy.sh", "echo $$ > self; sleep 5; exit 3");
    let mut gate = place.gate(&fake, &[], &["./deploy.sh"]);
    place.pid("self");
    fake.change(|world| world.run_for = Span::mins(10));
    assert_eq!(gate.code(), 3);
    assert!(place.read("log").contains("EXTENDED"));
}

#[test]
fn what_the_command_leaves_behind_does_not_outlive_it() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    place.script(
        "deploy.sh",
        "setsid sh -c 'echo $$ > away; exec sleep 600' > /dev/null 2>&1 & while [ ! -s away ]; do :; done; exit 0",
    );
    let mut gate = place.gate(&fake, &[], &["./deploy.sh"]);
    assert_eq!(gate.code(), 0);
    assert!(!is_alive(place.pid("away")));
    assert_eq!(fake.world().end, Some(End::Exit(0)));
}

#[test]
fn a_script_swapped_after_it_was_asked_does_not_run() {
    let (place, fake) = (Place::new(), Fake::start(State::Pending));
    place.script("deploy.sh", "touch ran");
    let mut gate = place.gate(&fake, &[], &["sh", "deploy.sh"]);
    until("it waits", || fake.world().core.is_some());
    place.script("deploy.sh", "touch ran # swapped");
    fake.change(|world| world.state = State::Approved);
    assert_eq!(gate.code(), 235);
    assert!(!place.path("ran").exists());
    assert!(fake.world().cancelled && fake.world().started_at.is_none());
    assert!(place.read("log").contains("CHANGED since it was asked: program"));
}

#[test]
fn a_broker_that_stores_something_else_is_not_believed() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    fake.world().tamper = |core| core.reason = Text::from("another");
    assert_eq!(place.gate(&fake, &[], &["touch", "ran"]).code(), 235);
    assert!(!place.path("ran").exists());
}

#[test]
fn without_a_broker_nothing_runs() {
    let place = Place::new();
    let mut gate =
        Gate(place.command("http://127.0.0.1:1", &["--broker-timeout", "0s"], &["touch", "ran"]).spawn().unwrap());
    assert_eq!(gate.code(), 236);
    assert!(!place.path("ran").exists());
    let mut gate = Gate(place.command("http://example.com", &[], &["touch", "ran"]).spawn().unwrap());
    assert_eq!(gate.code(), 125);
    assert!(place.read("log").contains("in the clear"));
}

#[test]
fn an_outage_while_it_waits_is_borne() {
    let (place, fake) = (Place::new(), Fake::start(State::Pending));
    let mut gate = place.gate(&fake, &[], &["true"]);
    until("it waits", || fake.world().core.is_some());
    fake.change(|world| world.out_of_order = true);
    until("it notices", || place.read("log").contains("does not answer"));
    fake.change(|world| {
        world.out_of_order = false;
        world.state = State::Approved;
    });
    assert_eq!(gate.code(), 0);
    assert_eq!(fake.world().creates, 1);
    assert!(place.read("log").contains("answers again"));
}

#[test]
fn an_outage_past_its_patience_ends_the_wait() {
    let (place, fake) = (Place::new(), Fake::start(State::Pending));
    let mut gate = place.gate(&fake, &["--broker-timeout", "1s"], &["touch", "ran"]);
    until("it waits", || fake.world().core.is_some());
    fake.change(|world| world.out_of_order = true);
    assert_eq!(gate.code(), 236);
}

#[test]
fn an_outage_while_it_runs_keeps_to_the_deadline() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    fake.world().run_for = Span::secs(3);
    place.script("deploy.sh", "echo $$ > self; sleep 600");
    let mut gate = place.gate(&fake, &[], &["./deploy.sh"]);
    place.pid("self");
    fake.change(|world| world.out_of_order = true);
    until("it notices", || place.read("log").contains("the deadline stands"));
    until("it is ended", || place.read("log").contains("TIME IS OVER"));
    fake.change(|world| world.out_of_order = false);
    assert_eq!(gate.code(), 234);
}

#[test]
fn signals_take_a_waiting_request_back() {
    for (signal, code) in [(rustix::process::Signal::TERM, 143), (rustix::process::Signal::INT, 130)] {
        let (place, fake) = (Place::new(), Fake::start(State::Pending));
        let mut gate = place.gate(&fake, &[], &["touch", "ran"]);
        until("it waits", || place.read("log").contains("consoles that watch"));
        gate.signal(signal);
        assert_eq!(gate.code(), code);
        assert!(fake.world().cancelled && !place.path("ran").exists());
    }
}

#[test]
fn signals_reach_a_running_command() {
    for (signal, trap, code) in [(rustix::process::Signal::TERM, "TERM", 21), (rustix::process::Signal::INT, "INT", 22)]
    {
        let (place, fake) = (Place::new(), Fake::start(State::Approved));
        place.script("deploy.sh", &format!("trap 'exit {code}' {trap}; echo $$ > self; while :; do sleep 0.1; done"));
        let mut gate = place.gate(&fake, &[], &["./deploy.sh"]);
        place.pid("self");
        gate.signal(signal);
        assert_eq!(gate.code(), code);
        assert_eq!(fake.world().end, Some(End::Exit(code)));
    }
}

#[test]
fn it_gives_up_after_its_own_wait() {
    let (place, fake) = (Place::new(), Fake::start(State::Pending));
    assert_eq!(place.gate(&fake, &["--wait", "1s"], &["touch", "ran"]).code(), 237);
    assert!(fake.world().cancelled);
}

#[test]
fn a_command_that_cannot_run_asks_nobody() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    std::fs::write(place.path("plain"), "x").unwrap();
    assert_eq!(place.gate(&fake, &[], &["no-such-command-here"]).code(), 127);
    assert_eq!(place.gate(&fake, &[], &["./plain"]).code(), 126);
    assert!(fake.world().asked.is_none());
}

#[test]
fn a_command_that_the_system_refuses_is_told_as_not_started() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    place.script("deploy.sh", "");
    let interpreter = place.path("plain");
    std::fs::write(&interpreter, "there, and not to be executed").unwrap();
    std::fs::write(place.path("deploy.sh"), format!("#!{}\n", interpreter.display())).unwrap();
    assert_eq!(place.gate(&fake, &[], &["./deploy.sh"]).code(), 126);
    assert_eq!(fake.world().end, Some(End::NotStarted));
}

#[test]
fn a_script_whose_interpreter_is_not_there_wakes_nobody() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    place.script("deploy.sh", "");
    std::fs::write(place.path("deploy.sh"), "#!/nonexistent/interpreter -e\n").unwrap();
    assert_eq!(place.gate(&fake, &[], &["./deploy.sh"]).code(), 126);
    let log = place.read("log");
    assert!(log.contains("/nonexistent/interpreter: is named in the first line"), "{log}");
    assert_eq!(fake.world().creates, 0);
}

#[test]
fn text_from_outside_gives_a_ci_log_no_commands() {
    let (place, fake) = (Place::new(), Fake::start(State::Pending));
    let options = ["--name", "::add-mask::x\n::stop-commands::y", "--environment", "##[group]\u{202e}\u{1b}[2J"];
    let mut gate = place.gate(&fake, &options, &["true", "section_start:1:x\r"]);
    until("it waits", || place.read("log").contains("consoles that watch"));
    gate.signal(rustix::process::Signal::TERM);
    gate.code();
    let log = place.read("log");
    for bad in ["::add", "::stop", "##[", "section_start", "\u{202e}", "\u{1b}", "\r"] {
        assert!(!log.contains(bad), "{bad:?} is in {log}");
    }
}

#[test]
fn evidence_of_a_repository_is_put_before_the_request() {
    let (place, fake) = (Place::new(), Fake::start(State::Denied));
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        assert!(Command::new("git").args(who).args(args).current_dir(place.folder.path()).status().unwrap().success());
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    place.script("deploy.sh", "exit 0");
    std::fs::write(place.path(".gitignore"), "log\nstatus.json\n.new-*\n").unwrap();
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "second"]);
    assert_eq!(place.gate(&fake, &["--base", "HEAD~1"], &["./deploy.sh"]).code(), 232);
    let world = fake.world();
    let sent = world.asked.as_ref().unwrap();
    let blob = sent.evidence.diff.as_ref().unwrap();
    assert_eq!(world.blobs, [(blob.digest.hex(), blob.size as usize)]);
    assert_eq!((sent.evidence.commits.len(), sent.evidence.tree.as_ref().unwrap().is_clean()), (1, true));
}

#[test]
fn help_lists_the_exit_codes() {
    let out = Command::new(env!("CARGO_BIN_EXE_jit-tui")).args(["gate", "--help"]).output().unwrap();
    let help = String::from_utf8(out.stdout).unwrap();
    assert!((230..=237).all(|code: u32| help.contains(&code.to_string())), "{help}");
    let out = Command::new(env!("CARGO_BIN_EXE_jit-tui")).arg("--help").output().unwrap();
    assert!(!String::from_utf8(out.stdout).unwrap().contains("__"));
}

#[test]
fn the_exec_step_serves_its_own_supervisor_only() {
    let (place, this) = (Place::new(), env!("CARGO_BIN_EXE_jit-tui"));
    let ran = place.path("ran");
    let out = Command::new(this).args(["__exec", "1", "/usr/bin/touch", "--", "touch"]).arg(&ran).output().unwrap();
    assert_eq!((out.status.code(), ran.exists()), (Some(125), false));
    let out = Command::new(this).args(["__supervise", "1"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(out.status.code(), Some(125));
}

#[test]
fn a_broker_of_another_version_is_named() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    fake.world().api = 99;
    assert_eq!(place.gate(&fake, &[], &["touch", "ran"]).code(), 125);
    assert!(place.read("log").contains("the broker speaks version 99"));
    assert!(!place.path("ran").exists());
}

#[test]
fn the_command_starts_with_no_signal_blocked_and_a_pipe_that_ends_it() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    let show = "sed -n 's/^Sig\\(Blk\\|Ign\\):[[:space:]]*//p' /proc/self/status > signals";
    assert_eq!(place.gate(&fake, &[], &["sh", "-c", show]).code(), 0);
    let text = place.read("signals");
    let sets: Vec<u64> = text.lines().map(|set| u64::from_str_radix(set, 16).unwrap()).collect();
    let pipe = 1 << (rustix::process::Signal::PIPE.as_raw() - 1);
    assert_eq!((sets[0], sets[1] & pipe), (0, 0));
}
