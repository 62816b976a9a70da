//! Every key of `config.toml`, with its meaning and default. What is not in these tables does not exist.

use std::path::PathBuf;

use super::value::{Count, Time, Value, choose, chosen};
use crate::domain::document::{Diagnostic, Node};
use crate::domain::guard::OnExpiry;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::theme::Depth;
use crate::{safe, section};

section! {
    /// The console.
    Console {
        /// The theme: terminal, mono, dark, light, or the name of a file in themes/ beside this one.
        theme: String = "terminal".to_owned();
        /// How many colours the terminal has: auto, none, 16, 256 or 24bit. auto asks NO_COLOR, COLORTERM, TERM.
        colours: Colours = Colours(None);
        /// Whether the bell rings for production requests that you may decide.
        bell: bool = true;
        /// At most one bell in this time.
        bell_interval: Time<1, 86_400> = Time::secs(30);
        /// Environments that are production: globs. They are sorted first and shown as PROD.
        production: Vec<String> = vec!["prod*".to_owned()];
        /// Whether approve and reject are held back (3 s, bulk 5 s), so that they can be undone. Only then `u` works.
        hold_back: bool = true;
        /// Where repositories lie: diffs that a backend cut or did not give are fetched from there with git. Empty:
        /// nothing is fetched. {repository} stands for the name.
        git_url: String = String::new();
        /// Whether keys copy paths, hunks and how to decide by hand into the clipboard of the terminal (OSC 52).
        clipboard: bool = false;
        /// Look only: nothing can be approved, rejected, revoked or extended from this console.
        read_only: bool = false;
    }
}

section! {
    /// Your own audit log and what it keeps.
    Audit {
        /// How long shown evidence is kept, in days.
        evidence_days: Count<1, 3650> = Count::of(90);
        /// How much shown evidence is kept, in MiB. The oldest goes first.
        evidence_mib: Count<1, 1_048_576> = Count::of(1024);
    }
}

section! {
    /// The actions that pipelines name: where they are looked up, and the ledger of their SHAs.
    Actions {
        /// Whether the console asks forges what actions stand for now. Off, only a backend that knows is asked, and
        /// what nobody knows is `not proven`.
        look_up: bool = true;
        /// Where the repositories of `uses: owner/repo@ref` lie: https://, ssh:// or file://.
        forge: ForgeUrl = ForgeUrl::of("https://github.com");
        /// Where the projects of GitLab's `include:` lie.
        gitlab: ForgeUrl = ForgeUrl::of("https://gitlab.com");
        /// How long the actions of one request may be looked up, and how long git may be asked about one repository.
        time: Time<1, 3600> = Time::secs(60);
        /// So many questions may be asked about the actions of one request.
        calls: Count<1, 100_000> = Count::of(500);
        /// How much of one repository's history is kept to look commits up in, in MiB. What is larger is `not proven`.
        mirror_mib: Count<1, 65_536> = Count::of(256);
        /// A ledger that your team keeps, as `jit-tui ledger export` writes it: read together with your own.
        team_ledger: Option<PathBuf> = None => "\"team-ledger.jsonl\"";
    }
}

section! {
    /// The broker of your own that starts by itself where no backend is configured.
    Local {
        /// Whether it is started when a console or a gate finds none.
        start: bool = true;
        /// It leaves so long after its last client, request and grant.
        idle: Time<10, 86_400> = Time::secs(600);
        /// Whether `jit-tui approve` works on it. Off, a program of yours cannot approve what another one asks.
        headless_approve: bool = false;
    }
}

section! {
    /// `jit-tui broker`.
    Broker {
        /// Where it listens: host:port, or unix:/path. Other than loopback needs tls_cert and tls_key.
        listen: String = "127.0.0.1:7717".to_owned();
        /// Certificate chain, PEM.
        tls_cert: Option<PathBuf> = None => "\"tls/fullchain.pem\"";
        /// Private key, PEM; nobody else may read it.
        tls_key: Option<PathBuf> = None => "\"tls/privkey.pem\"";
        /// The policy; without the file the built-in rule holds: one other person, once, 15m.
        policy: PathBuf = PathBuf::from("policy.toml");
        /// The database; by default broker.db in the state folder.
        database: Option<PathBuf> = None => "\"/var/lib/jit-tui/broker.db\"";
        /// The command that tells people: program and arguments. It gets JSON on its input when a request comes,
        /// at half of its time, when it times out, and when the glass is broken.
        hook: Vec<String> = vec![];
        /// How long that command may take.
        hook_time: Time<1, 600> = Time::secs(10);
        /// So many requests may wait at once, in all. Folds count once.
        max_pending: Count<1, 1_000_000> = Count::of(50_000);
        /// So many requests of one token may wait at once. Folds count once.
        max_pending_per_token: Count<1, 1_000_000> = Count::of(500);
        /// Evidence of one request, in MiB, as it comes over the wire.
        max_evidence_mib: Count<1, 1024> = Count::of(32);
        /// How long an approver's token lives.
        approver_token: Time<60, 31_536_000> = Time::secs(43_200);
    }
}

