//! The local default: finds the broker of this state folder, or starts this very program as one.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::files::{Lock, check_ours, private_append, private_dir};
use super::http::Address;
use super::paths::Paths;
use super::process::{OURSELVES, without_secrets};

/// The file of the state folder that holds the local broker's address.
pub const ADDRESS_FILE: &str = "broker.addr";
/// What the local broker has to say while nobody looks.
pub const LOG_FILE: &str = "broker.log";
/// Bytes of a socket's path at most.
const SOCKET_PATH: usize = 107;
/// Held by whoever starts a broker.
const LOCK_FILE: &str = "broker.start.lock";
/// How long a broker may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// The address of the local broker of this state folder; starts one where none answers.
///
/// # Errors
/// Where the state folder is not ours, or the broker does not come up; the end of its log says why.
pub fn ensure(paths: &Paths) -> io::Result<Address> {
    private_dir(&paths.state)?;
    if let Some(address) = running(&paths.state)? {
        return Ok(address);
    }
    socket_in(paths.runtime.as_deref().unwrap_or(&paths.state))?;
    let _starting = Lock::wait(&paths.state.join(LOCK_FILE))?;
    if let Some(address) = running(&paths.state)? {
        return Ok(address);
    }
    wait_for(start(paths)?, &paths.state)
}

/// The address that stands in the state folder, where its broker answers.
///
/// # Errors
/// Where the file or the socket belongs to somebody else.
pub fn running(state: &Path) -> io::Result<Option<Address>> {
    let Some(address) = written(&state.join(ADDRESS_FILE))? else { return Ok(None) };
    match address.socket() {
        Some(socket) => Ok(answers(socket)?.then_some(address)),
        None => Ok(Some(address)),
    }
}

/// Where the local broker's socket lies in a folder.
///
/// # Errors
/// Where the system takes no socket under so long a path.
pub fn socket_in(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("broker.sock");
    let bytes = path.as_os_str().len();
    if bytes > SOCKET_PATH {
        let message = format!(
            "{}: the path of a socket holds {SOCKET_PATH} bytes, this one has {bytes}: choose a shorter state folder \
             with JIT_TUI_STATE_DIR or --state",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(path)
}

fn written(path: &Path) -> io::Result<Option<Address>> {
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    check_ours(path, &meta)?;
    Ok(std::fs::read_to_string(path)?.trim().parse().ok())
}

/// Whether a process of ours (or root) listens; one of somebody else's is an error, not an absence.
fn answers(socket: &Path) -> io::Result<bool> {
    let Ok(stream) = UnixStream::connect(socket) else { return Ok(false) };
    let peer = rustix::net::sockopt::socket_peercred(&stream)?.uid;
    let me = rustix::process::geteuid();
    if peer != me && !peer.is_root() {
        let message = format!("{}: uid {} listens there, not you: remove the socket", socket.display(), peer.as_raw());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(true)
}

fn start(paths: &Paths) -> io::Result<Child> {
    let log = private_append(&paths.state.join(LOG_FILE))?;
    let mut command = Command::new(OURSELVES);
    command.arg0("jit-tui").args(["broker", "--local"]).process_group(0);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // It outlives this call, so it must not keep the working folder busy.
    command.current_dir("/");
    command.env("JIT_TUI_CONFIG_DIR", std::path::absolute(&paths.config)?);
    if paths.runtime.is_none() {
        // A state folder that was chosen, by argument or environment, is the broker's as well.
        command.env("JIT_TUI_STATE_DIR", std::path::absolute(&paths.state)?);
    }
    without_secrets(&mut command).spawn()
}

fn wait_for(mut broker: Child, state: &Path) -> io::Result<Address> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(address) = running(state)? {
            return Ok(address);
        }
        if let Some(status) = broker.try_wait()? {
            // Another one may have been quicker.
            return running(state)?.ok_or_else(|| not_up(state, &format!("ended with {status}")));
        }
        if Instant::now() >= until {
            return Err(not_up(state, &format!("does not answer after {} s", PATIENCE.as_secs())));
        }
        pause(&broker)?;
    }
}

/// A short wait that ends early with the broker.
fn pause(broker: &Child) -> io::Result<()> {
    let Some(pid) = i32::try_from(broker.id()).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let fd = pidfd_open(pid, PidfdFlags::empty())?;
    poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&Timespec { tv_sec: 0, tv_nsec: 5_000_000 }))?;
    Ok(())
}

/// Raw words: whoever shows them escapes them, once.
fn not_up(state: &Path, how: &str) -> io::Error {
    let log = state.join(LOG_FILE);
    let text = std::fs::read(&log).unwrap_or_default();
    let last = text.rsplit(|b| *b == b'\n').find(|line| !line.is_empty()).unwrap_or_default();
    let last: String = String::from_utf8_lossy(last).chars().take(400).collect();
    io::Error::other(format!("the local broker {how}: {last} (its log: {})", log.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn state() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    #[test]
    fn an_address_counts_only_while_somebody_answers() {
        let state = state();
        assert_eq!(running(state.path()).unwrap(), None);
        let socket = state.path().join("s");
        let address = Address::unix(&socket);
        std::fs::write(state.path().join(ADDRESS_FILE), format!("{address}\n")).unwrap();
        assert_eq!(running(state.path()).unwrap(), None);
        let listener = UnixListener::bind(&socket).unwrap();
        assert_eq!(running(state.path()).unwrap(), Some(address));
        drop(listener);
        assert_eq!(running(state.path()).unwrap(), None);
    }

    #[test]
    fn a_socket_that_the_system_would_not_take_is_refused_with_its_length() {
        let long = Path::new("/").join("x".repeat(120));
        let message = socket_in(&long).unwrap_err().to_string();
        assert!(message.contains("this one has 133") && message.contains("--state"), "{message}");
        assert_eq!(socket_in(Path::new("/run")).unwrap(), Path::new("/run/broker.sock"));
    }

    #[test]
    fn an_address_that_others_may_write_is_not_trusted() {
        let state = state();
        let path = state.path().join(ADDRESS_FILE);
        std::fs::write(&path, "unix:/tmp/evil").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(running(state.path()).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_broker_that_does_not_come_up_is_named_with_its_last_word() {
        let state = state();
        std::fs::write(state.path().join(LOG_FILE), "first\nport \u{1b}[2J taken\n").unwrap();
        let child = Command::new("false").spawn().unwrap();
        let message = wait_for(child, state.path()).unwrap_err().to_string();
        assert!(message.contains("port \u{1b}[2J taken"), "{message}");
    }
}
