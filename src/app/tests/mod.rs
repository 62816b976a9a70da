//! The console as stories: given a queue, when these keys, then this screen and these effects.

mod any;
mod deciding;
mod diff;
mod guarded;
mod holding;
mod looking_up;
mod queue;
mod reading;
mod rest;
