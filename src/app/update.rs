//! One message in, effects out.

use super::{Effect, Msg, State, keys, layout, news, overlay, time};
use crate::domain::text::SafeText;
use crate::sys::clock::Now;

/// Takes in what happened and says what to do.
pub fn update(state: &mut State, now: Now, msg: Msg) -> Vec<Effect> {
    let mut fx = Vec::new();
    state.now = now;
    match msg {
        Msg::Key(event) => keys::pressed(state, &event, &mut fx),
        Msg::Paste(text) => overlay::paste(state, &text),
        Msg::Resize(columns, rows) => resize(state, (columns, rows)),
        Msg::Deadline => {}
        Msg::News(news) => news::take(state, news, &mut fx),
        Msg::Outside(words) => state.say(words),
        Msg::Lost => lose(state, &mut fx),
    }
    time::pass(state, &mut fx);
    settle_windows(state, &mut fx);
    fx
}

/// A dialog that comes into sight again begins its dead time anew.
fn resize(state: &mut State, size: (u16, u16)) {
    let was = std::mem::replace(&mut state.setup.size, size);
    state.dirty = true;
    if !layout::fits(was) {
        overlay::disarm(state);
    }
}

/// The terminal is gone: nobody can take anything back any more, so nothing that is held is sent.
fn lose(state: &mut State, fx: &mut Vec<Effect>) {
    leave_all(state, "the terminal was lost in the hold-back", fx);
    overlay::close_all(state);
    state.dirty = true;
}

/// Drops everything that is held back.
pub(super) fn drop_all(state: &mut State, why: &'static str, fx: &mut Vec<Effect>) {
    for decision in state.holds.take_all() {
        time::drop_held(state, decision, SafeText::lit(why), fx);
    }
}

/// The same as the console ends.
pub(super) fn leave_all(state: &mut State, why: &'static str, fx: &mut Vec<Effect>) {
    for decision in state.holds.take_all() {
        time::leave_behind(state, decision, SafeText::lit(why), fx);
    }
}

/// Whatever happened: cursors stay on their screens, and the diff is laid out for its window.
fn settle_windows(state: &mut State, fx: &mut Vec<Effect>) {
    if !state.dirty {
        return;
    }
    let rows = usize::from(state.layout().list().rows.height);
    state.queue.show_cursor(rows);
    state.grants.show_cursor(rows);
    state.audit.show_cursor(rows);
    super::screens::request::lay_out(state, fx);
}
