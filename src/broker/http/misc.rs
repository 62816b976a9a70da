//! Who the broker is, how it fares, its audit log and its own description.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;

use crate::api::{Heads, Info, VERSION};
use crate::domain::digest::Digest;
use crate::sys::clock;

use super::super::identity::Caller;
use super::super::machine::Command;
use super::super::metrics;
use super::super::problem::not_found;
use super::App;
use super::queue::query;
use super::wire::{Reply, answer, parsed, plain};

/// The program with its version.
pub const PROGRAM: &str = concat!("jit-tui ", env!("CARGO_PKG_VERSION"));

/// Lines of the audit log that are read at once.
const LINES: u32 = 500;

pub async fn info(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>) -> Reply {
    let shared = &app.shared;
    let (name, policy, seq) = {
        let state = shared.state();
        (state.setup.name.clone(), state.setup.policy.digest(), state.seq)
    };
    answer(&Info {
        name,
        api: VERSION,
        program: PROGRAM.into(),
        broker: shared.broker.as_str().into(),
        local: shared.local,
        policy,
        now: clock::now().wall,
        watching: app.watching(),
        seq,
        you: caller.principal,
        approver: caller.approver,
        audit: shared.head(),
    })
}

pub async fn get_blob(State(app): State<Arc<App>>, Path(path): Path<String>) -> Reply {
    let digest: Digest = path.parse().map_err(|_| not_found("blob"))?;
    let blobs = app.blobs.clone();
    let bytes = tokio::task::spawn_blocking(move || blobs.get(digest)).await;
    let bytes = bytes.ok().and_then(Result::ok).ok_or_else(|| not_found("blob"))?;
    Ok(plain("application/octet-stream", bytes))
}

#[derive(Deserialize)]
pub struct After {
    #[serde(default)]
    after: u64,
}

pub async fn audit(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    after: Result<Query<After>, QueryRejection>,
) -> Reply {
    let after = query(after)?.after;
    // On record before it is handed out; the record is part of what is handed out.
    let records = app.shared.head().seq.saturating_sub(after);
    app.writer.apply(Command::Exported(caller, records)).await?;
    let end = app.shared.head().seq;
    let lines = stream::try_unfold((app, after), move |(app, after)| async move {
        if after >= end {
            return Ok(None);
        }
        let lines =
            app.reader.audit(after, LINES).await.map_err(|p| std::io::Error::other(p.message.prose().to_string()))?;
        let Some((last, _)) = lines.last() else { return Ok(None) };
        let (last, mut text) = (*last, String::new());
        for (_, line) in lines.iter().filter(|(seq, _)| *seq <= end) {
            text.push_str(line);
            text.push('\n');
        }
        Ok::<_, std::io::Error>(Some((Bytes::from(text), (app, last))))
    });
    Ok(plain("application/x-ndjson", Body::from_stream(lines)))
}

pub async fn heads(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, body: Body) -> Reply {
    let (theirs, _) = parsed::<Heads>(body).await?;
    app.writer.apply(Command::Heads(caller, theirs.log, theirs.head)).await?;
    answer(&Heads { log: app.shared.broker.as_str().into(), head: app.shared.head() })
}

pub async fn health(State(app): State<Arc<App>>) -> Response {
    match app.shared.degraded() {
        None => plain("text/plain; charset=utf-8", "ok\n"),
        Some(why) => {
            let text = format!("degraded: {why}; nothing is granted\n");
            (StatusCode::SERVICE_UNAVAILABLE, plain("text/plain; charset=utf-8", text)).into_response()
        }
    }
}

pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    plain("text/plain; version=0.0.4; charset=utf-8", metrics::text(&app.shared))
}

pub async fn openapi(State(app): State<Arc<App>>) -> Response {
    plain("application/json", app.openapi.clone())
}
