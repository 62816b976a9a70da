//! Expressions in scripts: `${{ … }}` is pasted in before the shell reads a line, so what outsiders can write there
//! is code.

use std::rc::Rc;

use crate::provenance::yaml::{Node, Value};

/// What of the event outsiders write, as the tail of a context; `*` is one part of any name.
const FILLED: &[&str] = &[
    "github.head_ref",
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.pull_request.head.repo.description",
    "github.event.pull_request.head.repo.homepage",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.pages.*.page_name",
    "github.event.commits.*.message",
    "github.event.commits.*.author.email",
    "github.event.commits.*.author.name",
    "github.event.head_commit.message",
    "github.event.head_commit.author.email",
    "github.event.head_commit.author.name",
    "github.event.head_commit.committer.email",
    "github.event.head_commit.committer.name",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_commit.message",
    "github.event.workflow_run.head_commit.author.email",
    "github.event.workflow_run.head_commit.author.name",
    "github.event.workflow_run.head_repository.description",
    "github.event.workflow_run.pull_requests.*.head.ref",
];
/// Functions whose answer is yes or no, whatever outsiders write.
const HARMLESS: &[&str] = &["contains", "startswith", "endswith", "hashfiles"];
/// Inputs of actions that are run as a script, by the beginning of the action's name.
const SCRIPTS: &[(&str, &str)] = &[("actions/github-script@", "script")];

/// The expressions of a step that outsiders fill, each with its line.
pub(super) fn injections(step: &Rc<Node>) -> Vec<(u64, String)> {
    let run = step.get("run");
    let scripts = SCRIPTS.iter().filter_map(|(action, input)| {
        let uses = matches!(&step.get("uses")?.value, Value::Scalar(text, _) if text.starts_with(action));
        uses.then(|| step.get("with")?.get(input)).flatten()
    });
    run.into_iter().chain(scripts).flat_map(of_script).collect()
}

fn of_script(node: &Rc<Node>) -> Vec<(u64, String)> {
    let Value::Scalar(text, _) = &node.value else { return Vec::new() };
    let filled = expressions(text).filter(|expression| is_filled(expression));
    filled.map(|expression| (node.line, expression.trim().to_owned())).collect()
}

/// What stands between `${{` and `}}`.
pub(super) fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.split("${{").skip(1).filter_map(|rest| rest.split("}}").next())
}

fn is_filled(expression: &str) -> bool {
    // Names of contexts are read without regard to case; `a['b']` is `a.b`.
    let plain = expression.to_lowercase().replace("['", ".").replace("']", "").replace("[*]", ".*");
    let plain: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
    let harmless = |name: &&str| plain.starts_with(&format!("{name}(")) && plain.ends_with(')');
    if plain.contains("==") || plain.contains("!=") || HARMLESS.iter().any(harmless) {
        return false;
    }
    let words = plain.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '[' | ']')));
    let whole = plain.starts_with("tojson(") && plain.contains("github.event)");
    whole || words.into_iter().any(|word| FILLED.iter().any(|context| fits(word, context)))
}

/// Whether a context is this one, or a part of it; an index stands for `*`.
fn fits(word: &str, context: &str) -> bool {
    let unindexed = word.replace('[', ".").replace(']', "");
    let (mut parts, wanted) = (unindexed.split('.'), context.split('.'));
    wanted.into_iter().all(|wanted| parts.next().is_some_and(|part| wanted == "*" || part == wanted))
}
