//! The REST calls, as far as the console makes them.

use axum::http::Method;
use serde_json::{Value, json};

use super::world::{Deployment, Repo, Run, World, sha};
use super::{Asked, Reply, decoded, git, shape};

pub fn answer(world: &mut World, address: &str, asked: &Asked) -> Reply {
    let parts: Vec<String> = asked.path.split('/').skip(1).map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let get = asked.method == Method::GET;
    match parts.as_slice() {
        ["user"] if get => me(world),
        ["user", "repos"] if get => all_repos(world, asked, address),
        ["orgs", owner, "repos"] | ["users", owner, "repos"] if get => {
            let owner = format!("{}/", owner.to_ascii_lowercase());
            if !world.repos.iter().any(|r| r.full_name.to_ascii_lowercase().starts_with(&owner)) {
                return missing();
            }
            repos(world, asked, address, |r| r.full_name.to_ascii_lowercase().starts_with(&owner))
        }
        ["orgs", owner, "teams", team, "repos"] if get => {
            let owner = format!("{owner}/{team}-");
            repos(world, asked, address, |r| r.full_name.starts_with(&owner))
        }
        ["repos", owner, name, rest @ ..] => of_repo(world, asked, address, &format!("{owner}/{name}"), rest),
        ["repositories", id, rest @ ..] => {
            let id = id.parse().unwrap_or(0);
            match world.repos.iter().find(|r| r.id == id && r.visible).cloned() {
                Some(repo) => in_repo(world, asked, address, &repo, rest),
                None => missing(),
            }
        }
        _ => missing(),
    }
}

fn missing() -> Reply {
    Reply::message(404, "Not Found")
}

fn me(world: &World) -> Reply {
    let Value::Object(mut user) = shape::user(&world.login) else { return missing() };
    let Value::Object(more) = json!({
        "name": world.login, "company": null, "blog": "", "location": null, "email": null, "hireable": null, "bio": null,
        "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
    }) else {
        return missing();
    };
    user.extend(more);
    let mut reply = Reply::json(200, Value::Object(user));
    reply.headers.push(("x-oauth-scopes", world.scopes.clone()));
    reply
}

fn repos(world: &World, asked: &Asked, address: &str, takes: impl Fn(&Repo) -> bool) -> Reply {
    let pushed = world.date_of_push();
    let all: Vec<Value> =
        world.repos.iter().filter(|r| r.visible && takes(r)).map(|r| shape::listed_repo(r, &pushed)).collect();
    paged(asked, address, all, |page, _| Value::Array(page))
}

/// This list tells every repository whole.
fn all_repos(world: &World, asked: &Asked, address: &str) -> Reply {
    let pushed = world.date_of_push();
    let all: Vec<Value> = world.repos.iter().filter(|r| r.visible).map(|r| shape::full_repo(r, &pushed)).collect();
    paged(asked, address, all, |page, _| Value::Array(page))
}

/// A page of a list, linked to the next.
fn paged(asked: &Asked, address: &str, all: Vec<Value>, wrap: impl Fn(Vec<Value>, usize) -> Value) -> Reply {
    let size: usize = asked.query("per_page").and_then(|n| n.parse().ok()).unwrap_or(30).min(100);
    let page: usize = asked.query("page").and_then(|n| n.parse().ok()).unwrap_or(1);
    let total = all.len();
    let shown: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
    let mut reply = Reply::json(200, wrap(shown, total));
    if page * size < total {
        let query: Vec<String> =
            asked.query.iter().filter(|(n, _)| n != "page").map(|(n, v)| format!("{n}={v}")).collect();
        let next = format!("{address}/api/v3{}?{}&page={}", asked.path, query.join("&"), page + 1);
        reply.headers.push(("link", format!("<{next}>; rel=\"next\"")));
    }
    reply
}