section! {
    /// Backends that are not our broker: your own rules for them, and what the guard does.
    Guard {
        /// The policy that limits this program there; the backend keeps its own rules. Without it nothing passes by itself.
        policy: Option<PathBuf> = None => "\"policy.toml\"";
        /// Whether the console is the guard while nobody else is. Off, only `jit-tui guard` is.
        in_console: bool = true;
        /// What happens at the end of a grant to what it covers and still waits: nothing, reject-pending or cancel-run.
        on_expiry: OnExpiry = OnExpiry::Nothing;
        /// How long a request may wait there before the guard minds it.
        pending_ttl: Option<Time<60, 2_592_000>> = None => "\"4h\"";
        /// What the guard does then: nothing (it is only said) or reject.
        on_pending_ttl: OnPendingTtl = OnPendingTtl::Nothing;
    }
}

section! {
    /// What every `[[backend]]` table has, whatever its kind.
    Backend {
        /// What it is.
        kind: String = String::new();
        /// How you call it: letters, digits, - _ .
        name: String = String::new();
        /// How often it is asked where it does not tell by itself.
        interval: Time<1, 3600> = Time::secs(30);
    }
}

/// What becomes of a request that waited too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnPendingTtl {
    /// It is said, and left.
    #[default]
    Nothing,
    /// It is rejected.
    Reject,
}

const ON_PENDING_TTL: [(&str, OnPendingTtl); 2] =
    [("nothing", OnPendingTtl::Nothing), ("reject", OnPendingTtl::Reject)];

impl Value for OnPendingTtl {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        choose(node, &ON_PENDING_TTL)
    }

    fn print(&self) -> Option<String> {
        chosen(self, &ON_PENDING_TTL)
    }
}

impl Value for OnExpiry {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        choose(node, &OnExpiry::ALL)
    }

    fn print(&self) -> Option<String> {
        chosen(self, &OnExpiry::ALL)
    }
}

/// The address below which a forge's repositories lie. Who we are does not stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeUrl(String);

impl ForgeUrl {
    /// An address that is known to be one.
    fn of(known: &str) -> Self {
        Self(known.to_owned())
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.trim_end_matches('/')
    }
}

impl Value for ForgeUrl {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let text = String::read(node)?;
        let known = ["https://", "ssh://", "file:///"].iter().any(|start| text.starts_with(start));
        let secret = text
            .split_once("://")
            .is_some_and(|(_, rest)| rest.split('@').next().is_some_and(|w| w.contains(':') && rest.contains('@')));
        if known && !secret && !text.contains([' ', '?', '#']) {
            return Ok(Self(text));
        }
        let what = safe!("`{}` is no address of a forge", Text::from(text).ident());
        Err(node.place.wrong(what, "write it like \"https://github.com\"; a token belongs to git's credential helper"))
    }

    fn print(&self) -> Option<String> {
        self.0.print()
    }
}

/// How many colours; absent = what the environment says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colours(pub Option<Depth>);

const COLOURS: [(&str, Colours); 5] = [
    ("auto", Colours(None)),
    ("none", Colours(Some(Depth::Mono))),
    ("16", Colours(Some(Depth::Ansi))),
    ("256", Colours(Some(Depth::Indexed))),
    ("24bit", Colours(Some(Depth::True))),
];

impl Colours {
    /// The depth in force. `NO_COLOR` wins over the config.
    pub fn depth(self, env: impl Fn(&str) -> Option<String>) -> Depth {
        match (Depth::detect(&env), self.0) {
            (_, Some(chosen)) if env("NO_COLOR").is_none_or(|v| v.is_empty()) => chosen,
            (detected, _) => detected,
        }
    }
}

impl Value for Colours {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        choose(node, &COLOURS)
    }

    fn print(&self) -> Option<String> {
        chosen(self, &COLOURS)
    }
}

impl Console {
    /// At most one bell in this time; absent = silent.
    pub fn bell_every(&self) -> Option<Span> {
        self.bell.then_some(self.bell_interval.get())
    }
}
