use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::domain::decision::{Decision, Seen};
use crate::domain::grant::{Bound, Enforcer, Grant};
use crate::domain::ids::{DecisionId, GrantId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::{Assurance, Principal};
use crate::domain::record::{Entry, Event, Record};
use crate::domain::request::{Ballot, State};
use crate::domain::scope::Scope;
use crate::domain::time::{Ms, Span};

fn entry(event: Event) -> Entry {
    Entry { at: Ms(1_795_417_927_000), by: None, request: None, event }
}

fn about(key: &str, event: Event) -> Entry {
    let by = Principal {
        issuer: "broker".into(),
        subject: "t1".into(),
        assurance: Assurance::Bearer,
        person: Some("alice".parse().unwrap()),
    };
    Entry { request: Some(key.parse().unwrap()), by: Some(by), ..entry(event) }
}

fn denied(why: &str) -> Entry {
    about("local/a#1", Event::Denied { why: why.into() })
}

fn id(n: u8) -> DecisionId {
    DecisionId::new(Ms(1), [n; 10])
}

fn decision(n: u8) -> Decision {
    Decision {
        id: id(n),
        request: "local/a#1".parse().unwrap(),
        request_digest: Digest::of(b"r"),
        evidence_digest: Digest::of(b"e"),
        ballot: Ballot::Approve,
        scope: Scope::Once,
        start_by: Span::mins(10),
        run_for: Span::mins(15),
        comment: "INC-2291 \u{1b}[2J".into(),
        word: None,
        seen: Seen { files: 3, of: 4, ..Seen::default() },
        made_at: Ms(1),
        challenge: None,
        signature: None,
    }
}

fn granted(n: u8, key: &str) -> Event {
    let request: RequestKey = key.parse().unwrap();
    let bound = Bound {
        backend: request.backend.clone(),
        request,
        repository: "acme/shop".into(),
        environment: "production".into(),
        requester: Vec::new(),
        policy: Digest::of(b"p"),
        command: None,
        workflow: None,
        run: None,
        head: None,
        clean: true,
        actions: None,
    };
    Event::Granted {
        grant: Box::new(Grant {
            id: GrantId::from_bits([n; 16]),
            bound,
            name: "deploy".into(),
            scope: Scope::Once,
            enforcer: Enforcer::Broker,
            by: Vec::new(),
            decided_at: Ms(1),
            start_by: Ms(2),
            run_for: Span::mins(15),
            cap: None,
            max_uses: Some(1),
            passes: Vec::new(),
            revoked: None,
            break_glass: false,
        }),
    }
}

struct Home {
    _temp: tempfile::TempDir,
    state: PathBuf,
}

fn home() -> Home {
    let temp = tempfile::tempdir().unwrap();
    let state = temp.path().join("state");
    Home { _temp: temp, state }
}

impl Home {
    fn log(&self) -> Log {
        Log::open(&self.state).unwrap()
    }
    fn add(&self, entries: Vec<Entry>) -> Head {
        self.log().append(entries, Sync::Yes).unwrap()
    }
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(log_file(&self.state)).unwrap()
    }
    fn write(&self, bytes: &[u8]) {
        std::fs::write(log_file(&self.state), bytes).unwrap();
    }
    fn records(&self) -> Vec<Record> {
        query(&self.state, &Filter::default()).unwrap()
    }
    fn kinds(&self) -> Vec<&'static str> {
        self.records().iter().rev().map(|r| kind(&r.event)).collect()
    }
    fn verify(&self) -> Report {
        verify_own(&self.state, &[]).unwrap()
    }
}

#[test]
fn a_log_begins_goes_on_and_verifies() {
    let home = home();
    home.add(vec![denied("one"), denied("two")]);
    let head = home.add(vec![denied("three")]);
    assert_eq!(head.seq, 5);
    assert_eq!(home.kinds(), ["opened", "denied", "denied", "opened", "denied"]);
    let report = home.verify();
    assert!(report.is_sound());
    assert_eq!((report.records, report.head, report.torn), (5, head, 0));
    assert!(report.words()[0].as_str().starts_with("OK: 5 records chain"));
}

