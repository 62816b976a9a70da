//! The token: where it lies, in the order that users of `gh` expect, and what kind it is. It is looked up again when
//! GitHub no longer takes it, so that a token that was renewed works without a restart.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::host::Host;
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::process::bounded::{self, Flow};
use crate::sys::secrets;

/// So long `gh` may take: it may ask a keyring.
const GH_PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer of `gh` that is read.
const GH_ANSWER: usize = 4 << 10;

/// Where the token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// As `gh` does it: environment, hosts.yml, `gh auth token`.
    AsGh,
    File(PathBuf),
    Command(Vec<String>),
    Env(String),
}

/// A token with what is known of it without asking anybody.
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) kind: Kind,
    /// Where it was found: `$GH_TOKEN`, `gh auth token`.
    pub(super) place: SafeText,
}

/// What kind of token, by its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Classic,
    OAuth,
    FineGrained,
    AppUser,
    Installation,
    Unknown,
}

impl Kind {
    pub(super) fn of(secret: &SecretString) -> Self {
        const PREFIXES: &[(&str, Kind)] = &[
            ("ghp_", Kind::Classic),
            ("gho_", Kind::OAuth),
            ("github_pat_", Kind::FineGrained),
            ("ghu_", Kind::AppUser),
            ("ghs_", Kind::Installation),
        ];
        let known = PREFIXES.iter().find(|(prefix, _)| secret.expose_secret().starts_with(prefix));
        known.map_or(Kind::Unknown, |(_, kind)| *kind)
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Kind::Classic => "a classic personal token",
            Kind::OAuth => "an OAuth token, as gh has it",
            Kind::FineGrained => "a fine-grained personal token",
            Kind::AppUser => "a GitHub App's token for a person",
            Kind::Installation => "an installation token",
            Kind::Unknown => "a token of a kind that its prefix does not tell",
        }
    }

    /// Whether its rights are scopes that GitHub lists.
    pub(super) fn has_scopes(self) -> bool {
        matches!(self, Kind::Classic | Kind::OAuth | Kind::Unknown)
    }
}

impl Source {
    /// Finds the token. Reads files and may run programs: not for the loop's thread.
    ///
    /// # Errors
    /// Where there is none, with the places that were looked at.
    pub(super) fn find(&self, host: &Host) -> io::Result<Token> {
        let (secret, place) = match self {
            Source::AsGh => return as_gh(host),
            Source::File(path) => (secrets::from_file(path).map_err(named(path))?, Text::from(path.as_path()).ident()),
            Source::Command(argv) => (secrets::from_command(argv)?, SafeText::lit("token_command")),
            Source::Env(name) => (secrets::from_env(name)?, safe!("${}", Text::from(name.as_str()).ident())),
        };
        Ok(Token { kind: Kind::of(&secret), secret, place })
    }
}

fn named(path: &Path) -> impl Fn(io::Error) -> io::Error {
    let shown = path.display().to_string();
    move |e| io::Error::other(format!("{shown}: {e}"))
}

fn as_gh(host: &Host) -> io::Result<Token> {
    let names: &[&'static str] = if host.is_server {
        &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    } else {
        &["GH_TOKEN", "GITHUB_TOKEN"]
    };
    for name in names {
        if let Ok(secret) = secrets::from_env(name) {
            return Ok(Token { kind: Kind::of(&secret), secret, place: safe!("${}", *name) });
        }
    }
    if let Some(path) = hosts_file(|name| std::env::var_os(name).map(PathBuf::from))
        && let Ok(text) = secrets::private_text(&path)
        && let Some(secret) = oauth_token(&text, &host.name)
    {
        let secret = SecretString::from(secret);
        return Ok(Token { kind: Kind::of(&secret), secret, place: Text::from(path.as_path()).ident() });
    }
    let secret = from_gh(&host.name).map_err(|e| {
        io::Error::other(format!("neither ${} nor hosts.yml nor `gh auth token` has one ({e})", names.join(" nor $")))
    })?;
    Ok(Token { kind: Kind::of(&secret), secret, place: SafeText::lit("gh auth token") })
}

