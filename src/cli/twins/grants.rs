//! `jit-tui grants`: what was given, what runs under it, until when.

use std::process::ExitCode;

use color_eyre::eyre::{bail, eyre};
use serde::Serialize;

use super::{Common, each};
use crate::backends::port::Backend;
use crate::cli::open::Opened;
use crate::cli::{Exit, open, out, setup};
use crate::domain::grant::{Grant, Standing};
use crate::domain::ids::BackendName;
use crate::domain::text::SafeText;
use crate::domain::time::Ms;
use crate::safe;

/// Print the grants that are open or running, and those of the last day.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    backend: &'a BackendName,
    grant: &'a Grant,
}

/// Runs `grants`.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let now = crate::sys::clock::now().wall;
    let grants = all(&opened).await?;
    if grants.is_empty() && !args.common.json {
        out::line(&SafeText::lit("nothing is granted"))?;
    }
    for (name, grant) in grants {
        if args.common.json {
            out::json(&Told { backend: &name, grant: &grant })?;
        } else {
            out::line(&row(&name, &grant, now))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn all(opened: &Opened) -> color_eyre::Result<Vec<(BackendName, Grant)>> {
    let givers = opened.desk.backends().filter(|b| b.capabilities().grants);
    let told = each(givers, async |backend| backend.grants().await).await?;
    Ok(told.into_iter().flat_map(|(name, grants)| grants.into_iter().map(move |g| (name.clone(), g))).collect())
}

pub(super) async fn find(opened: &Opened, typed: &str) -> color_eyre::Result<(std::sync::Arc<dyn Backend>, Grant)> {
    let mut found = all(opened).await?.into_iter().filter(|(_, g)| g.id.as_str().starts_with(typed));
    match (found.next(), found.next()) {
        (Some((name, grant)), None) if !typed.is_empty() => {
            let backend = opened.desk.backend(&name).ok_or_else(|| eyre!("no backend {name} in the config"))?;
            Ok((backend, grant))
        }
        (Some(_), Some(_)) => {
            bail!("several grants begin like this: write the whole id, as `jit-tui grants` prints it")
        }
        _ => bail!("no grant has this id: `jit-tui grants` prints them"),
    }
}

fn row(name: &BackendName, grant: &Grant, now: Ms) -> SafeText {
    let standing = match grant.standing(now) {
        Standing::Open => safe!("open, start by {} UTC", grant.start_by.clock()),
        Standing::Running => safe!("running, ends {} UTC", grant.running().map_or(now, |p| p.ends_at).clock()),
        Standing::Over => grant
            .passes
            .last()
            .and_then(|p| p.end.as_ref())
            .map_or(SafeText::lit("never started"), |(_, end)| end.words()),
        Standing::Revoked => SafeText::lit("revoked"),
    };
    let by: Vec<SafeText> = grant.by.iter().map(|p| p.shown()).collect();
    safe!(
        "{}  {}  {}/{}  {}  scope {}  {}  by {}  kept by {}",
        grant.id,
        name,
        grant.bound.repository.ident(),
        grant.name.ident(),
        grant.bound.environment.ident(),
        grant.scope.word(),
        standing,
        SafeText::join(&by, ", "),
        grant.enforcer.word()
    )
}
