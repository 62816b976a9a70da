//! Runs a program to its end within limits of time and output. Its output goes to a sink as it comes.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use crate::domain::text::{Shown, Text, said};

/// How much of what a program complains about is kept.
const COMPLAINTS: usize = 4 << 10;

/// What the sink says after each piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    More,
    /// Enough: the program is ended.
    Stop,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; absent where a signal ended it.
    pub code: Option<i32>,
    /// The sink had enough.
    pub stopped: bool,
    /// The start of what it wrote to stderr.
    pub complaint: Text,
}

/// How often it is asked whether a program must stop.
const TICK: Duration = Duration::from_millis(100);

/// Asked while a program runs; a reason ends it.
pub type MustStop<'a> = &'a dyn Fn() -> Option<&'static str>;

/// Why a program did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Whoever ran it called it off.
    #[error("was ended: {0}")]
    Stopped(&'static str),
    /// It could not be started or read.
    #[error("{}", said(.0))]
    Io(#[from] io::Error),
    /// It took too long and was ended.
    #[error("took longer than {} s and was ended", .0.as_secs())]
    TimedOut(Duration),
}

impl Shown for Failure {}

/// Runs `command` with nothing on stdin. Past `limit`, or when the sink says stop, it and its group are ended.
///
/// # Errors
/// Where it cannot be started, or takes too long.
pub fn run(command: &mut Command, limit: Duration, sink: &mut dyn FnMut(&[u8]) -> Flow) -> Result<Finished, Failure> {
    run_unless(command, limit, None, sink)
}

/// The same; it is ended as well when `stop` gives a reason.
///
/// # Errors
/// As `run`, and where it was stopped.
pub fn run_unless(
    command: &mut Command,
    limit: Duration,
    stop: Option<MustStop<'_>>,
    sink: &mut dyn FnMut(&[u8]) -> Flow,
) -> Result<Finished, Failure> {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = Guard(piped.spawn()?);
    let leash = Leash { until: Instant::now() + limit, limit, stop };
    let (stopped, complaint) = child.drain(&leash, sink)?;
    if stopped {
        child.end();
    }
    child.wait_until(&leash)?;
    let status = child.0.wait()?;
    Ok(Finished { code: status.code(), stopped, complaint: Text::new(complaint) })
}

/// What ends a program early.
struct Leash<'a> {
    until: Instant,
    limit: Duration,
    stop: Option<MustStop<'a>>,
}

/// A child that does not outlive the call.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        self.end();
        drop(self.0.wait());
    }
}

impl Guard {
    fn end(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // It has just been seen alive and is not reaped, so its id is its own.
            if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
                let _ = rustix::process::kill_process_group(group, Signal::KILL);
            }
        }
    }

    /// Reads both pipes to their ends; stderr is drained past what is kept.
    fn drain(&mut self, leash: &Leash<'_>, sink: &mut dyn FnMut(&[u8]) -> Flow) -> Result<(bool, Vec<u8>), Failure> {
        let (mut out, mut err) = (self.0.stdout.take(), self.0.stderr.take());
        let mut buffer = vec![0; 64 << 10];
        let mut complaint = Vec::new();
        while out.is_some() || err.is_some() {
            let [out_ready, err_ready] =
                leash.readable([out.as_ref().map(AsFd::as_fd), err.as_ref().map(AsFd::as_fd)])?;
            if out_ready && let Some(pipe) = &mut out {
                match pipe.read(&mut buffer)? {
                    0 => out = None,
                    n if sink(buffer.get(..n).unwrap_or_default()) == Flow::Stop => return Ok((true, complaint)),
                    _ => {}
                }
            }
            if err_ready && let Some(pipe) = &mut err {
                match pipe.read(&mut buffer)? {
                    0 => err = None,
                    n => complaint.extend_from_slice(
                        buffer.get(..n.min(COMPLAINTS - complaint.len().min(COMPLAINTS))).unwrap_or_default(),
                    ),
                }
            }
        }
        Ok((false, complaint))
    }

    fn wait_until(&mut self, leash: &Leash<'_>) -> Result<(), Failure> {
        if self.0.try_wait()?.is_some() {
            return Ok(());
        }
        let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) else { return Ok(()) };
        let fd = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from)?;
        leash.readable([Some(fd.as_fd()), None]).map(drop)
    }
}

impl Leash<'_> {
    /// Waits until one of the two can be read or is at its end.
    fn readable(&self, fds: [Option<std::os::fd::BorrowedFd<'_>>; 2]) -> Result<[bool; 2], Failure> {
        loop {
            if let Some(why) = self.stop.and_then(|stop| stop()) {
                return Err(Failure::Stopped(why));
            }
            let left = self.until.saturating_duration_since(Instant::now());
            let wait = if self.stop.is_some() { left.min(TICK) } else { left };
            let mut polled: Vec<PollFd<'_>> =
                fds.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
            let timeout = Timespec::try_from(wait).map_err(io::Error::other)?;
            match poll(&mut polled, Some(&timeout)) {
                Ok(0) if left.is_zero() => return Err(Failure::TimedOut(self.limit)),
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Err(e) => return Err(io::Error::from(e).into()),
                Ok(_) => {}
            }
            let mut ready = polled.iter().map(|fd| !fd.revents().is_empty());
            return Ok(fds.map(|fd| fd.is_some() && ready.next().unwrap_or(false)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn collect(script: &str, limit: Duration) -> (Result<Finished, Failure>, Vec<u8>) {
        let mut out = Vec::new();
        let end = run(&mut sh(script), limit, &mut |piece| {
            out.extend_from_slice(piece);
            Flow::More
        });
        (end, out)
    }

    #[test]
    fn output_complaint_and_code_come_back() {
        let (end, out) = collect("echo out; echo err >&2; exit 3", Duration::from_secs(30));
        assert_eq!(end.unwrap(), Finished { code: Some(3), stopped: false, complaint: Text::from("err\n") });
        assert_eq!(out, b"out\n");
    }

    #[test]
    fn a_flood_on_stderr_is_bounded_and_blocks_nothing() {
        let (end, _) = collect("head -c 3000000 /dev/zero >&2", Duration::from_secs(30));
        assert_eq!(end.unwrap().complaint.as_bytes().len(), COMPLAINTS);
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let (end, _) = collect("echo x; sleep 600", Duration::from_millis(200));
        assert!(matches!(end, Err(Failure::TimedOut(_))));
    }

    #[test]
    fn what_is_called_off_is_ended_with_its_reason() {
        let stop = || Some("called off");
        let end = run_unless(&mut sh("sleep 600"), Duration::from_secs(60), Some(&stop), &mut |_| Flow::More);
        assert!(matches!(end, Err(Failure::Stopped("called off"))));
    }

    #[test]
    fn the_sink_may_stop_an_endless_program() {
        let mut seen = 0;
        let end = run(&mut sh("yes"), Duration::from_secs(30), &mut |piece| {
            seen += piece.len();
            if seen > 100_000 { Flow::Stop } else { Flow::More }
        });
        assert!(end.unwrap().stopped);
    }

    #[test]
    fn a_missing_program_says_so() {
        let end = run(&mut Command::new("/nonexistent/program"), Duration::from_secs(1), &mut |_| Flow::More);
        assert!(matches!(end, Err(Failure::Io(e)) if e.kind() == io::ErrorKind::NotFound));
    }
}
