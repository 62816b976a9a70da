//! The list of requests: what is known, what of it is shown and in which order, and where the cursor stands.
//! Nothing is sorted when the cursor moves.

mod entry;
mod filter;
mod list;
mod rows;
mod store;
mod view;

pub use entry::{Entry, Production};
pub use filter::{FIELDS, Filter};
pub use list::Queue;
pub use rows::{Row, RowKind};
pub use view::View;
