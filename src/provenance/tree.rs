//! The actions of a whole revision as a tree: what its pipeline files name, what the lock file holds that at, and what
//! its own actions call in turn, read at the same revision.

use std::collections::{HashSet, VecDeque};

use super::yaml::{self, Dialect};
use super::{Lock, System, Unreadable, gitlab_actions, workflow_actions};
use crate::domain::action::{Action, ActionKind, PipelineFault, PipelineTrouble};
use crate::domain::evidence::Cut;
use crate::domain::text::Text;

/// Local actions that call each other deeper are not followed: no forge does.
const LEVELS: usize = 10;

/// The files of one revision.
pub trait Files {
    /// A file; `None` where there is none of that name.
    ///
    /// # Errors
    /// Why it was not read, though it is there.
    fn read(&mut self, path: &Text) -> Result<Option<Vec<u8>>, Text>;

    /// What names the content of a file or folder; `None` where there is none of that name.
    ///
    /// # Errors
    /// Why that is not known.
    fn object(&mut self, path: &Text) -> Result<Option<Text>, Text>;
}

/// What the pipeline files of a revision name.
#[derive(Debug, Default)]
pub struct Tree {
    /// A parent stands before its children.
    pub actions: Vec<Action>,
    /// What is wrong with the files.
    pub faults: Vec<PipelineFault>,
}

/// A tree while it grows.
struct Growing<'a> {
    files: &'a mut dyn Files,
    lock: Option<Lock>,
    tree: Tree,
    /// They are read by themselves, whoever calls them.
    roots: HashSet<&'a Text>,
    read: HashSet<Text>,
    waiting: VecDeque<(usize, usize)>,
}

impl Tree {
    /// Reads the pipeline files at `paths` and what they call. An action's own file among them that a workflow calls
    /// stands below that workflow, and not by itself once more.
    pub fn grow(paths: &[Text], files: &mut dyn Files) -> Self {
        let mut growing = Growing {
            files,
            lock: None,
            tree: Tree::default(),
            roots: paths.iter().filter(|path| !is_action_file(path)).collect(),
            read: HashSet::new(),
            waiting: VecDeque::new(),
        };
        growing.read_lock();
        let (actions, pipelines): (Vec<&Text>, Vec<&Text>) = paths.iter().partition(|path| is_action_file(path));
        for path in pipelines.into_iter().chain(actions) {
            growing.root(path);
        }
        growing.tree
    }
}

/// Whether a name is that of a YAML file.
pub fn is_yaml(path: &Text) -> bool {
    path.as_bytes().ends_with(b".yml") || path.as_bytes().ends_with(b".yaml")
}

pub(super) fn is_action_file(path: &Text) -> bool {
    path.as_bytes().ends_with(b"/action.yml") || path.as_bytes().ends_with(b"/action.yaml")
}

