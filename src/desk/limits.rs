//! What this console's own policy and deadline make of a backend that is not our broker. They limit this console
//! only; the backend keeps its own rules, and starts at the first vote. And the list of grants that the guard keeps
//! stands where a backend with grants of its own would list them.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::stream::BoxStream;

use super::guard::book::Book;
use crate::backends::port::{Answer, Backend, ByHand, Capabilities, Fault, Poll, Session, Trouble};
use crate::backends::resolver::Resolver;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::grant::{Enforcer, Grant};
use crate::domain::guard::OnExpiry;
use crate::domain::ids::{BackendName, GrantId, NativeId, Person, RequestKey};
use crate::domain::outcome::Outcome;
use crate::domain::principal::Principal;
use crate::domain::record::Head;
use crate::domain::request::{Ballot, Can, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::domain::verdict::{Effect, Need, Verdict};
use crate::policy::{Policy, Subject};
use crate::safe;
use crate::sys::clock;

/// What the config says about backends that are not our broker.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The policy; absent = the backend's own rules alone, and nothing passes by itself.
    pub policy: Option<Policy>,
    /// How long a request may wait.
    pub pending_ttl: Option<Span>,
    /// Whether a request that waited longer is rejected.
    pub reject_overdue: bool,
    /// What happens at the end of a grant to what it covers and still waits.
    pub on_expiry: OnExpiry,
    /// Whether this process may run the guard.
    pub guard: bool,
}

impl Limits {
    /// Whether there is anything for the guard to do.
    pub(super) fn want_guard(&self) -> bool {
        self.guard && (self.policy.is_some() || self.pending_ttl.is_some())
    }
}

/// A foreign backend as this console sees it.
pub(super) struct UnderLimits {
    inner: Arc<dyn Backend>,
    limits: Arc<Limits>,
    book: Arc<Book>,
    you: Mutex<Option<Principal>>,
}

/// Puts a backend under the limits, unless it is our broker: that one keeps its own policy.
pub(super) fn under(inner: Arc<dyn Backend>, limits: &Arc<Limits>, book: &Arc<Book>) -> Arc<dyn Backend> {
    if inner.capabilities().enforcer == Enforcer::Broker {
        return inner;
    }
    Arc::new(UnderLimits { inner, limits: Arc::clone(limits), book: Arc::clone(book), you: Mutex::default() })
}

impl UnderLimits {
    fn is_guarded(&self) -> bool {
        self.inner.capabilities().enforcer == Enforcer::Guard
    }

    async fn you(&self) -> Result<Principal, Fault> {
        let known = self.you.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(you) => Ok(you),
            None => Ok(self.ask_session().await?.you),
        }
    }

    async fn ask_session(&self) -> Result<Session, Fault> {
        let mut session = self.inner.session().await?;
        if let Some(policy) = &self.limits.policy {
            session.you.person = session.you.person.or_else(|| person(policy, &session.you.subject));
        }
        *self.you.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.you.clone());
        Ok(session)
    }

    fn limited(&self, mut request: Request, you: &Principal) -> Request {
        match &self.limits.policy {
            Some(policy) => self.judge(policy, &mut request, you),
            None if self.is_guarded() => request.verdict.scopes = vec![Scope::Once],
            None => {}
        }
        request
    }

    fn judge(&self, policy: &Policy, request: &mut Request, you: &Principal) {
        let enforcer = self.inner.capabilities().enforcer;
        policy.weigh(&mut request.findings);
        let subject = Subject { core: &request.core, findings: &request.findings, authors: &[], enforcer };
        let mut verdict = policy.judge(&subject);
        let refusal = self.refusal(policy, &verdict, request, you);
        if verdict.effect == Effect::Allow {
            // It allows, and the backend asks a person all the same.
            verdict.effect = Effect::Approve;
            verdict.needs = vec![Need { count: 1, group: None }];
        }
        tighten(&mut verdict, &request.verdict, enforcer);
        verdict.words = safe!("this console's policy: {}", verdict.words.prose()).into();
        request.verdict = verdict;
        if let (Some(why), false) = (refusal, matches!(request.can, Can::No { .. })) {
            request.can = Can::No { why: why.into() };
        }
    }

    /// Why this console does not decide the request, whatever the backend would take.
    fn refusal(&self, policy: &Policy, verdict: &Verdict, request: &Request, you: &Principal) -> Option<SafeText> {
        match verdict.effect {
            Effect::Deny => return Some(safe!("this console's policy: {}", verdict.words.prose())),
            Effect::Allow => return None,
            Effect::Approve => {}
        }
        if let Err(why) = policy.may_vote(verdict, &request.core, &[], you, false) {
            return Some(safe!("this console's policy: {}", why.prose()));
        }
        let native = request.needs.iter().map(|need| need.need).max().unwrap_or(1);
        let enough = policy.completes(verdict, &request.votes, Some(you)) || native >= verdict.people().max(2);
        (!enough).then(|| {
            safe!(
                "this console's policy asks for {}, and {} starts at the first vote: refused here",
                verdict.needs_in_words(),
                self.inner.name()
            )
        })
    }
}

