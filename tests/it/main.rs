//! The integration tests: one binary, one file a part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod cli;
mod floors;
mod pty;
mod terminal;
