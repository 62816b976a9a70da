//! `jit-tui extend`: votes for more time for what runs.

use std::process::ExitCode;

use serde::Serialize;

use super::{Common, fault, grants};
use crate::cli::{Exit, open, out, setup};
use crate::domain::grant::Grant;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::safe;

/// Vote for more time for what runs.
#[derive(clap::Args)]
pub struct Args {
    /// The grant, as `grants` prints it, or the beginning of its id
    grant: String,
    /// Run-for in all, such as 45m
    #[arg(long, value_name = "TIME")]
    run_for: Span,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// Runs `extend`.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    missing: u32,
    grant: &'a Grant,
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (backend, grant) = grants::find(&opened, &args.grant).await?;
    let reason = Text::from(args.reason);
    let (grant, missing) =
        opened.desk.extend(&backend, &grant.id, args.run_for, &reason).await.map_err(|f| fault(&f))?;
    if args.common.json {
        out::json(&Told { missing, grant: &grant })?;
    } else if missing == 0 {
        out::line(&safe!("{} runs for {} in all", grant.name.ident(), grant.run_for))?;
    } else {
        out::line(&safe!("counted, {} more needed", missing))?;
    }
    Ok(ExitCode::SUCCESS)
}
