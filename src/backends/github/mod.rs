//! GitHub Actions: environments that wait for a reviewer, and runs of outside pull requests. GitHub starts at the first
//! vote and knows neither scope nor TTL; what goes beyond that is the guard's.

mod budget;
mod call;
mod change;
mod comment;
mod decide;
mod details;
mod evidence;
mod files;
mod gates;
mod graphql;
mod host;
mod known;
mod name;
mod refusal;
mod request;
mod reread;
mod resolver;
mod reversed;
mod select;
mod session;
pub mod spec;
#[cfg(test)]
mod testing;
mod token;
mod watch;
mod wire;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::Notify;

use super::port::{Answer, Backend, ByHand, Capabilities, Fault, Poll, Session, Trouble};
use super::resolver::Resolver;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::grant::Enforcer;
use crate::domain::ids::{BackendName, NativeId, RequestKey};
use crate::domain::json;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Can, Request, State};
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::sys::clock;
use budget::{Budgets, Which};
use call::Api;
use gates::{Gate, Review, wave};
use host::Host;
use known::{Kind, Known};
use name::{Ident, Part};
use request::Parts;
use select::Selection;
use token::Source;
use wire::Run;

/// What an instance is made of.
struct Setup {
    name: BackendName,
    host: Host,
    source: Source,
    selection: Selection,
    interval: Span,
    forks: bool,
    pace: Span,
}

/// A GitHub.
pub struct GitHub(Arc<Inner>);

struct Inner {
    name: BackendName,
    api: Api,
    selection: Selection,
    interval: Span,
    forks: bool,
    pace: Span,
    known: Mutex<Known>,
    objects: files::Store,
    names: resolver::Names,
    groups: decide::Groups,
    evidence_came: Notify,
}

/// What a request is made of.
struct Made<'a> {
    run: &'a Run,
    part: Part,
    gate: Option<&'a Gate>,
    environment: Text,
    reviews: &'a [Review],
    state: State,
    attempt: u32,
}

