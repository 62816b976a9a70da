//! The audit log: newest first, searched by words, one request's whole story at a key, exported as it is shown.

use std::sync::Arc;

use super::request;
use crate::app::Effect;
use crate::app::line::Line;
use crate::app::state::State;
use crate::desk::news::{AuditQuery, AuditState, Errand};
use crate::domain::ids::RequestKey;
use crate::domain::json;
use crate::domain::record::Record;
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::theme::Role;

/// So many records are asked for at once.
const PAGE: usize = 200;

/// The list of records.
#[derive(Debug, Default)]
pub struct AuditScreen {
    /// Words that a record must have.
    pub filter: String,
    /// Only this request's.
    pub request: Option<RequestKey>,
    /// Newest first.
    pub records: Vec<Arc<Record>>,
    /// What is wrong with the log.
    pub error: Option<SafeText>,
    /// Row under the cursor.
    pub cursor: usize,
    /// First row on the screen.
    pub top: usize,
    asked: Option<(u64, bool)>,
    whole: bool,
}

impl AuditScreen {
    /// Sees to it that the cursor's row is on a screen of `page` rows.
    pub fn show_cursor(&mut self, page: usize) {
        let page = page.max(1);
        self.cursor = self.cursor.min(self.records.len().saturating_sub(1));
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(page));
    }

    /// The record under the cursor.
    pub fn selected(&self) -> Option<&Arc<Record>> {
        self.records.get(self.cursor)
    }

    /// Whether an answer is on its way.
    pub fn is_reading(&self) -> bool {
        self.asked.is_some()
    }

    /// What is asked of the log.
    pub fn query(&self) -> AuditQuery {
        AuditQuery { text: Text::from(self.filter.as_str()), request: self.request.clone(), before: None, limit: PAGE }
    }
}

/// Reads the newest page anew.
pub fn read(state: &mut State, fx: &mut Vec<Effect>) {
    let generation = state.next_generation();
    state.audit.asked = Some((generation, false));
    state.dirty = true;
    fx.push(Effect::Errand(Errand::Audit { generation, query: state.audit.query() }));
}

/// Reads on where the list ends, once.
pub fn read_on(state: &mut State, fx: &mut Vec<Effect>) {
    let at_end = state.audit.cursor + 1 >= state.audit.records.len();
    let Some(last) = state.audit.records.last().filter(|_| at_end && !state.audit.whole) else { return };
    if state.audit.asked.is_some() {
        return;
    }
    let before = Some(last.seq);
    let generation = state.next_generation();
    state.audit.asked = Some((generation, true));
    fx.push(Effect::Errand(Errand::Audit { generation, query: AuditQuery { before, ..state.audit.query() } }));
}

/// Takes in a page of the log.
pub fn answer(state: &mut State, generation: u64, result: Result<Vec<Arc<Record>>, SafeText>) {
    if request::past_came(state, generation, &result) {
        state.dirty = true;
        return;
    }
    let Some((_, more)) = state.audit.asked.filter(|(asked, _)| *asked == generation) else { return };
    let audit = &mut state.audit;
    audit.asked = None;
    state.dirty = true;
    match result {
        Ok(records) => {
            audit.error = None;
            audit.whole = records.len() < PAGE;
            if !more {
                audit.records.clear();
                audit.cursor = 0;
            }
            audit.records.extend(records);
        }
        Err(why) => audit.error = Some(why),
    }
}

/// The whole story of the request under the cursor; again: everything.
pub fn toggle_why(state: &mut State, fx: &mut Vec<Effect>) {
    let key = state.audit.selected().and_then(|r| r.request.clone());
    if state.audit.request.is_none() && key.is_none() {
        state.say("this record is about no request");
        return;
    }
    state.audit.request = if state.audit.request.is_some() { None } else { key };
    read(state, fx);
}

/// Has what the filter shows written to a file.
pub fn export(state: &State, csv: bool, fx: &mut Vec<Effect>) {
    let query = AuditQuery { limit: usize::MAX, ..state.audit.query() };
    fx.push(Effect::Errand(Errand::Export { csv, query }));
}

/// A record as a row: number, time, who, what.
pub fn row(record: &Record) -> Line {
    let who = record.by.as_ref().map_or(SafeText::lit("-"), |p| p.shown());
    Line::of(Role::Dim, safe!("{:>6} {} ", record.seq, record.at.iso()))
        .and(Role::Strong, who.cut(10))
        .filled_to(39)
        .and_marked(Role::Text, &crate::audit::words(record))
}

/// The record under the cursor, whole, as it stands in the log.
pub fn detail(state: &State) -> Vec<Line> {
    let Some(record) = state.audit.selected() else { return Vec::new() };
    let mut lines = vec![
        Line::of(Role::Strong, safe!("#{}  {}", record.seq, record.at.iso())),
        Line::new().and_marked(Role::Text, &crate::audit::words(record)),
    ];
    if let Some(key) = &record.request {
        lines.push(Line::labelled("REQUEST", Role::Text, safe!("{}", key)));
    }
    if let Some(by) = &record.by {
        lines.push(Line::labelled("BY", Role::Text, safe!("{} ({})", by.shown(), by.assurance.word())));
    }
    let line = json::to_line(record.as_ref()).unwrap_or_default();
    lines.push(Line::labelled("PREV", Role::Dim, safe!("{}", record.prev)));
    lines.push(Line::labelled("RECORD", Role::Dim, Text::from(line).prose()));
    lines
}

/// The state of the log, for the header: `audit anchored #812`.
pub fn state_line(state: &State) -> Line {
    match &state.audit_state {
        None => Line::of(Role::Dim, "audit ?"),
        Some(AuditState::Broken { .. }) => Line::of(Role::Bad, "audit BROKEN"),
        Some(AuditState::Ok { seq, anchored: Some(anchored) }) if anchored >= seq => {
            Line::of(Role::Text, safe!("audit anchored #{}", anchored))
        }
        Some(AuditState::Ok { seq, anchored: Some(anchored) }) => {
            Line::of(Role::Text, safe!("audit #{}, anchored #{}", seq, anchored))
        }
        Some(AuditState::Ok { seq, anchored: None }) => Line::of(Role::Warn, safe!("audit #{} not anchored", seq)),
    }
}
