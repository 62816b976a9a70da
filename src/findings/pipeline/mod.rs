//! What pipeline files say about rights: triggers, permissions, secrets, runners, gates, and text of outsiders in
//! scripts. Read at head and at the base; what both say is known already. A file of a kind that is not judged whole is
//! named as such.

mod azure;
mod buildkite;
mod circleci;
mod github;
mod gitlab;
mod jenkins;
mod jobs;
mod rights;
mod scripts;
mod shell;

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::domain::digest::Digest;
use crate::domain::evidence::{PipelineFact, PipelineSays};
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::text::{SafeText, Text};
use crate::provenance::System;
use crate::provenance::yaml::{self, Dialect, Node, Value};
use crate::safe;

use super::text;
use jobs::Job;
use rights::Permissions;

/// What is not judged of a system's files.
const UNJUDGED: &[(System, &str)] = &[
    (System::Azure, "Azure Pipelines: templates and what tasks do are not followed"),
    (System::CircleCi, "CircleCI: orbs and what a setup workflow makes are not followed"),
    (System::Buildkite, "Buildkite: plugins, hooks and steps that are uploaded later are not followed"),
    (System::Bitbucket, "Bitbucket Pipelines: nothing of it is judged"),
    (System::Jenkins, "Jenkins: a program; only the names of its credentials and its input steps are looked for"),
];

/// Files that hold more than this, with what stands behind their aliases, are not judged.
const MOST_VALUES: u64 = 1_000_000;

/// A pipeline file, as far as rights go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    path: Text,
    system: System,
    permissions: Permissions,
    jobs: Vec<Job>,
    facts: Vec<Said>,
}

/// A fact and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    says: PipelineSays,
    line: u64,
    detail: Text,
}

impl Workflow {
    /// Reads a pipeline file or an `action.yml`. One that cannot be read says nothing here: whoever reads its actions
    /// has told of it.
    pub fn read(path: &Text, bytes: &[u8]) -> Self {
        let (system, permissions) = (System::of(path), Permissions::default());
        let mut file = Self { path: path.clone(), system, permissions, jobs: Vec::new(), facts: Vec::new() };
        let take: fn(&mut Self, &Rc<Node>) = match system {
            System::GitHub => github::take,
            System::GitLab => gitlab::take,
            System::Azure => azure::take,
            System::CircleCi => circleci::take,
            System::Buildkite => buildkite::take,
            System::Bitbucket | System::Jenkins => |_, _| (),
        };
        match system {
            System::Jenkins => jenkins::take(&mut file, bytes),
            System::GitHub => yaml::read(bytes).iter().for_each(|root| file.document(root, take)),
            _ => yaml::documents(bytes, Dialect::Merging).iter().flatten().for_each(|root| file.document(root, take)),
        }
        // What stands there may have changed: another content is another fact.
        if let Some((_, what)) = UNJUDGED.iter().find(|(of, _)| *of == system) {
            file.say(PipelineSays::Unjudged, 1, safe!("{} (content {})", *what, Digest::of(bytes).short()));
        }
        file
    }

    fn document(&mut self, root: &Rc<Node>, take: fn(&mut Self, &Rc<Node>)) {
        if root.values() <= MOST_VALUES {
            return take(self, root);
        }
        self.say(
            PipelineSays::Unjudged,
            root.line,
            "so many values behind aliases that nothing of it is judged".into(),
        );
    }

    fn say(&mut self, says: PipelineSays, line: u64, detail: SafeText) {
        self.facts.push(Said { says, line, detail: text(detail) });
    }

    /// Each secret of a job once, at the line that names it first.
    fn say_secrets(&mut self, job: &str, secrets: impl IntoIterator<Item = (String, u64)>) {
        let job = Text::from(job).ident();
        for (secret, line) in secrets {
            self.say(PipelineSays::Secret, line, safe!("job {}: {}", job, Text::from(secret).ident()));
        }
    }

    fn say_injections(&mut self, job: &str, filled: impl IntoIterator<Item = (u64, String)>) {
        let job = Text::from(job).ident();
        for (line, expression) in filled {
            self.say(PipelineSays::Injection, line, safe!("job {}: {}", job, Text::from(expression).ident()));
        }
    }
}

