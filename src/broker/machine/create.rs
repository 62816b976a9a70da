//! A pipeline asks: what it says is bound, looked at and judged, and it may pass at once.

use std::sync::Arc;

use crate::api::{Code, Created, Problem};
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::ids::{GrantId, RequestKey};
use crate::domain::json;
use crate::domain::principal::{Identity, Role, Source, Sourced};
use crate::domain::record::Event;
use crate::domain::request::{Core, EvidenceSummary, Sealed, State as Standing, tree_binding};
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::domain::verdict::{Effect, Verdict};
use crate::findings::{self, Facts};
use crate::grants;
use crate::safe;
use crate::sys::clock::Deadline;

use super::super::identity::Binding;
use super::super::problem::{invalid, not_found, problem};
use super::draft::{Draft, Occasion};
use super::held::{Fixed, Held, HeldGrant, Live};
use super::state::State;
use super::{Answer, Create, clock, judge};

/// Domain of the evidence digest.
const EVIDENCE_DOMAIN: &str = "jit-tui/evidence/v1";

pub(super) fn create(draft: &mut Draft<'_>, c: &Create) -> Result<Answer, Problem> {
    let binding = c.caller.pipeline.as_ref().ok_or_else(|| not_found("call"))?;
    if let Some(id) = draft.state.asked.get(&(binding.credential.clone(), c.key.clone())) {
        return repeated(draft, c, id);
    }
    let core = core(draft, c, binding)?;
    quota(draft, binding, core.sameness())?;
    let fixed = fixed(draft, c, binding, core)?;
    let found = judge::findings(draft.state, &fixed.core, &fixed.scan, &fixed.actions);
    let verdict = judge::verdict(&draft.setup().policy, &fixed.core, &found, &fixed.authors);
    let evidence = json::to_line(&c.submission.evidence).map_err(not_json)?;
    let live = live(draft, c, verdict, found);
    settle(draft, c, Held { fixed: Arc::new(fixed), live }, evidence.into())
}

fn repeated(draft: &Draft<'_>, c: &Create, id: &crate::domain::ids::NativeId) -> Result<Answer, Problem> {
    if draft.request(id)?.fixed.body == c.body {
        return Ok(Answer::Request(id.clone()));
    }
    Err(problem(Code::KeyReused, "this idempotency key came with another body before", "make a new key"))
}

fn not_json(e: serde_json::Error) -> Problem {
    problem(Code::Internal, crate::domain::text::Text::from(e.to_string()).prose(), "report it")
}

fn core(draft: &Draft<'_>, c: &Create, binding: &Binding) -> Result<Sealed<Core>, Problem> {
    let s = &c.submission;
    let source = |patterns: &super::super::identity::Patterns, what: &'static str, value: &Text| {
        let mend = "use a token that is bound to it: `jit-tui broker token add`";
        let refused = || problem(Code::Forbidden, safe!("this token may not ask for {} {}", what, value.ident()), mend);
        Ok(Sourced { source: patterns.source(value).ok_or_else(refused)?, value: value.clone() })
    };
    if s.command.argv.is_empty() {
        return Err(invalid("the command has no argument vector", "give the command after --"));
    }
    let (tree, clean) = tree_binding(s.evidence.tree.as_ref());
    let attempt = s.run.as_ref().map_or(1, |r| r.attempt);
    let core = Core {
        key: RequestKey { backend: draft.setup().name.clone(), id: c.id.clone(), attempt },
        nonce: Some(c.nonce.clone()),
        repository: source(&binding.repositories, "repository", &s.repository)?,
        environment: source(&binding.environments, "environment", &s.environment)?,
        name: s.name.clone(),
        head: s.head.clone(),
        branch: s.branch.clone(),
        base: s.evidence.base.as_ref().map(|b| b.sha.clone()),
        command: Some(s.command.clone()),
        workflow: None,
        tree,
        clean,
        run: s.run.clone(),
        identities: identities(s.identities.iter(), binding),
        reason: s.reason.clone(),
        ask: s.ask,
    };
    Sealed::new(core).map_err(not_json)
}