#[test]
fn a_torn_last_line_is_cut_off_and_recorded() {
    let home = home();
    home.add(vec![denied("one")]);
    let whole = home.bytes();
    home.write(&[&whole[..], b"{\"seq\":3,\"prev\":\"ab"].concat());
    assert_eq!(home.verify().torn, 19);
    home.add(vec![denied("two")]);
    assert_eq!(home.kinds(), ["opened", "denied", "repaired", "opened", "denied"]);
    assert!(home.bytes().starts_with(&whole));
    assert!(home.verify().is_sound());
}

#[test]
fn any_other_damage_refuses_to_append() {
    for damage in ["edit", "cut", "foreign", "zero"] {
        let home = home();
        home.add(vec![denied("one"), denied("two")]);
        let mut bytes = home.bytes();
        let last = bytes.len() - 10;
        match damage {
            "edit" => bytes[last] ^= 1,
            "cut" => bytes.truncate(last),
            "zero" => bytes.clear(),
            _ => bytes.extend(b"{\"seq\":9}\n"),
        }
        home.write(&bytes);
        let error = Log::open(&home.state).unwrap_err();
        assert!(matches!(error, AuditError::Damaged { .. }), "{damage}: {error}");
        assert_eq!(home.bytes(), bytes, "{damage}: nothing was touched");
        assert!(!home.verify().is_sound(), "{damage}");
    }
}

#[test]
fn damage_behind_an_open_log_is_noticed_at_the_next_append() {
    let home = home();
    let mut log = home.log();
    log.append(vec![denied("one")], Sync::Yes).unwrap();
    home.write(&[&home.bytes()[..], b"{}\n"].concat());
    assert!(matches!(log.append(vec![denied("two")], Sync::Yes), Err(AuditError::Damaged { .. })));
    std::fs::rename(log_file(&home.state), home.state.join("away")).unwrap();
    assert!(matches!(log.append(vec![denied("two")], Sync::Yes), Err(AuditError::Damaged { .. })));
}

#[test]
fn without_its_checkpoint_all_of_the_log_is_read() {
    let home = home();
    home.add((0..50).map(|n| denied(&n.to_string())).collect());
    let mut bytes = home.bytes();
    bytes[300] ^= 1;
    home.write(&bytes);
    std::fs::remove_file(home.state.join("audit.head")).unwrap();
    assert!(Log::open(&home.state).is_err());
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_before_anything_is_sent() {
    let home = home();
    let mut log = home.log();
    std::fs::remove_file(home.state.join("audit.lock")).unwrap();
    std::fs::create_dir(home.state.join("audit.lock")).unwrap();
    let before = home.bytes();
    let error = log.append(vec![denied("x")], Sync::Yes).unwrap_err();
    assert!(error.to_string().starts_with("cannot lock "), "{error}");
    assert_eq!(home.bytes(), before);
    let full = AuditError::io("append to", &log_file(&home.state))(io::Error::from(io::ErrorKind::StorageFull));
    assert!(full.to_string().contains("Make room on this disk"));
}

#[test]
fn many_logs_and_threads_share_one_file() {
    let home = home();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let state = &home.state;
            scope.spawn(move || {
                for round in 0..5 {
                    let mut log = Log::open(state).unwrap();
                    for n in 0..5 {
                        let sync = if n % 2 == 0 { Sync::Yes } else { Sync::No };
                        log.append(vec![denied(&format!("{thread}/{round}/{n}")), denied("pair")], sync).unwrap();
                    }
                }
            });
        }
    });
    let report = home.verify();
    assert!(report.is_sound(), "{:?}", report.words());
    let records = home.records();
    let single = records.iter().filter(|r| matches!(&r.event, Event::Denied { why } if *why != *"pair")).count();
    assert_eq!(single, 100);
    // A batch stands together.
    for pair in records.iter().rev().collect::<Vec<_>>().windows(2) {
        let (first, second) = (words(pair[0]), words(pair[1]));
        assert!(!first.as_str().contains('/') || second.as_str().ends_with("pair"), "{first} {second}");
    }
}

