//! `jit-tui list`: what waits, over all backends.

use std::process::ExitCode;

use super::{Common, Shown, queue};
use crate::cli::{Exit, open, out, setup};
use crate::domain::request::{Can, Request};
use crate::domain::text::SafeText;
use crate::domain::time::Ms;
use crate::safe;

/// Print the pending requests of all backends, due ones first.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let opened = open::open(&args.common.open)?;
    let queue = queue(&opened).await?;
    if args.common.json {
        for request in &queue {
            out::json(&Shown::of(request))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if queue.is_empty() {
        out::line(&SafeText::lit("nothing waits"))?;
    }
    let now = crate::sys::clock::now().wall;
    for request in &queue {
        out::line(&row(request, now))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One line: key, code, environment, what, commit, who, finding, votes, age, due, and whether you can decide.
pub(super) fn row(request: &Request, now: Ms) -> SafeText {
    let core = &request.core;
    let parts = [
        safe!("{}", request.key()),
        safe!("{}", request.digest().code()),
        core.environment.value.ident(),
        safe!("{}/{}", core.repository.value.ident(), core.name.ident()),
        core.head.as_ref().map_or(SafeText::lit("-"), |head| head.short()),
        core.requester().map_or(SafeText::lit("?"), |who| who.shown()),
        finding(request, now),
        votes(request),
        safe!("age {}", now.since(request.created_at).coarse()),
        request.due.map_or(SafeText::lit("no deadline"), |due| safe!("due {}", due.since(now).coarse())),
        can(&request.can),
    ];
    SafeText::join(&parts, "  ")
}

fn finding(request: &Request, now: Ms) -> SafeText {
    match request.worst_new(now) {
        Some(f) => safe!("{} {}", f.severity.mark(), SafeText::lit(f.id.meaning().what)),
        None => SafeText::lit("ok"),
    }
}

fn votes(request: &Request) -> SafeText {
    let (have, need) = request.needs.iter().fold((0, 0), |(h, n), s| (h + s.have.min(s.need), n + s.need));
    safe!("{}/{}", have, need)
}

fn can(can: &Can) -> SafeText {
    match can {
        Can::Yes { starts: true } => SafeText::lit("you can: STARTS"),
        Can::Yes { starts: false } => SafeText::lit("you can"),
        Can::No { why } => safe!("you cannot: {}", why.prose()),
        Can::Unknown => SafeText::lit("unknown whether you can"),
    }
}
