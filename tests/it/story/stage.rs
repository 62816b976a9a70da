//! Where the stories play: a broker process with the demo's policy, two approvers, a pipeline and a real repository.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use jit_tui::sys::http::{Client, Method};
use rustix::process::{Pid, Signal, kill_process};

use super::console::Console;
use crate::pty::{BIN, Start, eventually};

/// The policy of the demo: staging wants one of oncall, deploy-api in production two of them, a reason and a word.
const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/policy.toml");

/// Ends with its test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything that a story needs.
pub struct Stage {
    home: tempfile::TempDir,
    broker: Option<Running>,
    pipeline: String,
}

impl Stage {
    pub fn set() -> Self {
        Self::set_under("")
    }

    /// The same with more rules than the demo has.
    pub fn set_under(rules: &str) -> Self {
        let mut stage = Self { home: tempfile::tempdir().unwrap(), broker: None, pipeline: String::new() };
        stage.pipeline = stage.token(&["--name", "ci", "--repository", "acme/*", "--environment", "*"]);
        for person in ["alice", "dan"] {
            stage.enrol(person);
        }
        stage.repository();
        let policy = std::fs::read_to_string(POLICY).unwrap() + rules;
        std::fs::write(stage.path("policy.toml"), policy).unwrap();
        stage.broker_starts();
        stage
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What stands in a file; nothing where there is none.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The binary, with no environment but a path and the folders of `who`.
    pub fn command(&self, who: &str, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path()).current_dir(self.home.path()).stdin(Stdio::null());
        command.env("JIT_TUI_CONFIG_DIR", self.path(who).join("config"));
        command.env("JIT_TUI_STATE_DIR", self.path(who).join("state"));
        command.env("JIT_TUI_CLOCK_FILE", self.path("clock"));
        command
    }

    /// A command of `who`, to its end.
    pub fn run(&self, who: &str, args: &[&str]) -> Said {
        Said::from(self.command(who, args).output().unwrap())
    }

    fn token(&self, args: &[&str]) -> String {
        let said = self.run("broker", &[&["broker", "token", "add"], args].concat());
        assert_eq!(said.code, 0, "{}", said.all);
        said.out.trim().to_owned()
    }

    /// A person with a token and a config.
    fn enrol(&self, person: &str) {
        self.enrol_for(person, &[]);
    }

    /// The same, with more said about the token.
    pub fn enrol_for(&self, person: &str, about: &[&str]) {
        let config = self.path(person).join("config");
        std::fs::create_dir_all(&config).unwrap();
        private(&config.join("token"), &self.token(&[&["--person", person], about].concat()));
        self.moves(person, &self.address());
    }

    /// The person's console asks another address.
    pub fn moves(&self, person: &str, address: &str) {
        let backend = format!(
            "[[backend]]\nkind = \"broker\"\nname = \"main\"\naddress = \"{address}\"\ntoken_file = \"token\"\n"
        );
        private(&self.path(person).join("config/config.toml"), &backend);
    }

    /// From now on every process finds its clocks so many milliseconds off.
    #[cfg(feature = "test-hooks")]
    pub fn clock(&self, wall: i64, boot: i64) {
        crate::pty::set_clock(self.home.path(), wall, boot);
    }

    /// A repository whose script is whatever `script` made of it.
    fn repository(&self) {
        std::fs::create_dir_all(self.path("repo")).unwrap();
        self.script("exit 0");
        self.git(&["init", "-q", "-b", "main"]);
        self.commit("Serve the shop");
    }

