//! Everything that the console knows, and when it wants to be woken.

use std::collections::BTreeMap;

use super::evidence::Evidences;
use super::holds::Holds;
use super::layout::Layout;
use super::line::Line;
use super::look_ups::LookedUp;
use super::overlay::Overlay;
use super::queue::{Entry, Production, Queue};
use super::screens::audit::AuditScreen;
use super::screens::diff::DiffScreen;
use super::screens::grants::GrantsScreen;
use super::screens::request::RequestScreen;
use super::setup::Setup;
use super::words::minute_of;
use crate::desk::news::{AuditState, BackendState, GuardState};
use crate::domain::acceptance::Given;
use crate::domain::digest::Hasher;
use crate::domain::ids::{BackendName, DecisionId, RequestKey};
use crate::domain::principal::Principal;
use crate::domain::text::SafeText;
use crate::domain::time::Ms;
use crate::keymap::Context;
use crate::sys::clock::Now;
use crate::theme::Role;

/// What lies over the queue.
#[derive(Debug)]
pub enum Screen {
    /// One request.
    Request(Box<RequestScreen>),
    /// What was granted.
    Grants,
    /// The audit log.
    Audit,
    /// A diff that belongs to no request: `jit-tui diff`.
    Diff(Box<DiffScreen>),
}

/// Colleagues are told that somebody looks at this request.
#[derive(Clone, Debug)]
pub struct Looking {
    /// Which.
    pub key: RequestKey,
    /// When to say so again, by the boot clock.
    pub again: Ms,
}

/// The console's whole state; one owner, changed by `update` only.
#[derive(Debug)]
pub struct State {
    pub(crate) setup: Setup,
    pub(crate) now: Now,
    pub(crate) label: Ms,
    pub(crate) backends: BTreeMap<BackendName, BackendState>,
    pub(crate) queue: Queue,
    pub(crate) screens: Vec<Screen>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) evidences: Evidences,
    pub(crate) looked_up: LookedUp,
    pub(crate) grants: GrantsScreen,
    pub(crate) audit: AuditScreen,
    pub(crate) audit_state: Option<AuditState>,
    pub(crate) guard: Option<GuardState>,
    pub(crate) holds: Holds,
    pub(crate) note: Option<SafeText>,
    pub(crate) looking: Option<Looking>,
    pub(crate) last_key: Ms,
    pub(crate) swapped_at: Option<Ms>,
    pub(crate) bell_at: Option<Ms>,
    pub(crate) aged: usize,
    pub(crate) kept_comment: Option<(RequestKey, String)>,
    pub(crate) acceptances: Vec<Given>,
    pub(crate) dirty: bool,
    generation: u64,
    ids_made: u64,
}

impl State {
    /// The state before anything is known.
    pub fn new(setup: Setup) -> Self {
        let now = setup.now;
        let mut holds = Holds::default();
        for notice in &setup.notices {
            holds.remark(now.wall, Role::Warn, notice.clone());
        }
        let alone = setup.alone.clone().map(|alone| Screen::Diff(Box::new(DiffScreen::new(alone))));
        Self {
            now,
            label: minute_of(now.wall),
            backends: BTreeMap::new(),
            queue: Queue::new(Production::new(&setup.production)),
            screens: alone.into_iter().collect(),
            overlay: None,
            evidences: Evidences::default(),
            looked_up: LookedUp::default(),
            grants: GrantsScreen::default(),
            audit: AuditScreen::default(),
            audit_state: None,
            guard: None,
            holds,
            note: None,
            looking: None,
            last_key: now.boot,
            swapped_at: None,
            bell_at: None,
            aged: 0,
            kept_comment: None,
            acceptances: Vec::new(),
            dirty: true,
            generation: 0,
            ids_made: 0,
            setup,
        }
    }

    /// Whether something visible changed since the last call. Call it once before each draw: what the draw then
    /// shows counts as seen.
    pub fn take_dirty(&mut self) -> bool {
        if !std::mem::take(&mut self.dirty) {
            return false;
        }
        super::screens::diff::note_seen(self);
        true
    }

    /// When `Msg::Deadline` is due, in milliseconds since boot.
    pub fn next_deadline(&self, now: Now) -> Option<Ms> {
        super::time::next_deadline(self, now)
    }

