//! Decisions on their way: held back, sent, settled. And the LAST strip, which keeps every outcome until it is
//! acknowledged.

use crate::desk::news::Step;
use crate::domain::decision::Decision;
use crate::domain::ids::{DecisionId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::request::Ballot;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::safe;
use crate::sys::clock::Now;
use crate::theme::Role;

use super::words;

/// A hold-back that is over by more than this was slept through: nobody had the chance to take it back.
const SLEPT: i64 = 5_000;

/// Decisions that are held back together.
#[derive(Debug)]
pub struct Held {
    /// What is sent at the end.
    pub decisions: Vec<Decision>,
    /// In words: `approve shop/deploy-api`.
    pub what: SafeText,
    /// When it is sent, by the boot clock.
    pub until: Ms,
}

/// Where one decision stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Can be taken back.
    Held,
    /// On its way.
    Step(Step),
    /// Taken back or dropped: nothing was sent.
    Dropped(SafeText),
}

/// One decision of this console, from the key press to its outcome.
#[derive(Clone, Debug)]
pub struct Track {
    /// Which.
    pub id: DecisionId,
    /// About which request.
    pub key: RequestKey,
    /// In words.
    pub what: SafeText,
    /// Where it stands.
    pub stand: Stand,
    /// Since when.
    pub at: Ms,
    order: u64,
}

/// A line of the LAST strip that is not about one decision.
#[derive(Clone, Debug)]
pub struct Remark {
    /// When.
    pub at: Ms,
    /// What.
    pub text: SafeText,
    /// How it looks.
    pub role: Role,
    order: u64,
}

/// Everything that is on its way, and what came of it.
#[derive(Debug, Default)]
pub struct Holds {
    /// Oldest first.
    pub held: Vec<Held>,
    /// Oldest first.
    pub tracks: Vec<Track>,
    /// Oldest first.
    pub remarks: Vec<Remark>,
    steps: u64,
}

/// What is due now.
#[derive(Debug, Default)]
pub struct Due {
    /// To be sent.
    pub send: Vec<Decision>,
    /// Slept through: to be dropped.
    pub dropped: Vec<Decision>,
}

impl Holds {
    /// Holds decisions back for `span`.
    pub fn hold(&mut self, decisions: Vec<Decision>, titles: &[SafeText], what: SafeText, now: Now, span: Span) {
        for (decision, title) in decisions.iter().zip(titles) {
            self.track(decision, title.clone(), Stand::Held, now.wall);
        }
        self.held.push(Held { decisions, what, until: now.boot + span });
    }

    /// Notes a decision that is sent at once.
    pub fn track(&mut self, decision: &Decision, title: SafeText, stand: Stand, at: Ms) {
        let (id, key, ballot) = (decision.id.clone(), decision.request.clone(), decision.ballot);
        let what = safe!("{} {}", words::ballot(ballot), title);
        let order = self.next_order();
        self.tracks.push(Track { id, key, what, stand, at, order });
    }

    fn next_order(&mut self) -> u64 {
        self.steps += 1;
        self.steps
    }

    /// What the clock says is to be sent, or was slept through.
    pub fn due(&mut self, now: Now) -> Due {
        let mut due = Due::default();
        let (over, held) = std::mem::take(&mut self.held).into_iter().partition(|h| h.until <= now.boot);
        self.held = held;
        for group in Vec::from_iter::<Vec<Held>>(over) {
            let slept = now.boot.0.saturating_sub(group.until.0) > SLEPT;
            if slept { &mut due.dropped } else { &mut due.send }.extend(group.decisions);
        }
        due
    }

    /// The newest group, taken out: to be taken back or sent.
    pub fn take_newest(&mut self) -> Option<Held> {
        self.held.pop()
    }

