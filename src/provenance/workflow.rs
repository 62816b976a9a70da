//! The references of a workflow or an `action.yml`: jobs, steps, containers, and what a composite action runs.

use std::collections::HashSet;
use std::rc::Rc;

use super::Unreadable;
use super::reference::action;
use super::yaml::{self, Node, Value};
use crate::domain::action::{Action, ActionKind};
use crate::domain::text::Text;

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

pub(super) fn entries(node: &Rc<Node>) -> Result<&[(String, Rc<Node>)], Unreadable> {
    match &node.value {
        Value::Map(entries) => Ok(entries),
        _ => Err(Unreadable::at(node.line, "not a mapping where one is expected")),
    }
}

pub(super) fn place(path: &Text, line: u64) -> Text {
    let mut place = path.as_bytes().to_vec();
    place.extend_from_slice(format!(":{line}").as_bytes());
    Text::new(place)
}
