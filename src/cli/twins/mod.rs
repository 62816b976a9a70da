//! The headless twins of the console's verbs, on the same road. Each prints words, or with `--json` one JSON
//! object a line (`docs/json.md`); its exit code says what came of it.

pub mod accept;
pub mod approve;
pub mod break_glass;
mod decide;
pub mod extend;
pub mod grants;
pub mod list;
pub mod reject;
pub mod review;
pub mod revoke;
pub mod show;
pub mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use color_eyre::eyre::{bail, eyre};
use serde::Serialize;

use crate::backends::port::{Backend, Fault};
use crate::cli::open::{self, Opened};
use crate::cli::out;
use crate::domain::acceptance;
use crate::domain::evidence::Evidence;
use crate::domain::finding;
use crate::domain::ids::{BackendName, RequestKey};
use crate::domain::lookup::LookUps;
use crate::domain::outcome::Outcome;
use crate::domain::request::Request;
use crate::domain::text::SafeText;

/// What every twin takes.
#[derive(Args)]
#[group(skip)]
pub struct Common {
    /// One JSON object a line instead of words
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub open: open::Args,
}

/// Exit codes of the commands that decide; `--help`, the man page and docs/json.md print this table.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (0, "done: decided or counted"),
    (1, "something went wrong before anything was sent"),
    (2, "the arguments are wrong"),
    (3, "refused: by backend, by policy, or because the audit log cannot be written"),
    (4, "the request is no longer what was shown: nothing was sent"),
    (5, "already decided by somebody else"),
    (6, "sent, and nobody can say yet what came of it"),
    (7, "accepted without any effect"),
];

/// The table as `--help` prints it.
fn exit_codes() -> String {
    let rows = EXIT_CODES.iter().map(|(code, meaning)| format!("  {code}  {meaning}"));
    format!("Exit codes:\n{}", rows.collect::<Vec<_>>().join("\n"))
}

/// The exit code that tells an outcome.
pub fn exit_of(outcome: &Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Final { .. } | Outcome::Counted { .. } => 0,
        Outcome::Refused { .. } => 3,
        Outcome::Changed { .. } => 4,
        Outcome::AlreadyDecided { .. } => 5,
        Outcome::Unknown { .. } => 6,
        Outcome::NoEffect { .. } => 7,
    })
}

/// A fault as an error with its mend.
pub fn fault(fault: &Fault) -> color_eyre::Report {
    eyre!("{}{}", fault.message, mend(&fault.mend))
}

fn mend(mend: &SafeText) -> SafeText {
    if mend.as_str().is_empty() { SafeText::default() } else { crate::safe!("\n  {}", mend) }
}

/// Asks each of the backends; one that does not answer is named on stderr and the others go on.
///
/// # Errors
/// Where there is a backend and none answers.
async fn each<T>(
    backends: impl Iterator<Item = &Arc<dyn Backend>>,
    ask: impl AsyncFn(&dyn Backend) -> Result<T, Fault>,
) -> color_eyre::Result<Vec<(BackendName, T)>> {
    let (mut answers, mut faults) = (Vec::new(), 0);
    for backend in backends {
        match ask(backend.as_ref()).await {
            Ok(answer) => answers.push((backend.name().clone(), answer)),
            Err(f) => {
                faults += 1;
                out::complain(&crate::safe!("{}: {}{}", backend.name(), f.message, mend(&f.mend)));
            }
        }
    }
    if faults > 0 && answers.is_empty() {
        bail!("no backend answers");
    }
    Ok(answers)
}

/// The pending queue of all backends that answer.
pub async fn queue(opened: &Opened) -> color_eyre::Result<Vec<Arc<Request>>> {
    let polls = each(opened.desk.backends(), async |backend| backend.poll(None).await).await?;
    let mut all: Vec<Arc<Request>> = polls.into_iter().flat_map(|(_, poll)| poll.changed).collect();
    if let Ok(given) = opened.desk.acceptances().await {
        all.iter_mut().for_each(|request| acceptance::mark(Arc::make_mut(request), &given));
    }
    all.sort_by_key(|r| (r.due.is_none(), r.due, r.created_at));
    Ok(all)
}

/// Finds a request by its whole key, or by the beginning of its id where only one pending request has it.
pub async fn find(opened: &Opened, typed: &str) -> color_eyre::Result<(Arc<dyn Backend>, Request)> {
    let key = match typed.parse::<RequestKey>() {
        Ok(key) => key,
        Err(_) => by_prefix(opened, typed).await?,
    };
    let backend = opened.desk.backend(&key.backend).ok_or_else(|| eyre!("no backend {} in the config", key.backend))?;
    let mut request = backend.read(&key).await.map_err(|f| fault(&f))?;
    mark(opened, &mut request).await;
    Ok((backend, request))
}

/// Reads the evidence of a request and looks its actions up, on the same road as the console: what is found stands
/// among the findings of the request, which is read again for it.
///
/// # Errors
/// Where evidence or request cannot be read.
pub async fn look_up(
    opened: &Opened,
    backend: &dyn Backend,
    request: &mut Request,
) -> Result<(Evidence, Arc<LookUps>), Fault> {
    let evidence = backend.evidence(request.key()).await?;
    *request = backend.read(request.key()).await?;
    let found = opened.desk.look_up(request, &evidence).await.unwrap_or_default();
    request.findings.extend(finding::added(&request.findings, &found.findings));
    mark(opened, request).await;
    Ok((evidence, found.look_ups))
}

/// Notes which findings were accepted here. A log that cannot be read hides nothing: all of them count then.
async fn mark(opened: &Opened, request: &mut Request) {
    if let Ok(given) = opened.desk.acceptances().await {
        acceptance::mark(request, &given);
    }
}

async fn by_prefix(opened: &Opened, typed: &str) -> color_eyre::Result<RequestKey> {
    let mut keys =
        queue(opened).await?.into_iter().map(|r| r.key().clone()).filter(|k| k.id.as_str().starts_with(typed));
    match (keys.next(), keys.next()) {
        (Some(key), None) if !typed.is_empty() => Ok(key),
        (Some(_), Some(_)) => {
            bail!("several requests begin like this: write the whole key, as `jit-tui list` prints it")
        }
        _ => bail!("no pending request has this key: `jit-tui list` prints them"),
    }
}

/// A request in `--json`: itself, with what people compare.
#[derive(Serialize)]
pub struct Shown<'a> {
    key: &'a RequestKey,
    digest: crate::domain::digest::Digest,
    code: String,
    request: &'a Request,
}

impl<'a> Shown<'a> {
    /// With digest and code.
    pub fn of(request: &'a Request) -> Self {
        let digest = request.digest();
        Self { key: request.key(), digest, code: digest.code().to_string(), request }
    }
}