fn of_repo(world: &mut World, asked: &Asked, address: &str, name: &str, rest: &[&str]) -> Reply {
    let found = world.repos.iter().find(|r| r.full_name.eq_ignore_ascii_case(name)).cloned();
    if let Some(repo) = found.filter(|r| r.visible) {
        return in_repo(world, asked, address, &repo, rest);
    }
    match world.repos.iter().find(|r| r.visible && r.old_names.iter().any(|old| old == name)) {
        Some(repo) => {
            let query: Vec<String> = asked.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
            let tail = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
            let url = format!("{address}/api/v3/repositories/{}/{}{tail}", repo.id, rest.join("/"));
            let mut reply = Reply::message(301, "Moved Permanently");
            reply.headers.push(("location", url));
            reply
        }
        None => missing(),
    }
}

fn in_repo(world: &mut World, asked: &Asked, address: &str, repo: &Repo, rest: &[&str]) -> Reply {
    match (asked.method.as_str(), rest) {
        ("GET", []) => Reply::json(200, shape::full_repo(repo, &world.date_of_push())),
        ("GET", ["actions", "runs"]) => runs(world, asked, address, repo),
        ("GET", ["actions", "workflows", _, "runs"]) => runs(world, asked, address, repo),
        (_, ["actions", "runs", id, rest @ ..]) => {
            match id.parse().ok().and_then(|id| world.run(id)).filter(|run| run.repo == repo.id).cloned() {
                Some(run) => of_run(world, asked, &run, rest),
                None => missing(),
            }
        }
        ("GET", ["deployments"]) => {
            let fits = |d: &&Deployment| asked.query("environment").is_none_or(|name| name == d.environment);
            let all = repo.deployments.iter().filter(fits).rev().map(|d| shape::deployment(repo, d)).collect();
            paged(asked, address, all, |page, _| Value::Array(page))
        }
        ("GET", ["deployments", id, "statuses"]) => match repo.deployments.iter().find(|d| d.id.to_string() == *id) {
            Some(deployment) => Reply::json(200, shape::statuses(repo, deployment)),
            None => missing(),
        },
        ("GET", ["environments", name, "deployment_protection_rules"]) => rules(repo, name),
        ("GET", ["compare", both]) => compare(asked, repo, both),
        ("GET", ["contents", path]) => contents(asked, repo, path),
        ("GET", ["git", "trees", id]) => {
            let tree = if asked.query("recursive").is_some() { git::whole_tree(repo, id) } else { git::tree(repo, id) };
            tree.map_or_else(missing, |tree| Reply::json(200, tree))
        }
        ("GET", ["git", "blobs", id]) => match git::blob(repo, id) {
            Some(text) => raw_text(text),
            None => missing(),
        },
        ("GET", ["commits", name]) => git::commit(asked, repo, name),
        ("GET", [list @ ("branches" | "tags")]) => {
            let main = repo.commits.last().map(|(id, _)| ("main".to_owned(), id.clone()));
            let named =
                if *list == "tags" { repo.tags.clone() } else { [&repo.branches[..], main.as_slice()].concat() };
            let tip = |(name, id): (String, String)| git::tip(repo, (&name, &id), *list == "tags");
            paged(asked, address, named.into_iter().map(tip).collect(), |page, _| Value::Array(page))
        }
        _ => missing(),
    }
}

fn runs(world: &World, asked: &Asked, address: &str, repo: &Repo) -> Reply {
    let wanted = asked.query("status").unwrap_or_default().to_owned();
    let fits = |run: &&Run| run.repo == repo.id && (run.status == wanted || run.conclusion == Some(wanted.as_str()));
    let all: Vec<Value> = world.runs.iter().filter(fits).rev().map(|run| shape::run(world, run)).collect();
    paged(asked, address, all, |page, total| json!({"total_count": total, "workflow_runs": page}))
}

