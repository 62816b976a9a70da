//! GitHub's REST answers as far as they are read here. Everything that may be missing is optional, words that are not
//! known stay as they are.

use serde::{Deserialize, Deserializer};

use crate::domain::text::Text;
use crate::domain::time::Ms;

/// A moment as GitHub writes it; one that cannot be read is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Option<Ms>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(d)?;
        Ok(Self(text.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(|at| Ms(at.as_millisecond()))))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct User {
    pub(super) login: Text,
}

/// A repository inside a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct RunRepo {
    pub(super) id: u64,
    pub(super) node_id: String,
    pub(super) full_name: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Person {
    pub(super) name: Text,
    pub(super) email: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct HeadCommit {
    pub(super) message: Text,
    pub(super) author: Option<Person>,
    pub(super) committer: Option<Person>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
}

/// A reusable workflow of the run, resolved by GitHub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Referenced {
    pub(super) path: Text,
    pub(super) sha: Text,
}

/// A workflow run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Run {
    pub(super) id: u64,
    pub(super) node_id: String,
    #[serde(default)]
    pub(super) name: Option<Text>,
    #[serde(default)]
    pub(super) display_title: Text,
    pub(super) event: Text,
    #[serde(default)]
    pub(super) status: Option<Text>,
    #[serde(default)]
    pub(super) conclusion: Option<Text>,
    #[serde(default)]
    pub(super) head_branch: Option<Text>,
    pub(super) head_sha: Text,
    #[serde(default)]
    pub(super) path: Text,
    pub(super) run_number: u64,
    #[serde(default)]
    pub(super) run_attempt: Option<u32>,
    pub(super) workflow_id: u64,
    pub(super) html_url: Text,
    pub(super) created_at: Moment,
    #[serde(default)]
    pub(super) run_started_at: Moment,
    pub(super) updated_at: Moment,
    #[serde(default)]
    pub(super) actor: Option<User>,
    #[serde(default)]
    pub(super) triggering_actor: Option<User>,
    #[serde(default)]
    pub(super) head_commit: Option<HeadCommit>,
    #[serde(default)]
    pub(super) pull_requests: Option<Vec<Pull>>,
    pub(super) repository: RunRepo,
    #[serde(default)]
    pub(super) head_repository: Option<RunRepo>,
    #[serde(default)]
    pub(super) referenced_workflows: Option<Vec<Referenced>>,
}

impl Run {
    pub(super) fn attempt(&self) -> u32 {
        self.run_attempt.unwrap_or(1)
    }

    /// When this attempt began.
    pub(super) fn started(&self) -> Ms {
        self.run_started_at.0.or(self.created_at.0).unwrap_or_default()
    }

    /// Waits for the first approval of an outside pull request.
    pub(super) fn awaits_fork_approval(&self) -> bool {
        let is = |word: &Option<Text>| word.as_ref().is_some_and(|w| *w == *"action_required");
        is(&self.conclusion) || is(&self.status)
    }

    /// Of another repository than the one that it runs in.
    pub(super) fn is_from_fork(&self) -> bool {
        self.head_repository.as_ref().is_none_or(|head| head.id != self.repository.id)
    }

    /// The workflow file: path without a reference behind it.
    pub(super) fn workflow_path(&self) -> Option<&str> {
        let path = self.path.as_str()?.split('@').next()?;
        path.starts_with(".github/").then_some(path)
    }

    /// Whether the file that runs is the one at head: other events take it from elsewhere.
    pub(super) fn runs_file_of_head(&self) -> bool {
        const FROM_HEAD: &[&str] =
            &["push", "workflow_dispatch", "schedule", "release", "create", "repository_dispatch", "merge_group"];
        self.event.as_str().is_some_and(|event| FROM_HEAD.contains(&event))
    }
}

/// A page of runs.
#[derive(Debug, Deserialize)]
pub(super) struct Runs {
    pub(super) workflow_runs: Vec<Run>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Environment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) node_id: Option<String>,
    pub(super) name: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct ReviewerName {
    pub(super) login: Option<Text>,
    pub(super) slug: Option<Text>,
    pub(super) name: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Reviewer {
    #[serde(rename = "type", default)]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) reviewer: ReviewerName,
}

/// A gate that a run waits at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Pending {
    pub(super) environment: Environment,
    #[serde(default)]
    pub(super) wait_timer: u32,
    #[serde(default)]
    pub(super) wait_timer_started_at: Moment,
    #[serde(default)]
    pub(super) current_user_can_approve: bool,
    #[serde(default)]
    pub(super) reviewers: Vec<Reviewer>,
}

/// An answer that somebody gave; GitHub tells no time of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Approval {
    pub(super) state: Text,
    #[serde(default)]
    pub(super) comment: Text,
    #[serde(default)]
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) environments: Vec<Environment>,
}

