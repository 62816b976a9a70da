//! L2. The operating system behind small safe doors: clocks, random bits, paths, private files and locks.

pub mod clock;
pub mod crash;
pub mod files;
pub mod paths;
pub mod random;
