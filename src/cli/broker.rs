//! `jit-tui broker`: runs the broker in this process; `broker token`: its tokens.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::eyre::{WrapErr, eyre};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::setup::{self, ConfigArg};
use super::{Exit, out};
use crate::broker::tokens::{self, Token, Use};
use crate::broker::{Listen, Options, TlsFiles, open_database, serve};
use crate::config::{Broker, Config, FileChoice, read_file};
use crate::domain::ids::{BackendName, Person};
use crate::domain::principal::{Assurance, Principal};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::policy::Policy;
use crate::safe;
use crate::sys::paths::Paths;
use crate::sys::{clock, files, local};

/// Run the broker, or manage its tokens.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// Manage the tokens of pipelines and approvers; changes hold at once, also while the broker runs.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(clap::Args)]
struct Run {
    #[command(flatten)]
    place: Place,
    /// 127.0.0.1:PORT or unix:PATH; any other address needs TLS [default: 127.0.0.1:7717].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// PEM file with the certificate chain, leaf first.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file with its key.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The policy [default: policy.toml in the config folder, else one other person approves, this request only].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Command for `sh -c`, told in JSON on stdin on create, half of the deadline, timeout and break-glass.
    #[arg(long, value_name = "COMMAND")]
    hook: Option<String>,
    /// Name of this broker in request keys [default: broker, or local with --local].
    #[arg(long)]
    name: Option<BackendName>,
    /// A broker for this user only: a socket and no tokens; it leaves when nobody needs it any more.
    #[arg(long, conflicts_with_all = ["listen", "tls_cert"])]
    local: bool,
    /// With --local: leave so long after the last client, request and grant.
    #[arg(long, value_name = "TIME", requires = "local")]
    leave_after: Option<Span>,
    /// The clock is right though it lies before the newest record: grant again.
    #[arg(long)]
    accept_clock: bool,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token and print it, this once: for an approver with --person alone, else for a pipeline.
    Add(Add),
    /// List the tokens, without their secrets.
    List {
        #[command(flatten)]
        place: Place,
        /// As JSON, one token a line.
        #[arg(long)]
        json: bool,
    },
    /// Take a token back.
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
struct Place {
    #[command(flatten)]
    config: ConfigArg,
    /// The broker's state folder: database, evidence, lock, address.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Config and folders, as the arguments say.
struct Grounds {
    config: Config,
    paths: Paths,
    state: PathBuf,
}

impl Place {
    fn grounds(&self) -> color_eyre::Result<Grounds> {
        let paths = setup::paths()?;
        let config = self.config.load(&paths)?;
        let state = self.state.as_deref().map(std::path::absolute).transpose()?.unwrap_or_else(|| paths.state.clone());
        Ok(Grounds { config, paths, state })
    }
}

impl Grounds {
    /// A state folder that was chosen holds its own database.
    fn database(&self, place: &Place) -> PathBuf {
        let configured = self.config.broker.database.as_deref().filter(|_| place.state.is_none());
        configured.map_or_else(|| self.state.join("broker.db"), |path| self.config.resolve(path))
    }

    /// Relative paths start at the config's folder, never at the working folder.
    fn resolve(&self, path: &Path) -> PathBuf {
        self.paths.config.join(self.config.resolve(path))
    }
}

#[derive(clap::Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    /// Its name [default: the person].
    #[arg(long)]
    name: Option<String>,
    /// Whose it is: a vote with it is this person's; for a pipeline, who is behind what it asks.
    #[arg(long)]
    person: Option<Person>,
    /// Repositories that a pipeline may name, as a glob; may be given several times.
    #[arg(long = "repository", value_name = "GLOB", requires = "environments")]
    repositories: Vec<String>,
    /// Environments that a pipeline may name, as a glob; may be given several times.
    #[arg(long = "environment", value_name = "GLOB", requires = "repositories")]
    environments: Vec<String>,
    /// How long it holds [default: 12h for approvers; a pipeline's holds until it is revoked].
    #[arg(long = "for", value_name = "TIME")]
    holds: Option<Span>,
}

/// Runs it.
pub fn run(args: Args) -> Exit {
    match args.command {
        None => broker(args.run),
        Some(Command::Token(TokenCommand::Add(add))) => add_token(add),
        Some(Command::Token(TokenCommand::List { place, json })) => list_tokens(&place, json),
        Some(Command::Token(TokenCommand::Revoke { name, place })) => revoke_token(&name, &place),
    }
}

fn broker(run: Run) -> Exit {
    let options = options(&run)?;
    if options.local {
        leave_the_terminal();
    }
    allow_many_connections();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve_until_told(options))
}

