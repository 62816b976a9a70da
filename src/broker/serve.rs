//! Puts a broker together, in this process: the command line, the demo and tests start it alike.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::domain::ids::BackendName;
use crate::domain::json;
use crate::domain::text::Text;
use crate::domain::time::Span;
use crate::policy::Policy;
use crate::sys::clock;
use crate::sys::files::{self, Lock};
use crate::sys::random;

use super::blobs::Blobs;
use super::http::{App, PROGRAM, router};
use super::keys::{Keys, Peer};
use super::listen::{Address, Door, Listen};
use super::machine::{Command, Quota, Setup};
use super::notify::Hook;
use super::reader::Reader;
use super::shared::Shared;
use super::store::{self, Loaded, Store, StoreError};
use super::tls::TlsFiles;
use super::writer::Writer;
use super::{notify, openapi, timer};

/// How long calls in flight may take once the broker is closing.
const FAREWELL: Duration = Duration::from_secs(5);

/// Notices for the hook that may wait.
const NOTICES: usize = 1_024;

/// What a broker is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen.
    pub listen: Listen,
    /// TLS files; needed beyond loopback.
    pub tls: Option<TlsFiles>,
    /// Its state folder: evidence, lock, address.
    pub state: PathBuf,
    /// Its database; by default in the state folder.
    pub database: PathBuf,
    /// The policy in force.
    pub policy: Policy,
    /// Program and arguments, run on create, half of the deadline, timeout and break-glass; empty = none.
    pub hook: Vec<String>,
    /// How long that may take.
    pub hook_time: Duration,
    /// A broker of this user: peers of the socket who are the owner ask and decide.
    pub local: bool,
    /// Its name in request keys.
    pub name: BackendName,
    /// How many requests may wait.
    pub quota: Quota,
    /// Bytes of one blob of evidence at most.
    pub blob_limit: usize,
    /// Leaves after so long without client, request and grant.
    pub leave_after: Option<Span>,
    /// The clock is right though it lies before what is on record.
    pub accept_clock: bool,
}

impl Options {
    /// As the command line starts it, with nothing said but where and by which policy.
    pub fn new(state: PathBuf, listen: Listen, name: BackendName, policy: Policy) -> Self {
        Self {
            listen,
            tls: None,
            database: state.join("broker.db"),
            state,
            policy,
            hook: Vec::new(),
            hook_time: Duration::from_secs(10),
            local: false,
            name,
            quota: Quota::default(),
            blob_limit: 32 << 20,
            leave_after: None,
            accept_clock: false,
        }
    }
}

/// Why a broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state folder.
    #[error("the state folder cannot be used: {0}")]
    Folder(io::Error),
    /// One broker a state folder.
    #[error("a broker runs on {state} already{at}; stop it, or give another --state folder", state = .state.display())]
    Running {
        /// Which folder.
        state: PathBuf,
        /// Where it listens, if that is known.
        at: String,
    },
    /// The address.
    #[error("cannot listen on {at}: {why}", at = shown(.at), why = listen_words(.cause))]
    Listen {
        /// Which.
        at: Listen,
        /// What the system says.
        cause: io::Error,
    },
    /// Open to the network, in the clear.
    #[error(
        "{0} can be reached from other machines, and tokens must not travel in the clear: give --tls-cert and --tls-key, or listen on 127.0.0.1 or a unix socket"
    )]
    NeedsTls(SocketAddr),
    /// Certificate or key.
    #[error("{file}: {why}; --tls-cert wants a PEM chain with the leaf first, --tls-key its PEM key", file = .file.display())]
    Tls {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first record could not be written.
    #[error("the broker's database cannot be written: {0}")]
    FirstWrite(String),
    /// Something of the system's.
    #[error("the broker cannot start")]
    System(#[from] io::Error),
}

fn shown(listen: &Listen) -> String {
    match listen {
        Listen::Tcp(at) => at.to_string(),
        Listen::Unix(path) => format!("unix:{}", path.display()),
    }
}

fn listen_words(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::AddrInUse => "another one listens there; stop it, or give another --listen".into(),
        io::ErrorKind::PermissionDenied => format!("{e}; use a port above 1023 or a folder of your own"),
        io::ErrorKind::InvalidInput => format!("{e}; a socket's path holds at most 107 bytes, give a shorter one"),
        _ => e.to_string(),
    }
}

/// A broker at work.
pub struct Server {
    address: Address,
    shared: Arc<Shared>,
    close: watch::Sender<bool>,
    served: JoinHandle<()>,
    writer: Writer,
    thread: std::thread::JoinHandle<()>,
    helpers: Vec<JoinHandle<()>>,
    state: PathBuf,
    _locks: Vec<Lock>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its identity.
    pub fn broker(&self) -> &str {
        &self.shared.broker
    }

