//! Pipelines of Buildkite. `$NAME` is pasted in when the pipeline is uploaded, before a shell reads it; `$$NAME` is not.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::jobs::{Job, Starts};
use super::{Workflow, entries, items, merged, names, scalar, shell, walk};
use crate::provenance::yaml::{Node, Value};

/// What outsiders write.
const FILLED: &[&str] = &[
    "BUILDKITE_MESSAGE",
    "BUILDKITE_BRANCH",
    "BUILDKITE_TAG",
    "BUILDKITE_BUILD_AUTHOR",
    "BUILDKITE_BUILD_CREATOR",
    "BUILDKITE_PULL_REQUEST_REPO",
    "BUILDKITE_PULL_REQUEST_LABELS",
];
const COMMANDS: &[&str] = &["command", "commands"];

pub(super) fn take(file: &mut Workflow, root: &Rc<Node>) {
    let steps = match root.value {
        Value::List(_) => Some(root),
        _ => root.get("steps"),
    };
    for (at, node) in items(steps).iter().enumerate() {
        step(file, node, at);
        for (at, below) in items(node.get("steps")).iter().enumerate() {
            step(file, below, at);
        }
    }
}

fn step(file: &mut Workflow, node: &Rc<Node>, at: usize) {
    let gate = ["block", "input"].iter().find(|key| node.get(key).is_some() || scalar(Some(node)) == Some(key));
    let label = ["key", "label", "name", "block", "input"].iter().find_map(|key| scalar(node.get(key)));
    let name = label.map_or_else(|| format!("step {}", at + 1), str::to_owned);
    file.say_secrets(&name, secrets(node));
    file.say_injections(&name, injections(node));
    file.jobs.push(Job {
        name,
        line: node.line,
        starts: gate.map(|_| Starts::gate()),
        needs: names(node.get("depends_on")),
        ..Job::default()
    });
}

/// `secrets: [NAME]` or `secrets: {VARIABLE: name}`, and what commands use by its name.
fn secrets(node: &Rc<Node>) -> BTreeMap<String, u64> {
    let own = merged(node, "secrets");
    let mut found: BTreeMap<String, u64> =
        entries(own).iter().map(|(name, secret)| (name.clone(), secret.line)).collect();
    found.extend(items(own).iter().filter_map(|item| Some((scalar(Some(item))?.to_owned(), item.line))));
    each(node, &mut |text, line| {
        // `$$NAME` and `\$NAME` are left to the shell, which has the secrets as well.
        let plain = text.replace("$$", "$");
        for name in shell::used(&plain).filter(|name| shell::is_secret(name)) {
            found.entry(name.to_owned()).or_insert(line);
        }
    });
    found
}

fn injections(node: &Rc<Node>) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    each(node, &mut |text, line| {
        let left = text.replace("\\$", "$$");
        found.extend(shell::used(&left).filter(|name| FILLED.contains(name)).map(|name| (line, format!("${name}"))));
    });
    found
}

fn each(node: &Rc<Node>, take: &mut dyn FnMut(&str, u64)) {
    for command in COMMANDS.iter().filter_map(|key| merged(node, key)) {
        walk(command, &mut BTreeSet::new(), take);
    }
}
