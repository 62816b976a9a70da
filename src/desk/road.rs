//! The one road of a decision: its turn, intent on disk, read again, compared, sent once, settled, outcome on disk.
//! A backend that takes no call for a moment is waited for, never longer than two minutes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::claims::Claim;
use super::compare::{compare, gone, no, refused, unwritable};
use super::guard::give::{self, Ground};
use super::look_ups::{Read, Unread};
use super::news::{News, Step};
use super::pace;
use super::polls::within;
use super::waits::Waited;
use super::{Inner, look_ups};
use crate::audit;
use crate::backends::port::{Backend, Fault, Trouble};
use crate::decide;
use crate::domain::decision::Decision;
use crate::domain::json;
use crate::domain::outcome::Outcome;
use crate::domain::record::{Entry, Event, Head, Place};
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::safe;
use crate::sys::clock::Now;

/// Between two re-reads of a decision that nobody knows the outcome of.
const SETTLE_EVERY: Duration = Duration::from_secs(1);
const SETTLE_AT_MOST: Duration = Duration::from_secs(30);
/// So long in all a decision waits for a backend that takes no call.
const ARMED: Span = Span::mins(2);
/// The wait where the backend does not say how long.
const UNSAID: Span = Span::mins(1);
/// A wait that was over by so much was slept through.
const SLEPT: Span = Span::secs(10);

/// A decision of the guard: what goes on record with its intent, and what must still hold when it is sent.
pub(super) struct Auto {
    /// The record that it was decided on.
    pub(super) behind: Head,
    /// Recorded with the intent.
    pub(super) also: Event,
    /// Asked at the last moment before it is sent.
    pub(super) still: Box<dyn Fn(Now) -> bool + Send + Sync>,
}

/// Goes the whole road and tells every step of it; the last one is the answer as well.
pub(super) async fn travel(desk: &Arc<Inner>, decision: Decision, unread: Unread) -> Outcome {
    match go(desk, &decision).await {
        Ok((outcome, read)) => {
            tell(desk, &decision, Step::Done(outcome.clone())).await;
            look_ups::decided(desk, &decision, &outcome, read, unread).await;
            outcome
        }
        Err(why) => {
            tell(desk, &decision, Step::Dropped(why.clone())).await;
            refused(&why)
        }
    }
}

/// Tells where a decision stands.
pub(super) async fn tell(desk: &Arc<Inner>, decision: &Decision, step: Step) {
    let (id, key, ballot) = (decision.id.clone(), decision.request.clone(), decision.ballot);
    desk.tell(News::Decision { id, key, ballot, step }).await;
}

/// # Errors
/// Why it was dropped before its intent.
async fn go(desk: &Arc<Inner>, decision: &Decision) -> Result<(Outcome, Read), SafeText> {
    let Some(backend) = desk.backend(&decision.request.backend) else {
        let why = safe!("no backend {} in the config: nothing was sent", decision.request.backend);
        return Ok((refused(&why), Read::default()));
    };
    let was_held = desk.is_held(&decision.id);
    let claim = match desk.claim(&decision.id) {
        Ok(claim) => claim,
        Err(e) => return Ok((refused(&unwritable(&e.to_string())), Read::default())),
    };
    let place = match turn(desk, &backend, decision, was_held).await {
        Ok(place) => place,
        Err(why) => {
            drop_it(desk, decision, &why).await;
            claim.release();
            return Err(why);
        }
    };
    if let Err(why) = desk.record(intent(desk, decision)).await {
        return Ok((refused(&unwritable(&why)), Read::default()));
    }
    tell(desk, decision, Step::Sending).await;
    let trip = Trip { desk, backend: &backend, decision, still: &|_| true, told: true, about: OnceLock::new() };
    Ok(trip.carry(claim, place).await)
}

/// Waits for the decision's turn, where it has to. It is no more than held meanwhile.
///
/// # Errors
/// Why it was taken back.
async fn turn(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    decision: &Decision,
    was_held: bool,
) -> Result<Option<pace::Place>, SafeText> {
    let every = backend.capabilities().pace;
    if let Some(place) =
        desk.pace(backend.name()).and_then(|pace| pace.at_once(every, backend.goes_with(&decision.request)))
    {
        return Ok(Some(place));
    }
    if !was_held {
        let event = Event::Held { decision: decision.id.clone() };
        super::errands::put(desk, Some(decision.request.clone()), event, audit::Sync::No).await;
    }
    tell(desk, decision, Step::Queued).await;
    match desk.waits.until(&decision.id, pace::place(desk, backend, &decision.request)).await {
        Waited::Done(place) => Ok(place),
        Waited::TakenBack(why) => Err(why),
    }
}

