//! `jit-tui revoke`: takes a grant back.

use std::process::ExitCode;

use super::{Common, fault, grants};
use crate::cli::{Exit, open, out, setup};
use crate::domain::text::Text;
use crate::safe;

/// Take a grant back and end what runs under it.
#[derive(clap::Args)]
pub struct Args {
    /// The grant, as `grants` prints it, or the beginning of its id
    grant: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// Runs `revoke`.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (backend, grant) = grants::find(&opened, &args.grant).await?;
    let grant = opened.desk.revoke(&backend, &grant.id, &Text::from(args.reason)).await.map_err(|f| fault(&f))?;
    if args.common.json {
        out::json(&grant)?;
    } else {
        out::line(&safe!("{} is revoked", grant.name.ident()))?;
    }
    Ok(ExitCode::SUCCESS)
}
