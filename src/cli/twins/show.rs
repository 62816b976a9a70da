//! `jit-tui show`: everything about one request, as the console's overview tells it.

use std::process::ExitCode;

use serde::Serialize;

use super::{Common, Shown, find, look_up};
use crate::cli::{Exit, open, out, setup};
use crate::domain::action::Action;
use crate::domain::evidence::Evidence;
use crate::domain::lookup::LookUps;
use crate::domain::request::{Command, Request};
use crate::domain::text::{SafeText, Text, counted};
use crate::domain::time::Ms;
use crate::safe;

/// Print one request with its evidence.
#[derive(clap::Args)]
pub struct Args {
    /// Its key, as `list` prints it, or the beginning of its id
    key: String,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

/// What `--json` prints: a line of `list`, the evidence, and what was looked up of its actions.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    shown: Shown<'a>,
    evidence: &'a Evidence,
    look_ups: &'a LookUps,
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let (backend, mut request) = find(&opened, &args.key).await?;
    let (evidence, look_ups) = look_up(&opened, &*backend, &mut request).await.map_err(|f| super::fault(&f))?;
    if args.common.json {
        out::json(&Told { shown: Shown::of(&request), evidence: &evidence, look_ups: &look_ups })?;
        return Ok(ExitCode::SUCCESS);
    }
    let told = evidence_lines(&evidence).into_iter().chain(action_lines(&evidence, &look_ups));
    for line in lines(&request, crate::sys::clock::now().wall).into_iter().chain(told) {
        out::line(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(request: &Request, now: Ms) -> Vec<SafeText> {
    let core = &request.core;
    let mut lines = vec![
        safe!("REQUEST   {}", request.key()),
        safe!("CODE      {}   (--digest {})", request.digest().code(), request.digest().code()),
        safe!("STATE     {}, kept by {}", request.state.word(), request.enforcer.word()),
        safe!(
            "WHAT      {}/{}  in {} ({})",
            core.repository.value.ident(),
            core.name.ident(),
            core.environment.value.ident(),
            core.environment.source.word()
        ),
        safe!("HEAD      {}", core.head.as_ref().map_or(SafeText::lit("no git"), |h| safe!("{}", h))),
        safe!("ASKED     {}", request.created_at.iso()),
        safe!("WHY       {}", core.reason.prose()),
        safe!("RULE      {}", request.verdict.words.prose()),
        safe!("NEED      {}", request.verdict.needs_in_words()),
    ];
    lines.extend(core.identities.iter().map(|i| safe!("WHO       {}  ({})", i.shown(), i.source.word())));
    lines.extend(core.command.iter().flat_map(command));
    lines.extend(
        request.votes.iter().map(|v| safe!("VOTE      {} at {}: {}", v.by.shown(), v.at.clock(), v.comment.prose())),
    );
    lines.extend(request.findings.iter().map(|f| {
        let age = match f.accepted_at(now) {
            Some(accepted) => safe!("accepted until {}", accepted.until.iso()),
            None => SafeText::lit(if f.new { "NEW" } else { "old" }),
        };
        let age = if f.blocks { safe!("BLOCKS {}", age) } else { age };
        safe!(
            "FINDING   {} {} {}: {} {}",
            age,
            f.severity.mark(),
            SafeText::lit(f.id.meaning().what),
            f.subject.ident(),
            f.detail.prose()
        )
    }));
    lines
}

fn command(command: &Command) -> Vec<SafeText> {
    let argv: Vec<SafeText> = command.argv.iter().map(|a| safe!("[{}]", a.ident())).collect();
    vec![
        safe!("RUNS      {}", SafeText::join(&argv, " ")),
        safe!("IN        {}", command.folder.ident()),
        safe!("PROGRAM   {}  sha256 {}", command.program.ident(), command.program_digest),
    ]
}

fn evidence_lines(evidence: &Evidence) -> Vec<SafeText> {
    let mut lines = Vec::new();
    match &evidence.base {
        Some(base) => lines.push(safe!("BASE      {}", base.sha)),
        None => lines.push(SafeText::lit("BASE      none: nothing to compare with")),
    }
    if let Some(totals) = evidence.totals {
        lines.push(safe!("DIFF      {} +{} -{}", counted(totals.files, "file", "files"), totals.added, totals.removed));
    }
    lines.extend(
        evidence
            .commits
            .iter()
            .map(|c| safe!("COMMIT    {} {}  {}", c.sha.short(), c.author.ident(), c.subject.prose())),
    );
    lines.extend(evidence.cuts.iter().map(|c| safe!("CUT       {}: {} of {}", c.what.ident(), c.kept, c.of)));
    lines
}

/// Every action with what it stands for now; those that others call are told as far as they were looked up.
fn action_lines(evidence: &Evidence, look_ups: &LookUps) -> Vec<SafeText> {
    let looked = look_ups.list.iter().map(|look_up| &look_up.action);
    let actions: Vec<&Action> =
        if look_ups.list.is_empty() { evidence.actions.iter().collect() } else { looked.collect() };
    let line = |a: &&Action| {
        let sha = a.sha.as_ref().map_or(SafeText::lit("not proven"), Text::ident);
        let moves = if a.is_pinned() { "" } else { ", may move after approval" };
        safe!("ACTION    {}  {}{}  ({})", a.written().ident(), sha, moves, a.place.ident())
    };
    actions.iter().map(line).collect()
}
