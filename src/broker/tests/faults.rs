//! What goes wrong: tokens, bodies, headers, the disk. Every fault ends in "not granted" and in one clear message.

use super::*;
use crate::broker::StartError;
use crate::domain::digest::Digest;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_expire_and_are_revoked_while_the_broker_runs() {
    let house = House::new().await;
    let person = || Use::Approver { person: "alice".parse().unwrap() };
    let past = house.known(house.token("old", person(), Some(Ms(1))));
    assert_eq!(code(&past.get("info", "").await), Code::Unauthenticated);
    let alice = house.known(house.token("new", person(), None));
    assert!(alice.get("info", "").await.is_success());
    let mut db = open_database(&house.options.database).unwrap();
    tokens::revoke(&mut db, "new", Ms(1), nobody()).unwrap();
    wait_known("");
    let answer = alice.get("info", "").await;
    assert_eq!(code(&answer), Code::Unauthenticated);
    assert!(String::from_utf8_lossy(&answer.body).contains("revoked"));
    let wrong = Caller { house: &house, client: house.client(Some("jt_guess".into())) };
    assert_eq!(code(&wrong.get("info", "").await), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_by_name() {
    let house = House::new().await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    let key = [("idempotency-key", "k")];
    for (body, expected) in [
        (&b"{}"[..], Code::Invalid),
        (b"[[[[", Code::Invalid),
        (b"\xff\xfe", Code::Invalid),
        (&vec![b' '; 2 << 20], Code::TooLarge),
        ("[".repeat(100_000).as_bytes(), Code::Invalid),
    ] {
        assert_eq!(code(&gate.call("create", "", &key, body.to_vec()).await), expected);
    }
    assert_eq!(code(&gate.post("create", "", &[], &submission("prod")).await), Code::Invalid, "no key");
    let unput = gate.post("create", "", &key, &submission("prod")).await;
    assert_eq!(code(&unput), Code::Invalid, "its blob was not put");
    let digest = Digest::of(b"other").hex();
    assert_eq!(code(&gate.call("putBlob", &digest, &[], b"bytes".to_vec()).await), Code::Invalid);
    assert_eq!(code(&gate.call("putBlob", "zz", &[], b"bytes".to_vec()).await), Code::Invalid);
    assert_eq!(code(&alice.get("read", "00").await), Code::NotFound);
    assert_eq!(code(&alice.get("list", "?limit=x").await), Code::Invalid);
    let unknown = alice.client.call("GET".parse().unwrap(), "/v1/nothing", &[], vec![]).await.unwrap();
    assert_eq!((unknown.status, code(&unknown)), (404, Code::NotFound));
    let rebound = alice.client.call("GET".parse().unwrap(), "/healthz", &[("host", "evil.example")], vec![]).await;
    assert_eq!(code(&rebound.unwrap()), Code::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_needs_the_digest_that_was_shown_and_its_own_id_as_key() {
    let house = House::new().await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    let id = gate.ask("stg", "a").await;
    let decision = decision(&alice.read(&id).await, Ballot::Approve);
    let key = ("idempotency-key", decision.id.as_str());
    let other = format!("\"{}\"", Digest::of(b"other"));
    let right = format!("\"{}\"", decision.request_digest);
    for (headers, expected) in [
        (vec![key], Code::Invalid),
        (vec![("if-match", right.as_str())], Code::Invalid),
        (vec![("if-match", right.as_str()), ("idempotency-key", "another")], Code::Invalid),
        (vec![("if-match", other.as_str()), key], Code::Changed),
    ] {
        assert_eq!(code(&alice.post("decide", &id, &headers, &decision).await), expected);
    }
    assert_eq!(alice.read(&id).await.votes.len(), 0);
    assert!(alice.send(&decision).await.is_success());
    assert!(alice.send(&decision).await.is_success(), "the same again is the same answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written_grants_nothing_and_recovers() {
    let house = House::new().await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    let id = gate.ask("stg", "a").await;
    let request = alice.read(&id).await;
    let db = open_database(&house.options.database).unwrap();
    db.execute_batch("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'disk full'); END").unwrap();
    let decision = decision(&request, Ballot::Approve);
    assert_eq!(code(&alice.send(&decision).await), Code::Degraded);
    let health = alice.client.call("GET".parse().unwrap(), "/healthz", &[], vec![]).await.unwrap();
    assert_eq!(health.status, 503);
    assert!(String::from_utf8_lossy(&health.body).contains("disk full"));
    assert_eq!(alice.read(&id).await.votes.len(), 0, "nothing of it stayed in memory");
    assert_eq!(gate.start(&id).await.status, 503);
    db.execute_batch("DROP TRIGGER full").unwrap();
    assert!(alice.send(&decision).await.is_success());
    assert_eq!(alice.get("health", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broker_a_folder_and_one_message_for_each_fault_of_the_start() {
    let house = House::new().await;
    let said = |e: Result<Server, StartError>| e.err().unwrap().to_string();
    let second = said(serve(house.options.clone()).await);
    assert!(second.contains("runs on") && second.contains(&house.address()), "{second}");

    let mut taken = house.options.clone();
    taken.listen = house.address().strip_prefix("http://").unwrap().parse().unwrap();
    (taken.state, taken.database) = (house.folder.path().join("b"), house.folder.path().join("b/broker.db"));
    let port = said(serve(taken.clone()).await);
    assert!(port.contains("another one listens there"), "{port}");

    taken.listen = "127.0.0.1:0".parse().unwrap();
    let missing = |name: &str| house.folder.path().join(name);
    taken.tls = Some(crate::broker::TlsFiles { cert: missing("cert.pem"), key: missing("key.pem") });
    let tls = said(serve(taken).await);
    assert!(tls.contains("cert.pem") && tls.contains("--tls-cert"), "{tls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_run_and_its_end_is_on_record() {
    let out = tempfile::tempdir().unwrap();
    let told = out.path().join("told");
    let command = format!("cat > {}.new && mv {}.new {}", told.display(), told.display(), told.display());
    let house = House::with(TEAM, |o| o.hook = vec!["sh".into(), "-c".into(), command]).await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    gate.ask("prod", "a").await;
    let mut lines = String::new();
    for _ in 0..200 {
        lines = String::from_utf8(alice.get("audit", "").await.body).unwrap();
        if lines.contains(r#""kind":"notified""#) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(lines.contains(r#""occasion":"create","people":["alice","carol"],"result":"done""#), "{lines}");
    let json: Value = serde_json::from_slice(&std::fs::read(told).unwrap()).unwrap();
    assert_eq!((&json["occasion"], &json["eligible"][1]), (&json!("create"), &json!("carol")));
}
