//! What a gate is, who holds it, and why somebody may or may not decide: in words. Pure.

use super::gates::{Gate, Review};
use super::name::{Ident, Part, RepoName};
use super::wire::Run;
use crate::backends::port::ByHand;
use crate::domain::request::{Ballot, Can, Fact, Request};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Ms;
use crate::safe;

/// What GitHub demands.
pub(super) fn rule(part: Part, gate: Option<&Gate>) -> SafeText {
    let reviewers = gate.map(|g| g.reviewers.as_slice()).unwrap_or_default();
    match part {
        Part::Fork => SafeText::lit("GitHub: a run of an outside pull request; anyone who may write starts it"),
        Part::Environment { .. } if reviewers.is_empty() => {
            SafeText::lit("GitHub: its own rules; starts at the first vote")
        }
        Part::Environment { .. } => {
            safe!("GitHub: any one of {}; starts at the first vote", names(reviewers))
        }
    }
}

fn names(all: &[Text]) -> SafeText {
    let names: Vec<SafeText> = all.iter().map(Text::ident).collect();
    SafeText::join(&names, ", ")
}

/// Whether whoever asks may decide at this gate, and why not.
pub(super) fn can_approve(gate: &Gate, run: &Run, you: Option<&Text>, holders: &[Text], now: Ms) -> Can {
    if gate.can_approve {
        return Can::Yes { starts: true };
    }
    let why = if !holders.is_empty() && gate.reviewers.is_empty() {
        safe!("held by the app {}: only it can answer", names(holders))
    } else if let Some(until) = gate.timer_ends().filter(|end| now < *end && gate.reviewers.is_empty()) {
        safe!("GitHub's wait timer runs until {}: nobody has to answer", until.iso())
    } else if gate.no_self == Some(true) && you.is_some_and(|you| started(run, you)) {
        SafeText::lit("you started this run, and the environment prevents self-review")
    } else if gate.reviewers.is_empty() {
        SafeText::lit("no reviewer is asked: a branch policy or another rule of GitHub's is being checked")
    } else {
        safe!("you are none of its reviewers: {}", names(&gate.reviewers))
    };
    Can::No { why: why.as_str().into() }
}

fn started(run: &Run, you: &Text) -> bool {
    let is = |user: &super::wire::User| user.login.lossy().eq_ignore_ascii_case(&you.lossy());
    run.actor.iter().chain(&run.triggering_actor).any(is)
}

/// Whether whoever asks may start a run of an outside pull request.
pub(super) fn can_start(push: Option<bool>) -> Can {
    match push {
        Some(true) => Can::Yes { starts: true },
        Some(false) => Can::No { why: "you may not write to this repository".into() },
        None => Can::Unknown,
    }
}

/// How a person decides without this program.
pub(super) fn by_hand(host: &str, request: &Request, ballot: Ballot) -> ByHand {
    let page = request.core.run.as_ref().and_then(|run| run.url.clone());
    let command = Ident::of(request.key()).ok().and_then(|id| command(host, request, &id, ballot));
    ByHand { page, command: command.map(Text::from) }
}

/// It goes into a shell: only a name that is one of a repository may stand in it.
fn command(host: &str, request: &Request, id: &Ident, ballot: Ballot) -> Option<String> {
    let repo: RepoName = request.core.repository.value.as_str()?.parse().ok()?;
    let at = format!("gh api --hostname {host} -X POST repos/{repo}/actions/runs/{}", id.run);
    let state = if ballot == Ballot::Reject { "rejected" } else { "approved" };
    Some(match id.part {
        Part::Environment { id, .. } => {
            format!("{at}/pending_deployments -F 'environment_ids[]={id}' -f state={state} -f comment=''")
        }
        Part::Fork if ballot == Ballot::Reject => format!("{at}/cancel"),
        Part::Fork => format!("{at}/approve"),
    })
}

/// Collects facts; empty values are left out.
#[derive(Default)]
pub(super) struct Facts(pub(super) Vec<Fact>);

