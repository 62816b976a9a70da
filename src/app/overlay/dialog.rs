//! A dialog: fields, the dead time, the locks. What it sends is in `decide` and `acts`, what it says in `say`.

use std::sync::Arc;

use super::decide;
use crate::app::field::Field;
use crate::app::state::State;
use crate::app::time::DEAD_TIME;
use crate::domain::finding::Finding;
use crate::domain::ids::{BackendName, GrantId, RequestKey};
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::keymap::Verb;

/// A request that the dialog is about, as it was shown.
#[derive(Debug)]
pub struct Target {
    /// As it was shown.
    pub shown: Arc<Request>,
    /// It can no longer be decided, and why.
    pub lock: Option<SafeText>,
}

/// What the dialog is for.
#[derive(Debug)]
pub enum Purpose {
    /// A ballot on one request or several.
    Decide {
        /// Yes, no, break-glass.
        ballot: Ballot,
        /// On which.
        targets: Vec<Target>,
    },
    /// A finding no longer counts for a while.
    Accept {
        /// Of which request.
        target: Arc<Request>,
        /// What can be accepted, the worst first.
        findings: Vec<Finding>,
        /// Which of them is meant.
        at: usize,
    },
    /// A look back at a break-glass.
    Review {
        /// Of which request.
        target: Arc<Request>,
    },
    /// A grant is taken back.
    Revoke {
        /// Where.
        backend: BackendName,
        /// Which.
        grant: GrantId,
    },
    /// A vote for more time.
    Extend {
        /// Where.
        backend: BackendName,
        /// Which.
        grant: GrantId,
    },
}

/// A stop of the cursor in a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Which finding.
    Finding,
    /// For how many days.
    Days,
    /// How far.
    Scope,
    /// Until when a pass may start.
    StartBy,
    /// How long it may run.
    RunFor,
    /// The comment.
    Why,
    /// The number of unseen files.
    Ack,
    /// The demanded word.
    Word,
    /// Not a field: from here the confirming key sends.
    Send,
}

/// Something that is about to be sent.
#[derive(Debug)]
pub struct Dialog {
    /// What for.
    pub purpose: Purpose,
    /// The stops, from top to bottom.
    pub fields: Vec<FieldKind>,
    /// Which of them has the cursor.
    pub focus: usize,
    /// How far.
    pub scope: Scope,
    /// Scopes to choose from.
    pub scopes: Vec<Scope>,
    /// Text of start-by.
    pub start_by: Field,
    /// Text of run-for.
    pub run_for: Field,
    /// Caps of start-by and run-for.
    pub caps: (Span, Span),
    /// The comment.
    pub why: Field,
    /// For how many days a finding is accepted.
    pub days: Field,
    /// The typed number of unseen files.
    pub ack: Field,
    /// The typed word.
    pub word: Field,
    /// The word that is demanded.
    pub demanded: Option<crate::domain::text::Text>,
    /// A reason is demanded.
    pub reason: bool,
    /// Nothing can be sent from here any more, and why.
    pub locked: Option<SafeText>,
    /// What changed since it opened, newest first: the last few.
    pub changed: Vec<SafeText>,
    /// What keeps it from being sent.
    pub error: Option<SafeText>,
    arms_at: Ms,
    armed: bool,
    pub(super) fresh: bool,
}

impl Dialog {
    /// A dialog that opened now, with no field but the comment.
    pub fn new(purpose: Purpose, boot: Ms) -> Self {
        Self {
            purpose,
            fields: vec![FieldKind::Why, FieldKind::Send],
            focus: 0,
            scope: Scope::Once,
            scopes: vec![Scope::Once],
            start_by: Field::line(""),
            run_for: Field::line(""),
            caps: (Span::ZERO, Span::ZERO),
            why: Field::comment(),
            days: Field::line(&DAYS.to_string()),
            ack: Field::line(""),
            word: Field::line(""),
            demanded: None,
            reason: false,
            locked: None,
            changed: Vec::new(),
            error: None,
            arms_at: Ms(boot.0 + DEAD_TIME),
            armed: false,
            fresh: true,
        }
    }

    /// The request that it is about, the first of several.
    pub fn first_key(&self) -> Option<&RequestKey> {
        match &self.purpose {
            Purpose::Decide { targets, .. } => targets.first().map(|t| t.shown.key()),
            Purpose::Review { target } | Purpose::Accept { target, .. } => Some(target.key()),
            Purpose::Revoke { .. } | Purpose::Extend { .. } => None,
        }
    }

    /// The requests that it is about.
    pub fn targets(&self) -> &[Target] {
        match &self.purpose {
            Purpose::Decide { targets, .. } => targets,
            _ => &[],
        }
    }

    /// Where the cursor is.
    pub fn focused(&self) -> FieldKind {
        self.fields.get(self.focus).copied().unwrap_or(FieldKind::Send)
    }

