//! The client of our own broker: the port over its HTTP calls and its event stream.

mod call;
mod events;
mod reach;
pub mod spec;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::stream::BoxStream;
use secrecy::SecretString;

use super::port::{Answer, Backend, Capabilities, Fault, Poll, Session, Trouble};
use crate::api;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::grant::{Enforcer, Grant};
use crate::domain::ids::{BackendName, GrantId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::record::Head;
use crate::domain::request::Request;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::safe;
use crate::sys::http::Address;
use crate::sys::paths::Paths;
use call::Call;
use reach::Reach;

/// Requests a page.
const PAGE: usize = 500;
/// Between two polls of a broker that can write nothing, so that it is soon seen when it can again.
const UNWELL: Span = Span::secs(2);

/// A broker of ours, reached over a unix socket or HTTP.
pub struct Broker {
    name: BackendName,
    reach: Reach,
}

impl Broker {
    /// A client of a broker somewhere; nothing is connected yet.
    ///
    /// # Errors
    /// Where the HTTP client cannot be made.
    pub fn new(name: BackendName, address: Address, token: Option<SecretString>) -> Result<Self, Fault> {
        Ok(Self { name, reach: Reach::fixed(address, token)? })
    }

    /// A client of this user's own broker, which is started at the first call where none runs.
    pub fn local(name: BackendName, paths: Paths) -> Self {
        Self { name, reach: Reach::local(paths) }
    }

    fn call<'a>(&'a self, id: &'static str) -> Call<'a> {
        Call::new(&self.reach, id)
    }

    async fn page(&self, after: u64, pending: bool) -> Result<api::Page, Fault> {
        let state = if pending { "pending" } else { "all" };
        self.call("list").query(&format!("after={after}&state={state}&limit={PAGE}")).send().await?.json()
    }

    async fn poll_from(&self, after: Option<u64>) -> Result<Poll, Fault> {
        let mut poll = Poll { whole: after.is_none(), cursor: after.unwrap_or(0), ..Poll::default() };
        loop {
            let page = self.page(poll.cursor, after.is_none()).await?;
            poll.cursor = page.next.max(poll.cursor);
            poll.changed.extend(page.requests.into_iter().map(Arc::new));
            if !page.more {
                let why = page.degraded;
                poll.next = why.is_some().then_some(UNWELL);
                poll.note = why.map(|why| safe!("NOTHING IS GRANTED: {}", why.prose())).unwrap_or_default();
                return Ok(poll);
            }
        }
    }
}

impl Backend for Broker {
    fn name(&self) -> &BackendName {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            enforcer: Enforcer::Broker,
            binds_digest: true,
            idempotent: true,
            grants: true,
            looks: true,
            break_glass: true,
            pushes: true,
            pace: Span::ZERO,
        }
    }

    fn session(&self) -> Answer<'_, Session> {
        async {
            let answer = self.call("info").send().await?.json()?;
            let info = api::Info::read(answer)
                .map_err(|what| Fault::new(Trouble::Protocol, what, "run the same jit-tui version on both sides"))?;
            if info.name != self.name {
                let said = safe!("the broker calls itself {}, the config {}", info.name, self.name);
                return Err(Fault::new(
                    Trouble::Protocol,
                    said,
                    safe!("set name = \"{}\" in its [[backend]]", info.name),
                ));
            }
            Ok(Session {
                you: info.you,
                approver: info.approver,
                same_user: info.local,
                now: info.now,
                notes: Vec::new(),
            })
        }
        .boxed()
    }

    fn poll(&self, after: Option<u64>) -> Answer<'_, Poll> {
        async move {
            match self.poll_from(after).await {
                // Words that cannot be read are another version's: then the greeting says which.
                Err(fault) if fault.trouble == Trouble::Protocol => Err(self.session().await.err().unwrap_or(fault)),
                polled => polled,
            }
        }
        .boxed()
    }

    fn hints(&self) -> BoxStream<'_, Result<(), Fault>> {
        events::hints(&self.reach)
    }

    fn read<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Request> {
        async move { self.call("read").part(key.id.as_str()).send().await?.json() }.boxed()
    }

    fn evidence<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Evidence> {
        async move { self.call("evidence").part(key.id.as_str()).send().await?.json() }.boxed()
    }

    fn blob<'a>(&'a self, digest: &'a Digest, limit: u64) -> Answer<'a, Vec<u8>> {
        async move { Ok(self.call("getBlob").part(&digest.hex()).limit(limit).send().await?.body) }.boxed()
    }

    fn decide<'a>(&'a self, decision: &'a Decision, bytes: &'a str) -> Answer<'a, Outcome> {
        async move {
            let decided: api::Decided = self
                .call("decide")
                .part(decision.request.id.as_str())
                .header("if-match", format!("\"{}\"", decision.request_digest))
                .header(api::IDEMPOTENCY_KEY, decision.id.as_str().to_owned())
                .body(bytes.as_bytes().to_vec())
                .send()
                .await?
                .json()?;
            Ok(decided.result)
        }
        .boxed()
    }

    fn look<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, ()> {
        async move { self.call("look").part(key.id.as_str()).send().await.map(drop) }.boxed()
    }

    fn review<'a>(&'a self, key: &'a RequestKey, comment: &'a Text) -> Answer<'a, ()> {
        let body = api::Review { comment: comment.clone() };
        async move { self.call("review").part(key.id.as_str()).json(&body).send().await.map(drop) }.boxed()
    }

    fn grants(&self) -> Answer<'_, Vec<Grant>> {
        async { Ok(self.call("grants").send().await?.json::<api::Grants>()?.grants) }.boxed()
    }

    fn revoke<'a>(&'a self, grant: &'a GrantId, reason: &'a Text) -> Answer<'a, Grant> {
        let body = api::Revoke { reason: reason.clone() };
        async move { self.call("revoke").part(grant.as_str()).json(&body).send().await?.json() }.boxed()
    }

    fn extend<'a>(&'a self, grant: &'a GrantId, run_for: Span, reason: &'a Text) -> Answer<'a, (Grant, u32)> {
        let body = api::Extend { run_for, reason: reason.clone() };
        async move {
            let given: api::Extension = self.call("extend").part(grant.as_str()).json(&body).send().await?.json()?;
            Ok((given.grant, given.missing))
        }
        .boxed()
    }

    fn heads<'a>(&'a self, log: &'a Text, head: Head) -> Answer<'a, Option<Head>> {
        let body = api::Heads { log: log.clone(), head };
        async move { Ok(Some(self.call("heads").json(&body).send().await?.json::<api::Heads>()?.head)) }.boxed()
    }
}
