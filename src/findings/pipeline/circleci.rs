//! Pipelines of CircleCI. `<< pipeline.… >>` is pasted in before the shell reads a line.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::jobs::{Job, Starts};
use super::{Workflow, entries, items, scalar, shell, walk, words};
use crate::provenance::yaml::{Node, Value};

/// Values that outsiders fill, by how they begin, and those among them that hold nothing but an id.
const FILLED: &[&str] = &[
    "pipeline.git.branch",
    "pipeline.git.tag",
    "pipeline.git.commit.",
    "pipeline.trigger_parameters.",
    "pipeline.event.",
];
const IDS: &[&str] = &["sha", "revision", "number", "id"];

pub(super) fn take(file: &mut Workflow, root: &Rc<Node>) {
    for (name, job) in entries(root.get("jobs")).iter().chain(entries(root.get("commands"))) {
        file.say_secrets(name, used(job));
        let mut found = Vec::new();
        runs(job, &mut |script| found.extend(filled(script)));
        file.say_injections(name, found);
    }
    for (workflow, node) in entries(root.get("workflows")) {
        for job in items(node.get("jobs")) {
            in_workflow(file, workflow, job);
        }
    }
}

/// A job of a workflow: its name alone, or with what it waits for and may read.
fn in_workflow(file: &mut Workflow, workflow: &str, job: &Rc<Node>) {
    let within = |name: &str| format!("{workflow}/{name}");
    if let Some(name) = scalar(Some(job)) {
        return file.jobs.push(Job { name: within(name), line: job.line, ..Job::default() });
    }
    for (job, told) in entries(Some(job)) {
        let name = within(scalar(told.get("name")).unwrap_or(job));
        let approval = scalar(told.get("type")) == Some("approval");
        let contexts = words(told.get("context")).into_iter().map(|context| (format!("context {context}"), told.line));
        file.say_secrets(&name, contexts.collect::<Vec<_>>());
        file.jobs.push(Job {
            name,
            line: told.line,
            starts: approval.then(Starts::gate),
            needs: words(told.get("requires")).into_iter().map(within).collect(),
            ..Job::default()
        });
    }
}

/// Secrets that a job's steps use by their names.
fn used(job: &Rc<Node>) -> BTreeMap<String, u64> {
    let (mut found, mut set) = (BTreeMap::new(), BTreeSet::new());
    runs(job, &mut |script| set.extend(scalar(Some(script)).into_iter().flat_map(shell::assigned).map(str::to_owned)));
    walk(job, &mut BTreeSet::new(), &mut |text, line| {
        for name in shell::used(text).filter(|name| shell::is_secret(name) && !set.contains(*name)) {
            found.entry(name.to_owned()).or_insert(line);
        }
    });
    found
}

/// Each script of a `run` step.
fn runs<'n>(node: &'n Rc<Node>, take: &mut dyn FnMut(&'n Rc<Node>)) {
    if let Some(run) = node.get("run") {
        take(run.get("command").unwrap_or(run));
    }
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|(_, below)| runs(below, take)),
        Value::List(list) => list.iter().for_each(|below| runs(below, take)),
        Value::Scalar(..) => {}
    }
}

fn filled(script: &Rc<Node>) -> Vec<(u64, String)> {
    let text = scalar(Some(script)).unwrap_or_default();
    let values = text.split("<<").skip(1).filter_map(|rest| rest.split_once(">>").map(|(value, _)| value.trim()));
    let is_filled = |value: &&str| {
        let id = value.rsplit('.').next().is_some_and(|last| IDS.contains(&last));
        FILLED.iter().any(|begin| value.starts_with(begin)) && !id
    };
    values.filter(is_filled).map(|value| (script.line, value.to_owned())).collect()
}