async fn drop_it(desk: &Arc<Inner>, decision: &Decision, why: &SafeText) {
    let event = Event::Dropped { decision: decision.id.clone(), why: why.into() };
    super::errands::put(desk, Some(decision.request.clone()), event, audit::Sync::No).await;
}

/// The guard's road: intent and pass go on record together, behind the record that was decided on; `None` and
/// nothing done where the log says something newer.
pub(super) async fn travel_behind(
    desk: &Arc<Inner>,
    backend: &Arc<dyn Backend>,
    decision: &Decision,
    auto: &Auto,
) -> Option<Outcome> {
    let claim = match desk.claim(&decision.id) {
        Ok(claim) => claim,
        Err(e) => return Some(refused(&unwritable(&e.to_string()))),
    };
    let entry = |event| Entry { at: desk.now().wall, by: None, request: Some(decision.request.clone()), event };
    let intent = Event::Intent { decision: Box::new(decision.clone()) };
    match desk.journal.append_behind(auto.behind, vec![entry(intent), entry(auto.also.clone())]).await {
        Err(why) => Some(refused(&unwritable(&why))),
        Ok(None) => {
            claim.release();
            None
        }
        Ok(Some(_)) => {
            let trip = Trip { desk, backend, decision, still: &*auto.still, told: false, about: OnceLock::new() };
            Some(trip.carry(claim, None).await.0)
        }
    }
}

/// A decision of the guard that needs nothing but its own record.
pub(super) async fn travel_alone(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, decision: &Decision) -> Outcome {
    let place = pace::place(desk, backend, &decision.request).await;
    let claim = match desk.claim(&decision.id) {
        Ok(claim) => claim,
        Err(e) => return refused(&unwritable(&e.to_string())),
    };
    if let Err(why) = desk.record(Entry { by: None, ..intent(desk, decision) }).await {
        return refused(&unwritable(&why));
    }
    let trip = Trip { desk, backend, decision, still: &|_| true, told: false, about: OnceLock::new() };
    trip.carry(claim, place).await.0
}

/// Writes the outcome that closes the intent, and with it the grant that the guard keeps from then on. An outcome
/// that cannot be written stays open and is settled at the next start.
pub(super) async fn close(
    desk: &Arc<Inner>,
    decision: &Decision,
    outcome: &Outcome,
    (place, ground): (Option<&Place>, Option<&Ground>),
) {
    let event = Event::Outcome { decision: decision.id.clone(), result: outcome.clone(), place: place.cloned() };
    let entry = |by, event| Entry { at: desk.now().wall, by, request: Some(decision.request.clone()), event };
    let given = ground.and_then(|ground| give::give(desk, decision, ground, outcome));
    let by = desk.principal_at(&decision.request.backend);
    let entries = std::iter::once(entry(None, event)).chain(given.map(|given| entry(by, given)));
    if let Err(why) = desk.journal.append(entries.collect(), audit::Sync::Yes).await {
        desk.audit_broken(&why).await;
    }
}

/// A decision between its intent on disk and its outcome on disk.
struct Trip<'a> {
    desk: &'a Arc<Inner>,
    backend: &'a Arc<dyn Backend>,
    decision: &'a Decision,
    /// Asked at the last moment before it is sent.
    still: &'a (dyn Fn(Now) -> bool + Send + Sync),
    /// A person waits for it: its steps are told.
    told: bool,
    /// Where it is about, once its request was read again.
    about: OnceLock<Place>,
}

/// What one try came to.
pub(super) enum Tried {
    Done(Outcome, Option<Box<Ground>>),
    /// Nothing was done, and not before a while again.
    Limited(Fault),
}

