//! `jit-tui review`: looks at a break-glass afterwards, by another person than who broke it.

use std::process::ExitCode;

use serde::Serialize;

use super::{Common, fault, find};
use crate::cli::{Exit, open, out, setup};
use crate::domain::ids::RequestKey;
use crate::domain::text::Text;
use crate::safe;

/// Review a break-glass of somebody else; until then it stays red.
#[derive(clap::Args)]
pub struct Args {
    /// The request's whole key
    key: String,
    /// What you say about it
    #[arg(long, value_name = "TEXT")]
    comment: String,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    key: &'a RequestKey,
    reviewed: bool,
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (backend, request) = find(&opened, &args.key).await?;
    opened.desk.review(&backend, request.key(), &Text::from(args.comment)).await.map_err(|f| fault(&f))?;
    if args.common.json {
        out::json(&Told { key: request.key(), reviewed: true })?;
    } else {
        out::line(&safe!("{}: break-glass reviewed", request.key()))?;
    }
    Ok(ExitCode::SUCCESS)
}
