//! L1, pure. Which actions a pipeline's own files name: every `uses:`, image and local path of a workflow or an
//! `action.yml`, with its place. What cannot be read is said, never skipped.

pub mod yaml;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::domain::action::{Action, ActionKind, Before};
use crate::domain::text::Text;
use yaml::{Node, Value};

/// A pipeline file that was not understood: none of its actions is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Unreadable {
    /// Where.
    pub line: u64,
    /// Why: `the same key twice in one mapping`.
    pub why: String,
}

impl Unreadable {
    fn at(line: u64, why: &str) -> Self {
        Self { line, why: why.to_owned() }
    }
}

/// Every action that the workflow or `action.yml` at `path` names, in the order of the file.
///
/// # Errors
/// Where it is not YAML, is beyond the bounds, or has something else where an action would stand.
pub fn workflow_actions(path: &Text, yaml: &[u8]) -> Result<Vec<Action>, Unreadable> {
    let root = yaml::read(yaml)?;
    let mut walk = Walk { path, seen: HashSet::new(), found: Vec::new() };
    walk.document(&root)?;
    walk.found.sort_by_key(|(line, _)| *line);
    Ok(walk.found.into_iter().map(|(_, action)| action).collect())
}

/// The actions of `head` that `base` does not name alike, with what they were there: the same kind and name
/// with another reference, or nothing where they are new.
pub fn changed(head: &[Action], base: &[Action]) -> Vec<Action> {
    let mut old: HashMap<(ActionKind, &Text), Vec<&Action>> = HashMap::new();
    for action in base {
        old.entry((action.kind, &action.name)).or_default().push(action);
    }
    head.iter().filter_map(|action| against(action, old.get(&(action.kind, &action.name)))).collect()
}

fn against(action: &Action, old: Option<&Vec<&Action>>) -> Option<Action> {
    let same = |was: &&&Action| was.reference == action.reference && was.sha == action.sha;
    if old.is_some_and(|list| list.iter().any(|was| same(&was))) {
        return None;
    }
    let before = old.and_then(|list| list.first());
    let before = before.map(|was| Before { reference: was.reference.clone(), sha: was.sha.clone() });
    Some(Action { before, ..action.clone() })
}

/// As what a node is looked at; once in each role is enough, however many aliases lead to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    Job,
    Steps,
    Step,
    Container,
    Uses(ActionKind),
}

struct Walk<'a> {
    path: &'a Text,
    seen: HashSet<(Role, *const Node)>,
    found: Vec<(u64, Action)>,
}

impl Walk<'_> {
    fn document(&mut self, root: &Rc<Node>) -> Result<(), Unreadable> {
        if !matches!(root.value, Value::Map(_)) {
            return Err(Unreadable::at(root.line, "not a mapping: neither a workflow nor an action"));
        }
        if let Some(jobs) = root.get("jobs") {
            for (_, job) in entries(jobs)? {
                self.job(job)?;
            }
        }
        root.get("runs").map_or(Ok(()), |runs| self.runs(runs))
    }

    fn job(&mut self, job: &Rc<Node>) -> Result<(), Unreadable> {
        if !self.first(Role::Job, job) {
            return Ok(());
        }
        entries(job)?;
        if let Some(uses) = job.get("uses") {
            self.uses(ActionKind::Workflow, uses)?;
        }
        if let Some(container) = job.get("container") {
            self.container(container)?;
        }
        if let Some(services) = job.get("services").filter(|s| !s.is_nothing()) {
            for (_, service) in entries(services)? {
                self.container(service)?;
            }
        }
        job.get("steps").map_or(Ok(()), |steps| self.steps(steps))
    }

    /// The body of an `action.yml`: composite steps, or the image of a container action.
    fn runs(&mut self, runs: &Rc<Node>) -> Result<(), Unreadable> {
        entries(runs)?;
        if let Some(image) = runs.get("image") {
            self.uses(ActionKind::Local, image)?;
        }
        runs.get("steps").map_or(Ok(()), |steps| self.steps(steps))
    }

    fn steps(&mut self, steps: &Rc<Node>) -> Result<(), Unreadable> {
        if !self.first(Role::Steps, steps) {
            return Ok(());
        }
        let Value::List(list) = &steps.value else {
            return Err(Unreadable::at(steps.line, "steps that are not a list"));
        };
        for step in list {
            entries(step)?;
            if let Some(uses) = step.get("uses").filter(|_| self.first(Role::Step, step)) {
                self.uses(ActionKind::Action, uses)?;
            }
        }
        Ok(())
    }

    /// `container: image`, or a mapping with `image:`; an empty one means none.
    fn container(&mut self, container: &Rc<Node>) -> Result<(), Unreadable> {
        if container.is_nothing() || !self.first(Role::Container, container) {
            return Ok(());
        }
        match &container.value {
            Value::Scalar(..) => self.uses(ActionKind::Image, container),
            Value::Map(_) => match container.get("image").filter(|image| !image.is_nothing()) {
                Some(image) => self.uses(ActionKind::Image, image),
                None => Ok(()),
            },
            Value::List(_) => Err(Unreadable::at(container.line, "a container that is a list")),
        }
    }

    fn uses(&mut self, kind: ActionKind, node: &Rc<Node>) -> Result<(), Unreadable> {
        let Value::Scalar(text, comment) = &node.value else {
            return Err(Unreadable::at(node.line, "a reference that is not text"));
        };
        if text.trim().is_empty() {
            return Err(Unreadable::at(node.line, "an empty reference"));
        }
        if self.first(Role::Uses(kind), node) {
            let action = action(kind, text.trim(), comment.as_deref(), place(self.path, node.line));
            self.found.push((node.line, action));
        }
        Ok(())
    }

    fn first(&mut self, role: Role, node: &Rc<Node>) -> bool {
        self.seen.insert((role, Rc::as_ptr(node)))
    }
}