impl Facts {
    pub(super) fn add(&mut self, label: &'static str, value: impl Into<SafeText>) {
        let value: SafeText = value.into();
        if !value.as_str().is_empty() {
            self.0.push(Fact { label: label.into(), value: value.as_str().into() });
        }
    }
}

/// What every list tells about a run.
pub(super) fn run(facts: &mut Facts, run: &Run) {
    facts.add("event", run.event.prose());
    let fork = run.head_repository.as_ref().filter(|_| run.is_from_fork());
    match fork {
        Some(head) => facts.add("from", safe!("another repository: {}", head.full_name.ident())),
        None if run.head_repository.is_none() => facts.add("from", "a repository that is gone"),
        None => {}
    }
    let pulls: Vec<SafeText> =
        run.pull_requests.iter().flatten().take(5).map(|pull| safe!("#{}", pull.number)).collect();
    facts.add("pull requests", SafeText::join(&pulls, ", "));
    let message = run.head_commit.as_ref().and_then(|c| c.message.prose_lines().next());
    facts.add("commit", message.unwrap_or_default());
    if !run.runs_file_of_head() {
        let path = run.path.ident();
        facts.add("workflow", safe!("{}: not proven, a run of {} does not take it from head", path, run.event.ident()));
    }
    facts.add("run", safe!("number {} attempt {}", run.run_number, run.attempt()));
}

/// What the gate of an environment tells.
pub(super) fn gate(facts: &mut Facts, gate: &Gate, holders: &[Text], now: Ms) {
    facts.add("reviewers", names(&gate.reviewers));
    if gate.no_self == Some(true) {
        facts.add("self-review", "prevented");
    }
    match (gate.timer, gate.timer_ends()) {
        (Some(_), Some(end)) if now < end => facts.add("wait timer", safe!("runs until {}", end.iso())),
        (Some(_), Some(_)) => facts.add("wait timer", "over"),
        (Some((span, _)), None) => facts.add("wait timer", safe!("{} after the approval", span)),
        (None, _) => {}
    }
    if gate.branch_policy == Some(true) {
        facts.add("branch policy", "GitHub checks the branch itself");
    }
    if !holders.is_empty() {
        facts.add("held by", safe!("the app {}", names(holders)));
    }
}

/// Answers that the run has had at other environments, and at this one before.
pub(super) fn reviews(facts: &mut Facts, reviews: &[Review]) {
    for review in reviews.iter().take(10) {
        let by = review.by.as_ref().map_or(SafeText::lit("somebody"), Text::ident);
        let what = if review.approved { "approved" } else { "rejected" };
        let environments: Vec<Text> = review.environments.iter().map(|(_, name)| name.clone()).collect();
        facts.add("answered", safe!("{} {} {}", by, what, names(&environments)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::domain::time::Span;

    fn why(can: Can) -> String {
        match can {
            Can::No { why } => why.lossy().into_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn why_one_may_not_decide_is_said_before_the_key() {
        let (run, now) = (testing::run(8841), testing::NOW);
        let base = Gate { can_approve: false, ..testing::gate("production") };
        let (you, app) = (Text::from("alice"), [Text::from("change-freeze")]);
        let no_reviewers = Gate { reviewers: vec![], ..base.clone() };
        let timer = Gate { timer: Some((Span::mins(30), Some(now - Span::mins(5)))), ..no_reviewers.clone() };
        let own = Gate { no_self: Some(true), ..base.clone() };
        let bob = Text::from("Bob");
        for (gate, you, holders, expected) in [
            (&base, &you, &[][..], "none of its reviewers: acme/platform"),
            (&no_reviewers, &you, &app[..], "held by the app change-freeze"),
            (&timer, &you, &[][..], "wait timer runs until"),
            (&own, &bob, &[][..], "prevents self-review"),
            (&no_reviewers, &you, &[][..], "branch policy"),
        ] {
            let why = why(can_approve(gate, &run, Some(you), holders, now));
            assert!(why.contains(expected), "{why}");
        }
        let open = Gate { can_approve: true, ..base };
        assert_eq!(can_approve(&open, &run, None, &app, now), Can::Yes { starts: true });
    }
}
