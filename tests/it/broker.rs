//! `jit-tui broker` as an operator meets it: it starts or says why not, leaves cleanly, and what it has answered
//! survives `kill -9`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use jit_tui::api::{Created, Info};
use jit_tui::domain::decision::{Decision, Seen};
use jit_tui::domain::digest::Digest;
use jit_tui::domain::evidence::Evidence;
use jit_tui::domain::ids::DecisionId;
use jit_tui::domain::json::to_line;
use jit_tui::domain::request::{Ask, Ballot, Command as Program, Request, State};
use jit_tui::domain::scope::Scope;
use jit_tui::domain::time::{Ms, Span};
use jit_tui::sys::http::{Answer, Client, Method};

/// Folders of one operator.
struct Home(tempfile::TempDir);

/// A broker that is ended with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jit-tui"));
        command.arg("broker").args(args).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("USER", "alice");
        command.env("JIT_TUI_STATE_DIR", self.path("state")).env("JIT_TUI_CONFIG_DIR", self.path("config"));
        command
    }

    fn run(&self, args: &[&str]) -> (Output, String) {
        let output = self.command(args).output().unwrap();
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        (output, said)
    }

    fn start(&self, args: &[&str]) -> Running {
        let child = self.command(args).stderr(Stdio::null()).spawn().unwrap();
        let running = Running(child);
        wait("the broker is up", || self.address().is_some_and(|at| at.contains("unix") || connects(&at)));
        running
    }

    fn address(&self) -> Option<String> {
        std::fs::read_to_string(self.path("state/broker.addr")).ok().map(|at| at.trim().to_owned())
    }

    fn token(&self, args: &[&str]) -> String {
        let (output, said) = self.run(&[&["token", "add"], args].concat());
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn client(&self, token: Option<&str>) -> Client {
        Client::new(self.address().unwrap().parse().unwrap(), token.map(|t| t.to_owned().into())).unwrap()
    }
}

fn connects(address: &str) -> bool {
    std::net::TcpStream::connect(address.trim_start_matches("http://")).is_ok()
}

#[allow(clippy::disallowed_methods)]
fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn submission() -> jit_tui::api::Submission {
    jit_tui::api::Submission {
        repository: "acme/shop".into(),
        environment: "stg".into(),
        name: "deploy".into(),
        head: None,
        branch: None,
        command: Program {
            argv: vec!["true".into()],
            folder: "/".into(),
            program: "/bin/true".into(),
            program_digest: Digest::of(b"p"),
            env_digest: Digest::of(b"e"),
            stop_signal: "TERM".into(),
            grace: Span::secs(60),
        },
        run: None,
        identities: vec![],
        reason: "".into(),
        ask: Ask { scope: Scope::Once, run_for: Span::mins(15) },
        evidence: Evidence::default(),
        wait: None,
    }
}

async fn ask(gate: &Client, key: &str) -> Created {
    let body = to_line(&submission()).unwrap().into_bytes();
    let answer = gate.call(Method::POST, "/v1/requests", &[("idempotency-key", key)], body).await.unwrap();
    answer.json().unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&answer.body)))
}

async fn read(approver: &Client, created: &Created) -> Request {
    let path = format!("/v1/requests/{}", created.core.key.id);
    approver.call(Method::GET, &path, &[], vec![]).await.unwrap().json().unwrap()
}

async fn reject(approver: &Client, request: &Request, n: u8) -> Result<Answer, jit_tui::sys::http::Fault> {
    let decision = Decision {
        id: DecisionId::new(Ms(1), [n; 10]),
        request: request.key().clone(),
        request_digest: request.digest(),
        evidence_digest: request.evidence.digest,
        ballot: Ballot::Reject,
        scope: Scope::Once,
        start_by: Span::mins(10),
        run_for: Span::mins(15),
        comment: "no".into(),
        word: None,
        seen: Seen::default(),
        made_at: Ms(1),
        challenge: None,
        signature: None,
    };
    let path = format!("/v1/requests/{}/decision", request.key().id);
    let tag = format!("\"{}\"", decision.request_digest);
    let headers = [("if-match", tag.as_str()), ("idempotency-key", decision.id.as_str())];
    approver.call(Method::POST, &path, &headers, to_line(&decision).unwrap().into_bytes()).await
}

const PIPELINE: &[&str] = &["--name", "ci", "--repository", "acme/*", "--environment", "*"];

#[tokio::test]
async fn answered_decisions_survive_kill_9() {
    let home = Home::new();
    let (gate, alice) = (home.token(PIPELINE), home.token(&["--person", "alice"]));
    let mut broker = home.start(&["--listen", "127.0.0.1:0"]);
    let (gate, approver) = (home.client(Some(&gate)), home.client(Some(&alice)));
    let mut requests = Vec::new();
    for n in 0..40 {
        let created = ask(&gate, &format!("k{n}")).await;
        requests.push(read(&approver, &created).await);
    }
    let votes = requests.iter().enumerate().map(|(n, r)| reject(&approver, r, n as u8));
    let killer = async {
        // In the midst of them, not before the first nor after the last.
        reject(&approver, &requests[0], 0).await.unwrap();
        broker.0.kill().unwrap();
        broker.0.wait().unwrap();
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(votes), killer);
    let answered = answers.iter().map(|a| a.as_ref().is_ok_and(Answer::is_success)).collect::<Vec<_>>();
    assert!(answered.iter().any(|a| *a));

    let again = home.start(&["--listen", "127.0.0.1:0"]);
    let approver = home.client(Some(&alice));
    for (request, answered) in requests.iter().zip(answered) {
        let path = format!("/v1/requests/{}", request.key().id);
        let now: Request = approver.call(Method::GET, &path, &[], vec![]).await.unwrap().json().unwrap();
        if answered {
            assert_eq!(now.state, State::Rejected, "an answered decision is there");
        }
        assert_eq!(now.core.text(), request.core.text());
    }
    let audit = approver.call(Method::GET, "/v1/audit", &[], vec![]).await.unwrap();
    let export = home.path("broker.jsonl");
    std::fs::write(&export, audit.body).unwrap();
    let verify = Command::new(env!("CARGO_BIN_EXE_jit-tui")).args(["audit", "verify"]).arg(&export).output().unwrap();
    assert_eq!(verify.status.code(), Some(0), "{}", String::from_utf8_lossy(&verify.stdout));
    drop(again);
}