    pub fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Carol", "-c", "user.email=carol@acme.example"]).args(args);
        git.current_dir(self.path("repo")).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        assert!(git.status().unwrap().success(), "git {args:?}");
    }

    pub fn commit(&self, subject: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", subject]);
    }

    /// Writes the script that the pipeline wants to run.
    pub fn script(&self, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path("repo/deploy.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes and commits a script that tells its process id in the file `pid` and does not end by itself.
    pub fn endless_script(&self) {
        self.script(&format!("echo $$ > {}; while :; do sleep 0.1; done", self.path("pid").display()));
        self.commit("Deploy for ever");
    }

    /// Where the broker listens, in all its lives.
    fn address(&self) -> String {
        format!("unix:{}", self.path("broker.sock").display())
    }

    pub fn broker_starts(&mut self) {
        let (address, policy) = (self.address(), self.path("policy.toml").display().to_string());
        let args = ["broker", "--listen", &address, "--policy", &policy, "--name", "main"];
        let child = self.command("broker", &args).stderr(Stdio::null()).spawn().unwrap();
        self.broker = Some(Running(child));
        eventually("the broker answers", || std::os::unix::net::UnixStream::connect(self.path("broker.sock")).ok());
    }

    /// The broker dies at once, as on a power cut.
    pub fn broker_dies(&mut self) {
        self.broker = None;
    }

    /// A job of the pipeline asks; its log and status lie beside the repository.
    pub fn gate(&self, environment: &str, name: &str) -> Gate {
        self.gate_with(environment, name, &[])
    }

    pub fn gate_with(&self, environment: &str, name: &str, options: &[&str]) -> Gate {
        let gate = self.start_gate((environment, name, name), options, &[]);
        gate.says("consoles that watch");
        gate
    }

    /// A job that says `text` wherever it can say something.
    pub fn hostile_gate(&self, text: &str) -> Gate {
        let env = ["GITHUB_RUN_ID", "GITHUB_JOB", "GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR", "GITHUB_REF_NAME"];
        let env: Vec<(&str, &str)> = env.iter().map(|name| (*name, text)).collect();
        let gate = self.start_gate((text, text, "hostile"), &[], &env);
        gate.says("consoles that watch");
        gate
    }

    /// Environment, name of the request, and of the files beside the repository.
    fn start_gate(&self, of: (&str, &str, &str), options: &[&str], env: &[(&str, &str)]) -> Gate {
        let (environment, name, file) = of;
        // Whoever says odd things says them in the reason as well.
        let reason = if env.is_empty() { "INC-2291 roll forward" } else { name };
        let (log, status) = (self.path(&format!("{file}.log")), self.path(&format!("{file}.json")));
        let mut command = self.command("ci", &["gate", "--environment", environment, "--name", name, "--grace", "1s"]);
        command.args(["--reason", reason, "--status-file"]).arg(&status).args(options);
        command.args(["--", "./deploy.sh", "--region", "eu"]).current_dir(self.path("repo"));
        command.env("JIT_TUI_BROKER", self.address()).env("JIT_TUI_TOKEN", &self.pipeline);
        for (key, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_RUN_ID", "8841"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_JOB", name),
            ("GITHUB_ACTOR", "bob"),
            ("GITHUB_REF_NAME", "main"),
        ] {
            command.env(key, value);
        }
        command.envs(env.iter().copied());
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
        Gate { running: Running(command.spawn().unwrap()), log }
    }

    /// The console of `who`, once it shows that its broker answers.
    pub fn console(&self, who: &str) -> Console {
        self.console_in(who, |start| start)
    }

    pub fn console_in(&self, who: &str, how: impl FnOnce(Start) -> Start) -> Console {
        self.console_as(who, how, "main ok")
    }

    /// The console of `who`, once it shows `words` of its broker.
    pub fn console_until(&self, who: &str, words: &str) -> Console {
        self.console_as(who, |start| start, words)
    }

    fn console_as(&self, who: &str, how: impl FnOnce(Start) -> Start, words: &str) -> Console {
        let mut start = how(Start::program(BIN, &[]).size(100, 30));
        start.home_at(&self.path(who));
        let console = Console(start.run());
        console.wait_for(words);
        console
    }

    /// A job that waits, and the console of `who` with it under the cursor.
    pub fn asked(&self, who: &str) -> (Gate, Console) {
        let gate = self.gate("staging", "deploy");
        let console = self.console(who);
        console.wait_for("> staging");
        (gate, console)
    }

    /// The same with the job approved and held back.
    pub fn held(&self, who: &str) -> (Gate, Console) {
        let (gate, console) = self.asked(who);
        console.approve();
        self.recorded(who, "held");
        (gate, console)
    }

    /// Key and code of the one request that waits.
    pub fn waiting(&self) -> (String, String) {
        let said = self.run("dan", &["list"]);
        let rows: Vec<&str> = said.out.lines().collect();
        assert_eq!((said.code, rows.len()), (0, 1), "{}", said.all);
        let mut parts = rows[0].split("  ");
        (parts.next().unwrap().to_owned(), parts.next().unwrap().to_owned())
    }

    /// The id of the process that the script runs as, once it told it.
    pub fn child(&self) -> Script {
        let text = eventually("the script tells its process id", || {
            Some(self.read("pid")).filter(|text| text.ends_with('\n'))
        });
        Script(text.trim().parse().unwrap())
    }

    /// The console's own audit log, as it lies on disk.
    pub fn audit_of(&self, who: &str) -> String {
        self.read(&format!("{who}/state/audit.jsonl"))
    }

    /// Waits until the console's audit log has a record of this kind.
    pub fn recorded(&self, who: &str, kind: &str) {
        eventually(&format!("{who} has a record `{kind}`"), || {
            self.audit_of(who).contains(&quoted(kind)).then_some(())
        });
    }

    /// The broker's audit log, as it exports it.
    pub fn broker_audit(&self) -> String {
        let token = std::fs::read_to_string(self.path("alice/config/token")).unwrap();
        let client = Client::new(self.address().parse().unwrap(), Some(token.into())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(client.call(Method::GET, "/v1/audit", &[], vec![])).unwrap();
        String::from_utf8(answer.body).unwrap()
    }

    /// The broker's records tell these kinds, in this order.
    pub fn broker_tells(&self, kinds: &[&str]) {
        let log = self.broker_audit();
        let mut rest = log.as_str();
        for kind in kinds {
            let at = rest.find(&quoted(kind)).unwrap_or_else(|| panic!("no `{kind}` in its place:\n{log}"));
            rest = &rest[at + 1..];
        }
    }

    /// Nothing was decided: the request waits, and the broker knows of no decision.
    pub fn still_waits(&self, gate: &mut Gate) {
        assert!(gate.running.0.try_wait().unwrap().is_none(), "{}", gate.log());
        self.waiting();
        assert!(!self.broker_audit().contains(&quoted("decided")));
    }
}

fn quoted(kind: &str) -> String {
    format!("\"kind\":\"{kind}\"")
}

fn private(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

/// What a command said, and its exit code.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub all: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let all = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code().unwrap_or(-1), out, all }
    }
}

/// A job that asks and waits.
pub struct Gate {
    pub running: Running,
    log: PathBuf,
}

impl Gate {
    /// What stands in the job's log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn says(&self, words: &str) {
        eventually(&format!("the gate says {words:?}"), || self.log().contains(words).then_some(()));
    }

    /// It notices that nobody answers: while it waits, or as it wants to start.
    pub fn misses_its_broker(&self) {
        let words = ["does not answer", "no answer from"];
        eventually("the gate misses its broker", || {
            let log = self.log();
            words.iter().any(|w| log.contains(w)).then_some(())
        });
    }

    /// Its exit code, once it ends.
    pub fn code(&mut self) -> i32 {
        let status = eventually("the gate ends", || self.running.0.try_wait().unwrap());
        status.code().unwrap_or(-1)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.running.0), signal).unwrap();
    }
}

/// The process of the script.
#[derive(Clone, Copy)]
pub struct Script(i32);

impl Script {
    /// Whether it is there and not merely waiting to be reaped.
    pub fn lives(self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    }

    pub fn ends(self) {
        eventually("the script is ended", || (!self.lives()).then_some(()));
    }
}
