//! From arguments and config to an open desk: what console and twins have in common.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Context, eyre};
use tokio::sync::mpsc;

use super::setup::{self, ConfigArg};
use crate::backends;
use crate::backends::broker::Broker;
use crate::backends::git::{GitResolver, Settings};
use crate::backends::port::Backend;
use crate::backends::resolver::Resolver;
use crate::config::{Config, FileChoice, OnPendingTtl, read_file};
use crate::desk::look_ups::{Actions, Budget};
use crate::desk::news::News;
use crate::desk::second::Origin;
use crate::desk::{Desk, Keep, Limits, Setup};
use crate::domain::ids::BackendName;
use crate::domain::time::Span;
use crate::policy::Policy;
use crate::sys::files::check_ours;
use crate::sys::git;
use crate::sys::paths::Paths;

/// The instance name of a user's own broker.
pub const LOCAL: &str = "local";

/// Where config and state lie, for every command that talks to backends.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub struct Args {
    #[command(flatten)]
    pub config: ConfigArg,
    /// The state folder: audit log, evidence, local broker [default: as `jit-tui config path` says]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// An open desk.
pub struct Opened {
    /// The desk; nothing is polled before `watch`.
    pub desk: Desk,
    /// What it tells.
    pub news: mpsc::Receiver<News>,
    /// The config in force.
    pub config: Config,
    /// Where everything lies.
    pub paths: Paths,
    /// Whether a headless approve may be used on a broker of one user.
    pub headless_on_local: bool,
}

/// Reads config and opens the desk, for commands that never are the guard.
pub fn open(args: &Args) -> color_eyre::Result<Opened> {
    open_as(args, |_| false)
}

/// Reads config and opens the desk; `guard` says whether this process may be the guard.
pub fn open_as(args: &Args, guard: impl FnOnce(&Config) -> bool) -> color_eyre::Result<Opened> {
    let paths = paths(args)?;
    let config = args.config.load(&paths)?;
    let setup = Setup {
        backends: backends(&config, &paths)?,
        state: paths.state.clone(),
        poll_every: poll_every(&config),
        evidence: evidence(&config),
        limits: limits(&config, guard(&config))?,
        actions: actions(&config, &paths),
        origin: origin(&config, &paths),
    };
    let (desk, news) = Desk::open(setup).wrap_err("the state folder cannot be used")?;
    let headless_on_local = config.local.headless_approve;
    Ok(Opened { desk, news, config, paths, headless_on_local })
}

/// The folders of this user, with what the arguments say.
pub fn paths(args: &Args) -> color_eyre::Result<Paths> {
    let mut paths = setup::paths()?;
    if let Some(state) = &args.state {
        paths.state = std::path::absolute(state)?;
        paths.runtime = None;
    }
    Ok(paths)
}

/// The configured backends; without any, this user's own broker.
fn backends(config: &Config, paths: &Paths) -> color_eyre::Result<Vec<Arc<dyn Backend>>> {
    if config.backends.is_empty() {
        let name: BackendName = LOCAL.parse()?;
        return Ok(vec![Arc::new(Broker::local(name, paths.clone()))]);
    }
    let resolve = |path: &std::path::Path| config.resolve(path);
    config.backends.iter().map(|table| Ok(backends::open(table, &resolve)?)).collect()
}

/// What limits this program at backends that are not our broker.
fn limits(config: &Config, guard: bool) -> color_eyre::Result<Limits> {
    let keys = &config.guard;
    let file = keys.policy.as_deref().map(|path| config.resolve(path));
    let policy = file.map(|file| policy(&file)).transpose().wrap_err("the policy of [guard] cannot be used")?;
    Ok(Limits {
        policy,
        pending_ttl: keys.pending_ttl.map(|ttl| ttl.get()),
        reject_overdue: keys.on_pending_ttl == OnPendingTtl::Reject,
        on_expiry: keys.on_expiry,
        guard,
    })
}

fn policy(file: &Path) -> color_eyre::Result<Policy> {
    let choice = FileChoice::Named(file.to_owned());
    let source = read_file(&choice, &check_ours).map_err(|fault| eyre!("{fault}"))?;
    setup::policy(&source.map(|source| source.text).unwrap_or_default(), file)
}

fn origin(config: &Config, paths: &Paths) -> Option<Origin> {
    let url = config.console.git_url.clone();
    (!url.is_empty()).then(|| Origin { url, mirrors: paths.state.join("mirrors") })
}

fn evidence(config: &Config) -> Keep {
    let (days, mib) = (config.audit.evidence_days.get(), config.audit.evidence_mib.get());
    Keep { time: Duration::from_secs(u64::from(days) * 86_400), bytes: u64::from(mib) << 20 }
}

fn actions(config: &Config, paths: &Paths) -> Actions {
    let set = &config.actions;
    let time = set.time.get().as_duration();
    let settings = Settings {
        mirrors: paths.state.join("mirrors"),
        actions: set.forge.as_str().to_owned(),
        gitlab: set.gitlab.as_str().to_owned(),
        limits: git::Limits { time, bytes: u64::from(set.mirror_mib.get()) << 20 },
    };
    Actions {
        resolver: set.look_up.then(|| Arc::new(GitResolver::new(settings)) as Arc<dyn Resolver>),
        team_ledger: team_ledger(config),
        budget: Budget { time, calls: set.calls.get() as usize },
    }
}

/// The ledger that others keep, where the config names one.
pub fn team_ledger(config: &Config) -> Option<PathBuf> {
    config.actions.team_ledger.as_ref().map(|path| config.resolve(path))
}

fn poll_every(config: &Config) -> Span {
    config.backends.iter().map(|table| table.interval).min().unwrap_or(Span::secs(30))
}
