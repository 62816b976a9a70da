//! What was looked up lately. A name may move, so what it stands for is kept shortly; what is named by its SHA is what
//! it is, and only what was answered well is kept.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::backends::resolver::Repository;
use crate::domain::ids::CommitSha;
use crate::domain::lookup::{Change, Reach};
use crate::domain::text::Text;

const SHORT: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(3600);
/// More answers of one kind are not kept.
const MOST: usize = 2_000;

/// Answers of one kind.
pub(super) struct Shelf<K, V> {
    keep: Duration,
    answers: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Hash + Eq, V: Clone> Shelf<K, V> {
    fn new(keep: Duration) -> Self {
        Self { keep, answers: Mutex::default() }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(key).filter(|(at, _)| at.elapsed() < self.keep).map(|(_, answer)| answer.clone())
    }

    pub(super) fn put(&self, key: K, answer: V) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(key, (Instant::now(), answer));
    }
}

/// A file of a repository at a commit.
pub(super) type FileKey = (Repository, CommitSha, Text);

/// Every shelf.
pub(super) struct Memory {
    pub(super) names: Shelf<(Repository, Text), CommitSha>,
    pub(super) proven: Shelf<(Repository, CommitSha), Reach>,
    pub(super) files: Shelf<FileKey, Option<Vec<u8>>>,
    pub(super) changes: Shelf<(Repository, CommitSha, CommitSha), Change>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { names: Shelf::new(SHORT), proven: Shelf::new(LONG), files: Shelf::new(LONG), changes: Shelf::new(LONG) }
    }
}
