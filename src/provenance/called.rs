//! What a reference leads to: whose repository, which file of it, and what that file calls in turn.

use super::{Unreadable, gitlab_actions, workflow_actions};
use crate::domain::action::{Action, ActionKind};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;

/// Where a reference leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// To a repository.
    Repository {
        /// What kind of work.
        kind: ActionKind,
        /// `owner/repo` with what follows, or a project of GitLab.
        name: Text,
        /// It is a project of GitLab.
        project: bool,
        /// The file or folder in it; empty for its top.
        path: Text,
    },
    /// To nobody who could be asked, and why.
    Elsewhere(&'static str),
}

/// Takes the name of an action apart.
pub fn written(action: &Action) -> Written {
    let name = action.name.lossy();
    if name.contains("${{") || action.reference.lossy().contains("${{") {
        return Written::Elsewhere("an expression: only the pipeline knows what it stands for");
    }
    match action.kind {
        ActionKind::Image => Written::Elsewhere("image registries are not asked"),
        ActionKind::Local => Written::Elsewhere("it lies in the repository itself"),
        ActionKind::Include => included(&name),
        ActionKind::Action | ActionKind::Workflow => {
            let path = name.splitn(3, '/').nth(2).unwrap_or_default();
            Written::Repository { kind: action.kind, name: action.name.clone(), project: false, path: path.into() }
        }
    }
}

/// `project:/path`, `component:project/name`; other includes lead to no repository.
fn included(name: &str) -> Written {
    let project = |name: &str, path: String| Written::Repository {
        kind: ActionKind::Include,
        name: name.into(),
        project: true,
        path: path.into(),
    };
    match name.split_once(':') {
        Some(("component", component)) => match component.rsplit_once('/') {
            Some((name, part)) => project(name, format!("templates/{part}")),
            None => Written::Elsewhere("a component of another server than the pipeline's own"),
        },
        Some(("template", _)) => Written::Elsewhere("it comes with the GitLab server, whichever version that has"),
        Some(("remote", _)) => Written::Elsewhere("an address: what it gives can change at any time"),
        Some((name, path)) => project(name, path.trim_start_matches('/').to_owned()),
        None => Written::Elsewhere("not a project and a file"),
    }
}

impl Written {
    /// Why nobody can be asked.
    pub fn why_not(&self) -> Text {
        match self {
            Written::Elsewhere(why) => (*why).into(),
            Written::Repository { .. } => Text::default(),
        }
    }

    /// Files that say what it calls; the first that is there counts.
    pub fn files(&self) -> Vec<Text> {
        let Written::Repository { kind, path, .. } = self else { return Vec::new() };
        let below = |file: &str| {
            let folder = path.lossy();
            let between = if folder.is_empty() { "" } else { "/" };
            Text::from(format!("{folder}{between}{file}"))
        };
        match kind {
            ActionKind::Action => vec![below("action.yml"), below("action.yaml"), below("Dockerfile")],
            ActionKind::Include if path.lossy().starts_with("templates/") && !super::tree::is_yaml(path) => {
                vec![Text::from(format!("{}.yml", path.lossy())), below("template.yml")]
            }
            _ => vec![path.clone()],
        }
    }
}

/// What a file of another repository is called in places: `owner/repo@4f1c9ab/action.yml`.
pub fn elsewhere(repository: &str, sha: &CommitSha, path: &Text) -> Text {
    Text::new([format!("{repository}@{sha:.7}/").as_bytes(), path.as_bytes()].concat())
}

/// What a file of another repository calls; paths in its own repository are read at the same commit.
///
/// # Errors
/// Where the file was not understood.
pub fn called(
    bytes: &[u8],
    place: &Text,
    repository: &str,
    sha: &CommitSha,
    by: &Written,
) -> Result<Vec<Action>, Unreadable> {
    let Written::Repository { kind, .. } = by else { return Ok(Vec::new()) };
    if place.as_bytes().ends_with(b"/Dockerfile") {
        return Ok(Vec::new());
    }
    let actions = match kind {
        ActionKind::Include => gitlab_actions(place, bytes)?,
        _ => workflow_actions(place, bytes)?,
    };
    Ok(actions.into_iter().map(|action| same_repository(action, repository, sha, *kind)).collect())
}

