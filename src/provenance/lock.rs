//! The lock file of workflows, `.github/workflows/actions.lock`: which commit runs for a reference, whatever its tag
//! stands for by then. Versions v0.0.1 and later are told apart by their own word; only v0.0.2 is understood.

use std::collections::HashMap;
use std::rc::Rc;

use super::Unreadable;
use super::workflow::{entries, place};
use super::yaml::{self, Node, Value};
use crate::domain::action::{Action, ActionKind, PipelineFault, PipelineTrouble};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;

/// The version that is understood.
const VERSION: &str = "v0.0.2";

/// What a lock file says.
#[derive(Debug, Default)]
pub struct Lock {
    workflows: HashMap<String, Vec<String>>,
    dependencies: HashMap<String, Dependency>,
}

#[derive(Debug)]
struct Dependency {
    line: u64,
    commit: Text,
    uses: Vec<String>,
}

impl Lock {
    /// Where it lies.
    pub const PATH: &'static str = ".github/workflows/actions.lock";

    /// Reads it.
    ///
    /// # Errors
    /// Where it is not understood: then nothing is known to be locked.
    pub fn read(yaml: &[u8]) -> Result<Self, Unreadable> {
        let root = yaml::read(yaml)?;
        entries(&root)?;
        match root.get("version").map(|node| (node.line, text(node))) {
            Some((_, Ok(version))) if version == VERSION => {}
            Some((line, _)) => return Err(Unreadable::at(line, "a lock file of a version that is not known")),
            None => return Err(Unreadable::at(root.line, "a lock file without a version")),
        }
        let mut lock = Self::default();
        for (path, list) in root.get("workflows").map_or(Ok(&[][..]), entries)? {
            lock.workflows.insert(path.clone(), texts(list)?);
        }
        for (key, node) in root.get("dependencies").map_or(Ok(&[][..]), entries)? {
            lock.dependencies.insert(key.clone(), dependency(node)?);
        }
        Ok(lock)
    }

    /// Puts the locked commits on the actions of one workflow, and behind them what these call in turn. Says what the
    /// lock file and the workflow do not agree on.
    pub fn hold(&self, workflow: &Text, actions: &mut Vec<Action>, offset: usize) -> Vec<PipelineFault> {
        let mut faults = Vec::new();
        let remote = |a: &Action| matches!(a.kind, ActionKind::Action | ActionKind::Workflow);
        let Some(listed) = workflow.as_str().and_then(|path| self.workflows.get(path)) else {
            let fault = |what| PipelineFault { subject: workflow.clone(), place: workflow.clone(), what };
            return actions.iter().any(remote).then(|| fault(PipelineTrouble::LockMissing)).into_iter().collect();
        };
        for at in 0..actions.len() {
            let Some(action) = actions.get_mut(at).filter(|a| remote(a)) else { continue };
            let key = key_of(action);
            let locked = self.dependencies.get(&key).filter(|_| listed.contains(&key));
            let fault = |what| PipelineFault { subject: action.written(), place: action.place.clone(), what };
            let Some(locked) = locked else {
                faults.push(fault(PipelineTrouble::LockStale { lacks: key.into() }));
                continue;
            };
            if let Some(written) = action.sha.clone().filter(|sha| *sha != locked.commit) {
                faults.push(fault(PipelineTrouble::LockMismatch { locked: locked.commit.clone(), written }));
            }
            action.lock = Some(locked.commit.clone());
            action.sha = Some(locked.commit.clone());
            let mut above = vec![key];
            self.calls(locked, offset + at, offset, &mut above, actions);
        }
        faults
    }

    /// What a locked action calls, from the lock file alone.
    fn calls(&self, by: &Dependency, parent: usize, offset: usize, above: &mut Vec<String>, actions: &mut Vec<Action>) {
        for key in &by.uses {
            let Some(called) = self.dependencies.get(key).filter(|_| !above.contains(key) && above.len() < 10) else {
                continue;
            };
            let (name, reference) = key.split_once('@').unwrap_or((key, ""));
            let at = offset + actions.len();
            actions.push(Action {
                sha: Some(called.commit.clone()),
                lock: Some(called.commit.clone()),
                parent: u32::try_from(parent).ok(),
                ..Action::new(ActionKind::Action, name, reference, place(&Self::PATH.into(), called.line))
            });
            above.push(key.clone());
            self.calls(called, at, offset, above, actions);
            above.pop();
        }
    }
}

