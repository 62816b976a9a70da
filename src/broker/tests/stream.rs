//! The event stream: hints as they come, resumed where they stopped, and who watches.

use std::time::Duration;

use super::*;
use crate::api::{Created, Info};
use crate::sys::http::Stream;

async fn until(stream: &mut Stream, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let piece = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
        let piece = piece.unwrap_or_else(|_| panic!("{text} did not come: {read}"));
        read.push_str(&String::from_utf8(piece.unwrap().expect("the stream goes on")).unwrap());
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_come_as_things_change_and_a_stream_resumes_where_it_stopped() {
    let house = House::new().await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    let mut stream = alice.client.stream("/v1/events", &[]).await.unwrap();
    until(&mut stream, ": ok").await;
    let first = gate.ask("stg", "a").await;
    let hints = until(&mut stream, &first).await;
    let seq: u64 = hints.split("id: ").nth(1).unwrap().split('\n').next().unwrap().parse().unwrap();
    let mut said = submission("stg");
    said.evidence.diff = None;
    let answer = gate.post("create", "", &[("idempotency-key", "b")], &said).await;
    assert_eq!(answer.json::<Created>().unwrap().watching, 1);
    drop(stream);

    let last = seq.to_string();
    let mut resumed = alice.client.stream("/v1/events", &[("last-event-id", &last)]).await.unwrap();
    let hints = until(&mut resumed, "data:").await;
    assert!(!hints.contains(&first), "{hints}");
    let mut whole = alice.client.stream("/v1/events?after=0", &[]).await.unwrap();
    until(&mut whole, &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_broker_closes() {
    let mut house = House::new().await;
    let client = house.approver("alice").client;
    let mut stream = client.stream("/v1/events", &[]).await.unwrap();
    until(&mut stream, ": ok").await;
    let begun = std::time::Instant::now();
    house.server.take().unwrap().shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "it does not wait for listeners");
    assert!(!matches!(stream.next().await, Ok(Some(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_is_counted_while_they_do() {
    let house = House::new().await;
    let alice = house.approver("alice");
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = alice.client.stream("/v1/events", &[]).await.unwrap();
        until(&mut stream, ": ok").await;
        streams.push(stream);
    }
    let watching = async || alice.get("info", "").await.json::<Info>().unwrap().watching;
    assert_eq!(watching().await, 50);
    drop(streams);
    for _ in 0..200 {
        if watching().await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("they are still counted");
}
