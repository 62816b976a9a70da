//! Keys in a dialog: what types, what moves, what sends.

use super::dialog::{Dialog, FieldKind, Purpose};
use super::{Overlay, acts, close_dialog, decide, park};
use crate::app::Effect;
use crate::app::state::State;
use crate::domain::text::SafeText;
use crate::keymap::{Code, Context, Key, Verb};
use crate::safe;

/// A key in a dialog.
pub fn pressed(state: &mut State, key: Key, again: bool, fx: &mut Vec<Effect>) {
    let boot = state.now.boot;
    let verb = state.setup.keymap.verb(Context::Dialog, key);
    let Some(Overlay::Dialog(dialog)) = &mut state.overlay else { return };
    dialog.become_armed(boot);
    state.dirty = true;
    if verb == Some(Verb::Cancel) {
        close_dialog(state);
        return;
    }
    if !dialog.is_armed() {
        return;
    }
    if verb == Some(Verb::Evidence) {
        park(state, fx);
        return;
    }
    if dialog.locked.is_some() {
        return;
    }
    let text = dialog.text_field().is_some();
    if text && key.typed().is_some() {
        type_into(dialog, key);
        return;
    }
    match verb {
        Some(verb) if !(again && verb.row().is_some_and(|r| r.danger)) => run(state, verb, key, fx),
        Some(_) => {}
        None => other_key(state, key, fx),
    }
}

/// The first character typed into a time takes the place of what stood there.
fn type_into(dialog: &mut Dialog, key: Key) {
    let time = matches!(dialog.focused(), FieldKind::StartBy | FieldKind::RunFor | FieldKind::Days);
    let replace = time && std::mem::take(&mut dialog.fresh);
    dialog.error = None;
    if let Some(field) = dialog.text_field() {
        if replace {
            field.set("");
        }
        field.key(key);
    }
}

fn run(state: &mut State, verb: Verb, key: Key, fx: &mut Vec<Effect>) {
    let Some(Overlay::Dialog(dialog)) = &mut state.overlay else { return };
    match verb {
        Verb::NextField => dialog.step(1),
        Verb::PrevField => dialog.step(-1),
        Verb::Less if dialog.nudge(-1) => {}
        Verb::More if dialog.nudge(1) => {}
        Verb::Less | Verb::More => other_key(state, key, fx),
        Verb::Go | Verb::Refuse => confirm(state, verb, fx),
        _ => {}
    }
}

fn confirm(state: &mut State, verb: Verb, fx: &mut Vec<Effect>) {
    let Some(Overlay::Dialog(dialog)) = &mut state.overlay else { return };
    if verb != dialog.confirm() {
        let key = state.setup.keymap.shown(dialog.confirm());
        dialog.error = Some(safe!("that key does not send this dialog: it is {}", key));
        return;
    }
    if let Some(word) = &dialog.demanded {
        dialog.error = Some(safe!("type {} and enter: the word stands in for the key", word.ident()));
        dialog.go_to(FieldKind::Word);
        return;
    }
    send(state, fx);
}

/// Enter goes on to the next field; it sends only as the end of the demanded word.
fn other_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    let Some(Overlay::Dialog(dialog)) = &mut state.overlay else { return };
    if key != Key::plain(Code::Enter) {
        if let Some(field) = dialog.text_field() {
            field.key(key);
        }
        return;
    }
    match dialog.focused() {
        FieldKind::Word if !dialog.word.is_blank() => send(state, fx),
        FieldKind::Word => dialog.error = Some(SafeText::lit("type the word first, then enter")),
        FieldKind::Send => {
            let key = state.setup.keymap.shown(dialog.confirm());
            dialog.error = Some(safe!("enter sends nothing here: {} does", key));
        }
        _ => dialog.step(1),
    }
}

fn send(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(Overlay::Dialog(dialog)) = state.overlay.take() else { return };
    let result = match &dialog.purpose {
        Purpose::Decide { .. } => decide::send(state, &dialog, fx),
        _ => acts::send(state, &dialog, fx),
    };
    match result {
        Ok(()) => {
            state.kept_comment = None;
            crate::app::screens::queue::refresh(state);
        }
        Err((error, field)) => {
            let mut dialog = dialog;
            dialog.error = Some(error);
            if let Some(field) = field {
                dialog.go_to(field);
            }
            state.overlay = Some(Overlay::Dialog(dialog));
        }
    }
}
