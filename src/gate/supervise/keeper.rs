//! Starts the command, watches gate, clock and processes, and ends what is to be ended.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpid, kill_current_process_group, waitid,
};
use rustix::termios::{tcgetpgrp, tcsetpgrp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::super::exec::STEP;
use super::super::log;
use super::Handed;
use super::ending::Ending;
use super::protocol::{Fate, Order, Plan, Report, Why};
use crate::domain::text::Text;
use crate::safe;
use crate::sys::clock::{Deadline, now};
use crate::sys::process::{OURSELVES, signal_by_name, tree};

/// How often the clocks are looked at: timers of the system stand still while the host is suspended.
const LOOK: Duration = Duration::from_secs(1);
/// The same while processes are being ended.
const LOOK_ENDING: Duration = Duration::from_millis(50);
/// How often a command is woken that somebody tried to put aside: its time runs on, and nobody could bring it back to
/// the front before it is over. Once is not enough, since the stop reaches each process at its own moment.
const WAKE: u32 = 4;

/// Runs from the gate's first order to the last process's end.
///
/// # Errors
/// Where the command cannot be started at all.
pub(super) async fn keep(handed: Handed) -> io::Result<()> {
    let Handed { gate, socket, stdin } = handed;
    let mut watch = Watch::new(gate, socket)?;
    let plan = match watch.order().await {
        Some(Order::Run(plan)) => plan,
        _ => return Err(io::Error::other("the gate gave no order: nothing runs")),
    };
    let child = spawn(&plan, stdin)?;
    let mut keeper = Keeper { until: plan.until, plan, child, fate: None, ending: None, wake: 0, reports: Vec::new() };
    keeper.reports.push(Report::Started);
    while !keeper.turn() {
        watch.tell(&mut keeper.reports).await;
        let nap = if keeper.ending.is_some() || keeper.wake > 0 { LOOK_ENDING } else { LOOK };
        if let Some(event) = watch.next(nap).await {
            keeper.take(event);
        }
    }
    watch.tell(&mut keeper.reports).await;
    Ok(())
}

/// The exec step becomes the command; both are in our group, which the terminal's foreground is handed to.
fn spawn(plan: &Plan, stdin: std::os::fd::OwnedFd) -> io::Result<Pid> {
    let os = |text: &Text| OsStr::from_bytes(text.as_bytes()).to_owned();
    let mut command = Command::new(OURSELVES);
    command.arg0("jit-tui").arg("__exec").arg(getpid().as_raw_pid().to_string()).arg(os(&plan.program)).arg("--");
    command.args(plan.argv.iter().map(os).collect::<Vec<OsString>>());
    command.env("JIT_TUI_GRANT", plan.grant.as_str()).env("JIT_TUI_GRANT_END", plan.ends_at.iso().as_str());
    let child = command.stdin(Stdio::from(stdin)).spawn()?;
    Pid::from_raw(child.id().cast_signed()).ok_or_else(|| io::Error::other("no process id"))
}

/// What happened outside.
enum Event {
    Order(Order),
    GateGone,
    Asked,
    PutAside,
}

/// Everything that can wake the supervisor.
struct Watch {
    gate: oneshot::Receiver<()>,
    orders: Lines<BufReader<OwnedReadHalf>>,
    reports: OwnedWriteHalf,
    gate_gone: bool,
    child: tokio::signal::unix::Signal,
    term: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
    /// The terminal sends these to the command as well, which knows what to do.
    overheard: [tokio::signal::unix::Signal; 3],
}

impl Watch {
    fn new(gate: std::os::fd::OwnedFd, socket: std::os::unix::net::UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let (read, reports) = UnixStream::from_std(socket)?.into_split();
        Ok(Self {
            gate: gone(gate),
            orders: BufReader::new(read).lines(),
            reports,
            gate_gone: false,
            child: signal(SignalKind::child())?,
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            overheard: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::quit())?,
                signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            ],
        })
    }

    async fn order(&mut self) -> Option<Order> {
        serde_json::from_str(&self.orders.next_line().await.ok()??).ok()
    }

    /// What woke us, if that is more than the clock.
    async fn next(&mut self, nap: Duration) -> Option<Event> {
        let [int, quit, tstp] = &mut self.overheard;
        let event = tokio::select! {
            _ = &mut self.gate, if !self.gate_gone => Event::GateGone,
            line = self.orders.next_line(), if !self.gate_gone => match line {
                Ok(Some(line)) => return serde_json::from_str(&line).ok().map(Event::Order),
                _ => Event::GateGone,
            },
            _ = self.term.recv() => Event::Asked,
            _ = self.hup.recv() => Event::Asked,
            _ = int.recv() => return None,
            _ = quit.recv() => return None,
            _ = tstp.recv() => Event::PutAside,
            _ = self.child.recv() => return None,
            () = tokio::time::sleep(nap) => return None,
        };
        self.gate_gone |= matches!(event, Event::GateGone);
        Some(event)
    }

    /// Reports to a gate that may be gone, which is no reason to stop.
    async fn tell(&mut self, reports: &mut Vec<Report>) {
        for report in reports.drain(..) {
            let line = serde_json::to_string(&report).unwrap_or_default() + "\n";
            let _ = self.reports.write_all(line.as_bytes()).await;
        }
    }
}

