//! From a key to a verb, from a verb to what it does; and whether it is there at all.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::overlay::{self, Listing, Overlay};
use super::screens::{audit, diff, queue, request};
use super::state::{Screen, State};
use super::time::{self, DEAD_TIME};
use super::update::{drop_all, leave_all};
use super::{Effect, layout};
use crate::desk::news::{AuditState, Errand};
use crate::domain::grant::{Enforcer, Standing};
use crate::domain::ids::RequestKey;
use crate::domain::request::{Ballot, Can, Request};
use crate::domain::text::SafeText;
use crate::keymap::{Context, Key, Verb, When};
use crate::safe;

/// A key was pressed.
pub fn pressed(state: &mut State, event: &KeyEvent, fx: &mut Vec<Effect>) {
    let Some(key) = Key::from_event(event) else { return };
    let again = event.kind == KeyEventKind::Repeat;
    state.last_key = state.now.boot;
    if state.note.take().is_some() {
        state.dirty = true;
    }
    if !layout::fits(state.setup.size) {
        unseen_key(state, key, fx);
        return;
    }
    if state.overlay.is_some() {
        overlay::pressed(state, key, again, fx);
        return;
    }
    let verb = state.setup.keymap.verb(state.context(), key);
    let row = verb.and_then(Verb::row).filter(|row| row.danger);
    if row.is_some_and(|row| again || (row.confirm.is_some() && swapped_just_now(state))) {
        return;
    }
    run(state, verb, fx);
}

/// The window is too small to show anything: nothing is decided that nobody can see.
fn unseen_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    match state.setup.keymap.verb(Context::Anywhere, key) {
        Some(Verb::Undo) => undo(state, fx),
        Some(Verb::Suspend) => anywhere(state, Verb::Suspend, fx),
        Some(Verb::Quit) => {
            leave_all(state, "the console was left in the hold-back", fx);
            fx.push(Effect::Quit(0));
        }
        _ => {}
    }
}

/// Another request came under the cursor of the queue by itself a moment ago: who pressed a key meant the one before.
fn swapped_just_now(state: &mut State) -> bool {
    let on_queue = state.screen().is_none();
    let swapped = on_queue && state.swapped_at.is_some_and(|at| state.now.boot.0 - at.0 < DEAD_TIME);
    if swapped {
        state.say("another request came under the cursor: look, then press again");
    }
    swapped
}

/// Runs a verb, or says why it is not there.
pub fn run(state: &mut State, verb: Option<Verb>, fx: &mut Vec<Effect>) {
    let Some(verb) = verb else { return };
    if let Err(why) = available(state, verb) {
        state.say(why);
        return;
    }
    if go(state, verb) {
        if matches!(state.screen(), Some(Screen::Audit)) {
            audit::read_on(state, fx);
        }
        return;
    }
    let own = match state.screen() {
        None => queue::run(state, verb, fx),
        Some(Screen::Request(_)) => request::run(state, verb, fx),
        Some(Screen::Grants) => grants_verb(state, verb, fx),
        Some(Screen::Audit) => audit_verb(state, verb, fx),
        Some(Screen::Diff(_)) => diff::run(state, verb, fx),
    };
    if !own {
        anywhere(state, verb, fx);
    }
}

/// Whether a verb is there now.
///
/// # Errors
/// In words, why not.
pub fn available(state: &State, verb: Verb) -> Result<(), SafeText> {
    let Some(row) = verb.row() else { return Ok(()) };
    let no = |why: &'static str| Err(SafeText::lit(why));
    if state.is_parked() && (row.confirm.is_some() || matches!(verb, Verb::Running | Verb::Log)) {
        return no("a dialog waits for you: esc goes back to it");
    }
    match row.when {
        When::Always => Ok(()),
        When::Request => state.current().map(|_| ()).ok_or(SafeText::lit("there is no request under the cursor")),
        When::Decidable => decidable(state),
        When::Breakable => breakable(state),
        When::Finding if state.current().is_some_and(|e| e.request.acceptable(state.label).next().is_some()) => {
            may_act(state)
        }
        When::Finding => no("nothing here counts as new, or what does blocks"),
        When::Unreviewed if state.current().is_some_and(|e| e.request.unreviewed) => may_act(state),
        When::Unreviewed => no("nothing here waits for a review"),
        When::LiveGrant if verb == Verb::Extend && guarded(state) => {
            no("the guard knows start-by only: there is no time to add to")
        }
        When::LiveGrant => live_grant(state),
        When::Held if state.holds.held.is_empty() => no("no decision is held back"),
        When::Undoable if state.holds.held.is_empty() && state.holds.waiting().next().is_none() => {
            no("no decision is held back or waits for its turn")
        }
        When::Outcomes if state.holds.outcomes() == 0 => no("there is no outcome to acknowledge"),
        When::Arrivals if state.queue.waiting_arrivals() == 0 => no("nothing new waits"),
        When::Diff | When::Clipboard if !diff::is_shown(state) => no("the diff is not on the screen"),
        When::Clipboard if !state.setup.clipboard => no("off: `clipboard = true` under [console] lets text out"),
        When::Search if diff::searched(state).is_none() => no("nothing is searched for"),
        When::Console if state.is_alone() => no("this is a diff without a console"),
        When::Record if state.audit.selected().is_none() => no("there is no record under the cursor"),
        When::Held | When::Undoable | When::Outcomes | When::Arrivals | When::Record => Ok(()),
        When::Diff | When::Clipboard | When::Search | When::Console => Ok(()),
    }
}