#[tokio::test]
async fn a_writer_serves_many_tasks_and_keeps_heads() {
    let home = home();
    let writer = Writer::open(&home.state).unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let writer = writer.clone();
            tokio::spawn(async move { writer.append(vec![denied(&n.to_string())], Sync::Yes).await.unwrap().seq })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap() <= 51);
    }
    assert_eq!(writer.head().await.unwrap().seq, 51);
    let head = |seq, text: &str| Head { seq, hash: Digest::of(text.as_bytes()) };
    let log = Text::from("broker");
    writer.note_head(&log, head(7, "a")).await.unwrap();
    writer.note_head(&log, head(7, "a")).await.unwrap();
    writer.note_head(&log, head(9, "b")).await.unwrap();
    for rewritten in [head(9, "c"), head(8, "a")] {
        let error = writer.note_head(&log, rewritten).await.unwrap_err();
        assert!(matches!(error, AuditError::Rewritten { kept, .. } if kept == head(9, "b")), "{error}");
    }
    assert_eq!(home.kinds().iter().filter(|k| **k == "head-seen").count(), 2);
    assert_eq!(kept_heads(&home.state).unwrap().len(), 3);
}

#[test]
fn open_decisions_are_those_that_no_record_closed() {
    let home = home();
    let on = |event| about("local/a#1", event);
    let intent = |n| Event::Intent { decision: Box::new(decision(n)) };
    let outcome =
        |n| Event::Outcome { decision: id(n), result: Outcome::Final { state: State::Approved }, place: None };
    home.add(vec![
        on(Event::Held { decision: id(1) }),
        on(Event::Held { decision: id(2) }),
        on(Event::Dropped { decision: id(2), why: "undo".into() }),
        on(Event::Held { decision: id(3) }),
        on(intent(3)),
        on(intent(4)),
        on(outcome(4)),
    ]);
    let open = open_decisions(&home.state, &[].into()).unwrap();
    assert_eq!(open.held, [(id(1), Some("local/a#1".parse().unwrap()))]);
    assert_eq!(open.intents, [decision(3)]);
    assert!(open.dropped.is_empty(), "nobody asked for what was dropped");
    let left = open_decisions(&home.state, &[id(2), id(4), id(9)].into()).unwrap();
    assert_eq!(left.dropped, [(id(2), Some("local/a#1".parse().unwrap()), "undo".into())]);
}

#[test]
fn the_story_of_a_request_holds_its_grants_and_is_found_by_any_id() {
    let home = home();
    let grant = GrantId::from_bits([7; 16]);
    let ended = Event::Ended { grant: grant.clone(), end: crate::domain::grant::End::Exit(0) };
    let decided = Event::Decided {
        decision: crate::domain::json::to_line(&decision(5)).unwrap(),
        self_unproven: true,
        result: Outcome::Final { state: State::Approved },
    };
    home.add(vec![
        about("local/b#1", Event::Looked),
        about("local/a#1", Event::Looked),
        about("local/a#1", decided),
        about("local/a#1", granted(7, "local/a#1")),
        about("local/c#1", Event::Started { grant: grant.clone(), ends_at: Ms(9) }),
        entry(ended),
    ]);
    let told = |subject: &str| -> Vec<String> {
        why(&home.state, &subject.parse().unwrap()).unwrap().iter().map(|r| words(r).as_str().to_owned()).collect()
    };
    let story = told("local/a#1");
    assert_eq!(story.len(), 5, "{story:#?}");
    assert!(story[1].contains("approve: once, start by 10m, run for 15m, saw 3 of 4 files"), "{}", story[1]);
    assert!(story[1].contains("self: unproven"));
    assert!(story[1].contains("\\u{1b}[2J"), "{}", story[1]);
    assert_eq!(told(id(5).as_str()), story);
    assert_eq!(told(grant.as_str()), story);
    assert!(told("local/z#1").is_empty());
}

