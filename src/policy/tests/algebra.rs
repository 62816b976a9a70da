//! What the algebra must never do, over policies made at random.

use proptest::prelude::*;

use super::*;

/// Pieces that make rules; each is a whole line, and any subset with distinct keys is a body.
const PIECES: &[&str] = &[
    "approvals = [{ count = 2, group = \"oncall\" }]",
    "approvals = [{ count = 1, group = \"sre\" }, { count = 3 }]",
    "not = [\"authors\"]",
    "scopes = [\"once\"]",
    "scopes = [\"run\", \"revision\"]",
    "scopes = [\"revision\", \"action\"]",
    "run_for = \"5m\"",
    "run_for = \"2h\"",
    "start_by = \"1m\"",
    "start_by = \"1h\"",
    "reason = true",
    "word = \"environment\"",
    "word = \"go\"",
    "seen = \"nothing\"",
    "seen = \"all\"",
    "may_acknowledge = false",
    "bulk = false",
    "min_assurance = \"bearer\"",
    "verified_requester = true",
];

const MATCHES: &[&str] = &[
    "",
    "match = { environment = \"prod*\" }",
    "match = { repository = \"acme/*\" }",
    "match = { branch = \"main\" }",
    "match = { requester = \"bob*\" }",
    "match = { verified = true }",
    "match = { repository = \"acme/*\" }\nunless = { environment = \"stg*\" }",
];

const EFFECTS: &[&str] = &["allow", "approve", "deny"];

fn any_rule() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::subsequence(PIECES, 0..5);
    (proptest::sample::select(EFFECTS), proptest::sample::select(MATCHES), pieces)
        .prop_map(|(effect, matching, pieces)| format!("effect = \"{effect}\"\n{matching}\n{}\n", pieces.join("\n")))
        .prop_filter("refused", |body| Policy::parse(&named(std::slice::from_ref(body)), "p").is_ok())
}

fn named(bodies: &[String]) -> String {
    let rules = bodies.iter().enumerate().map(|(i, body)| format!("[[rule]]\nname = \"r{i}\"\n{body}"));
    rules.fold(TEAM.to_owned(), |text, rule| text + &rule)
}

fn judged(bodies: &[String], situation: &Situation) -> Verdict {
    let policy = Policy::parse(&named(bodies), "p").unwrap();
    let mut verdict = situation.explain(&policy).verdict;
    // Names and digest say which text it was, not what it demands.
    verdict.policy = Digest::of(b"");
    verdict.rules.clear();
    verdict.words = Text::default();
    verdict
}

fn any_situation() -> impl Strategy<Value = Situation> {
    let claimed = [Claimable::Environment, Claimable::Repository, Claimable::Requester];
    let findings = [FindingId::NoBase, FindingId::DirtyTree];
    (
        proptest::sample::select(&["prod", "PROD-eu", "stg"][..]),
        proptest::sample::subsequence(claimed.to_vec(), 0..=3),
        proptest::sample::subsequence(findings.to_vec(), 0..=2),
    )
        .prop_map(|(environment, claimed, findings)| Situation { claimed, findings, ..deploy(environment) })
}

/// Where `after` gives what `before` did not.
fn looser(after: &Verdict, before: &Verdict) -> Option<&'static str> {
    let kept = |need: &crate::domain::verdict::Need| {
        let same = |n: &&crate::domain::verdict::Need| n.group == need.group || need.group.is_none();
        after.needs.iter().filter(same).any(|n| n.count >= need.count)
    };
    let words = |v: &Verdict| v.word.as_ref().map(|w| w.lossy().into_owned()).unwrap_or_default();
    let (said, was) = (words(after), words(before));
    [
        ("effect", after.effect < before.effect),
        ("needs", !before.needs.iter().all(kept)),
        ("authors", before.not_self.authors && !after.not_self.authors),
        ("requester", before.not_self.requester && !after.not_self.requester),
        ("verified", before.not_self.verified_requester && !after.not_self.verified_requester),
        ("scopes", !after.scopes.iter().all(|s| before.scopes.contains(s))),
        ("run_for", after.run_for > before.run_for),
        ("start_by", after.start_by > before.start_by),
        ("reason", before.reason && !after.reason),
        ("word", !was.split(' ').all(|w| said.split(' ').any(|s| s == w) || w.is_empty())),
        ("seen", after.seen < before.seen),
        ("acknowledge", after.may_acknowledge && !before.may_acknowledge),
        ("bulk", after.bulk && !before.bulk),
        ("assurance", after.min_assurance < before.min_assurance),
    ]
    .into_iter()
    .find(|(_, loose)| *loose)
    .map(|(what, _)| what)
}

/// A rule that tightens gives nothing that the default does not give.
fn tightens(body: &str) -> bool {
    let wide = ["allow", "revision", "2h", "1h", "nothing"];
    !wide.iter().any(|word| body.contains(word))
}

/// Left out are rules whose demands a claim rightly loses: one that allows takes its caps along where it does not
/// apply (somebody has to approve instead), and `verified = true` demands more of a verified requester.
fn compares(rule: &str) -> bool {
    let capped = ["scopes", "run_for", "start_by"].iter().any(|key| rule.contains(key));
    let takes_caps_along = rule.contains("allow") && capped;
    !takes_caps_along && !rule.contains("verified = true")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_rule_that_tightens_never_makes_a_verdict_looser(
        rules in proptest::collection::vec(any_rule(), 0..4),
        extra in any_rule().prop_filter("loosens", |body| tightens(body)),
        situation in any_situation(),
    ) {
        // A rule for everything: `run` is open before, as it is wherever any rule matches.
        let mut rules = [vec!["effect = \"approve\"\n".to_owned()], rules].concat();
        let before = judged(&rules, &situation);
        rules.push(extra);
        let after = judged(&rules, &situation);
        prop_assert_eq!(looser(&after, &before), None);
    }

    #[test]
    fn the_order_of_rules_means_nothing(
        rules in proptest::collection::vec(any_rule(), 0..5),
        situation in any_situation(),
    ) {
        let turned: Vec<String> = rules.iter().rev().cloned().collect();
        prop_assert_eq!(judged(&rules, &situation), judged(&turned, &situation));
    }

    #[test]
    fn what_is_claimed_instead_of_proven_never_loosens(
        rules in proptest::collection::vec(any_rule().prop_filter("left out", |rule| compares(rule)), 0..5),
        situation in any_situation(),
    ) {
        let proven = Situation { claimed: vec![], ..situation.clone() };
        let (claimed, proven) = (judged(&rules, &situation), judged(&rules, &proven));
        prop_assert_eq!(looser(&claimed, &proven), None);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}", key in "[a-z_.\\[\\]\"]{0,12}") {
        let _ = Policy::parse(&text, "p");
        let _ = Policy::parse(&format!("[[rule]]\nname = \"x\"\n{key} = {text}"), "p");
    }
}
