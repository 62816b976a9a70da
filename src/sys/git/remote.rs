//! Where the repository comes from: its remote's URL as a repository id, and its default branch.

use super::{Fault, Git};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;

/// Where the default branch of `origin` may stand.
const DEFAULTS: &[&str] = &["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"];

impl Git {
    /// The URL of `origin`, else of the only remote.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn remote(&self) -> Result<Option<Text>, Fault> {
        if let Some(url) = self.maybe_line(["config", "--get", "remote.origin.url"])? {
            return Ok(Some(url));
        }
        let names = self.line(["remote"])?;
        match names.as_str() {
            Some(name) if !name.is_empty() && !name.contains('\n') => {
                self.maybe_line(["config", "--get", &format!("remote.{name}.url")])
            }
            _ => Ok(None),
        }
    }

    /// The newest known commit of origin's default branch.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn default_branch(&self) -> Result<Option<CommitSha>, Fault> {
        for name in DEFAULTS {
            if let Some(sha) = self.resolve(name)? {
                return Ok(Some(sha));
            }
        }
        Ok(None)
    }
}

/// `owner/name` out of a remote's URL; credentials in it are never part of the answer.
pub fn repository_id(url: &Text) -> Option<Text> {
    let url = url.as_str()?.trim_end_matches('/');
    let path = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?.1,
        // `git@host:owner/name`; a path of this machine names no repository.
        None if url.starts_with(['/', '.', '~']) => return None,
        None => url.split_once(':')?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (path.contains('/') && !path.split('/').any(|part| part.is_empty() || part == "..")).then(|| Text::from(path))
}
