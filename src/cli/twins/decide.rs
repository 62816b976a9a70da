//! `jit-tui approve`, `reject` and `break-glass`: the same road as the console, without hold-back. What the
//! screen would show must be named: `--digest CODE` from `list` or `show`.

use std::process::ExitCode;

use color_eyre::eyre::{bail, eyre};

use super::{Common, exit_of, find};
use crate::cli::open::Opened;
use crate::cli::{Exit, open, out, setup};
use crate::decide::{self, Draft};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::safe;

/// What the three take.
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// Its key, as `list` prints it, or the beginning of its id
    key: String,
    /// The four words of what you decide on, from `list` or `show`
    #[arg(long, value_name = "CODE")]
    digest: String,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// The word that policy demands to be typed
    #[arg(long)]
    word: Option<String>,
    /// How far the approval reaches: once, run, revision or action
    #[arg(long, default_value = "once")]
    scope: Scope,
    /// No start after this long (such as 10m)
    #[arg(long, value_name = "TIME")]
    start_by: Option<Span>,
    /// From each start until the command is ended (such as 15m); what was asked for, within the cap, if not given
    #[arg(long, value_name = "TIME")]
    run_for: Option<Span>,
    /// Both times at once
    #[arg(long, value_name = "TIME", conflicts_with_all = ["start_by", "run_for"])]
    ttl: Option<Span>,
    /// Acknowledges that so many files of the diff were not looked at
    #[arg(long, value_name = "N")]
    ack_unseen: Option<u32>,
    #[command(flatten)]
    common: Common,
}

/// Runs `approve`, `reject` or `break-glass`.
pub fn run(args: Args, ballot: Ballot) -> Exit {
    setup::runtime()?.block_on(go(args, ballot))
}

async fn go(args: Args, ballot: Ballot) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (_, request) = find(&opened, &args.key).await?;
    allowed_here(&opened, &request).await?;
    let code = request.digest().code();
    if !code.matches(&args.digest) {
        out::complain(&safe!("the request is now {}: look at it again with `jit-tui show`, nothing was sent", code));
        return Ok(exit_of(&Outcome::Changed { what: Text::default() }));
    }
    let draft = draft(&args, ballot, &request);
    let now = crate::sys::clock::now().wall;
    if let Err(lacks) = decide::check(&draft, &request, now) {
        lacks.iter().for_each(|lack| out::complain(&safe!("{}: {}", lack.words(), lack.mend())));
        return Ok(ExitCode::from(3));
    }
    let decision = decide::build(draft, opened.desk.new_decision_id()?, now);
    let id = decision.id.clone();
    let outcome = opened.desk.decide(decision).await;
    if args.common.json {
        out::json(&(request.key(), id, &outcome))?;
    } else {
        out::line(&safe!("{}: {}", request.key(), outcome.words()))?;
    }
    Ok(exit_of(&outcome))
}

/// On a broker of one user any program of that user could approve: it must be turned on by name.
async fn allowed_here(opened: &Opened, request: &Request) -> color_eyre::Result<()> {
    let backend = opened.desk.backend(&request.key().backend).ok_or_else(|| eyre!("no such backend"))?;
    let session = backend.session().await.map_err(|f| super::fault(&f))?;
    if session.same_user && !opened.headless_on_local {
        bail!(
            "this broker serves one user, so any program of yours could approve like this\n  decide in the console, or set headless_approve = true in [local] of the config"
        );
    }
    Ok(())
}

fn draft(args: &Args, ballot: Ballot, request: &Request) -> Draft {
    let mut draft = Draft::new(request, ballot);
    draft.scope = args.scope;
    draft.start_by = args.ttl.or(args.start_by).unwrap_or(draft.start_by);
    draft.run_for = args.ttl.or(args.run_for).unwrap_or(draft.run_for);
    draft.comment = args.reason.as_str().into();
    draft.word = args.word.as_deref().map(Text::from);
    draft.seen.acknowledged = args.ack_unseen;
    draft
}
