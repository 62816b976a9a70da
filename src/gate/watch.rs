//! While the command runs: the supervisor on one side, the broker on the other, the clock between them.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, getpid, set_child_subreaper};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::ask::Asked;
use super::collect::Scene;
use super::link::Link;
use super::signals::Signals;
use super::supervise::protocol::{Fate, Order, Plan, Report, Why, send_fd};
use super::tty::Tty;
use super::wait::{Heard, POLL_RUNNING, Pulse};
use super::warn::Warnings;
use super::{Close, Options, log};
use crate::api::{Beat, Permit};
use crate::domain::grant::End;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::domain::verdict::RUN_FOR_CAP;
use crate::safe;
use crate::sys::clock::{Deadline, Now, now};
use crate::sys::process::{OURSELVES, signal_name, tree, without_secrets};

/// An extension is more than what clocks and networks make of the same end.
const MORE: Span = Span::secs(3);
/// How long what a killed supervisor left is hunted.
const HUNT: Span = Span::secs(10);

/// What came of it.
pub struct Outcome {
    /// How the command ended.
    pub fate: Fate,
    /// Why it was ended, where it did not end by itself.
    pub why: Option<Why>,
}

impl Outcome {
    /// For the broker.
    pub fn end(&self) -> End {
        match (self.why, self.fate) {
            (_, Fate::Stuck) => End::Lost,
            (Some(Why::Expired), _) => End::Expired,
            (Some(Why::Revoked), _) => End::Revoked,
            (_, Fate::Exit(code)) => End::Exit(code),
            (_, Fate::Signal(signal)) => End::Signal(signal),
            (_, Fate::NotStarted(_)) => End::NotStarted,
        }
    }
}

/// Runs the command under the permit until it is over.
///
/// # Errors
/// Where the supervisor cannot be started: nothing ran.
pub async fn run(
    link: &Link,
    asked: &Asked,
    (permit, sent): (&Permit, Now),
    (scene, options): (&Scene, &Options),
    signals: &mut Signals,
) -> io::Result<Outcome> {
    // Children that are there already, such as a local broker that this gate started, are none of the command's.
    let spared = tree::children(getpid())?;
    set_child_subreaper(Some(getpid()))?;
    let (mut supervisor, group) = Supervisor::spawn()?;
    let tty = Tty::in_foreground().filter(|tty| tty.give(group));
    let until = Deadline::after(sent, permit.run_for);
    let cap = Deadline::after(sent, RUN_FOR_CAP);
    supervisor.order(&Order::Run(plan(permit, until, scene, options, tty.is_some()))).await;
    let pulse = Pulse::start(link.clone(), &asked.core.key.id, POLL_RUNNING);
    let warnings = Warnings::new(permit.run_for);
    let mut running =
        Running { supervisor, pulse, until, cap, started: sent, warnings, lost: false, runs: false, spared };
    let outcome = running.watch(signals).await;
    if let Some(tty) = tty {
        tty.restore();
    }
    Ok(outcome)
}

fn plan(permit: &Permit, until: Deadline, scene: &Scene, options: &Options, on_tty: bool) -> Plan {
    Plan {
        program: Text::from(scene.program.path.as_path()),
        argv: scene.argv.iter().map(|arg| Text::from(arg.as_os_str())).collect(),
        grant: permit.grant.clone(),
        ends_at: permit.ends_at,
        until,
        stop_signal: options.stop_signal.clone(),
        grace: options.grace,
        terminal_of: on_tty.then(|| getpgrp().as_raw_pid()),
    }
}

/// The other end of the socket.
struct Supervisor {
    reports: Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
}

impl Supervisor {
    /// Starts it in a group of its own, with our stdin sent ahead for the command.
    fn spawn() -> io::Result<(Self, Pid)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        let mut command = Command::new(OURSELVES);
        command.arg0("jit-tui").arg("__supervise").arg(getpid().as_raw_pid().to_string());
        command.process_group(0).stdin(Stdio::from(OwnedFd::from(theirs)));
        let child = without_secrets(&mut command).spawn()?;
        send_fd(&ours, io::stdin().as_fd())?;
        ours.set_nonblocking(true)?;
        let (read, orders) = UnixStream::from_std(ours)?.into_split();
        let pid = Pid::from_raw(child.id().cast_signed()).ok_or_else(|| io::Error::other("no process id"))?;
        Ok((Self { reports: BufReader::new(read).lines(), orders }, pid))
    }

    /// A supervisor that is gone shows on the other direction.
    async fn order(&mut self, order: &Order) {
        let line = serde_json::to_string(order).unwrap_or_default() + "\n";
        let _ = self.orders.write_all(line.as_bytes()).await;
    }

    /// The next report; nothing once it is gone.
    async fn report(&mut self) -> Option<Report> {
        serde_json::from_str(&self.reports.next_line().await.ok()??).ok()
    }
}