    /// A number that no earlier question had.
    pub(crate) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// An id that was never used: from the seed, and how many were made before.
    pub(crate) fn next_decision_id(&mut self) -> DecisionId {
        self.ids_made += 1;
        let mut hasher = Hasher::tagged("jit-tui/decision-id/v1");
        hasher.field(&self.setup.seed);
        hasher.field(&self.ids_made.to_be_bytes());
        let digest = hasher.finish();
        let mut random = [0; 10];
        random.iter_mut().zip(digest.as_bytes()).for_each(|(slot, byte)| *slot = *byte);
        DecisionId::new(self.now.wall, random)
    }

    /// The screen on top, `None` for the queue.
    pub(crate) fn screen(&self) -> Option<&Screen> {
        self.screens.last()
    }

    /// Where keys mean something now, dialogs aside.
    pub(crate) fn context(&self) -> Context {
        match self.screen() {
            None => Context::Queue,
            Some(Screen::Request(_)) => Context::Request,
            Some(Screen::Grants) => Context::Grants,
            Some(Screen::Audit) => Context::Audit,
            Some(Screen::Diff(_)) => Context::Diff,
        }
    }

    /// The request view on top, if it is one.
    pub(crate) fn request_screen(&self) -> Option<&RequestScreen> {
        match self.screen() {
            Some(Screen::Request(screen)) => Some(screen),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn request_screen_mut(&mut self) -> Option<&mut RequestScreen> {
        match self.screens.last_mut() {
            Some(Screen::Request(screen)) => Some(screen),
            _ => None,
        }
    }

    /// Who you are to this backend.
    pub(crate) fn you(&self, backend: &BackendName) -> Option<&Principal> {
        self.backends.get(backend)?.session.as_ref().map(|s| &s.you)
    }

    /// Whether requester and approver share one user somewhere.
    pub(crate) fn same_user(&self) -> bool {
        self.backends.values().any(|b| b.session.as_ref().is_some_and(|s| s.same_user))
    }

    /// What warns above everything: at most two rows, since that is what a wrong log with its mend needs at 80 columns.
    pub(crate) fn banner(&self) -> Vec<Line> {
        let width = usize::from(self.setup.size.0);
        let rows = self.warning().map(|text| Line::of(Role::Banner, text).wrap(width, 0)).unwrap_or_default();
        rows.into_iter().take(2).collect()
    }

    fn warning(&self) -> Option<SafeText> {
        let broken = match &self.audit_state {
            Some(AuditState::Broken { why }) => Some(crate::safe!("AUDIT LOG BROKEN, nothing can be decided: {}", why)),
            _ => None,
        };
        let read_only = self.setup.read_only.then(|| SafeText::lit("READ ONLY: nothing can be decided from here"));
        let same = self.same_user().then(|| SafeText::lit("SAME USER: stops accidents, not your own programs"));
        broken.or(read_only).or(same)
    }

    /// Whether there is nothing but a diff here.
    pub(crate) fn is_alone(&self) -> bool {
        self.setup.alone.is_some()
    }

    /// Where things stand on the screen.
    pub(crate) fn layout(&self) -> Layout {
        if self.is_alone() {
            return Layout::alone(self.setup.size);
        }
        Layout::new(self.setup.size, self.banner().len())
    }

    /// The request under the cursor of the screen on top.
    pub(crate) fn current(&self) -> Option<&Entry> {
        match self.screen() {
            None => self.queue.selected().map(|row| row.entry.as_ref()),
            Some(Screen::Request(screen)) => self.queue.get(&screen.key).map(|e| e.as_ref()),
            Some(Screen::Grants | Screen::Audit | Screen::Diff(_)) => None,
        }
    }

    /// Whether a dialog is open, or waits while its evidence is looked at: the queue stands still meanwhile.
    pub(crate) fn is_deciding(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Dialog(_))) || self.is_parked()
    }

    /// Whether a dialog waits while its evidence is looked at.
    pub(crate) fn is_parked(&self) -> bool {
        self.request_screen().is_some_and(|s| s.parked.is_some())
    }

    /// Says something in the footer until the next key.
    pub(crate) fn say(&mut self, note: impl Into<SafeText>) {
        self.note = Some(note.into());
        self.dirty = true;
    }
}
