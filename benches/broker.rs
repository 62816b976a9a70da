//! The broker's figures over real HTTP on loopback, client and server in one process:
//! `cargo bench --bench broker` prints decisions a second, event streams, and the time of a page of 50,000 pending.
//! `cargo bench --bench broker -- serve 10000` keeps a broker with so many pending requests and prints how a console
//! reaches it, for `benches/pty/console.toml`; it ends with its input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jit_tui::api::{Created, Page, Submission};
use jit_tui::broker::tokens::{self, Token, Use};
use jit_tui::broker::{Options, Quota, Server, open_database, serve};
use jit_tui::domain::decision::{Decision, Seen};
use jit_tui::domain::digest::Digest;
use jit_tui::domain::evidence::Evidence;
use jit_tui::domain::ids::DecisionId;
use jit_tui::domain::json::to_line;
use jit_tui::domain::principal::{Assurance, Principal};
use jit_tui::domain::request::{Ask, Ballot, Command};
use jit_tui::domain::scope::Scope;
use jit_tui::domain::time::{Ms, Span};
use jit_tui::policy::Policy;
use jit_tui::sys::{files, random};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const WRITERS: usize = 64;
const STREAMS: usize = 1_000;
const PENDING: usize = 50_000;

const POLICY: &str = "[people.alice]\n[[rule]]\nname = \"all\"\napprovals = [{ count = 1 }]\nseen = \"nothing\"\n";

struct House {
    _folder: tempfile::TempDir,
    server: Server,
    at: String,
    gate: String,
    alice: String,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = Policy::parse(POLICY, "bench").unwrap_or_else(|faults| panic!("{faults:#?}"));
        let listen = "127.0.0.1:0".parse().unwrap();
        let mut options = Options::new(folder.path().join("s"), listen, "broker".parse().unwrap(), policy);
        options.quota = Quota { in_all: u32::MAX, of_one: u32::MAX, repeats: u32::MAX };
        let mut db = open_database(&options.database).unwrap();
        let mut token = |name: &str, use_| {
            let token = Token { name: name.into(), use_, created_at: Ms(0), expires: None, revoked_at: None };
            let by = Principal { issuer: "peer".into(), subject: "0".into(), assurance: Assurance::Peer, person: None };
            tokens::add(&mut db, &token, by).unwrap()
        };
        let all = || vec!["*".to_owned()];
        let gate = token("gate", Use::Pipeline { repositories: all(), environments: all(), person: None });
        let alice = token("alice", Use::Approver { person: "alice".parse().unwrap() });
        let server = serve(options).await.unwrap();
        let at = server.address().to_string().replace("http://", "");
        Self { _folder: folder, server, at, gate, alice }
    }
}

/// One connection that is kept.
struct Line {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Line {
    async fn open(at: &str, token: &str) -> Self {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::with_capacity(1 << 16, stream), token: token.into() }
    }

    async fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) {
        let (token, len) = (&self.token, body.len());
        let call = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{headers}Content-Length: {len}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(call.as_bytes()).await.unwrap();
    }

    async fn call(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
        self.send(method, path, headers, body).await;
        let (mut line, mut length, mut first) = (String::new(), 0, true);
        loop {
            line.clear();
            self.stream.read_line(&mut line).await.unwrap();
            if first {
                assert!(line.contains(" 20"), "{line}");
                first = false;
            }
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        body
    }
}

fn submission(n: usize) -> Submission {
    Submission {
        repository: "acme/shop".into(),
        environment: "prod".into(),
        name: format!("deploy-{n}").into(),
        head: "4".repeat(40).parse().ok(),
        branch: Some("main".into()),
        command: Command {
            argv: vec!["./deploy.sh".into(), "--region".into(), "eu".into()],
            folder: "/work".into(),
            program: "/work/deploy.sh".into(),
            program_digest: Digest::of(b"program"),
            env_digest: Digest::of(b"env"),
            stop_signal: "TERM".into(),
            grace: Span::secs(60),
        },
        run: None,
        identities: vec![],
        reason: "release".into(),
        ask: Ask { scope: Scope::Once, run_for: Span::mins(15) },
        evidence: Evidence::default(),
        wait: None,
    }
}

fn decision(created: &Created, evidence: Digest) -> Decision {
    Decision {
        id: DecisionId::new(Ms(1), random::bytes().unwrap()),
        request: created.core.key.clone(),
        request_digest: created.core.digest(),
        evidence_digest: evidence,
        ballot: Ballot::Approve,
        scope: Scope::Once,
        start_by: Span::mins(10),
        run_for: Span::mins(15),
        comment: "ok".into(),
        word: None,
        seen: Seen::default(),
        made_at: Ms(1),
        challenge: None,
        signature: None,
    }
}

/// A call that is ready to be sent.
struct Ready {
    path: String,
    headers: String,
    body: String,
}