/// A group of its own: what ends the console that started it does not end the broker.
fn leave_the_terminal() {
    if rustix::process::setsid().is_err() {
        // The leader of a group cannot begin a session; then it has its own group already.
        let _ = rustix::process::setpgid(None, None);
    }
}

/// As many as the system lets us have: the usual limit would end at some hundred consoles.
fn allow_many_connections() {
    let limit = getrlimit(Resource::Nofile);
    // Fewer connections are no reason not to start.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

async fn serve_until_told(options: Options) -> Exit {
    let (local, leave_after) = (options.local, options.leave_after);
    let (mut term, mut int, mut hup) = signals()?;
    let server = serve(options).await?;
    let address = Text::from(server.address().to_string());
    out::complain(&safe!("broker {} listens on {}", Text::from(server.broker()).ident(), address.ident()));
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        () = hang_up(&mut hup, local) => {}
        () = server.deserted(leave_after) => {}
    }
    server.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn signals() -> std::io::Result<(Signal, Signal, Signal)> {
    Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?))
}

/// A local broker outlives the terminal from which it came.
async fn hang_up(hup: &mut Signal, local: bool) {
    if local {
        std::future::pending().await
    } else {
        hup.recv().await;
    }
}

fn options(run: &Run) -> color_eyre::Result<Options> {
    let grounds = run.place.grounds()?;
    let said = &grounds.config.broker;
    let listen = if run.local {
        local_socket(&grounds, run.place.state.is_some())?
    } else {
        run.listen.as_ref().unwrap_or(&said.listen).parse()?
    };
    let name = match &run.name {
        Some(name) => name.clone(),
        None => if run.local { "local" } else { "broker" }.parse()?,
    };
    let mut options = Options::new(grounds.state.clone(), listen, name, policy(run, &grounds)?);
    options.database = grounds.database(&run.place);
    options.tls = if run.local { None } else { tls(run, &grounds)? };
    options.hook = run.hook.as_ref().map_or_else(|| said.hook.clone(), |h| vec!["sh".into(), "-c".into(), h.clone()]);
    options.hook_time = said.hook_time.get().as_duration();
    options.local = run.local;
    options.quota.in_all = said.max_pending.get();
    options.quota.of_one = said.max_pending_per_token.get();
    options.blob_limit = usize::try_from(said.max_evidence_mib.get()).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    options.leave_after = run.local.then(|| run.leave_after.unwrap_or(grounds.config.local.idle.get()));
    options.accept_clock = run.accept_clock;
    Ok(options)
}

fn tls(run: &Run, grounds: &Grounds) -> color_eyre::Result<Option<TlsFiles>> {
    let said = &grounds.config.broker;
    let file = |flag: &Option<PathBuf>, key: &Option<PathBuf>| {
        flag.clone().or_else(|| key.as_deref().map(|path| grounds.resolve(path)))
    };
    match (file(&run.tls_cert, &said.tls_cert), file(&run.tls_key, &said.tls_key)) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        _ => Err(eyre!("tls_cert and tls_key belong together: give both")),
    }
}

/// In the runtime folder; in the state folder where there is none or one was chosen.
fn local_socket(grounds: &Grounds, chosen: bool) -> color_eyre::Result<Listen> {
    let folder = grounds.paths.runtime.as_ref().filter(|_| !chosen).unwrap_or(&grounds.state);
    files::private_dir(folder).wrap_err("the folder of the socket")?;
    Ok(Listen::Unix(local::socket_in(folder)?))
}

/// The named policy, which must be there; the usual one if it is there; else the built-in rule.
fn policy(run: &Run, grounds: &Grounds) -> color_eyre::Result<Policy> {
    let said = &grounds.config.broker.policy;
    let usual = run.policy.is_none() && *said == Broker::default().policy;
    let file = run.policy.clone().unwrap_or_else(|| grounds.resolve(said));
    let choice = if usual { FileChoice::Usual(file) } else { FileChoice::Named(file) };
    let text = read_file(&choice, &files::check_ours).map_err(|fault| eyre!("{fault}")).wrap_err("the policy")?;
    match text {
        Some(source) => {
            let policy = parse_policy(&source.text, choice.path())?;
            Ok(if run.local { policy.on_own_machine() } else { policy })
        }
        None if run.local => own_policy(),
        None => parse_policy("", Path::new("no policy")),
    }
}

