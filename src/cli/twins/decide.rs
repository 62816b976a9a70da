//! `jit-tui approve`, `reject` and `break-glass`: the same road as the console, without hold-back. What the
//! screen would show must be named: `--digest CODE` from `list` or `show`.

use std::process::ExitCode;

use color_eyre::eyre::{bail, eyre};
use serde::Serialize;

use super::{Common, exit_of, find, look_up};
use crate::cli::open::Opened;
use crate::cli::{Exit, open, out, setup};
use crate::decide::{self, Draft};
use crate::domain::ids::{DecisionId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
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
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// The word that policy demands to be typed
    #[arg(long, value_name = "WORD")]
    word: Option<String>,
    /// Acknowledge that so many files of the diff were not looked at
    #[arg(long, value_name = "N")]
    ack_unseen: Option<u32>,
    #[command(flatten)]
    common: Common,
}

/// The clocks of what is approved.
#[derive(Clone, Copy, Default, clap::Args)]
#[group(skip)]
pub struct Times {
    /// Let nothing start after this long, such as 10m [default: 10m, within the cap]
    #[arg(long, value_name = "TIME")]
    start_by: Option<Span>,
    /// End the command this long after each start, such as 15m [default: what was asked for, within the cap]
    #[arg(long, value_name = "TIME")]
    run_for: Option<Span>,
    /// Set both times at once; where the guard keeps the grant, start-by alone
    #[arg(long, value_name = "TIME", conflicts_with_all = ["start_by", "run_for"])]
    ttl: Option<Span>,
}

/// Runs `approve`, `reject` or `break-glass`.
pub fn run(args: Args, times: Times, scope: Option<Scope>, ballot: Ballot) -> Exit {
    setup::runtime()?.block_on(go(args, times, scope, ballot))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    key: &'a RequestKey,
    decision: DecisionId,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

async fn go(args: Args, times: Times, scope: Option<Scope>, ballot: Ballot) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (backend, mut request) = find(&opened, &args.key).await?;
    allowed_here(&opened, &request).await?;
    // What is found can only keep an approval back.
    if ballot == Ballot::Approve
        && let Err(fault) = look_up(&opened, &*backend, &mut request).await
    {
        out::complain(&safe!("the evidence cannot be read, so nothing of it was looked up: {}", fault.message));
    }
    let code = request.digest().code();
    if !code.matches(&args.digest) {
        out::complain(&safe!("the request is now {}: look at it again with `jit-tui show`, nothing was sent", code));
        return Ok(exit_of(&Outcome::Changed { what: Text::default() }));
    }
    if let Some(why) = means_nothing(&opened, times, ballot, &request) {
        out::complain(&why);
        return Ok(ExitCode::from(3));
    }
    let draft = draft(&args, times, scope, ballot, &request);
    let now = crate::sys::clock::now().wall;
    if let Err(lacks) = decide::check(&draft, &request, now) {
        lacks.iter().for_each(|lack| out::complain(&safe!("{}: {}", lack.words(), lack.mend())));
        return Ok(ExitCode::from(3));
    }
    let decision = decide::build(draft, opened.desk.new_decision_id()?, now);
    let id = decision.id.clone();
    let outcome = opened.desk.decide(decision).await;
    if args.common.json {
        out::json(&Told { key: request.key(), decision: id, outcome: &outcome })?;
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

/// What the console's dialog does not offer for such a request.
fn means_nothing(opened: &Opened, times: Times, ballot: Ballot, request: &Request) -> Option<SafeText> {
    if ballot == Ballot::BreakGlass {
        let breaks = opened.desk.backend(&request.key().backend).is_some_and(|b| b.capabilities().break_glass);
        return (!breaks).then(|| SafeText::lit("this backend has no glass to break: nothing was sent"));
    }
    (times.run_for.is_some() && !request.enforcer.knows_run_for()).then(|| {
        SafeText::lit(
            "--run-for: the guard knows start-by only, and ends nothing that runs: leave it out, or use --start-by",
        )
    })
}

fn draft(args: &Args, times: Times, scope: Option<Scope>, ballot: Ballot, request: &Request) -> Draft {
    let mut draft = Draft::new(request, ballot);
    draft.scope = scope.unwrap_or(draft.scope);
    draft.start_by = times.ttl.or(times.start_by).unwrap_or(draft.start_by);
    let run_for = times.ttl.filter(|_| request.enforcer.knows_run_for()).or(times.run_for);
    draft.run_for = run_for.unwrap_or(draft.run_for);
    draft.comment = args.reason.as_str().into();
    draft.word = args.word.as_deref().map(Text::from);
    draft.seen.acknowledged = args.ack_unseen;
    draft
}
