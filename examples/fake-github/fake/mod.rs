//! A GitHub that behaves: approvals take effect, later jobs ask again, unchanged answers are free, limits and redirects
//! are real. Used by the tests, and to be started by hand.

mod git;
mod graph;
mod rest;
mod shape;
pub mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub use world::{Call, Fault, World};

/// A running fake; it ends with its runtime.
#[derive(Clone)]
pub struct Fake {
    world: Arc<Mutex<World>>,
    pub address: String,
}

impl Fake {
    pub async fn start(world: World, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let fake = Self { world: Arc::new(Mutex::new(world)), address };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(fake)
    }

    /// The world, to look at it or to change it.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

/// What comes back, before limits and conditions are looked at.
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub raw: Option<(&'static str, Vec<u8>)>,
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub fn json(status: u16, body: Value) -> Self {
        Self { status, body, raw: None, headers: Vec::new() }
    }

    pub fn raw(kind: &'static str, bytes: Vec<u8>) -> Self {
        Self { raw: Some((kind, bytes)), ..Self::json(200, Value::Null) }
    }

    pub fn message(status: u16, message: &str) -> Self {
        Self::json(status, json!({"message": message, "documentation_url": "https://docs.github.com/rest"}))
    }
}

/// One call as the fake sees it.
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Asked {
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

async fn answer(State(fake): State<Fake>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().strip_prefix("/api/v3").unwrap_or(uri.path()).to_owned();
    let path = if path == "/api/graphql" { "/graphql".to_owned() } else { path };
    let query = uri.query().map(pairs).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let asked = Asked { method, path, query, headers, body };
    let (wait, fault) = {
        let mut world = fake.world();
        (world.latency, world.fault(&asked.method, &asked.path))
    };
    tokio::time::sleep(wait).await;
    match fault {
        Some(fault) => faulty(&fake, &asked, fault).await,
        None => ordinary(&fake, &asked),
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    query.split('&').filter_map(|p| p.split_once('=')).map(|(n, v)| (decoded(n), decoded(v))).collect()
}

/// Percent-decoding.
pub fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match (bytes[at], hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn ordinary(fake: &Fake, asked: &Asked) -> Response {
    let mut world = fake.world();
    world.tick();
    let graphql = asked.path == "/graphql";
    if let Some(refused) = world.refusal(graphql, &asked.headers) {
        return finish(&mut world, asked, refused, false);
    }
    let reply = if graphql { graph::answer(&mut world, asked) } else { rest::answer(&mut world, &fake.address, asked) };
    finish(&mut world, asked, reply, true)
}

/// Adds tag and budget, and turns an unchanged answer into a free 304.
fn finish(world: &mut World, asked: &Asked, reply: Reply, count: bool) -> Response {
    let graphql = asked.path == "/graphql";
    let bytes = match &reply.raw {
        Some((_, bytes)) => bytes.clone(),
        None if reply.body.is_null() => Vec::new(),
        None => reply.body.to_string().into_bytes(),
    };
    let etag = format!("W/\"{:x}\"", fnv(&bytes));
    let known = asked.headers.get("if-none-match").and_then(|v| v.to_str().ok());
    let same = asked.method == Method::GET && reply.status == 200 && known == Some(&etag);
    let status = if same { 304 } else { reply.status };
    if count && !same {
        world.spend(graphql);
    }
    let sent = if same { 0 } else { bytes.len() };
    world.calls.push(Call { method: asked.method.to_string(), path: asked.path.clone(), status, bytes: sent });
    let mut response = Response::builder().status(status).header("etag", etag);
    let kind = reply.raw.as_ref().map_or("application/json; charset=utf-8", |(kind, _)| kind);
    response = response.header("date", world.date());
    if sent > 0 {
        response = response.header("content-type", kind);
    }
    for (name, value) in world.budget_headers(graphql).into_iter().chain(reply.headers) {
        response = response.header(name, value);
    }
    response.body(Body::from(if same { Vec::new() } else { bytes })).unwrap()
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

async fn faulty(fake: &Fake, asked: &Asked, fault: Fault) -> Response {
    let call = |status, bytes| Call { method: asked.method.to_string(), path: asked.path.clone(), status, bytes };
    match fault {
        Fault::Status(status, headers, body) => {
            fake.world().calls.push(call(status, body.len()));
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).unwrap()
        }
        Fault::Slow(wait) => {
            tokio::time::sleep(wait).await;
            ordinary(fake, asked)
        }
        Fault::Late(wait) => {
            let answer = ordinary(fake, asked);
            tokio::time::sleep(wait).await;
            answer
        }
        // The effect takes place, and the answer is lost.
        Fault::Lost => {
            drop(ordinary(fake, asked));
            cut(b"{\"par".to_vec())
        }
        Fault::Cut => {
            fake.world().calls.push(call(200, 5));
            cut(b"[{\"id".to_vec())
        }
        Fault::Endless => {
            fake.world().calls.push(call(200, 0));
            let piece = Bytes::from(vec![b' '; 1 << 16]);
            let pieces = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
            Response::builder().status(200).body(Body::from_stream(pieces)).unwrap()
        }
    }
}

/// A body that ends before its time.
fn cut(start: Vec<u8>) -> Response {
    let pieces: Vec<std::io::Result<Bytes>> = vec![Ok(start.into()), Err(std::io::Error::other("cut"))];
    Response::builder().status(200).body(Body::from_stream(futures_util::stream::iter(pieces))).unwrap()
}

/// Milliseconds, for whoever sets the latency.
pub fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}