fn rules(repo: &Repo, name: &str) -> Reply {
    let Some(environment) = repo.environments.iter().find(|e| e.name == name) else { return missing() };
    let rules: Vec<Value> = environment
        .app
        .iter()
        .map(|slug| {
            let app =
                json!({"id": 7, "slug": slug, "integration_url": "https://api.github.com/apps/x", "node_id": "A_7"});
            json!({"id": 3, "node_id": "GR_3", "enabled": true, "app": app})
        })
        .collect();
    Reply::json(200, json!({"total_count": rules.len(), "custom_deployment_protection_rules": rules}))
}

fn compare(asked: &Asked, repo: &Repo, both: &str) -> Reply {
    let Some((from, to)) = both.split_once("...") else { return missing() };
    let Some(places) = git::places(repo, from, to) else { return missing() };
    let (Some(a), Some(b)) = places else { return diverged(repo, both) };
    let between = &repo.commits[a.min(b)..a.max(b)];
    let ahead = if b > a { &repo.commits[a + 1..=b] } else { &[] };
    // GitHub lists no more.
    let files: Vec<String> = ahead.iter().take(300).map(|(id, _)| format!("src/{}.txt", &id[..7])).collect();
    if asked.headers.get("accept").is_some_and(|v| v == "application/vnd.github.diff") {
        let one = |(file, (id, _)): (&String, &(String, String))| {
            format!(
                "diff --git a/{file} b/{file}\nindex 1111111..2222222 100644\n--- a/{file}\n+++ b/{file}\n{}\n",
                shape::patch(id)
            )
        };
        let text: String = files.iter().zip(ahead).map(one).collect();
        return Reply::raw("application/vnd.github.diff; charset=utf-8", text.into_bytes());
    }
    let at = format!("https://api.github.com/repos/{}/compare/{both}", repo.full_name);
    let status = if a == b {
        "identical"
    } else if b > a {
        "ahead"
    } else {
        "behind"
    };
    let number = |name, usual| asked.query(name).and_then(|n| n.parse::<usize>().ok()).unwrap_or(usual);
    let (size, page) = (number("per_page", 250), number("page", 1));
    let here = ahead.iter().skip((page - 1) * size).take(size);
    let commits: Vec<Value> = here.map(|(id, message)| shape::commit(repo, id, message)).collect();
    let files = files.iter().zip(ahead).filter(|_| page == 1);
    let files: Vec<Value> = files.map(|(f, (id, _))| shape::changed_file(repo, f, id)).collect();
    let base = shape::commit(repo, &repo.commits[a].0, &repo.commits[a].1);
    let merge = &repo.commits[a.min(b)];
    Reply::json(
        200,
        json!({
            "url": at, "html_url": at, "permalink_url": at, "diff_url": at, "patch_url": at, "base_commit": base,
            "merge_base_commit": shape::commit(repo, &merge.0, &merge.1), "status": status, "ahead_by": ahead.len(),
            "behind_by": between.len() - ahead.len(), "total_commits": ahead.len(), "commits": commits, "files": files,
        }),
    )
}

/// A commit of a fork, which has left the line at its first commit.
fn diverged(repo: &Repo, both: &str) -> Reply {
    let at = format!("https://api.github.com/repos/{}/compare/{both}", repo.full_name);
    let (id, message) = &repo.commits[0];
    let first = shape::commit(repo, id, message);
    Reply::json(
        200,
        json!({
            "url": at, "html_url": at, "permalink_url": at, "diff_url": at, "patch_url": at, "base_commit": first,
            "merge_base_commit": first, "status": "diverged", "ahead_by": 1, "behind_by": repo.commits.len() - 1,
            "total_commits": 1, "commits": [], "files": [],
        }),
    )
}

fn contents(asked: &Asked, repo: &Repo, path: &str) -> Reply {
    let at = repo.commit_of(asked.query("ref").unwrap_or("main"));
    let Some(text) = at.and_then(|at| repo.files_of(&at).remove(path)) else { return missing() };
    match asked.headers.get("accept").is_some_and(|v| v == "application/vnd.github.raw+json") {
        true => raw_text(text),
        false => Reply::json(200, shape::content(repo, path, &text)),
    }
}

