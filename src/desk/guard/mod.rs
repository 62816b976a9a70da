//! The guard: keeps scope and time of an approval at a backend that keeps neither. It lets later gates pass that a
//! grant covers, ends grants, and minds the deadline of requests. One guard for one state folder.

pub(super) mod book;
mod ends;
pub(super) mod give;
mod judge;
mod keep;
mod passes;
mod seat;
mod seen;

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::limits::Limits;
use crate::domain::ids::BackendName;
use crate::sys::clock;
use book::Book;
use seat::Seat;
use seen::Watched;

pub(super) use keep::keep;

/// What the guard knows and holds.
pub(super) struct Guard {
    pub(super) limits: Arc<Limits>,
    pub(super) book: Arc<Book>,
    pub(super) seat: Seat,
    /// Which boot this is; empty = not known.
    pub(super) boot: String,
    watched: BTreeMap<BackendName, Watched>,
}

impl Guard {
    /// A guard that has not sat down yet.
    pub(super) fn new(state: &Path, limits: Arc<Limits>, backends: impl Iterator<Item = BackendName>) -> Self {
        Self {
            limits,
            book: Arc::new(Book::new(state)),
            seat: Seat::of(state),
            boot: clock::boot_id(),
            watched: backends.map(|name| (name, Watched::default())).collect(),
        }
    }

    /// What was seen of a backend.
    pub(super) fn watched(&self, name: &BackendName) -> Option<&Watched> {
        self.watched.get(name)
    }
}
