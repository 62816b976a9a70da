//! The GraphQL answers, told by the name of the operation. That the documents themselves are sound is proven against
//! GitHub's schema.

use serde_json::{Map, Value, json};

use super::rest::blob;
use super::world::{Environment, Repo, Review, Run, World};
use super::{Asked, Reply};

pub fn answer(world: &mut World, asked: &Asked) -> Reply {
    let query = asked.body["query"].as_str().unwrap_or_default();
    let variables = &asked.body["variables"];
    if !world.has_graphql {
        let error = json!({"message": "Field 'pendingDeploymentRequests' doesn't exist on type 'WorkflowRun'"});
        return Reply::json(200, json!({"errors": [error]}));
    }
    let data = match () {
        () if query.contains("approveDeployments(") => decide(world, variables, true),
        () if query.contains("rejectDeployments(") => decide(world, variables, false),
        () if query.starts_with("query Details(") => Ok(details(world, variables)),
        () if query.starts_with("query Context(") => Ok(context(world, variables)),
        () => Err("the fake does not know this document"),
    };
    match data {
        Ok(data) => Reply::json(200, json!({"data": data})),
        Err(why) => Reply::json(200, json!({"data": null, "errors": [{"message": why, "type": "UNPROCESSABLE"}]})),
    }
}

fn run_of<'a>(world: &'a World, node: &Value) -> Option<&'a Run> {
    let id = node.as_str()?.strip_prefix("WFR_")?.parse().ok()?;
    world.run(id).filter(|run| world.repo(run.repo).visible)
}

fn repo_of<'a>(world: &'a World, node: &Value) -> Option<&'a Repo> {
    let id: u64 = node.as_str()?.strip_prefix("R_")?.parse().ok()?;
    world.repos.iter().find(|r| r.id == id && r.visible)
}

fn details(world: &World, variables: &Value) -> Value {
    let mut data = Map::new();
    let nodes = variables["ids"].as_array().into_iter().flatten();
    data.insert(
        "nodes".to_owned(),
        nodes.map(|id| run_of(world, id).map_or(Value::Null, |run| node(world, run))).collect(),
    );
    for n in 0.. {
        let Some(expression) = variables[format!("e{n}")].as_str() else { break };
        let oid = repo_of(world, &variables[format!("r{n}")]).and_then(|repo| blob(repo, expression));
        data.insert(format!("f{n}"), json!({"object": oid.map(|oid| json!({"oid": oid}))}));
    }
    Value::Object(data)
}

fn node(world: &World, run: &Run) -> Value {
    let gates: Vec<Value> = world.waiting(run).iter().map(|e| gate(world, run, e)).collect();
    let reviews: Vec<Value> = run.reviews.iter().map(|r| review(world, run, r)).collect();
    json!({
        "id": format!("WFR_{}", run.id), "databaseId": run.id, "updatedAt": run.updated.to_string(),
        "checkSuite": {"commit": {
            "signature": {"isValid": true, "signer": {"login": run.actor}},
            "author": {"user": {"login": run.actor}}, "committer": {"user": {"login": run.actor}},
        }},
        "pendingDeploymentRequests": {"totalCount": gates.len(), "nodes": gates},
        "deploymentReviews": {"totalCount": reviews.len(), "nodes": reviews},
    })
}

fn gate(world: &World, run: &Run, of: &Environment) -> Value {
    let repo = world.repo(run.repo);
    let live = repo.deployments.iter().rfind(|d| d.environment == of.name && d.states.len() > 2);
    let live = live.map(|d| {
        let state = if d.states.last() == Some(&"success") { "SUCCESS" } else { "FAILURE" };
        json!({"commitOid": d.sha, "state": state, "updatedAt": d.at.to_string()})
    });
    let reviewers: Vec<Value> = of.reviewers.iter().map(|r| json!({"__typename": "User", "login": r})).collect();
    let mut rules = vec![json!({"type": "REQUIRED_REVIEWERS", "preventSelfReview": of.prevent_self})];
    if of.branch_policy {
        rules.push(json!({"type": "BRANCH_POLICY", "preventSelfReview": null}));
    }
    let began = if of.wait_timer > 0 { json!(run.started.to_string()) } else { Value::Null };
    json!({
        "currentUserCanApprove": world.can_approve(run, of), "waitTimer": of.wait_timer, "waitTimerStartedAt": began,
        "environment": {
            "id": format!("EN_{}", of.id), "databaseId": of.id, "name": of.name, "latestCompletedDeployment": live,
            "protectionRules": {"nodes": rules},
        },
        "reviewers": {"nodes": if of.app.is_some() { Vec::new() } else { reviewers }},
    })
}

fn review(world: &World, run: &Run, of: &Review) -> Value {
    let environments = world.repo(run.repo).environments.iter().filter(|e| of.environments.contains(&e.id));
    let environments: Vec<Value> = environments.map(|e| json!({"databaseId": e.id, "name": e.name})).collect();
    json!({
        "state": if of.approved { "APPROVED" } else { "REJECTED" }, "comment": of.comment, "user": {"login": of.user},
        "environments": {"nodes": environments},
    })
}

fn context(world: &World, variables: &Value) -> Value {
    let run = run_of(world, &variables["run"]).map(|run| {
        let pull = json!({
            "number": 17, "title": run.title, "author": {"login": run.actor},
            "authorAssociation": if run.fork { "FIRST_TIME_CONTRIBUTOR" } else { "MEMBER" },
        });
        json!({"checkSuite": {"commit": {"associatedPullRequests": {"nodes": [pull]}}}})
    });
    let wanted = variables["environment"][0].as_str().unwrap_or_default();
    let repository = repo_of(world, &variables["repository"]).map(|repo| {
        let fits = repo.deployments.iter().rev().filter(|d| d.environment == wanted);
        let nodes: Vec<Value> = fits
            .map(|d| json!({"commitOid": d.sha, "createdAt": d.at.to_string(), "state": "ACTIVE", "creator": {"login": "bob"}}))
            .collect();
        json!({"deployments": {"nodes": nodes}})
    });
    json!({"run": run, "repository": repository})
}

fn decide(world: &mut World, variables: &Value, approve: bool) -> Result<Value, &'static str> {
    let input = &variables["input"];
    let run = run_of(world, &input["workflowRunId"]).ok_or("Could not resolve to a node")?.id;
    let ids: Option<Vec<u64>> = input["environmentIds"]
        .as_array()
        .and_then(|list| list.iter().map(|id| id.as_str()?.strip_prefix("EN_")?.parse().ok()).collect());
    let comment = input["comment"].as_str().unwrap_or_default().to_owned();
    world.review(run, &ids.ok_or("no environments")?, approve, &comment)?;
    let name = if approve { "approveDeployments" } else { "rejectDeployments" };
    Ok(json!({name: {"deployments": [{"id": "DE_1"}]}}))
}
