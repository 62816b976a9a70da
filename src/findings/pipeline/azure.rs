//! Pipelines of Azure. `$(name)` is pasted in before the shell reads a line.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::jobs::{Job, Starts};
use super::{Workflow, entries, environment, items, names, scalar, shell};
use crate::domain::evidence::PipelineSays;
use crate::domain::text::Text;
use crate::provenance::yaml::{Node, Value};
use crate::safe;

/// Keys under which a script stands; those of tasks lie under `inputs`.
const SCRIPTS: &[&str] = &["script", "bash", "powershell", "pwsh", "inlineScript", "Inline"];
/// Inputs of tasks that name a connection with credentials of its own.
const CONNECTIONS: &[&str] = &[
    "azureSubscription",
    "connectedServiceName",
    "ConnectedServiceName",
    "connectedServiceNameARM",
    "azureResourceManagerConnection",
    "kubernetesServiceConnection",
    "kubernetesServiceEndpoint",
    "containerRegistry",
    "dockerRegistryEndpoint",
    "dockerRegistryServiceConnection",
    "awsCredentials",
    "sshEndpoint",
    "serviceConnection",
    "externalEndpoints",
    "publishFeedCredentials",
];
/// Variables that outsiders fill, in small letters.
const FILLED: &[&str] = &[
    "build.sourcebranch",
    "build.sourcebranchname",
    "build.sourceversionmessage",
    "build.sourceversionauthor",
    "build.requestedfor",
    "build.requestedforemail",
    "system.pullrequest.sourcebranch",
];

pub(super) fn take(file: &mut Workflow, root: &Rc<Node>) {
    let outside = root.get("pr").is_some_and(|pr| scalar(Some(pr)) != Some("none") && !pr.is_nothing());
    let mut walk = Walk { file, outside, pool: None };
    walk.node(root, "(pipeline)", 0);
}

struct Walk<'a> {
    file: &'a mut Workflow,
    /// Pull requests start it.
    outside: bool,
    /// The pool of what is around.
    pool: Option<&'a str>,
}

impl<'a> Walk<'a> {
    /// Looks at a mapping or list, and at what is in it; `job` is the one around.
    fn node(&mut self, node: &'a Rc<Node>, job: &str, level: usize) {
        match &node.value {
            Value::Map(_) => self.mapping(node, job, level),
            Value::List(list) => list.iter().for_each(|item| self.node(item, job, level + 1)),
            Value::Scalar(..) => {}
        }
    }

    fn mapping(&mut self, node: &'a Rc<Node>, job: &str, level: usize) {
        let named = scalar(node.get("deployment")).or_else(|| scalar(node.get("job")));
        let job = named.unwrap_or(job);
        if named.is_some() {
            self.file.jobs.push(Job {
                name: job.to_owned(),
                line: node.line,
                environment: environment(node.get("environment")),
                needs: names(node.get("dependsOn")),
                ..Job::default()
            });
        }
        self.runner(node, job);
        self.secrets(node, job);
        self.scripts(node, job);
        if scalar(node.get("task")).is_some_and(|task| task.starts_with("ManualValidation@")) {
            let (name, starts) = (format!("ManualValidation of {job}"), Some(Starts::gate()));
            self.file.jobs.push(Job { name, line: node.line, starts, ..Job::default() });
        }
        entries(Some(node)).iter().for_each(|(_, below)| self.node(below, job, level + 1));
    }

    /// A pool by name is one of one's own machines.
    fn runner(&mut self, node: &'a Rc<Node>, job: &str) {
        let Some(pool) = node.get("pool") else { return };
        let name = scalar(Some(pool)).or_else(|| scalar(pool.get("name"))).filter(|name| *name != "Azure Pipelines");
        if let Some(name) = name.filter(|name| self.outside && self.pool != Some(*name)) {
            self.file.say(
                PipelineSays::Runner,
                pool.line,
                safe!("job {}: pool {}", Text::from(job).ident(), Text::from(name).ident()),
            );
        }
        self.pool = name;
    }

    fn secrets(&mut self, node: &'a Rc<Node>, job: &str) {
        let mut found = BTreeMap::new();
        for group in items(node.get("variables")).iter().filter_map(|variable| variable.get("group")) {
            found.extend(scalar(Some(group)).map(|name| (format!("variable group {name}"), group.line)));
        }
        for (key, value) in entries(Some(node)) {
            let Some(text) = scalar(Some(value)) else { continue };
            if CONNECTIONS.contains(&key.as_str()) {
                found.insert(format!("connection {text}"), value.line);
            }
            for name in pasted(text).filter(|name| is_secret(name)) {
                found.entry(name.to_owned()).or_insert(value.line);
            }
        }
        self.file.say_secrets(job, found);
    }

    fn scripts(&mut self, node: &'a Rc<Node>, job: &str) {
        let scripts = SCRIPTS.iter().filter_map(|key| node.get(key));
        let filled = scripts.flat_map(|script| {
            let text = scalar(Some(script)).unwrap_or_default();
            let filled = pasted(text).filter(|name| FILLED.contains(&name.to_lowercase().as_str()));
            filled.map(|name| (script.line, format!("$({name})")))
        });
        self.file.say_injections(job, filled.collect::<Vec<_>>());
    }
}

/// The names in `$(name)`; a command that the shell would run there is none.
fn pasted(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split("$(").skip(1).filter_map(|rest| rest.split_once(')').map(|(name, _)| name));
    names.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
}

fn is_secret(name: &str) -> bool {
    name.eq_ignore_ascii_case("System.AccessToken") || shell::is_secret(name)
}
