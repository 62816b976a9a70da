//! What the polls of one backend show, for the guard: the requests that wait, and until when they may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::{GrantId, RequestKey};
use crate::domain::request::Request;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::sys::clock::{Deadline, Now};

/// One backend's requests.
#[derive(Debug, Default)]
pub(in crate::desk) struct Watched {
    pub(in crate::desk) wake: Notify,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    pending: BTreeMap<RequestKey, Waiting>,
    /// Whether the whole queue was read at least once.
    whole: bool,
    /// How far the backend's clock is ahead of ours, in milliseconds.
    ahead: i64,
    told: BTreeSet<(RequestKey, SafeText)>,
    tries: BTreeMap<RequestKey, u32>,
    ending: BTreeSet<GrantId>,
    troubles: BTreeSet<SafeText>,
}

/// A request that waits.
#[derive(Clone, Debug)]
pub(in crate::desk) struct Waiting {
    pub(in crate::desk) request: Arc<Request>,
    /// When our own deadline is past; absent = it has none.
    pub(in crate::desk) due: Option<Deadline>,
}

impl Watched {
    /// The backend's clock said this just now.
    pub(in crate::desk) fn met(&self, theirs: Ms, now: Now) {
        self.change(|seen| seen.ahead = theirs.0.saturating_sub(now.wall.0));
    }

    /// A poll came.
    pub(in crate::desk) fn polled(&self, changed: &[Arc<Request>], whole: bool, ttl: Option<Span>, now: Now) {
        self.change(|seen| {
            seen.whole |= whole;
            let mut before = if whole { std::mem::take(&mut seen.pending) } else { BTreeMap::new() };
            for request in changed {
                let known = before.remove(request.key()).or_else(|| seen.pending.remove(request.key()));
                if request.is_pending() {
                    let due = known.and_then(|k| k.due).or_else(|| seen.deadline(request, ttl?, now));
                    let waiting = Waiting { request: Arc::clone(request), due };
                    seen.pending.insert(request.key().clone(), waiting);
                }
            }
            let pending = &seen.pending;
            seen.told.retain(|(key, _)| pending.contains_key(key));
            seen.tries.retain(|key, _| pending.contains_key(key));
        });
        self.wake.notify_one();
    }

    /// What waits; absent before the whole queue was read once.
    pub(in crate::desk) fn pending(&self) -> Option<Vec<Waiting>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.whole.then(|| seen.pending.values().cloned().collect())
    }

    /// The guard dealt with it: it counts as waiting again only after the next poll.
    pub(in crate::desk) fn done_with(&self, key: &RequestKey) {
        self.change(|seen| drop(seen.pending.remove(key)));
    }

    /// Whether this was not said of the request before.
    pub(in crate::desk) fn is_new(&self, key: &RequestKey, words: &SafeText) -> bool {
        self.change(|seen| seen.told.insert((key.clone(), words.clone())))
    }

    /// How often the guard has tried to decide this request, this time included.
    pub(in crate::desk) fn tries(&self, key: &RequestKey) -> u32 {
        self.change(|seen| {
            let tries = seen.tries.entry(key.clone()).or_default();
            *tries += 1;
            *tries
        })
    }

    /// The end of a grant begins to be seen to; false where it is already.
    pub(in crate::desk) fn begin_end(&self, grant: &GrantId) -> bool {
        self.change(|seen| seen.ending.insert(grant.clone()))
    }

    /// The end of a grant was seen to, or is tried again later.
    pub(in crate::desk) fn leave_end(&self, grant: &GrantId) {
        self.change(|seen| seen.ending.remove(grant));
    }

    /// Whether this trouble was not said before.
    pub(in crate::desk) fn is_new_trouble(&self, words: &SafeText) -> bool {
        self.change(|seen| seen.troubles.insert(words.clone()))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seen {
    /// By both clocks of ours, from the age that the request has by the backend's clock.
    fn deadline(&self, request: &Request, ttl: Span, now: Now) -> Option<Deadline> {
        let age = Ms(now.wall.0.saturating_add(self.ahead)).since(request.created_at);
        Some(Deadline::after(now, Span::secs(ttl.as_secs().saturating_sub(age.as_secs()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::request::State;

    fn at(secs: i64) -> Now {
        Now { wall: Ms(1_000_000 + secs * 1000), boot: Ms(secs * 1000) }
    }

    fn request() -> Arc<Request> {
        Arc::new(fixture::request("hub/a#1"))
    }

    fn due(watched: &Watched) -> Deadline {
        watched.pending().unwrap()[0].due.unwrap()
    }

    #[test]
    fn a_deadline_counts_from_when_it_was_asked_by_the_clock_of_the_backend() {
        let hour = Some(Span::hours(1));
        for (ahead, left) in [(0, 3600 - 60), (-600_000, 3600), (600_000, 3600 - 660)] {
            let watched = Watched::default();
            watched.met(Ms(at(60).wall.0 + ahead), at(60));
            watched.polled(&[request()], true, hour, at(60));
            assert_eq!(due(&watched).left(at(60)), Span::secs(left), "{ahead}");
        }
    }

    #[test]
    fn a_clock_that_jumps_later_does_not_move_the_deadline_of_what_is_known() {
        let watched = Watched::default();
        watched.polled(&[request()], true, Some(Span::hours(1)), at(0));
        let before = due(&watched);
        watched.polled(&[request()], false, Some(Span::hours(1)), at(900));
        watched.polled(&[request()], true, Some(Span::hours(1)), at(-9000));
        assert_eq!(due(&watched), before);
    }

    #[test]
    fn what_is_decided_or_gone_no_longer_waits() {
        let watched = Watched::default();
        assert!(watched.pending().is_none(), "nothing is known before the first whole poll");
        watched.polled(&[request()], true, None, at(0));
        assert_eq!(watched.pending().unwrap().len(), 1);
        let over = Arc::new(Request { state: State::Approved, ..fixture::request("hub/a#1") });
        watched.polled(&[over], false, None, at(1));
        assert_eq!(watched.pending().unwrap().len(), 0);
        watched.polled(&[request()], false, None, at(2));
        watched.polled(&[], true, None, at(3));
        assert_eq!(watched.pending().unwrap().len(), 0);
    }

    #[test]
    fn the_same_is_said_once_while_it_waits() {
        let watched = Watched::default();
        watched.polled(&[request()], true, None, at(0));
        let words = SafeText::lit("another head");
        let key = fixture::key("hub/a#1");
        assert!(watched.is_new(&key, &words) && !watched.is_new(&key, &words));
        watched.polled(&[], true, None, at(1));
        assert!(watched.is_new(&key, &words));
    }
}
