//! Just-in-time approval of pipeline actions, from the keyboard. The floors are those of the design:
//! a room uses lower floors only, and `tests/it/floors.rs` sees to it.

pub mod api;
pub mod app;
pub mod audit;
pub mod backends;
pub mod broker;
pub mod cli;
pub mod config;
pub mod decide;
pub mod desk;
pub mod diff;
pub mod domain;
pub mod findings;
pub mod gate;
pub mod grants;
pub mod keymap;
pub mod policy;
pub mod provenance;
pub mod runtime;
pub mod syntax;
pub mod sys;
pub mod theme;
pub mod ui;
