//! Pipelines of GitLab. Its variables are put in by the shell, not before it, so text of outsiders is code only where
//! the script makes it so; and any job may use any variable of the settings by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::jobs::{Job, Starts};
use super::{Workflow, entries, environment, items, merged, names, scalar, shell, walk, words};
use crate::provenance::yaml::{Node, Value};

/// Keys of a pipeline file that are no jobs.
const NO_JOBS: &[&str] = &[
    "spec",
    "include",
    "stages",
    "types",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
];
/// Keys under which a script stands.
const SCRIPTS: &[&str] = &["before_script", "script", "after_script", "hooks"];
/// Keys whose values a job works with.
const WORKS_WITH: &[&str] =
    &["before_script", "script", "after_script", "hooks", "variables", "image", "services", "environment", "release"];
/// Secrets that every job has by itself.
const OWN: &[&str] = &[
    "CI_JOB_TOKEN",
    "CI_REGISTRY_PASSWORD",
    "CI_DEPLOY_PASSWORD",
    "CI_DEPENDENCY_PROXY_PASSWORD",
    "CI_JOB_JWT",
    "CI_JOB_JWT_V1",
    "CI_JOB_JWT_V2",
];
/// What outsiders write: names of branches and tags, messages, titles.
const FILLED: &[&str] = &[
    "CI_COMMIT_MESSAGE",
    "CI_COMMIT_TITLE",
    "CI_COMMIT_DESCRIPTION",
    "CI_COMMIT_AUTHOR",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_TAG",
    "CI_COMMIT_TAG_MESSAGE",
    "CI_MERGE_REQUEST_TITLE",
    "CI_MERGE_REQUEST_DESCRIPTION",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
    "GITLAB_USER_NAME",
];
/// Variables that write every other one to the log.
const TELLS_ALL: &[&str] = &["CI_DEBUG_TRACE", "CI_DEBUG_SERVICES"];
/// How a condition asks for a pipeline of a merge request.
const OF_CHANGES: &[&str] = &["merge_request_event", "external_pull_request_event"];

pub(super) fn take(file: &mut Workflow, root: &Rc<Node>) {
    let jobs = entries(Some(root))
        .iter()
        .filter(|(key, node)| !NO_JOBS.contains(&key.as_str()) && matches!(node.value, Value::Map(_)));
    all_jobs(file, root);
    for (name, node) in jobs {
        take_job(file, root, name, node);
    }
}

/// What stands above all jobs and counts for each of them.
fn all_jobs(file: &mut Workflow, root: &Rc<Node>) {
    if matches!(root.value, Value::Map(_)) {
        file.say_secrets("(every job)", secrets(root));
        file.say_injections("(every job)", injections(root));
    }
}

fn take_job(file: &mut Workflow, root: &Rc<Node>, name: &str, node: &Rc<Node>) {
    let secrets = secrets(node);
    let given = secrets.keys().filter(|name| !OWN.contains(&name.as_str())).cloned().collect();
    let default = merged(node, "inherit").and_then(|inherit| scalar(inherit.get("default")));
    let default = (name != "default" && default != Some("false")).then_some("default");
    let extends = default.into_iter().chain(words(merged(node, "extends"))).map(str::to_owned).collect();
    file.jobs.push(Job {
        name: name.to_owned(),
        line: node.line,
        tokens: tokens(node),
        secrets: given,
        environment: environment(merged(node, "environment")),
        starts: starts(root, node),
        tags: merged(node, "tags").map(|tags| names(Some(tags))),
        needs: needs(node),
        extends,
        hidden: name.starts_with('.') || name == "default",
        ..Job::default()
    });
    file.say_secrets(name, secrets);
    file.say_injections(name, injections(node));
}

/// `needs: [build, {job: test}]`.
fn needs(node: &Rc<Node>) -> Vec<String> {
    let needs = items(merged(node, "needs")).iter();
    needs.filter_map(|one| scalar(Some(one)).or_else(|| scalar(one.get("job")))).map(str::to_owned).collect()
}

/// Every secret that a job names, uses or hands on, with the line where it first does.
fn secrets(node: &Rc<Node>) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for (name, secret) in entries(merged(node, "secrets")) {
        found.insert(stored(name, secret), secret.line);
    }
    if let Some(handed) = merged(node, "trigger").and_then(handed_on) {
        found.insert(handed.0, handed.1);
    }
    for (name, value) in entries(merged(node, "variables")) {
        let told = scalar(Some(value)).or_else(|| scalar(value.get("value")));
        if TELLS_ALL.contains(&name.as_str())
            && told.is_some_and(|told| told.eq_ignore_ascii_case("true") || told == "1")
        {
            found.insert(format!("every variable, written to the log ({name})"), value.line);
        }
    }
    let set = assigned(node);
    each(node, WORKS_WITH, &mut |text, line| {
        let used = shell::used(text).filter(|name| {
            OWN.contains(name) || (!name.starts_with("CI_") && !set.contains(*name) && shell::is_secret(name))
        });
        for name in used {
            found.entry(name.to_owned()).or_insert(line);
        }
    });
    found
}

/// What a job's scripts set by themselves. A value in `variables:` does not count: the settings go before it.
fn assigned(node: &Rc<Node>) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    each(node, SCRIPTS, &mut |text, _| set.extend(shell::assigned(text).map(str::to_owned)));
    set
}

/// `DATABASE_PASSWORD (vault production/db/password@ops)`.
fn stored(name: &str, secret: &Rc<Node>) -> String {
    let mut told = Vec::new();
    for (kind, place) in entries(Some(secret)).iter().filter(|(kind, _)| kind != "file" && kind != "token") {
        told.push(kind.clone());
        walk(place, &mut BTreeSet::new(), &mut |text, _| told.push(text.to_owned()));
    }
    if told.is_empty() { name.to_owned() } else { format!("{name} ({})", told.join(" ")) }
}

