//! From what GitHub tells about a run to a request. Pure, so that a list, a re-read and a restart give the same bytes.

use super::comment;
use super::evidence::Read;
use super::gates::{Gate, Review};
use super::name::{Ident, Part};
use super::wire::Run;
use super::words;
use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::grant::Enforcer;
use crate::domain::ids::{BackendName, DecisionId, RequestKey};
use crate::domain::principal::{Assurance, Identity, IdentityKind, Principal, Role, Source, Sourced};
use crate::domain::request::{
    Ask, Ballot, Can, Core, EvidenceSummary, Fact, NeedState, Request, Run as CiRun, Sealed, State, Vote, WorkflowFile,
};
use crate::domain::scope::Scope;
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::domain::verdict::{Effect, Need, RUN_FOR_DEFAULT, START_BY_DEFAULT, SeenDemand, SelfCheck, Verdict};

/// GitHub fails a job that nobody approved for so long.
const WAITS: Span = Span::hours(30 * 24);
/// And ends a run after so long in all.
const RUN_LIMIT: Span = Span::hours(35 * 24);

/// Everything that a request is made of.
pub(super) struct Parts<'a> {
    pub(super) backend: &'a BackendName,
    pub(super) run: &'a Run,
    pub(super) part: Part,
    /// The gate of the environment; absent for a fork, and where it is gone.
    pub(super) gate: Option<&'a Gate>,
    /// Its name, where the gate is gone.
    pub(super) environment: Text,
    pub(super) reviews: &'a [Review],
    /// Blob of the workflow file at head; absent = not known.
    pub(super) blob: Option<String>,
    pub(super) state: State,
    /// Whether whoever asks may decide.
    pub(super) can: Can,
    /// Unbound facts.
    pub(super) facts: Vec<Fact>,
    /// What stands for the evidence in the decision.
    pub(super) evidence: Digest,
    /// The evidence, once it was read.
    pub(super) read: Option<&'a Read>,
    pub(super) now: Ms,
}

impl Parts<'_> {
    /// The request; none where its ids do not fit a key.
    pub(super) fn request(self, attempt: u32) -> Option<Request> {
        let run = self.run;
        let id = Ident { repo: run.repository.id, run: run.id, part: self.part }.native()?;
        let key = RequestKey { backend: self.backend.clone(), id, attempt };
        let core = Sealed::new(self.core(key)).ok()?;
        let votes = self.votes();
        let decided = self.state != State::Pending;
        Some(Request {
            seq: 0,
            created_at: run.started(),
            due: Some(due(run.started(), self.now)),
            decided_at: None,
            verdict: self.verdict(),
            needs: vec![NeedState { group: None, need: 1, have: u32::from(decided && !votes.is_empty()) }],
            votes,
            looks: Vec::new(),
            findings: self.read.map_or_else(unread, |read| read.findings.clone()),
            evidence: self.summary(),
            enforcer: Enforcer::Guard,
            grant: None,
            unreviewed: false,
            gate_waits: None,
            inputs_hidden: run.event == *"workflow_dispatch",
            no_reject: (self.part == Part::Fork).then(|| {
                "GitHub has no call that rejects the run of an outside pull request: leave it, or cancel the run".into()
            }),
            state: self.state,
            can: self.can,
            facts: self.facts,
            core,
        })
    }

    fn core(&self, key: RequestKey) -> Core {
        let run = self.run;
        let forge = |value: Text| Sourced { value, source: Source::Forge };
        Core {
            nonce: None,
            repository: forge(run.repository.full_name.clone()),
            environment: forge(self.environment.clone()),
            name: run.name.clone().unwrap_or_else(|| run.path.clone()),
            head: run.head_sha.as_str().and_then(|sha| sha.parse().ok()),
            branch: run.head_branch.clone(),
            base: None,
            command: None,
            workflow: self.workflow(),
            tree: None,
            // A forge checks out the commit and nothing else.
            clean: true,
            run: Some(CiRun {
                system: "github-actions".into(),
                id: run.id.to_string().into(),
                attempt: key.attempt,
                job: Text::default(),
                url: Some(run.html_url.clone()),
            }),
            identities: identities(run),
            reason: run.display_title.clone(),
            ask: Ask { scope: Scope::Once, run_for: RUN_FOR_DEFAULT },
            key,
        }
    }

    /// Only a file that is known to be the one that runs is bound.
    fn workflow(&self) -> Option<WorkflowFile> {
        let blob = self.blob.as_deref().filter(|_| self.run.runs_file_of_head())?;
        Some(WorkflowFile { path: self.run.workflow_path()?.into(), blob: blob.into() })
    }

    fn verdict(&self) -> Verdict {
        Verdict {
            effect: Effect::Approve,
            rules: Vec::new(),
            words: words::rule(self.part, self.gate).as_str().into(),
            needs: vec![Need { count: 1, group: None }],
            not_self: SelfCheck {
                requester: self.gate.is_some_and(|gate| gate.no_self == Some(true)),
                ..SelfCheck::default()
            },
            scopes: vec![Scope::Once],
            start_by: START_BY_DEFAULT,
            run_for: RUN_FOR_DEFAULT,
            max_uses: None,
            reason: false,
            word: None,
            seen: SeenDemand::Nothing,
            may_acknowledge: true,
            bulk: true,
            wait: WAITS,
            min_assurance: Assurance::Peer,
            break_glass: None,
            policy: Digest::of(b""),
        }
    }

    /// Answers about this environment; only those that carry an id of ours have a time, which is the id's own.
    fn votes(&self) -> Vec<Vote> {
        let Part::Environment { id, .. } = self.part else { return Vec::new() };
        let about = self.reviews.iter().filter(|r| r.covers(id));
        about.flat_map(|review| votes(self.backend, review, self.run)).collect()
    }

    fn summary(&self) -> EvidenceSummary {
        let read = self.read.map(|read| &read.evidence);
        let live = self.gate.and_then(|gate| gate.live.as_ref()).filter(|live| live.success);
        let base = live.and_then(|live| live.base());
        EvidenceSummary {
            digest: self.evidence,
            base: read.map_or(base, |e| e.base.clone()),
            course: read.and_then(|e| e.course),
            totals: read.and_then(|e| e.totals),
            commits: read.map_or(0, |e| u32::try_from(e.commits.len()).unwrap_or(u32::MAX)),
            cut: read.is_some_and(|e| !e.cuts.is_empty()),
        }
    }
}

