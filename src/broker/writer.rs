//! The one thread that changes anything: many commands, one transaction, one fsync; answers only after it.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::api::Problem;
use crate::domain::record::Entry;
use crate::domain::text::Text;
use crate::safe;
use crate::sys::clock::{self, Now};

use super::machine::{self, Answer, Change, Command, Notice, State};
use super::problem::degraded;
use super::shared::Shared;
use super::store::Store;

/// Commands that wait for the writer; more make callers wait.
const QUEUE: usize = 4_096;

/// Commands of one transaction at most.
const BATCH: usize = 512;

type Reply = oneshot::Sender<Result<Answer, Problem>>;

enum Job {
    Do(Box<Command>, Reply),
    /// Nothing more is taken.
    Close,
}

/// The door to the writer thread.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        store: Store,
        shared: Arc<Shared>,
        notices: mpsc::Sender<Notice>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let state = shared.state().clone();
        let desk = Desk { store, shared, notices, state };
        let thread = std::thread::Builder::new().name("broker-writer".into()).spawn(move || desk.run(queue))?;
        Ok((Self { jobs }, thread))
    }

    /// Has a command carried out; returns when the disk has it.
    ///
    /// # Errors
    /// The refusal, or `degraded` where nothing could be written.
    pub async fn apply(&self, command: Command) -> Result<Answer, Problem> {
        let (reply, answer) = oneshot::channel();
        let gone = || degraded("the broker is shutting down");
        self.jobs.send(Job::Do(Box::new(command), reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Has the thread end after what it was given before.
    pub async fn close(&self) {
        // It fails where the thread has ended already.
        let _ = self.jobs.send(Job::Close).await;
    }
}

struct Desk {
    store: Store,
    shared: Arc<Shared>,
    notices: mpsc::Sender<Notice>,
    /// What is committed and what this batch has done so far.
    state: State,
}

/// What a batch has come to before it is written.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    records: Vec<Entry>,
    notices: Vec<Notice>,
    answers: Vec<(Reply, Result<Answer, Problem>)>,
}

impl Desk {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        let mut open = true;
        while open && queue.blocking_recv_many(&mut jobs, BATCH) > 0 {
            let orders = jobs.drain(..).map_while(|job| match job {
                Job::Do(command, reply) => Some((command, reply)),
                Job::Close => {
                    open = false;
                    None
                }
            });
            self.turn(orders);
        }
        self.store.close();
    }

    fn turn(&mut self, jobs: impl Iterator<Item = (Box<Command>, Reply)>) {
        let now = clock::now();
        let mut batch = Batch::default();
        self.look_at_clock(&mut batch, now);
        for (command, reply) in jobs {
            self.carry_out(&mut batch, &command, reply, now);
        }
        match self.write(&mut batch) {
            Ok(()) => self.done(batch, now),
            Err(e) => self.undo(batch, &e),
        }
    }

    fn look_at_clock(&mut self, batch: &mut Batch, now: Now) {
        let (change, record) = machine::observe(&self.state.clock, now);
        if let Some(change) = change {
            self.state.absorb(&change);
            batch.changes.push(change);
        }
        batch.records.extend(record);
        self.state.clock.last = now;
    }

    fn carry_out(&mut self, batch: &mut Batch, command: &Command, reply: Reply, now: Now) {
        let answer = match machine::apply(&self.state, command, now) {
            Ok(effects) => {
                for change in &effects.changes {
                    self.state.absorb(change);
                }
                batch.changes.extend(effects.changes);
                batch.records.extend(effects.records);
                batch.notices.extend(effects.notices);
                Ok(effects.answer)
            }
            Err(problem) => {
                batch.records.extend(machine::refusal(command, &problem, &self.state, now));
                Err(problem)
            }
        };
        batch.answers.push((reply, answer));
    }

    fn write(&mut self, batch: &mut Batch) -> rusqlite::Result<()> {
        let nothing = batch.changes.is_empty() && batch.records.is_empty();
        if nothing && self.shared.degraded().is_none() {
            return Ok(());
        }
        if nothing {
            // Nothing to write, but is it possible again?
            return self.store.note("probe", "");
        }
        self.shared.metrics.commit(batch.answers.len());
        self.store.commit(&batch.changes, std::mem::take(&mut batch.records))
    }

    fn done(&mut self, batch: Batch, now: Now) {
        self.shared.set_degraded(None);
        self.shared.publish(&batch.changes, self.store.head(), now);
        for notice in batch.notices {
            // A full queue of notices means a hook that hangs: approvers still see the request.
            let _ = self.notices.try_send(notice);
        }
        for (reply, answer) in batch.answers {
            let _ = reply.send(answer);
        }
    }

    /// Nothing of the batch holds, refusals included: they may rest on what was undone.
    fn undo(&mut self, batch: Batch, error: &rusqlite::Error) {
        let why = safe!("the database cannot be written: {}", Text::from(error.to_string()).prose());
        tracing::error!(%error, "nothing is granted: the database cannot be written");
        self.shared.metrics.failed_commit();
        self.state = self.shared.state().clone();
        self.shared.set_degraded(Some(why.clone()));
        for (reply, _) in batch.answers {
            let _ = reply.send(Err(degraded(why.clone())));
        }
    }
}
