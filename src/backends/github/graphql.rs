//! The GraphQL documents and their answers: details of many runs in one call, and the second way to decide.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::gates::{Gate, Live, Review};
use super::wire::{Moment, User};
use crate::domain::text::Text;
use crate::domain::time::Span;

/// Runs of one call; what each of them nests counts towards GitHub's limit of nodes.
pub(super) const RUNS: usize = 50;
/// Answers of a run that are read; a run with more is read over REST.
const REVIEWS: usize = 30;

const DETAILS: &str = "\
nodes(ids: $ids) {
  ... on WorkflowRun {
    id databaseId updatedAt
    checkSuite { commit { signature { isValid signer { login } } author { user { login } } committer { user { login } } } }
    pendingDeploymentRequests(first: 10) {
      totalCount
      nodes {
        currentUserCanApprove waitTimer waitTimerStartedAt
        environment {
          id databaseId name
          latestCompletedDeployment { commitOid state updatedAt }
          protectionRules(first: 10) { nodes { type preventSelfReview } }
        }
        reviewers(first: 10) { nodes { __typename ... on User { login } ... on Team { combinedSlug } } }
      }
    }
    deploymentReviews(first: 30) {
      totalCount
      nodes { state comment user { login } environments(first: 10) { nodes { databaseId name } } }
    }
  }
}";

/// What of a file is asked beside the runs: repository node, `SHA:path`.
pub(super) struct FileAsked {
    pub(super) repository: String,
    pub(super) expression: String,
}

/// The query of details for these runs, with the blob ids of these files.
pub(super) fn details(runs: &[&str], files: &[FileAsked]) -> (String, Value) {
    let mut parameters = String::from("$ids: [ID!]!");
    let mut body = String::from(DETAILS);
    let mut variables = Map::from_iter([("ids".to_owned(), json!(runs))]);
    for (n, file) in files.iter().enumerate() {
        parameters.push_str(&format!(", $r{n}: ID!, $e{n}: String!"));
        body.push_str(&format!(
            "\nf{n}: node(id: $r{n}) {{ ... on Repository {{ object(expression: $e{n}) {{ oid }} }} }}"
        ));
        variables.insert(format!("r{n}"), json!(file.repository));
        variables.insert(format!("e{n}"), json!(file.expression));
    }
    (format!("query Details({parameters}) {{\n{body}\n}}"), Value::Object(variables))
}

/// The second way to decide.
pub(super) fn mutation(approve: bool) -> String {
    let (name, input) = match approve {
        true => ("approveDeployments", "ApproveDeploymentsInput"),
        false => ("rejectDeployments", "RejectDeploymentsInput"),
    };
    format!("mutation Decide($input: {input}!) {{ {name}(input: $input) {{ deployments {{ id }} }} }}")
}

/// Pull requests of a commit, and what was deployed to an environment before.
pub(super) const CONTEXT: &str = "\
query Context($run: ID!, $repository: ID!, $environment: [String!]!) {
  run: node(id: $run) {
    ... on WorkflowRun {
      checkSuite {
        commit {
          associatedPullRequests(first: 5) { nodes { number title authorAssociation author { login } } }
        }
      }
    }
  }
  repository: node(id: $repository) {
    ... on Repository {
      deployments(first: 10, environments: $environment, orderBy: {field: CREATED_AT, direction: DESC}) {
        nodes { commitOid createdAt state creator { login } }
      }
    }
  }
}";

#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    #[serde(default, rename = "totalCount")]
    pub(super) total: u32,
    nodes: Option<Vec<Option<T>>>,
}

// Derived, it would ask that `T` has a default.
impl<T> Default for List<T> {
    fn default() -> Self {
        Self { total: 0, nodes: None }
    }
}

impl<T> List<T> {
    /// What is there; GitHub gives null for what the token may not see.
    pub(super) fn items(self) -> impl Iterator<Item = T> {
        self.nodes.into_iter().flatten().flatten()
    }
}

/// The answer to `details`: the runs, and under `f0`, `f1` … the files.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) nodes: Vec<Option<RunNode>>,
    #[serde(flatten)]
    files: Map<String, Value>,
}