    /// Everything that is held, taken out.
    pub fn take_all(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.held).into_iter().flat_map(|h| h.decisions).collect()
    }

    /// The held decisions that `over` is true for, taken out.
    pub fn take_where(&mut self, over: impl Fn(&Decision) -> bool) -> Vec<Decision> {
        let mut taken = Vec::new();
        for group in &mut self.held {
            let (out, stay) = std::mem::take(&mut group.decisions).into_iter().partition(|d| over(d));
            group.decisions = stay;
            taken.extend::<Vec<Decision>>(out);
        }
        self.held.retain(|g| !g.decisions.is_empty());
        taken
    }

    /// Notes where a decision stands now. Decisions of an earlier process are taken up here.
    pub fn step(&mut self, id: &DecisionId, key: &RequestKey, ballot: Ballot, title: SafeText, stand: Stand, at: Ms) {
        let order = self.next_order();
        if let Some(track) = self.tracks.iter_mut().find(|t| t.id == *id) {
            *track = Track { stand, at, order, ..track.clone() };
            return;
        }
        let what = safe!("{} {}", words::ballot(ballot), title);
        self.tracks.push(Track { id: id.clone(), key: key.clone(), what, stand, at, order });
    }

    /// Puts a remark into the strip.
    pub fn remark(&mut self, at: Ms, role: Role, text: SafeText) {
        let order = self.next_order();
        self.remarks.push(Remark { at, text, role, order });
    }

    /// How many were sent and have no outcome yet.
    pub fn in_flight(&self) -> usize {
        self.tracks.iter().filter(|t| matches!(t.stand, Stand::Step(Step::Sending | Step::Settling))).count()
    }

    /// Those that wait for their turn or for the backend, and can be taken back.
    pub fn waiting(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|t| matches!(t.stand, Stand::Step(Step::Queued | Step::Waits { .. })))
    }

    /// How many were over and came to something else than success.
    pub fn failed(&self) -> usize {
        let failed = |t: &&Track| match &t.stand {
            Stand::Step(Step::Done(outcome)) => !outcome.is_success(),
            Stand::Dropped(_) => true,
            _ => false,
        };
        self.tracks.iter().filter(failed).count()
    }

    /// How many are held back.
    pub fn held_count(&self) -> usize {
        self.held.iter().map(|h| h.decisions.len()).sum()
    }

    /// The newest outcome that was not acknowledged: a decision or a remark.
    pub fn newest(&self) -> Option<Latest<'_>> {
        let track = self.tracks.iter().filter(|t| t.is_over()).max_by_key(|t| t.order);
        let remark = self.remarks.last();
        match (track, remark) {
            (Some(t), Some(r)) if t.order > r.order => Some(Latest::Decision(t)),
            (_, Some(r)) => Some(Latest::Remark(r)),
            (Some(t), None) => Some(Latest::Decision(t)),
            (None, None) => None,
        }
    }

    /// How many outcomes wait to be acknowledged.
    pub fn outcomes(&self) -> usize {
        self.tracks.iter().filter(|t| t.is_over()).count() + self.remarks.len()
    }

    /// Acknowledges the newest outcome.
    pub fn acknowledge(&mut self) {
        match self.newest() {
            Some(Latest::Decision(track)) => {
                let id = track.id.clone();
                self.tracks.retain(|t| t.id != id);
            }
            Some(Latest::Remark(_)) => _ = self.remarks.pop(),
            None => {}
        }
    }

    /// When the countdown changes next, or ends, by the boot clock.
    pub fn next_deadline(&self, now: Now) -> Option<Ms> {
        let next = |until: Ms| {
            let left = until.0.saturating_sub(now.boot.0);
            Ms(if left <= 0 { now.boot.0 } else { now.boot.0 + (left - 1) % 1000 + 1 })
        };
        let counted = self.tracks.iter().filter_map(|t| match &t.stand {
            Stand::Step(Step::Waits { until, .. }) => Some(*until),
            _ => None,
        });
        self.held.iter().map(|held| held.until).chain(counted).map(next).min()
    }
}

/// The newest line of the strip.
#[derive(Clone, Copy, Debug)]
pub enum Latest<'a> {
    /// The outcome of a decision.
    Decision(&'a Track),
    /// Something else.
    Remark(&'a Remark),
}

impl Track {
    /// Whether an outcome is known, or nothing was sent.
    pub fn is_over(&self) -> bool {
        matches!(self.stand, Stand::Step(Step::Done(_) | Step::Dropped(_)) | Stand::Dropped(_))
    }

    /// Whether its words change with the seconds.
    pub fn counts_down(&self) -> bool {
        matches!(self.stand, Stand::Step(Step::Waits { .. }))
    }

    /// Where it stands, in words, with the role that they have.
    pub fn words(&self) -> (SafeText, Role) {
        match &self.stand {
            Stand::Held => (SafeText::lit("held back"), Role::Warn),
            Stand::Step(Step::Queued) => (SafeText::lit("waits for its turn"), Role::Warn),
            Stand::Step(Step::Waits { why, .. }) => (safe!("waits for the backend: {}", why), Role::Warn),
            Stand::Step(Step::Sending) => (SafeText::lit("sending"), Role::Dim),
            Stand::Step(Step::Settling) => (SafeText::lit("UNKNOWN, being settled"), Role::Unknown),
            Stand::Step(Step::Done(outcome)) => (outcome.words(), role_of(outcome)),
            Stand::Dropped(why) | Stand::Step(Step::Dropped(why)) => (safe!("nothing sent: {}", why), Role::Warn),
        }
    }
}

fn role_of(outcome: &Outcome) -> Role {
    match outcome {
        Outcome::Final { .. } | Outcome::Counted { .. } => Role::Good,
        Outcome::Unknown { .. } => Role::Unknown,
        Outcome::AlreadyDecided { .. } => Role::Warn,
        Outcome::NoEffect { .. } | Outcome::Refused { .. } | Outcome::Changed { .. } => Role::Bad,
    }
}
