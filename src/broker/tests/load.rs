//! Many at once, small enough for every run of the tests; `benches/` holds the figures.

use super::*;
use crate::api::Page;

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_share_commits_and_every_answer_holds() {
    let mut house = House::with(TEAM, |o| o.quota.of_one = 1_000).await;
    let ids = {
        let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
        let keys: Vec<String> = (0..64).map(|n| format!("k{n}")).collect();
        let ids = futures_util::future::join_all(keys.iter().map(|key| gate.ask("stg", key))).await;
        let votes = ids.iter().map(|id| async { alice.decide(&alice.read(id).await, Ballot::Approve).await });
        for answer in futures_util::future::join_all(votes).await {
            assert!(answer.is_success());
        }
        let figures = String::from_utf8(alice.get("metrics", "").await.body).unwrap();
        let commits: u32 =
            figures.lines().find_map(|l| l.strip_prefix("jit_tui_commits_total ")).unwrap().parse().unwrap();
        assert!(commits < 128, "{commits} commits for 128 commands");
        ids
    };
    house.again().await;
    let carol = house.approver("carol");
    for id in ids {
        assert_eq!(carol.read(&id).await.votes.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_queue_is_read_page_by_page_without_gap_or_repeat() {
    let house = House::new().await;
    let (gate, alice) = (house.pipeline("ci"), house.approver("alice"));
    for n in 0..45 {
        gate.ask("stg", &n.to_string()).await;
    }
    let (mut after, mut seen) = (0, BTreeSet::new());
    loop {
        let page: Page = alice.get("list", &format!("?after={after}&limit=20")).await.json().unwrap();
        seen.extend(page.requests.iter().map(|r| r.key().id.to_string()));
        after = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(seen.len(), 45);
}
