//! What the polls of one backend show, for the guard: the requests that wait, and until when they may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::{GrantId, RequestKey};
use crate::domain::request::Request;
use crate::domain::text::SafeText;
use crate::domain::time::Span;
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
    /// A poll came. Our deadline counts from the first sight: what a backend says of the age of a later gate may be
    /// the age of its run. Gives the requests with the deadline as they are shown.
    pub(in crate::desk) fn polled(
        &self,
        changed: Vec<Arc<Request>>,
        whole: bool,
        ttl: Option<Span>,
        now: Now,
    ) -> Vec<Arc<Request>> {
        let changed = self.change(|seen| {
            seen.whole |= whole;
            let mut before = if whole { std::mem::take(&mut seen.pending) } else { BTreeMap::new() };
            let mut take = |request: Arc<Request>| {
                let known = before.remove(request.key()).or_else(|| seen.pending.remove(request.key()));
                if !request.is_pending() {
                    return request;
                }
                let due = known.and_then(|k| k.due).or_else(|| Some(Deadline::after(now, ttl?)));
                let request = with_due(request, due);
                let waiting = Waiting { request: Arc::clone(&request), due };
                seen.pending.insert(request.key().clone(), waiting);
                request
            };
            let changed = changed.into_iter().map(&mut take).collect();
            let pending = &seen.pending;
            seen.told.retain(|(key, _)| pending.contains_key(key));
            seen.tries.retain(|key, _| pending.contains_key(key));
            changed
        });
        self.wake.notify_one();
        changed
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

fn with_due(request: Arc<Request>, ours: Option<Deadline>) -> Arc<Request> {
    match ours.map(Deadline::wall) {
        Some(ours) if request.due.is_none_or(|theirs| ours < theirs) => {
            Arc::new(Request { due: Some(ours), ..Arc::unwrap_or_clone(request) })
        }
        _ => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::request::State;
    use crate::domain::time::Ms;

    fn at(secs: i64) -> Now {
        Now { wall: Ms(1_000_000 + secs * 1000), boot: Ms(secs * 1000) }
    }

    fn request() -> Arc<Request> {
        Arc::new(Request { due: None, ..fixture::request("hub/a#1") })
    }

    fn due(watched: &Watched) -> Deadline {
        watched.pending().unwrap()[0].due.unwrap()
    }

    #[test]
    fn a_deadline_counts_from_the_first_sight_and_does_not_move() {
        let watched = Watched::default();
        let shown = watched.polled(vec![request()], true, Some(Span::hours(1)), at(60));
        assert_eq!((due(&watched).left(at(60)), shown[0].due), (Span::hours(1), Some(at(3660).wall)));
        let before = due(&watched);
        watched.polled(vec![request()], false, Some(Span::hours(1)), at(900));
        watched.polled(vec![request()], true, Some(Span::hours(1)), at(-9000));
        assert_eq!(due(&watched), before);
    }

    #[test]
    fn an_earlier_end_of_the_backend_stays() {
        let soon = Arc::new(Request { due: Some(at(120).wall), ..fixture::request("hub/a#1") });
        let shown = Watched::default().polled(vec![soon], true, Some(Span::hours(1)), at(60));
        assert_eq!(shown[0].due, Some(at(120).wall));
    }

    #[test]
    fn what_is_decided_or_gone_no_longer_waits() {
        let watched = Watched::default();
        assert!(watched.pending().is_none(), "nothing is known before the first whole poll");
        watched.polled(vec![request()], true, None, at(0));
        assert_eq!(watched.pending().unwrap().len(), 1);
        let over = Arc::new(Request { state: State::Approved, ..fixture::request("hub/a#1") });
        watched.polled(vec![over], false, None, at(1));
        assert_eq!(watched.pending().unwrap().len(), 0);
        watched.polled(vec![request()], false, None, at(2));
        watched.polled(vec![], true, None, at(3));
        assert_eq!(watched.pending().unwrap().len(), 0);
    }

    #[test]
    fn the_same_is_said_once_while_it_waits() {
        let watched = Watched::default();
        watched.polled(vec![request()], true, None, at(0));
        let words = SafeText::lit("another head");
        let key = fixture::key("hub/a#1");
        assert!(watched.is_new(&key, &words) && !watched.is_new(&key, &words));
        watched.polled(vec![], true, None, at(1));
        assert!(watched.is_new(&key, &words));
    }
}
