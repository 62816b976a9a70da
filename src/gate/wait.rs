//! Waits for the decision: a long poll that outlives broker restarts and network loss, told in a log only where
//! something changes.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ask::Asked;
use super::link::{Backoff, Call, Link, Trouble};
use super::log::{self, Repeat};
use super::signals::Signals;
use super::{Close, Options};
use crate::api::{Beat, Code, request_path};
use crate::domain::ids::NativeId;
use crate::domain::request::State;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;
use crate::sys::clock::{Deadline, Now, now};
use crate::sys::local;
use crate::sys::paths::Paths;

/// How long the broker may hold a beat back: while waiting, and while the command runs.
pub const POLL: u64 = 20;
/// While the command runs: its broker wants to know that the gate lives.
pub const POLL_RUNNING: u64 = 10;
/// How far gate and broker may differ about the end of the gate's own wait.
const CLOSE: Span = Span::secs(5);
/// How long taking a request back may take.
const CANCEL: Duration = Duration::from_secs(3);

/// What a beat brought.
pub enum Heard {
    /// The broker's answer, and when the question was sent: what is left counts from there at the earliest.
    Beat(Box<Beat>, Now),
    /// Nobody answers; said again with every try.
    Lost(Text),
    /// The broker does not want to hear of it any more.
    Refused(Trouble),
}