fn may_act(state: &State) -> Result<(), SafeText> {
    match &state.audit_state {
        _ if state.setup.read_only => Err(SafeText::lit("this console is read-only")),
        Some(AuditState::Broken { why }) => Err(safe!("the audit log is broken: {}", why)),
        _ => Ok(()),
    }
}

fn decidable(state: &State) -> Result<(), SafeText> {
    may_act(state)?;
    let targets = targets(state);
    let requests = targets.iter().filter_map(|k| state.queue.get(k)).map(|e| e.request.as_ref());
    let mut why = SafeText::lit("there is no request under the cursor");
    for request in requests {
        match undecidable(request) {
            None => return Ok(()),
            Some(because) => why = because,
        }
    }
    Err(why)
}

fn undecidable(request: &Request) -> Option<SafeText> {
    match &request.can {
        _ if !request.is_pending() => Some(super::news::decided_in_words(request)),
        Can::No { why } => Some(safe!("not you: {}", why.prose())),
        Can::Yes { .. } | Can::Unknown => None,
    }
}

fn breakable(state: &State) -> Result<(), SafeText> {
    may_act(state)?;
    let Some(entry) = state.current() else { return Err(SafeText::lit("there is no request under the cursor")) };
    let request = &entry.request;
    if !request.is_pending() {
        return Err(super::news::decided_in_words(request));
    }
    let able = state.backends.get(&request.key().backend).is_none_or(|b| b.capabilities.break_glass);
    match &request.verdict.break_glass {
        Some(_) if able => Ok(()),
        Some(_) => Err(SafeText::lit("this backend has no glass to break")),
        None => Err(SafeText::lit("no rule names who may break the glass here")),
    }
}

fn guarded(state: &State) -> bool {
    state.grants.selected().is_some_and(|(_, grant)| grant.enforcer == Enforcer::Guard)
}

fn live_grant(state: &State) -> Result<(), SafeText> {
    may_act(state)?;
    let Some((backend, grant)) = state.grants.selected() else {
        return Err(SafeText::lit("there is no grant under the cursor"));
    };
    if !state.backends.get(backend).is_none_or(|b| b.capabilities.grants) {
        return Err(SafeText::lit("this backend cannot do that to a grant"));
    }
    match grant.standing(state.now.wall) {
        Standing::Open | Standing::Running => Ok(()),
        Standing::Over | Standing::Revoked => Err(SafeText::lit("this grant is over")),
    }
}

/// What a decision would be about.
fn targets(state: &State) -> Vec<RequestKey> {
    match state.screen() {
        None => state.queue.targets(),
        Some(Screen::Request(screen)) => vec![screen.key.clone()],
        Some(Screen::Grants | Screen::Audit | Screen::Diff(_)) => Vec::new(),
    }
}

/// Moves a cursor or a text. Whether the verb is one of these.
pub fn go(state: &mut State, verb: Verb) -> bool {
    let page = match state.screen() {
        Some(Screen::Request(_) | Screen::Diff(_)) => usize::from(request::window(state).height),
        _ => queue::page(state),
    };
    let page = page.saturating_sub(1).max(1) as isize;
    let by = match verb {
        Verb::Up => -1,
        Verb::Down => 1,
        Verb::PageUp => -page,
        Verb::PageDown => page,
        Verb::Top => isize::MIN,
        Verb::Bottom => isize::MAX,
        _ => return false,
    };
    let moved = |cursor: usize| cursor.saturating_add_signed(by);
    match state.screen() {
        None => queue::move_to(state, moved(state.queue.cursor())),
        Some(Screen::Request(_) | Screen::Diff(_)) if by == isize::MIN || by == isize::MAX => {
            request::to_end(state, by > 0);
        }
        Some(Screen::Request(_) | Screen::Diff(_)) => request::scroll(state, by),
        Some(Screen::Grants) => state.grants.move_to(moved(state.grants.cursor)),
        Some(Screen::Audit) => {
            state.audit.cursor = moved(state.audit.cursor).min(state.audit.records.len().saturating_sub(1));
        }
    }
    state.dirty = true;
    true
}

fn grants_verb(state: &mut State, verb: Verb, fx: &mut Vec<Effect>) -> bool {
    match verb {
        Verb::Open => {
            let key = state.grants.selected().map(|(_, g)| g.bound.request.clone());
            match key.filter(|k| state.queue.get(k).is_some()) {
                Some(key) => request::open(state, &key, None, fx),
                None => state.say("its request is no longer listed by the backend"),
            }
        }
        Verb::Revoke | Verb::Extend => overlay::open_act(state, verb),
        _ => return false,
    }
    true
}

