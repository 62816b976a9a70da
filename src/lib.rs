//! Just-in-time approval of pipeline actions, from the keyboard. The floors are those of the design:
//! a room uses lower floors only, and `tests/it/floors.rs` sees to it.

pub mod api;
pub mod broker;
pub mod cli;
pub mod decide;
pub mod domain;
pub mod grants;
pub mod policy;
pub mod sys;