/// Tells when the process behind a pidfd is gone. A thread waits for it: it starts nothing, so nothing is bound to it.
fn gone(process: std::os::fd::OwnedFd) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut watched = [PollFd::new(&process, PollFlags::IN)];
        while matches!(poll(&mut watched, None), Err(rustix::io::Errno::INTR)) {}
        tell.send(())
    });
    told
}

struct Keeper {
    plan: Plan,
    until: Deadline,
    child: Pid,
    fate: Option<Fate>,
    ending: Option<Ending>,
    /// How often the command is still to be woken after somebody tried to put it aside.
    wake: u32,
    reports: Vec<Report>,
}

impl Keeper {
    fn take(&mut self, event: Event) {
        match event {
            Event::Order(Order::Until(until)) => self.until = until,
            Event::Order(Order::End(why)) => self.end(why),
            Event::Order(Order::Pass(name)) => self.pass(&name),
            Event::Order(Order::Run(_)) => {}
            Event::Asked => self.end(Why::Asked),
            Event::PutAside => {
                log::line(&safe!("a command under a grant cannot be put aside: it goes on"));
                self.wake = WAKE;
            }
            Event::GateGone => {
                if self.ending.is_none() {
                    log::line(&safe!("the gate is gone: ending what runs under its grant"));
                }
                self.end(Why::GateGone);
            }
        }
    }

    /// Looks at everything; whether it is all over.
    fn turn(&mut self) -> bool {
        self.reap();
        if let Some(less) = self.wake.checked_sub(1) {
            self.wake = less;
            let _ = kill_current_process_group(Signal::CONT);
        }
        if self.until.is_past(now()) {
            self.end(Why::Expired);
        }
        if self.fate.is_none() && self.ending.is_none() {
            return false;
        }
        let alive = tree::below(getpid(), &[]).unwrap_or_default();
        if alive.is_empty() && self.fate.is_some() {
            return self.finish(0);
        }
        if self.fate.is_some() {
            self.end(Why::LeftBehind);
        }
        let Some(ending) = &mut self.ending else { return false };
        for (process, signal) in ending.act(now(), &alive) {
            // A process of somebody else's is counted at the end.
            let _ = process.signal(signal);
        }
        let hopeless = ending.is_hopeless(now());
        hopeless && self.finish(u32::try_from(alive.len()).unwrap_or(u32::MAX))
    }

    /// Begins to end what is there; the first reason stands.
    fn end(&mut self, why: Why) {
        if self.ending.is_some() {
            return;
        }
        let processes = tree::below(getpid(), &[]).map_or(0, |all| u32::try_from(all.len()).unwrap_or(u32::MAX));
        let stop = signal_by_name(&self.plan.stop_signal.lossy()).unwrap_or(Signal::TERM);
        // Without the gate nobody waits for the command any more, but it still has its grace.
        self.ending = Some(Ending::begin(why, stop, self.plan.grace, now()));
        self.reports.push(Report::Ending { why, processes });
    }

    fn pass(&self, name: &Text) {
        let Some(signal) = signal_by_name(&name.lossy()) else { return };
        for process in tree::below(getpid(), &[]).unwrap_or_default() {
            let _ = process.signal(signal);
        }
    }

    fn reap(&mut self) {
        if self.fate.is_none() && self.has_exited() {
            let started = std::fs::read(format!("/proc/{}/comm", self.child.as_raw_pid())).unwrap_or_default();
            let started = started.trim_ascii_end() != STEP.as_bytes();
            self.fate = rustix::process::waitpid(Some(self.child), WaitOptions::NOHANG)
                .ok()
                .flatten()
                .map(|(_, s)| fate(s, started));
        }
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            self.noticed(pid, status);
        }
    }

    fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(self.child), options), Ok(Some(_)))
    }

    fn noticed(&mut self, pid: Pid, status: WaitStatus) {
        if pid != self.child {
            return;
        }
        if !status.stopped() {
            self.fate = Some(fate(status, true));
        } else if status.stopping_signal() == Some(Signal::TSTP.as_raw()) {
            self.wake = WAKE;
        }
    }

    fn finish(&mut self, left: u32) -> bool {
        self.give_terminal_back();
        let why = self.ending.as_ref().map(|ending| ending.why).filter(|why| *why != Why::LeftBehind);
        self.reports.push(Report::Ended { fate: self.fate.unwrap_or(Fate::Stuck), why, left });
        true
    }

    /// Only from the foreground: a call from behind would stop us.
    fn give_terminal_back(&self) {
        let Some(group) = self.plan.terminal_of.and_then(Pid::from_raw) else { return };
        let Ok(tty) = std::fs::File::options().read(true).write(true).open("/dev/tty") else { return };
        if tcgetpgrp(&tty).is_ok_and(|front| front == rustix::process::getpgrp()) {
            let _ = tcsetpgrp(&tty, group);
        }
    }
}

fn fate(status: WaitStatus, started: bool) -> Fate {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) if !started => Fate::NotStarted(code),
        (Some(code), _) => Fate::Exit(code),
        (None, Some(signal)) => Fate::Signal(signal),
        (None, None) => Fate::Stuck,
    }
}