fn entries(node: &Rc<Node>) -> Result<&[(String, Rc<Node>)], Unreadable> {
    match &node.value {
        Value::Map(entries) => Ok(entries),
        _ => Err(Unreadable::at(node.line, "not a mapping where one is expected")),
    }
}

fn place(path: &Text, line: u64) -> Text {
    let mut place = path.as_bytes().to_vec();
    place.extend_from_slice(format!(":{line}").as_bytes());
    Text::new(place)
}

/// Takes a reference apart. Its own form outweighs where it stands: `docker://` is an image in a step too.
fn action(kind: ActionKind, text: &str, comment: Option<&str>, place: Text) -> Action {
    if let Some(image) = text.strip_prefix("docker://") {
        return image_of(image, comment, place);
    }
    if kind == ActionKind::Local || ["./", "../", "$/"].iter().any(|start| text.starts_with(start)) {
        return made(ActionKind::Local, text, "", comment, place);
    }
    if kind == ActionKind::Image {
        return image_of(text, comment, place);
    }
    let (name, reference) = text.split_once('@').unwrap_or((text, ""));
    made(kind, name, reference, comment, place)
}

/// `registry:5000/name:tag@sha256:…`; beside a digest the tag is only a claim.
fn image_of(image: &str, comment: Option<&str>, place: Text) -> Action {
    let (tagged, digest) = image.split_once('@').unwrap_or((image, ""));
    let (name, tag) = match tagged.rsplit_once(':') {
        // An expression and a registry's port have a colon too.
        Some((name, tag)) if !tag.contains(['/', '}']) => (name, tag),
        _ => (tagged, ""),
    };
    if digest.is_empty() {
        return made(ActionKind::Image, name, tag, comment, place);
    }
    made(ActionKind::Image, name, digest, comment.or(Some(tag).filter(|t| !t.is_empty())), place)
}

fn made(kind: ActionKind, name: &str, reference: &str, comment: Option<&str>, place: Text) -> Action {
    Action {
        kind,
        name: name.into(),
        reference: reference.into(),
        comment: comment.map(Text::from),
        sha: is_whole(kind, reference).then(|| reference.into()),
        place,
        before: None,
        lock: None,
        parent: None,
    }
}

/// Whether a reference names one content for ever.
fn is_whole(kind: ActionKind, reference: &str) -> bool {
    let hex = |s: &str, len: usize| s.len() == len && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match kind {
        ActionKind::Local => false,
        ActionKind::Image => reference.strip_prefix("sha256:").is_some_and(|digest| hex(digest, 64)),
        ActionKind::Action | ActionKind::Workflow | ActionKind::Include => hex(reference, 40) || hex(reference, 64),
    }
}
