//! Pipelines of GitLab as people write them, and what each says.

use super::*;

fn file(path: &str, yaml: &str) -> Workflow {
    Workflow::read(&path.into(), yaml.as_bytes())
}

/// What a pipeline says, without a base, as `says detail`.
fn told(yaml: &str) -> Vec<String> {
    shown(&facts(&[file(".gitlab-ci.yml", yaml)], None))
}

fn shown(facts: &[PipelineFact]) -> Vec<String> {
    facts.iter().map(|f| format!("{:?} {}", f.says, f.detail.lossy())).collect()
}

/// What is said of a pipeline of one file that the base does not say.
pub(super) fn since(base: &str, head: &str) -> Vec<String> {
    let (base, head) = (file(".gitlab-ci.yml", base), file(".gitlab-ci.yml", head));
    let facts = facts(&[head], Some(&[base]));
    shown(&facts.into_iter().filter(|fact| !fact.was).collect::<Vec<_>>())
}

const PLAIN: &str = "
stages: [build, test]
variables: {RUST_LOG: info, CACHE_KEY: x}
default: {image: 'rust:1'}
build:
  stage: build
  cache: {key: $CACHE_KEY}
  script: [cargo build, 'echo $CI_COMMIT_SHA $RUST_LOG $HOME $CACHE_KEY']
test:
  rules:
    - if: $CI_PIPELINE_SOURCE == 'merge_request_event'
    - if: $CI_COMMIT_BRANCH
  script: [cargo test]
";

#[test]
fn a_plain_pipeline_says_nothing() {
    assert_eq!(told(PLAIN), Vec::<String>::new());
    assert_eq!(since(PLAIN, PLAIN), Vec::<String>::new());
}

#[test]
fn secrets_are_those_that_a_job_is_given_names_or_uses() {
    for (job, expected) in [
        ("secrets: {DB: {vault: prod/db/password@ops}}", "DB (vault prod/db/password@ops)"),
        ("secrets: {DB: {gcp_secret_manager: {name: db}, token: $T}}", "DB (gcp_secret_manager db)"),
        ("script: ['curl -H \"X: $DEPLOY_TOKEN\" x']", "DEPLOY_TOKEN"),
        ("script: ['echo ${AWS_SECRET_ACCESS_KEY:-}']", "AWS_SECRET_ACCESS_KEY"),
        ("script: ['deploy $env:ApiKey']", "ApiKey"),
        ("variables: {TARGET: 'https://x:$SITE_PASSWORD@host'}\n  script: [x]", "SITE_PASSWORD"),
        ("script: ['docker login -p $CI_JOB_TOKEN']", "CI_JOB_TOKEN"),
        ("before_script: ['login $CI_REGISTRY_PASSWORD']\n  script: [x]", "CI_REGISTRY_PASSWORD"),
        // The settings go before what the file sets, so a value there hides nothing.
        ("variables: {DEPLOY_TOKEN: none}\n  script: ['x $DEPLOY_TOKEN']", "DEPLOY_TOKEN"),
        ("variables: {CI_DEBUG_TRACE: 'true'}\n  script: [x]", "every variable, written to the log (CI_DEBUG_TRACE)"),
        (
            "trigger: {project: ops/deploy, forward: {pipeline_variables: true}}",
            "variables of the pipeline, handed on to ops/deploy",
        ),
    ] {
        let yaml = format!("deploy:\n  {job}\n");
        assert_eq!(told(&yaml), [format!("Secret job deploy: {expected}")], "{yaml}");
    }
}

#[test]
fn what_is_no_secret_is_not_called_one() {
    for job in [
        "script: ['echo $CI_COMMIT_SHA $GITLAB_USER_LOGIN $PATH $TARGET_ENV']",
        "script: ['echo $$DEPLOY_TOKEN']",
        "script: ['SESSION_TOKEN=$(curl x)', 'curl -H $SESSION_TOKEN y']",
        "script: ['export API_KEY=test', 'run $API_KEY']",
        "script: ['echo $PUBLIC_KEY $CACHE_KEY $MONKEY $KEYBOARD $AUTHOR $COMPASS']",
        "script: ['docker run $CI_REGISTRY_IMAGE']",
        "variables: {CI_DEBUG_TRACE: 'false'}\n  script: [x]",
        "trigger: {project: ops/deploy}",
        "trigger: {project: ops/deploy, forward: {yaml_variables: true}}",
    ] {
        let yaml = format!("deploy:\n  {job}\n");
        assert_eq!(told(&yaml), Vec::<String>::new(), "{yaml}");
    }
}

