//! The stage of the demo: folders, policy, broker, tokens, and the config of the person at the console.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use color_eyre::eyre::{Context, bail, eyre};
use secrecy::SecretString;
use tempfile::TempDir;

use super::crew::{self, Crew};
use super::forge::Forge;
use super::repo::Repo;
use super::scenes;
use crate::backends::broker::Broker;
use crate::broker::tokens::{self, Token, Use};
use crate::broker::{Listen, Options, Server, open_database, serve};
use crate::cli::open;
use crate::cli::setup::ConfigArg;
use crate::domain::ids::{BackendName, Person};
use crate::domain::principal::{Assurance, Principal};
use crate::domain::time::Span;
use crate::policy::Policy;
use crate::sys::clock;
use crate::sys::files::replace_private;

/// Instance name of the demo's broker.
const NAME: &str = "demo";
const POLICY: &str = include_str!("policy.toml");
/// How long the demo's tokens live; the demo never lives as long.
const TOKENS: Span = Span::hours(24);

/// Everything that is removed at the end.
pub struct Stage {
    root: TempDir,
    server: Server,
    /// Who asks.
    pub crew: Arc<Crew>,
    /// Who says yes first where two are needed.
    pub second: Arc<Broker>,
    tokens: Vec<(&'static str, String)>,
}

impl Stage {
    /// Makes folders, repository, broker and tokens.
    pub async fn set() -> color_eyre::Result<Self> {
        let root = tempfile::Builder::new().prefix("jit-tui-demo-").tempdir().wrap_err("no room for the demo")?;
        if !crew::git_is_there(root.path()) {
            bail!("the demo makes a git repository: install git");
        }
        let folder = root.path().join("repo");
        let forge = root.path().join("forge");
        let making = tokio::task::spawn_blocking(move || -> color_eyre::Result<(PathBuf, Forge)> {
            let forge = Forge::make(&forge)?;
            scenes::prepare(&Repo::make(&folder, &forge)?, &forge)?;
            Ok((folder, forge))
        });
        let state = root.path().join("broker");
        let options = options(&state, root.path())?;
        let database = options.database.clone();
        let server = serve(options).await?;
        let address = server.address().to_string();
        let mut tokens = Vec::new();
        for (name, use_) in people()? {
            tokens.push((name, token(&database, name, use_)?));
        }
        let secret = |wanted: &str| {
            tokens.iter().find(|(n, _)| *n == wanted).map(|(_, t)| t.clone()).ok_or_else(|| eyre!("no token"))
        };
        let (repo, forge) = making.await??;
        let crew = Crew {
            address: address.clone(),
            token: secret("pipeline")?,
            root: root.path().to_owned(),
            repo,
            runs: AtomicU32::new(1),
        };
        for person in ["alice", "dan"] {
            configure(root.path(), person, &address, &secret(person)?)?;
            forge.remember(&homes(root.path(), person).1)?;
        }
        let second = Broker::new(NAME.parse()?, address.parse()?, Some(SecretString::from(secret("dan")?)))?;
        Ok(Self { root, server, crew: Arc::new(crew), second: Arc::new(second), tokens })
    }

    /// What the console of the first person opens with.
    pub fn opening(&self) -> open::Args {
        let (config, state) = homes(self.root.path(), "alice");
        open::Args { config: ConfigArg { config: Some(config.join("config.toml")) }, state: Some(state) }
    }

    /// What a shell needs: the first person's folders, and what gates need.
    pub fn connection(&self) -> Vec<(&'static str, String)> {
        let (config, state) = homes(self.root.path(), "alice");
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (second_config, second_state) = homes(self.root.path(), "dan");
        let pipeline = self.tokens.iter().find(|(name, _)| *name == "pipeline").map(|(_, t)| t.clone());
        vec![
            ("JIT_TUI_CONFIG_DIR", text(&config)),
            ("JIT_TUI_STATE_DIR", text(&state)),
            ("JIT_TUI_BROKER", self.crew.address.clone()),
            ("JIT_TUI_TOKEN", pipeline.unwrap_or_default()),
            ("JIT_TUI_DEMO_REPO", text(&self.crew.repo)),
            ("JIT_TUI_DEMO_SECOND_CONFIG_DIR", text(&second_config)),
            ("JIT_TUI_DEMO_SECOND_STATE_DIR", text(&second_state)),
        ]
    }

    /// Ends the broker and removes everything.
    pub async fn clear(self) -> color_eyre::Result<()> {
        self.server.shutdown().await;
        let path = self.root.path().to_owned();
        self.root.close().wrap_err_with(|| format!("cannot remove {}", path.display()))
    }
}

fn options(state: &Path, root: &Path) -> color_eyre::Result<Options> {
    let policy = Policy::parse(POLICY, "demo policy").map_err(|faults| eyre!("the demo's policy: {faults:?}"))?;
    let name: BackendName = NAME.parse()?;
    Ok(Options::new(state.to_owned(), Listen::Unix(root.join("broker.sock")), name, policy))
}

fn people() -> color_eyre::Result<Vec<(&'static str, Use)>> {
    let everything = vec!["acme/*".to_owned()];
    let environments = vec!["production".to_owned(), "staging".to_owned()];
    let approver = |name: &str| -> color_eyre::Result<Use> { Ok(Use::Approver { person: name.parse::<Person>()? }) };
    Ok(vec![
        ("pipeline", Use::Pipeline { repositories: everything, environments, person: None }),
        ("alice", approver("alice")?),
        ("dan", approver("dan")?),
    ])
}

fn token(database: &Path, name: &str, use_: Use) -> color_eyre::Result<String> {
    let created_at = clock::now().wall;
    let token = Token { name: name.to_owned(), use_, created_at, expires: Some(created_at + TOKENS), revoked_at: None };
    let by = Principal { issuer: "demo".into(), subject: "demo".into(), assurance: Assurance::Peer, person: None };
    Ok(tokens::add(&mut open_database(database)?, &token, by)?)
}

/// Config and state folder of a person of the demo.
fn homes(root: &Path, person: &str) -> (PathBuf, PathBuf) {
    let home = root.join(person);
    (home.join("config"), home.join("state"))
}

fn configure(root: &Path, person: &str, address: &str, token: &str) -> color_eyre::Result<()> {
    let (config, state) = homes(root, person);
    for folder in [&config, &state] {
        crate::sys::files::private_dir(folder)?;
    }
    replace_private(&config.join("token"), token.as_bytes())?;
    let forge = Forge::address(&root.join("forge"));
    let text = format!(
        "[actions]\nforge = \"{forge}\"\n\n[[backend]]\nkind = \"broker\"\nname = \"{NAME}\"\naddress = \"{address}\"\n\
         token_file = \"token\"\n"
    );
    Ok(replace_private(&config.join("config.toml"), text.as_bytes())?)
}
