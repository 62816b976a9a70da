//! `jit-tui broker`: runs the broker in this process; `broker token`: its tokens.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::eyre::{WrapErr, eyre};
use serde::Deserialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Exit;
use crate::broker::tokens::{self, Token, Use};
use crate::broker::{Listen, Options, TlsFiles, open_database, serve};
use crate::domain::ids::{BackendName, Person};
use crate::domain::json;
use crate::domain::principal::{Assurance, Principal};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::policy::{Diagnostic, Policy};
use crate::safe;
use crate::sys::paths::Paths;
use crate::sys::{clock, files};

/// Where the broker listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:7424";

/// How long an approver's token holds unless told otherwise.
const APPROVER_HOLDS: Span = Span::hours(12);

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
    /// Tokens of pipelines and approvers; changes hold at once, also while the broker runs.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(clap::Args, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Run {
    /// A TOML file with these options as keys (listen = "127.0.0.1:7424"); the command line wins.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// 127.0.0.1:PORT or unix:PATH; any other address needs TLS [default: 127.0.0.1:7424].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// PEM file with the certificate chain, leaf first.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file with its key.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Folder of database, evidence and lock [default: the state folder of this user].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The policy [default: policy.toml of the config folder, else no rules: one other person approves].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Command for `sh -c`, told in JSON on stdin on create, half of the deadline, timeout and break-glass.
    #[arg(long, value_name = "COMMAND")]
    hook: Option<String>,
    /// Name of this broker in request keys [default: broker, or local with --local].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Distinct requests of one credential that may wait at once [default: 200].
    #[arg(long, value_name = "N")]
    quota: Option<u32>,
    /// A broker for this user only: a socket, no tokens, gone 10 minutes after the last client, request and grant.
    #[arg(long, conflicts_with_all = ["listen", "tls_cert"])]
    #[serde(skip)]
    local: bool,
    /// With --local: leave after so long without client, request and grant.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    #[serde(skip)]
    leave_after: Option<Span>,
    /// The clock is right though it lies before the newest record: grant again.
    #[arg(long)]
    #[serde(skip)]
    accept_clock: bool,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token and print it, this once: an approver's with --person alone, else a pipeline's.
    Add(Add),
    /// List tokens, without their secrets.
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
    /// State folder of the broker [default: the one of this user].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    /// Its name [default: the person].
    #[arg(long)]
    name: Option<String>,
    /// Whose it is: votes with it count as this person's; for a pipeline, who is behind what it asks.
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

fn paths() -> color_eyre::Result<Paths> {
    Paths::of_user().ok_or_else(|| eyre!("there is no home folder; set JIT_TUI_STATE_DIR and JIT_TUI_CONFIG_DIR"))
}

fn state_folder(given: Option<&Path>) -> color_eyre::Result<PathBuf> {
    given.map_or_else(|| paths().map(|p| p.state), |dir| Ok(dir.to_owned()))
}

fn broker(flags: Run) -> Exit {
    let options = options(with_file(flags)?)?;
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN);
    // Somebody else's subscriber does as well.
    let _ = log.try_init();
    if options.local {
        leave_the_terminal();
    }
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

