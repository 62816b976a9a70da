//! The layers that are not about sending: filter line, help, palette, outcomes, the question before leaving.

use super::{Find, Listing, Overlay, close_all};
use crate::app::field::Field;
use crate::app::queue::Filter;
use crate::app::state::{Screen, State};
use crate::app::{Effect, keys, screens, update};
use crate::domain::text::SafeText;
use crate::keymap::{Code, Context, Key, Row, VERBS, Verb};

/// Opens the filter's line of the screen on top.
pub fn find(state: &mut State) {
    let before = match state.screen() {
        None => state.queue.filter.text().as_str().to_owned(),
        Some(Screen::Audit) => state.audit.filter.clone(),
        Some(Screen::Grants) => state.grants.filter.clone(),
        Some(Screen::Request(_) | Screen::Diff(_)) => {
            screens::diff::searched(state).map(|s| s.text.lossy().into_owned()).unwrap_or_default()
        }
    };
    state.overlay = Some(Overlay::Find(Find { field: Field::line(&before), before, error: None }));
    state.dirty = true;
}

/// The question before leaving.
pub fn leave(state: &mut State) {
    state.overlay = Some(Overlay::Quit);
    state.dirty = true;
}

/// A key over a screen, dialogs aside.
pub fn pressed(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    state.dirty = true;
    let verb = state.setup.keymap.verb(Context::Dialog, key);
    let cancel = verb == Some(Verb::Cancel);
    match &mut state.overlay {
        Some(Overlay::Quit) => quit_key(state, verb, fx),
        Some(Overlay::Find(_)) if cancel => end_find(state, false, fx),
        Some(Overlay::Find(_)) if key == Key::plain(Code::Enter) => end_find(state, true, fx),
        Some(Overlay::Find(find)) => {
            if find.field.key(key) {
                typed(state);
            } else {
                move_under(state, key);
            }
        }
        _ if cancel => state.overlay = None,
        Some(Overlay::Palette(_)) if key == Key::plain(Code::Enter) => choose(state, fx),
        Some(Overlay::Outcomes(_)) => outcome_key(state, key, fx),
        Some(Overlay::Help(list) | Overlay::Palette(list)) => list_key(list, key),
        Some(Overlay::Dialog(_) | Overlay::ByHand(_)) | None => {}
    }
    clamp(state);
}

fn quit_key(state: &mut State, verb: Option<Verb>, fx: &mut Vec<Effect>) {
    match verb {
        Some(Verb::Leave) => {
            update::leave_all(state, "the console was left in the hold-back", fx);
            close_all(state);
            fx.push(Effect::Quit(0));
        }
        Some(Verb::Cancel) => state.overlay = None,
        _ => {}
    }
}

/// While the filter is typed the list can still be looked through.
fn move_under(state: &mut State, key: Key) {
    match state.setup.keymap.verb(Context::Moving, key) {
        Some(verb) if key.typed().is_none() => _ = keys::go(state, verb),
        _ => {}
    }
}

/// Filters as it is typed; what cannot be read yet leaves the list as it is.
pub fn typed(state: &mut State) {
    let Some(Overlay::Find(find)) = &mut state.overlay else { return };
    let text = find.field.text();
    match state.screens.last() {
        None => match Filter::parse(&text) {
            Ok(filter) => {
                find.error = None;
                state.queue.filter = filter;
                state.queue.arrange(state.label);
            }
            Err(error) => find.error = Some(error),
        },
        Some(Screen::Grants) => {
            state.grants.filter = text;
            state.grants.sort(state.label);
        }
        // The log is on disk: it is asked when the words are whole.
        Some(Screen::Audit) => {}
        Some(Screen::Request(_) | Screen::Diff(_)) => find.error = crate::desk::news::pattern(&text).err(),
    }
}

fn end_find(state: &mut State, keep: bool, fx: &mut Vec<Effect>) {
    let Some(Overlay::Find(mut find)) = state.overlay.take() else { return };
    if keep && find.error.is_some() {
        state.overlay = Some(Overlay::Find(find));
        return;
    }
    if !keep {
        find.field = Field::line(&find.before);
    }
    let text = find.field.text();
    state.overlay = Some(Overlay::Find(find));
    typed(state);
    state.overlay = None;
    match state.screen() {
        Some(Screen::Audit) if keep => {
            state.audit.filter = text.trim().to_owned();
            screens::audit::read(state, fx);
        }
        Some(Screen::Request(_) | Screen::Diff(_)) if keep => screens::diff::search(state, &text, fx),
        _ => {}
    }
}

fn list_key(list: &mut Listing, key: Key) {
    match key.code {
        Code::Up => list.at = list.at.saturating_sub(1),
        Code::Down => list.at += 1,
        Code::PageUp => list.at = list.at.saturating_sub(10),
        Code::PageDown => list.at += 10,
        _ if list.field.key(key) => list.at = 0,
        _ => {}
    }
}

/// In the list of outcomes the keys of the strip still work.
fn outcome_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    let verb = state.setup.keymap.verb(Context::Anywhere, key);
    match verb {
        Some(Verb::Undo | Verb::SendNow | Verb::Ack) => keys::run(state, verb, fx),
        Some(Verb::Quit | Verb::Outcomes) => state.overlay = None,
        _ => {
            let moving = state.setup.keymap.verb(Context::Moving, key);
            if let Some(Overlay::Outcomes(list)) = &mut state.overlay {
                match moving {
                    Some(Verb::Up) => list.at = list.at.saturating_sub(1),
                    Some(Verb::Down) => list.at += 1,
                    Some(Verb::PageUp) => list.at = list.at.saturating_sub(10),
                    Some(Verb::PageDown) => list.at += 10,
                    _ => {}
                }
            }
        }
    }
}

/// The verbs that the palette lists: those of the screen, and those that work everywhere.
pub fn palette_rows(state: &State, search: &str) -> Vec<(&'static Row, Option<SafeText>)> {
    let here = state.context();
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let fits = |row: &&Row| {
        let text = [row.name, row.short, row.long].join(" ").to_lowercase();
        words.iter().all(|w| text.contains(w.as_str()))
    };
    let works = |row: &&Row| row.contexts.iter().any(|c| *c == here || *c == Context::Anywhere);
    let mut rows: Vec<_> =
        VERBS.iter().filter(works).filter(fits).map(|row| (row, keys::available(state, row.verb).err())).collect();
    // By name first: who types `appr` means `approve`.
    rows.sort_by_key(|(row, why)| (why.is_some(), !row.name.starts_with(search.trim())));
    rows
}

fn choose(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(Overlay::Palette(list)) = &state.overlay else { return };
    let chosen = palette_rows(state, &list.field.text()).get(list.at).map(|(row, _)| row.verb);
    state.overlay = None;
    if let Some(verb) = chosen {
        keys::run(state, Some(verb), fx);
    }
}

/// Keeps the cursor of a list inside of it.
fn clamp(state: &mut State) {
    let width = usize::from(state.setup.size.0);
    let count = match &state.overlay {
        Some(Overlay::Palette(list)) => palette_rows(state, &list.field.text()).len(),
        Some(Overlay::Help(list)) => screens::help::lines(state, &list.field.text(), width.saturating_sub(4)).len(),
        Some(Overlay::Outcomes(_)) => state.holds.tracks.len() + state.holds.remarks.len(),
        _ => return,
    };
    if let Some(Overlay::Palette(list) | Overlay::Help(list) | Overlay::Outcomes(list)) = &mut state.overlay {
        list.at = list.at.min(count.saturating_sub(1));
    }
}
