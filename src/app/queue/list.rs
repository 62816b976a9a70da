//! The queue itself: entries, rows, cursor, marks, folds, and the arrivals that wait while somebody reads.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::entry::{Entry, Production};
use super::filter::Filter;
use super::rows::{Row, RowKind, build};
use super::store::Store;
use super::view::View;
use crate::domain::digest::Digest;
use crate::domain::ids::{BackendName, CommitSha, RequestKey};
use crate::domain::request::{Request, State};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Ms;

/// So many requests that are over are kept for the `ended` view.
const KEEP_ENDED: usize = 500;

/// All requests of all backends, and what the list shows of them.
#[derive(Debug)]
pub struct Queue {
    entries: Store,
    rows: Vec<Row>,
    arrivals: HashSet<RequestKey>,
    open: BTreeSet<Digest>,
    /// Requests whose decision of ours nobody knows the outcome of.
    pub unknown: BTreeSet<RequestKey>,
    /// Marked for a decision on several.
    pub marks: BTreeSet<RequestKey>,
    /// Which part is shown.
    pub view: View,
    /// What of it is shown.
    pub filter: Filter,
    production: Production,
    cursor: usize,
    /// First row on the screen.
    pub top: usize,
    following: bool,
    counts: [usize; View::ALL.len()],
    #[cfg(test)]
    pub(crate) sorted: usize,
}

/// What came of taking requests in.
#[derive(Debug, Default)]
pub struct Arrived {
    /// Something changed.
    pub changed: bool,
    /// Requests that were not known before.
    pub new: Vec<Arc<Entry>>,
}

impl Queue {
    /// An empty one.
    pub fn new(production: Production) -> Self {
        Self {
            entries: Store::default(),
            rows: Vec::new(),
            arrivals: HashSet::new(),
            open: BTreeSet::new(),
            unknown: BTreeSet::new(),
            marks: BTreeSet::new(),
            view: View::default(),
            filter: Filter::default(),
            production,
            cursor: 0,
            top: 0,
            following: true,
            counts: [0; View::ALL.len()],
            #[cfg(test)]
            sorted: 0,
        }
    }

    /// The request of this key.
    pub fn get(&self, key: &RequestKey) -> Option<&Arc<Entry>> {
        self.entries.get(key)
    }

    /// Whether this environment is production.
    pub fn is_production(&self, environment: &Text) -> bool {
        self.production.holds(environment)
    }

    /// What the request before this one, of the same repository and environment, was about.
    pub fn before(&self, request: &Request) -> Option<CommitSha> {
        let place = |r: &Request| (r.core.repository.value.clone(), r.core.environment.value.clone());
        let here = place(request);
        let earlier = self.all().iter().map(|e| &e.request).filter(|r| {
            r.created_at < request.created_at && r.key().backend == request.key().backend && place(r) == here
        });
        earlier.max_by_key(|r| r.created_at).and_then(|r| r.core.head.clone())
    }

    /// Everything that is known, in the order of the list.
    pub fn all(&self) -> &[Arc<Entry>] {
        self.entries.all()
    }

