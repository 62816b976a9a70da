//! The integration tests: one program, one module a part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod audit;
mod broker;
mod diff;
mod policy;
