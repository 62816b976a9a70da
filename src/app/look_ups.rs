//! What was looked up about actions, by evidence digest. Its findings stand beside those that the backend gives: they
//! are added to a request, and none of the backend's is ever taken away.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::state::State;
use super::{Effect, news, time};
use crate::desk::news::{Errand, Wanted};
use crate::domain::digest::Digest;
use crate::domain::finding::{self, Finding, Severity};
use crate::domain::ids::{BackendName, RequestKey};
use crate::domain::json;
use crate::domain::lookup::LookUps;
use crate::domain::request::{Ballot, Request};
use crate::safe;

/// So many results are kept; the oldest goes first.
const KEPT: usize = 256;

#[derive(Debug)]
struct Told {
    look_ups: Arc<LookUps>,
    findings: Arc<[Finding]>,
}

/// Everything that was looked up.
#[derive(Debug, Default)]
pub struct LookedUp {
    told: HashMap<Digest, Told>,
    order: VecDeque<Digest>,
    /// Requests as their backend gave them, where findings were added.
    plain: HashMap<RequestKey, Arc<Request>>,
}

impl LookedUp {
    /// What was looked up for the evidence of a request; absent = nothing yet.
    pub fn of(&self, request: &Request) -> Option<&Arc<LookUps>> {
        self.told.get(&request.evidence.digest).map(|told| &told.look_ups)
    }

    /// What a decision names the added findings by; absent = nobody looked.
    pub fn digest(&self, request: &Request) -> Option<Digest> {
        let told = self.told.get(&request.evidence.digest)?;
        json::to_line(&*told.findings).ok().map(|line| Digest::of(line.as_bytes()))
    }

    fn take(&mut self, evidence: Digest, told: Told) {
        if self.told.insert(evidence, told).is_none() {
            self.order.push_back(evidence);
        }
        while self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.told.remove(&oldest);
                self.plain.retain(|_, request| request.evidence.digest != oldest);
            }
        }
    }

    /// The request with the findings that were added to it; those of its backend stay as they are.
    pub fn tightened(&mut self, request: Arc<Request>) -> Arc<Request> {
        let Some(told) = self.told.get(&request.evidence.digest) else {
            self.plain.remove(request.key());
            return request;
        };
        let added = finding::added(&request.findings, &told.findings);
        self.plain.insert(request.key().clone(), Arc::clone(&request));
        if added.is_empty() {
            return request;
        }
        let findings = request.findings.iter().cloned().chain(added).collect();
        Arc::new(Request { findings, ..(*request).clone() })
    }

    /// As its backend gave it.
    pub(super) fn plain(&self, request: &Arc<Request>) -> Arc<Request> {
        Arc::clone(self.plain.get(request.key()).unwrap_or(request))
    }
}

/// Asks for the actions of a request to be looked up, where its evidence is here and names some.
pub fn ask(state: &State, key: &RequestKey, fx: &mut Vec<Effect>) {
    let Some(request) = state.queue.get(key).map(|entry| &entry.request) else { return };
    let Some(shown) = state.evidences.shown(request) else { return };
    let actions = &shown.exhibit.evidence.actions;
    if !actions.is_empty() {
        fx.push(Effect::Errand(Errand::LookUp(Box::new(Wanted::of(request, actions.clone())))));
    }
}

/// Takes in what was looked up: every request with this evidence gets its findings anew.
pub fn came(
    state: &mut State,
    evidence: Digest,
    look_ups: Arc<LookUps>,
    findings: Arc<[Finding]>,
    fx: &mut Vec<Effect>,
) {
    state.dirty = true;
    state.looked_up.take(evidence, Told { look_ups, findings });
    let mut of: HashMap<BackendName, Vec<Arc<Request>>> = HashMap::new();
    for entry in state.queue.all().iter().filter(|entry| entry.request.evidence.digest == evidence) {
        let plain = state.looked_up.plain(&entry.request);
        of.entry(entry.key().backend.clone()).or_default().push(plain);
    }
    let was: Vec<Arc<Request>> = of.values().flatten().filter_map(|plain| known(state, plain.key())).collect();
    for (backend, requests) in of {
        news::take_requests(state, &backend, requests, false, fx);
    }
    for was in was {
        drop_alarmed(state, &was, fx);
    }
}

fn known(state: &State, key: &RequestKey) -> Option<Arc<Request>> {
    state.queue.get(key).map(|entry| Arc::clone(&entry.request))
}

/// A held approval whose request turns out to run something that nobody would have approved unasked does not go.
fn drop_alarmed(state: &mut State, was: &Request, fx: &mut Vec<Effect>) {
    let Some(now) = known(state, was.key()) else { return };
    let Some((worst, _)) = added(was, &now).filter(|(worst, _)| worst.blocks || worst.severity == Severity::High)
    else {
        return;
    };
    let why = safe!("look-ups found in the hold-back: {} {}", worst.id.meaning().what, worst.subject.ident());
    let held = state.holds.take_where(|d| d.request == *was.key() && d.ballot == Ballot::Approve);
    for decision in held {
        time::drop_held(state, decision, why.clone(), fx);
    }
}

/// The worst finding that stands there now and did not before, and how many such there are.
pub fn added<'a>(was: &Request, is: &'a Request) -> Option<(&'a Finding, usize)> {
    let new = |finding: &&Finding| !was.findings.iter().any(|old| old.sameness() == finding.sameness());
    let count = is.findings.iter().filter(new).count();
    let worst = is.findings.iter().filter(new).max_by_key(|finding| (finding.blocks, finding.severity))?;
    Some((worst, count))
}
