//! `jit-tui guard`: the guard without a console, for a machine that stays up.

use std::process::ExitCode;

use color_eyre::eyre::bail;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use super::open::{self, Opened};
use super::{Exit, out, setup};
use crate::desk::Desk;
use crate::desk::news::{AuditState, GuardState, Health, News};
use crate::domain::grant::Enforcer;
use crate::domain::text::SafeText;
use crate::sys::clock;
use crate::{runtime, safe};

/// Keep scope and time of approvals at backends that keep neither, without a console.
///
/// One guard works for one state folder: while a console or another guard has the seat, this one waits for it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    open: open::Args,
}

/// Runs until SIGINT or SIGTERM.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let Opened { desk, mut news, config, .. } = open::open_as(&args.open, |_| true)?;
    if !desk.backends().any(|b| b.capabilities().enforcer != Enforcer::Broker) {
        bail!("nothing to guard: every backend of the config is a broker of ours, which keeps its grants itself");
    }
    if config.guard.policy.is_none() && config.guard.pending_ttl.is_none() {
        bail!("nothing to guard\n  set policy or pending_ttl in [guard] of the config: docs/guard.md");
    }
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    desk.watch();
    let mut said = None;
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(stop(&desk).await),
            _ = int.recv() => return Ok(stop(&desk).await),
            came = news.recv() => match came {
                Some(news) => tell(&news, &mut said)?,
                None => return Ok(ExitCode::SUCCESS),
            },
        }
    }
}

/// No pass begins any more; one that is under way comes to its outcome.
async fn stop(desk: &Desk) -> ExitCode {
    desk.leave_guard();
    drop(timeout(runtime::TO_SETTLE, desk.settled()).await);
    ExitCode::SUCCESS
}

/// A line for everything that somebody may ask about later; backends only when their health turns.
fn tell(news: &News, said: &mut Option<SafeText>) -> std::io::Result<()> {
    let words = match news {
        News::Notice(words) => words.clone(),
        News::Guard(state) => seat(state),
        News::AuditState(AuditState::Broken { why }) => safe!("AUDIT LOG BROKEN, nothing passes: {}", why),
        News::Backend(state) => match &state.health {
            Health::Stale { fault, .. } => safe!("{} does not answer: {}", state.name, fault.message),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    if said.as_ref() == Some(&words) {
        return Ok(());
    }
    out::line(&safe!("{} {}", clock::now().wall.iso(), words))?;
    *said = Some(words);
    Ok(())
}

fn seat(state: &GuardState) -> SafeText {
    match state {
        GuardState::Here => SafeText::lit("this process is the guard now"),
        GuardState::Elsewhere => SafeText::lit("another process is the guard of this state folder: waiting"),
        GuardState::Broken { why } => safe!("the guard cannot work, nothing passes: {}", why),
    }
}
