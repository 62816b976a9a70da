//! L0. The words of the design as types: pure data, no clock, no file, no network.

pub mod acceptance;
pub mod action;
pub mod decision;
pub mod digest;
pub mod document;
pub mod evidence;
pub mod finding;
#[cfg(test)]
pub mod fixture;
pub mod grant;
pub mod guard;
pub mod ids;
pub mod json;
pub mod lookup;
pub mod outcome;
pub mod principal;
pub mod record;
pub mod request;
pub mod scope;
pub mod spelling;
pub mod text;
pub mod time;
pub mod verdict;
