//! What pipelines do: put evidence, ask, wait, start, end, take back.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use data_encoding::HEXLOWER;
use serde::Deserialize;

use crate::api::{BaseOffer, Beat, Code, Ended, Problem, Recheck, Submission};
use crate::domain::digest::Digest;
use crate::domain::evidence::Blob;
use crate::domain::grant::End;
use crate::domain::ids::NativeId;
use crate::domain::text::Text;
use crate::findings::DiffScan;
use crate::safe;
use crate::sys::{clock, random};

use super::super::blobs::Blobs;
use super::super::identity::Caller;
use super::super::machine::{self, About, Answer, Begin, Command, Create};
use super::super::problem::{degraded, invalid, not_found, problem};
use super::App;
use super::queue::{id, query};
use super::wire::{Reply, answer, bytes, created, idempotency_key, nothing, parsed};

/// Seconds that a beat may wait for news.
const LONGEST_WAIT: u64 = 25;

#[derive(Deserialize)]
pub struct Where {
    repository: String,
    environment: String,
}

pub async fn base(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    place: Result<Query<Where>, QueryRejection>,
) -> Reply {
    let place = query(place)?;
    let (repository, environment) = (Text::from(place.repository), Text::from(place.environment));
    let binding = caller.pipeline.as_ref().ok_or_else(|| not_found("call"))?;
    let allowed = binding.repositories.source(&repository).and(binding.environments.source(&environment));
    if allowed.is_none() {
        let mend = "use a token that is bound to it";
        return Err(problem(Code::Forbidden, "this token may not ask for this repository and environment", mend).into());
    }
    let base = app.shared.state().base(&(repository, environment)).map(machine::LastSuccess::as_base);
    answer(&BaseOffer { base })
}

pub async fn put_blob(State(app): State<Arc<App>>, Path(path): Path<String>, body: Body) -> Reply {
    let digest: Digest = path.parse().map_err(|_| invalid("the path does not name a SHA-256", "64 hex digits"))?;
    let bytes = bytes(body, app.blob_limit).await?;
    let blobs = app.blobs.clone();
    let put = tokio::task::spawn_blocking(move || {
        if Digest::of(&bytes) != digest {
            return Err(invalid("the bytes have another SHA-256 than the path says", "hash what you send"));
        }
        blobs.put(digest, &bytes).map_err(|e| degraded(safe!("evidence cannot be stored: {}", said(&e))))
    });
    put.await.map_err(|_| degraded("the broker is shutting down"))??;
    nothing()
}

fn said(e: &std::io::Error) -> crate::domain::text::SafeText {
    Text::from(e.to_string()).prose()
}

pub async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let key = idempotency_key(&headers)?;
    let (submission, text) = parsed::<Submission>(body).await?;
    let diff = scanned(&app.blobs, submission.evidence.diff.clone()).await?;
    let no_bits = |_| degraded("the kernel gives no random bits");
    let create = Create {
        caller,
        key,
        body: Digest::of(text.as_bytes()),
        submission,
        diff,
        id: NativeId::from_bits(random::bytes().map_err(no_bits)?),
        nonce: HEXLOWER.encode(&random::bytes::<32>().map_err(no_bits)?),
    };
    let Answer::Request(id) = app.writer.apply(Command::Create(Box::new(create))).await? else {
        return Err(not_found("request").into());
    };
    app.shared.gate_signed(&id);
    let held = app.shared.state().request(&id).cloned().ok_or_else(|| not_found("request"))?;
    created(&machine::created(&held, app.watching()))
}

/// Reads the diff blob, off the threads that others wait for.
async fn scanned(blobs: &Blobs, diff: Option<Blob>) -> Result<DiffScan, Problem> {
    let Some(blob) = diff else { return Ok(DiffScan::default()) };
    let blobs = blobs.clone();
    let scan = tokio::task::spawn_blocking(move || blobs.scan(&blob)).await;
    scan.map_err(|_| degraded("the broker is shutting down"))?.map_err(|e| match e.kind() {
        ErrorKind::NotFound => invalid("the diff that the evidence names is not here", "put the blob first"),
        _ => invalid(safe!("the diff cannot be read: {}", said(&e)), "put it again"),
    })
}

#[derive(Deserialize)]
pub struct Wait {
    #[serde(default)]
    wait: u64,
    #[serde(default)]
    seq: u64,
}

pub async fn beat(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    wait: Result<Query<Wait>, QueryRejection>,
) -> Reply {
    let (wait, id) = (query(wait)?, id(&path)?);
    owned(&app, &caller, &id)?;
    let news = app.shared.gate_signed(&id);
    let mut notified = std::pin::pin!(news.notified());
    // From here on no news is missed.
    notified.as_mut().enable();
    if wait.wait > 0 && seq_of(&app, &id) <= wait.seq {
        let mut closing = app.closing.clone();
        tokio::select! {
            () = notified => {}
            () = tokio::time::sleep(Duration::from_secs(wait.wait.min(LONGEST_WAIT))) => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
        app.shared.gate_signed(&id);
    }
    answer(&sign(&app, &caller, &id)?)
}

fn seq_of(app: &App, id: &NativeId) -> u64 {
    app.shared.state().request(id).map_or(u64::MAX, |h| h.live.seq)
}

fn owned(app: &App, caller: &Caller, id: &NativeId) -> Result<(), Problem> {
    let state = app.shared.state();
    let owner = state.request(id).map(|h| &h.fixed.owner);
    let own = owner.is_some() && owner == caller.pipeline.as_ref().map(|b| &b.credential);
    if own { Ok(()) } else { Err(not_found("request")) }
}

fn sign(app: &App, caller: &Caller, id: &NativeId) -> Result<Beat, Problem> {
    owned(app, caller, id)?;
    let state = app.shared.state();
    let held = state.request(id).ok_or_else(|| not_found("request"))?;
    Ok(machine::beat(&state, held, clock::now(), app.watching()))
}

pub async fn start(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let key = idempotency_key(&headers)?;
    let (recheck, text) = parsed::<Recheck>(body).await?;
    let about = About { caller, id: id(&path)? };
    let begin = Begin { about, key, body: Digest::of(text.as_bytes()), recheck };
    match app.writer.apply(Command::Start(Box::new(begin))).await? {
        Answer::Permit(permit) => answer(&permit),
        _ => Err(not_found("request").into()),
    }
}

pub async fn end(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    body: Body,
) -> Reply {
    let (Ended { end }, _) = parsed::<Ended>(body).await?;
    if end == End::Lost {
        return Err(invalid("only the broker can say that a gate is lost", "say how the command ended").into());
    }
    app.writer.apply(Command::End(About { caller, id: id(&path)? }, end)).await?;
    nothing()
}

pub async fn cancel(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
) -> Reply {
    let id = id(&path)?;
    app.writer.apply(Command::Cancel(About { caller: caller.clone(), id: id.clone() })).await?;
    answer(&sign(&app, &caller, &id)?)
}