/// The entries of a mapping; none where there is none.
fn entries(node: Option<&Rc<Node>>) -> &[(String, Rc<Node>)] {
    match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}

/// The elements of a sequence; none where there is none.
fn items(node: Option<&Rc<Node>>) -> &[Rc<Node>] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The text of a scalar that holds any.
fn scalar(node: Option<&Rc<Node>>) -> Option<&str> {
    match &node?.value {
        Value::Scalar(text, _) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// One text or several.
fn words(node: Option<&Rc<Node>>) -> Vec<&str> {
    scalar(node).into_iter().chain(items(node).iter().filter_map(|item| scalar(Some(item)))).collect()
}

/// The same, to be kept.
fn names(node: Option<&Rc<Node>>) -> Vec<String> {
    words(node).into_iter().map(str::to_owned).collect()
}

/// Each scalar below a node once, however many aliases lead to it.
fn walk(node: &Rc<Node>, seen: &mut BTreeSet<*const Node>, each: &mut dyn FnMut(&str, u64)) {
    if !seen.insert(Rc::as_ptr(node)) {
        return;
    }
    match &node.value {
        Value::Scalar(text, _) => each(text, node.line),
        Value::List(list) => list.iter().for_each(|node| walk(node, seen, each)),
        Value::Map(entries) => entries.iter().for_each(|(_, node)| walk(node, seen, each)),
    }
}

/// The value of a key, also where a merge key brings it.
fn merged<'n>(node: &'n Rc<Node>, key: &str) -> Option<&'n Rc<Node>> {
    node.get(key).or_else(|| {
        let brought = node.get("<<")?;
        let mut all = items(Some(brought)).iter().rev().chain([brought]);
        all.find_map(|base| merged(base, key))
    })
}

/// The name of an environment: a text, or a mapping with `name:`.
fn environment(node: Option<&Rc<Node>>) -> Option<String> {
    scalar(node).or_else(|| scalar(node?.get("name"))).map(str::to_owned)
}

/// What the files say at head, each fact with whether the base says it too. `base` is absent where there is none.
pub fn facts(head: &[Workflow], base: Option<&[Workflow]>) -> Vec<PipelineFact> {
    let mut facts: Vec<PipelineFact> = head.iter().flat_map(|file| facts_of(file, base)).collect();
    facts.extend(jobs::facts(head, base));
    facts.sort();
    facts.dedup();
    facts
}

fn facts_of(file: &Workflow, base: Option<&[Workflow]>) -> Vec<PipelineFact> {
    let old = base.and_then(|base| base.iter().find(|old| old.path == file.path));
    let fact = |says, line, detail: Text, was| {
        let place = Place { path: file.path.clone(), line: Some(line) };
        PipelineFact { says, place, detail, was }
    };
    let stood =
        |said: &Said| old.is_some_and(|old| old.facts.iter().any(|f| f.says == said.says && f.detail == said.detail));
    let said = file.facts.iter().map(|said| fact(said.says, said.line, said.detail.clone(), stood(said)));
    // Without a base nothing can have become wider.
    let wider = base.is_some().then(|| file.jobs.iter().flat_map(|job| wider(job, old))).into_iter().flatten();
    said.chain(wider.map(|(line, detail)| fact(PipelineSays::Permission, line, text(detail), false))).collect()
}

/// The scopes in which a job's token may do more than at the base, and the identities that it can prove since.
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
    let tokens = job.tokens.iter().filter(|token| !before.is_some_and(|was| was.tokens.contains(*token)));
    let tokens = tokens.map(|token| safe!("identity {}", Text::from(token.as_str()).ident()));
    let all = job.permissions.beyond(was).into_iter().chain(tokens);
    all.map(|what| (job.line, safe!("job {}: {}", name, what))).collect()
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
            PipelineSays::Gate => FindingId::GateWeakened,
            PipelineSays::Unjudged => FindingId::PipelineNotJudged,
        };
        let finding = Finding::new(id, fact.place.path.clone(), fact.detail.clone());
        Finding { new: !fact.was, ..finding.at(fact.place.clone()) }
    })
}

#[cfg(test)]
mod gate_tests;
#[cfg(test)]
mod gitlab_tests;
#[cfg(test)]
mod other_tests;
#[cfg(test)]
mod tests;
