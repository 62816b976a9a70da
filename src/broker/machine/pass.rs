//! A gate starts a pass under a grant, once, and says how it ended.

use std::sync::Arc;

use crate::api::{Code, Permit, Problem, Recheck};
use crate::domain::grant::{End, Pass};
use crate::domain::record::Event;
use crate::domain::request::{Core, State};
use crate::domain::time::Span;
use crate::domain::verdict::Effect;
use crate::grants;
use crate::safe;

use super::super::problem::problem;
use super::draft::Draft;
use super::held::{Held, HeldGrant, LastSuccess, Start};
use super::request::owned;
use super::state::Change;
use super::{About, Answer, Begin, grant, judge};

/// Grace where the core names none.
const GRACE: Span = Span::secs(60);

pub(super) fn start(draft: &mut Draft<'_>, begin: &Begin) -> Result<Answer, Problem> {
    let held = owned(draft, &begin.about)?;
    if let Some(permit) = repeated(draft, held, begin)? {
        return Ok(Answer::Permit(permit));
    }
    unchanged(held.core(), &begin.recheck)?;
    let grant = HeldGrant::clone(usable(draft, held)?);
    let run_for = judged(draft, held, &grant)?;
    go(draft, held, begin, grant, run_for)
}

/// The same gate may ask again without starting twice; it is told what is left.
fn repeated(draft: &Draft<'_>, held: &Held, begin: &Begin) -> Result<Option<Permit>, Problem> {
    let Some(start) = &held.live.start else { return Ok(None) };
    if start.key != begin.key {
        return Err(problem(Code::Conflict, "this request has started already", "one request starts once"));
    }
    if start.body != begin.body {
        return Err(problem(Code::KeyReused, "this idempotency key came with another body before", "make a new key"));
    }
    let clock = draft.state.grant_of(held).and_then(|g| g.running_pass(held.id()));
    let Some((_, clock)) = clock else {
        return Err(problem(Code::Over, "this pass has ended", "have it asked again"));
    };
    Ok(Some(Permit { run_for: clock.ends.left(draft.now), ..start.permit.clone() }))
}

fn unchanged(core: &Core, now: &Recheck) -> Result<(), Problem> {
    let program = core.command.as_ref().map(|c| c.program_digest);
    for (differs, what) in [
        (core.head != now.head, "head"),
        (core.tree != now.tree, "working tree"),
        (program != Some(now.program), "program"),
    ] {
        if differs {
            let message = safe!("the {} is not what was approved", what);
            return Err(problem(Code::Changed, message, "ask again for what is there now"));
        }
    }
    Ok(())
}

fn usable<'a>(draft: &Draft<'a>, held: &Held) -> Result<&'a Arc<HeldGrant>, Problem> {
    let no = |code, what: crate::domain::text::SafeText| Err(problem(code, what, "have it asked again"));
    if held.live.state != State::Approved {
        let code = if held.is_pending() { Code::Conflict } else { Code::Over };
        return no(code, safe!("it is {}, not approved", held.live.state.word()));
    }
    let Some(grant) = draft.state.grant_of(held) else { return no(Code::Over, "its grant is gone".into()) };
    if let Some(revoked) = &grant.grant.revoked {
        return no(Code::Over, safe!("the grant was revoked by {}: {}", revoked.by.shown(), revoked.reason.prose()));
    }
    if !grant.is_open(draft.now) {
        return no(Code::Over, safe!("no pass may start after {}", grant.grant.start_by.iso()));
    }
    if let Err(why) = grants::covers(&grant.grant, &held.bound(draft.setup().policy.digest()), draft.now.wall) {
        return no(Code::Changed, super::view::not_covered(&why));
    }
    Ok(grant)
}

/// Policy and findings are judged anew at every pass; a tighter cap holds at once.
fn judged(draft: &Draft<'_>, held: &Held, grant: &HeldGrant) -> Result<Span, Problem> {
    let (_, verdict) = judge::again(draft.state, held);
    if verdict.effect == Effect::Deny {
        return Err(problem(Code::Forbidden, verdict.words.prose(), "policy denies it by now"));
    }
    let cap = if grant.grant.break_glass { grant.grant.run_for } else { verdict.run_for };
    Ok(grant.grant.run_for.min(cap))
}

fn go(
    draft: &mut Draft<'_>,
    held: &Held,
    begin: &Begin,
    mut grant: HeldGrant,
    run_for: Span,
) -> Result<Answer, Problem> {
    let grace = held.core().command.as_ref().map_or(GRACE, |c| c.grace);
    let clock = grant::pass_clock(draft.now, run_for, grace);
    let key = held.core().key.clone();
    let ends_at = clock.ends.wall();
    grant.grant.passes.push(Pass { request: key.clone(), started_at: draft.now.wall, ends_at, end: None });
    grant.clocks.push(clock);
    let permit = Permit { grant: grant.grant.id.clone(), run_for, ends_at };
    let mut live = held.live.clone();
    live.start = Some(Start { key: begin.key.clone(), body: begin.body, permit: permit.clone() });
    draft.change(held, live);
    let (repository, environment) = held.place();
    let what = (repository, environment, held.core().name.clone());
    draft.push(Change::Deployed(what, Arc::new(held.as_deployed(draft.now.wall))));
    let event = Event::Started { grant: permit.grant.clone(), ends_at };
    draft.record(Some(&begin.about.caller.principal), Some(&key), event);
    draft.put_grant(grant, Some(held.id()));
    Ok(Answer::Permit(permit))
}

pub(super) fn end(draft: &mut Draft<'_>, about: &About, end: &End) -> Result<Answer, Problem> {
    let held = owned(draft, about)?;
    let nothing = || problem(Code::Conflict, "nothing of this request has started", "start it first");
    let grant = draft.state.grant_of(held).ok_or_else(nothing)?;
    let at = grant.grant.passes.iter().position(|p| p.request.id == *held.id()).ok_or_else(nothing)?;
    match grant.grant.passes.get(at).and_then(|p| p.end.as_ref()) {
        Some((_, known)) if known == end => return Ok(Answer::Done),
        // A late word is better than none.
        None | Some((_, End::Lost)) => {}
        Some((_, known)) => {
            return Err(problem(Code::Conflict, safe!("it has ended otherwise: {}", known.words()), "nothing to do"));
        }
    }
    close(draft, held, grant, at, end, Some(about));
    Ok(Answer::Done)
}

/// Ends a pass; one that ended with success gives the base of the next.
pub(super) fn close(draft: &mut Draft<'_>, held: &Held, grant: &HeldGrant, at: usize, end: &End, by: Option<&About>) {
    let mut grant = grant.clone();
    if let Some(pass) = grant.grant.passes.get_mut(at) {
        pass.end = Some((draft.now.wall, end.clone()));
    }
    draft.change(held, held.live.clone());
    let event = Event::Ended { grant: grant.grant.id.clone(), end: end.clone() };
    draft.record(by.map(|a| &a.caller.principal), Some(&held.core().key), event);
    draft.put_grant(grant, Some(held.id()));
    if let (true, Some(sha)) = (end.is_success(), &held.core().head) {
        let base = LastSuccess { sha: sha.clone(), at: draft.now.wall };
        draft.push(Change::Base(held.place(), base));
    }
}
