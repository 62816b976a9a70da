//! Every call of the table, in the order of a deployment, each answer held against OpenAPI.

use super::*;
use crate::api::{self, Created, Decided, Extension, Grants, Heads, Info, Page, Permit, ROUTES};
use crate::broker::machine::tests::DIFF;
use crate::domain::digest::Digest;
use crate::domain::grant::End;
use crate::domain::outcome::Outcome;
use crate::domain::record::{Head, Record};
use crate::domain::request::{Can, State};

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_from_asking_to_its_end() {
    let house = House::new().await;
    let (gate, alice, carol) = (house.pipeline("ci"), house.approver("alice"), house.approver("carol"));

    let info: Info = alice.get("info", "").await.json().unwrap();
    assert!(info.approver && !info.local && info.you.person == "alice".parse().ok());
    assert_eq!(info.name.as_str(), "broker");
    let base: api::BaseOffer = gate.get("base", "?repository=acme/shop&environment=prod").await.json().unwrap();
    assert_eq!(base.base, None);

    let digest = Digest::of(DIFF).hex();
    assert_eq!(gate.call("putBlob", &digest, &[], DIFF.to_vec()).await.status, 204);
    assert_eq!(alice.get("getBlob", &digest).await.body, DIFF);
    let answer = gate.post("create", "", &[("idempotency-key", "a")], &submission("prod")).await;
    let created: Created = answer.json().unwrap();
    let id = created.core.key.id.to_string();

    let page: Page = alice.get("list", "?state=pending").await.json().unwrap();
    assert_eq!((page.requests.len(), page.more), (1, false));
    assert_eq!(page.requests[0].can, Can::Yes { starts: false });
    assert_eq!(page.requests[0].gate_waits, Some(true));
    let answer = alice.get("read", &id).await;
    assert_eq!(answer.header("etag").unwrap(), format!("\"{}\"", created.core.digest()));
    let evidence = alice.get("evidence", &id).await;
    assert_eq!(evidence.json::<crate::domain::evidence::Evidence>().unwrap(), submission("prod").evidence);
    let looked: Request = carol.post("look", &id, &[], &json!({})).await.json().unwrap();
    assert_eq!(looked.looks.len(), 1);
    let beat: api::Beat = gate.get_beat(&id, "").await;
    assert_eq!((beat.state, beat.looking.len()), (State::Pending, 1));

    let counted: Decided = alice.decide(&looked, Ballot::Approve).await.json().unwrap();
    assert_eq!(counted.result, Outcome::Counted { have: 1, need: 2 });
    let decided: Decided = carol.decide(&looked, Ballot::Approve).await.json().unwrap();
    assert_eq!(decided.result, Outcome::Final { state: State::Approved });
    let permit: Permit = gate.start(&id).await.json().unwrap();
    let more = api::Extend { run_for: Span::mins(20), reason: "slow".into() };
    let extension: Extension = alice.post("extend", permit.grant.as_str(), &[], &more).await.json().unwrap();
    assert_eq!(extension.missing, 1);
    let grants: Grants = alice.get("grants", "").await.json().unwrap();
    assert!(grants.grants[0].running().is_some());
    assert_eq!(gate.post("end", &id, &[], &api::Ended { end: End::Exit(0) }).await.status, 204);
    let base: api::BaseOffer = gate.get("base", "?repository=acme/shop&environment=prod").await.json().unwrap();
    assert_eq!(base.base.unwrap().sha, submission("prod").head.unwrap());

    the_rest(&house, &gate, &alice).await;
    let called = house.called.lock().unwrap().clone();
    let all: BTreeSet<&str> = ROUTES.iter().map(|r| r.id).filter(|id| *id != "events").collect();
    assert_eq!(called, all, "the stream has a test of its own");
}

