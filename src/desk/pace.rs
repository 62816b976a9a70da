//! How fast decisions go to a backend: so many on their way at once, and no more than one in the time that the
//! backend names; what goes out as one write shares its moment. What waits for its turn is not intended yet, so it can be taken back, and a crash drops it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::Inner;
use crate::backends::port::Backend;
use crate::domain::ids::{NativeId, RequestKey};
use crate::domain::time::Span;

/// Decisions on their way to one backend at once.
const AT_ONCE: usize = 100;

/// The pace of one backend.
#[derive(Debug)]
pub(super) struct Pace {
    places: Arc<Semaphore>,
    turns: Mutex<Turns>,
}

/// When decisions have their turns.
#[derive(Debug, Default)]
struct Turns {
    next: Option<Instant>,
    /// The turns of those that go out with others, by what they have in common.
    shared: HashMap<NativeId, Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), turns: Mutex::default() }
    }
}

/// A place among those on their way; free again when it is dropped.
pub(super) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// The moment that a decision would have. A turn lasts until the next one can begin: whoever comes until then and
    /// goes out with others has theirs.
    fn moment(&self, now: Instant, every: Span, with: Option<&NativeId>) -> Instant {
        let shared = with.and_then(|with| self.shared.get(with)).filter(|at| lasts(**at, now, every));
        shared.copied().unwrap_or_else(|| turn(self.next, now, every).0)
    }

    /// Gives a decision its moment.
    fn take(&mut self, now: Instant, every: Span, with: Option<NativeId>) -> Instant {
        self.shared.retain(|_, at| lasts(*at, now, every));
        if let Some(at) = with.as_ref().and_then(|with| self.shared.get(with)) {
            return *at;
        }
        let (mine, after) = turn(self.next, now, every);
        self.next = Some(after);
        self.shared.extend(with.map(|with| (with, mine)));
        mine
    }
}

fn lasts(turn: Instant, now: Instant, every: Span) -> bool {
    turn + every.as_duration() > now
}

impl Pace {
    /// A place at once, if there is one and nobody has to wait.
    pub(super) fn at_once(&self, every: Span, with: Option<NativeId>) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (mut turns, now) = (self.turns(), Instant::now());
        if every > Span::ZERO && turns.moment(now, every, with.as_ref()) > now {
            return None;
        }
        turns.take(now, every, with);
        Some(Place { _permit: Some(permit) })
    }

    /// Waits for a place and for the moment.
    pub(super) async fn place(&self, every: Span, with: Option<NativeId>) -> Place {
        // It is never closed.
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        if every > Span::ZERO {
            let mine = self.turns().take(Instant::now(), every, with);
            sleep_until(mine).await;
        }
        Place { _permit: permit }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a place at a backend, for a decision on this request.
pub(super) async fn place(desk: &Inner, backend: &Arc<dyn Backend>, key: &RequestKey) -> Option<Place> {
    match desk.pace(backend.name()) {
        Some(pace) => Some(pace.place(backend.capabilities().pace, backend.goes_with(key)).await),
        None => None,
    }
}

/// The moment of one decision, and that of the next one.
fn turn(next: Option<Instant>, now: Instant, every: Span) -> (Instant, Instant) {
    let mine = next.map_or(now, |at| at.max(now));
    (mine, mine + every.as_duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_moment_of_its_own_and_a_pause_is_not_saved_up() {
        let (second, begin) = (Span::secs(1), Instant::now());
        let at = |secs: u64| begin + Span::secs(secs as u32).as_duration();
        let (first, next) = turn(None, begin, second);
        assert_eq!((first, next), (begin, at(1)));
        assert_eq!(turn(Some(next), begin, second), (at(1), at(2)));
        assert_eq!(turn(Some(next), at(9), second), (at(9), at(10)));
    }

    #[test]
    fn those_that_go_out_as_one_have_one_turn_while_it_lasts() {
        let (second, begin) = (Span::secs(1), Instant::now());
        let at = |millis: u64| begin + std::time::Duration::from_millis(millis);
        let run = |id: &str| Some(id.parse().unwrap());
        let mut turns = Turns::default();
        let mut take = |now: u64, with: Option<NativeId>| {
            assert_eq!(turns.moment(at(now), second, with.as_ref()), turns.take(at(now), second, with.clone()));
            turns.take(at(now), second, with)
        };
        for (now, with, moment) in [
            (0, run("1.1"), 0),
            (1, run("1.1"), 0),
            (2, run("1.2"), 1000),
            (999, run("1.1"), 0),
            (999, run("1.2"), 1000),
            (1000, run("1.1"), 2000),
        ] {
            assert_eq!(take(now, with), at(moment), "{now}");
        }
    }

    #[test]
    fn whoever_goes_alone_has_a_turn_of_its_own() {
        let pace = Pace::default();
        assert!(pace.at_once(Span::hours(1), Some("1.1".parse().unwrap())).is_some());
        assert!(pace.at_once(Span::hours(1), Some("1.1".parse().unwrap())).is_some(), "it goes with the first");
        assert!(pace.at_once(Span::hours(1), Some("1.2".parse().unwrap())).is_none());
        assert!(pace.at_once(Span::hours(1), None).is_none());
    }

    #[test]
    fn one_goes_at_once_and_the_others_wait_for_their_turn() {
        let pace = Pace::default();
        assert!(pace.at_once(Span::hours(1), None).is_some());
        assert!(pace.at_once(Span::hours(1), None).is_none());
        assert!(pace.at_once(Span::ZERO, None).is_some(), "where there is no pace nobody waits");
    }

    #[test]
    fn so_many_are_on_their_way_at_once_and_no_more() {
        let pace = Pace::default();
        let places: Vec<Place> = std::iter::from_fn(|| pace.at_once(Span::ZERO, None)).collect();
        assert_eq!(places.len(), AT_ONCE);
        drop(places);
        assert!(pace.at_once(Span::ZERO, None).is_some());
    }
}
