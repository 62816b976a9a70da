//! Names that go into the path of a call: repositories, and the request id that this adapter gives. Pure.

use std::fmt;
use std::str::FromStr;

use crate::backends::port::{Fault, Trouble};
use crate::domain::ids::{NativeId, RequestKey};
use crate::domain::text::Shown;

/// `owner/name`, of characters that need no escaping in a path.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RepoName(String);

/// A text that names no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a repository: write owner/name")]
pub(super) struct NotARepo;

impl RepoName {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of a call about it.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.0)
    }
}

/// Whether it is an owner, a team or the name of a repository as GitHub allows them.
pub(super) fn is_slug(s: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=100).contains(&s.len()) && s != "." && s != ".." && s.bytes().all(plain)
}

impl FromStr for RepoName {
    type Err = NotARepo;
    fn from_str(s: &str) -> Result<Self, NotARepo> {
        let (owner, name) = s.split_once('/').ok_or(NotARepo)?;
        if is_slug(owner) && is_slug(name) { Ok(Self(s.to_owned())) } else { Err(NotARepo) }
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Visible ASCII by its form.
impl Shown for RepoName {}

/// What stands in a path between slashes, escaped.
pub(super) fn escaped(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for b in part.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(b)),
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

/// What of a run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// The gate of an environment. GitHub asks again for every wave of jobs: `wave` counts the answers before it.
    Environment { id: u64, wave: u32 },
    /// The whole run, of a pull request from outside.
    Fork,
}

/// The ids that a request key is made of: repository, run, and what of it waits. Written `4711.8841.99.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ident {
    pub(super) repo: u64,
    pub(super) run: u64,
    pub(super) part: Part,
}

impl Ident {
    /// Of a key that this adapter made.
    pub(super) fn of(key: &RequestKey) -> Result<Self, Fault> {
        Self::parse(key.id.as_str()).ok_or_else(|| {
            Fault::new(Trouble::NotFound, "this is no key of a GitHub request", "`jit-tui list` prints them")
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (repo, run) = (number(parts.next()?)?, number(parts.next()?)?);
        let part = match (parts.next()?, parts.next()) {
            ("fork", None) => Part::Fork,
            (id, Some(wave)) => Part::Environment { id: number(id)?, wave: u32::try_from(number(wave)?).ok()? },
            _ => return None,
        };
        parts.next().is_none().then_some(Self { repo, run, part })
    }

    /// The run, of which all environments can be answered in one call. A run from outside is started by a call of its own.
    pub(super) fn of_run(&self) -> Option<NativeId> {
        match self.part {
            Part::Environment { .. } => format!("{}.{}", self.repo, self.run).parse().ok(),
            Part::Fork => None,
        }
    }

    /// The native id; `None` never happens, since digits and dots fit its form.
    pub(super) fn native(&self) -> Option<NativeId> {
        let Self { repo, run, part } = self;
        let text = match part {
            Part::Environment { id, wave } => format!("{repo}.{run}.{id}.{wave}"),
            Part::Fork => format!("{repo}.{run}.fork"),
        };
        text.parse().ok()
    }
}

/// Digits only: no sign, no blank, nothing that would be read in two ways.
fn number(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    if plain && text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_an_owner_and_a_name_and_nothing_else() {
        for good in ["acme/shop", "a-b/c_d.e"] {
            assert_eq!(good.parse::<RepoName>().unwrap().path("/x"), format!("/repos/{good}/x"));
        }
        for bad in ["", "acme", "acme/", "/x", "a/b/c", "a/..", "a b/c", "a/b?x", "a/b#x", "a/b%2f", "ä/b"] {
            assert!(bad.parse::<RepoName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_come_back_and_nothing_else_is_one() {
        for part in [Part::Environment { id: 99, wave: 2 }, Part::Fork] {
            let id = Ident { repo: 4711, run: 8841, part };
            assert_eq!(Ident::parse(id.native().unwrap().as_str()), Some(id));
        }
        for bad in ["", "1", "1.2", "1.2.3", "1.2.fork.0", "1.2.3.4.5", "01.2.3.4", "+1.2.3.4", "1.2.3.-4", "a.2.3.4"] {
            assert_eq!(Ident::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_of_environments_are_escaped() {
        assert_eq!(escaped("eu/prod 1"), "eu%2Fprod%201");
        assert_eq!(escaped("prod?x#y"), "prod%3Fx%23y");
    }
}
