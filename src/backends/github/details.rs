//! What waiting runs wait at: one GraphQL call for fifty of them, REST where GraphQL cannot.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, join, stream};

use super::Inner;
use super::call::READS;
use super::gates::{self, Gate, Review};
use super::graphql::{self, Answer, FileAsked, RequestNode, ReviewNode, RunNode};
use super::known::{Details, Kind, Known};
use super::name::{RepoName, escaped};
use super::select::is_about_one;
use super::wire::{Approval, Content, CustomRules, Pending, Run};
use crate::backends::port::{Fault, Trouble};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;

/// Details are read again after so long though nothing says that they changed: reviewers may have.
const REFRESH: Span = Span::mins(5);
/// Runs whose details are read over REST in one poll: two calls each.
const OVER_REST: usize = 60;
/// Environments whose apps are looked up in one poll.
const HOLDERS: usize = 20;
/// How long it is known which app holds an environment.
const HOLDERS_KEPT: Span = Span::mins(10);

/// Reads what is missing or old of the details of all runs that wait.
pub(super) async fn refresh(gh: &Inner, now: Ms) -> Result<(), Fault> {
    let wanted = wanted(&gh.known(), now);
    let mut over_rest = Vec::new();
    let by_graphql = gh.budgets().graphql_to_spare(now);
    if by_graphql {
        let chunks: Vec<Vec<Arc<Run>>> = wanted.chunks(graphql::RUNS).map(<[_]>::to_vec).collect();
        let calls = chunks.into_iter().map(|runs| async move {
            let left = ask(gh, &runs, now).await;
            (runs, left)
        });
        let answers: Vec<_> = stream::iter(calls).buffer_unordered(4).collect().await;
        for (runs, result) in answers {
            match result {
                Ok(left) => over_rest.extend(left),
                Err(fault) if is_about_one(&fault) || fault.trouble == Trouble::Limited => {
                    over_rest.extend(runs);
                }
                Err(fault) => return Err(fault),
            }
        }
    } else {
        over_rest = wanted;
    }
    over_rest.truncate(OVER_REST);
    read_over_rest(gh, over_rest, now).await?;
    holders(gh, now).await
}

fn wanted(known: &Known, now: Ms) -> Vec<Arc<Run>> {
    let old = |run: &Run| {
        known.details.get(&run.id).is_none_or(|d| {
            d.attempt != run.attempt() || d.updated != run.updated_at.0 || now.since(d.read_at) >= REFRESH
        })
    };
    let mut seen = HashSet::new();
    let waits = known.runs().filter(|(_, run, kind)| match kind {
        Kind::Waiting => old(run) || lacks_blob(known, run),
        Kind::Fork => false,
    });
    waits.map(|(_, run, _)| Arc::clone(run)).filter(|run| seen.insert(run.id)).collect()
}

fn lacks_blob(known: &Known, run: &Run) -> bool {
    run.runs_file_of_head() && run.workflow_path().is_some() && known.blob(run).is_none()
}

/// One GraphQL call; the runs that it did not tell whole come back.
async fn ask(gh: &Inner, runs: &[Arc<Run>], now: Ms) -> Result<Vec<Arc<Run>>, Fault> {
    let ids: Vec<&str> = runs.iter().map(|run| run.node_id.as_str()).collect();
    let unknown: Vec<&Arc<Run>> = runs.iter().filter(|run| lacks_blob(&gh.known(), run)).collect();
    let files: Vec<FileAsked> = unknown.iter().filter_map(|run| file_of(run)).collect();
    let (query, variables) = graphql::details(&ids, &files);
    let answer: Answer = gh.api.graphql(&query, variables).await?;
    let mut known = gh.known();
    for (n, run) in unknown.iter().enumerate() {
        known.learn_blob(run, answer.blob(n));
    }
    let mut told: HashMap<String, RunNode> = HashMap::new();
    told.extend(answer.nodes.into_iter().flatten().map(|node| (node.id.clone(), node)));
    let mut left = Vec::new();
    for run in runs {
        match told.remove(&run.node_id).filter(RunNode::is_whole) {
            Some(node) => drop(known.details.insert(run.id, of_node(run, node, now))),
            None => left.push(Arc::clone(run)),
        }
    }
    Ok(left)
}

fn file_of(run: &Run) -> Option<FileAsked> {
    let expression = format!("{}:{}", run.head_sha.as_str()?, run.workflow_path()?);
    Some(FileAsked { repository: run.repository.node_id.clone(), expression })
}

/// Details of a run as GraphQL told them.
pub(super) fn of_node(run: &Run, node: RunNode, now: Ms) -> Details {
    let commit = node.check_suite.map(|suite| suite.commit);
    Details {
        attempt: run.attempt(),
        updated: run.updated_at.0,
        gates: node.pending_deployment_requests.items().filter_map(RequestNode::gate).collect(),
        reviews: node.deployment_reviews.items().filter_map(ReviewNode::review).collect(),
        commit: commit.map(|commit| signed(&commit)),
        read_at: now,
    }
}

