//! Sending decisions: one POST for a run and all of its environments that are decided alike at once, paced, never
//! repeated blindly, and read again after. A decision that nobody waits for any more is not sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Inner;
use super::graphql;
use super::name::{Ident, Part, RepoName};
use super::refusal::{limited, refusal};
use super::reread::{self, Now};
use super::{comment, details};
use crate::backends::port::{Fault, Trouble};
use crate::domain::decision::Decision;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, State};
use crate::domain::text::SafeText;
use crate::safe;
use crate::sys::http;

/// Decisions on one run that come within this time go out as one, or within a tenth of the pace where that is longer:
/// each was read again on its own, and none of them took the same time.
const GATHER: Duration = Duration::from_millis(20);
/// GitHub's own words for a race that is over at the next try.
const RACE: &str = "problem approving one of the gates";

type Told = Result<Outcome, Fault>;

/// Decisions on one run that say the same.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Group {
    repo: u64,
    run: u64,
    approve: bool,
    /// The comment's own part, scope and time: what goes out as one says one thing.
    words: String,
}

struct Member {
    decision: Decision,
    environment: u64,
    wave: u32,
    told: oneshot::Sender<Told>,
}

/// Decisions that wait for their turn.
#[derive(Default)]
pub(super) struct Groups(Mutex<HashMap<Group, Vec<Member>>>);

impl Groups {
    /// Whether it is the first of its group: then the group has to be sent.
    fn join(&self, group: &Group, member: Member) -> bool {
        let Ok(mut groups) = self.0.lock() else { return false };
        let members = groups.entry(group.clone()).or_default();
        members.push(member);
        members.len() == 1
    }

    fn take(&self, group: &Group) -> Vec<Member> {
        self.0.lock().ok().and_then(|mut groups| groups.remove(group)).unwrap_or_default()
    }
}

/// Sends a decision.
pub(super) async fn decide(gh: &Arc<Inner>, decision: &Decision) -> Told {
    let id = Ident::of(&decision.request)?;
    let approve = match decision.ballot {
        Ballot::Approve => true,
        Ballot::Reject => false,
        Ballot::BreakGlass => return Err(Fault::new(Trouble::Refused, "GitHub has no glass to break", "")),
    };
    let (environment, wave) = match id.part {
        Part::Environment { id, wave } => (id, wave),
        Part::Fork if approve => return fork(gh, &id).await,
        Part::Fork => {
            let what = "GitHub has no call that rejects the run of an outside pull request";
            return Err(Fault::new(Trouble::Refused, what, "leave it, or cancel the run on its page"));
        }
    };
    let words = json!([decision.comment, decision.scope, decision.start_by]).to_string();
    let group = Group { repo: id.repo, run: id.run, approve, words };
    let (told, answer) = oneshot::channel();
    if gh.groups.join(&group, Member { decision: decision.clone(), environment, wave, told }) {
        let gh = Arc::clone(gh);
        tokio::spawn(async move { send(&gh, &group).await });
    }
    answer
        .await
        .unwrap_or_else(|_| Err(Fault::new(Trouble::NoAnswer, "the send was interrupted", "it is settled by itself")))
}

async fn send(gh: &Inner, group: &Group) {
    tokio::time::sleep(GATHER.max(gh.pace.as_duration() / 10)).await;
    gh.api.turn().await;
    let mut members = gh.groups.take(group);
    members.retain(|member| !member.told.is_closed());
    if members.is_empty() {
        return;
    }
    let told = match post(gh, group, &members).await {
        Ok(()) => after(gh, group, &members).await,
        Err(fault) => members.iter().map(|_| Err(fault.clone())).collect(),
    };
    for (member, told) in members.into_iter().zip(told) {
        // Whoever gave up waiting settles it by reading.
        drop(member.told.send(told));
    }
}

async fn post(gh: &Inner, group: &Group, members: &[Member]) -> Result<(), Fault> {
    if let Some(wait) = gh.used_up() {
        return over_graphql(gh, group, members).await.map_err(|fault| match fault.trouble {
            Trouble::Limited => limited(wait, "the calls of this hour are used up"),
            _ => fault,
        });
    }
    let repo = named(gh, group.repo)?;
    let path = repo.path(&format!("/actions/runs/{}/pending_deployments", group.run));
    let body = json!({
        "environment_ids": members.iter().map(|m| m.environment).collect::<Vec<_>>(),
        "state": if group.approve { "approved" } else { "rejected" },
        "comment": comment_of(members),
    });
    let answer = gh.api.write(&path, &body).await?;
    if is_race(&answer) && still_waits(gh, group, members).await? {
        gh.api.turn().await;
        return judge(gh, &gh.api.write(&path, &body).await?, group);
    }
    judge(gh, &answer, group)
}

fn comment_of(members: &[Member]) -> String {
    comment::written(&members.iter().map(|m| &m.decision).collect::<Vec<_>>())
}

fn named(gh: &Inner, repo: u64) -> Result<RepoName, Fault> {
    let name = gh.known().names.get(&repo).cloned();
    name.ok_or_else(|| Fault::new(Trouble::Changed, "the repository is not known any more", "look at the list again"))
}

fn judge(gh: &Inner, answer: &http::Answer, group: &Group) -> Result<(), Fault> {
    if answer.is_success() {
        return Ok(());
    }
    let repo = named(gh, group.repo)?;
    if (300..400).contains(&answer.status) {
        // A write is never sent on: its target is planned anew from what is read next.
        gh.known().names.remove(&group.repo);
    }
    Err(refusal(answer, &safe!("run {} of {}", group.run, repo)))
}

