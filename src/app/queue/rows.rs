//! From entries to rows: waves and repeats fold into one.

use std::collections::BTreeSet;
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
    // Sorted side by side, what is the same is found at half the price of a table of hashes.
    let pending = entries.iter().enumerate().filter(|(_, e)| e.pending);
    let mut same: Vec<(Digest, usize)> = pending.map(|(at, e)| (e.sameness, at)).collect();
    same.sort_unstable();
    let mut waves: Vec<&[(Digest, usize)]> = vec![&[]; entries.len()];
    for wave in same.chunk_by(|a, b| a.0 == b.0).filter(|wave| wave.len() > 1) {
        for (_, at) in wave {
            waves.get_mut(*at).into_iter().for_each(|of| *of = wave);
        }
    }
    let mut rows = Vec::with_capacity(entries.len());
    for ((at, entry), wave) in entries.iter().enumerate().zip(waves) {
        match wave.first() {
            None => rows.push(Row { entry: Arc::clone(entry), kind: RowKind::One }),
            Some((_, first)) if *first == at => {
                let members = wave.iter().filter_map(|(_, at)| entries.get(*at));
                push_wave(members.map(|e| Arc::clone(e)).collect(), open, &mut rows);
            }
            Some(_) => {}
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
