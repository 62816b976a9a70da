//! The log on a thread of its own: whoever appends awaits the disk, nobody else does. Appends that wait together
//! share one fsync.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{AuditError, Log, Sync};
use crate::domain::record::{Entry, Head};
use crate::domain::text::Text;

/// Jobs that may wait for the disk.
const WAITING: usize = 1024;

type Reply<T> = oneshot::Sender<Result<T, AuditError>>;

enum Job {
    Append(Vec<Entry>, Sync, Reply<Head>),
    Behind(Head, Vec<Entry>, Reply<Option<Head>>),
    Head(Reply<Head>),
    TryAgain(Reply<Head>),
    Note(Text, Head, Reply<()>),
}

/// A handle for async code; cheap to clone. The thread ends after the last handle, with everything written.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    name: Arc<str>,
}

impl Writer {
    /// Opens the log of a state folder and starts its thread.
    ///
    /// # Errors
    /// As `Log::open`.
    pub fn open(state: &Path) -> Result<Self, AuditError> {
        let log = Log::open(state)?;
        let name = Arc::from(log.name().lossy().as_ref());
        let (jobs, waiting) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new().name("audit".into());
        thread.spawn(move || serve(log, waiting)).map_err(AuditError::io("start the writer of", state))?;
        Ok(Self { jobs, name })
    }

    /// As `Log::name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As `Log::append`.
    ///
    /// # Errors
    /// As `Log::append`.
    pub async fn append(&self, entries: Vec<Entry>, sync: Sync) -> Result<Head, AuditError> {
        self.ask(|reply| Job::Append(entries, sync, reply)).await
    }

    /// As `Log::append_behind`.
    ///
    /// # Errors
    /// As `Log::append_behind`.
    pub async fn append_behind(&self, head: Head, entries: Vec<Entry>) -> Result<Option<Head>, AuditError> {
        self.ask(|reply| Job::Behind(head, entries, reply)).await
    }

    /// As `Log::head`.
    ///
    /// # Errors
    /// As `Log::head`.
    pub async fn head(&self) -> Result<Head, AuditError> {
        self.ask(Job::Head).await
    }

    /// As `Log::try_again`.
    ///
    /// # Errors
    /// As `Log::try_again`.
    pub async fn try_again(&self) -> Result<Head, AuditError> {
        self.ask(Job::TryAgain).await
    }

    /// As `Log::note_head`.
    ///
    /// # Errors
    /// As `Log::note_head`.
    pub async fn note_head(&self, log: &Text, head: Head) -> Result<(), AuditError> {
        self.ask(|reply| Job::Note(log.clone(), head, reply)).await
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, AuditError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| AuditError::Ended)?;
        answer.await.map_err(|_| AuditError::Ended)?
    }
}

fn serve(mut log: Log, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(job) = next {
            batch.take(&mut log, job);
            next = if batch.wants_more() { waiting.try_recv().ok() } else { None };
        }
        batch.end(&mut log);
    }
}

/// Appends that go to the disk together.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    must_sync: bool,
    replies: Vec<Reply<Head>>,
}

impl Batch {
    fn wants_more(&self) -> bool {
        (1..256).contains(&self.replies.len())
    }

    fn take(&mut self, log: &mut Log, job: Job) {
        // Whoever asks may be gone: a lost answer is nobody's loss.
        match job {
            Job::Append(entries, sync, reply) => {
                self.entries.extend(entries);
                self.must_sync |= sync == Sync::Yes;
                self.replies.push(reply);
            }
            Job::Behind(head, entries, reply) => {
                self.end(log);
                drop(reply.send(log.append_behind(head, entries)));
            }
            Job::Head(reply) => {
                self.end(log);
                drop(reply.send(log.head()));
            }
            Job::TryAgain(reply) => {
                self.end(log);
                drop(reply.send(log.try_again()));
            }
            Job::Note(name, head, reply) => {
                self.end(log);
                drop(reply.send(log.note_head(&name, head)));
            }
        }
    }

    fn end(&mut self, log: &mut Log) {
        if self.replies.is_empty() {
            return;
        }
        let sync = if std::mem::take(&mut self.must_sync) { Sync::Yes } else { Sync::No };
        let result = log.append(std::mem::take(&mut self.entries), sync);
        for reply in self.replies.drain(..) {
            drop(reply.send(result.clone()));
        }
    }
}
