//! Approve, reject, break the glass: of one request or of several at once. What a decision needs comes from
//! `decide`; here it is only asked for.

use std::sync::Arc;

use super::dialog::{Dialog, FieldKind, Purpose, Target};
use super::draft::{Refusal, draft_of, refusal, to_acknowledge, unread};
use super::{Listing, Overlay};
use crate::app::holds::Stand;
use crate::app::screens::request;
use crate::app::state::State;
use crate::app::{Effect, look_ups, news, words};
use crate::decide::{Demands, Draft, build, bulk_check, compare, hold_back, requirements};
use crate::desk::news::{Errand, Step};
use crate::domain::decision::Decision;
use crate::domain::ids::RequestKey;
use crate::domain::request::{Ballot, Can, Request};
use crate::domain::scope::Scope;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::START_BY_DEFAULT;
use crate::safe;

/// Of so many the changes are read along with a dialog. Each costs its backend some calls: for hundreds of them half of
/// an hour's budget would be gone before anybody decided.
pub const READ_ALONG: usize = 50;

/// Opens the dialog on these requests, as they are on the screen.
pub fn open(state: &mut State, ballot: Ballot, keys: &[RequestKey], fx: &mut Vec<Effect>) {
    let shown = keys.iter().filter_map(|k| state.queue.get(k)).map(|e| Arc::clone(&e.request));
    let targets: Vec<Target> = shown.map(|shown| Target { shown, lock: None }).collect();
    if targets.is_empty() {
        return;
    }
    for target in targets.iter().filter(|_| targets.len() <= READ_ALONG) {
        request::read_evidence(state, target.shown.key(), fx);
        look_ups::ask(state, target.shown.key(), fx);
    }
    let mut dialog = Dialog::new(Purpose::Decide { ballot, targets }, state.now.boot);
    refit(state, &mut dialog);
    fill(state, &mut dialog, ballot);
    begin(&mut dialog);
    state.overlay = Some(Overlay::Dialog(Box::new(dialog)));
    state.dirty = true;
}

/// The values that the fields begin with: the narrowest scope, the times that were asked for within their caps.
fn fill(state: &State, dialog: &mut Dialog, ballot: Ballot) {
    let asked = dialog.targets().iter().map(|t| t.shown.core.ask.run_for).min().unwrap_or_default();
    let run_for = asked.min(dialog.caps.1).max(Span::secs(1)).to_string();
    let start_by = START_BY_DEFAULT.min(dialog.caps.0).to_string();
    dialog.run_for.set(&run_for);
    dialog.start_by.set(&start_by);
    let kept = state.kept_comment.as_ref().filter(|(key, _)| Some(key) == dialog.first_key());
    if let Some((_, comment)) = kept.filter(|_| ballot != Ballot::BreakGlass) {
        dialog.why.paste(&comment.as_str().into());
    }
}

/// The cursor begins where something must be typed, else where the confirming key sends.
fn begin(dialog: &mut Dialog) {
    let kind = if dialog.reason && dialog.why.is_blank() {
        FieldKind::Why
    } else if dialog.fields.contains(&FieldKind::Ack) {
        FieldKind::Ack
    } else if dialog.demanded.is_some() {
        FieldKind::Word
    } else {
        FieldKind::Send
    };
    dialog.go_to(kind);
}

