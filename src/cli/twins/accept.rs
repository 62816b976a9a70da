//! `jit-tui accept`: a finding no longer counts as new on this console, for a while.

use std::process::ExitCode;

use color_eyre::eyre::eyre;
use serde::Serialize;

use super::{Common, fault, find};
use crate::cli::{Exit, open, out, setup};
use crate::domain::acceptance::Acceptance;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::ids::RequestKey;
use crate::domain::request::Request;
use crate::domain::spelling;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::safe;

/// Accept a finding for a while: it no longer counts as new on this console. One that blocks cannot be accepted.
#[derive(clap::Args)]
pub struct Args {
    /// The request's whole key, or the beginning of its id
    key: String,
    /// Which finding, as docs/findings.md names it
    finding: String,
    /// About what, where the request has several of them: the subject as `show` prints it
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// For how many days
    #[arg(long, value_name = "N", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(Acceptance::MOST_DAYS)))]
    days: u32,
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
    accepted: &'a Acceptance,
}

async fn go(args: Args) -> Exit {
    if args.reason.trim().is_empty() {
        return Err(eyre!("a reason is needed: --reason"));
    }
    let opened = open::open(&args.common.open)?;
    let (_, request) = find(&opened, &args.key).await?;
    let now = crate::sys::clock::now().wall;
    let finding = meant(&request, &args)?;
    let reason = Text::from(args.reason);
    let acceptance = Acceptance::of(&request, finding, reason, now + Span::hours(args.days * 24));
    opened.desk.accept(&request, acceptance.clone()).await.map_err(|f| fault(&f))?;
    if args.common.json {
        out::json(&Told { key: request.key(), accepted: &acceptance })?;
    } else {
        let what = finding.id.meaning().what;
        out::line(&safe!("{}: `{}` accepted until {}", request.key(), what, acceptance.until.iso()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The one finding that is meant.
fn meant<'r>(request: &'r Request, args: &Args) -> color_eyre::Result<&'r Finding> {
    let known = || request.findings.iter().map(|f| f.id.meaning().word);
    let id = FindingId::from_word(&args.finding).filter(|id| request.findings.iter().any(|f| f.id == *id));
    let id = id.ok_or_else(|| match request.findings.len() {
        0 => eyre!("the request has no findings"),
        _ => eyre!("the request has no finding {}: {}", args.finding, spelling::mend(&args.finding, known())),
    })?;
    let subject = args.subject.as_deref().map(Text::from);
    let of: Vec<&Finding> =
        request.findings.iter().filter(|f| f.id == id && subject.as_ref().is_none_or(|s| f.subject == *s)).collect();
    match of.as_slice() {
        [one] if one.blocks => Err(eyre!("it blocks, and what blocks is not hidden: {}", one.id.meaning().mend)),
        [one] => Ok(one),
        [] => Err(eyre!("no such finding has this subject: `jit-tui show` prints them")),
        _ => Err(eyre!("the request has several of them: say which with --subject")),
    }
}
