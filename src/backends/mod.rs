//! L4. The port to approval systems, and one folder for each of them.

pub mod broker;
pub mod port;