async fn serve_until_told(options: Options) -> Exit {
    let (local, leave_after) = (options.local, options.leave_after);
    let (mut term, mut int, mut hup) = signals()?;
    let server = serve(options).await?;
    eprintln!("jit-tui broker {} listens on {}", server.broker(), server.address());
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

/// What the command line leaves open is taken from the file.
fn with_file(flags: Run) -> color_eyre::Result<Run> {
    let Some(file) = &flags.config else { return Ok(flags) };
    let read = || -> std::io::Result<String> {
        files::check_ours(file, &std::fs::metadata(file)?)?;
        std::fs::read_to_string(file)
    };
    let text = read().wrap_err_with(|| format!("the broker's config {}", file.display()))?;
    let said: Run = toml::from_str(&text).wrap_err_with(|| format!("the broker's config {}", file.display()))?;
    Ok(Run {
        listen: flags.listen.or(said.listen),
        tls_cert: flags.tls_cert.or(said.tls_cert),
        tls_key: flags.tls_key.or(said.tls_key),
        state: flags.state.or(said.state),
        policy: flags.policy.or(said.policy),
        hook: flags.hook.or(said.hook),
        name: flags.name.or(said.name),
        quota: flags.quota.or(said.quota),
        ..flags
    })
}

fn options(run: Run) -> color_eyre::Result<Options> {
    let state = state_folder(run.state.as_deref())?;
    let listen = if run.local { local_socket(run.state.is_some(), &state)? } else { run.listen.unwrap_or(LISTEN.into()).parse()? };
    let tls = match (run.tls_cert, run.tls_key) {
        (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
        (None, None) => None,
        _ => return Err(eyre!("tls-cert and tls-key belong together: give both")),
    };
    let name = run.name.unwrap_or_else(|| if run.local { "local".into() } else { "broker".into() });
    let policy = policy(run.policy.as_deref(), run.local)?;
    let mut options = Options::new(state, listen, name.parse::<BackendName>()?, policy);
    options.tls = tls;
    options.hook = run.hook;
    options.local = run.local;
    options.quota = run.quota.unwrap_or(options.quota);
    options.leave_after = run.leave_after.filter(|_| run.local);
    options.accept_clock = run.accept_clock;
    Ok(options)
}

/// In the runtime folder; in the state folder where there is none or one was chosen.
fn local_socket(chosen: bool, state: &Path) -> color_eyre::Result<Listen> {
    let folder = paths().ok().and_then(|p| p.runtime).filter(|_| !chosen).unwrap_or_else(|| state.to_owned());
    files::private_dir(&folder).wrap_err("the folder of the socket")?;
    Ok(Listen::Unix(folder.join("broker.sock")))
}

fn policy(given: Option<&Path>, local: bool) -> color_eyre::Result<Policy> {
    let standing = || paths().ok().map(|p| p.config.join("policy.toml")).filter(|p| p.exists());
    let Some(file) = given.map(Path::to_owned).or_else(standing) else {
        return if local { own_policy() } else { parse_policy("", Path::new("no policy")) };
    };
    files::check_ours(&file, &std::fs::metadata(&file).wrap_err_with(|| format!("the policy {}", file.display()))?)?;
    let text = std::fs::read_to_string(&file).wrap_err_with(|| format!("the policy {}", file.display()))?;
    let policy = parse_policy(&text, &file)?;
    Ok(if local { policy.on_own_machine() } else { policy })
}

fn parse_policy(text: &str, file: &Path) -> color_eyre::Result<Policy> {
    Policy::parse(text, &file.display().to_string()).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(Diagnostic::to_string).collect();
        eyre!("the policy cannot be read, so the broker does not start:\n{}", faults.join("\n"))
    })
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
    let now = clock::now().wall;
    let pipeline = !add.repositories.is_empty();
    let name = add.name.or_else(|| add.person.as_ref().map(|p| p.as_str().to_owned()));
    let name = name.filter(|n| !n.is_empty() && n.len() <= 128).ok_or_else(|| eyre!("give the token a --name"))?;
    let holds = add.holds.or((!pipeline).then_some(APPROVER_HOLDS));
    let use_ = match (pipeline, add.person) {
        (true, person) => {
            Use::Pipeline { repositories: add.repositories, environments: add.environments, person }
        }
        (false, Some(person)) => Use::Approver { person },
        (false, None) => {
            return Err(eyre!("say whose or for what: --person for an approver, --repository and --environment for a pipeline"));
        }
    };
    let token = Token { name, use_, created_at: now, expires: holds.map(|h| now + h), revoked_at: None };
    let mut db = open_database(&state_folder(add.place.state.as_deref())?)?;
    let secret = tokens::add(&mut db, &token, me())?;
    eprintln!("{}; shown this once:", in_words(&token));
    println!("{secret}");
    Ok(ExitCode::SUCCESS)
}

fn list_tokens(place: &Place, as_json: bool) -> Exit {
    let db = open_database(&state_folder(place.state.as_deref())?)?;
    for (_, token) in tokens::all(&db)? {
        if as_json {
            println!("{}", json::to_line(&token)?);
        } else {
            println!("{}", in_words(&token));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn revoke_token(name: &str, place: &Place) -> Exit {
    let mut db = open_database(&state_folder(place.state.as_deref())?)?;
    tokens::revoke(&mut db, name, clock::now().wall, me())?;
    eprintln!("revoked {}", Text::from(name).ident());
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