/// What the backend itself demands holds as well.
fn tighten(verdict: &mut Verdict, native: &Verdict, enforcer: Enforcer) {
    verdict.reason |= native.reason;
    verdict.bulk &= native.bulk;
    if enforcer != Enforcer::Guard {
        verdict.scopes.retain(|scope| native.scopes.contains(scope));
        verdict.start_by = verdict.start_by.min(native.start_by);
        verdict.run_for = verdict.run_for.min(native.run_for);
    }
}

/// The person behind a login. Where nobody is given it, the login stands for a person of its own, unless the policy
/// calls somebody else by that name.
fn person(policy: &Policy, login: &Text) -> Option<Person> {
    policy.person_of_login(login).or_else(|| {
        let own: Person = login.as_str()?.parse().ok()?;
        (!policy.knows(&own)).then_some(own)
    })
}

impl Backend for UnderLimits {
    fn name(&self) -> &BackendName {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        let native = self.inner.capabilities();
        Capabilities { grants: native.grants || self.is_guarded(), ..native }
    }

    fn session(&self) -> Answer<'_, Session> {
        self.ask_session().boxed()
    }

    fn poll(&self, after: Option<u64>) -> Answer<'_, Poll> {
        async move {
            let (poll, you) = (self.inner.poll(after).await?, self.you().await?);
            let limited = |request: Arc<Request>| Arc::new(self.limited(Arc::unwrap_or_clone(request), &you));
            Ok(Poll { changed: poll.changed.into_iter().map(limited).collect(), ..poll })
        }
        .boxed()
    }

    fn hints(&self) -> BoxStream<'_, Result<(), Fault>> {
        self.inner.hints()
    }

    fn read<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Request> {
        async move {
            let you = self.you().await?;
            Ok(self.limited(self.inner.read(key).await?, &you))
        }
        .boxed()
    }

    fn evidence<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, Evidence> {
        self.inner.evidence(key)
    }

    fn blob<'a>(&'a self, digest: &'a Digest, limit: u64) -> Answer<'a, Vec<u8>> {
        self.inner.blob(digest, limit)
    }

    fn decide<'a>(&'a self, decision: &'a Decision, bytes: &'a str) -> Answer<'a, Outcome> {
        self.inner.decide(decision, bytes)
    }

    fn goes_with(&self, key: &RequestKey) -> Option<NativeId> {
        self.inner.goes_with(key)
    }

    fn cancel_run<'a>(&'a self, key: &'a RequestKey, force: bool) -> Answer<'a, ()> {
        self.inner.cancel_run(key, force)
    }

    fn by_hand(&self, request: &Request, ballot: Ballot) -> ByHand {
        self.inner.by_hand(request, ballot)
    }

    fn look<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, ()> {
        self.inner.look(key)
    }

    fn review<'a>(&'a self, key: &'a RequestKey, comment: &'a Text) -> Answer<'a, ()> {
        self.inner.review(key, comment)
    }

    fn grants(&self) -> Answer<'_, Vec<Grant>> {
        if !self.is_guarded() {
            return self.inner.grants();
        }
        async move { Ok(read(&self.book, self.name()).await?.listed(clock::now().wall)) }.boxed()
    }

    /// The record that ends it stands already; nothing is sent anywhere.
    fn revoke<'a>(&'a self, grant: &'a GrantId, reason: &'a Text) -> Answer<'a, Grant> {
        if !self.is_guarded() {
            return self.inner.revoke(grant, reason);
        }
        async move {
            let reading = read(&self.book, self.name()).await?;
            let found = reading.entries.into_iter().map(|e| e.kept.grant).find(|g| g.id == *grant);
            found.ok_or_else(|| Fault::new(Trouble::NotFound, "the guard keeps no such grant", "jit-tui grants"))
        }
        .boxed()
    }

    fn extend<'a>(&'a self, grant: &'a GrantId, run_for: Span, reason: &'a Text) -> Answer<'a, (Grant, u32)> {
        if !self.is_guarded() {
            return self.inner.extend(grant, run_for, reason);
        }
        let why = "the guard knows start-by only: it ends nothing that runs, so there is no time to add to";
        let no = Fault::new(Trouble::Refused, why, "let it end, and approve the next gate anew");
        async move { Err(no) }.boxed()
    }

    fn resolver(&self) -> Option<Arc<dyn Resolver>> {
        self.inner.resolver()
    }

    fn heads<'a>(&'a self, log: &'a Text, head: Head) -> Answer<'a, Option<Head>> {
        self.inner.heads(log, head)
    }
}

/// Reads the book off the async threads.
pub(super) async fn read(book: &Arc<Book>, backend: &BackendName) -> Result<super::guard::book::Reading, Fault> {
    let (book, backend) = (Arc::clone(book), backend.clone());
    let unread = |why: String| {
        let what = safe!("the audit log cannot be read: {}", Text::from(why).prose());
        Fault::new(Trouble::Refused, what, "jit-tui audit verify")
    };
    match tokio::task::spawn_blocking(move || book.read(&backend)).await {
        Ok(reading) => reading.map_err(|e| unread(e.to_string())),
        Err(e) => Err(unread(e.to_string())),
    }
}