fn parse_policy(text: &str, file: &Path) -> color_eyre::Result<Policy> {
    setup::policy(text, file).wrap_err("the policy cannot be read, so the broker does not start")
}

/// No rules; the owner of the machine is the one person there is.
fn own_policy() -> color_eyre::Result<Policy> {
    let uid = rustix::process::geteuid().as_raw();
    let named = std::env::var("USER").ok().and_then(|name| name.parse::<Person>().ok());
    let person = named.map_or_else(|| format!("uid{uid}").parse(), Ok)?;
    Ok(Policy::default_for_local(uid, person))
}

/// Who runs a token command, for the record.
fn me() -> Principal {
    let uid = rustix::process::geteuid().as_raw();
    Principal { issuer: "peer".into(), subject: uid.to_string().into(), assurance: Assurance::Peer, person: None }
}

fn add_token(add: Add) -> Exit {
    let grounds = add.place.grounds()?;
    let now = clock::now().wall;
    let pipeline = !add.repositories.is_empty();
    let name = add.name.or_else(|| add.person.as_ref().map(|p| p.as_str().to_owned()));
    let name = name.filter(|n| !n.is_empty() && n.len() <= 128).ok_or_else(|| eyre!("give the token a --name"))?;
    let holds = add.holds.or((!pipeline).then(|| grounds.config.broker.approver_token.get()));
    let use_ = match (pipeline, add.person) {
        (true, person) => Use::Pipeline { repositories: add.repositories, environments: add.environments, person },
        (false, Some(person)) => Use::Approver { person },
        (false, None) => {
            return Err(eyre!(
                "say whose or for what: --person for an approver, --repository and --environment for a pipeline"
            ));
        }
    };
    let token = Token { name, use_, created_at: now, expires: holds.map(|h| now + h), revoked_at: None };
    let mut db = open_database(&grounds.database(&add.place))?;
    let secret = tokens::add(&mut db, &token, me())?;
    out::complain(&safe!("{}; shown this once:", in_words(&token)));
    out::line(&Text::from(secret).ident())?;
    Ok(ExitCode::SUCCESS)
}

fn list_tokens(place: &Place, as_json: bool) -> Exit {
    let db = open_database(&place.grounds()?.database(place))?;
    for (_, token) in tokens::all(&db)? {
        if as_json {
            out::json(&token)?;
        } else {
            out::line(&in_words(&token))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn revoke_token(name: &str, place: &Place) -> Exit {
    let mut db = open_database(&place.grounds()?.database(place))?;
    tokens::revoke(&mut db, name, clock::now().wall, me())?;
    out::complain(&safe!("revoked {}", Text::from(name).ident()));
    Ok(ExitCode::SUCCESS)
}

/// `shop-prod  pipeline of acme/shop in prod*, as bob  until revoked`.
fn in_words(token: &Token) -> SafeText {
    let list = |globs: &[String]| {
        let globs: Vec<SafeText> = globs.iter().map(|g| Text::from(g.as_str()).ident()).collect();
        SafeText::join(&globs, " ")
    };
    let what = match &token.use_ {
        Use::Approver { person } => safe!("approver {}", person),
        Use::Pipeline { repositories, environments, person } => {
            let whose = person.as_ref().map(|p| safe!(", as {}", p)).unwrap_or_default();
            safe!("pipeline of {} in {}{}", list(repositories), list(environments), whose)
        }
    };
    let until = match (token.revoked_at, token.expires) {
        (Some(at), _) => safe!("REVOKED {}", at.iso()),
        (None, Some(at)) if at <= clock::now().wall => safe!("EXPIRED {}", at.iso()),
        (None, Some(at)) => safe!("until {}", at.iso()),
        (None, None) => SafeText::lit("until revoked"),
    };
    safe!("{}  {}  {}", Text::from(token.name.as_str()).ident(), what, until)
}
