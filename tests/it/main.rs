//! The integration tests: one binary, one file a part.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

mod audit;
mod broker;
mod cli;
mod diff;
mod docs;
mod faults;
mod findings;
mod floors;
mod gate;
mod github;
mod policy;
mod pty;
mod reading;
mod story;
mod terminal;