    /// The rows in their order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The number of the row under the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&Row> {
        self.rows.get(self.cursor)
    }

    /// How many requests a view has, arrivals included.
    pub fn count(&self, view: View) -> usize {
        self.counts.get(view as usize).copied().unwrap_or_default()
    }

    /// How many requests wait behind the list.
    pub fn waiting_arrivals(&self) -> usize {
        self.arrivals.len()
    }

    /// Takes in what a backend lists; `hold` keeps what is new behind the list.
    pub fn take(&mut self, backend: &BackendName, changed: Vec<Arc<Request>>, whole: bool, hold: bool) -> Arrived {
        let mut arrived = Arrived::default();
        let hold = hold || !self.following;
        let mut entries = if whole { self.unlisted(backend, &changed, &mut arrived) } else { Vec::new() };
        entries.extend(changed.into_iter().filter_map(|request| self.take_one(request, hold, &mut arrived)));
        if !entries.is_empty() {
            arrived.changed = true;
            self.entries.put(entries);
            self.forget_old();
        }
        arrived
    }

    /// What a backend lists no more: what was pending is gone, what was live is forgotten. What is over may have
    /// fallen out of its list; it stays until newer ones push it out.
    fn unlisted(&mut self, backend: &BackendName, listed: &[Arc<Request>], arrived: &mut Arrived) -> Vec<Arc<Entry>> {
        let listed: HashSet<&RequestKey> = listed.iter().map(|r| r.key()).collect();
        let missing = self.entries.all().iter().filter(|e| &e.key().backend == backend && !listed.contains(e.key()));
        let missing: Vec<Arc<Entry>> = missing.filter(|e| !is_over(&e.request)).cloned().collect();
        let mut gone = Vec::new();
        for entry in missing {
            self.arrivals.remove(entry.key());
            self.marks.remove(entry.key());
            if entry.request.grant.is_some() || entry.request.unreviewed {
                self.entries.remove(entry.key());
                arrived.changed = true;
                continue;
            }
            let request = Request { state: State::Gone, ..(*entry.request).clone() };
            gone.push(Arc::new(Entry::new(Arc::new(request), &self.production, Some(&entry))));
        }
        gone
    }

    fn take_one(&mut self, request: Arc<Request>, hold: bool, arrived: &mut Arrived) -> Option<Arc<Entry>> {
        let known = self.entries.get(request.key());
        if known.is_some_and(|k| k.request.seq > request.seq || *k.request == *request) {
            return None;
        }
        let new = known.is_none();
        let entry = Arc::new(Entry::new(request, &self.production, known.map(Arc::as_ref)));
        if !entry.can_decide {
            self.marks.remove(entry.key());
        }
        if !entry.pending {
            self.arrivals.remove(entry.key());
        } else if new && hold {
            self.arrivals.insert(entry.key().clone());
        }
        if new {
            arrived.new.push(Arc::clone(&entry));
        }
        Some(entry)
    }

    fn forget_old(&mut self) {
        let over = self.entries.all().iter().filter(|e| is_over(&e.request));
        let mut ended: Vec<(Ms, RequestKey)> =
            over.map(|e| (e.request.decided_at.unwrap_or(e.request.created_at), e.key().clone())).collect();
        if ended.len() > KEEP_ENDED {
            ended.sort_unstable();
            let surplus = ended.len() - KEEP_ENDED;
            ended.into_iter().take(surplus).for_each(|(_, key)| self.entries.remove(&key));
        }
    }

    /// Counts, filters and folds anew; the cursor stays with its request.
    pub fn rebuild(&mut self, now: Ms) {
        self.recount(now);
        self.arrange(now);
    }

    /// Filters and folds anew: what a view holds in all is not touched by a filter.
    pub fn arrange(&mut self, now: Ms) {
        #[cfg(test)]
        {
            self.sorted += 1;
        }
        let stood = self.selected().map(|row| (row.entry.key().clone(), row.entry.sameness, row.kind.clone()));
        let waits = |e: &Entry| !self.arrivals.is_empty() && self.arrivals.contains(e.key());
        let shown = self
            .entries
            .all()
            .iter()
            .filter(|e| self.view.holds(e, &self.unknown, now) && !waits(e) && self.filter.holds(e));
        let shown: Vec<&Arc<Entry>> = shown.collect();
        self.rows = build(&shown, &self.open);
        if let Some((key, sameness, kind)) = stood {
            self.follow(&key, sameness, &kind);
        }
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
    }

    /// Says in every row what is known now, and leaves each where it stands: for while nothing may move.
    pub fn refresh(&mut self, now: Ms) {
        self.recount(now);
        for row in &mut self.rows {
            if let Some(entry) = self.entries.get(row.entry.key()) {
                row.entry = Arc::clone(entry);
            }
        }
    }

    fn recount(&mut self, now: Ms) {
        let mut counts = [0; View::ALL.len()];
        for entry in self.entries.all() {
            for (count, view) in counts.iter_mut().zip(View::ALL) {
                *count += usize::from(view.holds(entry, &self.unknown, now));
            }
        }
        self.counts = counts;
    }

    fn follow(&mut self, key: &RequestKey, sameness: Digest, kind: &RowKind) {
        let fold = matches!(kind, RowKind::Fold { .. });
        let same_fold = |r: &Row| matches!(r.kind, RowKind::Fold { .. }) && r.entry.sameness == sameness;
        let same = |r: &Row| r.entry.key() == key && !(matches!(r.kind, RowKind::Fold { open: true, .. }));
        let found = if fold { self.rows.iter().position(same_fold) } else { None };
        let found = found.or_else(|| self.rows.iter().position(same));
        if let Some(at) = found.or_else(|| self.rows.iter().position(|r| r.stands_for(key))) {
            self.cursor = at;
        }
    }

    /// Moves the cursor; at the top the arrivals may come in again.
    pub fn move_to(&mut self, row: usize, page: usize) {
        self.cursor = row.min(self.rows.len().saturating_sub(1));
        self.following = self.cursor == 0;
        self.show_cursor(page);
    }

    /// Sees to it that the cursor's row is on a screen of `page` rows.
    pub fn show_cursor(&mut self, page: usize) {
        let page = page.max(1);
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(page));
        self.top = self.top.min(self.rows.len().saturating_sub(page));
    }

    /// Lets the arrivals in. Whether there were any.
    pub fn admit(&mut self) -> bool {
        let some = !self.arrivals.is_empty();
        self.arrivals.clear();
        some
    }

    /// Unfolds or folds the row under the cursor. Whether it is one that can be.
    pub fn toggle_fold(&mut self) -> bool {
        let Some(row) = self.rows.get(self.cursor) else { return false };
        if row.kind == RowKind::One {
            return false;
        }
        let sameness = row.entry.sameness;
        if !self.open.remove(&sameness) {
            self.open.insert(sameness);
        }
        true
    }

    /// Marks or unmarks what the row under the cursor stands for.
    pub fn toggle_mark(&mut self) {
        let keys = self.selected().map(Row::keys).unwrap_or_default();
        let marked = keys.iter().all(|k| self.marks.contains(k));
        for key in keys {
            if marked {
                self.marks.remove(&key);
            } else if self.get(&key).is_some_and(|e| e.can_decide) {
                self.marks.insert(key);
            }
        }
    }

    /// Marks every request of the list that you may decide; none where any is marked.
    pub fn toggle_all(&mut self) {
        if !self.marks.is_empty() {
            self.marks.clear();
            return;
        }
        let keys: Vec<RequestKey> = self.rows.iter().flat_map(Row::keys).collect();
        self.marks = keys.into_iter().filter(|k| self.get(k).is_some_and(|e| e.can_decide)).collect();
    }

    /// What a decision would be about: the marked requests, else what the row stands for.
    pub fn targets(&self) -> Vec<RequestKey> {
        if self.marks.is_empty() {
            return self.selected().map(Row::keys).unwrap_or_default();
        }
        self.marks.iter().cloned().collect()
    }

    /// The filter and the view in words.
    pub fn shown_as(&self) -> SafeText {
        if self.filter.is_empty() {
            return SafeText::lit(self.view.title());
        }
        crate::safe!("{}, {}", self.view.title(), self.filter.text())
    }
}

/// Whether nothing can come of it any more.
fn is_over(request: &Request) -> bool {
    let live = request.grant.as_ref().is_some_and(|g| g.running().is_some());
    !matches!(request.state, State::Pending | State::Unknown(_)) && !live && !request.unreviewed
}
