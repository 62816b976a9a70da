//! From TOML to a `Rule`.

use toml::de::DeTable;

use super::check;
use super::keys::Section;
use super::parse::offer_of;
use super::people::{Groups, People};
use super::reader::{Item, Place, Reader};
use super::rule::{Asks, Condition, Field, Rule, Wanted, Word};
use crate::domain::finding::{FindingId, Severity, TABLE};
use crate::domain::ids::Group;
use crate::domain::principal::Assurance;
use crate::domain::scope::Scope;
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
const SEVERITIES: &[(&str, Severity)] =
    &[("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High)];
/// Whom `not` may name; true where it adds something to what always holds.
const NOT: &[(&str, bool)] = &[("requester", false), ("authors", true)];
/// Nothing waits longer than a week.
const WAIT_CAP: Span = Span::hours(7 * 24);

/// Every rule of `[[rule]]`.
pub(super) fn rules(r: &mut Reader, item: &Item, groups: &Groups, people: &People) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for item in r.list(item) {
        let Some(rule) = rule(r, item, groups, people) else { continue };
        if rules.iter().any(|other| other.name == rule.name) {
            let what = safe!("there is another rule `{}`", rule.name.ident());
            r.fault(&item.span(), what, "give each rule a name of its own: verdicts name them");
        }
        rules.push(rule);
    }
    rules
}

fn rule(r: &mut Reader, item: &Item, groups: &Groups, people: &People) -> Option<Rule> {
    let table = r.section(item, Section::Rule)?;
    let name = match table.get("name") {
        Some(item) => r.string(item),
        None => {
            r.fault(
                &item.span(),
                SafeText::lit("a rule without a name"),
                "add name = \"…\": verdicts name their rules",
            );
            None
        }
    };
    let effect = match table.get("effect") {
        Some(item) => r.one_of(item, EFFECTS),
        None => Some(Effect::Approve),
    };
    let matching = table.get("match").map(|item| condition(r, item)).unwrap_or_default();
    let unless = table.get("unless").map(|item| condition(r, item));
    let asks = asks(r, table, &Known { groups, people });
    let rule = Rule { name: Text::from(name?), effect: effect?, matching, unless, asks };
    check::rule(r, &rule, table, &item.span());
    Some(rule)
}

fn condition(r: &mut Reader, item: &Item) -> Condition {
    let Some(table) = r.section(item, Section::Match) else { return Condition::default() };
    let test = |(field, key)| Some((field, wanted(r, field, table.get(key)?)?));
    Condition { tests: Field::all().filter_map(test).collect() }
}

fn wanted(r: &mut Reader, field: Field, item: &Item) -> Option<Wanted> {
    match field {
        Field::Verified => r.boolean(item).map(Wanted::Verified),
        Field::Severity => r.one_of(item, SEVERITIES).map(Wanted::AtLeast),
        Field::Finding => {
            let known: Vec<(&'static str, FindingId)> = TABLE.iter().map(|row| (row.word, row.id)).collect();
            Some(Wanted::Findings(choices(r, item, &known)))
        }
        _ => r.globs(item).map(Wanted::Globs),
    }
}

/// One word or a list of them, each out of a few.
fn choices<T: Copy>(r: &mut Reader, item: &Item, known: &[(&'static str, T)]) -> Vec<T> {
    let words = r.strings(item);
    words.iter().filter_map(|(word, place)| r.choice(word, place, known)).collect()
}

/// What a rule may refer to.
struct Known<'p> {
    groups: &'p Groups,
    people: &'p People,
}

fn asks(r: &mut Reader, table: &DeTable, known: &Known) -> Asks {
    let approvals = table.get("approvals").map(|item| r.list(item)).unwrap_or_default();
    let not = table.get("not").map(|item| choices(r, item, NOT)).unwrap_or_default();
    Asks {
        approvals: approvals.iter().filter_map(|item| need(r, item, known)).collect(),
        not_authors: not.contains(&true),
        verified_requester: table.get("verified_requester").and_then(|i| r.boolean(i)).unwrap_or(false),
        scopes: table.get("scopes").map(|item| choices(r, item, SCOPES)),
        start_by: table.get("start_by").and_then(|i| r.span(i, RUN_FOR_CAP)),
        run_for: table.get("run_for").and_then(|i| r.span(i, RUN_FOR_CAP)),
        reason: table.get("reason").and_then(|i| r.boolean(i)).unwrap_or(false),
        word: table.get("word").and_then(|i| word(r, i)),
        seen: table.get("seen").and_then(|i| r.one_of(i, SEEN)),
        may_acknowledge: table.get("may_acknowledge").and_then(|i| r.boolean(i)),
        bulk: table.get("bulk").and_then(|i| r.boolean(i)),
        wait: table.get("wait").and_then(|i| r.span(i, WAIT_CAP)),
        min_assurance: table.get("min_assurance").and_then(|i| r.one_of(i, ASSURANCES)),
        break_glass: table.get("break_glass").and_then(|i| {
            let name = r.string(i)?;
            group(r, name, &i.span(), 1, known)
        }),
    }
}

fn word(r: &mut Reader, item: &Item) -> Option<Word> {
    match r.string(item)? {
        "environment" => Some(Word::Environment),
        text if text.bytes().all(|b| b.is_ascii_graphic()) => Some(Word::Literal(text.into())),
        _ => {
            let mend = "take one word of visible ASCII characters: it has to be typed";
            r.fault(&item.span(), SafeText::lit("a word that cannot be typed everywhere"), mend);
            None
        }
    }
}

fn need(r: &mut Reader, item: &Item, known: &Known) -> Option<Need> {
    let table = r.section(item, Section::Approval)?;
    let count = match table.get("count") {
        Some(item) => r.number(item)?,
        None => 1,
    };
    if count == 0 {
        r.fault(
            &item.span(),
            SafeText::lit("nobody would have to approve"),
            "ask for one at least, or write effect = \"allow\"",
        );
        return None;
    }
    let Some(item) = table.get("group") else {
        enough(r, &item.span(), count, known.people.len(), &SafeText::lit("[people]"));
        return Some(Need { count, group: None });
    };
    let name = r.string(item)?;
    Some(Need { count, group: Some(group(r, name, &item.span(), count, known)?) })
}

/// A group that is there and can bring so many people together.
fn group(r: &mut Reader, name: &str, place: &Place, count: u32, known: &Known) -> Option<Group> {
    let group: Group = r.name(name, place)?;
    let Some(members) = known.groups.get(&group) else {
        let names = known.groups.keys().map(Group::as_str);
        let mend = offer_of(name, names).unwrap_or(SafeText::lit("add it under [groups]"));
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