/// A request whose evidence nobody read is never green.
fn unread() -> Vec<Finding> {
    vec![Finding::new(FindingId::EvidenceMissing, "change", "not read yet: open the request")]
}

/// The end of its waiting: 30 days, and where the job began to wait later than the run, that of the run.
fn due(started: Ms, now: Ms) -> Ms {
    let usual = started + WAITS;
    if now < usual { usual } else { started + RUN_LIMIT }
}

fn identities(run: &Run) -> Vec<Identity> {
    let login = |role, user: &super::wire::User| Identity {
        role,
        kind: IdentityKind::Login,
        name: user.login.clone(),
        source: Source::Forge,
    };
    let mut all: Vec<Identity> = run.actor.iter().map(|u| login(Role::Requester, u)).collect();
    all.extend(run.triggering_actor.iter().filter(|u| run.actor.as_ref() != Some(u)).map(|u| login(Role::Trigger, u)));
    let commit = run.head_commit.as_ref();
    let people = [commit.and_then(|c| c.author.as_ref()), commit.and_then(|c| c.committer.as_ref())];
    let mut mails: Vec<&Text> = people.into_iter().flatten().map(|p| &p.email).filter(|m| !m.is_empty()).collect();
    mails.dedup();
    // Whoever made the commit wrote the address into it: a claim.
    all.extend(mails.into_iter().map(|mail| Identity {
        role: Role::Author,
        kind: IdentityKind::Email,
        name: mail.clone(),
        source: Source::Claimed,
    }));
    all
}

fn votes(backend: &BackendName, review: &Review, run: &Run) -> Vec<Vote> {
    let by = review.by.clone().unwrap_or_else(|| "somebody whom GitHub does not name".into());
    let ours = comment::ids(&review.comment);
    let ids = if ours.is_empty() { comment::foreign(&by, &review.comment).into_iter().collect() } else { ours };
    let vote = |id: DecisionId| Vote {
        by: principal(backend, &by),
        ballot: if review.approved { Ballot::Approve } else { Ballot::Reject },
        comment: review.comment.clone(),
        scope: Scope::Once,
        at: run.updated_at.0.unwrap_or_default(),
        self_unproven: false,
        decision: id,
    };
    ids.into_iter().map(vote).collect()
}

/// A login of this backend.
pub(super) fn principal(backend: &BackendName, login: &Text) -> Principal {
    Principal { issuer: backend.as_str().into(), subject: login.clone(), assurance: Assurance::Bearer, person: None }
}
