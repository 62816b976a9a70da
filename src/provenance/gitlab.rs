//! The references of a GitLab pipeline file: `include:`, `image:` and `services:`, of the whole file and of its jobs.

use std::collections::HashSet;
use std::rc::Rc;

use super::Unreadable;
use super::reference::{action, made};
use super::workflow::{entries, place};
use super::yaml::{self, Dialect, Node, Value};
use crate::domain::action::{Action, ActionKind};
use crate::domain::text::Text;

/// What a component's own server is called in its address.
const OWN_SERVER: &[&str] = &["$CI_SERVER_FQDN/", "$CI_SERVER_HOST/", "${CI_SERVER_FQDN}/", "${CI_SERVER_HOST}/"];

/// Every include and image that the pipeline file at `path` names, in the order of the file.
///
/// # Errors
/// Where it is not YAML, is beyond the bounds, or has something else where an include or image would stand.
pub fn gitlab_actions(path: &Text, yaml: &[u8]) -> Result<Vec<Action>, Unreadable> {
    let mut walk = Walk { path, seen: HashSet::new(), found: Vec::new() };
    for document in yaml::documents(yaml, Dialect::Merging)? {
        walk.document(&document)?;
    }
    walk.found.sort_by_key(|(line, _)| *line);
    Ok(walk.found.into_iter().map(|(_, action)| action).collect())
}

struct Walk<'a> {
    path: &'a Text,
    seen: HashSet<*const Node>,
    found: Vec<(u64, Action)>,
}

impl Walk<'_> {
    fn document(&mut self, root: &Rc<Node>) -> Result<(), Unreadable> {
        if root.is_nothing() {
            return Ok(());
        }
        let keys = entries(root)?;
        if let Some(include) = root.get("include") {
            self.includes(include)?;
        }
        self.images(root)?;
        for (_, job) in keys.iter().filter(|(key, node)| key != "include" && matches!(node.value, Value::Map(_))) {
            self.images(job)?;
            if let Some(child) = job.get("trigger").and_then(|trigger| trigger.get("include")) {
                self.includes(child)?;
            }
        }
        Ok(())
    }

    /// The image and the services of the file, of `default:` or of a job.
    fn images(&mut self, of: &Rc<Node>) -> Result<(), Unreadable> {
        if let Some(image) = of.get("image") {
            self.image(image)?;
        }
        match of.get("services").map(|services| &services.value) {
            Some(Value::List(services)) => services.iter().try_for_each(|service| self.image(service)),
            _ => Ok(()),
        }
    }

    /// `image: name`, or a mapping with `name:`. A variable of that name has no such form and is none.
    fn image(&mut self, node: &Rc<Node>) -> Result<(), Unreadable> {
        let named = match &node.value {
            Value::Map(_) => node.get("name"),
            _ => Some(node),
        };
        match named.map(|named| (named, &named.value)) {
            Some((named, Value::Scalar(text, comment))) if !named.is_nothing() => {
                self.put(named, |place| action(ActionKind::Image, text.trim(), comment.as_deref(), place))
            }
            _ => Ok(()),
        }
    }

    fn includes(&mut self, node: &Rc<Node>) -> Result<(), Unreadable> {
        match &node.value {
            Value::List(list) => list.iter().try_for_each(|one| self.include(one)),
            _ => self.include(node),
        }
    }

    fn include(&mut self, node: &Rc<Node>) -> Result<(), Unreadable> {
        match &node.value {
            Value::Scalar(text, comment) if text.contains("://") => self
                .put(node, |place| made(ActionKind::Include, &format!("remote:{text}"), "", comment.as_deref(), place)),
            Value::Scalar(text, comment) => self.put(node, |place| local(text, comment.as_deref(), place)),
            Value::Map(_) => self.mapped(node),
            // `!reference` gives what stands elsewhere, in a file that may not be here.
            Value::List(_) => Err(Unreadable::at(node.line, "an include that refers to another part of the pipeline")),
        }
    }

    fn mapped(&mut self, node: &Rc<Node>) -> Result<(), Unreadable> {
        let text = |key: &str| text_of(node.get(key));
        if let Some((path, comment)) = text("local") {
            return self.put(node, |place| local(&path, comment.as_deref(), place));
        }
        if let Some((project, _)) = text("project") {
            return self.project(node, &project);
        }
        for (key, kind) in [("remote", "remote"), ("template", "template")] {
            if let Some((name, comment)) = text(key) {
                let name = format!("{kind}:{name}");
                return self.put(node, |place| made(ActionKind::Include, &name, "", comment.as_deref(), place));
            }
        }
        if let Some((address, comment)) = text("component") {
            return self.put(node, |place| component(&address, comment.as_deref(), place));
        }
        if node.get("artifact").is_some() {
            return Err(Unreadable::at(node.line, "an include that another job makes: it is not known before it runs"));
        }
        Err(Unreadable::at(node.line, "an include of a kind that is not known"))
    }

    /// One file of a project or several; without a `ref:` its default branch counts.
    fn project(&mut self, node: &Rc<Node>, project: &str) -> Result<(), Unreadable> {
        let (reference, comment) = text_of(node.get("ref")).unwrap_or_else(|| ("HEAD".to_owned(), None));
        let files = match node.get("file").map(|file| (file, &file.value)) {
            Some((_, Value::List(files))) => files.clone(),
            Some((file, _)) => vec![Rc::clone(file)],
            None => return Err(Unreadable::at(node.line, "a project without a file")),
        };
        for file in files {
            let Some((path, _)) = text_of(Some(&file)) else {
                return Err(Unreadable::at(file.line, "a file that is not text"));
            };
            let name = format!("{project}:/{}", path.trim_start_matches('/'));
            self.put(&file, |place| made(ActionKind::Include, &name, &reference, comment.as_deref(), place))?;
        }
        Ok(())
    }

    /// Once for each place, however many aliases lead to it.
    fn put(&mut self, node: &Rc<Node>, make: impl FnOnce(Text) -> Action) -> Result<(), Unreadable> {
        if self.seen.insert(Rc::as_ptr(node)) {
            self.found.push((node.line, make(place(self.path, node.line))));
        }
        Ok(())
    }
}