impl Growing<'_> {
    fn read_lock(&mut self) {
        let path = Text::from(Lock::PATH);
        match self.files.read(&path) {
            Ok(None) => {}
            Ok(Some(bytes)) => match Lock::read(&bytes) {
                Ok(lock) => self.lock = Some(lock),
                Err(unreadable) => self.unreadable(&path, &unreadable),
            },
            Err(why) => self.fault(path.clone(), path, PipelineTrouble::Unreadable { why }),
        }
    }

    fn root(&mut self, path: &Text) {
        if !self.read.insert(path.clone()) {
            return;
        }
        let Some(named) = self.named(path) else { return };
        self.put(named, 0);
        while let Some((at, level)) = self.waiting.pop_front() {
            self.local(at, level);
        }
    }

    /// What a file names, held by the lock file where that covers it; or a fault.
    fn named(&mut self, path: &Text) -> Option<Vec<Action>> {
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes?,
            Err(why) => {
                self.fault(path.clone(), path.clone(), PipelineTrouble::Unreadable { why });
                return None;
            }
        };
        let read = match System::of(path) {
            System::GitHub => workflow_actions(path, &bytes),
            System::GitLab => gitlab_actions(path, &bytes),
            System::Jenkins => Ok(Vec::new()),
            // Their references are not listed; that a file was not judged whole is a fact of its own.
            _ => yaml::documents(&bytes, Dialect::Merging).map(|_| Vec::new()),
        };
        let mut named = read.map_err(|unreadable| self.unreadable(path, &unreadable)).ok()?;
        if let Some(lock) = self.lock.as_ref().filter(|_| path.as_bytes().starts_with(b".github/workflows/")) {
            self.tree.faults.extend(lock.hold(path, &mut named, self.tree.actions.len()));
        }
        Some(named)
    }

    fn put(&mut self, named: Vec<Action>, level: usize) {
        let offset = self.tree.actions.len();
        let local = named.iter().enumerate().filter(|(_, action)| action.kind == ActionKind::Local);
        self.waiting.extend(local.map(|(at, _)| (offset + at, level)));
        self.tree.actions.extend(named);
    }

    /// What a path in the repository stands for, and what is called there.
    fn local(&mut self, at: usize, level: usize) {
        let Some(action) = self.tree.actions.get(at).cloned() else { return };
        let path = match path_of(&action) {
            Ok(path) => path,
            Err(why) => return self.not_followed(&action, why.into()),
        };
        let object = match self.files.object(&path) {
            Ok(Some(object)) => object,
            Ok(None) => return self.not_followed(&action, "there is no such file or folder in this revision".into()),
            Err(why) => return self.not_followed(&action, why),
        };
        if let Some(action) = self.tree.actions.get_mut(at) {
            action.sha = Some(object);
        }
        let file = self.file_at(&path);
        let Some(file) = file.filter(|file| !self.roots.contains(file) && !self.read.contains(file)) else { return };
        if level >= LEVELS {
            return self.not_followed(&action, "nested deeper than 10 levels".into());
        }
        self.read.insert(file.clone());
        let parent = u32::try_from(at).ok();
        let called = self.named(&file).unwrap_or_default();
        let below = |called: Action| Action { parent: called.parent.or(parent), ..called };
        self.put(called.into_iter().map(below).collect(), level + 1);
    }

    /// The file that says what a local path calls; none for a Dockerfile.
    fn file_at(&mut self, path: &Text) -> Option<Text> {
        if is_yaml(path) {
            return Some(path.clone());
        }
        let below = |name: &str| Text::new([path.as_bytes(), name.as_bytes()].concat());
        // One that may be there is found when it is read.
        ["/action.yml", "/action.yaml"].into_iter().map(below).find(|file| self.files.object(file) != Ok(None))
    }

    fn not_followed(&mut self, action: &Action, why: Text) {
        self.fault(action.written(), action.place.clone(), PipelineTrouble::Unreadable { why });
    }

    fn unreadable(&mut self, path: &Text, unreadable: &Unreadable) {
        let place = super::workflow::place(path, unreadable.line);
        self.fault(path.clone(), place, PipelineTrouble::Unreadable { why: unreadable.why.as_str().into() });
    }

    fn fault(&mut self, subject: Text, place: Text, what: PipelineTrouble) {
        self.tree.faults.push(PipelineFault { subject, place, what });
    }
}

/// Where a local reference leads, below the top folder.
fn path_of(action: &Action) -> Result<Text, &'static str> {
    let name = action.name.as_str().ok_or("a path that is not UTF-8")?;
    let below = ["./", "$/", "/"].iter().find_map(|start| name.strip_prefix(start));
    let path = match below {
        Some(path) => path.trim_matches('/').to_owned(),
        // Beside the file that names it: the Dockerfile of an action.
        None => format!("{}{name}", folder_of(&action.place)),
    };
    let leaves = path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | ".."));
    if leaves { Err("a path that leads out of the repository, or to its top") } else { Ok(path.into()) }
}

fn folder_of(place: &Text) -> String {
    let place = place.lossy();
    place.rfind('/').and_then(|at| place.get(..=at)).unwrap_or_default().to_owned()
}

impl Tree {
    /// What is not known because a file was not read or not understood.
    pub fn unread(&self) -> Vec<Cut> {
        let unread = |fault: &PipelineFault| match &fault.what {
            PipelineTrouble::Unreadable { why } => {
                let what = [b"actions of ", fault.place.as_bytes(), b": ", why.as_bytes()].concat();
                Some(Cut { what: Text::new(what), kept: 0, of: 1 })
            }
            _ => None,
        };
        self.faults.iter().filter_map(unread).collect()
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
