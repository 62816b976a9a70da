//! L1. The life of a decision as pure checks: what it needs, whether a draft has it, what changed meanwhile, and
//! what came of it. Console, headless commands and guard all go this road.

mod check;
mod compare;
mod demands;
mod draft;
mod hold;
mod settle;

#[cfg(test)]
mod tests;

pub use check::{Lack, bulk_check, check};
pub use compare::compare;
pub use demands::{Demands, Unseen, requirements, unseen};
pub use draft::{Draft, build};
pub use hold::{HOLD_REVOKE, hold_back};
pub use settle::{SETTLE_AFTER, settle};
