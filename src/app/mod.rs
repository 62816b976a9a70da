//! L6, pure. The console's state, what happens to it, and what it wants done: no clock, no file, no network,
//! no terminal. `update` takes a message and gives effects; `ui` draws the state; the runtime does the rest.

pub(crate) mod evidence;
pub(crate) mod field;
pub(crate) mod holds;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod line;
pub(crate) mod look_ups;
mod message;
mod news;
pub(crate) mod overlay;
pub(crate) mod paper;
pub(crate) mod queue;
pub(crate) mod screens;
mod setup;
pub(crate) mod state;
pub(crate) mod time;
mod update;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use message::{Effect, Msg, Reader};
pub use setup::{Alone, Setup};
pub use state::State;
pub use update::update;
