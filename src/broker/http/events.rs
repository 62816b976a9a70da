//! Hints of changes as server-sent events. Nothing is kept for anybody: each stream reads the index of changes
//! from where it stands, so a slow client costs no memory and misses nothing that it would have to re-read.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::watch;

use crate::api::{Code, Hint};
use crate::domain::json;

use super::super::problem::problem;
use super::App;
use super::queue::query;
use super::wire::{Reply, plain};

/// A comment at least so often, so that both sides notice a dead line.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Between two chunks of one stream: what changes meanwhile goes out together.
const PACE: Duration = Duration::from_millis(10);

/// Hints of one chunk.
const CHUNK: usize = 256;

/// Streams at once.
const MOST: u32 = 4_096;

#[derive(Deserialize)]
pub struct From {
    #[serde(default)]
    after: Option<u64>,
}

pub async fn events(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    from: Result<Query<From>, QueryRejection>,
) -> Reply {
    let resumed = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse().ok());
    let after = resumed.or(query(from)?.after);
    let Some(seat) = Seat::take(&app) else {
        return Err(problem(Code::Quota, "too many event streams are open", "close some, or poll").into());
    };
    let now = app.shared.state().seq;
    let line = Line {
        news: app.shared.follow(),
        closing: app.closing.clone(),
        at: after.unwrap_or(now).min(now),
        greeted: false,
        app,
        _seat: seat,
    };
    let chunks = stream::unfold(line, |line| async {
        line.next().await.map(|(chunk, line)| (Ok::<_, Infallible>(chunk), line))
    });
    Ok(plain("text/event-stream", Body::from_stream(chunks)))
}

/// Counts a console that watches for as long as it does.
struct Seat(Arc<App>);

impl Seat {
    fn take(app: &Arc<App>) -> Option<Self> {
        let more = |n: u32| (n < MOST).then_some(n + 1);
        app.shared.watching.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self(Arc::clone(app)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.shared.watching.fetch_sub(1, Ordering::Relaxed);
        self.0.shared.called();
    }
}

/// One stream and where it stands.
struct Line {
    app: Arc<App>,
    news: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    at: u64,
    greeted: bool,
    _seat: Seat,
}

impl Line {
    async fn next(mut self) -> Option<(String, Self)> {
        if !self.greeted {
            self.greeted = true;
            return Some((": ok\n\n".to_owned(), self));
        }
        loop {
            self.news.mark_unchanged();
            if let Some(chunk) = self.hints() {
                tokio::time::sleep(PACE).await;
                return Some((chunk, self));
            }
            let silent = tokio::select! {
                changed = self.news.changed() => changed.is_err(),
                () = tokio::time::sleep(HEARTBEAT) => true,
                _ = self.closing.wait_for(|closing| *closing) => return None,
            };
            if silent {
                return Some((": beat\n\n".to_owned(), self));
            }
        }
    }

    fn hints(&mut self) -> Option<String> {
        let state = self.app.shared.state();
        let mut chunk = String::new();
        for (seq, held) in state.changed_after(self.at, false).take(CHUNK) {
            let hint = Hint { seq, request: held.core().key.clone() };
            let data = json::to_line(&hint).ok()?;
            // Writing to a String cannot fail.
            let _ = write!(chunk, "id: {seq}\ndata: {data}\n\n");
            self.at = seq;
        }
        (!chunk.is_empty()).then_some(chunk)
    }
}