/// `owner/repo@ref`, without a path in the repository.
fn key_of(action: &Action) -> String {
    let name = action.name.lossy();
    let repository: Vec<&str> = name.splitn(3, '/').take(2).collect();
    format!("{}@{}", repository.join("/"), action.reference.lossy())
}

fn dependency(node: &Rc<Node>) -> Result<Dependency, Unreadable> {
    entries(node)?;
    let commit = node.get("commit").ok_or_else(|| Unreadable::at(node.line, "a dependency without a commit"))?;
    let written = text(commit)?;
    let whole = |sha: &str, len: usize| sha.parse().ok().filter(|sha: &CommitSha| sha.as_str().len() == len);
    let sha = match written.split_once('-') {
        Some(("sha1", sha)) => whole(sha, 40),
        Some(("sha256", sha)) => whole(sha, 64),
        _ => None,
    };
    let sha =
        sha.ok_or_else(|| Unreadable::at(commit.line, "a commit that is neither sha1-… nor sha256-… in whole"))?;
    let uses = node.get("uses").map_or(Ok(Vec::new()), texts)?;
    Ok(Dependency { line: node.line, commit: sha.as_str().into(), uses })
}

fn texts(node: &Rc<Node>) -> Result<Vec<String>, Unreadable> {
    match &node.value {
        Value::List(list) => list.iter().map(text).collect(),
        _ if node.is_nothing() => Ok(Vec::new()),
        _ => Err(Unreadable::at(node.line, "not a list where one is expected")),
    }
}

fn text(node: &Rc<Node>) -> Result<String, Unreadable> {
    match &node.value {
        Value::Scalar(text, _) => Ok(text.clone()),
        _ => Err(Unreadable::at(node.line, "not text where it is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
    const B: &str = "b1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

    fn lock() -> Lock {
        let yaml = format!(
            "version: v0.0.2
workflows:
  w.yml: [acme/scan@v1, acme/deep@v2]
dependencies:
  acme/scan@v1: {{ref: v1, commit: sha1-{A}, owner_id: 1, repo_id: 2, uses: [acme/deep@v2]}}
  acme/deep@v2: {{ref: v2, commit: sha1-{B}, uses: [acme/scan@v1]}}
"
        );
        Lock::read(yaml.as_bytes()).unwrap()
    }

    fn actions(names: &[(&str, &str)]) -> Vec<Action> {
        names.iter().map(|(name, reference)| Action::new(ActionKind::Action, *name, *reference, "w.yml:1")).collect()
    }

    #[test]
    fn what_is_listed_is_held_with_what_it_calls() {
        let mut held = actions(&[("acme/scan/sub", "v1")]);
        assert!(lock().hold(&"w.yml".into(), &mut held, 0).is_empty());
        let told: Vec<_> = held.iter().map(|a| (a.name.lossy(), a.lock.clone().unwrap(), a.parent)).collect();
        assert_eq!(told, [("acme/scan/sub".into(), A.into(), None), ("acme/deep".into(), B.into(), Some(0))]);
        assert!(held.iter().all(Action::is_pinned));
        assert_eq!(held[1].place, Text::from(".github/workflows/actions.lock:6"));
    }

    #[test]
    fn what_the_lock_file_lacks_or_holds_otherwise_is_said() {
        let mut held = actions(&[("acme/other", "v1")]);
        let faults = lock().hold(&"w.yml".into(), &mut held, 0);
        assert_eq!(faults[0].what, PipelineTrouble::LockStale { lacks: "acme/other@v1".into() });
        assert!(held[0].lock.is_none());
        let faults = lock().hold(&"elsewhere.yml".into(), &mut held, 0);
        assert_eq!(faults[0].what, PipelineTrouble::LockMissing);
        let mut held = actions(&[("acme/scan", "v1")]);
        held[0].sha = Some(B.into());
        let faults = lock().hold(&"w.yml".into(), &mut held, 0);
        assert_eq!(faults[0].what, PipelineTrouble::LockMismatch { locked: A.into(), written: B.into() });
    }

    #[test]
    fn what_is_not_understood_locks_nothing() {
        for (yaml, line) in [
            ("version: v0.0.1", 1),
            ("workflows: {}", 1),
            ("version: v0.0.2\ndependencies:\n  a/b@v1: {ref: v1}", 3),
            ("version: v0.0.2\ndependencies:\n  a/b@v1: {commit: sha1-abc}", 3),
            ("version: v0.0.2\nworkflows:\n  w: text", 3),
            ("version: v0.0.2\nversion: v0.0.2", 2),
        ] {
            assert_eq!(Lock::read(yaml.as_bytes()).unwrap_err().line, line, "{yaml}");
        }
    }
}