impl Trip<'_> {
    /// The place is for calls: what is done with them does not keep others waiting for the disk.
    async fn carry(&self, claim: Claim, place: Option<pace::Place>) -> (Outcome, Read) {
        let (outcome, ground) = self.tries().await;
        drop(place);
        close(self.desk, self.decision, &outcome, (self.about.get(), ground.as_deref())).await;
        claim.release();
        (outcome, Read { place: self.about.get().cloned(), actions: ground.map(|ground| ground.actions) })
    }

    async fn tell(&self, step: Step) {
        if self.told {
            tell(self.desk, self.decision, step).await;
        }
    }

    /// Tries until it is done; each time everything is read and compared anew.
    async fn tries(&self) -> (Outcome, Option<Box<Ground>>) {
        let armed_until = self.desk.now().boot + ARMED;
        loop {
            match self.once().await {
                Tried::Done(outcome, ground) => return (outcome, ground),
                Tried::Limited(fault) => {
                    if let Err(why) = self.wait_for(&fault, armed_until).await {
                        return (refused(&safe!("nothing was sent: {}", why)), None);
                    }
                }
            }
        }
    }

    /// Counts down to the moment that the backend named.
    ///
    /// # Errors
    /// Where that is too late, or the decision was taken back meanwhile.
    async fn wait_for(&self, fault: &Fault, armed_until: Ms) -> Result<(), SafeText> {
        let (now, wait) = (self.desk.now(), fault.retry_after.unwrap_or(UNSAID));
        let until = now.boot + wait;
        if until > armed_until {
            let again = (now.wall + wait).clock();
            return Err(safe!("{}; {} takes decisions again {} UTC", fault.message, self.backend.name(), again));
        }
        self.tell(Step::Waits { until, why: fault.message.clone() }).await;
        let pause = tokio::time::sleep(wait.as_duration());
        match self.desk.waits.until(&self.decision.id, pause).await {
            Waited::TakenBack(why) => Err(why),
            Waited::Done(()) if self.desk.now().boot > until + SLEPT => {
                Err(SafeText::lit("the machine slept through the countdown"))
            }
            Waited::Done(()) => {
                self.tell(Step::Sending).await;
                Ok(())
            }
        }
    }

    async fn once(&self) -> Tried {
        let actions = give::actions(&**self.backend, self.decision).await;
        let now = match compare(&**self.backend, self.decision).await {
            Ok(now) => now,
            Err(tried) => return tried,
        };
        self.about.get_or_init(|| Place::of(&now.core));
        let ground = match actions {
            Ok(actions) => give::ground(actions, &now),
            Err(fault) if fault.trouble == Trouble::Limited => return Tried::Limited(fault),
            Err(fault) => return Tried::done(refused(&safe!("nothing was sent: {}", fault.message))),
        };
        if !(self.still)(self.desk.now()) {
            return Tried::done(refused(&SafeText::lit("nothing was sent: the grant is over")));
        }
        match self.send().await {
            Tried::Done(outcome, _) => Tried::Done(outcome, ground),
            limited => limited,
        }
    }

    async fn send(&self) -> Tried {
        let Ok(bytes) = json::to_line(self.decision) else {
            return Tried::done(refused(&SafeText::lit("the decision cannot be written as JSON: nothing was sent")));
        };
        match within(self.backend.decide(self.decision, &bytes)).await {
            Ok(Outcome::Unknown { .. }) => {}
            Ok(outcome) => return Tried::done(outcome),
            Err(fault) if fault.trouble == Trouble::NoAnswer || fault.trouble == Trouble::Protocol => {}
            Err(fault) if fault.trouble == Trouble::Limited => return Tried::Limited(fault),
            Err(fault) => return Tried::done(no(&**self.backend, self.decision, &fault).await),
        }
        self.tell(Step::Settling).await;
        Tried::done(settle(self.desk, self.backend, self.decision).await)
    }
}

impl Tried {
    pub(super) fn done(outcome: Outcome) -> Self {
        Self::Done(outcome, None)
    }
}

/// Re-reads until the outcome is certain; a backend that is away is waited for.
pub(super) async fn settle(desk: &Arc<Inner>, backend: &Arc<dyn Backend>, decision: &Decision) -> Outcome {
    let sent_at = desk.now().boot;
    let mut wait = SETTLE_EVERY;
    loop {
        tokio::time::sleep(wait).await;
        let read = within(backend.read(&decision.request)).await;
        let since = desk.now().boot.since(sent_at);
        let settled = match &read {
            Ok(now) => decide::settle(decision, now, since),
            Err(fault) if fault.trouble == Trouble::NotFound => Some(gone()),
            Err(_) => None,
        };
        if let Some(outcome) = settled {
            return outcome;
        }
        wait = wait.saturating_mul(2).min(SETTLE_AT_MOST);
    }
}

fn intent(desk: &Inner, decision: &Decision) -> Entry {
    Entry {
        at: desk.now().wall,
        by: desk.principal_at(&decision.request.backend),
        request: Some(decision.request.clone()),
        event: Event::Intent { decision: Box::new(decision.clone()) },
    }
}
