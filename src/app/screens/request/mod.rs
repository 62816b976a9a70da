//! One request: what it is, its diff, what runs, and what happened here before.

mod action_tree;
mod actions;
mod history;
mod overview;

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::app::evidence::Reading;
use crate::app::line::Line;
use crate::app::overlay::Overlay;
use crate::app::paper::DiffView;
use crate::app::screens::diff;
use crate::app::state::{Screen, State};
use crate::app::{Effect, look_ups, time};
use crate::desk::news::{AuditQuery, Errand};
use crate::domain::ids::RequestKey;
use crate::domain::record::Record;
use crate::domain::request::Request;
use crate::domain::text::SafeText;
use crate::keymap::Verb;
use crate::theme::Role;

pub use actions::changed;
pub use overview::{diff_line, diff_sizes, lines as overview, severity_role};

/// Where the text of a labelled line goes on in the next row.
const INDENT: usize = 11;
/// So many records of the past are looked through.
const HISTORY: usize = 1_000;

/// The parts of the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Who, what, why, where, clocks, policy, findings.
    #[default]
    Overview,
    /// Files and lines.
    Diff,
    /// Command and actions.
    Actions,
    /// What happened here before.
    History,
}

impl Tab {
    /// In the order of their keys `1` to `4`.
    pub const ALL: [Tab; 4] = [Tab::Overview, Tab::Diff, Tab::Actions, Tab::History];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Tab::Overview => "overview",
            Tab::Diff => "diff",
            Tab::Actions => "actions",
            Tab::History => "history",
        }
    }

    fn step(self, by: isize) -> Self {
        let at = (self as isize + by).rem_euclid(Self::ALL.len() as isize);
        Self::ALL.get(at as usize).copied().unwrap_or_default()
    }
}

/// The newest records of the audit log.
#[derive(Debug)]
pub enum Past {
    /// Not asked yet.
    Unasked,
    /// Asked, with this generation.
    Asked(u64),
    /// Newest first.
    Here(Vec<Arc<Record>>),
    /// Could not be read.
    Failed(SafeText),
}

/// The view of one request.
#[derive(Debug)]
pub struct RequestScreen {
    /// Which.
    pub key: RequestKey,
    /// Which part.
    pub tab: Tab,
    /// First line on the screen, of the parts that are text.
    pub top: usize,
    /// Hashes are shown whole.
    pub whole: bool,
    /// The action in the tree whose findings were gone to last, counted from the top.
    pub action: Option<usize>,
    /// The diff.
    pub diff: DiffView,
    /// The past.
    pub past: Past,
    /// The dialog that waits while its evidence is looked at.
    pub parked: Option<Box<Overlay>>,
}

impl RequestScreen {
    fn new(key: RequestKey, parked: Option<Box<Overlay>>) -> Self {
        let (tab, diff, past) = (Tab::default(), DiffView::default(), Past::Unasked);
        Self { key, tab, top: 0, whole: false, action: None, diff, past, parked }
    }
}

/// Opens a request; `parked` is a dialog that waits meanwhile.
pub fn open(state: &mut State, key: &RequestKey, parked: Option<Box<Overlay>>, fx: &mut Vec<Effect>) {
    state.screens.push(Screen::Request(Box::new(RequestScreen::new(key.clone(), parked))));
    state.dirty = true;
    read_evidence(state, key, fx);
    look_ups::ask(state, key, fx);
    time::look(state, key, fx);
}

/// Asks for the evidence unless it is here or on its way.
pub fn read_evidence(state: &mut State, key: &RequestKey, fx: &mut Vec<Effect>) {
    let Some(request) = state.queue.get(key).map(|e| Arc::clone(&e.request)) else { return };
    if matches!(state.evidences.of(&request), Some(Reading::Asked(_) | Reading::Here(_))) {
        return;
    }
    let generation = state.next_generation();
    state.evidences.asked(&request, generation);
    fx.push(Effect::Errand(Errand::Exhibit { generation, key: key.clone() }));
}

/// Whether colleagues can see at that backend who looks.
pub fn backend_looks(state: &State, key: &RequestKey) -> bool {
    state.backends.get(&key.backend).is_none_or(|b| b.capabilities.looks)
}

/// The evidence of an open request may be another one now: it is read again.
pub fn requests_changed(state: &mut State, fx: &mut Vec<Effect>) {
    let open = |s: &Screen| match s {
        Screen::Request(screen) => Some(screen.key.clone()),
        _ => None,
    };
    let keys: Vec<RequestKey> = state.screens.iter().filter_map(open).collect();
    for key in keys {
        let moved = state.queue.get(&key).is_some_and(|e| state.evidences.of(&e.request).is_none());
        if moved {
            read_evidence(state, &key, fx);
        }
    }
}

