//! Policies as stories: what is refused, what is judged, who may vote, and what the algebra must never do.

mod algebra;

use super::*;
use crate::domain::finding::FindingId;
use crate::domain::principal::{Assurance, IdentityKind, Principal, Source};
use crate::domain::request::{Ballot, Vote};
use crate::domain::scope::Scope;
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::{Effect, SeenDemand, Verdict};

const TEAM: &str = r#"
[people.alice]
uids = [1000]
logins = ["alice-gh"]
emails = ["alice@acme.io"]
[people.bob]
uids = [1001]
logins = ["bob-gh"]
[people.carol]
[groups]
oncall = ["alice", "bob"]
sre = ["alice"]
"#;

fn policy(rules: &str) -> Policy {
    Policy::parse(&format!("{TEAM}{rules}"), "policy.toml").unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn refused(text: &str) -> String {
    let faults = Policy::parse(text, "policy.toml").expect_err(text);
    faults.iter().map(|f| format!("{f}\n")).collect()
}

fn deploy(environment: &str) -> Situation {
    Situation {
        repository: "acme/shop".into(),
        environment: environment.into(),
        branch: Some("main".into()),
        action: "deploy-api".into(),
        requester: vec!["bob-gh".into()],
        ..Situation::default()
    }
}

fn verdict(rules: &str, situation: &Situation) -> Verdict {
    situation.explain(&policy(rules)).verdict
}

fn person(name: &str) -> Principal {
    let person = Some(name.parse().unwrap());
    Principal { issuer: "broker".into(), subject: format!("t-{name}").into(), assurance: Assurance::Bearer, person }
}

fn vote(name: &str, ballot: Ballot) -> Vote {
    Vote {
        decision: crate::domain::ids::DecisionId::new(Ms(1), [0; 10]),
        by: person(name),
        ballot,
        comment: "".into(),
        scope: Scope::Once,
        at: Ms(1),
        self_unproven: false,
    }
}

#[test]
fn faults_say_where_and_how_to_mend() {
    for (rules, place, what) in [
        ("[[rule]]\nname = \"a\"\nmatch = { enviroment = \"prod\" }", "3:11", "did you mean `environment`?"),
        ("[[rule]]\nname = \"a\"\nscope = [\"once\"]", "3:1", "did you mean `scopes`?"),
        ("[[rule]]\nname = \"a\"\neffect = \"denny\"", "3:10", "did you mean `deny`?"),
        ("[[rule]]\nname = \"a\"\nrun_for = \"9h\"", "3:11", "write at most 8h"),
        ("[[rule]]\nname = \"a\"\nrun_for = \"soon\"", "3:11", "write it like 45m"),
        ("[[rule]]\nname = \"a\"\nrun_for = 15", "3:11", "this is a number"),
        ("[[rule]]\nname = \"a\"\nmatch = { repository = \"[z-a]\" }", "3:24", "not a glob"),
        ("[[rule]]\nname = \"a\"\napprovals = [{ group = \"oncal\" }]", "3:24", "did you mean `oncall`?"),
        ("[[rule]]\nname = \"a\"\napprovals = [{ count = 3, group = \"oncall\" }]", "3:35", "`oncall` has 2"),
        ("[[rule]]\nname = \"a\"\napprovals = [{ count = 9 }]", "3:14", "9 people are asked for"),
        ("[[rule]]\nname = \"a\"\napprovals = [{ count = 0 }]", "3:14", "nobody would have to approve"),
        ("[[rule]]\nname = \"a\"\nmatch = { finding = \"dirty-treee\" }", "3:21", "did you mean `dirty-tree`?"),
        ("[[rule]]\neffect = \"deny\"", "1:1", "without a name"),
        ("[[rule]]\nname = \"a\"\n[[rule]]\nname = \"a\"", "3:1", "another rule `a`"),
        ("[[rule]]\nname = \"a\"\nword = \"two words\"", "3:8", "cannot be typed"),
        ("[[rule]]\nname = \"a\"\nmatch = { repository = [] }", "3:24", "an empty list says nothing"),
        (
            "[[rule]]\nname = \"a\"\neffect = \"deny\"\nreason = true",
            "4:1",
            "`reason` means nothing on a rule that denies",
        ),
        ("[[rule]]\nname = \"a\"\nbreak_glass = \"nobody\"", "3:15", "there is no group `nobody`"),
        ("[[rule]\nname = 1", "1:8", "not TOML"),
    ] {
        let said = refused(&format!("{rules}\n{TEAM}"));
        assert!(said.contains(&format!("policy.toml:{place}: ")), "{rules}\n→ {said}");
        assert!(said.contains(what), "{rules}\n→ {said}");
    }
}

#[test]
fn people_and_groups_hold_together() {
    for (text, what) in [
        ("[people.a]\nuids = [1]\n[people.b]\nuids = [1]", "uid `1` belongs to a already"),
        ("[people.a]\nlogins = [\"X\"]\n[people.b]\nlogins = [\"x\"]", "login `x` belongs to a already"),
        ("[people.alice]\n[groups]\noncall = [\"alic\"]", "did you mean `alice`?"),
        ("[groups]\noncall = [\"alice\"]", "add them: [people.NAME]"),
        ("[people.a]\n[groups]\ng = [\"a\", \"a\"]", "twice"),
        ("[people.a]\n[groups]\ng = []", "an empty list says nothing"),
        ("[people.\"a b\"]", "not a person"),
        ("[people.a]\nuids = [-1]", "a whole number"),
        ("production = \"\"", "an empty text says nothing"),
        ("[people.a]\nuid = [1]", "did you mean `uids`?"),
    ] {
        assert!(refused(text).contains(what), "{text}\n→ {}", refused(text));
    }
}

#[test]
fn rules_that_can_never_do_what_they_say_are_refused() {
    for (rule, what) in [
        ("effect = \"allow\"", "would allow everything"),
        ("effect = \"allow\"\nmatch = { branch = \"main\" }", "`branch` is only claimed"),
        ("effect = \"allow\"\nmatch = { repository = \"a\", verified = false }", "`verified` is only claimed"),
        ("effect = \"allow\"\nmatch = { repository = \"a\", finding = \"rollback\" }", "`finding` is only claimed"),
        ("match = { environment = \"e\" }\nunless = { environment = \"e\" }", "its exception is all that it matches"),
        ("match = { environment = \"e\" }\nunless = { repository = \"*\" }", "its exception is all that it matches"),
        ("unless = {}", "its exception is everything"),
        ("effect = \"deny\"\nunless = { branch = \"main\" }", "this exception can never hold"),
        ("match = { branch = \"main\" }\nrun_for = \"1h\"", "`run_for` gives more than the default"),
        ("match = { branch = \"main\" }\nscopes = [\"revision\"]", "`scopes` gives more than the default"),
        ("match = { branch = [\"a\", \"!a\"] }", "exclude all that they match"),
    ] {
        let said = refused(&format!("[[rule]]\nname = \"r\"\n{rule}\n"));
        assert!(said.contains(what), "{rule}\n→ {said}");
    }
}

#[test]
fn hostile_text_in_a_policy_is_shown_marked() {
    let said = refused("\"\\u001b[2J\" = 1");
    assert!(said.contains("\\u{1b}[2J") && !said.contains('\x1b'), "{said}");
}

#[test]
fn without_a_rule_one_other_person_decides_once() {
    let v = verdict("", &deploy("production"));
    assert_eq!(v.effect, Effect::Approve);
    assert_eq!(v.needs_in_words().as_str(), "1 person, not requester");
    assert_eq!(v.scopes, [Scope::Once]);
    assert_eq!((v.start_by, v.run_for, v.wait), (Span::mins(10), Span::mins(15), Span::mins(60)));
    assert!(v.words.lossy().starts_with("no rule matches"), "{:?}", v.words);
}

#[test]
fn deny_wins_over_approve_and_approve_over_allow() {
    let allow = "[[rule]]\nname = \"auto\"\nmatch = { environment = \"stg*\" }\neffect = \"allow\"\n";
    let approve = "[[rule]]\nname = \"ask\"\nmatch = { repository = \"acme/*\" }\n";
    let deny = "[[rule]]\nname = \"freeze\"\nmatch = { branch = \"main\" }\neffect = \"deny\"\n";
    for (rules, effect, words) in [
        (allow.to_owned(), Effect::Allow, "allowed by auto without a person"),
        (format!("{allow}{approve}"), Effect::Approve, "approval by ask, auto"),
        (format!("{approve}{deny}{allow}"), Effect::Deny, "denied by ask, auto, freeze"),
    ] {
        let v = verdict(&rules, &deploy("stg"));
        assert_eq!(v.effect, effect);
        assert!(v.words.lossy().starts_with(words), "{:?}", v.words);
    }
}

#[test]
fn claims_never_loosen() {
    let rules = "[[rule]]\nname = \"auto\"\nmatch = { environment = \"stg*\" }\neffect = \"allow\"\n";
    let claimed = Situation { claimed: vec![Claimable::Environment], ..deploy("stg") };
    let said = claimed.explain(&policy(rules));
    assert_eq!(said.verdict.effect, Effect::Approve);
    assert!(said.verdict.words.lossy().contains("auto would allow, but environment is only claimed"));
    assert_eq!(said.rules[0].said, Said::DoesNotApply);

    let rules = "[[rule]]\nname = \"long\"\nmatch = { environment = \"stg*\" }\nrun_for = \"4h\"\nstart_by = \"5m\"\nseen = \"nothing\"\nscopes = [\"run\", \"revision\"]\n";
    let (sure, claimed) = (verdict(rules, &deploy("stg")), verdict(rules, &claimed));
    assert_eq!((sure.run_for, sure.start_by, sure.seen), (Span::hours(4), Span::mins(5), SeenDemand::Nothing));
    assert_eq!(sure.scopes, [Scope::Once, Scope::Run, Scope::Revision]);
    assert_eq!((claimed.run_for, claimed.start_by, claimed.seen), (Span::mins(15), Span::mins(5), SeenDemand::MustSee));
    assert_eq!(claimed.scopes, [Scope::Once]);
}

#[test]
fn letters_in_another_case_do_not_slip_past_a_rule_that_tightens() {
    let deny = "[[rule]]\nname = \"d\"\nmatch = { environment = \"prod*\" }\neffect = \"deny\"\n";
    assert_eq!(verdict(deny, &deploy("PROD")).effect, Effect::Deny);
    let allow = deny.replace("deny", "allow");
    assert_eq!(verdict(&allow, &deploy("PROD")).effect, Effect::Approve);
    assert!(policy("").is_production(&"Production".into()));
    let live = Policy::parse("production = [\"live\"]", "p").unwrap();
    assert!(live.is_production(&"LIVE".into()) && !live.is_production(&"prod".into()));
}

#[test]
fn what_is_unknown_never_starts_without_a_person() {
    let rules = "[[rule]]\nname = \"auto\"\nmatch = { environment = \"stg*\" }\neffect = \"allow\"\n";
    for (id, effect) in [
        (FindingId::DirtyTree, Effect::Allow),
        (FindingId::EvidenceMissing, Effect::Approve),
        (FindingId::EvidenceTruncated, Effect::Approve),
        (FindingId::NoBase, Effect::Approve),
        (FindingId::ActionMovable, Effect::Approve),
    ] {
        let v = verdict(rules, &Situation { findings: vec![id], ..deploy("stg") });
        assert_eq!(v.effect, effect, "{id:?}");
        assert_eq!(v.needs.is_empty(), effect == Effect::Allow);
    }
}

#[test]
fn findings_and_severity_tighten() {
    let rules = r#"
[[rule]]
name = "auto"
match = { environment = "stg*" }
unless = { severity = "high" }
effect = "allow"
[[rule]]
name = "odd"
match = { finding = ["dirty-tree", "rollback"] }
reason = true
"#;
    let with = |findings| verdict(rules, &Situation { findings, ..deploy("stg") });
    assert_eq!(with(vec![]).effect, Effect::Allow);
    assert_eq!(with(vec![FindingId::ActionShaChanged]).effect, Effect::Approve);
    assert!(with(vec![FindingId::DirtyTree]).reason);
    // Rollback is medium: the exception for high does not hold, but the second rule asks.
    assert_eq!(with(vec![FindingId::Rollback]).rules, [Text::from("auto"), Text::from("odd")]);
}

#[test]
fn demands_add_up_and_scopes_intersect() {
    let rules = r#"
[[rule]]
name = "a"
approvals = [{ count = 1, group = "oncall" }, { count = 1, group = "sre" }]
scopes = ["run", "revision"]
run_for = "2h"
word = "environment"
break_glass = "oncall"
[[rule]]
name = "b"
approvals = [{ count = 2, group = "oncall" }]
scopes = ["revision", "action"]
run_for = "30m"
start_by = "5m"
wait = "2h"
word = "ship"
not = ["authors"]
min_assurance = "bearer"
seen = "all"
may_acknowledge = false
bulk = false
break_glass = "sre"
"#;
    let v = verdict(rules, &deploy("prod"));
    assert_eq!(v.needs_in_words().as_str(), "2 of oncall, 1 of sre, not requester, not author");
    assert_eq!(v.scopes, [Scope::Once, Scope::Revision]);
    assert_eq!((v.run_for, v.start_by, v.wait), (Span::mins(30), Span::mins(5), Span::hours(2)));
    assert_eq!(v.word, Some("prod ship".into()));
    assert_eq!((v.seen, v.may_acknowledge, v.bulk), (SeenDemand::All, false, false));
    assert_eq!((v.min_assurance, v.break_glass.unwrap().as_str()), (Assurance::Bearer, "sre"));

    let apart = "[[rule]]\nname = \"a\"\nscopes = [\"run\"]\n[[rule]]\nname = \"b\"\nscopes = [\"revision\"]\n";
    assert_eq!(verdict(apart, &deploy("prod")).scopes, [Scope::Once]);
}

#[test]
fn under_the_guard_only_once_holds_until_a_rule_says_more() {
    let core = deploy("prod").core();
    let guarded = Subject { enforcer: Enforcer::Guard, ..Subject::of(&core, &[], &[]) };
    let judged = |keys: &str| policy(&format!("[[rule]]\nname = \"r\"\n{keys}\n")).judge(&guarded);
    for (keys, scopes) in [
        ("", vec![Scope::Once]),
        ("max_uses = 8", vec![Scope::Once]),
        ("scopes = [\"run\"]", vec![Scope::Once]),
        ("scopes = [\"run\"]\nmax_uses = 8", vec![Scope::Once, Scope::Run]),
        ("match = { branch = \"*\" }\nscopes = [\"run\"]\nmax_uses = 8", vec![Scope::Once]),
    ] {
        assert_eq!(judged(keys).scopes, scopes, "{keys}");
    }
    let turned_on_by_another = "scopes = [\"run\"]\n[[rule]]\nname = \"s\"\nmax_uses = 8";
    assert_eq!(judged(turned_on_by_another).scopes, [Scope::Once], "the rule that names the scope says how often");
}

#[test]
fn what_the_guard_keeps_is_over_within_the_hour() {
    let core = deploy("prod").core();
    let long = policy("[[rule]]\nname = \"r\"\nscopes = [\"run\"]\nmax_uses = 8\nstart_by = \"3h\"\n");
    let by = |enforcer| long.judge(&Subject { enforcer, ..Subject::of(&core, &[], &[]) }).start_by;
    assert_eq!((by(Enforcer::Guard), by(Enforcer::Broker)), (Span::mins(60), Span::hours(3)));
}

#[test]
fn a_grant_is_used_as_often_as_the_strictest_rule_says() {
    let two = "[[rule]]\nname = \"a\"\nmax_uses = 8\n[[rule]]\nname = \"b\"\nmax_uses = 3\n";
    let v = verdict(two, &deploy("prod"));
    assert_eq!(v.max_uses, Some(3));
    assert!(v.words.lossy().contains("used 3 times at most"), "{}", v.words.lossy());
    assert_eq!(verdict("", &deploy("prod")).max_uses, None);
}

#[test]
fn the_requester_never_approves_under_any_name() {
    let policy = policy("");
    for (kind, name, who, may) in [
        (IdentityKind::Login, "alice-gh", "alice", false),
        (IdentityKind::Login, "ALICE-GH", "alice", false),
        (IdentityKind::Login, "alice", "alice", false),
        (IdentityKind::Email, "Alice@acme.io", "alice", false),
        (IdentityKind::Uid, "1000", "alice", false),
        (IdentityKind::Person, "alice", "alice", false),
        (IdentityKind::Token, "t-alice", "alice", false),
        (IdentityKind::Login, "bob-gh", "alice", true),
        (IdentityKind::Uid, "1001", "alice", true),
    ] {
        let mut core = deploy("prod").core();
        let verdict = policy.judge(&Subject::of(&core, &[], &[]));
        for (role, source) in
            [(Role::Requester, Source::Claimed), (Role::Trigger, Source::Forge), (Role::Credential, Source::Token)]
        {
            core.identities = vec![Identity { role, kind, name: name.into(), source }];
            let answer = policy.may_vote(&verdict, &core, &[], &person(who), false);
            assert_eq!(answer.is_ok(), may, "{kind:?} {name} {role:?}: {answer:?}");
            assert!(policy.may_vote(&verdict, &core, &[], &person(who), true).is_ok(), "the owner's own machine");
        }
    }
}

#[test]
fn a_claimed_requester_leaves_not_self_unproven() {
    let policy = policy("");
    for (name, source, unproven) in [
        ("bob-gh", Source::Claimed, true),
        ("bob-gh", Source::Oidc, false),
        ("mallory", Source::Oidc, false),
        ("mallory", Source::Claimed, true),
    ] {
        let mut core = deploy("prod").core();
        core.identities =
            vec![Identity { role: Role::Requester, kind: IdentityKind::Login, name: name.into(), source }];
        let verdict = policy.judge(&Subject::of(&core, &[], &[]));
        let outcome = policy.may_vote(&verdict, &core, &[], &person("alice"), false).unwrap();
        assert_eq!(outcome.unproven, unproven, "{name} {source:?}");
    }
}

#[test]
fn authors_are_kept_out_where_the_rule_says_so() {
    let mut situation = deploy("prod");
    situation.authors = vec!["alice@acme.io".into()];
    let core = situation.core();
    let subject = Subject::of(&core, &[], &[]);
    let open = policy("");
    assert!(open.may_vote(&open.judge(&subject), &core, &[], &person("alice"), false).is_ok());
    let strict = policy("[[rule]]\nname = \"r\"\nnot = [\"authors\"]\n");
    let verdict = strict.judge(&subject);
    assert!(strict.may_vote(&verdict, &core, &[], &person("alice"), false).is_err());
    assert!(strict.may_vote(&verdict, &core, &[], &person("alice"), true).is_err(), "a rule of one's own holds");
    assert_eq!(strict.eligible(&verdict, &core, &[]), ["carol".parse().unwrap()]);
}

#[test]
fn a_vote_that_does_not_count_is_refused_with_its_reason() {
    let policy = policy(
        "[[rule]]\nname = \"r\"\napprovals = [{ group = \"sre\" }]\nmin_assurance = \"bearer\"\nverified_requester = true\n",
    );
    let judged = |situation: &Situation| situation.explain(&policy).verdict;
    let verified = Situation { claimed: vec![], ..deploy("prod") };
    let ask = |situation: &Situation, by: &Principal| {
        policy.may_vote(&judged(situation), &situation.core(), &[], by, false).map_err(|why| why.lossy().into_owned())
    };
    assert!(ask(&verified, &person("alice")).is_ok());
    assert!(ask(&verified, &person("carol")).unwrap_err().contains("would not count: it needs 1 of sre"));
    assert!(ask(&deploy("prod"), &person("alice")).unwrap_err().contains("verified requester"));
    let peer = Principal { assurance: Assurance::Peer, ..person("alice") };
    assert!(ask(&verified, &peer).unwrap_err().contains("bearer at least"));
    let nobody = Principal { person: None, ..person("alice") };
    assert!(ask(&verified, &nobody).unwrap_err().contains("[people]"));
}

#[test]
fn people_are_counted_and_one_may_serve_several_groups() {
    let policy = policy(
        "[[rule]]\nname = \"r\"\napprovals = [{ count = 2, group = \"oncall\" }, { count = 1, group = \"sre\" }]\n",
    );
    let v = deploy("prod").explain(&policy).verdict;
    let yes = |names: &[&str]| names.iter().map(|n| vote(n, Ballot::Approve)).collect::<Vec<_>>();
    let have = |votes: &[Vote]| policy.tally(&v, votes).iter().map(|n| n.have).collect::<Vec<_>>();
    assert_eq!(have(&yes(&["alice", "alice", "carol"])), [1, 1]);
    assert!(!policy.completes(&v, &yes(&["alice", "alice", "carol"]), None));
    assert!(policy.completes(&v, &yes(&["alice"]), Some(&person("bob"))));
    assert!(!policy.completes(&v, &yes(&["bob"]), Some(&person("carol"))));
    let mut rejected = yes(&["alice", "bob"]);
    rejected.push(vote("carol", Ballot::Reject));
    assert!(!policy.completes(&v, &rejected, None));
}

#[test]
fn breaking_the_glass_is_for_the_named_group_and_never_past_deny() {
    let policy = policy(
        "[[rule]]\nname = \"r\"\nbreak_glass = \"sre\"\n[[rule]]\nname = \"no\"\nmatch = { environment = \"eu\" }\neffect = \"deny\"\n",
    );
    let prod = deploy("prod").explain(&policy).verdict;
    assert!(policy.break_glass_allowed(&prod, &person("alice")).is_ok());
    assert!(policy.break_glass_allowed(&prod, &person("bob")).is_err());
    let denied = deploy("eu").explain(&policy).verdict;
    assert!(policy.break_glass_allowed(&denied, &person("alice")).is_err());
    let plain = super::Policy::parse(TEAM, "p").unwrap();
    assert!(plain.break_glass_allowed(&deploy("x").explain(&plain).verdict, &person("alice")).is_err());
}

#[test]
fn on_ones_own_machine_the_owner_approves_their_own() {
    let local = Policy::default_for_local(1000, "alice".parse().unwrap());
    let text = "production = [\"prod*\"]\n[people.\"alice\"]\nuids = [1000]\n";
    assert_eq!(local.digest(), Policy::parse(text, "p").unwrap().digest());
    assert_eq!(local.person_of_uid(1000), Some("alice".parse().unwrap()));
    assert!(local.is_production(&"prod-eu".into()));
    let mut situation = deploy("prod");
    situation.requester = vec!["alice".into()];
    let v = situation.explain(&local).verdict;
    assert_eq!(v.needs_in_words().as_str(), "1 person");
    assert!(local.may_vote(&v, &situation.core(), &[], &person("alice"), false).is_ok());
    assert_eq!(local.eligible(&v, &situation.core(), &[]), ["alice".parse().unwrap()]);
    // There what the owner's own programs claim is as good as anything.
    let rules = "[[rule]]\nname = \"auto\"\nmatch = { environment = \"dev\" }\neffect = \"allow\"\n";
    let claimed = Situation { claimed: vec![Claimable::Environment], ..deploy("dev") };
    assert_eq!(claimed.explain(&policy(rules)).verdict.effect, Effect::Approve);
    assert_eq!(claimed.explain(&policy(rules).on_own_machine()).verdict.effect, Effect::Allow);
}

#[test]
fn cases_say_what_differs() {
    let policy = policy("[[rule]]\nname = \"r\"\napprovals = [{ count = 2, group = \"oncall\" }]\n");
    let cases = r#"
[[case]]
name = "good"
given = { repository = "acme/shop", environment = "prod", requester = ["carol"] }
expect = { effect = "approve", needs = [{ count = 2, group = "oncall" }], eligible = ["bob", "alice"], rules = ["r"] }
[[case]]
name = "bad"
expect = { effect = "allow", run_for = "1h" }
"#;
    let results = Cases::parse(cases, "cases.toml").unwrap().run(&policy);
    assert_eq!(results[0].differs, []);
    let differs: Vec<&str> = results[1].differs.iter().map(|d| d.as_str()).collect();
    assert_eq!(differs, ["effect: expected Allow, got Approve", "run_for: expected 1h, got 15m"]);
    let fault = Cases::parse("[[case]]\nname = \"x\"\nexpect = { efect = \"allow\" }", "cases.toml").unwrap_err();
    assert_eq!((fault.place.line, fault.place.column), (3, 12));
}

#[test]
fn the_page_holds_the_table_of_keys_and_its_examples_are_true() {
    let page = include_str!("../../docs/policy.md");
    assert!(page.contains(&keys::table()), "docs/policy.md: put this there\n{}", keys::table());
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    let (cases, policies): (Vec<&str>, Vec<&str>) = blocks.iter().partition(|b| b.contains("[[case]]"));
    let policy = policies.iter().map(|text| Policy::parse(text, "docs/policy.md").unwrap_or_else(|f| panic!("{f:#?}")));
    let policy = policy.collect::<Vec<_>>().pop().unwrap();
    for text in cases {
        for result in Cases::parse(text, "docs/policy.md").unwrap().run(&policy) {
            assert_eq!(result.differs, [], "{}: {}", result.name, result.words);
        }
    }
    for word in crate::domain::finding::TABLE.iter().map(|row| row.word) {
        assert!(page.contains(&format!("`{word}`")), "docs/policy.md does not name the finding {word}");
    }
}

#[test]
fn a_policy_weighs_findings() {
    let text = "[findings.dirty-tree]\nseverity = \"low\"\n[findings.tag-moved]\nblocks = true\n\
        [findings.impostor-commit]\nblocks = false\n[findings.no-base]\nseverity = \"low\"\n";
    let ids = [FindingId::DirtyTree, FindingId::TagMoved, FindingId::ImpostorCommit, FindingId::NoBase];
    let mut findings = ids.map(|id| Finding::new(id, "", ""));
    policy(text).weigh(&mut findings);
    let weighed = findings.map(|f| (f.severity, f.blocks));
    use crate::domain::finding::Severity::{High, Low};
    assert_eq!(weighed, [(Low, false), (High, true), (High, false), (Low, false)]);
}

#[test]
fn neither_a_doubt_weighed_lightly_nor_what_blocks_starts_without_a_person() {
    let rules = "[findings.no-base]\nseverity = \"low\"\n[findings.dirty-tree]\nblocks = true\n\
        [[rule]]\nname = \"auto\"\nmatch = { environment = \"dev\" }\neffect = \"allow\"\n";
    let effect = |findings: Vec<FindingId>| verdict(rules, &Situation { findings, ..deploy("dev") }).effect;
    assert_eq!(effect(vec![]), Effect::Allow);
    assert_eq!(effect(vec![FindingId::NoBase]), Effect::Approve);
    assert_eq!(effect(vec![FindingId::DirtyTree]), Effect::Approve);
}

#[test]
fn a_finding_that_is_none_is_refused_with_the_one_that_was_meant() {
    let faults =
        refused("[findings.dirty-three]\nblocks = true\n[findings.tag-moved]\nseverity = \"unknown\"\nblock = 1\n");
    assert!(faults.contains("there is no finding `dirty-three`") && faults.contains("dirty-tree"), "{faults}");
    assert!(faults.contains("`unknown` is none of the words"), "{faults}");
    assert!(faults.contains("unknown key `block`"), "{faults}");
}
