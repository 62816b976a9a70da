//! Every request that is known, always in the order of the list: a filter only passes over what it does not want.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::entry::Entry;
use crate::domain::ids::RequestKey;

/// From so many changes at once on it is quicker to sort anew than to put each in its place.
const MANY: usize = 64;

/// Requests by key and in order.
#[derive(Debug, Default)]
pub struct Store {
    by_key: HashMap<RequestKey, Arc<Entry>>,
    ordered: Vec<Arc<Entry>>,
}

/// Can decide, production, due, oldest; the key keeps the order stable.
fn order(a: &Entry, b: &Entry) -> Ordering {
    a.rank.cmp(&b.rank).then_with(|| a.key().cmp(b.key()))
}

impl Store {
    /// The request of this key.
    pub fn get(&self, key: &RequestKey) -> Option<&Arc<Entry>> {
        self.by_key.get(key)
    }

    /// All of them in the order of the list.
    pub fn all(&self) -> &[Arc<Entry>] {
        &self.ordered
    }

    /// Takes in what is new or changed.
    pub fn put(&mut self, entries: Vec<Arc<Entry>>) {
        if entries.len() < MANY {
            entries.into_iter().for_each(|entry| self.put_one(entry));
            return;
        }
        for entry in entries {
            self.by_key.insert(entry.key().clone(), entry);
        }
        self.ordered = self.by_key.values().cloned().collect();
        self.ordered.sort_unstable_by(|a, b| order(a, b));
    }

    fn put_one(&mut self, entry: Arc<Entry>) {
        self.remove(entry.key());
        let at = self.ordered.partition_point(|other| order(other, &entry).is_lt());
        self.ordered.insert(at, Arc::clone(&entry));
        self.by_key.insert(entry.key().clone(), entry);
    }

    /// Forgets a request.
    pub fn remove(&mut self, key: &RequestKey) {
        let Some(old) = self.by_key.remove(key) else { return };
        if let Ok(at) = self.ordered.binary_search_by(|other| order(other, &old)) {
            self.ordered.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{Sample, entry};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_in_order_however_it_came(changes in proptest::collection::vec((0u8..40, 0u32..50, any::<bool>()), 0..120), batch in 1usize..100) {
            let mut store = Store::default();
            for some in changes.chunks(batch) {
                let entries = some.iter().map(|(id, due, can)| {
                    let sample = Sample::stage("shop", "e2e").id(&format!("r{id}")).ages(1, *due);
                    Arc::new(entry(if *can { sample } else { sample.cannot("no") }))
                });
                store.put(entries.collect());
                if let Some((id, _, _)) = some.first() {
                    let key = Sample::stage("shop", "e2e").id(&format!("r{id}")).core.key;
                    store.remove(&key);
                    prop_assert!(store.get(&key).is_none());
                }
            }
            prop_assert!(store.all().is_sorted_by(|a, b| order(a, b).is_lt()));
            prop_assert_eq!(store.all().len(), store.by_key.len());
        }
    }
}
