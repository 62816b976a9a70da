//! The screens: what each one holds and says.

pub mod audit;
pub mod diff;
pub mod grants;
pub mod help;
pub mod queue;
pub mod request;
