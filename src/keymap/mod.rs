//! L1. The keyboard: one table of verbs, from which keys, footer, help and palette come, and the keys that a
//! user laid over it.

mod key;
mod map;
mod table;

pub use key::{BadKey, Code, Key};
pub use map::{Conflict, Keymap};
pub use table::{Context, Row, VERBS, Verb, When};