/// Where `gh` keeps its hosts.
fn hosts_file(env: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| env(name).filter(|path| !path.as_os_str().is_empty());
    let folder = set("GH_CONFIG_DIR")
        .or_else(|| set("XDG_CONFIG_HOME").map(|base| base.join("gh")))
        .or_else(|| set("HOME").map(|home| home.join(".config").join("gh")))?;
    Some(folder.join("hosts.yml"))
}

/// The token of a host in `hosts.yml`, which `gh` writes itself: a block of two levels, one key a line.
fn oauth_token(text: &str, host: &str) -> Option<String> {
    let mut inside = false;
    let mut level = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            inside = line.trim_end().strip_suffix(':').is_some_and(|name| name.trim_matches('"') == host);
            level = None;
        } else if inside && *level.get_or_insert(indent) == indent {
            let value = line.trim_start().strip_prefix("oauth_token:").map(|v| v.trim().trim_matches(['"', '\'']));
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                return Some(value.to_owned());
            }
        }
    }
    None
}

/// Asks `gh`, which may ask a keyring; it is never parsed here.
fn from_gh(host: &str) -> Result<SecretString, String> {
    let program = std::env::var_os("GH_PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| "gh".into());
    let mut out = Vec::new();
    let mut command = Command::new(program);
    command.args(["auth", "token", "--secure-storage", "--hostname", host]);
    let ended = bounded::run(&mut command, GH_PATIENCE, &mut |piece| {
        out.extend_from_slice(piece);
        if out.len() > GH_ANSWER { Flow::Stop } else { Flow::More }
    });
    match ended {
        Err(e) => return Err(format!("gh: {e}")),
        Ok(end) if end.code != Some(0) => return Err("gh has none for this host".to_owned()),
        Ok(_) => {}
    }
    let text = String::from_utf8(out).map_err(|_| "gh printed something that is not text".to_owned())?;
    match text.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(SecretString::from(token)),
        _ => Err("gh printed none".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &str = "\
github.com:
    git_protocol: https
    users:
        alice:
            oauth_token: gho_other
    user: alice
    oauth_token: gho_mine
git.acme.example:
    users:
        alice:
            oauth_token: gho_nested
    user: alice
";

    #[test]
    fn hosts_yml_gives_the_token_of_its_host_and_no_other() {
        assert_eq!(oauth_token(HOSTS, "github.com").as_deref(), Some("gho_mine"));
        assert_eq!(oauth_token(HOSTS, "git.acme.example"), None);
        assert_eq!(oauth_token(HOSTS, "alice"), None);
        assert_eq!(oauth_token("", "github.com"), None);
    }

    #[test]
    fn hosts_yml_lies_where_gh_puts_it() {
        let at = |set: &[(&str, &str)]| {
            hosts_file(|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| PathBuf::from(v)))
        };
        let all = [("GH_CONFIG_DIR", "/g"), ("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(at(&all), Some(PathBuf::from("/g/hosts.yml")));
        assert_eq!(at(&all[1..]), Some(PathBuf::from("/x/gh/hosts.yml")));
        assert_eq!(at(&all[2..]), Some(PathBuf::from("/h/.config/gh/hosts.yml")));
        assert_eq!(at(&[("GH_CONFIG_DIR", "")]), None);
    }

    #[test]
    fn kinds_are_told_by_their_prefix() {
        for (token, kind) in [
            ("ghp_x", Kind::Classic),
            ("gho_x", Kind::OAuth),
            ("github_pat_x", Kind::FineGrained),
            ("ghu_x", Kind::AppUser),
            ("ghs_x", Kind::Installation),
            ("0123abcd", Kind::Unknown),
        ] {
            assert_eq!(Kind::of(&SecretString::from(token)), kind, "{token}");
        }
    }
}
