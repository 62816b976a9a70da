//! Workflows as people write them, and what each says.

use super::*;

fn workflow(yaml: &str) -> Workflow {
    Workflow::read(&".github/workflows/x.yml".into(), yaml.as_bytes())
}

/// Facts of a file against another one, as `says line detail`.
fn told(head: &str, base: Option<&str>) -> Vec<(PipelineSays, u64, String, bool)> {
    let base = base.map(|base| vec![workflow(base)]);
    let facts = facts(&[workflow(head)], base.as_deref());
    facts.into_iter().map(|f| (f.says, f.place.line.unwrap(), f.detail.lossy().into_owned(), f.was)).collect()
}

const PLAIN: &str = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";

#[test]
fn a_plain_workflow_says_nothing() {
    assert_eq!(told(PLAIN, None), []);
    assert_eq!(told(PLAIN, Some(PLAIN)), []);
}

#[test]
fn dangerous_triggers_are_found_in_every_form() {
    for (on, line) in [
        ("on: pull_request_target", 1),
        ("on: [push, pull_request_target]", 1),
        ("on:\n  push:\n  pull_request_target:\n    types: [opened]", 3),
        ("\"on\":\n  - pull_request_target", 2),
    ] {
        let facts = told(&format!("{on}\njobs: {{}}\n"), None);
        let [(says, at, detail, was)] = facts.as_slice() else { panic!("{on}: {facts:?}") };
        assert_eq!((*says, detail.as_str(), *was), (PipelineSays::Trigger, "pull_request_target", false));
        assert!(at.abs_diff(line) <= 1, "{on}: line {at}");
    }
    let same = "on: workflow_run\njobs: {}\n";
    assert!(told(same, Some(same))[0].3, "the base says it too");
}

#[test]
fn permissions_are_held_against_the_base() {
    let job = |top: &str, own: &str| format!("on: push\n{top}jobs:\n  deploy:\n{own}    runs-on: x\n    steps: []\n");
    let read = "permissions:\n  contents: read\n";
    let cases: &[(&str, &str, &str, &str, &[&str])] = &[
        (read, "", read, "", &[]),
        ("permissions: write-all\n", "", read, "", &["job deploy: all scopes -> write"]),
        ("permissions: write-all\n", "", "permissions: read-all\n", "", &["job deploy: all scopes read -> write"]),
        ("permissions: {}\n", "", read, "", &[]),
        (
            read,
            "    permissions: {contents: write, id-token: write}\n",
            read,
            "",
            &["job deploy: contents read -> write", "job deploy: id-token none -> write"],
        ),
        ("", "", read, "", &["job deploy: no longer stated: what the repository's settings give"]),
        (read, "", "", "", &[]),
        ("permissions:\n  packages: write\n", "", "", "", &["job deploy: packages read -> write"]),
    ];
    for (top, own, old_top, old_own, expected) in cases {
        let facts = told(&job(top, own), Some(&job(old_top, old_own)));
        let details: Vec<&str> = facts.iter().map(|f| f.2.as_str()).collect();
        assert_eq!(details, *expected, "{top}{own}");
        assert!(facts.iter().all(|f| f.0 == PipelineSays::Permission && !f.3));
    }
}

#[test]
fn a_new_file_is_held_against_nothing() {
    let head = "on: push\npermissions: {contents: write}\njobs: {a: {runs-on: x}}\n";
    let facts = facts(&[workflow(head)], Some(&[]));
    assert_eq!(facts[0].detail, *"job a: contents none -> write");
    assert_eq!(told(head, None), [], "without a base nothing is wider");
}

