//! From TOML to a `Rule`.

use super::check;
use super::keys::Section;
use super::people::{Groups, People};
use super::reader::{Reader, Table, get};
use super::rule::{Asks, Condition, Field, Rule, Wanted, Word};
use super::weigh::SEVERITIES;
use crate::domain::document::{Node, Place};
use crate::domain::finding::{FindingId, TABLE};
use crate::domain::ids::Group;
use crate::domain::principal::Assurance;
use crate::domain::scope::Scope;
use crate::domain::spelling;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::domain::verdict::{Effect, Need, RUN_FOR_CAP, SeenDemand};
use crate::safe;

const EFFECTS: &[(&str, Effect)] = &[("allow", Effect::Allow), ("approve", Effect::Approve), ("deny", Effect::Deny)];
const SCOPES: &[(&str, Scope)] =
    &[("once", Scope::Once), ("run", Scope::Run), ("revision", Scope::Revision), ("action", Scope::Action)];
const SEEN: &[(&str, SeenDemand)] =
    &[("nothing", SeenDemand::Nothing), ("must-see", SeenDemand::MustSee), ("all", SeenDemand::All)];
const ASSURANCES: &[(&str, Assurance)] =
    &[("peer", Assurance::Peer), ("bearer", Assurance::Bearer), ("oidc", Assurance::Oidc), ("ssh", Assurance::Ssh)];
/// Whom `not` may name; true where it adds something to what always holds.
const NOT: &[(&str, bool)] = &[("requester", false), ("authors", true)];
/// Nothing waits longer than a week.
const WAIT_CAP: Span = Span::hours(7 * 24);

/// Every rule of `[[rule]]`.
pub(super) fn rules(r: &mut Reader, node: &Node, groups: &Groups, people: &People) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for node in r.list(node) {
        let Some(rule) = rule(r, node, groups, people) else { continue };
        if rules.iter().any(|other| other.name == rule.name) {
            let what = safe!("there is another rule `{}`", rule.name.ident());
            r.fault(&node.place, what, "give each rule a name of its own: verdicts name them");
        }
        rules.push(rule);
    }
    rules
}

fn rule(r: &mut Reader, node: &Node, groups: &Groups, people: &People) -> Option<Rule> {
    let table = r.section(node, Section::Rule);
    let name = match get(table, "name") {
        Some(node) => r.string(node),
        None => {
            r.fault(&node.place, "a rule without a name", "add name = \"…\": verdicts name their rules");
            None
        }
    };
    let effect = match get(table, "effect") {
        Some(node) => r.one_of(node, EFFECTS),
        None => Some(Effect::Approve),
    };
    let matching = get(table, "match").map(|node| condition(r, node)).unwrap_or_default();
    let unless = get(table, "unless").map(|node| condition(r, node));
    let asks = asks(r, table, &Known { groups, people });
    let rule = Rule { name: Text::from(name?), effect: effect?, matching, unless, asks };
    check::rule(r, &rule, table, &node.place);
    Some(rule)
}

fn condition(r: &mut Reader, node: &Node) -> Condition {
    let table = r.section(node, Section::Match);
    let test = |(field, key)| Some((field, wanted(r, field, get(table, key)?)?));
    Condition { tests: Field::all().filter_map(test).collect() }
}

