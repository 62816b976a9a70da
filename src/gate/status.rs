//! The status file: how the gate stands and how it ended, so that a script can tell a gate's exit code from the
//! same code of a command.

use std::path::PathBuf;

use serde::Serialize;

use super::Close;
use crate::domain::digest::Digest;
use crate::domain::ids::{GrantId, RequestKey};
use crate::domain::json;
use crate::domain::time::Ms;
use crate::safe;
use crate::sys::clock;
use crate::sys::files::replace_private;

/// Where the gate is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Collects and asks.
    #[default]
    Asking,
    /// Waits for a decision.
    Waiting,
    /// The command runs.
    Running,
    /// It is over; `outcome` says how.
    Ended,
}

/// What the file holds, in this order; absent = null.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    version: u32,
    phase: Phase,
    outcome: Option<&'static str>,
    exit_code: Option<u8>,
    started: bool,
    request: Option<RequestKey>,
    digest: Option<Digest>,
    code: Option<String>,
    grant: Option<GrantId>,
    ends_at: Option<Ms>,
    at: Ms,
}

/// Keeps the file up to date, where one is wanted.
pub struct StatusFile {
    path: Option<PathBuf>,
    status: Status,
}

impl StatusFile {
    /// Begins with `asking`.
    pub fn new(path: Option<PathBuf>) -> Self {
        let mut file = Self { path, status: Status { version: 1, ..Status::default() } };
        file.write();
        file
    }

    /// It was asked.
    pub fn waiting(&mut self, request: &RequestKey, digest: Digest) {
        self.status.phase = Phase::Waiting;
        self.status.request = Some(request.clone());
        self.status.digest = Some(digest);
        self.status.code = Some(digest.code().to_string());
        self.write();
    }

    /// It was started.
    pub fn running(&mut self, grant: &GrantId, ends_at: Ms) {
        self.status.phase = Phase::Running;
        self.status.started = true;
        self.status.grant = Some(grant.clone());
        self.status.ends_at = Some(ends_at);
        self.write();
    }

    /// It is over.
    pub fn ended(&mut self, close: &Close) {
        self.status.phase = Phase::Ended;
        self.status.outcome = Some(close.word());
        self.status.exit_code = Some(close.code());
        self.write();
    }

    fn write(&mut self) {
        let Some(path) = &self.path else { return };
        self.status.at = clock::now().wall;
        let text = json::to_line(&self.status).unwrap_or_default() + "\n";
        if let Err(e) = replace_private(path, text.as_bytes()) {
            let why = crate::domain::text::Text::from(e.to_string());
            super::log::line(&safe!("cannot write the status file: {}", why.prose()));
            self.path = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_tells_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        let read = || serde_json::from_slice::<serde_json::Value>(&std::fs::read(&path).unwrap()).unwrap();
        let mut file = StatusFile::new(Some(path.clone()));
        assert_eq!((read()["phase"].as_str(), read()["outcome"].is_null()), (Some("asking"), true));
        file.waiting(&"local/ab#1".parse().unwrap(), Digest::of(b"x"));
        assert_eq!(read()["code"].as_str().unwrap(), Digest::of(b"x").code().to_string());
        file.ended(&Close::Command(230));
        assert_eq!((read()["outcome"].as_str(), read()["exit_code"].as_u64()), (Some("command"), Some(230)));
        assert_eq!(read()["started"].as_bool(), Some(false));
    }
}