/// Beats in the background.
pub struct Pulse {
    task: JoinHandle<()>,
    heard: mpsc::Receiver<Heard>,
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pulse {
    /// Starts to beat for a request, each held back for up to `poll` seconds.
    pub fn start(link: Link, id: &NativeId, poll: u64) -> Self {
        let (tell, heard) = mpsc::channel(4);
        let path = request_path(id) + "/beat";
        Self { task: tokio::spawn(beat(link, path, poll, tell)), heard }
    }

    /// What the next beat brings.
    pub async fn next(&mut self) -> Heard {
        match self.heard.recv().await {
            Some(heard) => heard,
            // The task ends after a refusal only.
            None => std::future::pending().await,
        }
    }
}

async fn beat(link: Link, path: String, poll: u64, tell: mpsc::Sender<Heard>) {
    let (mut seq, mut backoff) = (None, Backoff::default());
    loop {
        let sent = now();
        let since = seq.map(|n| format!("&seq={n}")).unwrap_or_default();
        // The first one asks how it stands; from then on only changes are waited for.
        let wait = if seq.is_some() { poll } else { 0 };
        let call = Call::poke(format!("{path}?wait={wait}{since}")).waiting(Duration::from_secs(wait));
        let heard = match link.once::<Beat>(&call).await {
            Ok(beat) => {
                let early = seq == Some(beat.seq) && now().boot.since(sent.boot) < Span::secs(1);
                seq = Some(beat.seq);
                backoff = Backoff::default();
                if early {
                    // A broker that does not hold back must not be asked in a hot loop.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Heard::Beat(Box::new(beat), sent)
            }
            Err(Trouble::Outage(why)) => Heard::Lost(why),
            Err(trouble) => Heard::Refused(trouble),
        };
        let (lost, over) = (matches!(heard, Heard::Lost(_)), matches!(heard, Heard::Refused(_)));
        if tell.send(heard).await.is_err() || over {
            return;
        }
        if lost {
            backoff.pause().await;
        }
    }
}

/// Waits until the request is approved.
///
/// # Errors
/// Why the gate ends without a start.
pub async fn wait(
    link: &Link,
    asked: &Asked,
    (options, local): (&Options, Option<&Paths>),
    signals: &mut Signals,
) -> Result<(), Close> {
    if let Some(close) = settled(&asked.state) {
        return close;
    }
    let mut waiting = Waiting::new(options, local);
    let mut pulse = Pulse::start(link.clone(), &asked.core.key.id, POLL);
    loop {
        let close = tokio::select! {
            signal = signals.next() => Some(Err(Close::Interrupted(signal.as_raw()))),
            () = waiting.given_up() => Some(Err(Close::GaveUp)),
            heard = pulse.next() => waiting.take(heard),
        };
        match close {
            Some(Err(close @ (Close::Interrupted(_) | Close::GaveUp | Close::Unreachable))) => {
                cancel(link, &asked.core.key.id).await;
                return Err(close);
            }
            Some(close) => return close,
            None => {}
        }
    }
}

/// Takes the request back, as well as that goes in a few seconds.
pub async fn cancel(link: &Link, id: &NativeId) {
    let call = Call::poke(request_path(id) + "/cancel");
    if !matches!(tokio::time::timeout(CANCEL, link.done(&call)).await, Ok(Ok(()))) {
        log::line(&SafeText::lit("could not take the request back: it stays until its time is over"));
    }
}

/// What a state means for whoever waits; nothing while it is pending.
fn settled(state: &State) -> Option<Result<(), Close>> {
    match state {
        State::Pending => None,
        State::Approved => Some(Ok(())),
        State::Rejected => Some(Err(Close::Rejected)),
        State::TimedOut => Some(Err(Close::TimedOut)),
        State::Denied => Some(Err(Close::Denied)),
        State::Cancelled => Some(Err(Close::GaveUp)),
        State::Gone | State::Unknown(_) => Some(Err(Close::Failed)),
    }
}

/// What is known while waiting, and since when nothing is.
struct Waiting {
    give_up: Option<Deadline>,
    patience: Span,
    lost: Option<Deadline>,
    repeat: Repeat,
    local: Option<Paths>,
}

impl Waiting {
    fn new(options: &Options, local: Option<&Paths>) -> Self {
        let give_up = options.wait.map(|wait| Deadline::after(now(), wait));
        Self { give_up, patience: options.patience, lost: None, repeat: Repeat::new(), local: local.cloned() }
    }

    /// Nobody else may be there to start a local broker again that was killed.
    fn revive(&self) {
        if let Some(paths) = self.local.clone() {
            drop(tokio::task::spawn_blocking(move || local::ensure(&paths)));
        }
    }

    /// Comes back once the gate's own wait is over; looks at both clocks every second.
    async fn given_up(&self) {
        let Some(deadline) = self.give_up else { return std::future::pending().await };
        while !deadline.is_past(now()) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn take(&mut self, heard: Heard) -> Option<Result<(), Close>> {
        match heard {
            Heard::Beat(beat, _) => {
                if self.lost.take().is_some() {
                    log::line(&SafeText::lit("the broker answers again"));
                }
                self.tell(&beat);
                match &beat.state {
                    _ if beat.revoked => Some(Err(Close::Revoked)),
                    // The broker was told how long we wait: its clock may be a little ahead of ours.
                    State::TimedOut if self.give_up.is_some_and(|at| at.left(now()) < CLOSE) => {
                        Some(Err(Close::GaveUp))
                    }
                    state => settled(state),
                }
            }
            Heard::Lost(why) => {
                self.revive();
                self.lose(&why)
            }
            Heard::Refused(trouble) => Some(Err(refused(&trouble))),
        }
    }

    fn lose(&mut self, why: &Text) -> Option<Result<(), Close>> {
        let patience = self.patience;
        let until = *self.lost.get_or_insert_with(|| {
            log::line(&safe!(
                "the broker does not answer ({}); the request stays, trying for {}",
                why.prose(),
                patience
            ));
            Deadline::after(now(), patience)
        });
        until.is_past(now()).then_some(Err(Close::Unreachable))
    }

    fn tell(&mut self, beat: &Beat) {
        let (state, decision) = (beat.state.word(), beat.decision.prose());
        let mut text = match &beat.state {
            State::Pending => safe!("{}, votes {}", state, beat.votes.prose()),
            _ if decision.as_str().is_empty() => state,
            _ if decision.as_str().starts_with(state.as_str()) => decision,
            _ => safe!("{}: {}", state, decision),
        };
        let looking: Vec<SafeText> = beat.looking.iter().map(Text::ident).collect();
        if !looking.is_empty() {
            text = safe!("{}, {} looks", text, SafeText::join(&looking, ", "));
        }
        if self.repeat.is_due(&text) {
            let rest = if beat.state == State::Pending {
                safe!(" (until {} UTC, consoles that watch: {})", beat.due.clock(), beat.watching)
            } else {
                SafeText::default()
            };
            log::line(&safe!("{}{}", text, rest));
        }
    }
}

/// The end that a refused beat means.
fn refused(trouble: &Trouble) -> Close {
    log::line(&safe!("the broker knows nothing of the request any more: {}", trouble));
    match trouble.refusal() {
        Some(Code::Over) => Close::TimedOut,
        _ => Close::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Ms;

    fn waiting(patience: Span) -> Waiting {
        Waiting { give_up: None, patience, lost: None, repeat: Repeat::new(), local: None }
    }

    fn beat(state: State) -> Heard {
        let beat = Beat {
            seq: 1,
            state,
            votes: Text::from("0 of 1"),
            looking: Vec::new(),
            decision: Text::default(),
            due: Ms(0),
            left: None,
            revoked: false,
            watching: 0,
        };
        Heard::Beat(Box::new(beat), now())
    }

    #[test]
    fn only_an_approval_lets_it_pass() {
        for (state, close) in [
            (State::Pending, None),
            (State::Approved, Some(Ok(()))),
            (State::Rejected, Some(Err(Close::Rejected))),
            (State::TimedOut, Some(Err(Close::TimedOut))),
            (State::Denied, Some(Err(Close::Denied))),
            (State::Cancelled, Some(Err(Close::GaveUp))),
            (State::Gone, Some(Err(Close::Failed))),
            (State::Unknown(Text::from("green")), Some(Err(Close::Failed))),
        ] {
            assert_eq!(waiting(Span::ZERO).take(beat(state)), close);
        }
    }

    #[test]
    fn a_request_that_times_out_with_the_gates_own_wait_was_given_up() {
        let mut own = Waiting { give_up: Some(Deadline::after(now(), Span::secs(1))), ..waiting(Span::ZERO) };
        assert_eq!(own.take(beat(State::TimedOut)), Some(Err(Close::GaveUp)));
        let mut long = Waiting { give_up: Some(Deadline::after(now(), Span::mins(9))), ..waiting(Span::ZERO) };
        assert_eq!(long.take(beat(State::TimedOut)), Some(Err(Close::TimedOut)));
    }

    #[test]
    fn an_outage_is_borne_until_patience_ends_and_forgotten_when_it_is_over() {
        let lost = || Heard::Lost(Text::from("gone"));
        assert_eq!(waiting(Span::ZERO).take(lost()), Some(Err(Close::Unreachable)));
        let mut patient = waiting(Span::mins(5));
        assert_eq!(patient.take(lost()), None);
        assert!(patient.lost.is_some());
        assert_eq!(patient.take(beat(State::Pending)), None);
        assert!(patient.lost.is_none());
    }
}