/// Runs a verb of this screen. Whether it was one.
pub fn run(state: &mut State, verb: Verb, fx: &mut Vec<Effect>) -> bool {
    let tab = match verb {
        Verb::TabOverview => Some(Tab::Overview),
        Verb::TabDiff => Some(Tab::Diff),
        Verb::TabActions | Verb::WholeShas => Some(Tab::Actions),
        Verb::TabHistory => Some(Tab::History),
        Verb::NextTab => state.request_screen().map(|s| s.tab.step(1)),
        Verb::PrevTab => state.request_screen().map(|s| s.tab.step(-1)),
        Verb::ActionDiff => {
            if diff::next_action(state, fx) {
                show_tab(state, Tab::Diff, fx);
            }
            state.dirty = true;
            return true;
        }
        _ if diff::is_shown(state) => return diff::run(state, verb, fx),
        Verb::NextFinding | Verb::PrevFinding if state.request_screen().is_some_and(|s| s.tab == Tab::Actions) => {
            actions::to_finding(state, verb == Verb::NextFinding);
            state.dirty = true;
            return true;
        }
        // The first press of a key of the diff shows it.
        Verb::NextFile | Verb::PrevFile | Verb::NextHunk | Verb::PrevHunk => Some(Tab::Diff),
        Verb::NextUnseen | Verb::NextFinding | Verb::PrevFinding => {
            show_tab(state, Tab::Diff, fx);
            return diff::run(state, verb, fx);
        }
        _ => return false,
    };
    let Some(tab) = tab else { return true };
    let was = state.request_screen().map(|s| s.tab);
    show_tab(state, tab, fx);
    if verb == Verb::WholeShas {
        show_whole(state, was);
    }
    state.dirty = true;
    true
}

fn show_tab(state: &mut State, tab: Tab, fx: &mut Vec<Effect>) {
    if let Some(screen) = state.request_screen_mut().filter(|s| s.tab != tab) {
        screen.tab = tab;
        screen.top = 0;
    }
    if tab == Tab::History {
        ask_past(state, fx);
    }
}

/// Turns short hashes into whole ones and back; from another tab they are shown whole at once.
fn show_whole(state: &mut State, was: Option<Tab>) {
    if let Some(screen) = state.request_screen_mut() {
        screen.whole = was != Some(Tab::Actions) || !screen.whole;
    }
}

fn ask_past(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(screen) = state.request_screen() else { return };
    if !matches!(screen.past, Past::Unasked | Past::Failed(_)) {
        return;
    }
    // A record names its request, not where that was: what belongs here is chosen from the newest ones.
    let query = AuditQuery { limit: HISTORY, ..AuditQuery::default() };
    let generation = state.next_generation();
    if let Some(screen) = state.request_screen_mut() {
        screen.past = Past::Asked(generation);
    }
    fx.push(Effect::Errand(Errand::Audit { generation, query }));
}

/// Takes an answer of the audit log in. Whether this screen asked for it.
pub fn past_came(state: &mut State, generation: u64, result: &Result<Vec<Arc<Record>>, SafeText>) -> bool {
    let asking = state.screens.iter_mut().find_map(|screen| match screen {
        Screen::Request(screen) if matches!(screen.past, Past::Asked(asked) if asked == generation) => Some(screen),
        _ => None,
    });
    let Some(screen) = asking else { return false };
    screen.past = match result {
        Ok(records) => Past::Here(records.clone()),
        Err(why) => Past::Failed(why.clone()),
    };
    true
}

/// Moves through the text or the diff.
pub fn scroll(state: &mut State, by: isize) {
    if diff::is_shown(state) {
        return diff::scroll(state, by);
    }
    if let Some(screen) = state.request_screen_mut() {
        screen.top = screen.top.saturating_add_signed(by);
    }
}

/// To the first or the last line.
pub fn to_end(state: &mut State, last: bool) {
    if diff::is_shown(state) {
        return diff::to_end(state, last);
    }
    if let Some(screen) = state.request_screen_mut() {
        screen.top = if last { usize::MAX / 2 } else { 0 };
    }
}

/// The window of the text or of the file.
pub fn window(state: &State) -> Rect {
    if diff::is_shown(state) { diff::window(state) } else { state.layout().request().1 }
}

/// The request that the view on top shows.
pub fn viewed(state: &State) -> Option<&Arc<Request>> {
    state.queue.get(&state.request_screen()?.key).map(|e| &e.request)
}

/// Keeps the text inside of its window, or lays the diff out for it.
pub fn lay_out(state: &mut State, fx: &mut Vec<Effect>) {
    if diff::is_shown(state) {
        return diff::lay_out(state, fx);
    }
    let window = window(state);
    let (width, rows) = (usize::from(window.width), usize::from(window.height));
    let last = text(state, width).map(|lines| lines.len().saturating_sub(rows));
    if let (Some(last), Some(screen)) = (last, state.request_screen_mut()) {
        screen.top = screen.top.min(last);
    }
}

/// The lines of the part on top, wrapped; absent where it is the diff.
pub fn text(state: &State, width: usize) -> Option<Vec<Line>> {
    let screen = state.request_screen()?;
    let Some(request) = viewed(state) else {
        return Some(vec![Line::of(Role::Warn, "this request is no longer known")]);
    };
    let lines = match screen.tab {
        Tab::Overview => overview::lines(state, request),
        Tab::Actions => actions::lines(state, request),
        Tab::History => history::lines(state, request, &screen.past),
        Tab::Diff => return None,
    };
    Some(lines.iter().flat_map(|line| line.wrap(width, INDENT)).collect())
}