#[test]
fn sigterm_ends_it_cleanly_and_leaves_one_database_file() {
    let home = Home::new();
    let mut broker = home.start(&["--listen", "127.0.0.1:0"]);
    let pid = rustix::process::Pid::from_child(&broker.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(broker.0.wait().unwrap().success());
    assert!(home.address().is_none());
    assert!(!home.path("state/broker.db-wal").exists());
}

#[tokio::test]
async fn the_local_broker_serves_its_owner_without_tokens_and_leaves_by_itself() {
    let home = Home::new();
    let mut broker = home.start(&["--local", "--leave-after", "1s"]);
    let socket = home.path("state/broker.sock");
    assert_eq!(home.address().unwrap(), format!("unix:{}", socket.display()));
    let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
    assert_eq!((mode(&socket) & 0o777, mode(&home.path("state")) & 0o777), (0o600, 0o700));
    let me = home.client(None);
    let info: Info = me.call(Method::GET, "/v1/info", &[], vec![]).await.unwrap().json().unwrap();
    assert!(info.local && info.approver);
    assert_eq!((info.you.issuer, info.name.as_str()), ("peer".into(), "local"));
    let created = ask(&me, "a").await;
    let pid = i32::try_from(broker.0.id()).unwrap();
    assert_eq!(rustix::process::getpgid(rustix::process::Pid::from_raw(pid)).unwrap().as_raw_pid(), pid);
    // A request that waits keeps it: longer than its patience.
    let since = Instant::now();
    wait("two seconds", || since.elapsed() > Duration::from_secs(2));
    assert!(broker.0.try_wait().unwrap().is_none());
    let answer = reject(&me, &read(&me, &created).await, 1).await.unwrap();
    assert!(answer.is_success(), "{}", String::from_utf8_lossy(&answer.body));
    wait("it leaves", || broker.0.try_wait().unwrap().is_some());
    assert!(!socket.exists());
}

#[test]
fn each_fault_of_the_start_is_one_message() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("config")).unwrap();
    let bad = home.path("bad.toml");
    std::fs::write(&bad, "[[rule]]\nname = \"a\"\nefect = \"deny\"\n").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let bad = bad.to_str().unwrap();
    for (args, expected) in [
        (vec!["--policy", bad], "did you mean `effect`?"),
        (vec!["--policy", "/nonexistent/p.toml"], "/nonexistent/p.toml"),
        (vec!["--listen", &port], "another one listens there"),
        (vec!["--listen", "0.0.0.0:0"], "give --tls-cert and --tls-key"),
        (vec!["--listen", "somewhere"], "is no place to listen"),
        (vec!["--listen", "0.0.0.0:0", "--tls-cert", "/no/c.pem", "--tls-key", "/no/k.pem"], "/no/c.pem"),
    ] {
        let (output, said) = home.run(&args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    let _running = home.start(&["--listen", "127.0.0.1:0"]);
    let (output, said) = home.run(&["--listen", "127.0.0.1:0"]);
    assert!(!output.status.success() && said.contains("runs on"), "{said}");
}

#[test]
fn tokens_are_shown_once_listed_without_secret_and_revoked() {
    let home = Home::new();
    let secret = home.token(&["--person", "alice"]);
    assert!(secret.starts_with("jt_") && secret.len() == 46);
    home.token(PIPELINE);
    let list = |home: &Home| String::from_utf8(home.run(&["token", "list"]).0.stdout).unwrap();
    assert!(list(&home).contains("alice  approver alice  until 20"), "{}", list(&home));
    assert!(list(&home).contains("ci  pipeline of acme/* in *  until revoked"), "{}", list(&home));
    assert!(!list(&home).contains(&secret));
    let database = std::fs::read(home.path("state/broker.db")).unwrap();
    assert!(!database.windows(secret.len()).any(|w| w == secret.as_bytes()), "only its hash is stored");
    assert!(home.run(&["token", "revoke", "alice"]).0.status.success());
    assert!(list(&home).contains("REVOKED"));
    for (args, expected) in [
        (&["token", "add", "--person", "alice"][..], "names of revoked tokens are not used again"),
        (&["token", "revoke", "nobody"], "there is no token named nobody"),
        (&["token", "add", "--name", "x"], "--person for an approver"),
        (&["token", "add", "--name", "x", "--repository", "*"], "--environment"),
        (&["token", "add", "--name", "x", "--repository", "[z-a]", "--environment", "*"], "[z-a]"),
    ] {
        let (output, said) = home.run(args);
        assert!(!output.status.success() && said.contains(expected), "{args:?}: {said}");
    }
}
