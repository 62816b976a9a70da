//! Workflows of GitHub, and `action.yml`.

use std::rc::Rc;

use super::jobs::Job;
use super::rights::{self, Permissions};
use super::{Workflow, entries, environment, names, scripts};
use crate::domain::evidence::PipelineSays;
use crate::domain::text::Text;
use crate::provenance::yaml::{Node, Value};
use crate::safe;

/// Events that run with the repository's rights on somebody else's change.
const DANGEROUS: &[&str] = &["pull_request_target", "workflow_run"];
/// Events that somebody outside can start.
const OUTSIDE: &[&str] =
    &["pull_request", "pull_request_target", "workflow_run", "issue_comment", "issues", "discussion"];

pub(super) fn take(file: &mut Workflow, root: &Rc<Node>) {
    let events = root.get("on").map(events).unwrap_or_default();
    for (event, line) in events.iter().filter(|(event, _)| DANGEROUS.contains(&event.as_str())) {
        file.say(PipelineSays::Trigger, *line, Text::from(event.as_str()).ident());
    }
    let outside = events.iter().any(|(event, _)| OUTSIDE.contains(&event.as_str()));
    file.permissions = Permissions::read(root.get("permissions"));
    for (name, job) in entries(root.get("jobs")) {
        take_job(file, name, job, outside);
    }
    if let Some(runs) = root.get("runs") {
        steps(file, "action", runs);
    }
}

fn take_job(file: &mut Workflow, name: &str, job: &Rc<Node>, outside: bool) {
    let own = job.get("permissions");
    file.jobs.push(Job {
        name: name.to_owned(),
        line: own.map_or(job.line, |node| node.line),
        permissions: own.map_or_else(|| file.permissions.clone(), |node| Permissions::read(Some(node))),
        environment: environment(job.get("environment")),
        needs: names(job.get("needs")),
        ..Job::default()
    });
    file.say_secrets(name, rights::secrets(job));
    if let Some(runner) = job.get("runs-on").filter(|node| outside && rights::is_self_hosted(node)) {
        file.say(PipelineSays::Runner, runner.line, safe!("job {}", Text::from(name).ident()));
    }
    steps(file, name, job);
}

fn steps(file: &mut Workflow, job: &str, node: &Rc<Node>) {
    let steps = super::items(node.get("steps"));
    file.say_injections(job, steps.iter().flat_map(scripts::injections));
}

/// The events of `on:`, in whichever form it is written.
fn events(on: &Rc<Node>) -> Vec<(String, u64)> {
    match &on.value {
        Value::Scalar(event, _) => vec![(event.clone(), on.line)],
        Value::List(list) => list.iter().flat_map(events).collect(),
        Value::Map(entries) => entries.iter().map(|(event, node)| (event.clone(), node.line)).collect(),
    }
}