fn signed(commit: &graphql::CommitNode) -> SafeText {
    let login = |actor: &Option<graphql::Actor>| actor.as_ref()?.user.as_ref().map(|user| user.login.ident());
    let by = match (login(&commit.author), login(&commit.committer)) {
        (Some(a), Some(c)) if a != c => safe!("by {} through {}, as the commit claims; ", a, c),
        (Some(a), _) => safe!("by {}, as the commit claims; ", a),
        (None, _) => SafeText::lit("by nobody that GitHub knows; "),
    };
    match &commit.signature {
        Some(signature) if signature.is_valid => {
            let signer = signature.signer.as_ref().map_or(SafeText::lit("GitHub"), |user| user.login.ident());
            safe!("{}signed by {}, verified", by, signer)
        }
        Some(_) => safe!("{}signature NOT VALID", by),
        None => safe!("{}not signed", by),
    }
}

async fn read_over_rest(gh: &Inner, runs: Vec<Arc<Run>>, now: Ms) -> Result<(), Fault> {
    let reads = runs.into_iter().map(|run| async move { one_over_rest(gh, &run, now).await });
    let results: Vec<Result<(), Fault>> = stream::iter(reads).buffer_unordered(READS).collect().await;
    match results.into_iter().filter_map(Result::err).find(|fault| !is_about_one(fault)) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

async fn one_over_rest(gh: &Inner, run: &Run, now: Ms) -> Result<(), Fault> {
    let repo: RepoName = name_of(run)?;
    let at = repo.path("");
    let (pending, reviews) = join!(pending(gh, &at, run.id), reviews(gh, &at, run.id));
    let (gates, reviews) = (pending?, reviews?);
    blob(gh, &repo, run).await?;
    let details =
        Details { attempt: run.attempt(), updated: run.updated_at.0, gates, reviews, commit: None, read_at: now };
    gh.known().details.insert(run.id, details);
    Ok(())
}

/// The repository of a run.
pub(super) fn name_of(run: &Run) -> Result<RepoName, Fault> {
    let name = run.repository.full_name.as_str().and_then(|name| name.parse().ok());
    name.ok_or_else(|| Fault::new(Trouble::Protocol, "a run without a repository", "is this the address of a GitHub?"))
}

/// The gates of a run over REST. `at` = the path of its repository.
pub(super) async fn pending(gh: &Inner, at: &str, run: u64) -> Result<Vec<Gate>, Fault> {
    let list: Vec<Pending> = gh.api.read(&format!("{at}/actions/runs/{run}/pending_deployments")).await?;
    Ok(list.into_iter().map(Gate::from).collect())
}

/// The answers of a run over REST.
pub(super) async fn reviews(gh: &Inner, at: &str, run: u64) -> Result<Vec<Review>, Fault> {
    let list: Vec<Approval> = gh.api.read(&format!("{at}/actions/runs/{run}/approvals")).await?;
    Ok(list.into_iter().filter_map(gates::review).collect())
}

/// Learns the blob of the workflow file, once; that there is none is known too.
pub(super) async fn blob(gh: &Inner, repo: &RepoName, run: &Run) -> Result<(), Fault> {
    if !lacks_blob(&gh.known(), run) {
        return Ok(());
    }
    let (Some(path), Some(head)) = (run.workflow_path(), run.head_sha.as_str()) else { return Ok(()) };
    let path = repo.path(&format!("/contents/{}?ref={}", escaped(path), escaped(head)));
    let blob = match gh.api.read::<Content>(&path).await {
        Ok(content) => Some(content.sha),
        Err(fault) if is_about_one(&fault) => None,
        Err(fault) => return Err(fault),
    };
    gh.known().learn_blob(run, blob);
    Ok(())
}

/// Which apps hold the environments that nobody can be asked about.
async fn holders(gh: &Inner, now: Ms) -> Result<(), Fault> {
    let asked = unheld(&gh.known(), now);
    let reads = asked.into_iter().map(|(repo, id, environment, name)| async move {
        let path = repo.path(&format!("/environments/{}/deployment_protection_rules", escaped(&name.lossy())));
        (id, environment, gh.api.read::<CustomRules>(&path).await)
    });
    let answers: Vec<_> = stream::iter(reads).buffer_unordered(READS).collect().await;
    for (repo, environment, result) in answers {
        let rules = match result {
            Ok(rules) => rules,
            Err(fault) if is_about_one(&fault) => CustomRules::default(),
            Err(fault) => return Err(fault),
        };
        let enabled = rules.custom_deployment_protection_rules.into_iter().filter(|rule| rule.enabled);
        let apps: Vec<Text> = enabled.filter_map(|rule| rule.app.map(|app| app.slug)).collect();
        gh.known().holders.insert((repo, environment), (now, apps));
    }
    Ok(())
}

fn unheld(known: &Known, now: Ms) -> Vec<(RepoName, u64, u64, Text)> {
    let mut asked: Vec<(RepoName, u64, u64, Text)> = Vec::new();
    for (_, run, _) in known.runs() {
        let (Some(details), Ok(repo)) = (known.details.get(&run.id), name_of(run)) else { continue };
        for gate in details.gates.iter().filter(|gate| !gate.can_approve && gate.reviewers.is_empty()) {
            let key = (run.repository.id, gate.id);
            let fresh = known.holders.get(&key).is_some_and(|(at, _)| now.since(*at) < HOLDERS_KEPT);
            if !fresh && asked.len() < HOLDERS && asked.iter().all(|(_, r, e, _)| (*r, *e) != key) {
                asked.push((repo.clone(), key.0, key.1, gate.name.clone()));
            }
        }
    }
    asked
}