/// Variables that whoever starts a pipeline types in may be secrets; they go to another project only where that is said.
fn handed_on(trigger: &Rc<Node>) -> Option<(String, u64)> {
    let forward = trigger.get("forward")?.get("pipeline_variables")?;
    let to = scalar(trigger.get("project")).unwrap_or("a child pipeline");
    (scalar(Some(forward)) == Some("true"))
        .then(|| (format!("variables of the pipeline, handed on to {to}"), forward.line))
}

/// Identities that a job can prove elsewhere: each name with whom it is for.
fn tokens(node: &Rc<Node>) -> BTreeSet<String> {
    let tokens = entries(merged(node, "id_tokens")).iter();
    let each = tokens.flat_map(|(name, token)| {
        let audiences = words(token.get("aud"));
        let unsaid = audiences.is_empty().then_some("anybody");
        audiences.into_iter().chain(unsaid).map(move |audience| format!("{name} for {audience}"))
    });
    each.collect()
}

fn injections(node: &Rc<Node>) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    each(node, SCRIPTS, &mut |text, line| {
        found.extend(shell::becomes_code(text, FILLED).into_iter().map(|name| (line, format!("${name}"))));
    });
    found
}

/// Each text below these keys of a job.
fn each(node: &Rc<Node>, keys: &[&str], take: &mut dyn FnMut(&str, u64)) {
    let mut seen = BTreeSet::new();
    for below in keys.iter().filter_map(|key| merged(node, key)) {
        walk(below, &mut seen, take);
    }
}

/// How a job is started; absent where it says nothing of it.
fn starts(root: &Rc<Node>, node: &Rc<Node>) -> Option<Starts> {
    let (rules, when) = (merged(node, "rules"), merged(node, "when"));
    let only = merged(node, "only");
    if rules.is_none() && when.is_none() && only.is_none() && merged(node, "except").is_none() {
        return None;
    }
    let when = scalar(when).unwrap_or("on_success");
    let allowed = merged(node, "allow_failure").map(|allowed| scalar(Some(allowed)) != Some("false"));
    let mut starts = Starts::default();
    match rules {
        Some(rules) => by_rules(&mut starts, &flat(root, rules, 0), when, allowed),
        None => {
            starts.put(String::new(), when, !allowed.unwrap_or(when == "manual"));
            let refs = only.map(|only| only.get("refs").unwrap_or(only));
            starts.outside =
                words(refs).iter().any(|word| matches!(*word, "merge_requests" | "external_pull_requests"));
        }
    }
    Some(starts)
}

/// The rules in their order, with those that `!reference` brings from another job of the file.
fn flat<'n>(root: &'n Rc<Node>, rules: &'n Rc<Node>, level: usize) -> Vec<&'n Rc<Node>> {
    let brought = |rule: &'n Rc<Node>| -> Vec<&'n Rc<Node>> {
        let path: Vec<&str> = words(Some(rule));
        let at = path.iter().try_fold(root, |node, key| merged(node, key)).filter(|_| path.len() > 1 && level < 10);
        at.map_or_else(|| flat(root, rule, level + 1), |rules| flat(root, rules, level + 1))
    };
    let rules = items(Some(rules)).iter().filter(|_| level <= 10);
    rules.flat_map(|rule| if matches!(rule.value, Value::List(_)) { brought(rule) } else { vec![rule] }).collect()
}

fn by_rules(starts: &mut Starts, rules: &[&Rc<Node>], when: &str, allowed: Option<bool>) {
    let mut refused = false;
    for rule in rules {
        let when = scalar(rule.get("when")).unwrap_or(when);
        let condition = condition(rule);
        let of_changes = is_of_changes(&condition);
        let allowed = rule.get("allow_failure").map(|own| scalar(Some(own)) != Some("false")).or(allowed);
        starts.put(condition.clone(), when, !allowed.unwrap_or(false));
        // The first rule that holds counts: what was refused for all of them does not come back.
        refused |= of_changes && when == "never" && !condition.contains("&&");
        starts.outside |= of_changes && when != "never" && !refused;
    }
}

/// All that a rule asks for, in one text; empty = nothing.
fn condition(rule: &Rc<Node>) -> String {
    let mut told = Vec::new();
    for (key, node) in ["if", "changes", "exists"].iter().filter_map(|key| Some((*key, rule.get(key)?))) {
        let mut texts = Vec::new();
        walk(node, &mut BTreeSet::new(), &mut |text, _| {
            texts.push(text.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        told.push(if key == "if" { texts.join(" ") } else { format!("{key} {}", texts.join(" ")) });
    }
    told.join(", ")
}

/// Whether a condition holds in pipelines of merge requests: it asks for the event, or for what only they have.
fn is_of_changes(condition: &str) -> bool {
    let asked = OF_CHANGES.iter().any(|event| {
        condition.match_indices(event).any(|(at, _)| {
            let before = condition.get(..at).unwrap_or_default().trim_end_matches(['"', '\'', '/', '^', ' ']);
            !before.ends_with("!=") && !before.ends_with("!~")
        })
    });
    let has = |name: &&str| name.starts_with("CI_MERGE_REQUEST_") || name.starts_with("CI_EXTERNAL_PULL_REQUEST_");
    asked || (!condition.contains("== null") && shell::used(condition).any(|name| has(&name)))
}

impl Starts {
    fn put(&mut self, condition: String, when: &str, holds: bool) {
        match when {
            "never" => {}
            "manual" => {
                self.by_hand.insert(condition);
                self.holds |= holds;
            }
            _ => drop(self.alone.insert(condition)),
        }
    }
}
