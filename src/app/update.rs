//! One message in, effects out.

use super::{Effect, Msg, State};
use crate::sys::clock::Now;

/// Takes in what happened and says what to do.
pub fn update(state: &mut State, now: Now, msg: Msg) -> Vec<Effect> {
    state.now = now;
    match msg {
        Msg::Resize(columns, rows) => {
            state.setup.size = (columns, rows);
            state.dirty = true;
        }
        Msg::Key(_) | Msg::Paste(_) | Msg::Deadline | Msg::News(_) | Msg::Lost => {}
    }
    Vec::new()
}