fn audit_verb(state: &mut State, verb: Verb, fx: &mut Vec<Effect>) -> bool {
    match verb {
        Verb::Open => audit::toggle_why(state, fx),
        Verb::ExportJson => audit::export(state, false, fx),
        Verb::ExportCsv => audit::export(state, true, fx),
        _ => return false,
    }
    true
}

fn anywhere(state: &mut State, verb: Verb, fx: &mut Vec<Effect>) {
    match verb {
        Verb::Approve => decide(state, Ballot::Approve, fx),
        Verb::Reject => decide(state, Ballot::Reject, fx),
        Verb::BreakGlass => decide(state, Ballot::BreakGlass, fx),
        Verb::Review | Verb::Accept => overlay::open_act(state, verb),
        Verb::Look => look(state, fx),
        Verb::ByHand => by_hand(state, fx),
        Verb::Undo => undo(state, fx),
        Verb::SendNow => send_now(state, fx),
        Verb::Ack => state.holds.acknowledge(),
        Verb::Running => open_screen(state, Screen::Grants),
        Verb::Log => {
            open_screen(state, Screen::Audit);
            audit::read(state, fx);
        }
        Verb::Find => overlay::find(state),
        Verb::Help => state.overlay = Some(Overlay::Help(Listing::new())),
        Verb::Palette => state.overlay = Some(Overlay::Palette(Listing::new())),
        Verb::Outcomes => state.overlay = Some(Overlay::Outcomes(Listing::new())),
        Verb::Refresh => fx.push(Effect::Errand(Errand::Refresh)),
        Verb::Redraw => fx.push(Effect::Redraw),
        Verb::Suspend => {
            drop_all(state, "the console was suspended in the hold-back", fx);
            fx.push(Effect::Errand(Errand::GiveUpGuard));
            fx.push(Effect::Suspend);
        }
        Verb::Back => back(state),
        Verb::Quit => quit(state, fx),
        _ => return,
    }
    state.dirty = true;
}

fn decide(state: &mut State, ballot: Ballot, fx: &mut Vec<Effect>) {
    let mut keys = match ballot {
        // The glass is broken for one request at a time, whatever is marked.
        Ballot::BreakGlass => state.current().map(|e| e.key().clone()).into_iter().collect(),
        _ => targets(state),
    };
    if ballot != Ballot::BreakGlass {
        keys.retain(|k| state.queue.get(k).is_some_and(|e| undecidable(&e.request).is_none()));
    }
    overlay::open_decision(state, ballot, &keys, fx);
}

fn look(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(key) = state.current().map(|e| e.key().clone()) else { return };
    if request::backend_looks(state, &key) {
        time::look(state, &key, fx);
        state.say("colleagues see for 2 minutes that you look at it");
    } else {
        state.say("this backend does not show who looks");
    }
}

fn by_hand(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(key) = state.current().map(|e| e.key().clone()) else { return };
    fx.push(Effect::Errand(Errand::ByHand(key)));
    state.say("asking the backend how to decide it by hand");
}

fn undo(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(held) = state.holds.take_newest() else {
        let waiting = state.holds.waiting().map(|track| track.id.clone()).collect();
        return fx.push(Effect::Errand(Errand::TakeBack(waiting)));
    };
    for decision in held.decisions {
        time::drop_held(state, decision, SafeText::lit("taken back"), fx);
    }
}

fn send_now(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(held) = state.holds.take_newest() else { return };
    for decision in held.decisions {
        time::send(state, decision, fx);
    }
}

fn open_screen(state: &mut State, screen: Screen) {
    state.screens.retain(|s| std::mem::discriminant(s) != std::mem::discriminant(&screen));
    if matches!(screen, Screen::Grants) {
        state.grants.sort(state.label);
    }
    state.screens.push(screen);
}

/// One step back: the dialog that waits, the screen below, the marks, the filter, the view.
fn back(state: &mut State) {
    if overlay::unpark(state) || state.is_alone() {
        return;
    }
    if state.screens.pop().is_some() {
        return;
    }
    if !state.queue.marks.is_empty() {
        state.queue.marks.clear();
    } else if !state.queue.filter.is_empty() {
        state.queue.filter = super::queue::Filter::default();
        queue::refresh(state);
    } else {
        queue::run(state, Verb::ViewWaiting, &mut Vec::new());
    }
}

fn quit(state: &mut State, fx: &mut Vec<Effect>) {
    if overlay::unpark(state) || (!state.is_alone() && state.screens.pop().is_some()) {
        return;
    }
    if state.holds.held_count() + state.holds.in_flight() + state.holds.waiting().count() > 0 {
        overlay::leave(state);
    } else {
        fx.push(Effect::Quit(0));
    }
}
