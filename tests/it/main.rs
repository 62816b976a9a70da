//! The one integration binary: each module drives the real program.

mod policy;
