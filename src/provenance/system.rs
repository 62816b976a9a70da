//! Which system a pipeline file is written for, told from its path alone: one table.

use super::tree::{is_action_file, is_yaml};
use crate::domain::text::Text;

/// A system that runs pipelines from a file of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Azure Pipelines.
    Azure,
    /// CircleCI.
    CircleCi,
    /// Buildkite.
    Buildkite,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Jenkins: its file is a program.
    Jenkins,
}

/// Where a system's own files lie: a file, or a folder of YAML files without those below.
enum At {
    File(&'static str),
    Folder(&'static str),
}

const PLACES: &[(System, At)] = &[
    (System::GitHub, At::Folder(".github/workflows/")),
    (System::GitLab, At::File(".gitlab-ci.yml")),
    (System::Azure, At::File("azure-pipelines.yml")),
    (System::Azure, At::File("azure-pipelines.yaml")),
    (System::Azure, At::Folder(".azure-pipelines/")),
    (System::CircleCi, At::File(".circleci/config.yml")),
    (System::Buildkite, At::Folder(".buildkite/")),
    (System::Bitbucket, At::File("bitbucket-pipelines.yml")),
    (System::Jenkins, At::File("Jenkinsfile")),
];

impl System {
    /// Folders and files that pipeline files are looked for in.
    pub const WHERE: &'static [&'static str] = &[
        ".github/workflows",
        ".github/actions",
        ".gitlab-ci.yml",
        "azure-pipelines.yml",
        "azure-pipelines.yaml",
        ".azure-pipelines",
        ".circleci/config.yml",
        ".buildkite",
        "bitbucket-pipelines.yml",
        "Jenkinsfile",
    ];

    /// Whose file this is where it is a pipeline by its place.
    pub fn at(path: &Text) -> Option<Self> {
        let bytes = path.as_bytes();
        if is_action_file(path) && bytes.starts_with(b".github/") {
            return Some(System::GitHub);
        }
        let lies = |at: &At| match at {
            At::File(file) => bytes == file.as_bytes(),
            At::Folder(folder) => {
                let name = bytes.strip_prefix(folder.as_bytes());
                is_yaml(path) && name.is_some_and(|name| !name.contains(&b'/'))
            }
        };
        PLACES.iter().find(|(_, at)| lies(at)).map(|(system, _)| *system)
    }

    /// Whose file this is, of one that a pipeline calls: an action's own file is GitHub's wherever it lies, and any
    /// other is one that GitLab includes.
    pub fn of(path: &Text) -> Self {
        let github = path.as_bytes().starts_with(b".github/") || is_action_file(path);
        Self::at(path).unwrap_or(if github { System::GitHub } else { System::GitLab })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_place() {
        for (path, at, of) in [
            (".github/workflows/x.yml", Some(System::GitHub), System::GitHub),
            (".github/workflows/sub/x.yml", None, System::GitHub),
            (".github/actions/do/action.yaml", Some(System::GitHub), System::GitHub),
            ("ci/do/action.yml", None, System::GitHub),
            (".gitlab-ci.yml", Some(System::GitLab), System::GitLab),
            ("ci/build.yml", None, System::GitLab),
            ("azure-pipelines.yml", Some(System::Azure), System::Azure),
            (".azure-pipelines/pr.yaml", Some(System::Azure), System::Azure),
            (".circleci/config.yml", Some(System::CircleCi), System::CircleCi),
            (".buildkite/pipeline.yml", Some(System::Buildkite), System::Buildkite),
            (".buildkite/hooks/pre-command", None, System::GitLab),
            ("bitbucket-pipelines.yml", Some(System::Bitbucket), System::Bitbucket),
            ("Jenkinsfile", Some(System::Jenkins), System::Jenkins),
        ] {
            assert_eq!((System::at(&path.into()), System::of(&path.into())), (at, of), "{path}");
        }
    }

    #[test]
    fn every_place_is_looked_into() {
        for (_, at) in PLACES {
            let (At::File(place) | At::Folder(place)) = at;
            assert!(System::WHERE.contains(&place.trim_end_matches('/')), "{place}");
        }
    }
}
