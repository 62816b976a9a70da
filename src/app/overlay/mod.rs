//! What lies over a screen: dialogs, help, palette, outcomes, the filter's line, the question before leaving.

mod acts;
mod by_hand;
mod decide;
mod dialog;
mod dialog_keys;
mod draft;
mod lists;
mod say;

use super::evidence::Reading;
use super::field::Field;
use super::screens::request;
use super::state::{Screen, State};
use super::{Effect, screens};
use crate::domain::ids::RequestKey;
use crate::domain::text::{SafeText, Text};
use crate::keymap::{Key, Verb};

pub use acts::open as open_act;
pub use by_hand::{Sheet, show as show_by_hand};
pub use decide::open as open_decision;
pub use dialog::Dialog;
#[cfg(test)]
pub use dialog::FieldKind;
pub use lists::{find, leave, palette_rows, pressed as list_pressed};
pub use say::{Spot, foot, head, rows};

/// A layer over the screen.
#[derive(Debug)]
pub enum Overlay {
    /// Something is about to be sent.
    Dialog(Box<Dialog>),
    /// The filter of a list is being typed.
    Find(Find),
    /// Help, with its search.
    Help(Listing),
    /// Verbs by name.
    Palette(Listing),
    /// Every decision of this console.
    Outcomes(Listing),
    /// How a request is decided without this program.
    ByHand(Sheet),
    /// Leave, though decisions are held or on their way?
    Quit,
}

/// The filter's line.
#[derive(Debug)]
pub struct Find {
    /// What is typed.
    pub field: Field,
    /// What stood there before.
    pub before: String,
    /// What cannot be read of it.
    pub error: Option<SafeText>,
}

/// A list with a search field.
#[derive(Debug)]
pub struct Listing {
    /// What is searched for.
    pub field: Field,
    /// Row under the cursor, or first line on the screen.
    pub at: usize,
}

impl Listing {
    /// From the beginning.
    pub fn new() -> Self {
        Self { field: Field::line(""), at: 0 }
    }
}

impl Default for Listing {
    fn default() -> Self {
        Self::new()
    }
}

/// A key was pressed while something lies over the screen. `again` = it is held down.
pub fn pressed(state: &mut State, key: Key, again: bool, fx: &mut Vec<Effect>) {
    match state.overlay {
        Some(Overlay::Dialog(_)) => dialog_keys::pressed(state, key, again, fx),
        _ => list_pressed(state, key, fx),
    }
}

/// Something was pasted: text for a field, never a command.
pub fn paste(state: &mut State, text: &Text) {
    let boot = state.now.boot;
    let field = match &mut state.overlay {
        Some(Overlay::Dialog(dialog)) => dialog.paste_target(boot),
        Some(Overlay::Find(find)) => Some(&mut find.field),
        Some(Overlay::Help(list) | Overlay::Palette(list)) => Some(&mut list.field),
        _ => None,
    };
    let Some(field) = field else { return };
    field.paste(text);
    state.dirty = true;
    lists::typed(state);
}

/// Closes the dialog; what is typed in its comment is kept for the same request.
pub fn close_dialog(state: &mut State) {
    if let Some(Overlay::Dialog(dialog)) = state.overlay.take()
        && let Some(key) = dialog.first_key().filter(|_| !dialog.why.is_blank())
    {
        state.kept_comment = Some((key.clone(), dialog.why.text()));
    }
    screens::queue::refresh(state);
}

/// Closes every layer: the terminal is gone.
pub fn close_all(state: &mut State) {
    state.overlay = None;
    for screen in &mut state.screens {
        if let Screen::Request(screen) = screen {
            screen.parked = None;
        }
    }
    screens::queue::refresh(state);
}

/// Opens the evidence of the dialog's request; the dialog waits.
pub fn park(state: &mut State, fx: &mut Vec<Effect>) {
    let key: Option<RequestKey> = match &state.overlay {
        Some(Overlay::Dialog(dialog)) => dialog.first_key().cloned(),
        _ => None,
    };
    let Some(key) = key else { return };
    let parked = state.overlay.take().map(Box::new);
    request::open(state, &key, parked, fx);
    request::run(state, Verb::TabDiff, fx);
}

/// Back to the dialog that waited. Whether one did.
pub fn unpark(state: &mut State) -> bool {
    let Some(overlay) = state.request_screen_mut().and_then(|s| s.parked.take()) else { return false };
    state.screens.pop();
    state.overlay = Some(*overlay);
    evidence_came(state);
    disarm(state);
    state.dirty = true;
    true
}

/// What is typed next into the dialog that just came into sight was not meant for it.
pub fn disarm(state: &mut State) {
    let boot = state.now.boot;
    if let Some(Overlay::Dialog(dialog)) = &mut state.overlay {
        dialog.disarm(boot);
    }
}

/// Runs `change` on the dialog that is open or waits.
fn with_dialog(state: &mut State, change: impl FnOnce(&mut State, &mut Dialog)) {
    match state.overlay.take() {
        Some(Overlay::Dialog(mut dialog)) => {
            change(state, &mut dialog);
            state.overlay = Some(Overlay::Dialog(dialog));
            return;
        }
        // What else lies over the screen stays: whoever types into it goes on typing into it.
        other => state.overlay = other,
    }
    let Some(mut parked) = state.request_screen_mut().and_then(|s| s.parked.take()) else { return };
    if let Overlay::Dialog(dialog) = parked.as_mut() {
        change(state, dialog);
    }
    if let Some(screen) = state.request_screen_mut() {
        screen.parked = Some(parked);
    }
}

/// Evidence came or was looked at: what is unseen may be less now.
pub fn evidence_came(state: &mut State) {
    with_dialog(state, |state, dialog| dialog.refit(state));
}

/// Grants came: one that is over can neither be revoked nor extended.
pub fn grants_changed(state: &mut State) {
    with_dialog(state, |state, dialog| acts::grants_changed(state, dialog));
}

/// Requests came: the dialog may be about one that changed.
pub fn requests_changed(state: &mut State, fx: &mut Vec<Effect>) {
    let mut keys = Vec::new();
    with_dialog(state, |state, dialog| keys = decide::requests_changed(state, dialog));
    for key in keys {
        request::read_evidence(state, &key, fx);
    }
}

/// Whether the evidence of a request, or the rest of its diff, is still on its way.
fn is_reading(state: &State, request: &crate::domain::request::Request) -> bool {
    match state.evidences.of(request) {
        Some(Reading::Asked(_)) => true,
        Some(Reading::Here(shown)) => shown.is_reading(),
        Some(Reading::Failed(_)) | None => false,
    }
}
