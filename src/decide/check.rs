//! Whether a draft has all that it needs; what it lacks is said with the mend.

use super::demands::{Demands, Unseen, requirements, unseen};
use super::draft::Draft;
use crate::domain::finding::Finding;
use crate::domain::ids::RequestKey;
use crate::domain::request::{Ballot, Can, Request, State};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text, counted};
use crate::domain::time::{Ms, Span};
use crate::safe;

/// Something that keeps a draft from being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The draft is about another request.
    OtherRequest,
    /// The request no longer waits.
    NotPending(State),
    /// It may not wait any longer.
    Overdue,
    /// The request is no longer what was shown.
    RequestChanged,
    /// The evidence is no longer what was shown.
    EvidenceChanged,
    /// Whoever decides may not.
    CannotDecide(Text),
    /// The backend has no way to reject it.
    CannotReject(Text),
    /// Nobody may break the glass here.
    NoBreakGlass,
    /// This scope is not to be had, and why.
    ScopeNotAllowed(Scope, &'static str),
    /// Start-by is over its cap, or nothing.
    StartBy(Span),
    /// Run-for is over its cap, or nothing.
    RunFor(Span),
    /// No reason was given.
    NoReason,
    /// The word was not typed, or another one.
    Word(Text),
    /// Files were not seen; whether their number may be typed instead.
    Unseen(Unseen, bool),
    /// It may not be decided together with others.
    NotInBulk,
    /// A finding blocks: nothing can be approved while it stands.
    Blocked(Finding),
}

impl Lack {
    /// What is missing or wrong.
    pub fn words(&self) -> SafeText {
        match self {
            Lack::OtherRequest => SafeText::lit("this is another request than the one that was shown"),
            Lack::NotPending(state) => safe!("it no longer waits: {}", state.word()),
            Lack::Overdue => SafeText::lit("its time to wait is over"),
            Lack::RequestChanged => SafeText::lit("the request is no longer what was shown"),
            Lack::EvidenceChanged => SafeText::lit("the evidence is no longer what was shown"),
            Lack::CannotDecide(why) | Lack::CannotReject(why) => why.prose(),
            Lack::NoBreakGlass => SafeText::lit("no rule names who may break the glass here"),
            Lack::ScopeNotAllowed(scope, why) => safe!("scope {} is not to be had: {}", scope.word(), *why),
            Lack::StartBy(cap) => safe!("start by is not within {}", cap),
            Lack::RunFor(cap) => safe!("run for is not within {}", cap),
            Lack::NoReason => SafeText::lit("a reason is demanded"),
            Lack::Word(word) => safe!("the word {} is demanded", word.ident()),
            Lack::Unseen(Unseen { files: 0, .. }, _) => SafeText::lit("there is no whole list of files to have seen"),
            Lack::Unseen(unseen, _) => {
                safe!("must be seen and not seen yet: {}", counted(unseen.files, "file", "files"))
            }
            Lack::Blocked(f) => safe!("blocked by a finding: {} ({})", f.id.meaning().what, f.subject.ident()),
            Lack::NotInBulk => SafeText::lit("the policy wants this one decided by itself"),
        }
    }

    /// How to mend it.
    pub fn mend(&self) -> SafeText {
        match self {
            Lack::OtherRequest | Lack::RequestChanged | Lack::EvidenceChanged => {
                SafeText::lit("look at it as it is now, then decide")
            }
            Lack::NotPending(_) | Lack::Overdue => SafeText::lit("have it asked for again if it is still wanted"),
            Lack::CannotDecide(_) => SafeText::lit("leave it to somebody who may"),
            Lack::CannotReject(_) => SafeText::lit("leave it, or end it at its source"),
            Lack::NoBreakGlass => SafeText::lit("find approvers, or have break_glass put into a rule"),
            Lack::ScopeNotAllowed(..) => SafeText::lit("choose once"),
            Lack::StartBy(cap) | Lack::RunFor(cap) => safe!("choose 1s to {}", cap),
            Lack::NoReason => SafeText::lit("say why: --reason, or the field WHY"),
            Lack::Word(word) => safe!("type {} as it stands: --word, or in the dialog", word.ident()),
            Lack::Unseen(unseen, true) => {
                safe!("look at them, or type {}: --ack-unseen {}", unseen.files, unseen.files)
            }
            Lack::Unseen(_, false) => SafeText::lit("look at them in full; acknowledging is not allowed here"),
            Lack::Blocked(f) => SafeText::lit(f.id.meaning().mend),
            Lack::NotInBulk => SafeText::lit("take its mark off and decide it by itself"),
        }
    }
}