/// A local path that means the called repository, as the reference that it amounts to. A step's `./` means the
/// checkout of whoever calls, and stays what it is.
fn same_repository(action: Action, repository: &str, sha: &CommitSha, caller: ActionKind) -> Action {
    if action.kind != ActionKind::Local {
        return action;
    }
    let name = action.name.lossy();
    let own = name.strip_prefix("$/").or_else(|| name.strip_prefix("./").filter(|path| is_workflow(path)));
    let (kind, name) = match (caller, own) {
        (ActionKind::Include, _) => (ActionKind::Include, format!("{repository}:{name}")),
        (_, Some(path)) if is_workflow(path) => (ActionKind::Workflow, format!("{repository}/{path}")),
        (_, Some(path)) => (ActionKind::Action, format!("{repository}/{path}")),
        _ => return action,
    };
    let whole = Text::from(sha.as_str());
    Action { kind, name: name.into(), reference: whole.clone(), sha: Some(whole), ..action }
}

fn is_workflow(path: &str) -> bool {
    path.starts_with(".github/workflows/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn include(name: &str) -> Written {
        written(&Action::new(ActionKind::Include, name, "v1", "ci:1"))
    }

    fn files(written: &Written) -> Vec<String> {
        written.files().iter().map(|file| file.lossy().into_owned()).collect()
    }

    #[test]
    fn names_lead_to_a_repository_and_a_file_or_to_a_reason() {
        let action = written(&Action::new(ActionKind::Action, "github/codeql-action/init", "v3", "w:1"));
        assert_eq!(files(&action), ["init/action.yml", "init/action.yaml", "init/Dockerfile"]);
        let top = written(&Action::new(ActionKind::Action, "actions/checkout", "v4", "w:1"));
        assert_eq!(files(&top), ["action.yml", "action.yaml", "Dockerfile"]);
        let workflow = written(&Action::new(ActionKind::Workflow, "a/b/.github/workflows/x.yml", "v4", "w:1"));
        assert_eq!(files(&workflow), [".github/workflows/x.yml"]);
        assert_eq!(files(&include("group/sub/tools:/ci/a.yml")), ["ci/a.yml"]);
        let component = include("component:group/comp/scan");
        assert_eq!(files(&component), ["templates/scan.yml", "templates/scan/template.yml"]);
        assert!(matches!(component, Written::Repository { project: true, name, .. } if name == *"group/comp"));
        for elsewhere in ["remote:https://example.com/x.yml", "template:Auto.yml", "component:x", "alone"] {
            let written = include(elsewhere);
            assert!(files(&written).is_empty() && !written.why_not().is_empty(), "{elsewhere}");
        }
        let expression = written(&Action::new(ActionKind::Action, "${{ inputs.repo }}", "v1", "w:1"));
        assert!(expression.why_not().lossy().contains("only the pipeline knows"));
    }

    #[test]
    fn paths_in_a_called_repository_are_read_at_the_commit_that_is_called() {
        let sha: CommitSha = "a".repeat(40).parse().unwrap();
        let told = |by: &Written, place: &str, yaml: &str| -> Vec<String> {
            let found = called(yaml.as_bytes(), &place.into(), "o/r", &sha, by).unwrap();
            found.iter().map(|a| format!("{} {}", a.kind.word(), a.written().lossy())).collect()
        };
        let workflow = written(&Action::new(ActionKind::Workflow, "o/r/.github/workflows/x.yml", "v1", "w:1"));
        let yaml = "jobs: {a: {uses: ./.github/workflows/y.yml}, b: {steps: [{uses: $/do}, {uses: ./theirs}]}}";
        assert_eq!(
            told(&workflow, "o/r@aaaaaaa/.github/workflows/x.yml", yaml),
            [
                format!("workflow o/r/.github/workflows/y.yml@{sha}"),
                format!("action o/r/do@{sha}"),
                "local ./theirs".into()
            ]
        );
        let include = include("o/r:/a.yml");
        let yaml = "include: [/b.yml]\nimage: alpine";
        assert_eq!(
            told(&include, "o/r@aaaaaaa/a.yml", yaml),
            [format!("include o/r:/b.yml@{sha}"), "image alpine".into()]
        );
        assert!(told(&workflow, "o/r@aaaaaaa/Dockerfile", "FROM x").is_empty());
    }
}
