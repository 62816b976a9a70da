//! Asks: puts the evidence, posts the request, and makes sure that what the broker stored is what was asked.

use super::collect::{Collected, Scene};
use super::link::{Call, Link, Trouble};
use super::{Close, Options, log};
use crate::api::{self, BaseOffer, Created, Info, Submission};
use crate::domain::evidence::{Base, BaseKind, Evidence};
use crate::domain::principal::Source;
use crate::domain::request::{Core, Sealed, State, tree_binding};
use crate::domain::text::{SafeText, Text, counted};
use crate::safe;
use crate::sys::random;

/// What was asked, as the broker stored it.
pub struct Asked {
    /// The core; its digest is the request digest.
    pub core: Sealed<Core>,
    /// Where it stood at once.
    pub state: State,
}

/// Asks. Whatever goes wrong is said in the log before it returns.
///
/// # Errors
/// Why the gate ends here.
pub async fn ask(link: &Link, scene: &Scene, options: &Options) -> Result<Asked, Close> {
    let said = |trouble: Trouble| close_for(&trouble, options);
    let info: Info = greet(link, options).await.map_err(said)?;
    let offered = base(link, scene, options).await.map_err(said)?;
    let collected = scene.collect(options, offered);
    if let Some(diff) = &collected.diff {
        let call = Call::put(format!("/v1/blobs/{}", diff.blob.digest), diff.bytes.clone());
        link.insist_done(&call, options.patience).await.map_err(said)?;
    }
    let created = create(link, &collected, options).await.map_err(said)?;
    if let Err(what) = holds(&created.core, &collected.submission) {
        log::line(&safe!("the broker stored another {} than was asked: nothing runs", what));
        drop(link.done(&Call::poke(api::request_path(&created.core.key.id) + "/cancel")).await);
        return Err(Close::Changed);
    }
    report(&created, &collected.submission, &info);
    Ok(Asked { core: created.core, state: created.state })
}

/// Makes sure that it is a broker of our version, before anything is collected for it.
async fn greet(link: &Link, options: &Options) -> Result<Info, Trouble> {
    Info::read(link.insist(&Call::get("/v1/info"), options.patience).await?).map_err(Trouble::Foreign)
}

/// The base that the broker offers, where none is stated.
async fn base(link: &Link, scene: &Scene, options: &Options) -> Result<Option<Base>, Trouble> {
    if options.base.is_some() || scene.head.is_none() {
        return Ok(None);
    }
    let (repository, environment) = (scene.repository(options), scene.environment(options));
    let path = format!("/v1/base?repository={}&environment={}", in_query(&repository), in_query(&environment));
    Ok(link.insist::<BaseOffer>(&Call::get(path), options.patience).await?.base)
}

async fn create(link: &Link, collected: &Collected, options: &Options) -> Result<Created, Trouble> {
    let key = new_key()?;
    link.insist(&Call::post("/v1/requests", &collected.submission).keyed(&key), options.patience).await
}

/// A key for a call that must have one effect however often it is sent.
///
/// # Errors
/// Where the kernel gives no random bits.
pub fn new_key() -> Result<String, Trouble> {
    let bits = random::bytes::<16>().map_err(|e| Trouble::Outage(Text::from(e.to_string())))?;
    Ok(data_encoding::HEXLOWER.encode(&bits))
}

/// Says what went wrong and which end that is.
pub fn close_for(trouble: &Trouble, options: &Options) -> Close {
    match trouble {
        Trouble::Outage(why) => {
            log::line(&safe!("gave up on the broker after {}: {}", options.patience, why.prose()));
            Close::Unreachable
        }
        Trouble::Refused { problem } => {
            log::line(&safe!("the broker refuses: {}", problem.message.prose()));
            if !problem.mend.is_empty() {
                log::line(&safe!("  {}", problem.mend.prose()));
            }
            Close::Failed
        }
        Trouble::Foreign(why) => {
            log::line(why);
            Close::Failed
        }
    }
}