fn text_of(node: Option<&Rc<Node>>) -> Option<(String, Option<String>)> {
    match &node?.value {
        Value::Scalar(text, comment) if !text.trim().is_empty() => Some((text.trim().to_owned(), comment.clone())),
        _ => None,
    }
}

fn local(path: &str, comment: Option<&str>, place: Text) -> Action {
    made(ActionKind::Local, &format!("/{}", path.trim_start_matches('/')), "", comment, place)
}

/// `$CI_SERVER_FQDN/group/project/name@1.0`; one of a server that is named stays as it is written.
fn component(address: &str, comment: Option<&str>, place: Text) -> Action {
    let (name, version) = address.rsplit_once('@').unwrap_or((address, ""));
    let own = OWN_SERVER.iter().find_map(|server| name.strip_prefix(server));
    let name = own.map_or_else(|| format!("remote:{name}"), |own| format!("component:{own}"));
    made(ActionKind::Include, &name, version, comment, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(yaml: &str) -> Vec<String> {
        let line =
            |a: Action| format!("{} {} @{} {}", a.kind.word(), a.name.ident(), a.reference.ident(), a.place.ident());
        gitlab_actions(&"ci".into(), yaml.as_bytes()).unwrap().into_iter().map(line).collect()
    }

    #[test]
    fn every_kind_of_include_and_image_is_found_with_its_place() {
        let sha = "a".repeat(40);
        let yaml = format!(
            "spec: {{inputs: {{env: {{}}}}}}
---
image: ruby:3.3
include:
  - local: /ci/build.yml
  - project: group/sub/tools
    ref: {sha}
    file: [/a.yml, b.yml]
  - project: group/other
    file: c.yml
  - remote: https://example.com/x.yml
  - template: Auto-DevOps.gitlab-ci.yml
  - component: $CI_SERVER_FQDN/group/comp/scan@1.2
  - component: gitlab.example/group/comp/scan@~latest
  - ci/also.yml
default:
  services: [postgres:16, {{name: redis}}]
.base: &base
  image: {{name: 'alpine@sha256:{}'}}
job:
  <<: *base
  image: golang
  variables: {{image: no}}
child:
  trigger: {{include: ci/child.yml}}
",
            "0".repeat(64)
        );
        assert_eq!(
            told(&yaml),
            [
                "image ruby @3.3 ci:3",
                "local /ci/build.yml @ ci:5",
                &format!("include group/sub/tools:/a.yml @{sha} ci:8"),
                &format!("include group/sub/tools:/b.yml @{sha} ci:8"),
                "include group/other:/c.yml @HEAD ci:10",
                "include remote:https://example.com/x.yml @ ci:11",
                "include template:Auto-DevOps.gitlab-ci.yml @ ci:12",
                "include component:group/comp/scan @1.2 ci:13",
                "include remote:gitlab.example/group/comp/scan @~latest ci:14",
                "local /ci/also.yml @ ci:15",
                "image postgres @16 ci:17",
                "image redis @ ci:17",
                &format!("image alpine @sha256:{} ci:19", "0".repeat(64)),
                "image golang @ ci:22",
                "local /ci/child.yml @ ci:25",
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (yaml, line) in [
            ("- a", 1),
            ("include:\n  - !reference [x, y]", 2),
            ("include:\n  - project: a/b", 2),
            ("include:\n  - strange: x", 2),
            ("a: 1\na: 2", 2),
            ("job:\n  trigger:\n    include:\n      - artifact: x.yml\n        job: y", 4),
        ] {
            let fault = gitlab_actions(&"ci".into(), yaml.as_bytes()).unwrap_err();
            assert_eq!(fault.line, line, "{yaml:?}: {fault}");
        }
        assert!(told("").is_empty());
    }
}
