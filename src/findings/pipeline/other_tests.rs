//! Pipelines of other systems: what simple rules find, and that the rest is said not to be judged.

use super::*;

fn told(path: &str, text: &str) -> Vec<String> {
    let facts = facts(&[Workflow::read(&path.into(), text.as_bytes())], None);
    let judged = facts.iter().filter(|fact| fact.says != PipelineSays::Unjudged);
    judged.map(|f| format!("{:?} {} {}", f.says, f.place.line.unwrap_or_default(), f.detail.lossy())).collect()
}

#[test]
fn azure_pastes_text_of_outsiders_and_names_its_connections_and_groups() {
    let path = "azure-pipelines.yml";
    for (yaml, expected) in [
        (
            "steps:\n- script: echo $(Build.SourceVersionMessage)",
            vec!["Injection 2 job (pipeline): $(Build.SourceVersionMessage)"],
        ),
        (
            "jobs:\n- job: a\n  steps:\n  - task: Bash@3\n    inputs:\n      script: x $(build.sourceBranchName)",
            vec!["Injection 6 job a: $(build.sourceBranchName)"],
        ),
        ("steps:\n- script: echo $(Build.BuildId) $(date)", vec![]),
        ("steps:\n- script: echo \"$T\"\n  env: {T: $(Build.SourceVersionMessage)}", vec![]),
        (
            "variables:\n- group: prod-secrets\n- name: x\n  value: y",
            vec!["Secret 2 job (pipeline): variable group prod-secrets"],
        ),
        (
            "jobs:\n- deployment: d\n  steps:\n  - task: AzureCLI@2\n    inputs: {azureSubscription: prod}",
            vec!["Secret 5 job d: connection prod"],
        ),
        ("steps:\n- script: x\n  env: {T: $(System.AccessToken)}", vec!["Secret 3 job (pipeline): System.AccessToken"]),
        ("steps:\n- script: x $(deployPassword)", vec!["Secret 2 job (pipeline): deployPassword"]),
        ("pr: [main]\npool: own\nsteps: []", vec!["Runner 2 job (pipeline): pool own"]),
        ("pr: none\npool: own\nsteps: []", vec![]),
        ("pr: [main]\npool: {vmImage: ubuntu-latest}\nsteps: []", vec![]),
    ] {
        assert_eq!(told(path, yaml), expected, "{yaml}");
    }
}

#[test]
fn circleci_pastes_values_of_the_pipeline_and_gives_contexts() {
    let path = ".circleci/config.yml";
    let job = |run: &str| format!("jobs:\n  a:\n    steps:\n      - run: {run}\n");
    for (yaml, expected) in [
        (job("echo << pipeline.git.branch >>"), vec!["Injection 4 job a: pipeline.git.branch"]),
        (
            job("{command: echo <<pipeline.git.commit.subject>>}"),
            vec!["Injection 4 job a: pipeline.git.commit.subject"],
        ),
        (job("echo << pipeline.git.revision >> << pipeline.id >> << parameters.x >>"), vec![]),
        (job("deploy $DEPLOY_TOKEN"), vec!["Secret 4 job a: DEPLOY_TOKEN"]),
        (
            "workflows:\n  w:\n    jobs:\n      - a\n      - b:\n          context: [prod]\n".into(),
            vec!["Secret 6 job w/b: context prod"],
        ),
    ] {
        assert_eq!(told(path, &yaml), expected, "{yaml}");
    }
}

