//! L6, pure. The console's state, what happens to it, and what it wants done: no clock, no file, no network,
//! no terminal. `update` takes a message and gives effects; `ui` draws the state; the runtime does the rest.

mod message;
mod setup;
mod state;
mod update;

pub use message::{Effect, Msg};
pub use setup::Setup;
pub use state::State;
pub use update::update;
