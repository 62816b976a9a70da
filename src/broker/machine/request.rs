//! What else happens to a request: looks, reviews, being taken back; and notes that only go on record.

use std::sync::Arc;

use crate::api::{Code, Problem};
use crate::domain::grant::Revocation;
use crate::domain::ids::NativeId;
use crate::domain::record::{Event, Head};
use crate::domain::request::{Ballot, Look, State};
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::safe;

use super::super::identity::Caller;
use super::super::problem::{not_found, problem, text};
use super::draft::{Draft, Occasion};
use super::held::{Held, KnownHead, Live};
use super::state::Change;
use super::{About, Answer};

/// How long a look counts.
const LOOK: Span = Span::mins(2);

/// Several processes write one log: their heads may overtake each other by so much.
const LATE: Span = Span::mins(1);

/// A request of this credential's own; others learn nothing about it.
pub(super) fn owned<'a>(draft: &Draft<'a>, about: &About) -> Result<&'a Arc<Held>, Problem> {
    let held = draft.request(&about.id)?;
    let own = about.caller.pipeline.as_ref().is_some_and(|b| b.credential == held.fixed.owner);
    if own { Ok(held) } else { Err(not_found("request")) }
}

pub(super) fn look(draft: &mut Draft<'_>, about: &About) -> Result<Answer, Problem> {
    let held = draft.request(&about.id)?;
    let me = &about.caller.principal;
    let mut live = held.live.clone();
    let known = live.looks.iter().any(|l| l.by.same_person(me) && l.until > draft.now.wall);
    live.looks.retain(|l| !l.by.same_person(me) && l.until > draft.now.wall);
    live.looks.push(Look { by: me.clone(), until: draft.now.wall + LOOK });
    draft.change(held, live);
    if !known {
        draft.record(Some(me), Some(&held.core().key), Event::Looked);
    }
    Ok(Answer::Request(about.id.clone()))
}

pub(super) fn review(draft: &mut Draft<'_>, about: &About, comment: &Text) -> Result<Answer, Problem> {
    let held = draft.request(&about.id)?;
    if !held.live.unreviewed {
        return Err(problem(Code::Conflict, "there is no break-glass to review here", "nothing is left to do"));
    }
    let me = &about.caller.principal;
    let mine = |b: &super::Ballot| b.vote.ballot == Ballot::BreakGlass && b.vote.by.same_person(me);
    if held.live.ballots.iter().any(mine) {
        return Err(problem(Code::Forbidden, "you broke this glass yourself", "another person must review it"));
    }
    draft.change(held, Live { unreviewed: false, ..held.live.clone() });
    draft.record(Some(me), Some(&held.core().key), Event::Reviewed { comment: comment.clone() });
    Ok(Answer::Request(about.id.clone()))
}

pub(super) fn cancel(draft: &mut Draft<'_>, about: &About) -> Result<Answer, Problem> {
    let held = owned(draft, about)?;
    match held.live.state {
        State::Cancelled => return Ok(Answer::Request(about.id.clone())),
        State::Pending => {}
        State::Approved if held.live.start.is_none() => drop_own_grant(draft, about, held),
        _ => {
            let message = safe!("it cannot be taken back: it is {}", held.live.state.word());
            return Err(problem(Code::Conflict, message, "what runs is ended by its gate, or by a revoke"));
        }
    }
    let decided_at = held.live.decided_at.or(Some(draft.now.wall));
    draft.change(held, Live { state: State::Cancelled, decided_at, half: None, ..held.live.clone() });
    draft.record(Some(&about.caller.principal), Some(&held.core().key), Event::Cancelled);
    Ok(Answer::Request(about.id.clone()))
}

/// An approval that was not used ends with its request.
fn drop_own_grant(draft: &mut Draft<'_>, about: &About, held: &Held) {
    let Some(grant) = draft.state.grant_of(held) else { return };
    if grant.grant.bound.request != held.core().key || grant.grant.revoked.is_some() {
        return;
    }
    let mut grant = super::HeldGrant::clone(grant);
    let reason = Text::from("the request was taken back by who asked");
    let by = about.caller.principal.clone();
    grant.grant.revoked = Some(Revocation { by, at: draft.now.wall, reason: reason.clone() });
    let event = Event::Revoked { grant: grant.grant.id.clone(), reason };
    draft.record(Some(&about.caller.principal), Some(&held.core().key), event);
    draft.put_grant(grant, Some(held.id()));
}

/// Keeps a console's head; one that cannot follow the last is an alarm.
pub(super) fn heads(draft: &mut Draft<'_>, caller: &Caller, log: &Text, head: Head) -> Result<Answer, Problem> {
    // Names are the senders' own choice: nobody spoils another one's.
    let whose = text(safe!("{} of {}", log.ident(), caller.principal.shown()));
    if let Some(before) = draft.state.heads.get(&whose) {
        let late = head.seq < before.head.seq && draft.now.wall.since(before.at) < LATE;
        if before.head == head || late {
            return Ok(Answer::Done);
        }
        if head.seq <= before.head.seq {
            let message = safe!("this log was at #{} ({}) before", before.head.seq, before.head.hash.short());
            return Err(problem(Code::Conflict, message, "records are missing or changed: run `jit-tui audit verify`"));
        }
    }
    draft.push(Change::Head(whose, KnownHead { head, at: draft.now.wall }));
    let event = Event::HeadSeen { log: log.clone(), seq: head.seq, head: head.hash };
    draft.record(Some(&caller.principal), None, event);
    Ok(Answer::Done)
}

pub(super) fn exported(draft: &mut Draft<'_>, caller: &Caller, records: u64) -> Result<Answer, Problem> {
    draft.record(Some(&caller.principal), None, Event::Exported { records });
    Ok(Answer::Done)
}

pub(super) fn notified(
    draft: &mut Draft<'_>,
    id: &NativeId,
    occasion: Occasion,
    people: &[Text],
    result: &Text,
) -> Result<Answer, Problem> {
    let key = draft.request(id)?.core().key.clone();
    let event = Event::Notified { occasion: occasion.word().into(), people: people.to_vec(), result: result.clone() };
    draft.record(None, Some(&key), event);
    Ok(Answer::Done)
}