/// What the pipeline says is claimed, whatever it says about it; the credential adds what it vouches for.
fn identities<'a>(said: impl Iterator<Item = &'a Identity>, binding: &Binding) -> Vec<Identity> {
    let claimed = said.filter(|i| i.role != Role::Credential).cloned();
    let mut all = binding.identities.clone();
    all.extend(claimed.map(|i| Identity { source: Source::Claimed, ..i }));
    all
}

fn quota(draft: &Draft<'_>, binding: &Binding, sameness: Digest) -> Result<(), Problem> {
    let (waiting, quota) = (&draft.state.waiting, draft.setup().quota);
    let own = waiting.get(&binding.credential);
    let repeats = own.and_then(|folds| folds.get(&sameness)).copied().unwrap_or(0);
    let full = |what| Err(problem(Code::Quota, what, "wait until some are decided, or cancel them"));
    if repeats > 0 {
        let over = repeats >= quota.repeats;
        return if over { full(safe!("{} repeats of this request wait already", repeats)) } else { Ok(()) };
    }
    let of_one = own.map_or(0, std::collections::HashMap::len);
    if of_one >= quota.of_one as usize {
        return full(safe!("{} requests of this credential wait already", of_one));
    }
    let in_all: usize = waiting.values().map(std::collections::HashMap::len).sum();
    if in_all >= quota.in_all as usize { full(safe!("{} requests wait already", in_all)) } else { Ok(()) }
}

fn fixed(draft: &Draft<'_>, c: &Create, binding: &Binding, core: Sealed<Core>) -> Result<Fixed, Problem> {
    let evidence = &c.submission.evidence;
    let asked = draft.state.asked_before(&core, &binding.credential, draft.now.wall);
    let (known, diff) = (draft.setup().policy.people(), &c.diff);
    let scan = findings::scan(&Facts { known, asked: &asked, ..Facts::of(&core, evidence, diff) });
    Ok(Fixed {
        sameness: core.sameness(),
        owner: binding.credential.clone(),
        key: c.key.clone(),
        body: c.body,
        created_at: draft.now.wall,
        summary: summary(evidence, &scan)?,
        actions: evidence.actions.clone(),
        authors: evidence.authors(),
        scan,
        blobs: evidence.diff.iter().map(|b| b.digest).collect(),
        notified: Vec::new(),
        core,
    })
}

/// The evidence digest covers what was submitted and what was found in it.
fn summary(evidence: &Evidence, scan: &[Finding]) -> Result<EvidenceSummary, Problem> {
    let line = json::to_line(&(evidence, scan)).map_err(not_json)?;
    Ok(EvidenceSummary {
        digest: Digest::tagged(EVIDENCE_DOMAIN, line.as_bytes()),
        base: evidence.base.clone(),
        course: evidence.course,
        totals: evidence.totals,
        commits: u32::try_from(evidence.commits.len()).unwrap_or(u32::MAX),
        cut: !evidence.cuts.is_empty(),
    })
}

fn live(draft: &Draft<'_>, c: &Create, verdict: Verdict, findings: Vec<Finding>) -> Live {
    let wait = c.submission.wait.map_or(verdict.wait, |w| w.min(verdict.wait));
    let half = Span::secs(wait.as_secs() / 2);
    Live {
        seq: 0,
        state: Standing::Pending,
        due: Deadline::after(draft.now, wait),
        half: draft.setup().hook.then(|| Deadline::after(draft.now, half)),
        decided_at: None,
        verdict,
        findings,
        ballots: Vec::new(),
        looks: Vec::new(),
        grant: None,
        start: None,
        unreviewed: false,
    }
}

