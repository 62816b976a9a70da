//! The whole story with the real binary: a policy holds a pipeline step, the gate asks, somebody decides from the
//! keyboard, the step runs under its grant and is ended with it, and the audit log tells it all.

mod accepting;
pub mod console;
mod deciding;
mod demo;
mod faults;
mod hostile;
mod outages;
mod running;
pub mod stage;
