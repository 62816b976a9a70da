//! One call to GitHub: bounded in number, with a budget, a redirect followed by hand where it is safe, and every refusal
//! a fault in plain words. Nothing else in this folder talks to the network.

use std::sync::Mutex;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::budget::{Budget, Budgets, Which};
use super::host::Host;
use super::refusal::{self, Limit, limited};
use super::token::{Kind, Source};
use crate::backends::port::{Fault, Trouble};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;
use crate::sys::clock;
use crate::sys::http::{self, Answer, Client, Method};

/// So many reads are under way at once; GitHub allows 100 calls.
pub(super) const READS: usize = 32;
/// GitHub's own media type; the plain one is for servers and proxies that know no other.
const JSON: &str = "application/vnd.github+json, application/json;q=0.9";
/// A unified diff.
pub(super) const DIFF: &str = "application/vnd.github.diff";
/// A file as it is.
pub(super) const RAW: &str = "application/vnd.github.raw+json";
const VERSION: &str = "2022-11-28";
/// A diff is read up to here.
const DIFF_LIMIT: usize = 32 << 20;

/// The client with the token that it was made with.
#[derive(Clone)]
struct Signed {
    client: Client,
    kind: Kind,
    place: SafeText,
}

/// GitHub's two APIs.
pub(super) struct Api {
    host: Host,
    source: Source,
    signed: Mutex<Option<Signed>>,
    pub(super) budgets: Mutex<Budgets>,
    reads: Semaphore,
    pace: Duration,
    last_write: tokio::sync::Mutex<Option<Instant>>,
}

/// What a conditional read gives.
pub(super) enum Got {
    /// As it was: nothing was sent, and nothing was spent.
    Same,
    Fresh(Answer),
}

