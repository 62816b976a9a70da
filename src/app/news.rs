//! What the desk tells, folded into the state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::holds::Stand;
use super::overlay;
use super::queue::Entry;
use super::screens::{audit, diff, request};
use super::state::State;
use super::{Effect, look_ups, time, words};
use crate::desk::news::{BackendState, Health, News, Step};
use crate::domain::acceptance::{self, Given};
use crate::domain::grant::Grant;
use crate::domain::ids::{BackendName, DecisionId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Request};
use crate::domain::text::SafeText;
use crate::safe;
use crate::theme::Role;

/// Takes the news in.
pub fn take(state: &mut State, news: News, fx: &mut Vec<Effect>) {
    let at = state.now.wall;
    match news {
        News::Requests { backend, changed, whole } => take_requests(state, &backend, changed, whole, fx),
        News::Acceptances(given) => take_acceptances(state, given, fx),
        News::Backend(backend) => take_backend(state, *backend),
        News::Grants { backend, grants } => take_grants(state, backend, grants),
        News::Decision { id, key, ballot, step } => take_step(state, &id, &key, ballot, step),
        News::LookedUp { evidence, look_ups: told, findings } => look_ups::came(state, evidence, told, findings, fx),
        News::Exhibit { generation, key, result } => {
            if state.evidences.answer(generation, result) {
                overlay::evidence_came(state);
                look_ups::ask(state, &key, fx);
                state.dirty = true;
            }
        }
        News::Indexed { .. } => {
            diff::told(state, news);
            overlay::evidence_came(state);
        }
        News::Moved { .. } | News::Unreadable { .. } | News::Window { .. } | News::Found { .. } => {
            diff::told(state, news);
        }
        News::Compared { evidence, other, result } => {
            state.dirty |= state.evidences.compared(evidence, &other, result);
        }
        News::Filled { evidence, result } => {
            state.dirty |= state.evidences.filled(evidence, result);
            overlay::evidence_came(state);
        }
        News::Act { what, result } => {
            let (role, text) = match result {
                Ok(done) => (Role::Good, safe!("{}: {}", what, done)),
                Err(fault) => (Role::Bad, safe!("{} FAILED: {}  {}", what, fault.message, fault.mend)),
            };
            remark(state, role, text);
        }
        News::Audit { generation, result } => audit::answer(state, generation, result),
        News::Exported(result) => match result {
            Ok(done) => remark(state, Role::Good, done),
            Err(why) => remark(state, Role::Bad, safe!("export FAILED: {}", why)),
        },
        News::AuditState(audit) => {
            state.dirty |= state.audit_state.as_ref() != Some(&audit);
            state.audit_state = Some(audit);
        }
        News::Guard(guard) => {
            state.dirty |= state.guard.as_ref() != Some(&guard);
            state.guard = Some(guard);
        }
        News::ByHand { key, approve, reject } => overlay::show_by_hand(state, &key, &approve, &reject, fx),
        News::Notice(text) => {
            state.holds.remark(at, Role::Warn, text);
            state.dirty = true;
        }
    }
}

fn remark(state: &mut State, role: Role, text: SafeText) {
    state.holds.remark(state.now.wall, role, text);
    state.dirty = true;
}

fn take_backend(state: &mut State, backend: BackendState) {
    let known = state.backends.get(&backend.name);
    // A new time of the last good answer is not visible while it is fresh.
    let visible = known.is_none_or(|k| {
        let both_fresh = matches!((&k.health, &backend.health), (Health::Fresh { .. }, Health::Fresh { .. }));
        let who = |b: &BackendState| b.session.as_ref().map(|s| (s.you.clone(), s.approver, s.same_user));
        !(both_fresh || k.health == backend.health)
            || who(k) != who(&backend)
            || k.note != backend.note
            || time::is_aged(k, state.now.wall)
            || k.capabilities != backend.capabilities
    });
    state.dirty |= visible;
    state.backends.insert(backend.name.clone(), backend);
}

fn take_grants(state: &mut State, backend: BackendName, grants: Vec<Grant>) {
    if state.grants.take(backend, grants, state.now.wall) {
        overlay::grants_changed(state);
        state.dirty = true;
    }
}