impl Answer {
    /// The blob id of the file that was asked for at this place.
    pub(super) fn blob(&self, n: usize) -> Option<String> {
        let oid = self.files.get(&format!("f{n}"))?.get("object")?.get("oid")?.as_str()?;
        Some(oid.to_owned())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RunNode {
    pub(super) id: String,
    pub(super) database_id: Option<u64>,
    pub(super) updated_at: Moment,
    pub(super) check_suite: Option<CheckSuite>,
    pub(super) pending_deployment_requests: List<RequestNode>,
    pub(super) deployment_reviews: List<ReviewNode>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CheckSuite {
    pub(super) commit: CommitNode,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CommitNode {
    pub(super) signature: Option<Signature>,
    pub(super) author: Option<Actor>,
    pub(super) committer: Option<Actor>,
    pub(super) associated_pull_requests: List<PullNode>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Signature {
    pub(super) is_valid: bool,
    pub(super) signer: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Actor {
    pub(super) user: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PullNode {
    pub(super) number: u64,
    pub(super) title: Text,
    pub(super) author_association: Text,
    pub(super) author: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RequestNode {
    pub(super) current_user_can_approve: bool,
    pub(super) wait_timer: u32,
    pub(super) wait_timer_started_at: Moment,
    pub(super) environment: Option<EnvironmentNode>,
    pub(super) reviewers: List<ReviewerNode>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EnvironmentNode {
    pub(super) id: Option<String>,
    pub(super) database_id: Option<u64>,
    pub(super) name: Text,
    pub(super) latest_completed_deployment: Option<DeploymentNode>,
    pub(super) protection_rules: List<RuleNode>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DeploymentNode {
    pub(super) commit_oid: String,
    pub(super) state: Option<Text>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    pub(super) creator: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RuleNode {
    #[serde(rename = "type")]
    pub(super) kind: Text,
    pub(super) prevent_self_review: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ReviewerNode {
    pub(super) login: Option<Text>,
    pub(super) combined_slug: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReviewNode {
    pub(super) state: Text,
    pub(super) comment: Text,
    pub(super) user: Option<User>,
    pub(super) environments: List<NamedNode>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NamedNode {
    pub(super) database_id: Option<u64>,
    pub(super) name: Text,
}

/// The answer to `CONTEXT`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Context {
    pub(super) run: Option<RunNode>,
    pub(super) repository: Option<RepositoryNode>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RepositoryNode {
    pub(super) deployments: List<DeploymentNode>,
}

impl RunNode {
    /// Whether all that it nests is there.
    pub(super) fn is_whole(&self) -> bool {
        self.pending_deployment_requests.total <= 10 && self.deployment_reviews.total as usize <= REVIEWS
    }
}

impl RequestNode {
    /// A gate; none where GitHub hides its environment.
    pub(super) fn gate(self) -> Option<Gate> {
        let environment = self.environment?;
        let rules: Vec<RuleNode> = environment.protection_rules.items().collect();
        let live = environment.latest_completed_deployment.map(|d| Live {
            success: d.state.as_ref().and_then(Text::as_str).is_some_and(|s| matches!(s, "SUCCESS" | "ACTIVE")),
            sha: d.commit_oid,
            at: d.updated_at.0,
        });
        Some(Gate {
            id: environment.database_id?,
            node: environment.id,
            name: environment.name,
            can_approve: self.current_user_can_approve,
            timer: (self.wait_timer > 0).then(|| (Span::mins(self.wait_timer), self.wait_timer_started_at.0)),
            reviewers: self.reviewers.items().filter_map(|r| r.login.or(r.combined_slug)).collect(),
            no_self: Some(rules.iter().any(|r| r.prevent_self_review == Some(true))),
            live,
            branch_policy: Some(rules.iter().any(|r| r.kind == *"BRANCH_POLICY")),
        })
    }
}

impl ReviewNode {
    /// An answer; a state that is neither yes nor no is none.
    pub(super) fn review(self) -> Option<Review> {
        let approved = match self.state.as_str()? {
            "APPROVED" => true,
            "REJECTED" => false,
            _ => return None,
        };
        let environments = self.environments.items().filter_map(|e| Some((e.database_id?, e.name))).collect();
        Some(Review { approved, comment: self.comment, by: self.user.map(|u| u.login), environments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_asked_by_variables_never_by_text() {
        let asked = FileAsked { repository: "R_1".to_owned(), expression: "abc:x\") { id } }".to_owned() };
        let (query, variables) = details(&["WFR_1"], &[asked]);
        assert!(query.starts_with("query Details($ids: [ID!]!, $r0: ID!, $e0: String!) {\n"));
        assert!(query.contains("f0: node(id: $r0)") && !query.contains("abc"));
        assert_eq!(variables["e0"], "abc:x\") { id } }");
    }

    #[test]
    fn nulls_are_what_the_token_may_not_see() {
        let answer: Answer = serde_json::from_value(json!({
            "nodes": [null, {"id": "WFR_1", "databaseId": 7, "updatedAt": null, "checkSuite": null,
                "pendingDeploymentRequests": {"totalCount": 2, "nodes": [null, {"environment": null}]},
                "deploymentReviews": {"nodes": null}}],
            "f0": {"object": {"oid": "b10b"}}, "f1": {"object": null}, "f2": null,
        }))
        .unwrap();
        assert_eq!((answer.blob(0).as_deref(), answer.blob(1), answer.blob(2)), (Some("b10b"), None, None));
        let run = answer.nodes.into_iter().flatten().next().unwrap();
        assert_eq!(run.pending_deployment_requests.items().filter_map(RequestNode::gate).count(), 0);
    }

    #[test]
    #[ignore = "needs npm ci in tests/contract: tests/run.sh runs it"]
    fn contract_every_document_is_sound_by_githubs_schema() {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let asked = || FileAsked { repository: "R_1".to_owned(), expression: "abc:x".to_owned() };
        let documents = json!([
            details(&["WFR_1"], &[asked(), asked()]).0,
            details(&[], &[]).0,
            CONTEXT,
            mutation(true),
            mutation(false)
        ]);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract");
        let mut node = Command::new("node");
        let node = node.arg("validate.mjs").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = node.spawn().expect("node, and npm ci in tests/contract");
        child.stdin.take().unwrap().write_all(documents.to_string().as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
}
