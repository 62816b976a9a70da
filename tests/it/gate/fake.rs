//! A broker in a thread that does as a test tells it: it stands for the network's side of a gate only.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Held};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use jit_tui::api::*;
use jit_tui::domain::digest::Digest;
use jit_tui::domain::evidence::Base;
use jit_tui::domain::grant::End;
use jit_tui::domain::principal::{Assurance, Principal, Source, Sourced};
use jit_tui::domain::record::Head;
use jit_tui::domain::request::{Core, Sealed, State, tree_binding};
use jit_tui::domain::text::Text;
use jit_tui::domain::time::{Ms, Span};

/// What the broker knows and how it behaves.
pub struct World {
    pub state: State,
    pub revoked: bool,
    /// Run-for in all; may be raised while it runs.
    pub run_for: Span,
    pub out_of_order: bool,
    pub api: u32,
    pub tamper: fn(&mut Core),
    pub offered: Option<Base>,
    pub asked: Option<Submission>,
    pub core: Option<Sealed<Core>>,
    pub creates: u32,
    pub blobs: Vec<(String, usize)>,
    pub started_at: Option<Ms>,
    pub end: Option<End>,
    pub cancelled: bool,
    pub tokens: Vec<String>,
    seq: u64,
}

impl World {
    fn changed(&mut self) {
        self.seq += 1;
    }
}

type Shared = Arc<Mutex<World>>;

/// A running fake; it ends with the test.
pub struct Fake {
    pub address: String,
    world: Shared,
}

impl Fake {
    /// Starts one where requests stand at `state`.
    pub fn start(state: State) -> Self {
        let world = Arc::new(Mutex::new(World {
            state,
            revoked: false,
            run_for: Span::mins(15),
            out_of_order: false,
            api: VERSION,
            tamper: |_| {},
            offered: None,
            asked: None,
            core: None,
            creates: 0,
            blobs: Vec::new(),
            started_at: None,
            end: None,
            cancelled: false,
            tokens: Vec::new(),
            seq: 1,
        }));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes = routes(Arc::clone(&world));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), routes).await.unwrap();
            });
        });
        Self { address, world }
    }

    /// Looks at the world.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Changes it, and every beat that is held back comes back.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        let mut world = self.world();
        change(&mut world);
        world.changed();
    }
}

fn routes(world: Shared) -> Router {
    Router::new()
        .route("/v1/info", get(info))
        .route(
            "/v1/base",
            get(async |Held(w): Held<Shared>| Json(BaseOffer { base: w.lock().unwrap().offered.clone() })),
        )
        .route("/v1/blobs/{digest}", put(blob))
        .route("/v1/requests", post(create))
        .route("/v1/requests/{id}/beat", post(beat))
        .route("/v1/requests/{id}/start", post(start))
        .route("/v1/requests/{id}/cancel", post(cancel))
        .route("/v1/requests/{id}/end", post(end))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&world), outage))
        .with_state(world)
}

async fn outage(Held(world): Held<Shared>, request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let out = world.lock().unwrap().out_of_order;
    if out { StatusCode::BAD_GATEWAY.into_response() } else { next.run(request).await }
}

async fn info(Held(world): Held<Shared>, headers: HeaderMap) -> Json<Info> {
    let token = headers.get("authorization").map(|v| v.to_str().unwrap().to_owned());
    let mut world = world.lock().unwrap();
    world.tokens.extend(token);
    let you = Principal {
        issuer: Text::from("broker"),
        subject: Text::from("pipeline"),
        assurance: Assurance::Bearer,
        person: None,
    };
    Json(Info {
        api: world.api,
        name: "local".parse().unwrap(),
        program: Text::from("0"),
        broker: Text::from("00"),
        local: false,
        policy: Digest::of(b""),
        now: Ms(0),
        watching: 1,
        seq: 0,
        you,
        approver: false,
        audit: Head { seq: 0, hash: Digest::of(b"") },
    })
}

async fn blob(Held(world): Held<Shared>, Path(digest): Path<String>, body: Bytes) -> StatusCode {
    assert_eq!(Digest::of(&body).hex(), digest);
    world.lock().unwrap().blobs.push((digest, body.len()));
    StatusCode::NO_CONTENT
}

async fn create(
    Held(world): Held<Shared>,
    headers: HeaderMap,
    Json(sent): Json<Submission>,
) -> (StatusCode, Json<Created>) {
    assert!(headers.contains_key(IDEMPOTENCY_KEY));
    let mut world = world.lock().unwrap();
    world.creates += 1;
    let (tree, clean) = tree_binding(sent.evidence.tree.as_ref());
    let source = Source::Claimed;
    let mut core = Core {
        key: "local/4f1c9ab04f1c9ab04f1c9ab04f1c9ab0#1".parse().unwrap(),
        nonce: Some("00".into()),
        repository: Sourced { value: sent.repository.clone(), source },
        environment: Sourced { value: sent.environment.clone(), source },
        name: sent.name.clone(),
        head: sent.head.clone(),
        branch: sent.branch.clone(),
        base: sent.evidence.base.as_ref().map(|b| b.sha.clone()),
        command: Some(sent.command.clone()),
        workflow: None,
        tree,
        clean,
        run: sent.run.clone(),
        identities: sent.identities.clone(),
        reason: sent.reason.clone(),
        ask: sent.ask,
    };
    (world.tamper)(&mut core);
    let core = Sealed::new(core).unwrap();
    world.asked = Some(sent);
    world.core = Some(core.clone());
    let created = Created {
        core,
        state: world.state.clone(),
        due: Ms(1_795_417_927_000),
        verdict: Text::from("1 of oncall"),
        watching: 2,
        notified: vec![Text::from("alice")],
    };
    (StatusCode::CREATED, Json(created))
}

#[derive(serde::Deserialize)]
struct Wait {
    wait: u64,
    seq: Option<u64>,
}

async fn beat(Held(world): Held<Shared>, Query(wait): Query<Wait>) -> Json<Beat> {
    for _ in 0..wait.wait * 50 {
        if Some(world.lock().unwrap().seq) != wait.seq {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Json(answer(&world.lock().unwrap()))
}

fn answer(world: &World) -> Beat {
    let left = world.started_at.map(|at| (at + world.run_for).since(jit_tui::sys::clock::now().wall));
    Beat {
        seq: world.seq,
        state: world.state.clone(),
        votes: Text::from("0 of 1"),
        looking: Vec::new(),
        decision: Text::from("by alice: because"),
        due: Ms(1_795_417_927_000),
        left,
        revoked: world.revoked,
        watching: 2,
    }
}

async fn start(Held(world): Held<Shared>, headers: HeaderMap, Json(_): Json<Recheck>) -> Json<Permit> {
    assert!(headers.contains_key(IDEMPOTENCY_KEY));
    let mut world = world.lock().unwrap();
    let now = jit_tui::sys::clock::now().wall;
    world.started_at = Some(now);
    Json(Permit { grant: "ab".repeat(16).parse().unwrap(), run_for: world.run_for, ends_at: now + world.run_for })
}

async fn cancel(Held(world): Held<Shared>) -> Json<Beat> {
    let mut world = world.lock().unwrap();
    world.cancelled = true;
    Json(answer(&world))
}

async fn end(Held(world): Held<Shared>, Json(ended): Json<Ended>) -> StatusCode {
    world.lock().unwrap().end = Some(ended.end);
    StatusCode::NO_CONTENT
}
