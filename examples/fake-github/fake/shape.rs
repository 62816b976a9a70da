//! GitHub's shapes: whatever its OpenAPI document asks for, filled with what the world knows.

use serde_json::{Map, Value, json};

use super::world::{Deployment, Environment, Repo, Review, Run, World, sha};

const API: &str = "https://api.github.com";

/// A map of addresses `NAME_url` below a place.
fn urls(at: &str, names: &[&str]) -> Map<String, Value> {
    names.iter().map(|n| (format!("{n}_url"), json!(format!("{at}/{n}")))).collect()
}

fn with(mut value: Value, more: Map<String, Value>) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.extend(more);
    }
    value
}

pub fn user(login: &str) -> Value {
    let at = format!("{API}/users/{login}");
    let names = [
        "avatar",
        "events",
        "followers",
        "following",
        "gists",
        "organizations",
        "received_events",
        "repos",
        "starred",
        "subscriptions",
    ];
    let value = json!({
        "login": login, "id": super::fnv(login.as_bytes()) >> 40, "node_id": format!("U_{login}"), "gravatar_id": "",
        "html_url": format!("https://github.com/{login}"), "site_admin": false, "type": "User", "url": at,
    });
    with(value, urls(&at, &names))
}

const REPO_URLS: &[&str] = &[
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
];

fn named(id: u64, full_name: &str, fork: bool) -> Value {
    let (owner, name) = full_name.split_once('/').unwrap();
    let at = format!("{API}/repos/{full_name}");
    let value = json!({
        "id": id, "node_id": format!("R_{id}"), "name": name, "full_name": full_name, "owner": user(owner),
        "private": true, "description": null, "fork": fork, "url": at,
        "html_url": format!("https://github.com/{full_name}"),
    });
    with(value, urls(&at, REPO_URLS))
}

pub fn minimal_repo(repo: &Repo) -> Value {
    named(repo.id, &repo.full_name, false)
}

/// A repository of a list.
pub fn listed_repo(repo: &Repo, pushed: &str) -> Value {
    let Value::Object(more) = json!({
        "archived": repo.archived, "disabled": false, "pushed_at": pushed,
        "permissions": {"admin": false, "maintain": false, "push": repo.push, "triage": true, "pull": true},
    }) else {
        unreachable!()
    };
    with(minimal_repo(repo), more)
}

/// A repository as it is read by itself.
pub fn full_repo(repo: &Repo, pushed: &str) -> Value {
    let at = format!("https://github.com/{}", repo.full_name);
    let Value::Object(more) = json!({
        "clone_url": format!("{at}.git"), "default_branch": "main", "forks": 0, "forks_count": 0,
        "git_url": format!("git://github.com/{}.git", repo.full_name), "has_issues": true, "has_projects": false, "has_downloads": true,
        "has_wiki": false, "has_pages": false, "has_discussions": false, "homepage": null, "language": null,
        "mirror_url": null, "open_issues": 0, "open_issues_count": 0, "license": null, "size": 1,
        "ssh_url": format!("git@github.com:{}.git", repo.full_name), "stargazers_count": 0, "svn_url": at,
        "watchers": 0, "watchers_count": 0, "created_at": pushed, "updated_at": pushed, "network_count": 0,
        "subscribers_count": 0,
    }) else {
        unreachable!()
    };
    with(listed_repo(repo, pushed), more)
}

pub fn run(world: &World, run: &Run) -> Value {
    let repo = world.repo(run.repo);
    let at = format!("{API}/repos/{}/actions/runs/{}", repo.full_name, run.id);
    let person = json!({"name": "Bob", "email": "bob@acme.example"});
    let head = if run.fork { named(9_999, "mallory/shop", true) } else { minimal_repo(repo) };
    let value = json!({
        "id": run.id, "node_id": format!("WFR_{}", run.id), "name": "Deploy", "display_title": run.title,
        "event": run.event, "status": run.status, "conclusion": run.conclusion, "head_branch": run.branch,
        "head_sha": run.sha, "path": ".github/workflows/deploy.yml", "run_number": run.id % 1000,
        "run_attempt": run.attempt, "workflow_id": repo.id * 10, "url": at,
        "html_url": format!("https://github.com/{}/actions/runs/{}", repo.full_name, run.id),
        "created_at": run.started.to_string(), "run_started_at": run.started.to_string(),
        "updated_at": run.updated.to_string(), "actor": user(&run.actor), "triggering_actor": user(&run.actor),
        "pull_requests": [], "repository": minimal_repo(repo), "head_repository": head, "referenced_workflows": [],
        "head_commit": {
            "id": run.sha, "tree_id": sha(&run.sha), "message": run.title, "timestamp": run.started.to_string(),
            "author": person, "committer": person,
        },
        "check_suite_id": run.id, "check_suite_node_id": format!("CS_{}", run.id),
    });
    with(value, urls(&at, &["jobs", "logs", "check_suite", "cancel", "rerun", "artifacts", "workflow"]))
}

pub fn environment(of: &Environment) -> Value {
    json!({
        "id": of.id, "node_id": format!("EN_{}", of.id), "name": of.name,
        "url": format!("{API}/environments/{}", of.id), "html_url": format!("https://github.com/environments/{}", of.id),
    })
}

