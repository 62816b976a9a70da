//! L5. The one road to every backend: polls, effects, settling. It names no type of the console; the console,
//! the headless commands and later the guard drive it alike.

pub mod news;
