//! What the clock alone changes: labels, hold-backs, looks, dead times. And when it will next do so.

use super::Effect;
use super::holds::{Stand, Track};
use super::overlay::Overlay;
use super::screens::request;
use super::state::{Screen, State};
use super::words::minute_of;
use crate::desk::news::{BackendState, Errand, Health, Step};
use crate::domain::decision::Decision;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::sys::clock::Now;

/// Nothing typed so soon after a dialog opened or changed counts.
pub const DEAD_TIME: i64 = 300;
/// A look counts for two minutes; it is said again before that.
const LOOK_AGAIN: Span = Span::secs(90);
/// Somebody who pressed no key for so long does not look any more.
const LOOK_IDLE: i64 = 600_000;

/// Lets the clock do its part. Called with every message.
pub fn pass(state: &mut State, fx: &mut Vec<Effect>) {
    turn_minute(state);
    send_due(state, fx);
    look_again(state, fx);
    let aged = state.backends.values().filter(|b| is_aged(b, state.now.wall)).count();
    state.dirty |= std::mem::replace(&mut state.aged, aged) != aged;
    let boot = state.now.boot;
    if let Some(Overlay::Dialog(dialog)) = &mut state.overlay {
        state.dirty |= dialog.become_armed(boot);
    }
}

/// Whether a backend's age is worth showing: past two of its intervals.
pub fn is_aged(backend: &BackendState, wall: Ms) -> bool {
    match backend.health {
        Health::Fresh { at } => wall >= at + backend.interval + backend.interval,
        Health::Stale { .. } => true,
        Health::Connecting => false,
    }
}

fn turn_minute(state: &mut State) {
    let minute = minute_of(state.now.wall);
    if minute == state.label {
        return;
    }
    state.label = minute;
    state.dirty = true;
    state.grants.sort(minute);
    if !state.is_deciding() {
        state.queue.rebuild(minute);
    }
}

fn send_due(state: &mut State, fx: &mut Vec<Effect>) {
    let due = state.holds.due(state.now);
    for decision in due.dropped {
        drop_held(state, decision, SafeText::lit("the machine slept through its hold-back"), fx);
    }
    for decision in due.send {
        send(state, decision, fx);
    }
    // The countdown shows whole seconds: any message may have turned one.
    state.dirty |= !state.holds.held.is_empty() || state.holds.waiting().any(Track::counts_down);
}

/// Sends a decision that was held, unless its request is another one by now.
pub fn send(state: &mut State, decision: Decision, fx: &mut Vec<Effect>) {
    let same = state.queue.get(&decision.request).is_some_and(|e| {
        e.request.digest() == decision.request_digest && e.request.evidence.digest == decision.evidence_digest
    });
    if !same {
        drop_held(state, decision, SafeText::lit("the request changed in the hold-back"), fx);
        return;
    }
    let title = title_of(state, &decision);
    let at = state.now.wall;
    let (id, key) = (decision.id.clone(), decision.request.clone());
    state.holds.step(&id, &key, decision.ballot, title, Stand::Step(Step::Sending), at);
    state.dirty = true;
    fx.push(Effect::Errand(Errand::Decide(Box::new(decision))));
}

/// Drops a held decision, on record and in the strip.
pub fn drop_held(state: &mut State, decision: Decision, why: SafeText, fx: &mut Vec<Effect>) {
    let_go(state, decision, why, true, fx);
}

/// The same as the console ends: who comes next has to be told.
pub fn leave_behind(state: &mut State, decision: Decision, why: SafeText, fx: &mut Vec<Effect>) {
    let_go(state, decision, why, false, fx);
}

fn let_go(state: &mut State, decision: Decision, why: SafeText, shown: bool, fx: &mut Vec<Effect>) {
    let title = title_of(state, &decision);
    let at = state.now.wall;
    let Decision { id, request: key, ballot, .. } = decision;
    state.holds.step(&id, &key, ballot, title, Stand::Dropped(why.clone()), at);
    state.dirty = true;
    fx.push(Effect::Errand(Errand::Drop { id, key, why, shown }));
}

fn title_of(state: &State, decision: &Decision) -> SafeText {
    let entry = state.queue.get(&decision.request);
    entry.map_or_else(|| crate::safe!("{}", decision.request), |e| super::words::title(&e.request.core))
}

fn look_again(state: &mut State, fx: &mut Vec<Effect>) {
    let viewed = state.screens.iter().rev().find_map(|s| match s {
        Screen::Request(screen) => Some(screen.key.clone()),
        _ => None,
    });
    let Some(looking) = &mut state.looking else { return };
    if viewed.as_ref() != Some(&looking.key) || state.now.boot.0 - state.last_key.0 > LOOK_IDLE {
        state.looking = None;
        return;
    }
    if state.now.boot >= looking.again {
        looking.again = state.now.boot + LOOK_AGAIN;
        let key = looking.key.clone();
        fx.push(Effect::Errand(Errand::Look(key)));
    }
}

/// Tells colleagues that we look, and goes on telling while the request stays on the screen.
pub fn look(state: &mut State, key: &crate::domain::ids::RequestKey, fx: &mut Vec<Effect>) {
    let again = state.now.boot + LOOK_AGAIN;
    state.looking = Some(super::state::Looking { key: key.clone(), again });
    if request::backend_looks(state, key) {
        fx.push(Effect::Errand(Errand::Look(key.clone())));
    }
}

/// The next moment, by the boot clock, at which the clock alone changes something.
pub fn next_deadline(state: &State, now: Now) -> Option<Ms> {
    let minute = Ms(now.boot.0.saturating_add(60_000 - now.wall.0.rem_euclid(60_000)));
    let stale = state.backends.values().filter_map(|b| match b.health {
        Health::Fresh { at } => {
            let past = at + b.interval + b.interval;
            (past > now.wall).then(|| Ms(now.boot.0.saturating_add(past.0 - now.wall.0)))
        }
        _ => None,
    });
    let armed = match &state.overlay {
        Some(Overlay::Dialog(dialog)) => dialog.arms_at(),
        _ => None,
    };
    let looks = state.looking.as_ref().map(|l| l.again);
    let held = state.holds.next_deadline(now);
    [Some(minute), armed, looks, held].into_iter().flatten().chain(stale).min()
}