#[test]
fn queries_filter_and_page_newest_first() {
    let home = home();
    home.add((0..2_000).map(|n| denied(&format!("number {n}."))).collect());
    home.add(vec![about("local/b#1", Event::Looked)]);
    let ask = |filter: Filter| -> Vec<u64> { query(&home.state, &filter).unwrap().iter().map(|r| r.seq).collect() };
    assert_eq!(ask(Filter { limit: 3, ..Filter::default() }), [2003, 2002, 2001]);
    for before in [1, 2, 3, 500, 1999, 2003, 9999] {
        let page = ask(Filter { limit: 2, before: Some(before), ..Filter::default() });
        let newest = before.min(2004) - 1;
        let expected: Vec<u64> = (newest.saturating_sub(1).max(1)..=newest).rev().filter(|n| *n > 0).collect();
        assert_eq!(page, expected, "before {before}");
    }
    assert_eq!(ask(Filter { text: "NUMBER 77.".into(), ..Filter::default() }).len(), 20);
    assert_eq!(ask(Filter { text: "1777. denied".into(), ..Filter::default() }), [1779]);
    assert_eq!(ask(Filter { request: Some("local/b#1".parse().unwrap()), ..Filter::default() }), [2003]);
    assert_eq!(ask(Filter { kind: Some("looked".into()), ..Filter::default() }), [2003]);
    assert_eq!(ask(Filter { person: Some("alice".into()), limit: 1, ..Filter::default() }), [2003]);
    assert!(ask(Filter { person: Some("bob".into()), ..Filter::default() }).is_empty());
    assert!(ask(Filter { since: Some(Ms(i64::MAX)), ..Filter::default() }).is_empty());
    assert_eq!(record(&home.state, 1234).unwrap().unwrap().1.seq, 1234);
    assert!(record(&home.state, 0).unwrap().is_none());
    assert!(record(&home.state, 99_999).unwrap().is_none());
}

#[test]
fn exports_verify_elsewhere_and_are_safe_in_a_spreadsheet() {
    let home = home();
    let hostile = Event::Requested {
        core: "{}".into(),
        evidence: Digest::of(b"e"),
        verdict: Text::new(b"=cmd,\"x\"\r\n\x1b[31m\xff".to_vec()),
    };
    home.add(vec![about("local/a#1", hostile), about("local/a#1", Event::Cancelled)]);
    let write = |filter: Filter, format| {
        let mut out = Vec::new();
        let count = export(&home.state, &filter, format, &mut out).unwrap();
        (count, out)
    };
    let (count, json) = write(Filter::default(), Format::Json);
    assert_eq!((count, &json), (3, &home.bytes()));
    let (count, csv) = write(Filter { kind: Some("requested".into()), ..Filter::default() }, Format::Csv);
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(count, 1);
    assert_eq!(
        csv.lines().nth(1).unwrap(),
        format!(
            "2,2026-11-23T07:12:07Z,1795417927000,alice,bearer,requested,local/a#1,\"asked; =cmd,\"\"x\"\"\\r\\n\\u{{1b}}[31m\\xff; evidence {}\"",
            Digest::of(b"e").short()
        )
    );
    assert!(csv.ends_with("\r\n"));
}

#[test]
fn another_logs_export_is_held_against_the_heads_that_were_kept() {
    let (ours, theirs) = (home(), home());
    let first = theirs.add(vec![denied("one")]);
    ours.log().note_head(&"prod".into(), first).unwrap();
    theirs.add(vec![denied("two")]);
    let file = theirs.state.join("audit.jsonl");
    let report = verify_foreign(&ours.state, &file, None).unwrap();
    assert!(report.is_sound());
    assert_eq!(report.anchored.as_ref().unwrap().head, first);
    // Rewritten as a whole: it chains, but not to what was seen.
    let rewritten = home();
    rewritten.add(vec![denied("uno"), denied("due")]);
    let file = log_file(&rewritten.state);
    assert!(verify_foreign(&ours.state, &file, None).unwrap().anchored.is_none());
    let report = verify_foreign(&ours.state, &file, Some(&"prod".into())).unwrap();
    assert_eq!(report.first_bad.unwrap().seq, first.seq);
    // Our own, vouched for by theirs.
    let ours_head = ours.log().head().unwrap();
    let name = ours.log().name().clone();
    theirs.log().note_head(&name, ours_head).unwrap();
    let report = verify_own(&ours.state, &[log_file(&theirs.state)]).unwrap();
    assert_eq!(report.anchored.unwrap().head, ours_head);
}

