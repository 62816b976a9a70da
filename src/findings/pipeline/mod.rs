//! What workflow files say about rights: triggers, permissions, secrets, runners, and expressions in scripts. Read at
//! head and at the base; what both say is known already.

mod rights;
mod scripts;

use std::rc::Rc;

use crate::domain::evidence::{PipelineFact, PipelineSays};
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::text::{SafeText, Text};
use crate::provenance::yaml::{self, Node, Value};
use crate::safe;

use super::text;
use rights::Permissions;

/// Events that run with the repository's rights on somebody else's change.
const DANGEROUS: &[&str] = &["pull_request_target", "workflow_run"];
/// Events that somebody outside can start.
const OUTSIDE: &[&str] =
    &["pull_request", "pull_request_target", "workflow_run", "issue_comment", "issues", "discussion"];

/// A workflow file, as far as rights go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workflow {
    path: Text,
    permissions: Permissions,
    jobs: Vec<Job>,
    facts: Vec<Said>,
}

/// A job of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Job {
    name: String,
    line: u64,
    permissions: Permissions,
}

/// A fact and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    says: PipelineSays,
    line: u64,
    detail: Text,
}

impl Workflow {
    /// Reads a workflow or an `action.yml`. One that cannot be read says nothing here: whoever reads its actions has
    /// told of it.
    pub fn read(path: &Text, bytes: &[u8]) -> Self {
        let mut workflow = Self { path: path.clone(), ..Self::default() };
        if let Ok(root) = yaml::read(bytes) {
            workflow.take(&root);
        }
        workflow
    }

    fn say(&mut self, says: PipelineSays, line: u64, detail: SafeText) {
        self.facts.push(Said { says, line, detail: text(detail) });
    }

    fn take(&mut self, root: &Rc<Node>) {
        let events = root.get("on").map(events).unwrap_or_default();
        for (event, line) in events.iter().filter(|(event, _)| DANGEROUS.contains(&event.as_str())) {
            self.say(PipelineSays::Trigger, *line, Text::from(event.as_str()).ident());
        }
        let outside = events.iter().any(|(event, _)| OUTSIDE.contains(&event.as_str()));
        self.permissions = Permissions::read(root.get("permissions"));
        for (name, job) in entries(root.get("jobs")) {
            self.job(name, job, outside);
        }
        if let Some(runs) = root.get("runs") {
            self.steps("action", runs);
        }
    }

    fn job(&mut self, name: &str, job: &Rc<Node>, outside: bool) {
        let own = job.get("permissions");
        let permissions = own.map_or_else(|| self.permissions.clone(), |node| Permissions::read(Some(node)));
        let line = own.map_or(job.line, |node| node.line);
        self.jobs.push(Job { name: name.to_owned(), line, permissions });
        let shown = Text::from(name).ident();
        for (secret, line) in rights::secrets(job) {
            self.say(PipelineSays::Secret, line, safe!("job {}: {}", shown, Text::from(secret).ident()));
        }
        if let Some(runner) = job.get("runs-on").filter(|node| outside && rights::is_self_hosted(node)) {
            self.say(PipelineSays::Runner, runner.line, safe!("job {}", shown));
        }
        self.steps(name, job);
    }

    fn steps(&mut self, job: &str, node: &Rc<Node>) {
        let Some(Value::List(steps)) = node.get("steps").map(|steps| &steps.value) else { return };
        for (line, expression) in steps.iter().flat_map(scripts::injections) {
            let (job, expression) = (Text::from(job).ident(), Text::from(expression).ident());
            self.say(PipelineSays::Injection, line, safe!("job {}: {}", job, expression));
        }
    }
}

/// The events of `on:`, in whichever form it is written.
fn events(on: &Rc<Node>) -> Vec<(String, u64)> {
    match &on.value {
        Value::Scalar(event, _) => vec![(event.clone(), on.line)],
        Value::List(list) => list.iter().flat_map(events).collect(),
        Value::Map(entries) => entries.iter().map(|(event, node)| (event.clone(), node.line)).collect(),
    }
}

/// The entries of a mapping; none where there is none.
fn entries(node: Option<&Rc<Node>>) -> &[(String, Rc<Node>)] {
    match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}

/// What the files say at head, each fact with whether the base says it too. `base` is absent where there is none.
pub fn facts(head: &[Workflow], base: Option<&[Workflow]>) -> Vec<PipelineFact> {
    let mut facts: Vec<PipelineFact> = head.iter().flat_map(|workflow| facts_of(workflow, base)).collect();
    facts.sort();
    facts.dedup();
    facts
}

fn facts_of(workflow: &Workflow, base: Option<&[Workflow]>) -> Vec<PipelineFact> {
    let old = base.and_then(|base| base.iter().find(|old| old.path == workflow.path));
    let fact = |says, line, detail: Text, was| {
        let place = Place { path: workflow.path.clone(), line: Some(line) };
        PipelineFact { says, place, detail, was }
    };
    let stood =
        |said: &Said| old.is_some_and(|old| old.facts.iter().any(|f| f.says == said.says && f.detail == said.detail));
    let said = workflow.facts.iter().map(|said| fact(said.says, said.line, said.detail.clone(), stood(said)));
    // Without a base nothing can have become wider.
    let wider = base.is_some().then(|| workflow.jobs.iter().flat_map(|job| wider(job, old))).into_iter().flatten();
    said.chain(wider.map(|(line, detail)| fact(PipelineSays::Permission, line, text(detail), false))).collect()
}

/// The scopes in which a job's token may do more than at the base.
fn wider(job: &Job, old: Option<&Workflow>) -> Vec<(u64, SafeText)> {
    let before = old.and_then(|old| old.jobs.iter().find(|was| was.name == job.name));
    let nothing = Permissions::none();
    let was = match (before, old) {
        (Some(before), _) => &before.permissions,
        // A new job of a known file is held against what the file gives all of them.
        (None, Some(old)) => &old.permissions,
        (None, None) => &nothing,
    };
    let name = Text::from(job.name.as_str()).ident();
    job.permissions.beyond(was).into_iter().map(|what| (job.line, safe!("job {}: {}", name, what))).collect()
}

/// The findings of what pipeline files say.
pub(super) fn scan(facts: &[PipelineFact]) -> impl Iterator<Item = Finding> + '_ {
    facts.iter().map(|fact| {
        let id = match fact.says {
            PipelineSays::Trigger => FindingId::DangerousTrigger,
            PipelineSays::Permission => FindingId::PermissionsWidened,
            PipelineSays::Secret => FindingId::SecretsReachable,
            PipelineSays::Injection => FindingId::TemplateInjection,
            PipelineSays::Runner => FindingId::SelfHostedRunner,
        };
        let finding = Finding::new(id, fact.place.path.clone(), fact.detail.clone());
        Finding { new: !fact.was, ..finding.at(fact.place.clone()) }
    })
}

#[cfg(test)]
mod tests;