/// Who we are.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub(super) login: Text,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Permissions {
    pub(super) push: bool,
}

/// A repository of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) full_name: String,
    #[serde(default)]
    pub(super) archived: bool,
    #[serde(default)]
    pub(super) disabled: bool,
    #[serde(default)]
    pub(super) pushed_at: Moment,
    #[serde(default)]
    pub(super) permissions: Option<Permissions>,
}

/// A file with its blob id.
#[derive(Debug, Deserialize)]
pub(super) struct Content {
    pub(super) sha: String,
}

/// Rules of an environment that apps hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CustomRules {
    pub(super) custom_deployment_protection_rules: Vec<CustomRule>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomRule {
    #[serde(default)]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) app: Option<App>,
}

#[derive(Debug, Deserialize)]
pub(super) struct App {
    pub(super) slug: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) sha: String,
    #[serde(default)]
    pub(super) created_at: Moment,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeploymentStatus {
    pub(super) state: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GitPerson {
    pub(super) name: Text,
    pub(super) email: Text,
    pub(super) date: Moment,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct GitCommit {
    #[serde(default)]
    pub(super) author: Option<GitPerson>,
    #[serde(default)]
    pub(super) committer: Option<GitPerson>,
    #[serde(default)]
    pub(super) message: Text,
    #[serde(default)]
    pub(super) verification: Option<Verification>,
}

/// What GitHub found of a signature.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Verification {
    pub(super) verified: bool,
    pub(super) reason: Text,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Commit {
    pub(super) sha: String,
    pub(super) commit: GitCommit,
}

/// A file of a comparison.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ChangedFile {
    pub(super) filename: Text,
    #[serde(default)]
    pub(super) previous_filename: Option<Text>,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) additions: u64,
    #[serde(default)]
    pub(super) deletions: u64,
    #[serde(default)]
    pub(super) patch: Option<Text>,
}

/// Two commits compared.
#[derive(Debug, Deserialize)]
pub(super) struct Compare {
    pub(super) status: Text,
    #[serde(default)]
    pub(super) behind_by: u64,
    #[serde(default)]
    pub(super) total_commits: u64,
    #[serde(default)]
    pub(super) commits: Vec<Commit>,
    #[serde(default)]
    pub(super) files: Option<Vec<ChangedFile>>,
}

/// The jobs of a run.
#[derive(Debug, Deserialize)]
pub(super) struct Jobs {
    #[serde(default)]
    pub(super) total_count: u64,
    pub(super) jobs: Vec<Job>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Job {
    pub(super) name: Text,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) conclusion: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_cannot_be_read_is_none() {
        let read = |json: &str| serde_json::from_str::<Moment>(json).unwrap().0;
        assert_eq!(read("\"2026-11-23T07:12:07Z\""), Some(Ms(1_795_417_927_000)));
        assert_eq!(read("\"soon\""), None);
        assert_eq!(read("null"), None);
    }

    #[test]
    #[ignore = "needs npm ci in tests/contract: tests/run.sh runs it"]
    fn contract_githubs_recorded_webhooks_are_read() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/contract/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
        );
        let text = std::fs::read_to_string(path).expect("npm ci in tests/contract");
        let events: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let mut seen = std::collections::BTreeMap::new();
        for example in events.iter().flat_map(|e| e["examples"].as_array().unwrap()) {
            for (key, read) in RECORDED {
                if let Some(value) = example.get(key).filter(|v| !v.is_null()) {
                    let mut value = value.clone();
                    // Old recordings tell the repository beside the run only.
                    if *key == "workflow_run" && value.get("repository").is_none() {
                        value["repository"] = example["repository"].clone();
                    }
                    read(value.clone()).unwrap_or_else(|e| panic!("{key}: {e}: {value}"));
                    *seen.entry(*key).or_insert(0) += 1;
                }
            }
        }
        assert!(RECORDED.iter().all(|(key, _)| seen.contains_key(key)), "{seen:?}");
        assert!(seen["workflow_run"] >= 5 && seen["deployment_status"] >= 4, "{seen:?}");
    }

    type Reads = fn(serde_json::Value) -> serde_json::Result<()>;

    /// Parts of webhooks that have the shape of a REST answer.
    const RECORDED: &[(&str, Reads)] = &[
        ("workflow_run", |v| serde_json::from_value::<Run>(v).map(drop)),
        ("workflow_job", |v| serde_json::from_value::<Job>(v).map(drop)),
        ("deployment", |v| serde_json::from_value::<Deployment>(v).map(drop)),
        ("deployment_status", |v| serde_json::from_value::<DeploymentStatus>(v).map(drop)),
        ("reviewers", |v| serde_json::from_value::<Vec<Reviewer>>(v).map(drop)),
        ("sender", |v| serde_json::from_value::<User>(v).map(drop)),
    ];
}
