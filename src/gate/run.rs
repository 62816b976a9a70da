//! The whole way of a gate, from looking around to its exit code.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::address::{NoAddress, address};
use super::ask::{Asked, ask};
use super::collect::Scene;
use super::link::{Call, Link};
use super::signals::Signals;
use super::start::{no_program, start};
use super::status::StatusFile;
use super::supervise::protocol::{Fate, Why};
use super::wait::{cancel, wait};
use super::watch::{self, Outcome};
use super::{Close, Options, log};
use crate::api::{Ended, Permit, request_path};
use crate::domain::grant::End;
use crate::domain::ids::NativeId;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;
use crate::sys::clock::Now;
use crate::sys::http::Client;
use crate::sys::paths::Paths;

/// How long the broker may take to hear how it ended.
const LAST_WORD: Span = Span::secs(30);

/// Runs a gate to its end and gives its exit code.
pub fn run(options: &Options) -> u8 {
    // The token in our memory and environment is for no other process of this user, and for no core file.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let mut status = StatusFile::new(options.status_file.clone());
    let close = attempt(options, &mut status).unwrap_or_else(|close| close);
    log::line(&safe!("{} (exit code {})", close.meaning(), u32::from(close.code())));
    status.ended(&close);
    close.code()
}

/// `Err` is an end before the command, `Ok` one with it.
fn attempt(options: &Options, status: &mut StatusFile) -> Result<Close, Close> {
    let failed = |what: &'static str, why: String| {
        log::line(&safe!("{}: {}", what, Text::from(why).prose()));
        Close::Failed
    };
    let folder = std::env::current_dir().map_err(|e| failed("the working folder", e.to_string()))?;
    let scene = Scene::look(options.argv.clone(), &folder).map_err(|e| no_program(&e))?;
    let found = address(options).map_err(|e| no_address(&e))?;
    let client = Client::new(found.address, found.token).map_err(|e| failed("the broker's client", e.to_string()))?;
    // On this very thread: the supervisor is bound to it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| failed("the runtime", e.to_string()))?;
    runtime.block_on(async {
        let signals = Signals::listen().map_err(|e| failed("signals", e.to_string()))?;
        Gate { link: Link::new(client), local: found.local, scene, options, signals }.go(status).await
    })
}

fn no_address(why: &NoAddress) -> Close {
    log::line(&safe!("{}", why));
    match why {
        NoAddress::Local(_) => Close::Unreachable,
        _ => Close::Failed,
    }
}

struct Gate<'a> {
    link: Link,
    local: Option<Paths>,
    scene: Scene,
    options: &'a Options,
    signals: Signals,
}

impl Gate<'_> {
    async fn go(mut self, status: &mut StatusFile) -> Result<Close, Close> {
        let asked = tokio::select! {
            asked = ask(&self.link, &self.scene, self.options) => asked?,
            signal = self.signals.next() => return Err(Close::Interrupted(signal.as_raw())),
        };
        let id = asked.core.key.id.clone();
        status.waiting(&asked.core.key, asked.core.digest());
        wait(&self.link, &asked, (self.options, self.local.as_ref()), &mut self.signals).await?;
        let (permit, sent) = self.start(&asked, &id).await?;
        status.running(&permit.grant, permit.ends_at);
        say_start(&permit, self.options);
        let outcome = self.watch(&asked, &permit, sent).await;
        self.last_word(&id, outcome.end()).await;
        Ok(close(&outcome))
    }

    /// An approval that is not used is taken back, so that nothing stays open behind the gate.
    async fn start(&mut self, asked: &Asked, id: &NativeId) -> Result<(Permit, Now), Close> {
        let started = tokio::select! {
            started = start(&self.link, asked, &self.scene, self.options) => started,
            signal = self.signals.next() => Err(Close::Interrupted(signal.as_raw())),
        };
        match started {
            Err(close @ (Close::Changed | Close::Interrupted(_))) => {
                cancel(&self.link, id).await;
                Err(close)
            }
            Err(Close::Expired) => {
                self.last_word(id, End::NotStarted).await;
                Err(Close::Expired)
            }
            other => other,
        }
    }

    async fn watch(&mut self, asked: &Asked, permit: &Permit, sent: Now) -> Outcome {
        let place = (&self.scene, self.options);
        match watch::run(&self.link, asked, (permit, sent), place, &mut self.signals).await {
            Ok(outcome) => outcome,
            Err(e) => {
                log::line(&safe!("cannot start the supervisor: {}", Text::from(e.to_string()).prose()));
                Outcome { fate: Fate::NotStarted(i32::from(Close::Failed.code())), why: None }
            }
        }
    }

    /// Tells the broker how it ended, as well as that goes in half a minute.
    async fn last_word(&mut self, id: &NativeId, end: End) {
        let call = Call::post(request_path(id) + "/end", &Ended { end });
        let told = tokio::select! {
            told = self.link.insist_done(&call, LAST_WORD) => told.is_ok(),
            _ = self.signals.next() => false,
        };
        if !told {
            log::line(&SafeText::lit("could not tell the broker how it ended: it will call the gate lost"));
        }
    }
}

fn say_start(permit: &Permit, options: &Options) {
    let stop = options.stop_signal.ident();
    log::line(&safe!(
        "APPROVED: starts under grant {}, for {} until {} UTC",
        permit.grant,
        permit.run_for,
        permit.ends_at.clock()
    ));
    log::line(&safe!("  then {}, {}, KILL to every process below; remote work is not ended", stop, options.grace));
}

/// The gate's end by what came of the command.
fn close(outcome: &Outcome) -> Close {
    let code = |n: i32| Close::Command(u8::try_from(n).unwrap_or(u8::MAX));
    match (outcome.why, outcome.fate) {
        (Some(Why::Expired), _) => Close::Expired,
        (Some(Why::Revoked), _) => Close::Revoked,
        (_, Fate::Exit(n)) => code(n),
        (_, Fate::Signal(n)) => code(128 + n),
        (_, Fate::NotStarted(127)) => Close::NotFound,
        (_, Fate::NotStarted(126)) => Close::NotExecutable,
        (_, Fate::NotStarted(_)) => Close::Failed,
        (_, Fate::Stuck) => code(128 + 9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_own_code_passes_and_an_ended_one_says_why() {
        for (why, fate, expected) in [
            (None, Fate::Exit(0), 0),
            (None, Fate::Exit(42), 42),
            (None, Fate::Signal(15), 143),
            (Some(Why::Asked), Fate::Signal(15), 143),
            (Some(Why::Expired), Fate::Exit(0), 234),
            (Some(Why::Revoked), Fate::Signal(15), 233),
            (None, Fate::NotStarted(127), 127),
            (None, Fate::NotStarted(125), 125),
        ] {
            assert_eq!(close(&Outcome { fate, why }).code(), expected);
        }
    }
}
