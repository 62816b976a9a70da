//! Decisions that wait for something and can be taken back meanwhile: for their turn, or for a backend that takes no
//! call.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::domain::ids::DecisionId;
use crate::domain::text::SafeText;

/// Those that wait now.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    all: HashMap<DecisionId, oneshot::Sender<SafeText>>,
    /// Nothing waits any more, and why.
    closed: Option<SafeText>,
}

/// How a wait ended.
pub(super) enum Waited<T> {
    /// With what was waited for.
    Done(T),
    /// It was taken back, and why.
    TakenBack(SafeText),
}

impl Waits {
    /// Waits, unless somebody takes the decision back first.
    pub(super) async fn until<T>(&self, id: &DecisionId, what: impl Future<Output = T>) -> Waited<T> {
        let (take_back, taken_back) = oneshot::channel();
        if let Some(why) = self.enter(id, take_back) {
            return Waited::TakenBack(why);
        }
        let waited = tokio::select! {
            done = what => Waited::Done(done),
            Ok(why) = taken_back => Waited::TakenBack(why),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.remove(id);
        waited
    }

    fn enter(&self, id: &DecisionId, take_back: oneshot::Sender<SafeText>) -> Option<SafeText> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.closed.is_none() {
            waiting.all.insert(id.clone(), take_back);
        }
        waiting.closed.clone()
    }

    /// Takes a decision back, if it still waits.
    pub(super) fn take_back(&self, id: &DecisionId, why: &SafeText) {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).all.remove(id);
        // Nobody listens where it went on a moment ago.
        drop(found.map(|take_back| take_back.send(why.clone())));
    }

    /// Takes back everything that waits, and whatever would wait from now on.
    pub(super) fn close(&self, why: &SafeText) {
        let all = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.closed = Some(why.clone());
            std::mem::take(&mut waiting.all)
        };
        all.into_values().for_each(|take_back| drop(take_back.send(why.clone())));
    }
}