/// Shares calls out among the writers; gives the answers and the time of it all.
async fn post(at: &str, token: &str, calls: Vec<Ready>) -> (Vec<Vec<u8>>, Duration) {
    let (calls, next) = (Arc::new(calls), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let writers = (0..WRITERS).map(|_| {
        let (at, token, next, calls) = (at.to_owned(), token.to_owned(), Arc::clone(&next), Arc::clone(&calls));
        tokio::spawn(async move {
            let (mut line, mut answers) = (Line::open(&at, &token).await, Vec::new());
            while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                answers.push(line.call("POST", &call.path, &call.headers, &call.body).await);
            }
            answers
        })
    });
    let mut all = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        all.extend(writer.await.unwrap());
    }
    (all, begun.elapsed())
}

async fn ask(house: &House, count: usize) -> (Vec<Created>, Duration) {
    let call = |n| Ready {
        path: "/v1/requests".into(),
        headers: format!("Idempotency-Key: k{n}\r\n"),
        body: to_line(&submission(n)).unwrap(),
    };
    let (answers, time) = post(&house.at, &house.gate, (0..count).map(call).collect()).await;
    (answers.iter().map(|a| serde_json::from_slice(a).unwrap()).collect(), time)
}

async fn evidence_digest(house: &House, created: &Created) -> Digest {
    let path = format!("/v1/requests/{}", created.core.key.id);
    let body = Line::open(&house.at, &house.alice).await.call("GET", &path, "", "").await;
    serde_json::from_slice::<jit_tui::domain::request::Request>(&body).unwrap().evidence.digest
}

fn rate(what: &str, count: usize, time: Duration) {
    println!("{what}: {count} in {:.2} s = {:.0}/s", time.as_secs_f64(), count as f64 / time.as_secs_f64());
}

async fn decisions(house: &House, created: &[Created]) {
    let evidence = evidence_digest(house, &created[0]).await;
    let ready = |c: &Created| {
        let d = decision(c, evidence);
        Ready {
            path: format!("/v1/requests/{}/decision", c.core.key.id),
            headers: format!("If-Match: \"{}\"\r\nIdempotency-Key: {}\r\n", d.request_digest, d.id),
            body: to_line(&d).unwrap(),
        }
    };
    let (answers, time) = post(&house.at, &house.alice, created.iter().map(ready).collect()).await;
    rate("durable decisions, 64 writers", answers.len(), time);
}

async fn pages(house: &House) {
    let mut line = Line::open(&house.at, &house.alice).await;
    let (mut after, mut seen, mut times) = (0, 0, Vec::new());
    loop {
        let begun = Instant::now();
        let body = line.call("GET", &format!("/v1/requests?after={after}&limit=200"), "", "").await;
        times.push(begun.elapsed());
        let page: Page = serde_json::from_slice(&body).unwrap();
        seen += page.requests.len();
        after = page.next;
        if !page.more {
            break;
        }
    }
    times.sort();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{seen} pending in {} pages of 200: median {median:.1?}, worst {worst:.1?}", times.len());
}

async fn streams(house: &House) {
    let mut lines = Vec::new();
    for _ in 0..STREAMS {
        let mut line = Line::open(&house.at, &house.alice).await;
        line.send("GET", "/v1/events", "", "").await;
        until(&mut line, ": ok").await;
        lines.push(line);
    }
    let begun = Instant::now();
    let mut gate = Line::open(&house.at, &house.gate).await;
    let headers = "Idempotency-Key: stream\r\n";
    gate.call("POST", "/v1/requests", headers, &to_line(&submission(usize::MAX)).unwrap()).await;
    for line in &mut lines {
        until(line, "data:").await;
    }
    println!("{STREAMS} event streams: the last one has a new request after {:.1?}", begun.elapsed());
}

async fn until(line: &mut Line, text: &str) {
    let mut read = String::new();
    while !read.contains(text) {
        read.clear();
        assert!(line.stream.read_line(&mut read).await.unwrap() > 0);
    }
}

/// A broker for a console to look at, until the input ends.
async fn keep(count: usize) {
    let house = House::new().await;
    ask(&house, count).await;
    let home = house._folder.path();
    let config = format!(
        "[[backend]]\nkind = \"broker\"\nname = \"broker\"\naddress = \"http://{}\"\ntoken_file = \"token\"\n",
        house.at
    );
    files::private_dir(&home.join("config")).unwrap();
    files::replace_private(&home.join("config/config.toml"), config.as_bytes()).unwrap();
    files::replace_private(&home.join("config/token"), house.alice.as_bytes()).unwrap();
    println!("export JIT_TUI_CONFIG_DIR={}/config JIT_TUI_STATE_DIR={0}/console", home.display());
    println!("# ready: {count} requests wait");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await.unwrap().unwrap();
    house.server.shutdown().await;
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "serve") {
        return keep(args.get(at + 1).and_then(|n| n.parse().ok()).unwrap_or(10_000)).await;
    }
    let count: usize = std::env::var("JIT_TUI_DECISIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let house = House::new().await;
    let (created, time) = ask(&house, count).await;
    rate("durable requests, 64 writers", created.len(), time);
    decisions(&house, &created).await;
    let (pending, time) = {
        let second = House::new().await;
        let (pending, time) = ask(&second, PENDING).await;
        pages(&second).await;
        streams(&second).await;
        second.server.shutdown().await;
        (pending.len(), time)
    };
    rate("requests that wait", pending, time);
    house.server.shutdown().await;
}
