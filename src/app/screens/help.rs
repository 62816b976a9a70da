//! Help: every verb of the table with its keys, searched by words.

use crate::app::line::Line;
use crate::app::queue::FIELDS;
use crate::app::state::State;
use crate::domain::text::SafeText;
use crate::keymap::{Context, Keymap, Row, VERBS};
use crate::safe;
use crate::theme::Role;

const ORDER: [Context; 8] = [
    Context::Queue,
    Context::Request,
    Context::Dialog,
    Context::Grants,
    Context::Audit,
    Context::Diff,
    Context::Moving,
    Context::Anywhere,
];

/// What every screen should say about itself, and the signs that it uses.
const LEGEND: &[(&str, &str)] = &[
    ("bob?", "only the pipeline says that it is bob; without `?` somebody vouches for it"),
    ("!! ! .. ??", "findings: high, medium, low, not proven either way (never green)"),
    ("1/2", "votes that are there, and needed"),
    ("x30", "requests that are the same but for key and job, as one row"),
    ("STALE 4m", "the backend does not answer; its rows are so old"),
    ("UNKNOWN", "nobody can say what state it is in; it is being asked again"),
];

/// Every line that has all the words.
pub fn lines(state: &State, search: &str, width: usize) -> Vec<Line> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let fits = |line: &Line| {
        let text = line.text().to_lowercase();
        words.iter().all(|w| text.contains(w.as_str()))
    };
    let mut lines = Vec::new();
    let mut section = |title: &'static str, rows: Vec<Line>| {
        let rows: Vec<Line> = rows.into_iter().filter(|l| fits(l)).collect();
        if !rows.is_empty() {
            lines.push(Line::of(Role::Title, title));
            lines.extend(rows.iter().flat_map(|l| l.wrap(width, 31)));
            lines.push(Line::new());
        }
    };
    for context in ORDER {
        section(context.title(), verbs_of(&state.setup.keymap, context));
    }
    let pair = |(sign, says): &(&'static str, &'static str)| {
        Line::of(Role::Strong, safe!("  {}", *sign)).filled_to(31).and(Role::Text, *says)
    };
    section("signs", LEGEND.iter().map(pair).collect());
    let field = |(name, takes): &(&'static str, &'static str)| {
        Line::of(Role::Strong, safe!("  {}:", *name)).filled_to(31).and(Role::Text, *takes)
    };
    section("fields of the filter (`-` before one turns it around)", FIELDS.iter().map(field).collect());
    if lines.is_empty() {
        lines.push(Line::of(Role::Dim, "nothing has all these words"));
    }
    lines
}

fn verbs_of(keymap: &Keymap, context: Context) -> Vec<Line> {
    // A verb of several contexts stands where it comes first.
    let here = |row: &&Row| row.contexts.iter().min_by_key(|c| ORDER.iter().position(|o| o == *c)) == Some(&context);
    VERBS.iter().filter(here).map(|row| verb_line(keymap, row)).collect()
}

fn verb_line(keymap: &Keymap, row: &Row) -> Line {
    let keys: Vec<SafeText> = keymap.keys(row.verb).iter().map(|k| safe!("{}", k)).collect();
    let keys = if keys.is_empty() { safe!(":{}", row.name) } else { SafeText::join(&keys, " ") };
    Line::of(Role::Key, safe!("  {}", keys.cut(15)))
        .filled_to(18)
        .and(if row.danger { Role::Bad } else { Role::Strong }, row.short.split(',').next().unwrap_or_default())
        .filled_to(31)
        .and(Role::Text, row.long)
}
