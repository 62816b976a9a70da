//! The tree of processes below one, from `/proc`, and signals to it that never hit a reused process id.

use std::collections::HashSet;
use std::io;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal};

/// One process, told apart from later ones of the same id by when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    parent: i32,
    started: u64,
    dead: bool,
}

/// Every process that `/proc` shows.
fn all() -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let pid = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        // Whatever has gone meanwhile is no longer of interest.
        found.extend(pid.and_then(read));
    }
    Ok(found)
}

fn read(pid: i32) -> Option<Process> {
    parse(&std::fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// `PID (NAME) STATE PPID …`; the name may hold anything, parentheses and spaces as well.
fn parse(stat: &[u8]) -> Option<Process> {
    let text = String::from_utf8_lossy(stat);
    let (head, rest) = text.rsplit_once(')')?;
    let pid = head.split_once(' ')?.0.parse().ok()?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Process {
        pid,
        dead: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// The living processes below `root`, without those of `spared` and what is below them.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn below(root: Pid, spared: &[Process]) -> io::Result<Vec<Process>> {
    Ok(under(&all()?, root.as_raw_pid(), spared))
}

/// The direct children of `parent`, dead ones included.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn children(parent: Pid) -> io::Result<Vec<Process>> {
    Ok(all()?.into_iter().filter(|p| p.parent == parent.as_raw_pid()).collect())
}

fn under(all: &[Process], root: i32, spared: &[Process]) -> Vec<Process> {
    let is_spared = |p: &Process| spared.iter().any(|s| s.id() == p.id());
    let mut known = HashSet::from([root]);
    loop {
        let before = known.len();
        known.extend(
            all.iter().filter(|p| known.contains(&p.parent) && !is_spared(p)).map(|p| p.pid).collect::<Vec<_>>(),
        );
        if known.len() == before {
            break;
        }
    }
    all.iter().filter(|p| p.pid != root && !p.dead && known.contains(&p.pid)).copied().collect()
}

impl Process {
    /// What tells it from every other process of this boot.
    pub fn id(&self) -> (i32, u64) {
        (self.pid, self.started)
    }

    /// Sends a signal to this process and to no later one of its id.
    ///
    /// # Errors
    /// Where it belongs to somebody else; a process that has gone is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(()) };
        let sent = pidfd_open(pid, PidfdFlags::empty()).and_then(|fd| {
            let same = read(self.pid).is_some_and(|now| now.started == self.started);
            if same { pidfd_send_signal(fd, signal) } else { Ok(()) }
        });
        match sent {
            Err(e) if e != rustix::io::Errno::SRCH => Err(e.into()),
            _ => Ok(()),
        }
    }
}

/// Takes in every child that has ended: its id and status.
pub fn reap() -> Vec<(Pid, rustix::process::WaitStatus)> {
    let mut ended = Vec::new();
    while let Ok(Some(child)) = rustix::process::wait(WaitOptions::NOHANG) {
        ended.push(child);
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> Process {
        Process { pid, parent, started: 7, dead: false }
    }

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let stat = b"42 (evil) R 1 (x) S 7 42 42 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 98765 1 2";
        assert_eq!(parse(stat), Some(Process { pid: 42, parent: 7, started: 98765, dead: false }));
        assert_eq!(parse(b"42 (x"), None);
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn the_tree_holds_grandchildren_and_leaves_out_the_spared() {
        let mut all = vec![
            process(9, 5),
            process(1, 0),
            process(5, 1),
            process(7, 5),
            process(8, 7),
            process(3, 1),
            process(4, 3),
        ];
        let pids = |spared: &[Process], all: &[Process]| {
            let mut pids: Vec<i32> = under(all, 5, spared).iter().map(|p| p.pid).collect();
            pids.sort_unstable();
            pids
        };
        assert_eq!(pids(&[], &all), [7, 8, 9]);
        assert_eq!(pids(&[process(7, 5)], &all), [9]);
        // Another process of the same id is not the one that was spared.
        assert_eq!(pids(&[Process { started: 6, ..process(7, 5) }], &all), [7, 8, 9]);
        all[0].dead = true;
        assert_eq!(pids(&[], &all), [7, 8]);
    }

    #[test]
    fn a_child_is_seen_and_ended() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let me = rustix::process::getpid();
        let seen = below(me, &[]).unwrap().into_iter().find(|p| p.pid.cast_unsigned() == child.id()).unwrap();
        seen.signal(Signal::KILL).unwrap();
        assert!(!child.wait().unwrap().success());
        seen.signal(Signal::KILL).unwrap();
    }
}
