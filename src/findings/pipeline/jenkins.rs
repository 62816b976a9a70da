//! A Jenkinsfile is a program, and is not run here: only the names of its credentials and its `input` steps are looked
//! for, line by line.

use std::collections::BTreeMap;

use super::Workflow;
use super::jobs::{Job, Starts};

/// What stands before the quoted name of credentials.
const NAMES: &[&str] = &["credentials(", "credentialsId:", "credentialsId =", "credentialsId="];
/// Steps whose last quoted argument is such a name.
const STEPS: &[&str] = &["sshagent", "docker.withRegistry"];

pub(super) fn take(file: &mut Workflow, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().zip(1u64..).map(|(line, number)| (line.trim_start(), number));
    let lines: Vec<(&str, u64)> = lines.filter(|(line, _)| !line.starts_with("//") && !line.starts_with('*')).collect();
    let mut secrets = BTreeMap::new();
    for (line, number) in &lines {
        for name in credentials(line).chain(of_step(line)) {
            secrets.entry(format!("credentials {name}")).or_insert(*number);
        }
    }
    file.say_secrets("(pipeline)", secrets);
    let inputs = lines.iter().filter(|(line, _)| is_input(line)).zip(1u32..);
    file.jobs.extend(inputs.map(|((_, line), nth)| Job {
        name: format!("input step {nth}"),
        line: *line,
        starts: Some(Starts::gate()),
        ..Job::default()
    }));
}

fn credentials(line: &str) -> impl Iterator<Item = &str> {
    NAMES.iter().flat_map(move |before| line.split(before).skip(1)).filter_map(|rest| {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        rest.get(1..)?.split(quote).next().filter(|name| !name.is_empty())
    })
}

fn of_step(line: &str) -> Option<&str> {
    let rest = STEPS.iter().find_map(|step| line.strip_prefix(step))?;
    let quoted = |quote: char| Some(rest.rsplit(quote).nth(1)?).filter(|name| !name.is_empty());
    let end = rest.rfind(['\'', '"'])?;
    quoted(rest.get(end..)?.chars().next()?).filter(|name| !name.contains("://"))
}

/// `input 'Deploy?'`, `input(message: …)`, `input { … }`, `input message: …`.
fn is_input(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("input") else { return false };
    let rest = rest.trim_start();
    rest.starts_with(['(', '{', '\'', '"'])
        || ["message", "id:", "ok:", "submitter"].iter().any(|key| rest.starts_with(key))
}