impl Api {
    pub(super) fn new(host: Host, source: Source, pace: Span) -> Self {
        Self {
            host,
            source,
            signed: Mutex::default(),
            budgets: Mutex::default(),
            reads: Semaphore::new(READS),
            pace: pace.as_duration(),
            last_write: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// What kind of token is in use and where it lies.
    pub(super) async fn token(&self) -> Result<(Kind, SafeText), Fault> {
        self.signed().await.map(|signed| (signed.kind, signed.place))
    }

    /// Reads with a condition: `etag` is that of the answer which is known already.
    pub(super) async fn get_if(&self, path: &str, accept: &str, etag: Option<&str>) -> Result<Got, Fault> {
        let permit = self.reads.acquire().await.map_err(|_| closed())?;
        let path = format!("{}{path}", self.host.prefix);
        let answer = self.follow(&path, accept, etag).await?;
        drop(permit);
        match answer.status {
            304 if etag.is_some() => Ok(Got::Same),
            200..=299 => Ok(Got::Fresh(answer)),
            _ => Err(refusal::refusal(&answer, &about(&path))),
        }
    }

    /// Reads.
    pub(super) async fn get(&self, path: &str, accept: &str) -> Result<Answer, Fault> {
        match self.get_if(path, accept, None).await? {
            Got::Fresh(answer) => Ok(answer),
            Got::Same => Err(closed()),
        }
    }

    /// Reads JSON.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        decode(&self.get(path, JSON).await?, &about(path))
    }

    /// Reads JSON with a condition; the new tag beside what came.
    pub(super) async fn read_if<T: DeserializeOwned>(
        &self,
        path: &str,
        etag: Option<&str>,
    ) -> Result<Option<(T, Option<String>, Option<String>)>, Fault> {
        match self.get_if(path, JSON, etag).await? {
            Got::Same => Ok(None),
            Got::Fresh(answer) => {
                let next = answer.header("link").and_then(|link| self.next_page(link));
                let etag = answer.header("etag").map(str::to_owned);
                Ok(Some((decode(&answer, &about(path))?, etag, next)))
            }
        }
    }

    /// The path of the next page, only where it lies on this very server and below the API.
    fn next_page(&self, link: &str) -> Option<String> {
        let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
        let url = next.split_once('<')?.1.split_once('>')?.0;
        let path = self.own_path(url)?;
        path.strip_prefix(self.host.prefix).map(str::to_owned)
    }

    fn own_path<'a>(&self, url: &'a str) -> Option<&'a str> {
        let path = if url.starts_with('/') { url } else { url.strip_prefix(&self.host.api.to_string())? };
        (path.starts_with('/') && !path.starts_with("//")).then_some(path)
    }

    /// One GET; a redirect is followed once, on the same server only.
    async fn follow(&self, path: &str, accept: &str, etag: Option<&str>) -> Result<Answer, Fault> {
        let answer = self.send(Method::GET, path, accept, etag, Vec::new(), Which::Rest).await?;
        if !matches!(answer.status, 301 | 302 | 307 | 308) {
            return Ok(answer);
        }
        let target = answer.header("location").and_then(|url| self.own_path(url)).map(str::to_owned);
        match target {
            Some(target) => self.send(Method::GET, &target, accept, None, Vec::new(), Which::Rest).await,
            None => Err(Fault::new(
                Trouble::Protocol,
                safe!("{}: a redirect to another server, which is not followed", about(path)),
                "check the address of this backend",
            )),
        }
    }

    /// Sends one write; take a `turn` before. Any whole answer comes back, refusals too; limits are faults.
    pub(super) async fn write(&self, path: &str, body: &Value) -> Result<Answer, Fault> {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(Method::POST, &format!("{}{path}", self.host.prefix), JSON, None, bytes, Which::Rest).await
    }

    /// Waits until a write may be sent: no more than one in the pace.
    pub(super) async fn turn(&self) {
        let mut last = self.last_write.lock().await;
        if let Some(at) = *last {
            tokio::time::sleep_until(at + self.pace).await;
        }
        *last = Some(Instant::now());
    }

    /// Asks GraphQL. A body with errors and no data is a fault; with both, the data count.
    pub(super) async fn graphql<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, Fault> {
        let permit = self.reads.acquire().await.map_err(|_| closed())?;
        let data = self.ask(query, variables).await;
        drop(permit);
        data
    }

    /// Sends a mutation; take a `turn` before.
    pub(super) async fn mutate<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, Fault> {
        self.ask(query, variables).await
    }

    async fn ask<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, Fault> {
        let what = SafeText::lit("GraphQL");
        let body = json!({"query": query, "variables": variables}).to_string().into_bytes();
        let answer = self.send(Method::POST, self.host.graphql, JSON, None, body, Which::GraphQl).await?;
        if !answer.is_success() {
            return Err(refusal::refusal(&answer, &what));
        }
        let said: GraphQl<T> = decode(&answer, &what)?;
        match (said.data, said.errors.first()) {
            (Some(data), _) => Ok(data),
            (None, Some(error)) if error.kind == *"RATE_LIMITED" => Err(limited(Span::mins(1), "GraphQL is used up")),
            (None, Some(error)) => Err(Fault::new(Trouble::Refused, safe!("GraphQL: {}", error.message.prose()), "")),
            (None, None) => Err(Fault::new(Trouble::Protocol, "GraphQL answered nothing", "")),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        etag: Option<&str>,
        body: Vec<u8>,
        which: Which,
    ) -> Result<Answer, Fault> {
        self.may_send(which)?;
        let signed = self.signed().await?;
        let mut headers = vec![("accept", accept), ("x-github-api-version", VERSION)];
        headers.extend(etag.map(|etag| ("if-none-match", etag)));
        let client = if accept == DIFF { signed.client.with_limit(DIFF_LIMIT) } else { signed.client };
        let answer = client.call(method, path, &headers, body).await.map_err(|e| no_answer(&e))?;
        self.learn(&answer, which);
        if answer.status == 401 {
            self.forget_token();
        }
        match refusal::limit(&answer) {
            Some(limit) => Err(self.limited(limit, which)),
            None => Ok(answer),
        }
    }

    fn may_send(&self, which: Which) -> Result<(), Fault> {
        let now = clock::now().wall;
        let Ok(budgets) = self.budgets.lock() else { return Ok(()) };
        if let Some(wait) = budgets.quiet(now) {
            return Err(limited(wait, "too many calls at once"));
        }
        match budgets.exhausted(which, now) {
            Some(wait) => Err(limited(wait, "the calls of this hour are used up")),
            None => Ok(()),
        }
    }

    /// Takes in the budget that the answer tells. Its reset is counted by GitHub's clock, not by ours.
    fn learn(&self, answer: &Answer, which: Which) {
        let number = |name| answer.header(name).and_then(|v| v.trim().parse::<u32>().ok());
        let Ok(mut budgets) = self.budgets.lock() else { return };
        if answer.status < 400 {
            budgets.answered();
        }
        let told = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"), number("x-ratelimit-reset"));
        if let (Some(limit), Some(remaining), Some(reset)) = told {
            let which = match answer.header("x-ratelimit-resource") {
                Some("graphql") => Which::GraphQl,
                Some("core") => Which::Rest,
                _ => which,
            };
            let reset = self.by_our_clock(answer, Ms(i64::from(reset) * 1000));
            budgets.told(which, Budget { limit, remaining, reset });
        }
    }

    fn by_our_clock(&self, answer: &Answer, theirs: Ms) -> Ms {
        let now = clock::now().wall;
        match date(answer) {
            Some(date) => now + theirs.since(date),
            None => theirs,
        }
    }

    fn limited(&self, limit: Limit, which: Which) -> Fault {
        let now = clock::now().wall;
        let Ok(mut budgets) = self.budgets.lock() else { return limited(Span::mins(1), "too many calls") };
        match limit {
            Limit::Secondary(named) => limited(budgets.refused(now, named), "too many calls at once"),
            Limit::Primary(reset) => {
                let wait = budgets.exhausted(which, now).unwrap_or(reset.since(now)).max(Span::secs(1));
                limited(wait, "the calls of this hour are used up")
            }
        }
    }

    fn forget_token(&self) {
        if let Ok(mut signed) = self.signed.lock() {
            *signed = None;
        }
    }

    async fn signed(&self) -> Result<Signed, Fault> {
        if let Some(signed) = self.signed.lock().ok().and_then(|s| s.clone()) {
            return Ok(signed);
        }
        let (source, host) = (self.source.clone(), self.host.clone());
        let found = tokio::task::spawn_blocking(move || source.find(&host)).await.map_err(|_| closed())?;
        let token = found.map_err(|e| {
            let what = safe!("no token: {}", Text::from(e.to_string()).prose());
            Fault::new(Trouble::Unauthenticated, what, "gh auth login, or name token_file, token_command or token_env")
        })?;
        let client = Client::new(self.host.api.clone(), Some(token.secret)).map_err(|e| {
            Fault::new(Trouble::Unauthenticated, Text::from(e.to_string()).prose(), "check token and address")
        })?;
        let signed = Signed { client, kind: token.kind, place: token.place };
        if let Ok(mut slot) = self.signed.lock() {
            *slot = Some(signed.clone());
        }
        Ok(signed)
    }
}

