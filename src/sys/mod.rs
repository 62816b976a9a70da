//! L2. The operating system behind small safe doors: clocks, random bits, paths, private files and locks,
//! processes, git, an HTTP client with limits, the local broker's start.

pub mod clock;
pub mod crash;
pub mod files;
pub mod git;
pub mod http;
pub mod local;
pub mod paths;
pub mod process;
pub mod random;
pub mod secrets;
pub mod spool;