#[test]
fn what_stands_above_all_jobs_counts_for_each() {
    let yaml = "before_script: ['login $DEPLOY_TOKEN']\nbuild: {script: [x]}\n";
    assert_eq!(told(yaml), ["Secret job (every job): DEPLOY_TOKEN"]);
}

#[test]
fn an_identity_for_somebody_else_is_wider() {
    let job = |tokens: &str| format!("deploy:\n  script: [x]\n  id_tokens: {tokens}\n");
    let vault = job("{VAULT: {aud: https://vault}}");
    for (base, head, expected) in [
        ("deploy: {script: [x]}", vault.as_str(), vec!["VAULT for https://vault"]),
        (&vault, &job("{VAULT: {aud: [https://vault, https://aws]}}"), vec!["VAULT for https://aws"]),
        (&vault, &job("{VAULT: {}}"), vec!["VAULT for anybody"]),
        (&vault, &vault, vec![]),
        (&vault, "deploy: {script: [x]}", vec![]),
    ] {
        let expected: Vec<_> =
            expected.iter().map(|token| format!("Permission job deploy: identity {token}")).collect();
        assert_eq!(since(base, head), expected, "{head}");
    }
    assert_eq!(told(&vault), Vec::<String>::new(), "without a base nothing is wider");
}

#[test]
fn a_job_of_merge_requests_that_reaches_more_is_told() {
    let change = "rules: [{if: $CI_PIPELINE_SOURCE == 'merge_request_event'}]";
    for (job, with) in [
        (format!("{change}\n  script: ['x $DEPLOY_TOKEN']"), Some("DEPLOY_TOKEN")),
        (format!("{change}\n  script: [x]\n  id_tokens: {{V: {{aud: https://vault}}}}"), Some("V for https://vault")),
        (format!("{change}\n  script: [x]\n  environment: production"), Some("environment production")),
        (format!("{change}\n  script: [x]\n  environment: {{name: review/$CI_COMMIT_REF_SLUG}}"), None),
        (format!("{change}\n  script: ['x $CI_JOB_TOKEN']"), None),
        ("only: [merge_requests]\n  environment: prod\n  script: [x]".into(), Some("environment prod")),
        ("only: {refs: [merge_requests]}\n  environment: prod\n  script: [x]".into(), Some("environment prod")),
        ("rules: [{if: $CI_MERGE_REQUEST_IID}]\n  environment: prod".into(), Some("environment prod")),
        ("rules: [{if: '$CI_PIPELINE_SOURCE =~ /^merge_request_event$/'}]\n  environment: prod".into(), Some("environment prod")),
        ("rules: [{if: $CI_PIPELINE_SOURCE != 'merge_request_event'}]\n  environment: prod".into(), None),
        ("rules: [{if: $CI_MERGE_REQUEST_IID == null}]\n  environment: prod".into(), None),
        (
            "rules:\n    - {if: $CI_PIPELINE_SOURCE == 'merge_request_event', when: never}\n    - {if: $CI_MERGE_REQUEST_ID}\n  environment: prod".into(),
            None,
        ),
        ("rules: [{if: $CI_COMMIT_BRANCH == 'main'}]\n  environment: prod".into(), None),
        ("environment: prod\n  script: [x]".into(), None),
    ] {
        let yaml = format!("deploy:\n  {job}\n");
        let found: Vec<String> = told(&yaml).into_iter().filter(|fact| fact.starts_with("Trigger")).collect();
        let expected: Vec<String> =
            with.iter().map(|with| format!("Trigger job deploy in merge request pipelines, with {with}")).collect();
        assert_eq!(found, expected, "{yaml}");
    }
}

#[test]
fn what_a_job_takes_from_others_counts_as_its_own() {
    let base =
        ".base:\n  environment: prod\n  script: [x]\ndeploy:\n  extends: .base\n  rules: [{if: $CI_COMMIT_TAG}]\n";
    let rules = ".rules:\n  all:\n    - if: $CI_MERGE_REQUEST_IID\n";
    for head in [
        ".base:\n  environment: prod\n  rules: [{if: $CI_MERGE_REQUEST_IID}]\n  script: [x]\ndeploy:\n  extends: .base\n",
        ".b: &b {environment: prod, rules: [{if: $CI_MERGE_REQUEST_IID}]}\ndeploy:\n  <<: *b\n  script: [x]\n",
        &format!("{rules}deploy:\n  environment: prod\n  rules:\n    - !reference [.rules, all]\n  script: [x]\n"),
    ] {
        let found: Vec<String> = since(base, head).into_iter().filter(|fact| fact.starts_with("Trigger")).collect();
        assert_eq!(found, ["Trigger job deploy in merge request pipelines, with environment prod"], "{head}");
    }
    // Across the files of one pipeline.
    let include = file("ci/base.yml", ".base: {environment: prod, script: [x]}\n");
    let root = file(".gitlab-ci.yml", "deploy: {extends: .base, rules: [{if: $CI_MERGE_REQUEST_IID}]}\n");
    let facts = facts(&[root, include], None);
    assert_eq!(shown(&facts), ["Trigger job deploy in merge request pipelines, with environment prod"]);
    assert_eq!(facts[0].place.path, *".gitlab-ci.yml");
}

