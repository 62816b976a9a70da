//! Which CI system this runs in, and what it says about the run: one table, read from the environment.

use crate::domain::principal::{Identity, IdentityKind, Role, Source};
use crate::domain::request::Run;
use crate::domain::text::Text;

use super::env::Env;

/// What a CI system says and where. Each list holds templates; the first one whose variables are all set counts.
struct System {
    name: &'static str,
    /// The variable that tells it from others, and its value where only one counts.
    sign: (&'static str, Option<&'static str>),
    run: &'static [&'static str],
    /// The variable of the attempt, and what to add so that the first is 1.
    attempt: (&'static str, u32),
    job: &'static [&'static str],
    url: &'static [&'static str],
    branch: &'static [&'static str],
    repository: &'static [&'static str],
    environment: &'static [&'static str],
    people: &'static [(&'static str, IdentityKind, Role)],
}

const SYSTEMS: &[System] = &[
    System {
        name: "github-actions",
        sign: ("GITHUB_ACTIONS", Some("true")),
        run: &["{GITHUB_RUN_ID}"],
        attempt: ("GITHUB_RUN_ATTEMPT", 0),
        job: &["{GITHUB_JOB}"],
        url: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"],
        branch: &["{GITHUB_HEAD_REF}", "{GITHUB_REF_NAME}"],
        repository: &["{GITHUB_REPOSITORY}"],
        environment: &[],
        people: &[
            ("{GITHUB_ACTOR}", IdentityKind::Login, Role::Requester),
            ("{GITHUB_TRIGGERING_ACTOR}", IdentityKind::Login, Role::Trigger),
        ],
    },
    System {
        name: "gitlab-ci",
        sign: ("GITLAB_CI", None),
        run: &["{CI_PIPELINE_ID}"],
        attempt: ("", 0),
        job: &["{CI_JOB_NAME}"],
        url: &["{CI_JOB_URL}", "{CI_PIPELINE_URL}"],
        branch: &["{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "{CI_COMMIT_REF_NAME}"],
        repository: &["{CI_PROJECT_PATH}"],
        environment: &["{CI_ENVIRONMENT_NAME}"],
        people: &[
            ("{GITLAB_USER_LOGIN}", IdentityKind::Login, Role::Requester),
            ("{GITLAB_USER_EMAIL}", IdentityKind::Email, Role::Requester),
        ],
    },
    System {
        name: "jenkins",
        sign: ("JENKINS_URL", None),
        run: &["{JOB_NAME}#{BUILD_NUMBER}", "{BUILD_TAG}"],
        attempt: ("", 0),
        job: &["{STAGE_NAME}", "{JOB_NAME}"],
        url: &["{BUILD_URL}"],
        branch: &["{CHANGE_BRANCH}", "{BRANCH_NAME}", "{GIT_BRANCH}"],
        repository: &[],
        environment: &[],
        people: &[
            ("{BUILD_USER_ID}", IdentityKind::Login, Role::Requester),
            ("{BUILD_USER_EMAIL}", IdentityKind::Email, Role::Requester),
            ("{CHANGE_AUTHOR}", IdentityKind::Login, Role::Author),
        ],
    },
    System {
        name: "buildkite",
        sign: ("BUILDKITE", Some("true")),
        run: &["{BUILDKITE_BUILD_ID}"],
        attempt: ("BUILDKITE_RETRY_COUNT", 1),
        job: &["{BUILDKITE_STEP_KEY}", "{BUILDKITE_LABEL}", "{BUILDKITE_JOB_ID}"],
        url: &["{BUILDKITE_BUILD_URL}"],
        branch: &["{BUILDKITE_BRANCH}"],
        repository: &["{BUILDKITE_ORGANIZATION_SLUG}/{BUILDKITE_PIPELINE_SLUG}"],
        environment: &[],
        people: &[
            ("{BUILDKITE_BUILD_CREATOR}", IdentityKind::Login, Role::Requester),
            ("{BUILDKITE_BUILD_CREATOR_EMAIL}", IdentityKind::Email, Role::Requester),
            ("{BUILDKITE_UNBLOCKER_EMAIL}", IdentityKind::Email, Role::Trigger),
        ],
    },
    System {
        name: "circleci",
        sign: ("CIRCLECI", Some("true")),
        run: &["{CIRCLE_WORKFLOW_ID}", "{CIRCLE_BUILD_NUM}"],
        attempt: ("", 0),
        job: &["{CIRCLE_JOB}"],
        url: &["{CIRCLE_BUILD_URL}"],
        branch: &["{CIRCLE_BRANCH}", "{CIRCLE_TAG}"],
        repository: &["{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}"],
        environment: &[],
        people: &[("{CIRCLE_USERNAME}", IdentityKind::Login, Role::Requester)],
    },
    System {
        name: "azure-pipelines",
        sign: ("TF_BUILD", None),
        run: &["{BUILD_BUILDID}"],
        attempt: ("SYSTEM_JOBATTEMPT", 0),
        job: &["{SYSTEM_JOBNAME}", "{SYSTEM_JOBDISPLAYNAME}"],
        url: &["{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"],
        branch: &["{SYSTEM_PULLREQUEST_SOURCEBRANCH}", "{BUILD_SOURCEBRANCH}"],
        repository: &["{BUILD_REPOSITORY_NAME}"],
        environment: &["{ENVIRONMENT_NAME}"],
        people: &[
            ("{BUILD_REQUESTEDFOREMAIL}", IdentityKind::Email, Role::Requester),
            ("{BUILD_REQUESTEDFOR}", IdentityKind::Login, Role::Requester),
        ],
    },
];

/// What the CI system says; all of it is claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ci {
    /// The run; absent outside of any CI.
    pub run: Option<Run>,
    /// Branch or tag.
    pub branch: Option<Text>,
    /// Repository id.
    pub repository: Option<Text>,
    /// Environment, where the system has such a thing.
    pub environment: Option<Text>,
    /// Who is behind the run.
    pub people: Vec<Identity>,
}

