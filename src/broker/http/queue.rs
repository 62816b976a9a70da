//! What approvers do with requests: list, read, look, decide, review.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use crate::api::{Decided, Page, Problem, Review};
use crate::domain::decision::Decision;
use crate::domain::ids::NativeId;
use crate::domain::request::Sealed;
use crate::domain::text::Text;
use crate::sys::clock;

use super::super::identity::Caller;
use super::super::machine::{self, About, Answer, Command, Held, HeldGrant, Vote};
use super::super::problem::{invalid, not_found};
use super::App;
use super::wire::{Reply, answer, idempotency_key, if_match, parsed, plain, sealed};

/// Requests of a page where nothing is said, and at most.
const PAGE: usize = 200;
const PAGE_LIMIT: usize = 1_000;

/// About so many bytes end a page, however few requests it holds.
const PAGE_BYTES: usize = 4 << 20;

#[derive(Deserialize)]
pub struct Cursor {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    state: Which,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    #[default]
    Pending,
    All,
}

/// A query that was read, or what is wrong with it.
pub fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(q)| q).map_err(|e| {
        invalid(crate::domain::text::Text::from(e.body_text()).prose(), "see /openapi.json for the parameters")
    })
}

/// An id of a path.
pub fn id(text: &str) -> Result<NativeId, Problem> {
    text.parse().map_err(|_| not_found("request"))
}

pub async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    cursor: Result<Query<Cursor>, QueryRejection>,
) -> Reply {
    let cursor = query(cursor)?;
    // A thousand requests take milliseconds to write: not on a thread that others wait for.
    let page = tokio::task::spawn_blocking(move || page(&app, &caller, &cursor)).await;
    answer(&page.map_err(|_| super::super::problem::degraded("the broker is shutting down"))?)
}

type Row = (u64, Arc<Held>, Option<Arc<HeldGrant>>);

fn page(app: &App, caller: &Caller, cursor: &Cursor) -> Page {
    let limit = cursor.limit.unwrap_or(PAGE).clamp(1, PAGE_LIMIT);
    let (rows, more, setup) = {
        let state = app.shared.state();
        let mut changed = state.changed_after(cursor.after, cursor.state == Which::Pending).peekable();
        let mut rows: Vec<Row> = Vec::with_capacity(limit);
        let mut bytes = 0;
        while rows.len() < limit && bytes < PAGE_BYTES {
            let Some((seq, held)) = changed.next() else { break };
            bytes += held.core().text().len() + held.live.findings.len() * 512 + 2_048;
            rows.push((seq, Arc::clone(held), state.grant_of(held).cloned()));
        }
        (rows, changed.peek().is_some(), Arc::clone(&state.setup))
    };
    let next = rows.last().map_or(cursor.after, |(seq, ..)| *seq);
    let now = clock::now();
    let view = |(_, held, grant): &Row| {
        let waits = app.shared.gate_waits(held.id(), now);
        machine::request(&setup.policy, held, grant.as_deref(), caller, now, waits)
    };
    let degraded = app.shared.degraded().map(Text::from);
    Page { requests: rows.iter().map(view).collect(), next, more, degraded }
}

pub async fn read(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
) -> Reply {
    let request = app.view(&id(&path)?, &caller)?;
    let mut reply = answer(&request)?;
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", request.digest().hex())) {
        reply.headers_mut().insert(header::ETAG, tag);
    }
    Ok(reply)
}

pub async fn evidence(State(app): State<Arc<App>>, Path(path): Path<String>) -> Reply {
    let id = id(&path)?;
    if app.shared.state().request(&id).is_none() {
        return Err(not_found("request").into());
    }
    let json = app.reader.evidence(id).await?.ok_or_else(|| not_found("evidence"))?;
    Ok(plain("application/json", json))
}

pub async fn look(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
) -> Reply {
    let about = About { caller, id: id(&path)? };
    then_shown(&app, &about, Command::Look(about.clone())).await
}

/// Has something done about a request, and answers with how it stands then.
async fn then_shown(app: &App, about: &About, command: Command) -> Reply {
    app.writer.apply(command).await?;
    answer(&app.view(&about.id, &about.caller)?)
}

pub async fn decide(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let if_match = if_match(&headers)?;
    let key = idempotency_key(&headers)?;
    let decision: Sealed<Decision> = sealed(body).await?;
    if key != decision.id.as_str() {
        let mend = "send the decision's id as Idempotency-Key";
        return Err(invalid("the Idempotency-Key is not the decision's id", mend).into());
    }
    let about = About { caller: caller.clone(), id: id(&path)? };
    let vote = Vote { about, if_match, decision };
    let Answer::Decided(id, result) = app.writer.apply(Command::Decide(Box::new(vote))).await? else {
        return Err(not_found("request").into());
    };
    answer(&Decided { result, request: app.view(&id, &caller)? })
}

pub async fn review(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    body: Body,
) -> Reply {
    let (review, _) = parsed::<Review>(body).await?;
    let about = About { caller, id: id(&path)? };
    then_shown(&app, &about, Command::Review(about.clone(), review.comment)).await
}