#[test]
fn a_runner_of_ones_own_is_odd_only_in_merge_request_pipelines() {
    let change = "rules: [{if: $CI_MERGE_REQUEST_IID}]";
    for (job, found) in [
        (format!("tags: [shell, prod]\n  {change}"), Some("shell, prod")),
        (format!("tags: [saas-linux-small-amd64]\n  {change}"), None),
        (change.to_owned(), None),
        ("tags: [shell]".into(), None),
    ] {
        let yaml = format!("t:\n  script: [x]\n  {job}\n");
        let expected: Vec<String> =
            found.iter().map(|tags| format!("Runner job t in merge request pipelines: runners {tags}")).collect();
        assert_eq!(told(&yaml), expected, "{yaml}");
    }
    let yaml = format!("default: {{tags: [shell]}}\nt:\n  script: [x]\n  {change}\n");
    assert_eq!(told(&yaml), ["Runner job t in merge request pipelines: runners shell"]);
}

#[test]
fn text_of_outsiders_is_code_only_where_the_script_makes_it_so() {
    for (line, found) in [
        ("eval \"echo $CI_COMMIT_MESSAGE\"", true),
        ("bash -c \"deploy $CI_COMMIT_REF_NAME\"", true),
        ("sudo -E sh -exc \"x ${CI_MERGE_REQUEST_TITLE}\"", true),
        ("docker run img sh -c \"x $CI_COMMIT_TITLE\"", true),
        ("ssh host deploy $CI_COMMIT_BRANCH", true),
        ("echo \"$CI_COMMIT_MESSAGE\" | sh", true),
        ("true && echo $CI_COMMIT_TAG | tr a b | bash -s", true),
        ("python3 -c \"print('$CI_COMMIT_TITLE')\"", true),
        ("ssh web <<EOF\n      git checkout $CI_COMMIT_REF_NAME\n      EOF", true),
        ("ssh web bash -s <<- EOF\n      x $CI_COMMIT_TITLE\n      EOF", true),
        ("bash <<< \"x $CI_COMMIT_TITLE\"", true),
        ("ssh web <<'EOF'\n      git checkout $CI_COMMIT_REF_NAME\n      EOF", false),
        (
            "cat > notes <<EOF\n      $CI_COMMIT_MESSAGE\n      eval $CI_COMMIT_MESSAGE\n      EOF\n      echo done",
            false,
        ),
        ("ssh web <<EOF\n      ls\n      EOF\n      echo $CI_COMMIT_TITLE", false),
        ("cat <<EOF\n      x\n      EOF\n      eval $CI_COMMIT_TITLE", true),
        ("echo \"$CI_COMMIT_MESSAGE\"", false),
        ("git tag -m \"$CI_COMMIT_MESSAGE\" $CI_COMMIT_TAG", false),
        ("bash -c 'echo \"$CI_COMMIT_MESSAGE\"'", false),
        ("bash deploy.sh \"$CI_COMMIT_REF_NAME\"", false),
        ("echo $CI_COMMIT_TITLE | grep x", false),
        ("echo $CI_COMMIT_TITLE; sh build.sh", false),
        ("echo $CI_COMMIT_TITLE | bash tidy.sh", false),
        ("eval \"$(ssh-agent -s)\"", false),
        ("bash -c \"deploy $CI_COMMIT_SHA $CI_COMMIT_REF_SLUG\"", false),
        ("[ \"$CI_COMMIT_BRANCH\" = main ] && bash -c \"make\"", false),
        ("# eval $CI_COMMIT_MESSAGE", false),
        ("echo 'eval' $CI_COMMIT_MESSAGE", false),
    ] {
        let yaml = format!("t:\n  script:\n    - |\n      {line}\n");
        let facts = told(&yaml);
        assert_eq!(facts.iter().any(|fact| fact.starts_with("Injection job t: $CI_")), found, "{line}: {facts:?}");
    }
}
