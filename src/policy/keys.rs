//! The table of keys: the parser knows no others, and the reference in `docs/policy.md` is printed from it.

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// At the top of the file.
    Top,
    /// In `[people.NAME]`.
    Person,
    /// In `[[rule]]`.
    Rule,
    /// In `match` and `unless`.
    Match,
    /// In an entry of `approvals`.
    Approval,
    /// In `[findings.ID]`.
    Finding,
}

impl Section {
    /// How it is written.
    pub fn title(self) -> &'static str {
        match self {
            Section::Top => "top of the file",
            Section::Person => "[people.NAME]",
            Section::Rule => "[[rule]]",
            Section::Match => "match, unless",
            Section::Approval => "approvals",
            Section::Finding => "[findings.ID]",
        }
    }
}

/// On rules of which effect a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Every rule.
    All,
    /// Rules after which something may start: `allow` and `approve`.
    Starting,
    /// `approve` only.
    Approve,
}

/// One key.
pub struct Key {
    /// Where it stands.
    pub section: Section,
    /// Its name.
    pub word: &'static str,
    /// What is written behind it.
    pub form: &'static str,
    /// What holds where it is left out.
    pub default: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// On which rules it means something.
    pub on: On,
}

const fn key(
    section: Section,
    word: &'static str,
    form: &'static str,
    default: &'static str,
    doc: &'static str,
    on: On,
) -> Key {
    Key { section, word, form, default, doc, on }
}

use On::{All, Approve, Starting};
use Section::{Approval, Finding, Match, Person, Rule, Top};

/// Every key there is.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key(Top, "production", "globs", r#"["prod*"]"#, "environments that count as production: sorted first, marked PROD", All),
    key(Top, "people", "tables", "nobody", "the people, and every name that each goes by", All),
    key(Top, "groups", "table of lists of people", "none", "`oncall = [\"alice\", \"bob\"]`", All),
    key(Top, "rule", "tables", "none", "the rules; their order means nothing", All),
    key(Top, "findings", "tables", "as docs/findings.md says", "how bad a finding is, and whether it blocks", All),
    key(Person, "uids", "list of numbers", "none", "users of this machine", All),
    key(Person, "logins", "list of texts", "none", "logins at forges and CI systems; case does not matter", All),
    key(Person, "emails", "list of texts", "none", "mail addresses that commits carry; case does not matter", All),
    key(Rule, "name", "text", "must be there", "names the rule in verdicts and in the audit log", All),
    key(Rule, "match", "table", "every request", "all its keys must match", All),
    key(Rule, "unless", "table", "no exception", "where all its keys match, the rule does not", All),
    key(Rule, "effect", "allow, approve, deny", "approve", "start without a person; ask people; never start", All),
    key(Rule, "approvals", "list of {count, group}", "one other person", "who must approve; the demands of all matching rules hold", Approve),
    key(Rule, "not", "requester, authors", "requester", "who may not approve; the requester never may", Approve),
    key(Rule, "verified_requester", "true, false", "false", "a requester whom only the pipeline names is not good enough", Approve),
    key(Rule, "scopes", "once, run, revision, action", "once, run", "scopes that may be granted; `once` always may", Starting),
    key(Rule, "start_by", "time", "10m", "cap: from the decision until no pass may start", Starting),
    key(Rule, "run_for", "time", "15m", "cap: from each start until the action is ended; at most 8h", Starting),
    key(Rule, "max_uses", "number", "no limit", "how often a grant may be used; without it the guard keeps no scope wider than `once`", Starting),
    key(Rule, "reason", "true, false", "false", "a reason must be given", Approve),
    key(Rule, "word", "text", "none", "a word that must be typed; \"environment\" = the name of the environment", Approve),
    key(Rule, "seen", "nothing, must-see, all", "must-see", "files of the diff that must have been on the screen", Approve),
    key(Rule, "may_acknowledge", "true, false", "true", "typing the number of unseen files stands in for seeing them", Approve),
    key(Rule, "bulk", "true, false", "true", "may be decided together with others", Approve),
    key(Rule, "wait", "time", "1h", "how long the request waits for a decision", Approve),
    key(Rule, "min_assurance", "peer, bearer, oidc, ssh", "peer", "how well an approver must prove who they are", Approve),
    key(Rule, "break_glass", "group", "nobody", "who may break the glass: past votes and self check, never past deny", Approve),
    key(Match, "repository", "globs", "any", "repository id, `acme/shop`", All),
    key(Match, "environment", "globs", "any", "environment", All),
    key(Match, "branch", "globs", "any", "branch or tag; always only claimed", All),
    key(Match, "action", "globs", "any", "what is done: the name of the request; always only claimed", All),
    key(Match, "command", "globs", "any", "the gate's command, its arguments joined by blanks; always only claimed", All),
    key(Match, "workflow", "globs", "any", "path of a foreign backend's workflow file", All),
    key(Match, "backend", "globs", "any", "backend instance", All),
    key(Match, "requester", "globs", "any", "requester or triggering actor: a name of theirs, or their person", All),
    key(Match, "credential", "globs", "any", "name of the token that asked", All),
    key(Match, "author", "globs", "any", "anyone who wrote or committed base..head", All),
    key(Match, "verified", "true, false", "any", "whether anybody but the pipeline says who asks", All),
    key(Match, "finding", "findings", "any", "one of these findings is there", All),
    key(Match, "severity", "low, medium, high", "any", "a finding at least as bad; one that is unknown counts as any", All),
    key(Approval, "count", "number", "1", "how many distinct people", All),
    key(Approval, "group", "group", "anyone", "of which group", All),
    key(Finding, "severity", "low, medium, high", "that of the table", "how bad it is; what is not known stays unknown to `allow` whatever stands here", All),
    key(Finding, "blocks", "true, false", "that of the table", "nothing can be approved while it stands, break-glass included", All),
];

/// The keys of one section.
pub fn of(section: Section) -> impl Iterator<Item = &'static Key> + Clone {
    KEYS.iter().filter(move |key| key.section == section)
}

/// The reference as a Markdown table.
pub fn table() -> String {
    let row = |k: &Key| format!("| {} | `{}` | {} | {} | {} |\n", k.section.title(), k.word, k.form, k.default, k.doc);
    let head = "| where | key | written as | left out | what it says |\n| --- | --- | --- | --- | --- |\n";
    KEYS.iter().fold(head.to_owned(), |table, key| table + &row(key))
}
