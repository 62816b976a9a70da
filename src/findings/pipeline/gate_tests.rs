//! Gates that stood at the base: each way to take one away, and changes that take none.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::gitlab_tests::since;
use super::*;

fn between(path: &str, base: &str, head: &str) -> Vec<String> {
    let read = |text: &str| [Workflow::read(&path.into(), text.as_bytes())];
    let facts = facts(&read(head), Some(&read(base)));
    let gates = facts.into_iter().filter(|fact| fact.says == PipelineSays::Gate && !fact.was);
    gates.map(|fact| fact.detail.lossy().into_owned()).collect()
}

#[test]
fn a_manual_job_that_starts_by_itself_is_told() {
    let main = "{if: $CI_COMMIT_BRANCH == 'main', when: manual}";
    let tag = "{if: $CI_COMMIT_TAG}";
    let rules = |rules: &str| format!("deploy:\n  script: [x]\n  rules: [{rules}]\n");
    let plain = |more: &str| format!("deploy:\n  script: [x]\n{more}");
    let none = "job deploy: no longer waits for a person to start it";
    for (base, head, expected) in [
        (plain("  when: manual\n"), plain(""), vec![none]),
        (plain("  when: manual\n"), plain("  when: on_success\n"), vec![none]),
        (rules(main), rules("{if: $CI_COMMIT_BRANCH == 'main'}"), vec![none]),
        (rules(main), plain(""), vec![none]),
        (rules(main), rules(&format!("{main}, {tag}")), vec!["job deploy: starts by itself where $CI_COMMIT_TAG"]),
        (
            rules(main),
            rules(&format!("{main}, {{when: always}}")),
            vec!["job deploy: starts by itself unless a rule says otherwise"],
        ),
        (
            rules(main),
            rules("{if: $CI_COMMIT_BRANCH == 'main', when: manual, allow_failure: true}"),
            vec!["job deploy: what follows no longer waits for it (allow_failure)"],
        ),
        // What waits as before, or more.
        (rules(main), rules(&format!("{{if: $X, when: never}}, {main}")), vec![]),
        (rules(tag), rules(main), vec![]),
        (rules(&format!("{main}, {tag}")), rules(&format!("{main}, {tag}")), vec![]),
        (plain("  when: manual\n"), rules(main), vec![]),
        (plain("  when: manual\n"), plain("  when: manual\n  allow_failure: true\n"), vec![]),
        (plain("  when: manual\n"), rules("{when: never}"), vec![]),
    ] {
        assert_eq!(between(".gitlab-ci.yml", &base, &head), expected, "{base} -> {head}");
    }
}

#[test]
fn a_gate_that_is_brought_from_elsewhere_is_the_jobs_own() {
    let base = ".manual: {when: manual}\ndeploy: {extends: .manual, script: [x]}\n";
    assert_eq!(
        since(base, ".manual: {when: manual}\ndeploy: {script: [x]}\n"),
        ["Gate job deploy: no longer waits for a person to start it"]
    );
    assert_eq!(
        since(base, ".manual: {}\ndeploy: {extends: .manual, script: [x]}\n"),
        ["Gate job deploy: no longer waits for a person to start it"]
    );
    assert_eq!(since(base, "deploy: {when: manual, script: [x]}\n"), Vec::<String>::new());
}

#[test]
fn an_environment_that_is_left_or_changed_is_told_at_every_system_that_has_them() {
    let github = |more: &str| format!("on: push\njobs:\n  deploy:\n    runs-on: x\n{more}");
    let gitlab = |more: &str| format!("deploy:\n  script: [x]\n{more}");
    let azure = |more: &str| format!("jobs:\n- deployment: deploy\n{more}");
    for (path, base, head, expected) in [
        (
            ".github/workflows/x.yml",
            github("    environment: prod\n"),
            github(""),
            Some("no longer in environment prod"),
        ),
        (
            ".github/workflows/x.yml",
            github("    environment: {name: prod}\n"),
            github("    environment: open\n"),
            Some("environment prod -> open"),
        ),
        (".github/workflows/x.yml", github("    environment: prod\n"), github("    environment: {name: prod}\n"), None),
        (".github/workflows/x.yml", github(""), github("    environment: prod\n"), None),
        (".gitlab-ci.yml", gitlab("  environment: {name: prod}\n"), gitlab(""), Some("no longer in environment prod")),
        ("azure-pipelines.yml", azure("  environment: prod\n"), azure(""), Some("no longer in environment prod")),
    ] {
        let expected: Vec<String> = expected.iter().map(|what| format!("job deploy: {what}")).collect();
        assert_eq!(between(path, &base, &head), expected, "{path}: {head}");
    }
}