#[derive(serde::Deserialize)]
struct GraphQl<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<GraphQlError>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct GraphQlError {
    #[serde(rename = "type")]
    kind: Text,
    message: Text,
}

/// GitHub's clock at an answer.
pub(super) fn date(answer: &Answer) -> Option<Ms> {
    let text = answer.header("date")?;
    jiff::fmt::rfc2822::parse(text).ok().map(|at| Ms(at.timestamp().as_millisecond()))
}

/// JSON of the expected shape, or what is wrong with it.
pub(super) fn decode<T: DeserializeOwned>(answer: &Answer, what: &SafeText) -> Result<T, Fault> {
    answer.json().map_err(|e| {
        let what = safe!("{}: not the JSON that GitHub gives: {}", what, Text::from(e.to_string()).prose());
        Fault::new(Trouble::Protocol, what, "is a proxy or a sign-in page in between? is this the address of a GitHub?")
    })
}

/// The path of a call without its query, for messages.
fn about(path: &str) -> SafeText {
    Text::from(path.split('?').next().unwrap_or(path)).ident()
}

fn no_answer(fault: &http::Fault) -> Fault {
    let trouble = match fault {
        http::Fault::NotSent { .. } => Trouble::Unreachable,
        http::Fault::TooLarge { .. } => Trouble::Protocol,
        http::Fault::NoAnswer { .. } => Trouble::NoAnswer,
    };
    Fault::new(trouble, Text::from(fault.to_string()).prose(), "is the network up? `jit-tui doctor` tries it")
}

fn closed() -> Fault {
    Fault::new(Trouble::Unreachable, "the call was interrupted", "it is tried again by itself")
}
