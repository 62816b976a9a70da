//! How fast decisions go to a backend: so many on their way at once, and no more than one in the time that the
//! backend names. What waits for its turn is not intended yet, so it can be taken back, and a crash drops it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::Inner;
use crate::backends::port::Backend;
use crate::domain::time::Span;

/// Decisions on their way to one backend at once.
const AT_ONCE: usize = 100;

/// The pace of one backend.
#[derive(Debug)]
pub(super) struct Pace {
    places: Arc<Semaphore>,
    next: Mutex<Option<Instant>>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), next: Mutex::default() }
    }
}

/// A place among those on their way; free again when it is dropped.
pub(super) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Pace {
    /// A place at once, if there is one and nobody has to wait.
    pub(super) fn at_once(&self, every: Span) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (mine, after) = turn(*next, now, every);
        if every > Span::ZERO && mine > now {
            return None;
        }
        *next = Some(after);
        Some(Place { _permit: Some(permit) })
    }

    /// Waits for a place and for the moment.
    pub(super) async fn place(&self, every: Span) -> Place {
        // It is never closed.
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        if every > Span::ZERO {
            sleep_until(self.moment(every)).await;
        }
        Place { _permit: permit }
    }

    fn moment(&self, every: Span) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let (mine, after) = turn(*next, Instant::now(), every);
        *next = Some(after);
        mine
    }
}

/// Waits for a place at a backend.
pub(super) async fn place(desk: &Inner, backend: &Arc<dyn Backend>) -> Option<Place> {
    match desk.pace(backend.name()) {
        Some(pace) => Some(pace.place(backend.capabilities().pace).await),
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
    fn one_goes_at_once_and_the_others_wait_for_their_turn() {
        let pace = Pace::default();
        assert!(pace.at_once(Span::hours(1)).is_some());
        assert!(pace.at_once(Span::hours(1)).is_none());
        assert!(pace.at_once(Span::ZERO).is_some(), "where there is no pace nobody waits");
    }

    #[test]
    fn so_many_are_on_their_way_at_once_and_no_more() {
        let pace = Pace::default();
        let places: Vec<Place> = std::iter::from_fn(|| pace.at_once(Span::ZERO)).collect();
        assert_eq!(places.len(), AT_ONCE);
        drop(places);
        assert!(pace.at_once(Span::ZERO).is_some());
    }
}
