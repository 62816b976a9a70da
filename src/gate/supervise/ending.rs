//! How a tree of processes is ended: the stop signal to each once, grace, then KILL until nothing is left. Pure.

use std::collections::HashSet;

use rustix::process::Signal;

use super::protocol::Why;
use crate::domain::time::Span;
use crate::sys::clock::{Deadline, Now};
use crate::sys::process::tree::Process;

/// How long KILL is repeated for what does not go: processes of somebody else, or stuck in the kernel.
const PERSIST: Span = Span::secs(10);

/// An end under way.
pub struct Ending {
    /// Why.
    pub why: Why,
    stop: Signal,
    kill: Deadline,
    give_up: Deadline,
    told: HashSet<(i32, u64)>,
}

impl Ending {
    /// Begins `now`.
    pub fn begin(why: Why, stop: Signal, grace: Span, now: Now) -> Self {
        let give_up = Deadline::after(Now { wall: now.wall + grace, boot: now.boot + grace }, PERSIST);
        Self { why, stop, kill: Deadline::after(now, grace), give_up, told: HashSet::new() }
    }

    /// What to send to whom. A process that came up meanwhile gets its stop signal as well; one that is stopped
    /// must be woken to hear it.
    pub fn act(&mut self, now: Now, alive: &[Process]) -> Vec<(Process, Signal)> {
        if self.kill.is_past(now) {
            return alive.iter().map(|process| (*process, Signal::KILL)).collect();
        }
        let untold: Vec<Process> = alive.iter().filter(|process| self.told.insert(process.id())).copied().collect();
        untold.iter().flat_map(|process| [(*process, self.stop), (*process, Signal::CONT)]).collect()
    }

    /// Whether what is left will not go.
    pub fn is_hopeless(&self, now: Now) -> bool {
        self.give_up.is_past(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Ms;
    use crate::sys::process::tree;

    fn at(seconds: i64) -> Now {
        Now { wall: Ms(seconds * 1000), boot: Ms(seconds * 1000) }
    }

    #[test]
    fn each_process_is_asked_once_then_killed_until_it_is_gone() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id().cast_signed();
        let alive = tree::below(rustix::process::getpid(), &[]).unwrap();
        let one: Vec<Process> = alive.into_iter().filter(|process| process.pid == pid).collect();
        let signals = |sent: Vec<(Process, Signal)>| sent.into_iter().map(|(_, signal)| signal).collect::<Vec<_>>();

        let mut ending = Ending::begin(Why::Expired, Signal::TERM, Span::secs(60), at(100));
        assert_eq!(signals(ending.act(at(100), &one)), [Signal::TERM, Signal::CONT]);
        assert!(ending.act(at(130), &one).is_empty());
        for second in [160, 161] {
            assert_eq!(signals(ending.act(at(second), &one)), [Signal::KILL]);
        }
        assert!(!ending.is_hopeless(at(165)));
        assert!(ending.is_hopeless(at(170)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
