//! `jit-tui review`: looks at a break-glass afterwards, by another person than who broke it.

use std::process::ExitCode;

use super::{Common, fault, find};
use crate::cli::{Exit, open, out, setup};
use crate::domain::text::Text;
use crate::safe;

/// Review a break-glass afterwards; until then it stays red.
#[derive(clap::Args)]
pub struct Args {
    /// The request's whole key
    key: String,
    /// What you say about it
    #[arg(long)]
    comment: String,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (backend, request) = find(&opened, &args.key).await?;
    opened.desk.review(&backend, request.key(), &Text::from(args.comment)).await.map_err(|f| fault(&f))?;
    if args.common.json {
        out::json(&(request.key(), "reviewed"))?;
    } else {
        out::line(&safe!("{}: break-glass reviewed", request.key()))?;
    }
    Ok(ExitCode::SUCCESS)
}
