//! The `[[backend]]` table of GitHub: where it is, which repositories, and where the token lies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::host::Host;
use super::select::{Named, Selection};
use super::token::Source;
use super::{GitHub, Setup};
use crate::backends::Spec;
use crate::backends::port::Backend;
use crate::config::{BackendTable, Faults, Kind, Time};
use crate::section;

section! {
    /// GitHub Actions.
    Keys {
        /// Which GitHub: github.com, SUB.ghe.com or your Enterprise Server, as an https address.
        address: String = "https://github.com".to_owned();
        /// Repositories: owner/name, or globs such as owner/* or owner/shop-*. Where nothing is named at all,
        /// everything that the token sees is watched; archived repositories never are.
        repositories: Vec<String> = vec![];
        /// All repositories of these organisations.
        organisations: Vec<String> = vec![];
        /// All repositories of these teams, written organisation/team.
        teams: Vec<String> = vec![];
        /// Everything that the token sees, beside what is named.
        all: bool = false;
        /// What is left out: globs over owner/name.
        exclude: Vec<String> = vec![];
        /// Whether runs of outside pull requests that wait for their approval are shown as well.
        outside_pull_requests: bool = true;
        /// Your token: in a file that only you may read. Without any of these three it is found as gh does it:
        /// GH_TOKEN or GITHUB_TOKEN (Enterprise Server: GH_ENTERPRISE_TOKEN), hosts.yml, `gh auth token`.
        token_file: Option<PathBuf> = None => "\"github.token\"";
        /// Or printed by a command of yours.
        token_command: Vec<String> = vec![];
        /// Or in a variable of the environment.
        token_env: Option<String> = None => "\"MY_GITHUB_TOKEN\"";
        /// Between two writes: GitHub asks for a second at least.
        pace: Time<0, 60> = Time::secs(1);
    }
}

/// This adapter.
pub const SPEC: Spec = Spec {
    kind: Kind {
        name: "github",
        doc: "GitHub Actions: environments and outside pull requests that wait.",
        rows: Keys::ROWS,
    },
    open,
};

fn open(table: &BackendTable, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<Arc<dyn Backend>, Faults> {
    let keys: Keys = table.read()?;
    let host: Host = keys.address.parse().map_err(|e: super::host::NotAHost| {
        let what = crate::safe!("address: {}", crate::domain::text::Text::from(e.to_string()).prose());
        Faults(vec![table.wrong(what, "write address = \"https://github.com\", or leave it out")])
    })?;
    let selection = Selection::of(&Named {
        repositories: &keys.repositories,
        organisations: &keys.organisations,
        teams: &keys.teams,
        all: keys.all,
        exclude: &keys.exclude,
    });
    let selection = selection
        .map_err(|what| Faults(vec![table.wrong(what, "see docs/github.md for the ways to name repositories")]))?;
    Ok(Arc::new(GitHub::new(Setup {
        name: table.name.clone(),
        host,
        source: source(&keys, resolve),
        selection,
        interval: table.interval,
        forks: keys.outside_pull_requests,
        pace: keys.pace.get(),
    })))
}

fn source(keys: &Keys, resolve: &dyn Fn(&Path) -> PathBuf) -> Source {
    if let Some(path) = &keys.token_file {
        return Source::File(resolve(path));
    }
    if !keys.token_command.is_empty() {
        return Source::Command(keys.token_command.clone());
    }
    keys.token_env.clone().map_or(Source::AsGh, Source::Env)
}
