//! The port to whoever knows what a reference stands for: a forge's API, or git itself. Each question stands alone:
//! one that fails is a fault of its own, and says nothing about the others.

use futures_util::future::BoxFuture;

use super::port::Answer;
use crate::domain::ids::CommitSha;
use crate::domain::lookup::{Change, Reach};
use crate::domain::text::Text;

/// So many commits of a change are told one by one.
pub const COMMITS: usize = 30;
/// No file of an action is read past this.
pub const FILE_LIMIT: usize = 1 << 20;
/// No diff of an action is read past this.
pub const DIFF_LIMIT: usize = 32 << 20;

/// Which forge a repository lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Forge {
    /// Where `owner/repo@ref` of a workflow lies.
    Actions,
    /// Where projects of GitLab's `include:` lie.
    GitLab,
}

/// A repository that actions come from; its name is fit for a URL and a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    forge: Forge,
    name: String,
}

impl Repository {
    /// The repository that an action's name begins with, and what is left of the name: `github/codeql-action` and
    /// `init`. Absent where no such name can be, and nobody should be asked for it.
    pub fn of_action(name: &Text) -> Option<(Self, Text)> {
        let mut parts = name.as_str()?.splitn(3, '/');
        let repository = format!("{}/{}", parts.next()?, parts.next()?);
        Some((Self::new(Forge::Actions, &repository)?, parts.next().unwrap_or_default().into()))
    }

    /// A project of GitLab: `group/sub/project`.
    pub fn of_project(name: &Text) -> Option<Self> {
        Self::new(Forge::GitLab, name.as_str()?)
    }

    fn new(forge: Forge, name: &str) -> Option<Self> {
        let fit = |part: &str| {
            let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with(".git") && part.bytes().all(known)
        };
        let whole = name.contains('/') && name.len() <= 256 && name.split('/').all(fit);
        whole.then(|| Self { forge, name: name.to_owned() })
    }

    /// Which forge.
    pub fn forge(&self) -> Forge {
        self.forge
    }

    /// `owner/repo`: ASCII letters, digits, `-`, `_`, `.`, and `/` between non-empty parts.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Looks things up in repositories. It answers only from what it was told whole: what is cut off, refused or late is
/// a fault, or `Reach::NotProven`.
pub trait Resolver: Send + Sync {
    /// Whether it can be asked about this repository.
    fn covers(&self, repository: &Repository) -> bool;

    /// The commit that a tag, branch or whole id stands for now, annotated tags peeled. `Trouble::NotFound` where the
    /// repository has no such reference.
    fn resolve<'a>(&'a self, repository: &'a Repository, reference: &'a Text) -> Answer<'a, CommitSha>;

    /// Whether a branch or tag of the repository contains this commit. `hint` is a tag that may: the comment's.
    fn reach<'a>(
        &'a self,
        repository: &'a Repository,
        sha: &'a CommitSha,
        hint: Option<&'a Text>,
    ) -> BoxFuture<'a, Reach>;

    /// A file at a commit, whole; `None` where there is no such file. Larger than `FILE_LIMIT` is a fault.
    fn file<'a>(
        &'a self,
        repository: &'a Repository,
        sha: &'a CommitSha,
        path: &'a Text,
    ) -> Answer<'a, Option<Vec<u8>>>;

    /// What lies between two commits; at most `COMMITS` are told one by one.
    fn compare<'a>(&'a self, repository: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Change>;

    /// The unified diff from one commit to another, whole. Larger than `DIFF_LIMIT` is a fault.
    fn diff<'a>(&'a self, repository: &'a Repository, old: &'a CommitSha, new: &'a CommitSha) -> Answer<'a, Vec<u8>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_no_repositories() {
        for (name, repository, rest) in [
            ("actions/checkout", "actions/checkout", ""),
            ("github/codeql-action/init", "github/codeql-action", "init"),
            ("a/b/.github/workflows/x.yml", "a/b", ".github/workflows/x.yml"),
        ] {
            let (found, path) = Repository::of_action(&name.into()).unwrap();
            assert_eq!((found.name(), path), (repository, rest.into()));
        }
        for name in ["", "a", "a/", "/b", "../b", "a/..", "-a/b", "a/b c", "a/b?x", "${{ x }}/b", "a/b.git", "ü/b"] {
            assert!(Repository::of_action(&name.into()).is_none(), "{name}");
        }
        assert_eq!(Repository::of_project(&"group/sub/project".into()).unwrap().name(), "group/sub/project");
        assert!(Repository::of_project(&"group//project".into()).is_none());
    }
}