fn wanted(r: &mut Reader, field: Field, node: &Node) -> Option<Wanted> {
    match field {
        Field::Verified => r.boolean(node).map(Wanted::Verified),
        Field::Severity => r.one_of(node, SEVERITIES).map(Wanted::AtLeast),
        Field::Finding => {
            let known: Vec<(&'static str, FindingId)> = TABLE.iter().map(|row| (row.word, row.id)).collect();
            Some(Wanted::Findings(choices(r, node, &known)))
        }
        _ => r.globs(node).map(Wanted::Globs),
    }
}

/// One word or a list of them, each out of a few.
fn choices<T: Copy>(r: &mut Reader, node: &Node, known: &[(&'static str, T)]) -> Vec<T> {
    let words = r.strings(node);
    words.iter().filter_map(|(word, place)| r.choice(word, place, known)).collect()
}

/// What a rule may refer to.
struct Known<'p> {
    groups: &'p Groups,
    people: &'p People,
}

fn asks(r: &mut Reader, table: Table, known: &Known) -> Asks {
    let approvals = get(table, "approvals").map(|node| r.list(node)).unwrap_or_default();
    let not = get(table, "not").map(|node| choices(r, node, NOT)).unwrap_or_default();
    Asks {
        approvals: approvals.iter().filter_map(|node| need(r, node, known)).collect(),
        not_authors: not.contains(&true),
        verified_requester: get(table, "verified_requester").and_then(|i| r.boolean(i)).unwrap_or(false),
        scopes: get(table, "scopes").map(|node| choices(r, node, SCOPES)),
        start_by: get(table, "start_by").and_then(|i| r.span(i, RUN_FOR_CAP)),
        run_for: get(table, "run_for").and_then(|i| r.span(i, RUN_FOR_CAP)),
        max_uses: get(table, "max_uses").and_then(|i| uses(r, i)),
        reason: get(table, "reason").and_then(|i| r.boolean(i)).unwrap_or(false),
        word: get(table, "word").and_then(|i| word(r, i)),
        seen: get(table, "seen").and_then(|i| r.one_of(i, SEEN)),
        may_acknowledge: get(table, "may_acknowledge").and_then(|i| r.boolean(i)),
        bulk: get(table, "bulk").and_then(|i| r.boolean(i)),
        wait: get(table, "wait").and_then(|i| r.span(i, WAIT_CAP)),
        min_assurance: get(table, "min_assurance").and_then(|i| r.one_of(i, ASSURANCES)),
        break_glass: get(table, "break_glass").and_then(|i| {
            let name = r.string(i)?;
            group(r, name, &i.place, 1, known)
        }),
    }
}

/// A grant that may never be used is none.
fn uses(r: &mut Reader, node: &Node) -> Option<u32> {
    let count = r.number(node)?;
    if count == 0 {
        r.fault(&node.place, "a grant that may never be used", "write 1 or more");
    }
    (count > 0).then_some(count)
}

fn word(r: &mut Reader, node: &Node) -> Option<Word> {
    match r.string(node)? {
        "environment" => Some(Word::Environment),
        text if text.bytes().all(|b| b.is_ascii_graphic()) => Some(Word::Literal(text.into())),
        _ => {
            let mend = "take one word of visible ASCII characters: it has to be typed";
            r.fault(&node.place, "a word that cannot be typed everywhere", mend);
            None
        }
    }
}

fn need(r: &mut Reader, node: &Node, known: &Known) -> Option<Need> {
    let table = r.section(node, Section::Approval);
    let count = match get(table, "count") {
        Some(node) => r.number(node)?,
        None => 1,
    };
    if count == 0 {
        r.fault(&node.place, "nobody would have to approve", "ask for one at least, or write effect = \"allow\"");
        return None;
    }
    let Some(node) = get(table, "group") else {
        enough(r, &node.place, count, known.people.len(), &"[people]".into());
        return Some(Need { count, group: None });
    };
    let name = r.string(node)?;
    Some(Need { count, group: Some(group(r, name, &node.place, count, known)?) })
}

/// A group that is there and can bring so many people together.
fn group(r: &mut Reader, name: &str, place: &Place, count: u32, known: &Known) -> Option<Group> {
    let group: Group = r.name(name, place)?;
    let Some(members) = known.groups.get(&group) else {
        let names = known.groups.keys().map(Group::as_str);
        let mend = if known.groups.is_empty() { "add it under [groups]".into() } else { spelling::mend(name, names) };
        r.fault(place, safe!("there is no group `{}`", group), mend);
        return None;
    };
    enough(r, place, count, members.len(), &safe!("`{}`", group));
    Some(group)
}

fn enough(r: &mut Reader, place: &Place, count: u32, there: usize, of_whom: &SafeText) {
    if (there as u64) < u64::from(count) {
        let what = safe!("{} people are asked for and {} has {}", count, of_whom, there);
        r.fault(place, what, "add people or ask for fewer: nobody could ever approve this");
    }
}