/// Reads what the environment says.
pub fn detect(env: &Env) -> Ci {
    let matches = |s: &&System| {
        let value = env.get(s.sign.0);
        value.is_some_and(|v| s.sign.1.is_none_or(|wanted| v == *wanted))
    };
    SYSTEMS.iter().find(matches).map(|system| read(system, env)).unwrap_or_default()
}

fn read(system: &System, env: &Env) -> Ci {
    let attempt = env.get(system.attempt.0).and_then(|v| v.as_str()?.parse::<u32>().ok());
    Ci {
        run: Some(Run {
            system: Text::from(system.name),
            id: first(system.run, env).unwrap_or_default(),
            attempt: attempt.map_or(1, |n| n.saturating_add(system.attempt.1)),
            job: first(system.job, env).unwrap_or_default(),
            url: first(system.url, env),
        }),
        branch: first(system.branch, env).map(|name| bare_ref(&name)),
        repository: first(system.repository, env),
        environment: first(system.environment, env),
        people: system.people.iter().filter_map(|person| identity(person, env)).collect(),
    }
}

fn identity((template, kind, role): &(&str, IdentityKind, Role), env: &Env) -> Option<Identity> {
    Some(Identity { role: *role, kind: *kind, name: fill(template, env)?, source: Source::Claimed })
}

fn first(templates: &[&str], env: &Env) -> Option<Text> {
    templates.iter().find_map(|template| fill(template, env))
}

/// Fills `{NAME}` from the environment; nothing where one is not set or empty.
fn fill(template: &str, env: &Env) -> Option<Text> {
    let mut filled = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        filled.extend_from_slice(before.as_bytes());
        filled.extend_from_slice(env.get(name)?.as_bytes());
        rest = tail;
    }
    filled.extend_from_slice(rest.as_bytes());
    Some(Text::new(filled))
}

/// `main` out of `refs/heads/main`.
fn bare_ref(name: &Text) -> Text {
    let bytes = name.as_bytes();
    let bare = [&b"refs/heads/"[..], b"refs/tags/"].iter().find_map(|prefix| bytes.strip_prefix(*prefix));
    Text::new(bare.unwrap_or(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(vars: &[(&str, &str)]) -> Ci {
        detect(&Env::of(vars.iter().copied()))
    }

    #[test]
    fn outside_of_ci_nothing_is_claimed() {
        assert_eq!(detected(&[("HOME", "/root"), ("GITHUB_ACTIONS", "no")]), Ci::default());
    }

    #[test]
    fn each_system_is_known_by_its_sign() {
        let signs = [
            (("GITHUB_ACTIONS", "true"), ("GITHUB_RUN_ID", "8841"), "github-actions"),
            (("GITLAB_CI", "true"), ("CI_PIPELINE_ID", "8841"), "gitlab-ci"),
            (("JENKINS_URL", "https://j"), ("BUILD_TAG", "8841"), "jenkins"),
            (("BUILDKITE", "true"), ("BUILDKITE_BUILD_ID", "8841"), "buildkite"),
            (("CIRCLECI", "true"), ("CIRCLE_WORKFLOW_ID", "8841"), "circleci"),
            (("TF_BUILD", "True"), ("BUILD_BUILDID", "8841"), "azure-pipelines"),
        ];
        for (sign, id, name) in signs {
            let run = detected(&[sign, id]).run.unwrap();
            assert_eq!((run.system, run.id, run.attempt), (Text::from(name), Text::from("8841"), 1), "{name}");
        }
    }

    #[test]
    fn github_tells_run_attempt_people_branch_and_page() {
        let ci = detected(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "3"),
            ("GITHUB_JOB", "deploy"),
            ("GITHUB_ACTOR", "bob"),
            ("GITHUB_TRIGGERING_ACTOR", "carol"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_HEAD_REF", ""),
            ("GITHUB_REF_NAME", "main"),
        ]);
        let run = ci.run.unwrap();
        assert_eq!((run.attempt, run.url.unwrap()), (3, Text::from("https://github.com/acme/shop/actions/runs/7")));
        assert_eq!(ci.branch, Some(Text::from("main")));
        let people: Vec<_> = ci.people.iter().map(|i| (i.role, i.shown().to_string())).collect();
        assert_eq!(people, [(Role::Requester, "bob?".into()), (Role::Trigger, "carol?".into())]);
    }

    #[test]
    fn retries_count_from_one_and_refs_lose_their_prefix() {
        let ci = detected(&[("BUILDKITE", "true"), ("BUILDKITE_RETRY_COUNT", "1")]);
        assert_eq!(ci.run.unwrap().attempt, 2);
        let ci = detected(&[("TF_BUILD", "True"), ("BUILD_SOURCEBRANCH", "refs/heads/feature/x")]);
        assert_eq!(ci.branch, Some(Text::from("feature/x")));
    }
}
