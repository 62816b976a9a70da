//! From the fields of a dialog to drafts, and from what a draft lacks back to the field that it is about.

use super::dialog::{Dialog, FieldKind, Target};
use crate::app::state::State;
use crate::decide::{Draft, Lack, requirements, unseen};
use crate::domain::request::{Ballot, Request};
use crate::domain::text::SafeText;
use crate::domain::time::{NotASpan, Span};
use crate::domain::verdict::SeenDemand;

/// What keeps a dialog from being sent, and the field where it is mended.
pub type Refusal = (SafeText, Option<FieldKind>);

/// The draft of one target.
///
/// # Errors
/// Where a time cannot be read.
pub fn draft_of(state: &State, dialog: &Dialog, ballot: Ballot, target: &Target) -> Result<Draft, Refusal> {
    let request = target.shown.as_ref();
    let mut draft = Draft::new(request, ballot);
    if ballot != Ballot::Reject {
        draft.scope = dialog.scope;
        draft.run_for = time(&dialog.run_for.text(), FieldKind::RunFor)?;
    }
    if ballot == Ballot::Approve {
        draft.start_by = time(&dialog.start_by.text(), FieldKind::StartBy)?;
    }
    draft.comment = dialog.why.trimmed();
    draft.word = dialog.demanded.is_some().then(|| dialog.word.trimmed());
    draft.seen = state.evidences.seen(request);
    draft.seen.looked_up = state.looked_up.digest(request);
    draft.seen.acknowledged = dialog.ack.text().trim().parse().ok();
    Ok(draft)
}

fn time(text: &str, field: FieldKind) -> Result<Span, Refusal> {
    text.parse::<Span>().map_err(|_| (SafeText::lit(NotASpan::WORDS), Some(field)))
}

/// How many files must be acknowledged by their number, where that is allowed; the same for all targets.
pub fn to_acknowledge(state: &State, ballot: Ballot, targets: &[Target]) -> Option<u32> {
    if targets.iter().any(|t| super::is_reading(state, &t.shown)) {
        return None;
    }
    let mut counts = targets.iter().filter(|t| t.lock.is_none()).map(|t| {
        let demands = requirements(&t.shown, ballot);
        let left = unseen(&t.shown, &state.evidences.seen(&t.shown), demands.seen);
        if demands.may_acknowledge { left.files } else { 0 }
    });
    let first = counts.next()?;
    (first > 0 && counts.all(|n| n == first)).then_some(first)
}

/// Whether what must be seen cannot be known yet, or not at all.
pub fn unread(state: &State, ballot: Ballot, request: &Request) -> Option<SafeText> {
    use crate::app::evidence::Reading;
    if requirements(request, ballot).seen == SeenDemand::Nothing {
        return None;
    }
    match state.evidences.of(request) {
        Some(Reading::Here(shown)) if shown.is_reading() => {
            Some(SafeText::lit("the diff is still being read: a moment"))
        }
        Some(Reading::Here(_)) => None,
        // With the number of files known it can still be acknowledged that none was seen.
        Some(Reading::Failed(_)) if request.evidence.totals.is_some() => None,
        Some(Reading::Failed(fault)) => Some(crate::safe!("the evidence cannot be read: {}", fault.message)),
        Some(Reading::Asked(_)) => Some(SafeText::lit("the evidence is still being read: a moment")),
        None => Some(SafeText::lit("the evidence was not read, or is no longer kept: open the request")),
    }
}

/// A lack in words with its mend, and the field that it is about.
pub fn refusal(lack: &Lack) -> Refusal {
    let field = match lack {
        Lack::ScopeNotAllowed(..) => Some(FieldKind::Scope),
        Lack::StartBy(_) => Some(FieldKind::StartBy),
        Lack::RunFor(_) => Some(FieldKind::RunFor),
        Lack::NoReason => Some(FieldKind::Why),
        Lack::Word(_) => Some(FieldKind::Word),
        Lack::Unseen(..) => Some(FieldKind::Ack),
        _ => None,
    };
    (crate::safe!("{}: {}", lack.words(), mend(lack)), field)
}

/// The mend without what only a command line knows.
fn mend(lack: &Lack) -> SafeText {
    match lack {
        Lack::NoReason => SafeText::lit("say why in WHY"),
        Lack::Word(word) => crate::safe!("type {} as it stands", word.ident()),
        Lack::Unseen(unseen, true) => crate::safe!("ctrl-o shows them, or type {} below", unseen.files),
        _ => lack.mend(),
    }
}
