//! At start, off the first frame's path: decisions that a dead process left open are settled or reported dropped.

use std::sync::Arc;

use super::guard::give;
use super::news::{AuditState, News, Step};
use super::{Inner, acts, errands, look_ups, road};
use crate::audit;
use crate::domain::decision::Decision;
use crate::domain::ids::{DecisionId, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::record::{Entry, Event};
use crate::domain::text::{SafeText, Text};
use crate::safe;

pub(super) async fn settle_open(desk: Arc<Inner>) {
    let (state, left) = (desk.state.clone(), desk.claims.left());
    match tokio::task::spawn_blocking(move || audit::open_decisions(&state, &left)).await {
        Ok(Ok(open)) => take_up(&desk, open).await,
        Ok(Err(e)) => desk.audit_broken(&e.to_string()).await,
        Err(_) => {}
    }
    match desk.journal.head().await {
        Ok(head) => desk.tell(News::AuditState(AuditState::Ok { seq: head.seq, anchored: None })).await,
        Err(why) => return desk.audit_broken(&why).await,
    }
    for line in &desk.backends {
        errands::anchor(&desk, line.backend.name()).await;
    }
}

async fn take_up(desk: &Arc<Inner>, open: audit::Open) {
    for (id, key) in open.held {
        drop_held(desk, id, key).await;
    }
    for (id, key, why) in open.dropped {
        if let Ok(Some(claim)) = desk.claims.take_over(&id) {
            tell_dropped(desk, key.as_ref(), &why).await;
            claim.release();
        }
    }
    for intent in open.intents {
        tokio::spawn(settle_one(Arc::clone(desk), intent));
    }
}

/// Which findings were accepted here, for as long as that holds.
pub(super) async fn tell_acceptances(desk: Arc<Inner>) {
    match acts::acceptances(&desk).await {
        Ok(given) => desk.tell(News::Acceptances(given)).await,
        Err(why) => desk.tell(News::Notice(safe!("accepted findings count as new: {}", why))).await,
    }
}

async fn drop_held(desk: &Arc<Inner>, id: DecisionId, key: Option<RequestKey>) {
    let Ok(Some(claim)) = desk.claims.take_over(&id) else { return };
    let why = Text::from("its process ended in the hold-back");
    let event = Event::Dropped { decision: id, why: why.clone() };
    match desk.record(Entry { at: desk.now().wall, by: None, request: key.clone(), event }).await {
        Ok(()) => claim.release(),
        Err(why) => desk.audit_broken(&why).await,
    }
    tell_dropped(desk, key.as_ref(), &why).await;
}

async fn tell_dropped(desk: &Arc<Inner>, key: Option<&RequestKey>, why: &Text) {
    let about = key.map_or(SafeText::lit("a request"), |key| safe!("{}", key));
    let said = safe!("nothing was sent: the decision held back on {} was dropped: {}", about, why.prose());
    desk.tell(News::Notice(said)).await;
}

async fn settle_one(desk: Arc<Inner>, decision: Decision) {
    let Ok(Some(claim)) = desk.claims.take_over(&decision.id) else { return };
    let Some(backend) = desk.backend(&decision.request.backend) else {
        let lost =
            safe!("decision {} is open, its backend {} is not in the config", decision.id, decision.request.backend);
        return desk.tell(News::Notice(lost)).await;
    };
    road::tell(&desk, &decision, Step::Settling).await;
    let outcome = road::settle(&desk, &backend, &decision).await;
    let ground = match outcome {
        Outcome::Final { .. } => give::ground_again(&backend, &decision).await,
        _ => None,
    };
    road::close(&desk, &decision, &outcome, (None, ground.as_deref())).await;
    claim.release();
    road::tell(&desk, &decision, Step::Done(outcome.clone())).await;
    look_ups::decided(&desk, &decision, &outcome, look_ups::Read::default(), look_ups::Unread::Asked).await;
}