#[test]
fn a_job_that_no_longer_waits_for_a_gate_before_it_is_told() {
    let github = |needs: &str| {
        format!(
            "on: push\njobs:\n  approve: {{environment: prod, runs-on: x}}\n  build: {{needs: approve, runs-on: x}}\n  deploy: {{needs: {needs}, runs-on: x}}\n"
        )
    };
    let path = ".github/workflows/x.yml";
    assert_eq!(between(path, &github("build"), &github("approve")), Vec::<String>::new());
    assert_eq!(between(path, &github("build"), &github("[]")), ["job deploy: no longer waits for job approve"]);
    let circle = |requires: &str| {
        format!(
            "workflows:\n  main:\n    jobs:\n      - build\n      - hold: {{type: approval, requires: [build]}}\n      - deploy: {{requires: [{requires}]}}\n"
        )
    };
    let path = ".circleci/config.yml";
    assert_eq!(
        between(path, &circle("hold"), &circle("build")),
        ["job main/deploy: no longer waits for job main/hold"]
    );
    assert_eq!(between(path, &circle("build"), &circle("hold")), Vec::<String>::new());
}

#[test]
fn a_gate_that_is_gone_is_told_and_one_of_another_name_is_not() {
    for (path, with, renamed, without, name) in [
        (
            ".gitlab-ci.yml",
            "ok: {script: [x], rules: [{when: manual}]}\nb: {script: [x]}\n",
            "yes: {script: [x], rules: [{when: manual}]}\nb: {script: [x]}\n",
            "b: {script: [x]}\n",
            "ok",
        ),
        (
            ".buildkite/pipeline.yml",
            "steps:\n  - block: Deploy?\n  - command: x\n",
            "steps:\n  - block: Really?\n  - command: x\n",
            "steps:\n  - command: x\n",
            "Deploy?",
        ),
        (
            "Jenkinsfile",
            "node {\n  input 'Deploy?'\n  sh 'x'\n}\n",
            "node {\n  input(message: 'Ship?')\n  sh 'x'\n}\n",
            "node {\n  // input 'Deploy?'\n  sh 'x'\n}\n",
            "input step 1",
        ),
        (
            "azure-pipelines.yml",
            "jobs:\n- job: wait\n  pool: server\n  steps: [{task: ManualValidation@0}]\n",
            "jobs:\n- job: hold\n  pool: server\n  steps: [{task: ManualValidation@1}]\n",
            "jobs:\n- job: wait\n  pool: server\n  steps: [{task: Delay@1}]\n",
            "ManualValidation of wait",
        ),
    ] {
        assert_eq!(between(path, with, without), [format!("{name} waited for a person and is gone")], "{path}");
        assert_eq!(between(path, with, renamed), Vec::<String>::new(), "{path}");
        assert_eq!(between(path, with, with), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn gates_need_a_base_and_jobs_that_lead_to_each_other_end() {
    let round = "a: {extends: b, needs: [c]}\nb: {extends: a, when: manual}\nc: {needs: [a], script: [x]}\n";
    let head = [Workflow::read(&".gitlab-ci.yml".into(), round.as_bytes())];
    assert!(facts(&head, None).iter().all(|fact| fact.says != PipelineSays::Gate));
    assert_eq!(since(round, round), Vec::<String>::new());
}

/// A line of a job, whatever system it would suit.
const LINES: &[&str] = &[
    "when: manual",
    "when: always",
    "allow_failure: true",
    "rules: [{if: $CI_COMMIT_TAG, when: manual}, {if: $CI_MERGE_REQUEST_IID}]",
    "only: [merge_requests]",
    "environment: prod",
    "environment: {name: prod}",
    "needs: [a]",
    "requires: [b]",
    "extends: [.h, b]",
    "tags: [shell]",
    "id_tokens: {T: {aud: https://x}}",
    "secrets: {S: {vault: a/b}}",
    "script: ['eval $CI_COMMIT_TITLE', 'x $DEPLOY_TOKEN']",
    "steps: [{run: 'echo ${{ github.head_ref }} << pipeline.git.branch >>'}]",
    "permissions: write-all",
    "type: approval",
    "block: go",
    "command: echo $BUILDKITE_MESSAGE",
];

/// Jobs of such lines: at the top, below `jobs:`, in a workflow, or as steps.
fn pipelines() -> impl Strategy<Value = String> {
    let body = proptest::sample::subsequence(LINES, 0..6).prop_map(|lines| {
        let keys: BTreeMap<&str, &str> = lines.iter().filter_map(|line| line.split_once(": ")).collect();
        keys.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(", ")
    });
    let jobs = proptest::collection::btree_map("\\.h|a|b|c", body, 0..4);
    (jobs, 0usize..4).prop_map(|(jobs, form)| {
        let named = jobs.iter().map(|(name, body)| format!("{name}: {{{body}}}")).collect::<Vec<_>>();
        match form {
            0 => named.join("\n"),
            1 => format!("on: pull_request\njobs: {{{}}}", named.join(", ")),
            2 => format!(
                "workflows: {{w: {{jobs: [{}]}}}}",
                named.iter().map(|job| format!("{{{job}}}")).collect::<Vec<_>>().join(", ")
            ),
            _ => format!("steps: [{}]", jobs.values().map(|body| format!("{{{body}}}")).collect::<Vec<_>>().join(", ")),
        }
    })
}

const PATHS: &[&str] = &[
    ".github/workflows/x.yml",
    ".gitlab-ci.yml",
    "azure-pipelines.yml",
    ".circleci/config.yml",
    ".buildkite/pipeline.yml",
    "bitbucket-pipelines.yml",
    "Jenkinsfile",
];

proptest! {
    #[test]
    fn a_pipeline_against_itself_has_nothing_new_and_against_nothing_no_gate(yaml in pipelines(), of in 0..PATHS.len()) {
        let file = [Workflow::read(&PATHS[of].into(), yaml.as_bytes())];
        let same = facts(&file, Some(&file));
        prop_assert!(same.iter().all(|fact| fact.was && fact.says != PipelineSays::Gate), "{yaml}: {same:?}");
        let alone: Vec<PipelineFact> = facts(&file, None).into_iter().map(|fact| PipelineFact { was: true, ..fact }).collect();
        prop_assert_eq!(alone, same, "{}", yaml);
    }

    #[test]
    fn a_gate_is_lost_only_where_one_stood(base in pipelines(), head in pipelines(), of in 0..PATHS.len()) {
        let read = |yaml: &str| [Workflow::read(&PATHS[of].into(), yaml.as_bytes())];
        let lost = facts(&read(&head), Some(&read(&base))).iter().any(|fact| fact.says == PipelineSays::Gate);
        let stood = ["manual", "environment", "approval", "block"].iter().any(|gate| base.contains(gate));
        prop_assert!(stood || !lost, "{base} -> {head}");
    }

    #[test]
    fn any_text_is_read_to_its_end(text in "[a-z $<>|&;'\"\\\\(){}\\[\\]:#\n-]{0,200}", of in 0..PATHS.len()) {
        let script = format!("a:\n  script:\n    - |\n{}\n", text.lines().map(|l| format!("      {l}\n")).collect::<String>());
        for text in [text.as_str(), script.as_str()] {
            drop(facts(&[Workflow::read(&PATHS[of].into(), text.as_bytes())], None));
        }
        drop(shell::becomes_code(&text, &["a"]));
    }
}