/// Works out what the targets demand together, and which fields that makes.
pub fn refit(state: &State, dialog: &mut Dialog) {
    let Purpose::Decide { ballot, targets } = &dialog.purpose else { return };
    let ballot = *ballot;
    let open: Vec<&Target> = targets.iter().filter(|t| t.lock.is_none()).collect();
    let demands: Vec<Demands> = open.iter().map(|t| requirements(&t.shown, ballot)).collect();
    let acknowledge = to_acknowledge(state, ballot, targets);
    let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|s| demands.iter().all(|d| d.scopes.contains(s))).collect();
    dialog.caps = (
        demands.iter().map(|d| d.start_by).min().unwrap_or_default(),
        demands.iter().map(|d| d.run_for).min().unwrap_or_default(),
    );
    dialog.reason = demands.iter().any(|d| d.reason);
    dialog.demanded = demands.iter().find_map(|d| d.word.clone());
    dialog.scopes = scopes;
    if !dialog.scopes.contains(&dialog.scope) {
        dialog.scope = Scope::Once;
    }
    let start_by_only = !open.is_empty() && open.iter().all(|t| !t.shown.enforcer.knows_run_for());
    let mut fields = match ballot {
        Ballot::Approve if start_by_only => vec![FieldKind::Scope, FieldKind::StartBy, FieldKind::Why],
        Ballot::Approve => vec![FieldKind::Scope, FieldKind::StartBy, FieldKind::RunFor, FieldKind::Why],
        Ballot::Reject => vec![FieldKind::Why],
        Ballot::BreakGlass => vec![FieldKind::RunFor, FieldKind::Why],
    };
    fields.extend(acknowledge.map(|_| FieldKind::Ack));
    fields.push(if dialog.demanded.is_some() { FieldKind::Word } else { FieldKind::Send });
    dialog.set_fields(fields);
}

/// Requests came: a target that changed re-arms the dialog, one that is over locks it. Gives the requests whose
/// evidence must be read anew.
pub fn requests_changed(state: &State, dialog: &mut Dialog) -> Vec<RequestKey> {
    let Purpose::Decide { ballot, targets } = &mut dialog.purpose else { return Vec::new() };
    let (several, read) = (targets.len() > 1, targets.len() <= READ_ALONG);
    let ballot = *ballot;
    let (mut changes, mut moved) = (Vec::new(), Vec::new());
    for target in targets.iter_mut().filter(|t| t.lock.is_none()) {
        let Some(now) = state.queue.get(target.shown.key()).map(|e| &e.request) else { continue };
        let Some(what) = turn(target, now, ballot) else { continue };
        moved.extend(read.then(|| now.key().clone()));
        changes.push(if several { safe!("{}: {}", words::title(&now.core), what) } else { what });
    }
    let locks = targets.iter().filter(|t| t.lock.is_some()).count();
    if locks == targets.len() {
        dialog.locked = targets.first().and_then(|t| t.lock.clone());
        dialog.changed.clear();
        return Vec::new();
    }
    if !changes.is_empty() {
        refit(state, dialog);
        dialog.rearm(state.now.boot, SafeText::join(&changes, "; "));
    }
    moved
}

/// Holds the target against the request as it is now. Says what changed, where that matters to a decision.
fn turn(target: &mut Target, now: &Arc<Request>, ballot: Ballot) -> Option<SafeText> {
    if !now.is_pending() {
        let over = news::decided_in_words(now);
        target.lock = Some(over.clone());
        return Some(over);
    }
    let what = compare(&target.shown, now)
        .map(|t| t.prose())
        .or_else(|| (target.shown.verdict != now.verdict).then(|| SafeText::lit("what policy demands")))
        .or_else(|| found(&target.shown, now))
        .or_else(|| if ballot == Ballot::BreakGlass { None } else { standing(&target.shown.can, &now.can) });
    target.shown = Arc::clone(now);
    what
}

/// What was found since it was shown. A finding that went away is no reason to look again.
fn found(was: &Request, is: &Request) -> Option<SafeText> {
    let (worst, count) = look_ups::added(was, is)?;
    let more = if count > 1 { safe!(" and {} more", count - 1) } else { SafeText::default() };
    Some(safe!("{} {} {}{}", worst.severity.mark(), worst.id.meaning().what, worst.subject.ident(), more))
}