    /// The verb that sends it.
    pub fn confirm(&self) -> Verb {
        match &self.purpose {
            Purpose::Decide { ballot: Ballot::Reject, .. } | Purpose::Revoke { .. } => Verb::Refuse,
            _ => Verb::Go,
        }
    }

    /// Whether what is typed counts by now.
    pub fn is_armed(&self) -> bool {
        self.armed
    }

    /// When it will count.
    pub fn arms_at(&self) -> Option<Ms> {
        (!self.armed).then_some(self.arms_at)
    }

    /// Ends the dead time where it is over. Whether it did so now.
    pub fn become_armed(&mut self, boot: Ms) -> bool {
        let now = !self.armed && boot >= self.arms_at;
        self.armed |= now;
        now
    }

    /// Begins the dead time anew.
    pub fn disarm(&mut self, boot: Ms) {
        self.armed = false;
        self.arms_at = Ms(boot.0 + DEAD_TIME);
    }

    /// What was shown is another thing now: what was typed to confirm it is cleared, the comment stays. What changed
    /// before stays said, behind it: one change often brings the next, and the first may be the one that matters.
    pub fn rearm(&mut self, boot: Ms, what: SafeText) {
        self.disarm(boot);
        self.word.set("");
        self.ack.set("");
        self.error = None;
        self.changed.retain(|before| *before != what);
        self.changed.insert(0, what);
        self.changed.truncate(3);
    }

    /// The field that a paste goes to, where one has the cursor and the dead time is over.
    pub fn paste_target(&mut self, boot: Ms) -> Option<&mut Field> {
        self.become_armed(boot);
        if !self.armed || self.locked.is_some() {
            return None;
        }
        // A demanded word is typed, not pasted: it is there to make somebody read it.
        match self.focused() {
            FieldKind::Word | FieldKind::Ack => None,
            _ => self.text_field(),
        }
    }

    pub(super) fn text_field(&mut self) -> Option<&mut Field> {
        Some(match self.focused() {
            FieldKind::StartBy => &mut self.start_by,
            FieldKind::RunFor => &mut self.run_for,
            FieldKind::Why => &mut self.why,
            FieldKind::Ack => &mut self.ack,
            FieldKind::Word => &mut self.word,
            FieldKind::Days => &mut self.days,
            FieldKind::Finding | FieldKind::Scope | FieldKind::Send => return None,
        })
    }

    /// Puts the cursor on a field, where there is such a one.
    pub fn go_to(&mut self, kind: FieldKind) {
        if let Some(at) = self.fields.iter().position(|f| *f == kind) {
            self.focus = at;
            self.fresh = true;
        }
    }

    pub(super) fn step(&mut self, by: isize) {
        let count = self.fields.len().max(1) as isize;
        self.focus = (self.focus as isize + by).rem_euclid(count) as usize;
        self.fresh = true;
    }

    /// Puts other fields in; the cursor stays with its own.
    pub fn set_fields(&mut self, fields: Vec<FieldKind>) {
        let stood = self.focused();
        self.fields = fields;
        self.focus = self.fields.iter().position(|f| *f == stood).unwrap_or(self.fields.len().saturating_sub(1));
    }

    /// Works out anew what it needs.
    pub fn refit(&mut self, state: &State) {
        decide::refit(state, self);
    }

    /// To the next value of the field under the cursor. Whether it has such values.
    pub(super) fn nudge(&mut self, by: isize) -> bool {
        match self.focused() {
            FieldKind::Finding => {
                let Purpose::Accept { findings, at, .. } = &mut self.purpose else { return false };
                *at = at.saturating_add_signed(by).min(findings.len().saturating_sub(1));
                true
            }
            FieldKind::Scope => {
                let at = self.scopes.iter().position(|s| *s == self.scope).unwrap_or(0);
                let next = at.saturating_add_signed(by).min(self.scopes.len().saturating_sub(1));
                self.scope = self.scopes.get(next).copied().unwrap_or_default();
                true
            }
            FieldKind::StartBy => nudge_time(&mut self.start_by, self.caps.0, by),
            FieldKind::RunFor => nudge_time(&mut self.run_for, self.caps.1, by),
            _ => false,
        }
    }
}

/// For how many days a finding is accepted unless said otherwise.
pub const DAYS: u32 = 30;

const PRESETS: [Span; 9] = [
    Span::mins(1),
    Span::mins(5),
    Span::mins(10),
    Span::mins(15),
    Span::mins(30),
    Span::hours(1),
    Span::hours(2),
    Span::hours(4),
    Span::hours(8),
];

/// The next preset below or above what stands there, up to the cap.
fn nudge_time(field: &mut Field, cap: Span, by: isize) -> bool {
    let now = field.text().parse::<Span>().unwrap_or(Span::ZERO);
    let steps = PRESETS.into_iter().filter(|p| *p < cap).chain([cap]);
    let next = if by > 0 { steps.clone().find(|p| *p > now) } else { steps.clone().rfind(|p| *p < now) };
    if let Some(next) = next {
        field.set(&next.to_string());
    }
    true
}