/// Takes in what a backend lists, with the findings that look-ups add.
pub(super) fn take_requests(
    state: &mut State,
    backend: &BackendName,
    changed: Vec<Arc<Request>>,
    whole: bool,
    fx: &mut Vec<Effect>,
) {
    let dialog = state.is_deciding();
    let before = state.queue.selected().map(|row| row.entry.key().clone());
    let changed =
        changed.into_iter().map(|request| marked(&state.acceptances, state.looked_up.tightened(request))).collect();
    let arrived = state.queue.take(backend, changed, whole, dialog);
    if !arrived.changed {
        return;
    }
    state.dirty = true;
    settle_unknown(state);
    drop_what_is_over(state, fx);
    if dialog {
        state.queue.refresh(state.label);
    } else {
        state.queue.rebuild(state.label);
        state.queue.show_cursor(usize::from(state.layout().list().rows.height));
        note_swap(state, before.as_ref());
    }
    ring(state, &arrived.new, fx);
    overlay::requests_changed(state, fx);
    request::requests_changed(state, fx);
}

/// What is accepted no longer counts, here and in what comes.
fn take_acceptances(state: &mut State, given: Vec<Given>, fx: &mut Vec<Effect>) {
    state.acceptances = given;
    let mut by_backend: BTreeMap<BackendName, Vec<Arc<Request>>> = BTreeMap::new();
    for entry in state.queue.all() {
        by_backend.entry(entry.key().backend.clone()).or_default().push(state.looked_up.plain(&entry.request));
    }
    for (backend, requests) in by_backend {
        take_requests(state, &backend, requests, false, fx);
    }
}

fn marked(given: &[Given], mut request: Arc<Request>) -> Arc<Request> {
    if !given.is_empty() || request.findings.iter().any(|f| f.accepted.is_some()) {
        acceptance::mark(Arc::make_mut(&mut request), given);
    }
    request
}

/// Another request came under the cursor by itself: for a moment no key decides about it.
fn note_swap(state: &mut State, before: Option<&RequestKey>) {
    let after = state.queue.selected().map(|row| row.entry.key());
    if before.is_some() && after != before {
        state.swapped_at = Some(state.now.boot);
    }
}

/// A request that is decided is no longer unknown, whatever our answer was.
fn settle_unknown(state: &mut State) {
    let pending = |key: &RequestKey| state.queue.get(key).is_some_and(|e| e.pending);
    let still: BTreeSet<RequestKey> = state.queue.unknown.iter().filter(|k| pending(k)).cloned().collect();
    state.queue.unknown = still;
}

fn drop_what_is_over(state: &mut State, fx: &mut Vec<Effect>) {
    let queue = &state.queue;
    let over = state.holds.take_where(|d| {
        queue.get(&d.request).is_none_or(|e| {
            !e.pending || e.request.digest() != d.request_digest || e.request.evidence.digest != d.evidence_digest
        })
    });
    for decision in over {
        let why = state.queue.get(&decision.request).map_or(SafeText::lit("the request is gone"), |e| {
            if e.pending {
                SafeText::lit("the request changed in the hold-back")
            } else {
                safe!("{} in the hold-back", decided_in_words(&e.request))
            }
        });
        time::drop_held(state, decision, why, fx);
    }
}

/// `rejected by dan 03:14`.
pub fn decided_in_words(request: &Request) -> SafeText {
    let who = request.votes.last().map(|v| safe!(" by {}", v.by.shown())).unwrap_or_default();
    let when = request.decided_at.map(|t| safe!(" {}", t.clock())).unwrap_or_default();
    safe!("{}{}{}", request.state.word(), who, when)
}

/// At most one bell in a while, for production that you may decide.
fn ring(state: &mut State, new: &[Arc<Entry>], fx: &mut Vec<Effect>) {
    let Some(every) = state.setup.bell else { return };
    let quiet = state.bell_at.is_some_and(|at| state.now.boot < at + every);
    if !quiet && !state.setup.read_only && new.iter().any(|e| e.production && e.can_decide) {
        state.bell_at = Some(state.now.boot);
        fx.push(Effect::Bell);
    }
}

fn take_step(state: &mut State, id: &DecisionId, key: &RequestKey, ballot: Ballot, step: Step) {
    let unknown = matches!(step, Step::Settling | Step::Done(Outcome::Unknown { .. }));
    if unknown {
        state.queue.unknown.insert(key.clone());
    } else {
        state.queue.unknown.remove(key);
    }
    let title = state.queue.get(key).map_or_else(|| safe!("{}", key), |e| words::title(&e.request.core));
    let stand = match step {
        Step::Dropped(why) => Stand::Dropped(why),
        step => Stand::Step(step),
    };
    state.holds.step(id, key, ballot, title, stand, state.now.wall);
    if !state.is_deciding() {
        state.queue.rebuild(state.label);
    }
    state.dirty = true;
}