#[test]
fn buildkite_pastes_variables_before_the_shell_unless_their_sign_is_doubled() {
    let path = ".buildkite/pipeline.yml";
    let step = |command: &str| format!("steps:\n  - label: a\n    command: {command}\n");
    for (yaml, expected) in [
        (step("echo \"$BUILDKITE_MESSAGE\""), vec!["Injection 3 job a: $BUILDKITE_MESSAGE"]),
        (step("[x, 'y ${BUILDKITE_BRANCH}']"), vec!["Injection 3 job a: $BUILDKITE_BRANCH"]),
        (step("echo $$BUILDKITE_MESSAGE"), vec![]),
        (step("'echo \\$BUILDKITE_MESSAGE'"), vec![]),
        (step("echo $BUILDKITE_COMMIT"), vec![]),
        (step("x $$DEPLOY_TOKEN"), vec!["Secret 3 job a: DEPLOY_TOKEN"]),
        (
            "steps:\n  - group: g\n    steps:\n      - key: b\n        secrets: [KEY_OF_PROD]\n".into(),
            vec!["Secret 5 job b: KEY_OF_PROD"],
        ),
        ("- label: c\n  secrets: {T: prod/token}\n".into(), vec!["Secret 2 job c: T"]),
    ] {
        assert_eq!(told(path, &yaml), expected, "{yaml}");
    }
}

#[test]
fn jenkins_names_its_credentials() {
    for (line, expected) in [
        ("environment { K = credentials('prod-key') }", Some("prod-key")),
        ("withCredentials([string(credentialsId: \"deploy\", variable: 'T')]) { sh 'x' }", Some("deploy")),
        ("sshagent(['deploy-key']) {", Some("deploy-key")),
        ("sshagent(credentials: ['deploy-key']) {", Some("deploy-key")),
        ("docker.withRegistry(registry, 'jfrog') {", Some("jfrog")),
        ("docker.withRegistry('https://registry.example') {", None),
        ("// credentials('not-this')", None),
        ("withCredentials(bindings) { }", None),
        ("sh 'echo credentials'", None),
    ] {
        let expected: Vec<String> =
            expected.iter().map(|name| format!("Secret 2 job (pipeline): credentials {name}")).collect();
        assert_eq!(told("Jenkinsfile", &format!("pipeline {{\n  {line}\n}}\n")), expected, "{line}");
    }
}

#[test]
fn a_file_that_is_not_judged_whole_is_named_and_another_content_is_new() {
    for path in
        ["Jenkinsfile", "azure-pipelines.yml", ".circleci/config.yml", ".buildkite/x.yml", "bitbucket-pipelines.yml"]
    {
        let read = |text: &str| Workflow::read(&path.into(), text.as_bytes());
        let unjudged = |facts: Vec<PipelineFact>| -> Vec<bool> {
            facts.into_iter().filter(|fact| fact.says == PipelineSays::Unjudged).map(|fact| fact.was).collect()
        };
        assert_eq!(unjudged(facts(&[read("a: b\n")], None)), [false], "{path}");
        assert_eq!(unjudged(facts(&[read("a: b\n")], Some(&[read("a: b\n")]))), [true], "{path}");
        assert_eq!(unjudged(facts(&[read("a: c\n")], Some(&[read("a: b\n")]))), [false], "{path}");
        assert_eq!(unjudged(facts(&[read("a: [")], None)), [false], "{path}: also one that cannot be read");
    }
    for path in [".gitlab-ci.yml", ".github/workflows/x.yml"] {
        assert_eq!(facts(&[Workflow::read(&path.into(), b"a: b\n")], None), [], "{path}");
    }
}

#[test]
fn a_file_that_is_blown_up_by_aliases_is_not_judged_and_that_is_said() {
    let jobs: String = (0..2_000).map(|n| format!("  b{n}: {{steps: *s}}\n")).collect();
    let steps = "{run: x}, ".repeat(1_000);
    let told = told_all(".github/workflows/x.yml", &format!("on: push\njobs:\n  a: {{steps: &s [{steps}]}}\n{jobs}"));
    assert_eq!(told, ["so many values behind aliases that nothing of it is judged"]);
}

fn told_all(path: &str, text: &str) -> Vec<String> {
    let facts = facts(&[Workflow::read(&path.into(), text.as_bytes())], None);
    facts.iter().map(|fact| fact.detail.lossy().into_owned()).collect()
}
