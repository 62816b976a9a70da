//! Which files nobody should approve unseen: what steers the pipeline, what pulls in foreign code, and changes that
//! a list of lines does not show.

use super::{File, Mode};

/// How a pattern is held against a path.
enum Is {
    /// The last part of the path.
    Named(&'static str),
    /// The last part begins or ends so.
    NameBegins(&'static str),
    NameEnds(&'static str),
    /// It lies below this hidden folder, wherever that is: with a slash behind it.
    Below(&'static str),
}

/// Class and pattern; the first that fits counts.
const PATHS: &[(&str, Is)] = &[
    ("lock file", Is::Named("actions.lock")),
    ("workflow", Is::Below(".github/workflows/")),
    ("action", Is::Below(".github/actions/")),
    ("action", Is::Named("action.yml")),
    ("action", Is::Named("action.yaml")),
    ("workflow", Is::Named(".gitlab-ci.yml")),
    ("workflow", Is::Below(".gitlab/ci/")),
    ("workflow", Is::NameBegins("jenkinsfile")),
    ("workflow", Is::Below(".circleci/")),
    ("workflow", Is::Below(".buildkite/")),
    ("workflow", Is::NameBegins("azure-pipelines")),
    ("workflow", Is::Named("bitbucket-pipelines.yml")),
    ("owners", Is::Named("codeowners")),
    ("git attributes", Is::Named(".gitattributes")),
    ("submodules", Is::Named(".gitmodules")),
    ("Dockerfile", Is::NameBegins("dockerfile")),
    ("Dockerfile", Is::NameEnds(".dockerfile")),
    ("Dockerfile", Is::NameBegins("containerfile")),
    ("lock file", Is::NameEnds(".lock")),
    ("lock file", Is::NameEnds(".lockb")),
    ("lock file", Is::NameEnds(".lockfile")),
    ("lock file", Is::NameEnds("-lock.json")),
    ("lock file", Is::NameEnds("-lock.yaml")),
    ("lock file", Is::Named("npm-shrinkwrap.json")),
    ("lock file", Is::Named("packages.lock.json")),
    ("lock file", Is::Named("go.sum")),
    ("lock file", Is::Named(".terraform.lock.hcl")),
];

pub(super) fn class(file: &File) -> Option<&'static str> {
    by_nature(file)
        .or_else(|| by_path(file.new.as_bytes()))
        .or_else(|| file.before.as_ref().and_then(|old| by_path(old.as_bytes())))
        .or_else(|| by_mode(file))
}

fn by_nature(file: &File) -> Option<&'static str> {
    let either = |is: fn(Mode) -> bool| file.old_mode.is_some_and(is) || file.new_mode.is_some_and(is);
    [("not understood", file.broken), ("submodule", either(Mode::is_submodule)), ("link", either(Mode::is_link))]
        .into_iter()
        .find_map(|(class, holds)| holds.then_some(class))
}

fn by_mode(file: &File) -> Option<&'static str> {
    let changed = matches!((file.old_mode, file.new_mode), (Some(old), Some(new)) if old != new);
    let new_program = file.old_mode.is_none() && file.new_mode.is_some_and(Mode::is_program);
    [
        ("binary", file.binary),
        ("pointer to a large file", file.pointer),
        ("mode", changed),
        ("new program", new_program),
    ]
    .into_iter()
    .find_map(|(class, holds)| holds.then_some(class))
}

fn by_path(path: &[u8]) -> Option<&'static str> {
    let begins = std::iter::once(0).chain(memchr::memchr_iter(b'/', path).map(|at| at + 1));
    let parts = begins.filter_map(|at| path.get(at..));
    let hidden: Vec<&[u8]> = parts.filter(|part| part.first() == Some(&b'.')).collect();
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    PATHS.iter().find(|(_, is)| fits(is, &hidden, name)).map(|(class, _)| *class)
}

/// By the last part of a path, and by what it is from each of its hidden folders on. Letters of either case.
fn fits(is: &Is, hidden: &[&[u8]], name: &[u8]) -> bool {
    let begins =
        |text: &[u8], with: &str| text.get(..with.len()).is_some_and(|t| t.eq_ignore_ascii_case(with.as_bytes()));
    match is {
        Is::Named(text) => name.eq_ignore_ascii_case(text.as_bytes()),
        Is::NameBegins(text) => begins(name, text),
        Is::NameEnds(text) => {
            name.len().checked_sub(text.len()).and_then(|at| name.get(at..)).is_some_and(|end| begins(end, text))
        }
        Is::Below(folder) => hidden.iter().any(|path| begins(path, folder)),
    }
}