/// Break-glass and its review, revoke, cancel, audit, health, figures, description.
async fn the_rest(house: &House, gate: &Caller<'_>, alice: &Caller<'_>) {
    let dan = house.approver("dan");
    let red = gate.ask("prod", "b").await;
    dan.decide(&alice.read(&red).await, Ballot::BreakGlass).await;
    assert!(alice.read(&red).await.unreviewed);
    let seen = api::Review { comment: "was needed".into() };
    let reviewed: Request = alice.post("review", &red, &[], &seen).await.json().unwrap();
    assert!(!reviewed.unreviewed);
    let grant = reviewed.grant.unwrap().id;
    alice.post("revoke", grant.as_str(), &[], &api::Revoke { reason: "enough".into() }).await;
    assert_eq!(gate.start(&red).await.status, 410);

    let unwanted = gate.ask("stg", "c").await;
    let beat: api::Beat = gate.post("cancel", &unwanted, &[], &json!({})).await.json().unwrap();
    assert_eq!(beat.state, State::Cancelled);

    let head = Head { seq: 7, hash: Digest::of(b"x") };
    let theirs: Heads = alice.post("heads", "", &[], &Heads { log: "laptop".into(), head }).await.json().unwrap();
    let lines = String::from_utf8(alice.get("audit", "").await.body).unwrap();
    assert_chain(&lines, theirs.head);
    assert_eq!(alice.get("health", "").await.body, b"ok\n");
    let figures = String::from_utf8(alice.get("metrics", "").await.body).unwrap();
    assert!(figures.contains("jit_tui_requests_pending 0") && figures.contains("jit_tui_up 1"), "{figures}");
    assert_eq!(alice.get("openapi", "").await.json::<Value>().unwrap()["openapi"], "3.1.0");
}

/// Every line chains to the one before, and the head that was given is among them.
fn assert_chain(lines: &str, given: Head) {
    let mut head = Head::empty();
    let mut met = false;
    for line in lines.lines() {
        let record: Record = serde_json::from_str(line).unwrap();
        assert_eq!((record.seq, record.prev), (head.seq + 1, head.hash));
        head = Head { seq: record.seq, hash: Digest::of(line.as_bytes()) };
        met |= head == given;
    }
    assert!(met);
}

impl Caller<'_> {
    async fn get_beat(&self, id: &str, query: &str) -> api::Beat {
        self.post("beat", &format!("{id}?{query}"), &[], &json!({})).await.json().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beat_that_waits_hears_of_the_decision_at_once() {
    let house = House::new().await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    let id = gate.ask("stg", "a").await;
    let seq = gate.get_beat(&id, "").await.seq;
    let request = alice.read(&id).await;
    let query = format!("wait=25&seq={seq}");
    let begun = std::time::Instant::now();
    let (beat, _) = tokio::join!(gate.get_beat(&id, &query), async {
        alice.decide(&request, Ballot::Reject).await;
    });
    assert_eq!(beat.state, State::Rejected);
    assert_eq!(beat.decision, *"rejected by alice: because");
    assert!(begun.elapsed().as_secs() < 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_is_for_those_that_the_table_names() {
    let house = House::new().await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    let nobody = Caller { house: &house, client: house.client(None) };
    for route in ROUTES.iter().filter(|r| r.id != "events") {
        let (stranger, wrong) = match route.who {
            api::For::Anyone => (None, None),
            api::For::Both => (Some(&nobody), None),
            api::For::Pipeline => (Some(&nobody), Some(&alice)),
            api::For::Approver => (Some(&nobody), Some(&gate)),
        };
        if let Some(caller) = stranger {
            let answer = caller.get_or_post(route.id).await;
            assert_eq!(code(&answer), Code::Unauthenticated, "{}", route.id);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        if let Some(caller) = wrong {
            assert_eq!(code(&caller.get_or_post(route.id).await), Code::Forbidden, "{}", route.id);
        }
    }
}

impl Caller<'_> {
    async fn get_or_post(&self, id: &'static str) -> Answer {
        self.call(id, "00", &[], vec![]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_restart() {
    let mut house = House::new().await;
    let (id, before) = {
        let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
        let id = gate.ask("stg", "a").await;
        alice.decide(&alice.read(&id).await, Ballot::Approve).await;
        gate.start(&id).await;
        let before = alice.read(&id).await;
        (id, before)
    };
    house.again().await;
    let (zoe, gate) = (house.approver("carol"), house.pipeline("ci2"));
    let after = zoe.read(&id).await;
    assert_eq!(after.core.text(), before.core.text());
    assert_eq!(
        (after.state, after.votes, after.grant, after.seq),
        (before.state, before.votes, before.grant, before.seq)
    );
    assert_eq!(code(&gate.start(&id).await), Code::NotFound, "another credential");
}
