use super::*;
use crate::domain::principal::Assurance;

const A: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
const B: &str = "b1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

fn line(at: i64, what: What, reference: &str, sha: &str) -> Line {
    let by = Principal {
        issuer: "demo".into(),
        subject: "alice".into(),
        assurance: Assurance::Bearer,
        person: "alice".parse().ok(),
    };
    let decision = (what != What::Seen).then(|| DecisionId::new(Ms(at), [1; 10]));
    Line {
        at: Ms(at),
        what,
        action: "acme/scan".into(),
        reference: reference.into(),
        sha: sha.into(),
        repository: "acme/shop".into(),
        environment: "prod".into(),
        by: Some(by),
        decision,
    }
}

fn book(lines: Vec<Line>) -> Book {
    let mut book = Book::default();
    book.add(lines);
    book
}

fn known(book: &Book, reference: &str, sha: &str) -> crate::domain::lookup::Known {
    book.known(&"acme/scan".into(), &reference.into(), &sha.into())
}

#[test]
fn a_tag_that_stands_for_another_sha_has_moved_until_the_new_one_is_approved() {
    let mut lines = vec![line(1, What::Seen, "v1", A)];
    assert_eq!(known(&book(lines.clone()), "v1", A).moved, None);
    let moved = known(&book(lines.clone()), "v1", B).moved.unwrap();
    assert_eq!((moved.sha, moved.at), (A.into(), Ms(1)));
    lines.push(line(2, What::Seen, "v1", B));
    assert!(known(&book(lines.clone()), "v1", B).moved.is_some(), "looking at it does not make it known");
    lines.push(line(3, What::Rejected, "v1", B));
    assert!(known(&book(lines.clone()), "v1", B).moved.is_some(), "nor does a rejection");
    lines.push(line(4, What::Approved, "v1", B));
    assert_eq!(known(&book(lines.clone()), "v1", B).moved, None);
    assert_eq!(known(&book(lines), "v1", A).moved.unwrap().sha, Text::from(B), "and back again is a move too");
}

#[test]
fn approvals_count_once_a_decision_and_by_sha_whatever_the_reference() {
    let twice = line(5, What::Approved, "v1", A);
    let book = book(vec![line(1, What::Seen, "v1", A), twice.clone(), twice, line(7, What::Approved, "v1.0", A)]);
    let known = known(&book, "v1", A);
    assert_eq!((known.approved, known.approval), (2, Some(("alice".into(), Ms(7)))));
    assert_eq!((known.first, known.last, known.by), (Some(Ms(1)), Some(Ms(5)), Some("alice".into())));
    assert!(known.action);
    assert!(!book.known(&"acme/other".into(), &"v1".into(), &A.into()).action);
}

#[test]
fn sightings_are_written_once_a_day() {
    let book = book(vec![line(0, What::Seen, "v1", A)]);
    let wants = |sha: &str, at| book.wants(&"acme/scan".into(), &"v1".into(), &sha.into(), Ms(at));
    assert!(wants(B, 1) && !wants(A, 1) && wants(A, 90_000_000));
}

#[test]
fn what_is_appended_comes_back_and_a_torn_line_is_cut_off() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let path = ledger_file(&state);
    assert!(read(&path).unwrap().0.is_empty());
    append(&state, &[line(1, What::Seen, "v1", A)]).unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"at\":2,\"what\":\"se").unwrap();
    assert_eq!(read(&path).unwrap().0.len(), 1);
    append(&state, &[line(3, What::Approved, "v1", A)]).unwrap();
    let (lines, fault) = read(&path).unwrap();
    assert_eq!(lines, [line(1, What::Seen, "v1", A), line(3, What::Approved, "v1", A)]);
    assert!(fault.is_none());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("{\"ledger\":\"jit-tui action SHAs\",\"version\":1}\n{\"at\":1,\"what\":\"seen\",\"action\":")
    );
    let mut copy = Vec::new();
    export(&lines, &mut copy).unwrap();
    assert_eq!(copy, text.as_bytes());
}

#[test]
fn a_damaged_ledger_says_where_and_the_rest_counts() {
    let home = tempfile::tempdir().unwrap();
    let path = ledger_file(home.path());
    append(home.path(), &[line(1, What::Seen, "v1", A), line(2, What::Seen, "v1", A), line(3, What::Seen, "v2", B)])
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap().replace("\"at\":2,", "\"at\":\u{0},");
    std::fs::write(&path, text).unwrap();
    let (lines, fault) = read(&path).unwrap();
    assert_eq!(lines.len(), 2);
    assert!(fault.unwrap().to_string().contains("1 line(s) cannot be read, the first is line 3"));
    append(home.path(), &[line(4, What::Seen, "v3", B)]).unwrap();
    assert_eq!(read(&path).unwrap().0.len(), 3);
}

#[test]
fn a_ledger_of_a_later_program_is_neither_read_nor_written() {
    let home = tempfile::tempdir().unwrap();
    let path = ledger_file(home.path());
    let newer = "{\"ledger\":\"jit-tui action SHAs\",\"version\":2}\n{\"other\":1}\n";
    files::replace_private(&path, newer.as_bytes()).unwrap();
    assert!(matches!(read(&path), Err(LedgerFault::Newer { version: 2, .. })));
    assert!(matches!(append(home.path(), &[line(1, What::Seen, "v1", A)]), Err(LedgerFault::Newer { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), newer);
    files::replace_private(&path, b"not a ledger\n").unwrap();
    assert!(matches!(read(&path), Err(LedgerFault::Foreign { .. })));
    assert!(append(home.path(), &[]).is_err());
}

#[test]
fn writers_of_several_threads_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let state = home.path();
            scope.spawn(move || append(state, &[line(n, What::Seen, "v1", A)]).unwrap());
        }
    });
    assert_eq!(read(&ledger_file(home.path())).unwrap().0.len(), 8);
}