pub fn pending(world: &World, run: &Run) -> Value {
    let gate = |e: &Environment| {
        let reviewers: Vec<Value> =
            e.reviewers.iter().map(|login| json!({"type": "User", "reviewer": user(login)})).collect();
        let began = if e.wait_timer > 0 { json!(run.started.to_string()) } else { Value::Null };
        json!({
            "environment": environment(e), "wait_timer": e.wait_timer, "wait_timer_started_at": began,
            "current_user_can_approve": world.can_approve(run, e),
            "reviewers": if e.app.is_some() { Vec::new() } else { reviewers },
        })
    };
    Value::Array(world.waiting(run).iter().map(gate).collect())
}

pub fn approvals(world: &World, run: &Run) -> Value {
    let one = |r: &Review| {
        let environments: Vec<Value> = world
            .repo(run.repo)
            .environments
            .iter()
            .filter(|e| r.environments.contains(&e.id))
            .map(approved_in)
            .collect();
        let state = if r.approved { "approved" } else { "rejected" };
        json!({"state": state, "comment": r.comment, "user": user(&r.user), "environments": environments})
    };
    Value::Array(run.reviews.iter().map(one).collect())
}

fn approved_in(of: &Environment) -> Value {
    let Value::Object(more) = json!({"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"})
    else {
        unreachable!()
    };
    with(environment(of), more)
}

pub fn deployment(repo: &Repo, of: &Deployment) -> Value {
    let at = format!("{API}/repos/{}", repo.full_name);
    json!({
        "id": of.id, "node_id": format!("DE_{}", of.id), "sha": of.sha, "ref": "main", "task": "deploy",
        "environment": of.environment, "original_environment": of.environment, "creator": user("bob"), "payload": {},
        "description": null, "url": format!("{at}/deployments/{}", of.id), "repository_url": at,
        "statuses_url": format!("{at}/deployments/{}/statuses", of.id),
        "created_at": of.at.to_string(), "updated_at": of.at.to_string(),
    })
}

pub fn statuses(repo: &Repo, of: &Deployment) -> Value {
    let at = format!("{API}/repos/{}", repo.full_name);
    let one = |(n, state): (usize, &&str)| {
        json!({
            "id": of.id * 10 + n as u64, "node_id": format!("DS_{}_{n}", of.id), "state": state, "creator": user("bob"),
            "description": "", "environment": of.environment, "target_url": at, "repository_url": at,
            "deployment_url": format!("{at}/deployments/{}", of.id),
            "url": format!("{at}/deployments/{}/statuses/{n}", of.id),
            "created_at": of.at.to_string(), "updated_at": of.at.to_string(),
        })
    };
    Value::Array(of.states.iter().enumerate().rev().map(one).collect())
}

pub fn job(world: &World, run: &Run, name: &str, status: &str, conclusion: Option<&str>) -> Value {
    let at = format!("{API}/repos/{}/actions/runs/{}", world.repo(run.repo).full_name, run.id);
    json!({
        "id": run.id * 10, "node_id": format!("J_{}", run.id), "run_id": run.id, "run_url": at, "head_sha": run.sha,
        "workflow_name": "Deploy", "head_branch": run.branch, "name": name, "url": at, "html_url": at, "status": status,
        "conclusion": conclusion, "started_at": run.started.to_string(), "created_at": run.started.to_string(),
        "completed_at": conclusion.map(|_| run.started.to_string()), "check_run_url": at, "labels": ["ubuntu-latest"],
        "runner_id": null, "runner_name": null, "runner_group_id": null, "runner_group_name": null,
    })
}

pub fn commit(repo: &Repo, id: &str, message: &str) -> Value {
    let at = format!("{API}/repos/{}/commits/{id}", repo.full_name);
    let person = json!({"name": "Bob", "email": "bob@acme.example", "date": "2026-11-20T10:00:00Z"});
    let parent = json!({"sha": sha(id), "url": at, "html_url": at});
    json!({
        "sha": id, "node_id": format!("C_{id}"), "url": at, "html_url": at, "comments_url": at,
        "author": user("bob"), "committer": user("bob"), "parents": [parent],
        "commit": {
            "author": person, "committer": person, "message": message, "comment_count": 0, "url": at,
            "tree": {"sha": sha(message), "url": at},
            "verification": {"verified": true, "reason": "valid", "payload": null, "signature": null, "verified_at": null},
        },
    })
}

/// A file of a comparison: one line more a commit.
pub fn changed_file(repo: &Repo, path: &str, to: &str) -> Value {
    let at = format!("{API}/repos/{}/contents/{path}?ref={to}", repo.full_name);
    json!({
        "sha": sha(to), "filename": path, "status": "modified", "additions": 1, "deletions": 1, "changes": 2,
        "blob_url": at, "raw_url": at, "contents_url": at, "patch": patch(to),
    })
}

pub fn patch(to: &str) -> String {
    format!("@@ -1 +1 @@\n-before\n+{}", &to[..7])
}

pub fn content(repo: &Repo, path: &str, text: &str) -> Value {
    let at = format!("{API}/repos/{}/contents/{path}", repo.full_name);
    json!({
        "type": "file", "encoding": "base64", "size": text.len(), "name": path.rsplit('/').next(), "path": path,
        "content": "", "sha": sha(text), "url": at, "git_url": at, "html_url": at, "download_url": at,
        "_links": {"self": at, "git": at, "html": at},
    })
}
