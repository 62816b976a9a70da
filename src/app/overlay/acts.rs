//! What is done to something that was decided: revoke, extend, review.

use std::sync::Arc;

use super::Overlay;
use super::dialog::{Dialog, FieldKind, Purpose};
use super::draft::Refusal;
use crate::app::Effect;
use crate::app::screens::grants::standing_line;
use crate::app::state::State;
use crate::desk::news::{AuditState, Errand};
use crate::domain::acceptance::Acceptance;
use crate::domain::grant::Standing;
use crate::domain::ids::GrantId;
use crate::domain::text::SafeText;
use crate::domain::time::{Ms, NotASpan, Span};
use crate::domain::verdict::RUN_FOR_CAP;
use crate::keymap::Verb;
use crate::safe;

/// Whether anything may be sent at all.
///
/// # Errors
/// Says why not.
pub fn allowed(state: &State) -> Result<(), Refusal> {
    if state.setup.read_only {
        return Err((SafeText::lit("this console is read-only"), None));
    }
    match &state.audit_state {
        Some(AuditState::Broken { why }) => Err((safe!("the audit log is broken: {}", why), None)),
        _ => Ok(()),
    }
}

/// Opens the dialog of a verb on the grant or request under the cursor.
pub fn open(state: &mut State, verb: Verb) {
    let purpose = match verb {
        Verb::Review => state.current().map(|e| Purpose::Review { target: Arc::clone(&e.request) }),
        Verb::Accept => state.current().map(|e| Purpose::Accept {
            target: Arc::clone(&e.request),
            findings: e.request.acceptable(state.label).cloned().collect(),
            at: 0,
        }),
        _ => state.grants.selected().map(|(backend, grant)| {
            let (backend, grant) = (backend.clone(), grant.id.clone());
            if verb == Verb::Revoke { Purpose::Revoke { backend, grant } } else { Purpose::Extend { backend, grant } }
        }),
    };
    let Some(purpose) = purpose else { return };
    let mut dialog = Dialog::new(purpose, state.now.boot);
    dialog.reason = true;
    if let Purpose::Extend { grant, .. } = &dialog.purpose {
        let (now, cap) = times(state, grant);
        if now >= cap {
            state.say(safe!("it has {} already, and its rule allows no more", now));
            return;
        }
        dialog.caps = (Span::ZERO, cap);
        dialog.run_for.set(&Span::secs(now.as_secs().saturating_add(900)).min(cap).to_string());
        dialog.fields.insert(0, FieldKind::RunFor);
    }
    if matches!(dialog.purpose, Purpose::Accept { .. }) {
        dialog.fields.splice(0..0, [FieldKind::Finding, FieldKind::Days]);
    }
    state.overlay = Some(Overlay::Dialog(Box::new(dialog)));
    state.dirty = true;
}

/// What a grant has, and the most that its rule allows. Its broker has the last word: the rule may be another by now.
fn times(state: &State, grant: &GrantId) -> (Span, Span) {
    let found = state.grants.find(grant);
    (found.map_or(Span::ZERO, |g| g.run_for), found.and_then(|g| g.cap).unwrap_or(RUN_FOR_CAP).min(RUN_FOR_CAP))
}

/// Locks the dialog of a grant that is over or gone.
pub fn grants_changed(state: &State, dialog: &mut Dialog) {
    let (Purpose::Revoke { grant, .. } | Purpose::Extend { grant, .. }) = &dialog.purpose else { return };
    dialog.locked = match state.grants.find(grant) {
        None => Some(SafeText::lit("its backend no longer lists this grant")),
        Some(g) if matches!(g.standing(state.now.wall), Standing::Over | Standing::Revoked) => {
            Some(standing_line(g, state.label).0)
        }
        Some(_) => None,
    };
}

/// Sends what the dialog says; nothing of this is held back.
///
/// # Errors
/// With what keeps it from being sent.
pub fn send(state: &mut State, dialog: &Dialog, fx: &mut Vec<Effect>) -> Result<(), Refusal> {
    allowed(state)?;
    if dialog.why.is_blank() {
        return Err((SafeText::lit("a reason is needed: say why in WHY"), Some(FieldKind::Why)));
    }
    let reason = dialog.why.trimmed();
    let errand = match &dialog.purpose {
        Purpose::Review { target } => Errand::Review { key: target.key().clone(), comment: reason },
        Purpose::Revoke { backend, grant } => Errand::Revoke { backend: backend.clone(), grant: grant.clone(), reason },
        Purpose::Extend { backend, grant } => {
            let run_for = more_time(state, dialog)?;
            Errand::Extend { backend: backend.clone(), grant: grant.clone(), run_for, reason }
        }
        Purpose::Accept { target, findings, at } => {
            let Some(finding) = findings.get(*at) else { return Ok(()) };
            let acceptance = Acceptance::of(target, finding, reason, until(state, dialog)?);
            Errand::Accept { request: Arc::clone(target), acceptance: Box::new(acceptance) }
        }
        Purpose::Decide { .. } => return Ok(()),
    };
    fx.push(Effect::Errand(errand));
    state.say("sent; what comes of it stands in the LAST strip");
    Ok(())
}

/// When an acceptance ends.
fn until(state: &State, dialog: &Dialog) -> Result<Ms, Refusal> {
    let days = dialog.days.text().trim().parse::<u32>().ok().filter(|days| (1..=Acceptance::MOST_DAYS).contains(days));
    let bad = || (safe!("write a number of days, 1 to {}", Acceptance::MOST_DAYS), Some(FieldKind::Days));
    days.map(|days| state.now.wall + Span::hours(days * 24)).ok_or_else(bad)
}

fn more_time(state: &State, dialog: &Dialog) -> Result<Span, Refusal> {
    let Purpose::Extend { grant, .. } = &dialog.purpose else { return Ok(Span::ZERO) };
    let field = Some(FieldKind::RunFor);
    let bad = || (SafeText::lit(NotASpan::WORDS), field);
    let run_for: Span = dialog.run_for.text().parse().map_err(|_| bad())?;
    let (now, cap) = times(state, grant);
    if run_for <= now {
        return Err((safe!("it has {} already: give the time in all, from its start", now), field));
    }
    if run_for > cap {
        return Err((safe!("its rule allows at most {} in all", cap), field));
    }
    Ok(run_for)
}