struct Running {
    supervisor: Supervisor,
    pulse: Pulse,
    until: Deadline,
    cap: Deadline,
    started: Now,
    warnings: Warnings,
    lost: bool,
    /// The supervisor said that the command was started.
    runs: bool,
    spared: Vec<tree::Process>,
}

impl Running {
    async fn watch(&mut self, signals: &mut Signals) -> Outcome {
        loop {
            tokio::select! {
                report = self.supervisor.report() => match report {
                    Some(Report::Ended { fate, why, left }) => return ended(fate, why, left),
                    Some(Report::Started) => self.runs = true,
                    Some(Report::Ending { why, processes }) => tell(why, processes),
                    None => return self.hunt().await,
                },
                heard = self.pulse.next() => self.hear(heard).await,
                signal = signals.next() => self.signalled(signal).await,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            if let Some(warning) = self.warnings.due(self.until.left(now())) {
                log::line(&safe!("{}: then it is ended, unless an approver extends it", warning));
            }
        }
    }

    /// What ends a gate ends the command; an interrupt is first of all the command's own.
    async fn signalled(&mut self, signal: Signal) {
        log::line(&safe!("got {}", signal_name(signal)));
        let order = match signal {
            Signal::INT => Order::Pass(Text::from("INT")),
            _ => Order::End(Why::Asked),
        };
        self.supervisor.order(&order).await;
    }

    async fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Beat(beat, sent) => {
                if std::mem::take(&mut self.lost) {
                    log::line(&SafeText::lit("the broker answers again"));
                }
                self.learn(&beat, sent).await;
            }
            Heard::Lost(why) => {
                if !std::mem::replace(&mut self.lost, true) {
                    log::line(&safe!("the broker does not answer ({}); the deadline stands", why.prose()));
                }
            }
            Heard::Refused(trouble) => {
                log::line(&safe!("the broker knows nothing of it any more ({}); the deadline stands", trouble));
            }
        }
    }

    async fn learn(&mut self, beat: &Beat, sent: Now) {
        if beat.revoked {
            log::line(&safe!("REVOKED: {}", beat.decision.prose()));
            self.supervisor.order(&Order::End(Why::Revoked)).await;
            return;
        }
        // What was left is counted from the question, so an answer that was long on its way gives no time away.
        let Some(left) = beat.left else { return };
        let until = Deadline::after(sent, left).or_earlier(self.cap);
        if until.boot().since(self.until.boot()) >= MORE {
            self.until = self.until.or_later(until);
            self.warnings.extend(self.until.boot().since(self.started.boot));
            log::line(&safe!("EXTENDED: {} left", self.until.left(now())));
            self.supervisor.order(&Order::Until(self.until)).await;
        }
    }

    /// The supervisor was killed, and the command with it: what they left is ours now, and is ended.
    async fn hunt(&mut self) -> Outcome {
        log::line(&SafeText::lit("the supervisor is gone: ending what it left"));
        let until = Deadline::after(now(), HUNT);
        let mut left = self.left();
        while !left.is_empty() && !until.is_past(now()) {
            for process in &left {
                let _ = process.signal(Signal::KILL);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            left = self.left();
        }
        let fate = match (left.is_empty(), self.runs) {
            (false, _) => Fate::Stuck,
            (true, true) => Fate::Signal(Signal::KILL.as_raw()),
            (true, false) => Fate::NotStarted(i32::from(Close::Failed.code())),
        };
        ended(fate, None, u32::try_from(left.len()).unwrap_or(u32::MAX))
    }

    fn left(&self) -> Vec<tree::Process> {
        tree::reap();
        tree::below(getpid(), &self.spared).unwrap_or_default()
    }
}

fn tell(why: Why, processes: u32) {
    let why = SafeText::lit(match why {
        Why::Expired => "TIME IS OVER",
        Why::Revoked => "REVOKED",
        Why::Asked => "asked to end",
        Why::GateGone => "the gate is gone",
        Why::LeftBehind => "the command has ended and left processes behind",
    });
    log::line(&safe!("{}: ending {} processes", why, processes));
}

fn ended(fate: Fate, why: Option<Why>, left: u32) -> Outcome {
    if left > 0 {
        log::line(&safe!("COULD NOT END {} processes: they belong to another user, or hang in the kernel", left));
    }
    Outcome { fate, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_as_what_it_was() {
        for (why, fate, end) in [
            (None, Fate::Exit(3), End::Exit(3)),
            (Some(Why::Asked), Fate::Signal(15), End::Signal(15)),
            (Some(Why::Expired), Fate::Exit(0), End::Expired),
            (Some(Why::Revoked), Fate::Signal(15), End::Revoked),
            (Some(Why::Expired), Fate::Stuck, End::Lost),
            (None, Fate::NotStarted(126), End::NotStarted),
        ] {
            assert_eq!(Outcome { fate, why }.end(), end);
        }
    }
}