impl GitHub {
    fn new(setup: Setup) -> Self {
        let Setup { name, host, source, selection, interval, forks, pace } = setup;
        Self(Arc::new(Inner {
            name,
            api: Api::new(host, source, pace),
            selection,
            interval,
            forks,
            pace,
            known: Mutex::default(),
            objects: files::Store::default(),
            names: resolver::Names::default(),
            groups: decide::Groups::default(),
            evidence_came: Notify::new(),
        }))
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held; a poisoned lock would still hold sound data.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn budgets(&self) -> MutexGuard<'_, Budgets> {
        self.api.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long until REST has calls again; absent = it has some.
    fn used_up(&self) -> Option<Span> {
        self.budgets().exhausted(Which::Rest, clock::now().wall)
    }

    /// All requests that wait, of what is known now.
    fn requests(&self, known: &mut Known, now: Ms) -> BTreeMap<RequestKey, Request> {
        let runs: Vec<(Arc<Run>, Kind)> = known.runs().map(|(_, run, kind)| (Arc::clone(run), kind)).collect();
        let mut all = BTreeMap::new();
        for (run, kind) in runs {
            let waiting = match kind {
                Kind::Fork => self.fork(known, &run, now).into_iter().collect(),
                Kind::Waiting => self.gates(known, &run, now),
            };
            all.extend(waiting.into_iter().map(|request| (request.key().clone(), request)));
        }
        all
    }

    fn fork(&self, known: &mut Known, run: &Run, now: Ms) -> Option<Request> {
        let made = Made {
            run,
            part: Part::Fork,
            gate: None,
            environment: Text::default(),
            reviews: &[],
            state: State::Pending,
            attempt: run.attempt(),
        };
        if run.awaits_fork_approval() { self.made(known, made, now) } else { None }
    }

    fn gates(&self, known: &mut Known, run: &Run, now: Ms) -> Vec<Request> {
        let Some(details) = known.details.get(&run.id).filter(|d| d.attempt == run.attempt()).cloned() else {
            return Vec::new();
        };
        let one = |gate: &Gate| {
            let made = Made {
                run,
                part: Part::Environment { id: gate.id, wave: wave(&details.reviews, gate.id) },
                gate: Some(gate),
                environment: gate.name.clone(),
                reviews: &details.reviews,
                state: State::Pending,
                attempt: run.attempt(),
            };
            self.made(known, made, now)
        };
        details.gates.iter().filter_map(one).collect()
    }

    /// A request, with what is known of its evidence.
    fn made(&self, known: &mut Known, made: Made, now: Ms) -> Option<Request> {
        let Made { run, part, gate, environment, reviews, state, attempt } = made;
        let id = Ident { repo: run.repository.id, run: run.id, part }.native()?;
        let key = RequestKey { backend: self.name.clone(), id, attempt };
        let read = known.read(&key);
        let holders = gate.and_then(|g| known.holders.get(&(run.repository.id, g.id))).map(|(_, apps)| apps.clone());
        let holders = holders.unwrap_or_default();
        let mut facts = words::Facts::default();
        if let Some(gate) = gate {
            words::gate(&mut facts, gate, &holders, now);
        }
        words::reviews(&mut facts, reviews);
        words::run(&mut facts, run);
        let signed = known.details.get(&run.id).and_then(|d| d.commit.clone());
        facts.add("head commit", signed.unwrap_or_default());
        facts.0.extend(read.iter().flat_map(|read| read.facts.clone()));
        let can = match (&state, gate) {
            (State::Pending, Some(gate)) => words::can_approve(gate, run, known.you.as_ref(), &holders, now),
            (State::Pending, None) => words::can_start(known.push(run.repository.id)),
            (other, _) => Can::No { why: crate::safe!("it is {}", other.word()).as_str().into() },
        };
        let parts = Parts {
            backend: &self.name,
            run,
            part,
            gate,
            reviews,
            blob: known.blob(run).flatten(),
            evidence: known.evidence(&key, run, &environment, gate.and_then(|g| g.live.as_ref())),
            environment,
            state,
            can,
            facts: facts.0,
            read: read.as_deref(),
            now,
        };
        parts.request(attempt)
    }

    async fn evidence(&self, key: &RequestKey) -> Result<Evidence, Fault> {
        let id = Ident::of(key)?;
        let request = reread::request(self, key).await?;
        let run = self.known().run(id.run).ok_or_else(|| gone("the run is not known any more"))?;
        let gate = self.known().details.get(&id.run).and_then(|d| d.gate(id.part).cloned());
        let repo = details::name_of(&run)?;
        let about = evidence::About {
            files: files::At { api: &self.api, store: &self.objects, repo: &repo, id: run.repository.id },
            run: &run,
            part: id.part,
            gate: gate.as_ref(),
            environment: &request.core.environment.value,
            core: &request.core,
        };
        let read = evidence::read(&about).await?;
        let evidence = read.evidence.clone();
        let manifest = Digest::of(json::to_line(&evidence).unwrap_or_default().as_bytes());
        self.known().keep(key.clone(), Arc::new(read), manifest);
        self.evidence_came.notify_one();
        Ok(evidence)
    }

    fn blob(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Fault> {
        let read =
            self.known().bytes(digest).ok_or_else(|| gone("this diff is no longer kept: open the request again"))?;
        let bytes = read.diff.clone().unwrap_or_default();
        if bytes.len() as u64 > limit {
            return Err(Fault::new(Trouble::Protocol, "the diff is too large to be shown", "read it on its page"));
        }
        Ok(bytes)
    }
}

fn gone(what: &'static str) -> Fault {
    Fault::new(Trouble::NotFound, what, "")
}

impl Backend for GitHub {
    fn name(&self) -> &BackendName {
        &self.0.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { pace: self.0.pace, ..Capabilities::plain(Enforcer::Guard) }
    }

    fn session(&self) -> Answer<'_, Session> {
        async { session::session(&self.0).await.map_err(session::of_no_person) }.boxed()
    }

    fn poll(&self, after: Option<u64>) -> Answer<'_, Poll> {
        watch::poll(&self.0, after).boxed()
    }

    /// GitHub pushes nothing; evidence that was read is a reason to look at our own rows again.
    fn hints(&self) -> BoxStream<'_, Result<(), Fault>> {
        stream::unfold(&self.0.evidence_came, |came| async move {
            came.notified().await;
            Some((Ok(()), came))
        })
        .boxed()
    }

    fn read<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Request> {
        reread::request(&self.0, key).boxed()
    }

    fn evidence<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Evidence> {
        self.0.evidence(key).boxed()
    }

    fn blob<'a>(&'a self, digest: &'a Digest, limit: u64) -> Answer<'a, Vec<u8>> {
        async move { self.0.blob(digest, limit) }.boxed()
    }

    fn decide<'a>(&'a self, decision: &'a Decision, _bytes: &'a str) -> Answer<'a, Outcome> {
        decide::decide(&self.0, decision).boxed()
    }

    fn goes_with(&self, key: &RequestKey) -> Option<NativeId> {
        Ident::of(key).ok()?.of_run()
    }

    fn cancel_run<'a>(&'a self, key: &'a RequestKey, force: bool) -> Answer<'a, ()> {
        async move { decide::cancel(&self.0, &Ident::of(key)?, force).await }.boxed()
    }

    fn by_hand(&self, request: &Request, ballot: Ballot) -> ByHand {
        words::by_hand(&self.0.api.host().name, request, ballot)
    }

    fn resolver(&self) -> Option<Arc<dyn Resolver>> {
        Some(Arc::new(resolver::OverApi::new(Arc::clone(&self.0))))
    }
}
