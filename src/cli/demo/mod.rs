//! `jit-tui demo`: the console on live requests. An ordinary throw-away broker with tokens of two people, a real git
//! repository, real gates that ask; everything is removed at the end.

mod crew;
mod forge;
mod repo;
mod scenes;
mod stage;

use std::process::ExitCode;
use std::sync::Arc;

use color_eyre::eyre::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, console, open, out, setup};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use stage::Stage;

/// Open the console on live requests of a throw-away broker; nothing stays behind.
#[derive(clap::Args)]
pub struct Args {
    /// No console: print how to reach the broker as shell lines, and go on until ended
    #[arg(long)]
    headless: bool,
}

/// Runs it.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let stage = Stage::set().await?;
    let crew = tokio::spawn(Arc::clone(&stage.crew).work());
    let second = tokio::spawn(crew::second(Arc::clone(&stage.second)));
    let done = if args.headless { headless(&stage).await } else { watched(&stage).await };
    crew.abort();
    second.abort();
    // An aborted task drops its gates, and a gate that is dropped is killed.
    let fault = crew.await.ok().and_then(Result::err);
    drop(second.await);
    stage.clear().await?;
    match fault {
        Some(fault) => Err(fault),
        None => done,
    }
}

async fn watched(stage: &Stage) -> Exit {
    let opened = open::open(&stage.opening())?;
    console::on(&console::Args::default(), opened).await
}

/// Prints what scripts need and waits for SIGTERM, SIGINT or a closed pipe at the other end of stdin's session.
async fn headless(stage: &Stage) -> Exit {
    for (name, value) in stage.connection() {
        out::line(&safe!("export {}='{}'", SafeText::lit(name), Text::from(value).ident()))?;
    }
    out::line(&SafeText::lit(
        "# ready: jit-tui list, jit-tui show ID, jit-tui approve ID --digest CODE; ends with SIGTERM",
    ))?;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hup = signal(SignalKind::hangup()).wrap_err("cannot wait for signals")?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        _ = hup.recv() => {}
    }
    Ok(ExitCode::SUCCESS)
}
