//! The broker's calls over HTTP: the router is made from the table of calls, each behind its guard.

mod events;
mod gate;
mod grants;
mod misc;
mod queue;
mod wire;

pub use misc::PROGRAM;

use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use tokio::sync::watch;

use crate::api::{Code, For, Problem, ROUTES};
use crate::safe;
use crate::sys::clock;

use super::blobs::Blobs;
use super::identity::Caller;
use super::keys::{Keys, Peer};
use super::machine;
use super::problem::{not_found, problem};
use super::reader::Reader;
use super::shared::Shared;
use super::writer::Writer;
use wire::Refused;

/// What the calls work with.
pub struct App {
    /// The committed state.
    pub shared: Arc<Shared>,
    /// The door to the writer.
    pub writer: Writer,
    /// Evidence by hash.
    pub blobs: Blobs,
    /// Bytes of one blob at most.
    pub blob_limit: usize,
    /// What is read from the database.
    pub reader: Reader,
    /// Who calls.
    pub keys: Keys,
    /// True once the broker is shutting down.
    pub closing: watch::Receiver<bool>,
    /// The OpenAPI document.
    pub openapi: String,
}

/// All calls.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let Some(handler) = handler(route.id) else { continue };
        let guarded = handler.layer(from_fn_with_state((Arc::clone(&app), route.who), guard));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(nothing)
        .method_not_allowed_fallback(nothing)
        .layer(from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

fn handler(id: &str) -> Option<MethodRouter<Arc<App>>> {
    Some(match id {
        "info" => get(misc::info),
        "base" => get(gate::base),
        "putBlob" => put(gate::put_blob),
        "getBlob" => get(misc::get_blob),
        "create" => post(gate::create),
        "list" => get(queue::list),
        "read" => get(queue::read),
        "evidence" => get(queue::evidence),
        "look" => post(queue::look),
        "decide" => post(queue::decide),
        "review" => post(queue::review),
        "cancel" => post(gate::cancel),
        "beat" => post(gate::beat),
        "start" => post(gate::start),
        "end" => post(gate::end),
        "grants" => get(grants::list),
        "revoke" => post(grants::revoke),
        "extend" => post(grants::extend),
        "events" => get(events::events),
        "audit" => get(misc::audit),
        "heads" => post(misc::heads),
        "health" => get(misc::health),
        "metrics" => get(misc::metrics),
        "openapi" => get(misc::openapi),
        _ => return None,
    })
}

async fn nothing(uri: Uri) -> Refused {
    let path = crate::domain::text::Text::from(uri.path());
    Refused(problem(Code::NotFound, safe!("there is no call {}", path.ident()), "see /openapi.json"))
}

/// Around every call: where it may come from, that somebody called, how it was answered.
async fn around(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    call: Request,
    next: Next,
) -> Response {
    app.shared.called();
    let answer = match host_is_ours(peer, call.headers()) {
        Ok(()) => next.run(call).await,
        Err(refused) => Refused(refused).into_response(),
    };
    app.shared.metrics.answered(answer.status().as_u16());
    answer
}

/// Against DNS rebinding: a page in a browser of this machine reaches the port, but not under this name.
fn host_is_ours(peer: Peer, headers: &HeaderMap) -> Result<(), Problem> {
    if peer != Peer::Loopback {
        return Ok(());
    }
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => v6,
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_loopback =
        name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if is_loopback {
        return Ok(());
    }
    Err(problem(
        Code::Forbidden,
        "the Host header does not name this machine",
        "use the address that the broker listens on",
    ))
}

/// Before a call: who calls, and whether that is for them.
async fn guard(
    State((app, who)): State<(Arc<App>, For)>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut call: Request,
    next: Next,
) -> Response {
    if who == For::Anyone {
        return next.run(call).await;
    }
    match admitted(&app, who, peer, call.headers()) {
        Ok(caller) => {
            call.extensions_mut().insert(caller);
            next.run(call).await
        }
        Err(refused) => {
            if refused.code == Code::Unauthenticated {
                app.shared.metrics.refused_token();
            }
            Refused(refused).into_response()
        }
    }
}

fn admitted(app: &App, who: For, peer: Peer, headers: &HeaderMap) -> Result<Caller, Problem> {
    let bearer = headers.get(header::AUTHORIZATION).map(|value| {
        // A header that is no bearer token is a wrong token, never no token.
        value.to_str().ok().and_then(|v| v.strip_prefix("Bearer ")).unwrap_or_default()
    });
    let state = app.shared.state();
    let now = machine::no_earlier(&state.clock, clock::now().wall);
    let caller = app.keys.caller(bearer, peer, &state, now)?;
    let allowed = match who {
        For::Anyone | For::Both => true,
        For::Pipeline => caller.pipeline.is_some(),
        For::Approver => caller.approver,
    };
    if allowed {
        return Ok(caller);
    }
    let mend = if who == For::Approver { "use an approver's token" } else { "use a pipeline's token" };
    Err(problem(Code::Forbidden, "this call is not for you", mend))
}

impl App {
    /// A request as this caller sees it.
    fn view(
        &self,
        id: &crate::domain::ids::NativeId,
        caller: &Caller,
    ) -> Result<crate::domain::request::Request, Problem> {
        let (held, grant, setup) = {
            let state = self.shared.state();
            let held = Arc::clone(state.request(id).ok_or_else(|| not_found("request"))?);
            let grant = state.grant_of(&held).cloned();
            (held, grant, Arc::clone(&state.setup))
        };
        let now = clock::now();
        let waits = self.shared.gate_waits(id, now);
        Ok(machine::request(&setup.policy, &held, grant.as_deref(), caller, now, waits))
    }

    fn watching(&self) -> u32 {
        self.shared.watching.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_the_table_has_a_handler() {
        for route in ROUTES {
            assert!(handler(route.id).is_some(), "{}", route.id);
        }
    }

    #[test]
    fn only_names_of_this_machine_are_taken_over_loopback() {
        for (host, ok) in [
            ("127.0.0.1:7424", true),
            ("localhost:7424", true),
            ("[::1]:7424", true),
            ("LOCALHOST", true),
            ("evil.example:7424", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(host_is_ours(Peer::Loopback, &headers).is_ok(), ok, "{host}");
            assert!(host_is_ours(Peer::Tls, &headers).is_ok());
        }
    }
}