fn is_race(answer: &http::Answer) -> bool {
    answer.status == 422 && String::from_utf8_lossy(&answer.body).contains(RACE)
}

/// Whether all of them wait as they were shown.
async fn still_waits(gh: &Inner, group: &Group, members: &[Member]) -> Result<bool, Fault> {
    let (id, _) = first(group, members)?;
    Ok(all_wait(&reread::run(gh, &id).await?, group, members))
}

fn all_wait(now: &Now, group: &Group, members: &[Member]) -> bool {
    members.iter().all(|m| state_of(now, group, m) == State::Pending)
}

fn first(group: &Group, members: &[Member]) -> Result<(Ident, u32), Fault> {
    let member = members.first();
    let member = member.ok_or_else(|| Fault::new(Trouble::Protocol, "a group of no decisions", "report it"))?;
    Ok((ident(group, member), member.decision.request.attempt))
}

fn ident(group: &Group, member: &Member) -> Ident {
    let part = Part::Environment { id: member.environment, wave: member.wave };
    Ident { repo: group.repo, run: group.run, part }
}

fn state_of(now: &Now, group: &Group, member: &Member) -> State {
    reread::state(now, &ident(group, member), member.decision.request.attempt)
}

/// A 2xx is not yet success: the run, read again, says what came of it.
async fn after(gh: &Inner, group: &Group, members: &[Member]) -> Vec<Told> {
    let now = match first(group, members) {
        Ok((id, _)) => reread::run(gh, &id).await,
        Err(fault) => Err(fault),
    };
    match now {
        Ok(now) => {
            gh.known().is_stale(&now.run);
            members.iter().map(|m| Ok(outcome(&now, group, m))).collect()
        }
        // It was sent: what came of it is settled by reading, whatever keeps us from that now.
        Err(fault) => {
            let why = safe!("GitHub took it, and it cannot be read again: {}", fault.message);
            members.iter().map(|_| Ok(Outcome::Unknown { why: why.as_str().into() })).collect()
        }
    }
}

fn outcome(now: &Now, group: &Group, member: &Member) -> Outcome {
    let state = state_of(now, group, member);
    let wanted = if group.approve { State::Approved } else { State::Rejected };
    let ours = now.reviews.iter().any(|r| comment::ids(&r.comment).contains(&member.decision.id));
    match state {
        state if state == wanted && ours => Outcome::Final { state },
        State::Pending => {
            Outcome::Unknown { why: reread::still_waits(&member.environment.to_string().into()).as_str().into() }
        }
        _ => Outcome::Unknown { why: "GitHub took it, and does not name it among the answers yet".into() },
    }
}

/// GraphQL's own budget, only for the very run that was read: `updatedAt` must be the same.
async fn over_graphql(gh: &Inner, group: &Group, members: &[Member]) -> Result<(), Fault> {
    let (id, _) = first(group, members)?;
    let now = reread::run(gh, &id).await?;
    if !all_wait(&now, group, members) {
        return Err(Fault::new(
            Trouble::Changed,
            "it does not wait any more as it was shown",
            "look at the list again",
        ));
    }
    let node = |m: &Member| now.gates.iter().find(|g| g.id == m.environment).and_then(|g| g.node.clone());
    let environments: Option<Vec<String>> = members.iter().map(node).collect();
    let environments =
        environments.ok_or_else(|| Fault::new(Trouble::Changed, "the gate is gone", "look at the list again"))?;
    let input = json!({"input": {
        "workflowRunId": now.run.node_id, "environmentIds": environments, "comment": comment_of(members),
    }});
    gh.api.mutate::<Value>(&graphql::mutation(group.approve), input).await.map(drop)
}

/// Starts the run of an outside pull request.
async fn fork(gh: &Inner, id: &Ident) -> Told {
    let repo = named(gh, id.repo)?;
    gh.api.turn().await;
    let answer = gh.api.write(&repo.path(&format!("/actions/runs/{}/approve", id.run)), &Value::Null).await?;
    if !answer.is_success() {
        return Err(fork_refusal(gh, &answer, &repo));
    }
    let now = reread::run(gh, id).await;
    let waits = now.as_ref().is_ok_and(|now| now.run.awaits_fork_approval());
    if let Ok(now) = &now {
        gh.known().is_stale(&now.run);
    }
    Ok(match now {
        Ok(_) if !waits => Outcome::Final { state: State::Approved },
        Ok(_) => Outcome::Unknown { why: "GitHub took it, and the run still waits".into() },
        Err(fault) => Outcome::Unknown { why: fault.message.as_str().into() },
    })
}

fn fork_refusal(gh: &Inner, answer: &http::Answer, repo: &RepoName) -> Fault {
    let fault = refusal(answer, &safe!("approving the run of an outside pull request in {}", repo));
    if answer.status == 404 && gh.api.host().is_server {
        let mend = "this Enterprise Server may be too old for it: approve it on its page";
        return Fault { mend: SafeText::lit(mend), ..fault };
    }
    fault
}

/// Ends a whole run.
pub(super) async fn cancel(gh: &Inner, id: &Ident, force: bool) -> Result<(), Fault> {
    let repo = match named(gh, id.repo) {
        Ok(repo) => repo,
        Err(_) => details::name_of(&reread::run(gh, id).await?.run)?,
    };
    let verb = if force { "force-cancel" } else { "cancel" };
    gh.api.turn().await;
    let answer = gh.api.write(&repo.path(&format!("/actions/runs/{}/{verb}", id.run)), &Value::Null).await?;
    if answer.is_success() { Ok(()) } else { Err(refusal(&answer, &safe!("cancelling run {} of {}", id.run, repo))) }
}