    /// Returns when it has had nobody to serve for `leave_after`; never where none was given.
    pub async fn deserted(&self, leave_after: Option<Span>) {
        let Some(after) = leave_after else { return std::future::pending().await };
        loop {
            let left = after.as_secs().saturating_sub(self.shared.idle().as_secs());
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_secs(left.into())).await;
        }
    }

    /// Finishes the calls in flight, folds the write-ahead log in and leaves.
    pub async fn shutdown(mut self) {
        // Everything that waits for news hears of it.
        self.close.send_replace(true);
        if tokio::time::timeout(FAREWELL, &mut self.served).await.is_err() {
            self.served.abort();
            let _ = (&mut self.served).await;
        }
        for helper in &self.helpers {
            helper.abort();
        }
        for helper in self.helpers.drain(..) {
            let _ = helper.await;
        }
        // A connection that did not end in time is told that the broker is gone.
        self.writer.close().await;
        let thread = self.thread;
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        let _ = std::fs::remove_file(address_file(&self.state));
        if let Address::Unix(path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Where a broker of this state folder says on which address it listens.
pub fn address_file(state: &Path) -> PathBuf {
    state.join("broker.addr")
}

/// Starts a broker. It serves when this returns.
///
/// # Errors
/// Why it does not start; nothing is left running.
pub async fn serve(options: Options) -> Result<Server, StartError> {
    files::private_dir(&options.state).map_err(StartError::Folder)?;
    let locks = one_only(&options)?;
    let (door, address) = Door::open(&options.listen, options.tls.as_ref(), options.local).await?;
    let Kept { store, shared, before } = keep(&options)?;
    let shared = Arc::new(shared);
    let (notices, told) = mpsc::channel(NOTICES);
    let (writer, thread) = Writer::start(store, Arc::clone(&shared), notices)?;
    begin(&writer, &options, before).await.map_err(StartError::FirstWrite)?;
    let blobs = Blobs::open(&options.state).map_err(StartError::Folder)?;
    let (close, closing) = watch::channel(false);
    let app = app(&options, &shared, &writer, &blobs, closing.clone())?;
    let mut helpers = vec![tokio::spawn(timer::run(Arc::clone(&shared), writer.clone(), blobs))];
    if let Some(hook) = Hook::new(&options.hook, options.hook_time) {
        helpers.push(tokio::spawn(notify::run(hook, told, writer.clone(), Arc::clone(&shared))));
    }
    let served = tokio::spawn(open(door, app, closing));
    let line = format!("{address}\n");
    files::replace_private(&address_file(&options.state), line.as_bytes()).map_err(StartError::Folder)?;
    Ok(Server { address, shared, close, served, writer, thread, helpers, state: options.state, _locks: locks })
}

/// One broker a state folder, and one a database wherever that lies.
fn one_only(options: &Options) -> Result<Vec<Lock>, StartError> {
    let mut files = vec![options.state.join("broker.lock"), options.database.with_extension("lock")];
    files.dedup();
    let take = |file: &PathBuf| {
        files::private_dir(file.parent().unwrap_or(&options.state)).map_err(StartError::Folder)?;
        let lock = Lock::try_take(file).map_err(StartError::Folder)?;
        lock.ok_or_else(|| {
            let at = std::fs::read_to_string(address_file(&options.state)).map(|at| format!(", at {}", at.trim()));
            StartError::Running { state: options.state.clone(), at: at.unwrap_or_default() }
        })
    };
    files.iter().map(take).collect()
}

struct Kept {
    store: Store,
    shared: Shared,
    before: Option<crate::domain::digest::Digest>,
}

/// Opens the database and brings memory back to what it was.
fn keep(options: &Options) -> Result<Kept, StartError> {
    let sqlite = |cause| StoreError::Sqlite { path: options.database.clone(), cause };
    let mut store = Store::new(store::open(&options.database)?).map_err(sqlite)?;
    let setup = Arc::new(Setup {
        policy: options.policy.clone(),
        name: options.name.clone(),
        quota: options.quota,
        hook: !options.hook.is_empty(),
    });
    let boot = clock::boot_id();
    let loaded = Loaded::read(store.db(), setup, clock::now(), &boot)?;
    let broker = match loaded.broker {
        Some(broker) => broker,
        None => HEXLOWER.encode(&random::bytes::<16>()?),
    };
    store.commit(&loaded.rebased, Vec::new()).map_err(sqlite)?;
    for (key, value) in [("boot", boot.as_str()), ("broker", broker.as_str())] {
        store.note(key, value).map_err(sqlite)?;
    }
    let shared = Shared::new(loaded.state, store.head(), broker, options.local);
    Ok(Kept { store, shared, before: loaded.policy })
}

async fn begin(
    writer: &Writer,
    options: &Options,
    before: Option<crate::domain::digest::Digest>,
) -> Result<(), String> {
    let words = |p: crate::api::Problem| p.message.prose().to_string();
    if options.accept_clock {
        writer.apply(Command::AcceptClock).await.map_err(words)?;
    }
    let open = Command::Open { before, program: Text::from(PROGRAM) };
    writer.apply(open).await.map_err(words)?;
    Ok(())
}

fn app(
    options: &Options,
    shared: &Arc<Shared>,
    writer: &Writer,
    blobs: &Blobs,
    closing: watch::Receiver<bool>,
) -> Result<Arc<App>, StartError> {
    let path = options.database.clone();
    let owner = options.local.then(|| rustix::process::geteuid().as_raw());
    let keys = Keys::new(store::open(&options.database)?, owner);
    Ok(Arc::new(App {
        shared: Arc::clone(shared),
        writer: writer.clone(),
        blobs: blobs.clone(),
        blob_limit: options.blob_limit,
        reader: Reader::new(store::open(&options.database)?),
        keys: keys.map_err(|cause| StoreError::Sqlite { path, cause })?,
        closing,
        openapi: json::to_line(&openapi::document()).unwrap_or_default(),
    }))
}

/// Serves until the broker closes.
async fn open(door: Door, app: Arc<App>, mut closing: watch::Receiver<bool>) {
    let service = router(app).into_make_service_with_connect_info::<Peer>();
    let until = async move {
        let _ = closing.wait_for(|closing| *closing).await;
    };
    let ended = match door {
        Door::Tcp(socket) => axum::serve(socket, service).with_graceful_shutdown(until).await,
        Door::Tls(socket) => axum::serve(socket, service).with_graceful_shutdown(until).await,
        Door::Unix(socket) => axum::serve(socket, service).with_graceful_shutdown(until).await,
    };
    if let Err(error) = ended {
        tracing::error!(%error, "the broker's door is shut");
    }
}
