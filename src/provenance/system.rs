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

/// How pipeline files are named that a job may be told to run, wherever they lie, and folders that hold them.
const ELSEWHERE: &[&str] = &["jenkinsfile", "azure-pipelines"];
const BELOW: &[&str] = &["/.circleci/", "/.buildkite/"];

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

    /// Whether a name is that of a pipeline file that lies where none is looked for: another job may well run it.
    pub fn lies_elsewhere(path: &Text) -> bool {
        let lower = format!("/{}", path.lossy().to_lowercase());
        let name = lower.rsplit('/').next().unwrap_or_default();
        let named = ELSEWHERE.iter().any(|begin| name.starts_with(begin));
        let below = BELOW.iter().any(|folder| lower.contains(folder));
        (named || below) && Self::at(path).is_none()
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
    fn a_pipeline_file_may_lie_elsewhere() {
        for (path, elsewhere) in [
            ("ci/Jenkinsfile", true),
            ("Jenkinsfile.deploy", true),
            ("build/azure-pipelines-prod.yml", true),
            (".buildkite/hooks/pre-command", true),
            ("sub/.circleci/config.yml", true),
            ("Jenkinsfile", false),
            (".circleci/config.yml", false),
            ("src/jenkins.rs", false),
        ] {
            assert_eq!(System::lies_elsewhere(&path.into()), elsewhere, "{path}");
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