/// Percent-encodes all but what every server takes as it is.
fn in_query(text: &Text) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.as_bytes().iter().map(|b| if plain(*b) { char::from(*b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Whether the stored core is the submission; else the name of the first field that is not.
fn holds(core: &Core, sent: &Submission) -> Result<(), &'static str> {
    let (tree, clean) = tree_binding(sent.evidence.tree.as_ref());
    let base = sent.evidence.base.as_ref().map(|base| &base.sha);
    let people = sent.identities.iter().all(|identity| core.identities.contains(identity));
    let ours = core.identities.iter().filter(|i| i.source == Source::Claimed).count() <= sent.identities.len();
    let checks: [(&'static str, bool); 14] = [
        ("repository", core.repository.value == sent.repository),
        ("environment", core.environment.value == sent.environment),
        ("name", core.name == sent.name),
        ("head", core.head == sent.head),
        ("branch", core.branch == sent.branch),
        ("base", core.base.as_ref() == base),
        ("command", core.command.as_ref() == Some(&sent.command)),
        ("workflow", core.workflow.is_none()),
        ("working tree", core.tree == tree && core.clean == clean),
        ("run", core.run == sent.run),
        ("identity", people && ours),
        ("reason", core.reason == sent.reason),
        ("scope", core.ask.scope == sent.ask.scope),
        ("time", core.ask.run_for == sent.ask.run_for),
    ];
    checks.iter().find(|(_, same)| !same).map_or(Ok(()), |(what, _)| Err(*what))
}

/// What was asked, in the log.
fn report(created: &Created, sent: &Submission, info: &Info) {
    let (core, lines) = (&created.core, log::line);
    lines(&safe!("asked {}", core.key));
    lines(&safe!("  code   {}  (approvers see the same four words)", core.digest().code()));
    lines(&safe!(
        "  what   {} to {} of {}",
        core.name.ident(),
        core.environment.value.ident(),
        core.repository.value.ident()
    ));
    let argv: Vec<SafeText> = sent.command.argv.iter().map(Text::ident).collect();
    lines(&safe!("  runs   {}", SafeText::join(&argv, " ")));
    lines(&safe!("  from   {}, {}", commit(sent), tree(&sent.evidence)));
    lines(&safe!("  diff   {}", diff(&sent.evidence)));
    for cut in &sent.evidence.cuts {
        let unit = if cut.what == *"diff" { " bytes" } else { "" };
        lines(&safe!("  CUT    {}: {} of {}{} kept", cut.what.prose(), cut.kept, cut.of, unit));
    }
    lines(&safe!("  bound  not: ignored files, downloads; credentials that this job already holds stay with it"));
    if info.local {
        lines(&SafeText::lit("  note   SAME USER broker: stops accidents, not your own programs"));
    }
    if created.state == State::Pending {
        lines(&safe!("waits until {} UTC; policy: {}", created.due.clock(), created.verdict.prose()));
        lines(&told(created));
    }
}

fn commit(sent: &Submission) -> SafeText {
    match (&sent.head, &sent.branch) {
        (Some(head), Some(branch)) => safe!("{} on {}", head.short(), branch.ident()),
        (Some(head), None) => head.short(),
        _ => SafeText::lit("no git revision"),
    }
}

fn tree(evidence: &Evidence) -> SafeText {
    match &evidence.tree {
        Some(tree) if tree.is_clean() => SafeText::lit("tree clean"),
        Some(tree) => safe!("TREE NOT CLEAN: {} changed, {} untracked", tree.changed.len(), tree.untracked.len()),
        None => SafeText::lit("state of the tree unknown"),
    }
}

fn diff(evidence: &Evidence) -> SafeText {
    let Some(base) = &evidence.base else { return SafeText::lit("none: nothing to compare with") };
    let kind = SafeText::lit(match base.kind {
        BaseKind::LastDeployed => "last that ran with success here",
        BaseKind::MergeBase => "where the branch began",
        BaseKind::Stated => "as stated",
        BaseKind::Previous => "what was asked before",
        BaseKind::LastRun => "the last good run of the workflow",
    });
    let totals = evidence.totals.unwrap_or_default();
    safe!(
        "from {} ({}): {}, {} +{} -{}",
        base.sha.short(),
        kind,
        counted(evidence.commits.len(), "commit", "commits"),
        counted(totals.files, "file", "files"),
        totals.added,
        totals.removed
    )
}

fn told(created: &Created) -> SafeText {
    let names: Vec<SafeText> = created.notified.iter().map(Text::ident).collect();
    match (names.is_empty(), created.watching) {
        (true, 0) => SafeText::lit("told nobody, and no console watches: `jit-tui` opens one"),
        (true, watching) => safe!("told nobody; consoles that watch: {}", watching),
        (false, watching) => safe!("told {}; consoles that watch: {}", SafeText::join(&names, ", "), watching),
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
