//! What a job may do: the scopes of its token, the secrets that it reads, the machine that it runs on.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::walk;
use crate::domain::text::{SafeText, Text};
use crate::provenance::yaml::{Node, Value};
use crate::safe;

/// What a token may do in one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    None,
    Read,
    Write,
}

impl Level {
    fn read(word: &str) -> Self {
        match word {
            "none" => Level::None,
            "read" => Level::Read,
            // What is not known is taken for the most.
            _ => Level::Write,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Read => "read",
            Level::Write => "write",
        }
    }
}

/// The permissions of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Permissions {
    /// Nothing is written: what the repository's settings say.
    #[default]
    Unsaid,
    /// The same in every scope.
    All(All),
    /// Scope by scope; what is not named is none.
    Each(Scopes),
}

/// `read-all` or `write-all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct All(Level);

/// Levels by scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scopes(BTreeMap<String, Level>);

impl Permissions {
    /// None at all.
    pub(super) fn none() -> Self {
        Permissions::Each(Scopes::default())
    }

    /// Out of `permissions:`.
    pub(super) fn read(node: Option<&Rc<Node>>) -> Self {
        match node.map(|node| &node.value) {
            None => Permissions::Unsaid,
            Some(Value::Scalar(word, _)) => {
                Permissions::All(All(Level::read(word.strip_suffix("-all").unwrap_or(word))))
            }
            Some(Value::Map(entries)) => {
                let level = |node: &Rc<Node>| match &node.value {
                    Value::Scalar(word, _) => Level::read(word),
                    _ => Level::Write,
                };
                Permissions::Each(Scopes(entries.iter().map(|(scope, node)| (scope.clone(), level(node))).collect()))
            }
            Some(Value::List(_)) => Permissions::All(All(Level::Write)),
        }
    }

    fn level(&self, scope: &str) -> Option<Level> {
        match self {
            Permissions::Unsaid => None,
            Permissions::All(all) => Some(all.0),
            Permissions::Each(scopes) => Some(scopes.0.get(scope).copied().unwrap_or(Level::None)),
        }
    }

    /// In which scopes these go beyond those, in words.
    pub(super) fn beyond(&self, was: &Permissions) -> Vec<SafeText> {
        match (self, was) {
            (Permissions::Unsaid, Permissions::Unsaid) => Vec::new(),
            (Permissions::Unsaid, _) => vec!["no longer stated: what the repository's settings give".into()],
            (Permissions::All(now), Permissions::All(before)) if now.0 <= before.0 => Vec::new(),
            (Permissions::All(now), Permissions::All(before)) => {
                vec![safe!("all scopes {} -> {}", before.0.word(), now.0.word())]
            }
            (Permissions::All(now), _) if now.0 == Level::None => Vec::new(),
            (Permissions::All(now), _) => vec![safe!("all scopes -> {}", now.0.word())],
            (Permissions::Each(now), was) => {
                let wider = |(scope, level): (&String, &Level)| {
                    // Against unstated ones only writing is surely more.
                    let before = was.level(scope).unwrap_or(Level::Read);
                    let scope = Text::from(scope.as_str()).ident();
                    (*level > before).then(|| safe!("{} {} -> {}", scope, before.word(), level.word()))
                };
                now.0.iter().filter_map(wider).collect()
            }
        }
    }
}

/// Every secret that a job names, with the line where it first does; its own token is none.
pub(super) fn secrets(job: &Rc<Node>) -> Vec<(String, u64)> {
    let mut found = BTreeMap::new();
    if let Some(node) = job.get("secrets").filter(|n| matches!(&n.value, Value::Scalar(word, _) if word == "inherit")) {
        found.insert("every secret (inherit)".to_owned(), node.line);
    }
    walk(job, &mut BTreeSet::new(), &mut |text, line| {
        for name in named(text) {
            found.entry(name).or_insert(line);
        }
    });
    found.into_iter().collect()
}

/// `secrets.NAME`, `secrets['NAME']`, and `secrets` as a whole, in expressions.
fn named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for expression in super::scripts::expressions(text) {
        for (at, _) in expression.match_indices("secrets") {
            let before = expression.get(..at).and_then(|s| s.chars().next_back());
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
                continue;
            }
            let rest = expression.get(at + "secrets".len()..).unwrap_or_default();
            let name = rest.strip_prefix('.').or_else(|| rest.strip_prefix("['")).or_else(|| rest.strip_prefix("[\""));
            let word =
                |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect::<String>();
            match name.map(word) {
                Some(name) if name.eq_ignore_ascii_case("GITHUB_TOKEN") => {}
                Some(name) if !name.is_empty() => names.push(name),
                _ if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-')) => {}
                _ => names.push("every secret".to_owned()),
            }
        }
    }
    names
}

/// Whether `runs-on` names a machine of one's own, in whichever form.
pub(super) fn is_self_hosted(node: &Rc<Node>) -> bool {
    match &node.value {
        Value::Scalar(label, _) => label == "self-hosted",
        Value::List(labels) => labels.iter().any(is_self_hosted),
        Value::Map(entries) => {
            entries.iter().any(|(key, node)| matches!(key.as_str(), "labels") && is_self_hosted(node))
        }
    }
}
