//! `jit-tui extend`: votes for more time for what runs.

use std::process::ExitCode;

use super::{Common, fault, grants};
use crate::cli::{Exit, open, out, setup};
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::safe;

/// Vote for more time for what runs
#[derive(clap::Args)]
pub struct Args {
    /// The grant, as `grants` prints it, or the beginning of its id
    grant: String,
    /// Run-for in all (such as 45m)
    #[arg(long, value_name = "TIME")]
    run_for: Span,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// Runs `extend`.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (backend, grant) = grants::find(&opened, &args.grant).await?;
    let reason = Text::from(args.reason);
    let (grant, missing) =
        opened.desk.extend(&backend, &grant.id, args.run_for, &reason).await.map_err(|f| fault(&f))?;
    if args.common.json {
        out::json(&(&grant, missing))?;
    } else if missing == 0 {
        out::line(&safe!("{} runs for {} in all", grant.name.ident(), grant.run_for))?;
    } else {
        out::line(&safe!("counted, {} more needed", missing))?;
    }
    Ok(ExitCode::SUCCESS)
}