/// Denied, covered by a grant, allowed by policy, or pending.
fn settle(draft: &mut Draft<'_>, c: &Create, mut held: Held, evidence: Arc<str>) -> Result<Answer, Problem> {
    let by = Some(&c.caller.principal);
    let key = held.core().key.clone();
    let requested = Event::Requested {
        core: held.core().text().to_owned(),
        evidence: held.fixed.summary.digest,
        verdict: held.live.verdict.words.clone(),
    };
    draft.record(by, Some(&key), requested);
    match held.live.verdict.effect {
        Effect::Deny => {
            decided(draft, &mut held, Standing::Denied, None);
            draft.record(None, Some(&key), Event::Denied { why: held.live.verdict.words.clone() });
        }
        effect => {
            let covering = covering(draft, &held, c);
            if let Some(grant) = covering {
                decided(draft, &mut held, Standing::Approved, Some(grant));
            } else if effect == Effect::Allow {
                allow(draft, &mut held)?;
            }
        }
    }
    if held.is_pending() && draft.setup().hook {
        let eligible = judge::eligible(&draft.setup().policy, &held);
        Arc::make_mut(&mut held.fixed).notified = eligible;
    }
    let held = draft.put(held, Some(evidence));
    if held.is_pending() {
        draft.notify(Occasion::Create, &held);
    }
    Ok(Answer::Request(held.id().clone()))
}

fn decided(draft: &Draft<'_>, held: &mut Held, state: Standing, grant: Option<GrantId>) {
    held.live.state = state;
    held.live.decided_at = Some(draft.now.wall);
    held.live.half = None;
    held.live.grant = grant;
}

/// An existing wider grant that covers this request, judged anew: its voters must still suffice for it.
fn covering(draft: &Draft<'_>, held: &Held, c: &Create) -> Option<GrantId> {
    let bound = held.bound(draft.setup().policy.digest());
    let mut open = draft.state.wide.get(&held.place())?.iter().filter_map(|id| draft.state.grant(id));
    open.find(|g| {
        g.is_open(draft.now)
            && grants::covers(&g.grant, &bound, draft.now.wall).is_ok()
            && still_suffices(draft.state, g, held, c)
    })
    .map(|g| g.grant.id.clone())
}

fn still_suffices(state: &State, grant: &HeldGrant, held: &Held, c: &Create) -> bool {
    let policy = &state.setup.policy;
    let verdict = &held.live.verdict;
    let Some(first) = state.request(&grant.grant.bound.request.id) else { return false };
    let voters_may = grant
        .grant
        .by
        .iter()
        .all(|by| policy.may_vote(verdict, held.core(), &held.fixed.authors, by, c.caller.local_owner).is_ok());
    verdict.scopes.contains(&grant.grant.scope)
        && voters_may
        && judge::completes(policy, verdict, &first.votes(), None)
        && held.live.findings.iter().filter(|f| f.new && !is_about_asking(f)).all(|f| first.live.findings.contains(f))
        && !held.live.findings.iter().any(|f| f.blocks)
}

/// How often somebody asks says nothing about what a grant covers: its later gates are asked for in a row.
fn is_about_asking(finding: &Finding) -> bool {
    finding.id == FindingId::RequestBurst
}

/// Policy lets it pass without a person: a grant by nobody, for this request.
pub(super) fn allow(draft: &mut Draft<'_>, held: &mut Held) -> Result<(), Problem> {
    clock::may_grant(draft)?;
    let grant = super::grant::make(draft, held, &[]);
    decided(draft, held, Standing::Approved, Some(grant.grant.id.clone()));
    let event = Event::Granted { grant: Box::new(grant.grant.clone()) };
    draft.record(None, Some(&held.core().key), event);
    draft.push(super::Change::Grant(Arc::new(grant)));
    Ok(())
}

/// What whoever asked is told.
pub fn created(held: &Held, watching: u32) -> Created {
    Created {
        core: held.core().clone(),
        state: held.live.state.clone(),
        due: held.live.due.wall(),
        verdict: held.live.verdict.words.clone(),
        watching,
        notified: held.fixed.notified.clone(),
    }
}
