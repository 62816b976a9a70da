//! What changed between the request that was shown and the one that is there now, field by field.

use serde::Serialize;

use crate::domain::json;
use crate::domain::request::{Core, EvidenceSummary, Request};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// A field: its name, its exact value, and how it is shown where that fits into a line.
struct Field {
    name: &'static str,
    value: fn(&Core) -> String,
    shown: Option<fn(&Core) -> SafeText>,
}

const fn field(name: &'static str, value: fn(&Core) -> String, shown: Option<fn(&Core) -> SafeText>) -> Field {
    Field { name, value, shown }
}

/// Every field of the core; a test sees to it that none is left out.
#[rustfmt::skip]
const FIELDS: &[Field] = &[
    field("key", |c| exact(&c.key), Some(|c| safe!("{}", c.key))),
    field("nonce", |c| exact(&c.nonce), None),
    field("repository", |c| exact(&c.repository), Some(|c| c.repository.value.ident())),
    field("environment", |c| exact(&c.environment), Some(|c| c.environment.value.ident())),
    field("name", |c| exact(&c.name), Some(|c| c.name.ident())),
    field("head", |c| exact(&c.head), Some(|c| c.head.as_ref().map_or(NONE, |sha| sha.short()))),
    field("branch", |c| exact(&c.branch), Some(|c| c.branch.as_ref().map_or(NONE, Text::ident))),
    field("base", |c| exact(&c.base), Some(|c| c.base.as_ref().map_or(NONE, |sha| sha.short()))),
    field("argv", |c| exact(&c.command.as_ref().map(|c| &c.argv)), None),
    field("folder", |c| exact(&c.command.as_ref().map(|c| &c.folder)), None),
    field("program", |c| exact(&c.command.as_ref().map(|c| (&c.program, c.program_digest))), None),
    field("environment variables", |c| exact(&c.command.as_ref().map(|c| c.env_digest)), None),
    field("stop signal or grace", |c| exact(&c.command.as_ref().map(|c| (&c.stop_signal, c.grace))), None),
    field("workflow file", |c| exact(&c.workflow), None),
    field("tree", |c| exact(&(c.tree, c.clean)), Some(|c| if c.clean { SafeText::lit("clean") } else { SafeText::lit("dirty") })),
    field("run", |c| exact(&c.run), None),
    field("who asks", |c| exact(&c.identities), Some(|c| c.requester().map_or(NONE, |i| i.shown()))),
    field("reason", |c| exact(&c.reason), None),
    field("scope or time asked", |c| exact(&c.ask), None),
];

const NONE: SafeText = SafeText::lit("none");

fn exact<T: Serialize>(value: &T) -> String {
    json::to_line(value).unwrap_or_default()
}

/// What changed, in words; nothing where both have the same digests.
pub fn compare(shown: &Request, now: &Request) -> Option<Text> {
    let mut changes: Vec<SafeText> = FIELDS.iter().filter_map(|field| change(field, &shown.core, &now.core)).collect();
    if changes.is_empty() && shown.digest() != now.digest() {
        changes.push(SafeText::lit("the bytes of the request"));
    }
    if shown.evidence.digest != now.evidence.digest {
        changes.push(evidence(&shown.evidence, &now.evidence));
    }
    (!changes.is_empty()).then(|| SafeText::join(&changes, ", ").into())
}

/// The base says most: what would change is another thing then.
fn evidence(was: &EvidenceSummary, is: &EvidenceSummary) -> SafeText {
    let base = |summary: &EvidenceSummary| summary.base.as_ref().map_or(NONE, |base| base.sha.short());
    if base(was) == base(is) {
        return SafeText::lit("evidence");
    }
    safe!("evidence (compared with {} -> {})", base(was), base(is))
}

fn change(field: &Field, was: &Core, is: &Core) -> Option<SafeText> {
    if (field.value)(was) == (field.value)(is) {
        return None;
    }
    let shown = field.shown.map(|shown| (shown(was), shown(is))).filter(|(was, is)| was != is);
    Some(match shown {
        Some((was, is)) => safe!("{} {} -> {}", field.name, was, is),
        None => safe!("{}", field.name),
    })
}