#[test]
fn every_kind_has_words_and_they_are_its_json() {
    let events = [Event::Looked, Event::TimedOut, Event::ClockStep { by_ms: -5 }, granted(1, "local/a#1")];
    for event in events {
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(value["kind"], kind(&event));
        assert!(KINDS.contains(&kind(&event)));
    }
    let schema = serde_json::to_value(schemars::schema_for!(Event)).unwrap();
    let kinds = schema["oneOf"].as_array().unwrap().iter().map(|event| event["properties"]["kind"]["const"].clone());
    assert_eq!(kinds.collect::<Vec<_>>(), KINDS);
}

#[test]
fn a_tampered_line_with_raw_controls_does_not_leave_unescaped() {
    let home = home();
    home.add(vec![denied("plain")]);
    home.write(&[&home.bytes()[..], "{\"seq\":3,\"x\":\"\u{9b}31m\u{202e}\"}\n".as_bytes()].concat());
    let mut out = Vec::new();
    let error = export(&home.state, &Filter::default(), Format::Json, &mut out).unwrap_err();
    assert!(matches!(error, AuditError::Damaged { seq: 3, .. }), "{error}");
}

/// What somebody does to a log.
#[derive(Clone, Debug)]
enum Damage {
    Edit(usize, u8),
    Delete(usize),
    Swap(usize),
    Copy(usize, usize),
    Forge(usize),
    Truncate(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let n = any::<usize>();
    prop_oneof![
        4 => (n, 1..=255u8).prop_map(|(at, bits)| Damage::Edit(at, bits)),
        1 => n.prop_map(Damage::Delete),
        1 => n.prop_map(Damage::Swap),
        1 => (n, n).prop_map(|(from, to)| Damage::Copy(from, to)),
        1 => n.prop_map(Damage::Forge),
        1 => n.prop_map(Damage::Truncate),
    ]
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

fn damaged(bytes: &[u8], how: &Damage) -> Vec<u8> {
    let mut all = lines(bytes);
    let count = all.len();
    match *how {
        Damage::Edit(at, bits) => {
            let mut edited = bytes.to_vec();
            edited[at % bytes.len()] ^= bits;
            return edited;
        }
        Damage::Truncate(at) => return bytes[..at % bytes.len()].to_vec(),
        Damage::Delete(n) => drop(all.remove(n % count)),
        Damage::Swap(n) => all.swap(n % (count - 1), n % (count - 1) + 1),
        Damage::Copy(from, to) => all.insert(to % count, all[from % count].clone()),
        Damage::Forge(n) => {
            let at = n % (count - 1);
            let line = &all[at];
            let head = Head { seq: at as u64 + 1, hash: Digest::of(&line[..line.len() - 1]) };
            all.insert(at + 1, format!("{}\n", head.chain(denied("forged")).unwrap().0).into_bytes());
        }
    }
    all.concat()
}

/// The first line that is not what it was, from 1.
fn first_difference(was: &[u8], is: &[u8]) -> u64 {
    let (was, is) = (lines(was), lines(is));
    was.iter().zip(&is).take_while(|(a, b)| a == b).count() as u64 + 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn every_damage_is_found_and_located(count in 2..12usize, how in damage()) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let (mut head, mut log) = (Head::empty(), Vec::new());
        for n in 0..count {
            let (line, next) = head.chain(denied(&"x".repeat(n))).unwrap();
            writeln!(log, "{line}").unwrap();
            head = next;
        }
        let bytes = damaged(&log, &how);
        prop_assume!(bytes != log);
        file.write_all(&bytes).unwrap();
        let anchor = Anchor { from: SafeText::lit("a colleague"), head };
        let report = verify(file.path(), &[anchor]).unwrap();
        let bad = report.first_bad.clone();
        prop_assert_eq!(bad.map(|b| b.line), Some(first_difference(&log, &bytes)), "{:?}", report.words());
    }
}

/// How many damaged logs: `JIT_TUI_CASES`, a thousand by default.
fn cases() -> u32 {
    std::env::var("JIT_TUI_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000)
}
