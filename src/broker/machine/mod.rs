//! The broker's logic as one pure function: a state, a command and the clocks in; changes, records and an answer
//! out. It reads no clock, file or network; random bits come with the command. The store writes what it says.

mod checks;
mod clock;
mod create;
mod decide;
mod draft;
mod grant;
mod held;
mod judge;
mod lately;
mod pass;
mod request;
mod state;
#[cfg(test)]
pub(in crate::broker) mod tests;
mod tick;
mod view;

pub use clock::{no_earlier, observe};
pub use create::created;
pub use draft::{Effects, Notice, Occasion};
pub use held::{Ballot, Fixed, Held, HeldGrant, LastSuccess, Live};
pub use state::{Change, Quota, Setup, State};
pub use view::{beat, request};

use crate::api::{Problem, Recheck, Submission};
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::grant::End;
use crate::domain::ids::{GrantId, NativeId};
use crate::domain::outcome::Outcome;
use crate::domain::record::Head;
use crate::domain::request::Sealed;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::findings::DiffScan;
use crate::sys::clock::Now;

use super::identity::Caller;
use draft::Draft;

/// Who calls, and about which request.
#[derive(Clone, Debug)]
pub struct About {
    /// Who.
    pub caller: Caller,
    /// Which.
    pub id: NativeId,
}

/// A submission with everything that the machine may not make or read by itself.
#[derive(Clone, Debug)]
pub struct Create {
    /// Who asks.
    pub caller: Caller,
    /// Idempotency key.
    pub key: String,
    /// Hash of the body.
    pub body: Digest,
    /// What is asked.
    pub submission: Submission,
    /// Findings of the diff blob.
    pub diff: DiffScan,
    /// Id of the new request.
    pub id: NativeId,
    /// Its nonce.
    pub nonce: String,
}

/// A vote with everything that came with it.
#[derive(Clone, Debug)]
pub struct Vote {
    /// Who votes on what.
    pub about: About,
    /// `If-Match`: the request digest that was shown.
    pub if_match: Digest,
    /// The decision, as its exact bytes.
    pub decision: Sealed<Decision>,
}

/// A gate that is about to start.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Who starts what.
    pub about: About,
    /// Idempotency key.
    pub key: String,
    /// Hash of the body.
    pub body: Digest,
    /// What the gate finds now.
    pub recheck: Recheck,
}

/// Everything that changes the broker.
#[derive(Clone, Debug)]
pub enum Command {
    /// A pipeline asks.
    Create(Box<Create>),
    /// An approver looks.
    Look(About),
    /// An approver votes.
    Decide(Box<Vote>),
    /// Somebody looks at a break-glass afterwards.
    Review(About, Text),
    /// Who asked takes it back.
    Cancel(About),
    /// A gate starts a pass.
    Start(Box<Begin>),
    /// A pass ended.
    End(About, End),
    /// A grant is taken back.
    Revoke(Caller, GrantId, Text),
    /// A vote for more time.
    Extend(Caller, GrantId, Span, Text),
    /// A console gives the head of its log.
    Heads(Caller, Text, Head),
    /// The audit log was handed out.
    Exported(Caller, u64),
    /// The hook command was run.
    Notified(NativeId, Occasion, Vec<Text>, Text),
    /// Deadlines are looked at.
    Tick,
    /// Requests that were over long ago are let go.
    Sweep,
    /// The broker begins: the policy may be another one than before.
    Open {
        /// What the last policy was.
        before: Option<Digest>,
        /// The program with its version.
        program: Text,
    },
    /// Whoever runs the broker says that the clock is right now.
    AcceptClock,
}

/// What a command is answered; requests and grants are read again after the commit.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A request that is there now.
    Request(NativeId),
    /// A vote's outcome.
    Decided(NativeId, Outcome),
    /// A permit.
    Permit(crate::api::Permit),
    /// A grant, and how many votes for more time are missing.
    Extension(GrantId, u32),
    /// Nothing to say.
    Done,
}

/// What a command does, or why it does not.
///
/// # Errors
/// The refusal for the caller. It changes nothing; `refusal` gives its record where it must leave one.
pub fn apply(state: &State, command: &Command, now: Now) -> Result<Effects, Problem> {
    let mut draft = Draft::new(state, now);
    let answer = match command {
        Command::Create(c) => create::create(&mut draft, c),
        Command::Look(about) => request::look(&mut draft, about),
        Command::Decide(vote) => decide::decide(&mut draft, vote),
        Command::Review(about, comment) => request::review(&mut draft, about, comment),
        Command::Cancel(about) => request::cancel(&mut draft, about),
        Command::Start(begin) => pass::start(&mut draft, begin),
        Command::End(about, end) => pass::end(&mut draft, about, end),
        Command::Revoke(caller, id, reason) => grant::revoke(&mut draft, caller, id, reason),
        Command::Extend(caller, id, run_for, reason) => grant::extend(&mut draft, caller, id, *run_for, reason),
        Command::Heads(caller, log, head) => request::heads(&mut draft, caller, log, *head),
        Command::Exported(caller, records) => request::exported(&mut draft, caller, *records),
        Command::Notified(id, occasion, people, result) => request::notified(&mut draft, id, *occasion, people, result),
        Command::Tick => tick::tick(&mut draft),
        Command::Sweep => tick::sweep(&mut draft),
        Command::Open { before, program } => tick::open(&mut draft, *before, program),
        Command::AcceptClock => clock::accept(&mut draft),
    }?;
    Ok(draft.finish(answer))
}

/// The record that a refused attempt leaves: those that somebody else than a clumsy client would make.
pub fn refusal(command: &Command, problem: &Problem, state: &State, now: Now) -> Option<crate::domain::record::Entry> {
    use crate::api::Code::{Changed, Conflict, Forbidden, Over};
    if !matches!(problem.code, Forbidden | Conflict | Changed | Over) {
        return None;
    }
    let (caller, id, verb) = match command {
        Command::Create(c) => (&c.caller, None, "create"),
        Command::Decide(v) => (&v.about.caller, Some(&v.about.id), "decide"),
        Command::Review(a, _) => (&a.caller, Some(&a.id), "review"),
        Command::Cancel(a) => (&a.caller, Some(&a.id), "cancel"),
        Command::Start(b) => (&b.about.caller, Some(&b.about.id), "start"),
        Command::End(a, _) => (&a.caller, Some(&a.id), "end"),
        Command::Revoke(c, ..) => (c, None, "revoke"),
        Command::Extend(c, ..) => (c, None, "extend"),
        Command::Heads(c, ..) => (c, None, "heads"),
        _ => return None,
    };
    Some(crate::domain::record::Entry {
        at: now.wall,
        by: Some(caller.principal.clone()),
        request: id.and_then(|id| state.request(id)).map(|h| h.core().key.clone()),
        event: crate::domain::record::Event::Refused { verb: verb.into(), why: problem.message.clone() },
    })
}
