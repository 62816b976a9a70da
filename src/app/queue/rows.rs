//! From entries to rows: waves and repeats fold into one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::entry::Entry;
use crate::domain::digest::Digest;
use crate::domain::ids::RequestKey;

/// What a row stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// One request.
    One,
    /// Repeats of one request or a matrix wave.
    Fold {
        /// All of them, in their order.
        members: Vec<RequestKey>,
        /// Its members stand below it.
        open: bool,
    },
    /// A member of the open fold above it.
    Member,
}

/// A row of the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The request, or the first one of a fold.
    pub entry: Arc<Entry>,
    /// What it stands for.
    pub kind: RowKind,
}

impl Row {
    /// Every request that it stands for.
    pub fn keys(&self) -> Vec<RequestKey> {
        match &self.kind {
            RowKind::Fold { members, .. } => members.clone(),
            _ => vec![self.entry.key().clone()],
        }
    }

    /// Whether the row stands for this request.
    pub fn stands_for(&self, key: &RequestKey) -> bool {
        match &self.kind {
            RowKind::Fold { members, .. } => members.contains(key),
            _ => self.entry.key() == key,
        }
    }
}

/// Folds. Only pending requests do: what is decided has a history of its own.
pub fn build(entries: &[&Arc<Entry>], open: &BTreeSet<Digest>) -> Vec<Row> {
    let mut counts: HashMap<Digest, u32> = HashMap::with_capacity(entries.len());
    for entry in entries.iter().filter(|e| e.request.is_pending()) {
        *counts.entry(entry.sameness).or_default() += 1;
    }
    let folds = |e: &Entry| e.request.is_pending() && counts.get(&e.sameness).is_some_and(|n| *n > 1);
    let mut waves: HashMap<Digest, Vec<Arc<Entry>>> = HashMap::new();
    for entry in entries.iter().filter(|e| folds(e)) {
        waves.entry(entry.sameness).or_default().push(Arc::clone(entry));
    }
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        if !folds(entry) {
            rows.push(Row { entry: Arc::clone(entry), kind: RowKind::One });
        } else if let Some(wave) = waves.remove(&entry.sameness) {
            push_wave(wave, open, &mut rows);
        }
    }
    rows
}

fn push_wave(wave: Vec<Arc<Entry>>, open: &BTreeSet<Digest>, rows: &mut Vec<Row>) {
    let Some(first) = wave.first().map(Arc::clone) else { return };
    let open = open.contains(&first.sameness);
    let members = wave.iter().map(|e| e.key().clone()).collect();
    rows.push(Row { entry: first, kind: RowKind::Fold { members, open } });
    if open {
        rows.extend(wave.into_iter().map(|entry| Row { entry, kind: RowKind::Member }));
    }
}