#[test]
fn secrets_are_named_once_a_job_and_the_own_token_is_none() {
    let yaml = "on: push\njobs:\n  a:\n    env:\n      K: ${{ secrets.DEPLOY_KEY }}\n    steps:\n      - run: x\n        env: {T: \"${{ secrets.GITHUB_TOKEN }}\", U: \"${{ secrets['DEPLOY_KEY'] }}\"}\n  b:\n    uses: ./x.yml\n    secrets: inherit\n  c:\n    env: {A: \"${{ toJSON(secrets) }}\", B: \"${{ inputs.my-secrets.x }}\"}\n";
    let details: Vec<String> = told(yaml, None).into_iter().map(|f| f.2).collect();
    assert_eq!(details, ["job a: DEPLOY_KEY", "job b: every secret (inherit)", "job c: every secret"]);
}

#[test]
fn expressions_that_outsiders_fill_are_found_in_scripts_only() {
    let step = |body: &str| format!("on: push\njobs:\n  a:\n    steps:\n      - {body}\n");
    for (body, found) in [
        ("run: echo \"${{ github.event.pull_request.title }}\"", true),
        ("run: echo ${{ github.head_ref }}", true),
        ("run: echo ${{ GitHub.Event.Issue['body'] }}", true),
        ("run: echo ${{ github.event.commits[0].message }}", true),
        ("run: echo ${{ format('{0}', github.event.comment.body) }}", true),
        ("run: echo '${{ toJSON(github.event) }}'", true),
        ("run: echo ${{ github.event.pull_request.number }}", false),
        ("run: echo ${{ github.sha }} ${{ github.event.pull_request.head.sha }}", false),
        ("run: echo ${{ contains(github.event.pull_request.title, 'x') }}", false),
        ("run: echo ${{ github.head_ref == 'main' }}", false),
        ("uses: a/b@v1\n        with: {title: \"${{ github.head_ref }}\"}", false),
        ("uses: actions/github-script@v7\n        with: {script: \"f('${{ github.event.issue.title }}')\"}", true),
        ("run: echo $TITLE\n        env: {TITLE: \"${{ github.event.issue.title }}\"}", false),
    ] {
        let facts = told(&step(body), None);
        assert_eq!(facts.iter().any(|f| f.0 == PipelineSays::Injection), found, "{body}: {facts:?}");
    }
    let composite = "runs:\n  using: composite\n  steps:\n    - run: echo ${{ github.head_ref }}\n";
    assert_eq!(told(composite, None)[0].2, "job action: github.head_ref");
}

#[test]
fn a_machine_of_ones_own_is_odd_only_where_outsiders_start_the_workflow() {
    for (on, runs, found) in [
        ("pull_request", "self-hosted", true),
        ("pull_request", "[self-hosted, linux]", true),
        ("pull_request", "{labels: [self-hosted]}", true),
        ("push", "self-hosted", false),
        ("pull_request", "ubuntu-latest", false),
    ] {
        let yaml = format!("on: {on}\njobs:\n  a:\n    runs-on: {runs}\n");
        let facts = told(&yaml, None);
        assert_eq!(facts.iter().any(|f| f.0 == PipelineSays::Runner), found, "{yaml}");
    }
}

#[test]
fn what_cannot_be_read_says_nothing_and_the_rest_goes_on() {
    for yaml in ["a: 1\na: 2\n", "", "a: ["] {
        assert_eq!(facts(&[workflow(yaml), workflow("on: workflow_run\njobs: {}\n")], None).len(), 1, "{yaml}");
    }
}

#[test]
fn each_fact_is_a_finding_at_its_place_and_old_where_the_base_says_it() {
    let yaml = "on: pull_request_target\njobs:\n  a:\n    runs-on: self-hosted\n";
    let found: Vec<Finding> = super::scan(&facts(&[workflow(yaml)], Some(&[workflow(yaml)]))).collect();
    let told: Vec<_> = found.iter().map(|f| (f.id, f.new, f.place.as_ref().unwrap().shown().to_string())).collect();
    assert_eq!(
        told,
        [
            (FindingId::DangerousTrigger, false, ".github/workflows/x.yml:1".into()),
            (FindingId::SelfHostedRunner, false, ".github/workflows/x.yml:4".into()),
        ]
    );
}
