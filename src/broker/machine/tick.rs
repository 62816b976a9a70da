//! What time does by itself: requests time out, passes whose gate is silent are lost, old requests are let go;
//! and a broker that begins judges what waits by the policy of now.

use std::sync::Arc;

use crate::api::Problem;
use crate::domain::digest::Digest;
use crate::domain::grant::End;
use crate::domain::record::Event;
use crate::domain::request::State;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::Effect;

use super::draft::{Draft, Occasion};
use super::held::{Held, Live};
use super::state::Change;
use super::{Answer, judge, pass};

/// How long a request that is over stays readable; the audit log keeps it for good.
const KEPT: Span = Span::hours(30 * 24);

pub(super) fn tick(draft: &mut Draft<'_>) -> Result<Answer, Problem> {
    let waiting: Vec<Arc<Held>> =
        draft.state.changed_after(0, true).filter(|(_, h)| has_news(draft, h)).map(|(_, h)| Arc::clone(h)).collect();
    for held in waiting {
        if held.live.due.is_past(draft.now) { time_out(draft, &held) } else { half(draft, &held) }
    }
    lose(draft);
    Ok(Answer::Done)
}

fn has_news(draft: &Draft<'_>, held: &Held) -> bool {
    held.live.due.is_past(draft.now) || held.live.half.is_some_and(|h| h.is_past(draft.now))
}

fn time_out(draft: &mut Draft<'_>, held: &Held) {
    let decided_at = Some(draft.now.wall);
    let live = Live { state: State::TimedOut, decided_at, half: None, ..held.live.clone() };
    let after = draft.change(held, live);
    draft.record(None, Some(&held.core().key), Event::TimedOut);
    draft.notify(Occasion::Timeout, &after);
}

fn half(draft: &mut Draft<'_>, held: &Held) {
    let after = draft.change(held, Live { half: None, ..held.live.clone() });
    draft.notify(Occasion::Half, &after);
}

/// Passes that nobody has ended though their time and grace are over.
fn lose(draft: &mut Draft<'_>) {
    let running: Vec<_> = draft.state.running.iter().filter_map(|id| draft.state.grant(id)).cloned().collect();
    for grant in running {
        let lost = grant.grant.passes.iter().zip(&grant.clocks).enumerate();
        let mut lost = lost.filter(|(_, (p, c))| p.end.is_none() && c.lost.is_past(draft.now));
        // One a tick and grant: the next deadline comes at once, and each sees the grant as the last one left it.
        if let Some((at, (pass, _))) = lost.next()
            && let Some(held) = draft.state.request(&pass.request.id)
        {
            pass::close(draft, held, &grant, at, &End::Lost, None);
        }
    }
}

pub(super) fn sweep(draft: &mut Draft<'_>) -> Result<Answer, Problem> {
    let before = draft.now.wall - KEPT;
    let old: Vec<_> = draft
        .state
        .all_requests()
        .filter(|h| !h.is_pending() && !h.live.unreviewed && h.live.decided_at.is_some_and(|at| at < before))
        .filter(|h| draft.state.grant_of(h).is_none_or(|g| !g.is_alive(draft.now)))
        .map(|h| h.id().clone())
        .collect();
    for id in old {
        draft.push(Change::Forget(id));
    }
    Ok(Answer::Done)
}

/// The broker begins.
pub(super) fn open(draft: &mut Draft<'_>, before: Option<Digest>, program: &Text) -> Result<Answer, Problem> {
    draft.record(None, None, Event::Opened { program: program.clone() });
    let digest = draft.setup().policy.digest();
    if before != Some(digest) {
        draft.record(None, None, Event::Policy { digest });
        draft.push(Change::Policy(digest));
        let waiting: Vec<Arc<Held>> = draft.state.changed_after(0, true).map(|(_, h)| Arc::clone(h)).collect();
        for held in waiting {
            judge_again(draft, &held);
        }
    }
    Ok(Answer::Done)
}

/// Another policy than when it was asked: it may deny or allow now, and votes that were given under the old one
/// have to be given again.
fn judge_again(draft: &mut Draft<'_>, held: &Held) {
    let (findings, verdict) = judge::again(draft.state, held);
    let (effect, why) = (verdict.effect, verdict.words.clone());
    let mut after = held.clone();
    after.live = Live { findings, verdict, ballots: Vec::new(), ..held.live.clone() };
    match effect {
        Effect::Deny => {
            let live = &mut after.live;
            (live.state, live.decided_at, live.half) = (State::Denied, Some(draft.now.wall), None);
            draft.record(None, Some(&held.core().key), Event::Denied { why });
        }
        Effect::Approve => {}
        // Refused while the clock is not trusted: then it goes on waiting, and times out.
        Effect::Allow => drop(super::create::allow(draft, &mut after)),
    }
    draft.put(after, None);
}
