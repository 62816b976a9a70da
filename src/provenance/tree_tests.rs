use std::collections::BTreeMap;

use super::*;

const A: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

struct Folder(BTreeMap<&'static str, String>);

impl Files for Folder {
    fn read(&mut self, path: &Text) -> Result<Option<Vec<u8>>, Text> {
        match self.0.get(&*path.lossy()).map(String::as_str) {
            Some("too large") => Err("larger than 1 MB".into()),
            text => Ok(text.map(|text| text.as_bytes().to_vec())),
        }
    }

    fn object(&mut self, path: &Text) -> Result<Option<Text>, Text> {
        if path.lossy().contains("hidden") {
            return Err("HTTP 403".into());
        }
        let below = |name: &&str| *name == path.lossy() || name.starts_with(&format!("{}/", path.lossy()));
        Ok(self.0.keys().any(below).then(|| Text::from(format!("object of {}", path.lossy()))))
    }
}

fn grow(files: &[(&'static str, &str)]) -> Tree {
    let mut folder = Folder(files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect());
    let paths: Vec<Text> =
        files.iter().map(|(name, _)| Text::from(*name)).filter(|path| System::at(path).is_some()).collect();
    Tree::grow(&paths, &mut folder)
}

fn told(tree: &Tree) -> Vec<String> {
    let line = |(at, a): (usize, &Action)| {
        let parent = a.parent.map_or_else(|| "-".to_owned(), |p| p.to_string());
        format!("{at} <{parent} {} {}", a.written().lossy(), a.sha.clone().unwrap_or_default().lossy())
    };
    tree.actions.iter().enumerate().map(line).collect()
}

#[test]
fn local_actions_stand_below_what_calls_them_and_only_once() {
    let tree = grow(&[
        (".github/workflows/w.yml", "jobs: {a: {steps: [{uses: ./.github/actions/do}, {uses: $/ci/also}]}}"),
        (".github/workflows/call.yml", "jobs: {a: {uses: ./.github/workflows/w.yml}}"),
        (".github/actions/do/action.yml", "runs: {using: composite, steps: [{uses: x/y@v1}, {uses: ./ci/also}]}"),
        (".github/actions/alone/action.yaml", "runs: {using: docker, image: Dockerfile}"),
        (".github/actions/alone/Dockerfile", "FROM x"),
        ("ci/also/action.yml", "runs: {using: composite, steps: [{uses: ./.github/actions/do}]}"),
    ]);
    assert!(tree.faults.is_empty(), "{:?}", tree.faults);
    assert_eq!(
        told(&tree),
        [
            "0 <- ./.github/actions/do object of .github/actions/do",
            "1 <- $/ci/also object of ci/also",
            "2 <0 x/y@v1 ",
            "3 <0 ./ci/also object of ci/also",
            "4 <1 ./.github/actions/do object of .github/actions/do",
            "5 <- ./.github/workflows/w.yml object of .github/workflows/w.yml",
            "6 <- Dockerfile object of .github/actions/alone/Dockerfile",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn a_workflow_that_is_no_root_stands_below_the_one_that_calls_it_with_its_own_lock() {
    let lock = format!(
        "version: v0.0.2\nworkflows: {{.github/workflows/called.yml: [x/y@v1]}}\n\
         dependencies: {{x/y@v1: {{commit: sha1-{A}, uses: [d/e@v2]}}, d/e@v2: {{commit: sha1-{A}}}}}"
    );
    let mut folder = Folder(BTreeMap::from([
        (Lock::PATH, lock),
        (".github/workflows/w.yml", "jobs: {a: {uses: ./.github/workflows/called.yml}}".to_owned()),
        (".github/workflows/called.yml", "jobs: {a: {steps: [{uses: x/y@v1}, {uses: ./ci}]}}".to_owned()),
        ("ci/action.yml", "runs: {using: composite, steps: [{uses: z/z@v3}]}".to_owned()),
    ]));
    let tree = Tree::grow(&[".github/workflows/w.yml".into()], &mut folder);
    assert_eq!(
        told(&tree),
        [
            "0 <- ./.github/workflows/called.yml object of .github/workflows/called.yml".to_owned(),
            format!("1 <0 x/y@v1 {A}"),
            "2 <0 ./ci object of ci".to_owned(),
            format!("3 <1 d/e@v2 {A}"),
            "4 <2 z/z@v3 ".to_owned(),
        ]
    );
    assert!(tree.faults.is_empty(), "{:?}", tree.faults);
}

#[test]
fn what_nobody_can_say_anything_about_is_a_fault_with_the_reason() {
    let tree = grow(&[(".github/workflows/w.yml", "jobs: {a: {steps: [{uses: ./hidden}, {uses: x/y@v1}]}}")]);
    let why = PipelineTrouble::Unreadable { why: "HTTP 403".into() };
    assert_eq!(tree.faults.iter().map(|f| f.what.clone()).collect::<Vec<_>>(), [why]);
    assert_eq!(tree.unread()[0].what, Text::from("actions of .github/workflows/w.yml:1: HTTP 403"));
    assert_eq!(tree.actions.len(), 2);
}

#[test]
fn gitlab_includes_of_the_same_repository_are_followed() {
    let tree = grow(&[
        (".gitlab-ci.yml", "include: [{local: /ci/a.yml}, {project: g/p, file: x.yml}]\nimage: ruby:3"),
        ("ci/a.yml", "job: {image: alpine}"),
    ]);
    assert_eq!(
        told(&tree),
        ["0 <- /ci/a.yml object of ci/a.yml", "1 <- g/p:/x.yml@HEAD ", "2 <- ruby@3 ", "3 <0 alpine "]
            .map(str::to_owned)
    );
}

#[test]
fn the_lock_file_comes_first_where_it_covers_a_workflow() {
    let lock = format!(
        "version: v0.0.2\nworkflows: {{.github/workflows/w.yml: [x/y@v1]}}\ndependencies: {{x/y@v1: {{commit: sha1-{A}}}}}"
    );
    let workflow = "jobs: {a: {steps: [{uses: x/y@v1}, {uses: z/z@v1}]}}";
    let files =
        [(Lock::PATH, lock.as_str()), (".github/workflows/w.yml", workflow), (".github/workflows/o.yml", workflow)];
    let tree = grow(&files);
    let held: Vec<bool> = tree.actions.iter().map(|a| a.lock.is_some()).collect();
    assert_eq!(held, [true, false, false, false]);
    let what: Vec<_> = tree.faults.iter().map(|f| (f.place.lossy(), f.what.clone())).collect();
    assert_eq!(
        what,
        [
            (".github/workflows/w.yml:1".into(), PipelineTrouble::LockStale { lacks: "z/z@v1".into() }),
            (".github/workflows/o.yml".into(), PipelineTrouble::LockMissing),
        ]
    );
}

#[test]
fn what_cannot_be_read_or_followed_is_a_fault_and_the_rest_goes_on() {
    let tree = grow(&[
        (Lock::PATH, "version: v9"),
        (".github/workflows/a.yml", "too large"),
        (".github/workflows/b.yml", "jobs: {}\njobs: {}"),
        (".github/workflows/c.yml", "jobs: {a: {steps: [{uses: ./gone}, {uses: ./../out}, {uses: x/y@v1}]}}"),
    ]);
    let places: Vec<_> = tree.faults.iter().map(|f| f.place.lossy().into_owned()).collect();
    let c = ".github/workflows/c.yml:1";
    assert_eq!(
        places,
        [".github/workflows/actions.lock:1", ".github/workflows/a.yml", ".github/workflows/b.yml:2", c, c]
    );
    assert_eq!(tree.actions.len(), 3);
}

#[test]
fn deep_nesting_ends_with_a_fault() {
    let names: Vec<String> = (0..13).map(|n| format!("a{n}/action.yml")).collect();
    let mut files = BTreeMap::new();
    for (n, name) in names.iter().enumerate() {
        let text = format!("runs: {{using: composite, steps: [{{uses: ./a{}}}]}}", n + 1);
        files.insert(&*Box::leak(name.clone().into_boxed_str()), text);
    }
    files.insert(".github/workflows/w.yml", "jobs: {a: {steps: [{uses: ./a0}]}}".to_owned());
    let tree = Tree::grow(&[".github/workflows/w.yml".into()], &mut Folder(files));
    assert_eq!((tree.actions.len(), tree.faults.len()), (11, 1));
}