fn standing(was: &Can, is: &Can) -> Option<SafeText> {
    match (was, is) {
        _ if was == is => None,
        (_, Can::No { why }) => Some(safe!("you may no longer decide: {}", why.prose())),
        (_, Can::Yes { starts: true }) => Some(SafeText::lit("another vote came: yours now STARTS it")),
        (_, Can::Yes { starts: false }) => Some(SafeText::lit("yours is no longer the last vote needed")),
        (_, Can::Unknown) => Some(SafeText::lit("the backend no longer says whether you may")),
    }
}

/// Sends, or holds back, what the dialog says.
///
/// # Errors
/// With what keeps it from being sent.
pub fn send(state: &mut State, dialog: &Dialog, fx: &mut Vec<Effect>) -> Result<(), Refusal> {
    let Purpose::Decide { ballot, targets } = &dialog.purpose else { return Ok(()) };
    super::acts::allowed(state)?;
    let open: Vec<&Target> = targets.iter().filter(|t| t.lock.is_none()).collect();
    if let Some(why) = open.iter().find_map(|t| unread(state, *ballot, &t.shown)) {
        return Err((why, None));
    }
    let drafts = open.iter().map(|t| draft_of(state, dialog, *ballot, t)).collect::<Result<Vec<Draft>, _>>()?;
    check_all(state, &drafts, &open)?;
    let title = if open.len() > 1 { words::leg } else { words::title };
    let titles: Vec<SafeText> = open.iter().map(|t| title(&t.shown.core)).collect();
    let made_at = state.now.wall;
    let decisions = drafts.into_iter().map(|d| build(d, state.next_decision_id(), made_at)).collect();
    dispatch(state, *ballot, decisions, &titles, fx);
    for target in &open {
        state.queue.marks.remove(target.shown.key());
    }
    Ok(())
}

/// Checks against what was shown and against what is known now: the queue may know more than the dialog says.
fn check_all(state: &State, drafts: &[Draft], open: &[&Target]) -> Result<(), Refusal> {
    let now: Vec<Arc<Request>> = open
        .iter()
        .map(|t| state.queue.get(t.shown.key()).map_or_else(|| Arc::clone(&t.shown), |e| Arc::clone(&e.request)))
        .collect();
    let pairs: Vec<(&Draft, &Request)> = drafts.iter().zip(now.iter().map(Arc::as_ref)).collect();
    let lacks = bulk_check(&pairs, state.now.wall);
    let Some((key, first)) = lacks.first().and_then(|(key, all)| Some((key, all.first()?))) else { return Ok(()) };
    let (text, field) = refusal(first);
    if open.len() == 1 {
        return Err((text, field));
    }
    let title = open.iter().find(|t| t.shown.key() == key).map(|t| words::title(&t.shown.core));
    Err((safe!("{}: {}", title.unwrap_or_default(), text), field))
}

fn dispatch(state: &mut State, ballot: Ballot, decisions: Vec<Decision>, titles: &[SafeText], fx: &mut Vec<Effect>) {
    let several = decisions.len() > 1;
    let hold = if state.setup.hold_back { hold_back(ballot, several) } else { Span::ZERO };
    if hold == Span::ZERO {
        send_now(state, decisions, titles, fx);
    } else {
        let what = match titles {
            [title] => safe!("{} {}", words::ballot(ballot), title),
            _ => safe!("{} {} requests", words::ballot(ballot), titles.len()),
        };
        fx.extend(decisions.iter().map(|d| Effect::Errand(Errand::Hold { id: d.id.clone(), key: d.request.clone() })));
        state.holds.hold(decisions, titles, what, state.now, hold);
    }
    if several {
        state.overlay = Some(Overlay::Outcomes(Listing::new()));
    }
}

fn send_now(state: &mut State, decisions: Vec<Decision>, titles: &[SafeText], fx: &mut Vec<Effect>) {
    let at: Ms = state.now.wall;
    for (decision, title) in decisions.into_iter().zip(titles) {
        state.holds.track(&decision, title.clone(), Stand::Step(Step::Sending), at);
        fx.push(Effect::Errand(Errand::Decide(Box::new(decision))));
    }
}