fn raw_text(text: String) -> Reply {
    // A proxy that reads JSON wherever it says `+json` would choke on the text.
    Reply::raw("application/vnd.github.raw; charset=utf-8", text.into_bytes())
}

fn of_run(world: &mut World, asked: &Asked, run: &Run, rest: &[&str]) -> Reply {
    match (asked.method.as_str(), rest) {
        ("GET", []) => Reply::json(200, shape::run(world, run)),
        ("GET", ["pending_deployments"]) => Reply::json(200, shape::pending(world, run)),
        ("POST", ["pending_deployments"]) => decide(world, asked, run),
        ("GET", ["approvals"]) => Reply::json(200, shape::approvals(world, run)),
        ("GET", ["jobs"]) => jobs(world, run),
        ("POST", ["approve"]) if world.has_fork_approval => approve(world, run.id),
        ("POST", ["cancel" | "force-cancel"]) => cancel(world, run.id),
        _ => missing(),
    }
}

fn decide(world: &mut World, asked: &Asked, run: &Run) -> Reply {
    let ids: Option<Vec<u64>> =
        asked.body["environment_ids"].as_array().and_then(|a| a.iter().map(Value::as_u64).collect());
    let (state, comment) = (asked.body["state"].as_str(), asked.body["comment"].as_str());
    let (Some(ids), Some(approved), Some(comment)) = (ids, state.map(|s| s == "approved"), comment) else {
        return Reply::json(
            422,
            json!({"message": "Invalid request.", "errors": "\"environment_ids\" wasn't supplied."}),
        );
    };
    if let Err(why) = world.review(run.id, &ids, approved, comment) {
        return Reply::json(422, json!({"message": "Validation Failed", "errors": why}));
    }
    let repo = world.repo(run.repo).clone();
    let made: Vec<Value> = repo
        .environments
        .iter()
        .filter(|e| ids.contains(&e.id))
        .map(|e| {
            let states = Vec::new();
            let at = world.now();
            shape::deployment(
                &repo,
                &Deployment { id: run.id, environment: e.name.clone(), sha: run.sha.clone(), at, states },
            )
        })
        .collect();
    Reply::json(200, Value::Array(made))
}

fn jobs(world: &World, run: &Run) -> Reply {
    let mut jobs = vec![shape::job(world, run, "test", "completed", Some("success"))];
    jobs.extend(
        world.waiting(run).iter().map(|e| shape::job(world, run, &format!("deploy {}", e.name), "waiting", None)),
    );
    Reply::json(200, json!({"total_count": jobs.len(), "jobs": jobs}))
}

fn approve(world: &mut World, id: u64) -> Reply {
    let now = world.now();
    match world.run_mut(id).filter(|run| run.conclusion == Some("action_required")) {
        Some(run) => {
            (run.status, run.conclusion, run.updated) = ("queued", None, now);
            Reply::json(201, json!({}))
        }
        None => Reply::message(403, "Run is not from a fork or queued for approval"),
    }
}

fn cancel(world: &mut World, id: u64) -> Reply {
    let now = world.now();
    match world.run_mut(id).filter(|run| run.status != "completed") {
        Some(run) => {
            (run.status, run.conclusion, run.updated) = ("completed", Some("cancelled"), now);
            Reply::json(202, json!({}))
        }
        None => Reply::message(409, "Cannot cancel a workflow run that is completed."),
    }
}

/// The blob id of a file, as GraphQL gives it too.
pub fn blob(repo: &Repo, expression: &str) -> Option<String> {
    let (at, path) = expression.split_once(':')?;
    repo.commits.iter().find(|(id, _)| id == at)?;
    repo.files_of(at).get(path).map(|text| sha(text))
}
