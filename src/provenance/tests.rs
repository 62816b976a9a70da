use super::*;

const SHA: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

fn read(yaml: &str) -> Result<Vec<Action>, Unreadable> {
    workflow_actions(&Text::from("w.yml"), yaml.as_bytes())
}

/// `kind name reference comment sha? place`, one line an action.
fn told(yaml: &str) -> String {
    let line = |a: Action| {
        let word = format!("{:?}", a.kind).to_lowercase();
        let comment = a.comment.map(|c| format!(" # {}", c.ident())).unwrap_or_default();
        let sha = if a.sha.is_some() { " proven" } else { "" };
        let place = a.place.ident();
        format!("{word} {} @{}{comment}{sha} {place}\n", a.name.ident(), a.reference.ident())
    };
    read(yaml).unwrap().into_iter().map(line).collect()
}

#[test]
fn every_kind_of_reference_is_found_with_its_place_and_claim() {
    let digest = "0".repeat(64);
    let yaml = format!(
        "on: push
jobs:
  call:
    uses: acme/ci/.github/workflows/x.yml@{SHA} # v2
  near:
    uses: ./.github/workflows/y.yml
  build:
    container: node:20
    services:
      db: {{image: 'registry:5000/pg:16@sha256:{digest}'}}
      cache:
        image: ${{{{ matrix.cache }}}}
    steps:
      - uses: actions/checkout@v4   # pinned later
      - {{uses: \"aquasecurity/trivy-action@{SHA}\"}} # not a claim
      - run: |
          uses: evil/no@v1
      - uses: docker://alpine
      - name: local
        uses: ./.github/actions/do
"
    );
    assert_eq!(
        told(&yaml),
        format!(
            "workflow acme/ci/.github/workflows/x.yml @{SHA} # v2 proven w.yml:4
local ./.github/workflows/y.yml @ w.yml:6
image node @20 w.yml:8
image registry:5000/pg @sha256:{digest} # 16 proven w.yml:10
image ${{{{ matrix.cache }}}} @ w.yml:12
action actions/checkout @v4 # pinned later w.yml:14
action aquasecurity/trivy-action @{SHA} proven w.yml:15
image alpine @ w.yml:18
local ./.github/actions/do @ w.yml:20
"
        )
    );
}

#[test]
fn composite_and_container_actions_are_read() {
    let composite = "runs:\n  using: composite\n  steps:\n    - uses: a/b/sub@main\n";
    assert_eq!(told(composite), "action a/b/sub @main w.yml:4\n");
    assert_eq!(told("runs: {using: docker, image: Dockerfile}"), "local Dockerfile @ w.yml:1\n");
    assert_eq!(told("runs: {using: docker, image: 'docker://a:1'}"), "image a @1 w.yml:1\n");
}

#[test]
fn aliases_lead_to_the_place_of_their_anchor_once() {
    let yaml = "jobs:\n  a: &job\n    steps: &s\n      - uses: &u x/y@v1\n  b: *job\n  c:\n    steps: *s\n  d:\n    steps: [{uses: *u}]\n";
    assert_eq!(told(yaml), "action x/y @v1 w.yml:4\n");
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (yaml, line) in [
        ("", 1),
        ("- a", 1),
        ("jobs:\n  a: ]", 2),
        ("jobs: {}\njobs: {}", 2),
        ("jobs:\n  a:\n    steps:\n      - uses: x/y@v1\n        uses: x/y@v2", 5),
        ("jobs:\n  a: &a\n    steps: *a", 3),
        ("jobs:\n  a:\n    <<: {steps: []}", 3),
        ("jobs:\n  a:\n    steps: text", 3),
        ("jobs:\n  a:\n    steps:\n      - uses: [x/y@v1]", 4),
        ("jobs:\n  a:\n    steps:\n      - uses:\n", 4),
        ("jobs: {}\n---\njobs: {}", 2),
        ("? [a]\n: b", 1),
    ] {
        match read(yaml) {
            Err(e) => assert_eq!(e.line, line, "{yaml:?}: {e}"),
            Ok(found) => panic!("{yaml:?} gave {found:?}"),
        }
    }
    let bytes = b"jobs:\n  a\xff: {}";
    assert_eq!(workflow_actions(&Text::from("w"), bytes).unwrap_err().line, 2);
}

#[test]
fn bounds_hold_against_depth_size_and_alias_bombs() {
    assert!(read(&format!("jobs: {}", "[".repeat(5_000))).is_err());
    assert!(read(&"- ".repeat(5_000)).is_err());
    assert!(read(&format!("a: {}", "x".repeat(11 << 20))).unwrap_err().why.contains("10 MB"));
    let mut bomb = String::from("jobs:\n  a: {steps: &s [");
    (0..2_000).for_each(|n| bomb.push_str(&format!("{{uses: a/b@{n}}},")));
    bomb.push_str("]}\n");
    (0..20_000).for_each(|n| bomb.push_str(&format!("  b{n}: {{steps: *s}}\n")));
    assert_eq!(read(&bomb).unwrap().len(), 2_000);
}

#[test]
fn ten_thousand_nested_anchors_are_a_named_fault_and_as_many_side_by_side_are_read() {
    let nested: String = (0..10_000).map(|n| format!("&a{n} [")).collect();
    let fault = read(&format!("jobs:\n  a: {nested}")).unwrap_err();
    assert_eq!((fault.line, fault.why.as_str()), (2, "recursion limit exceeded"), "the parser's own bound comes first");
    let below: String = (0..100).map(|n| format!("{}a: &a{n}\n", " ".repeat(n))).collect();
    let fault = read(&below).unwrap_err();
    assert_eq!((fault.line, fault.why.as_str()), (64, "nested deeper than 64 levels"));
    let steps: String = (0..10_000).map(|n| format!("      - &a{n} {{uses: a/b@v{n}}}\n")).collect();
    assert_eq!(read(&format!("jobs:\n  a:\n    steps:\n{steps}")).unwrap().len(), 10_000);
    let fault = gitlab_actions(&"ci".into(), format!("a: {nested}").as_bytes()).unwrap_err();
    assert_eq!(fault.why, "recursion limit exceeded");
}

#[test]
fn levels_behind_aliases_count_so_that_no_walk_is_led_deeper() {
    let chain = |n: usize| (1..n).fold("- &a0 [x]\n".to_owned(), |all, at| all + &format!("- &a{at} [*a{}]\n", at - 1));
    let fault = gitlab_actions(&"ci".into(), chain(300_000).as_bytes()).unwrap_err();
    assert_eq!(fault.why, "nested deeper than 64 levels");
    assert!(fault.line > 60 && fault.line < 70, "line {}", fault.line);
    let short = gitlab_actions(&"ci".into(), format!("a:\n{}", chain(40)).as_bytes());
    assert_eq!(short, Ok(Vec::new()));
}

#[test]
fn comments_need_white_space_and_survive_wide_characters_and_crlf() {
    let yaml = "name: 日本語 🚀\r\njobs:\r\n  a:\r\n    steps:\r\n      - uses: x/y@v1#not\r\n      - uses: 'ü/y@v1' # v1.2.3\r\n";
    assert_eq!(told(yaml), "action x/y @v1#not w.yml:5\naction ü/y @v1 # v1.2.3 w.yml:6\n");
}

#[test]
fn changes_carry_what_was_there_before() {
    let mut head = read("jobs: {a: {steps: [{uses: a/b@v2}, {uses: c/d@v1}, {uses: n/w@v1}]}}").unwrap();
    let base = read("jobs: {a: {steps: [{uses: a/b@v1}, {uses: c/d@v1}]}}").unwrap();
    compare(&mut head, &base);
    let told: Vec<_> = head.iter().map(|a| (a.name.lossy(), a.before.as_ref().map(|b| b.reference.lossy()))).collect();
    assert_eq!(told, [("a/b".into(), Some("v1".into())), ("c/d".into(), None), ("n/w".into(), None)]);
}