/// Whether a draft may become a decision on this request, as it is now.
///
/// # Errors
/// All that it lacks.
pub fn check(draft: &Draft, request: &Request, now: Ms) -> Result<(), Vec<Lack>> {
    if draft.key != *request.key() {
        return Err(vec![Lack::OtherRequest]);
    }
    let demands = requirements(request, draft.ballot);
    let parts = [
        standing(draft, request, now),
        entitled(draft, request),
        blocked(draft, request),
        filled(draft, request, &demands),
    ];
    let lacks: Vec<Lack> = parts.into_iter().flatten().collect();
    if lacks.is_empty() { Ok(()) } else { Err(lacks) }
}

/// Checks drafts that go out together; what is listed keeps all of them back.
pub fn bulk_check(drafts: &[(&Draft, &Request)], now: Ms) -> Vec<(RequestKey, Vec<Lack>)> {
    let several = drafts.len() > 1;
    let lacks = |(draft, request): &(&Draft, &Request)| {
        let mut lacks = check(draft, request, now).err().unwrap_or_default();
        if several && !requirements(request, draft.ballot).bulk {
            lacks.push(Lack::NotInBulk);
        }
        (!lacks.is_empty()).then(|| (draft.key.clone(), lacks))
    };
    drafts.iter().filter_map(lacks).collect()
}

fn standing(draft: &Draft, request: &Request, now: Ms) -> Vec<Lack> {
    let lacks = [
        (!request.is_pending()).then(|| Lack::NotPending(request.state.clone())),
        (request.is_pending() && request.due.is_some_and(|due| now >= due)).then_some(Lack::Overdue),
        (draft.request_digest != request.digest()).then_some(Lack::RequestChanged),
        (draft.evidence_digest != request.evidence.digest).then_some(Lack::EvidenceChanged),
    ];
    lacks.into_iter().flatten().collect()
}

/// Breaking the glass goes past votes and self check, so what speaks against a vote does not against it.
fn entitled(draft: &Draft, request: &Request) -> Vec<Lack> {
    let lack = match (&request.can, draft.ballot) {
        (_, Ballot::BreakGlass) => request.verdict.break_glass.is_none().then_some(Lack::NoBreakGlass),
        (Can::No { why }, _) => Some(Lack::CannotDecide(why.clone())),
        (_, Ballot::Reject) => request.no_reject.clone().map(Lack::CannotReject),
        (Can::Yes { .. } | Can::Unknown, _) => None,
    };
    lack.into_iter().collect()
}

/// A no is always to be had; a yes of any kind is not while a finding blocks.
fn blocked(draft: &Draft, request: &Request) -> Vec<Lack> {
    let gives = draft.ballot != Ballot::Reject;
    request.findings.iter().filter(|f| gives && f.blocks).cloned().map(Lack::Blocked).collect()
}

fn filled(draft: &Draft, request: &Request, demands: &Demands) -> Vec<Lack> {
    let gives = draft.ballot != Ballot::Reject;
    let within = |span: Span, cap: Span| span > Span::ZERO && span <= cap;
    let blank = draft.comment.lossy().trim().is_empty();
    let lacks = [
        (gives && !demands.scopes.contains(&draft.scope)).then(|| scope_lack(draft.scope, demands)),
        (gives && !within(draft.start_by, demands.start_by)).then_some(Lack::StartBy(demands.start_by)),
        (gives && !within(draft.run_for, demands.run_for)).then_some(Lack::RunFor(demands.run_for)),
        (demands.reason && blank).then_some(Lack::NoReason),
        demands.word.clone().filter(|word| !typed(draft, word)).map(Lack::Word),
        unseen_lack(draft, request, demands),
    ];
    lacks.into_iter().flatten().collect()
}

fn scope_lack(scope: Scope, demands: &Demands) -> Lack {
    let barred = demands.barred.iter().find(|(s, _)| *s == scope);
    Lack::ScopeNotAllowed(scope, barred.map_or("only once is", |(_, why)| *why))
}

fn typed(draft: &Draft, word: &Text) -> bool {
    draft.word.as_ref().is_some_and(|typed| typed.as_bytes().trim_ascii() == word.as_bytes().trim_ascii())
}

fn unseen_lack(draft: &Draft, request: &Request, demands: &Demands) -> Option<Lack> {
    let unseen = unseen(request, &draft.seen, demands.seen);
    let acknowledged = demands.may_acknowledge && draft.seen.acknowledged == Some(unseen.files);
    (!unseen.is_none() && !acknowledged).then_some(Lack::Unseen(unseen, demands.may_acknowledge))
}
