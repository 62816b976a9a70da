//! Where the broker listens: loopback or a unix socket; anything else needs TLS.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, UnixListener};

use super::keys::Peer;
use super::serve::StartError;
use super::tls::{TlsFiles, TlsListener};

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

/// A text that is no place to listen.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is no place to listen: write 127.0.0.1:PORT, [::1]:PORT or unix:PATH")]
pub struct NoPlace(String);

impl FromStr for Listen {
    type Err = NoPlace;
    fn from_str(s: &str) -> Result<Self, NoPlace> {
        match s.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(_) => Err(NoPlace(s.to_owned())),
            None => s.parse().map(Self::Tcp).map_err(|_| NoPlace(s.to_owned())),
        }
    }
}

/// Where it listens, as clients write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `http://127.0.0.1:7424`.
    Http(SocketAddr),
    /// `https://192.0.2.1:7424`.
    Https(SocketAddr),
    /// `unix:/run/user/1000/jit-tui/broker.sock`.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Http(at) => write!(f, "http://{at}"),
            Address::Https(at) => write!(f, "https://{at}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A door that is open.
pub enum Door {
    /// Loopback in the clear.
    Tcp(TcpListener),
    /// Over TLS.
    Tls(TlsListener),
    /// A unix socket.
    Unix(UnixListener),
}

impl Door {
    /// Opens it. `owner_only`: a socket that nobody else may reach.
    ///
    /// # Errors
    /// Where it is taken, not ours, or would be open to the network without TLS.
    pub async fn open(
        listen: &Listen,
        tls: Option<&TlsFiles>,
        owner_only: bool,
    ) -> Result<(Self, Address), StartError> {
        match listen {
            Listen::Unix(path) => {
                let socket =
                    unix(path, owner_only).await.map_err(|cause| StartError::Listen { at: listen.clone(), cause })?;
                Ok((Self::Unix(socket), Address::Unix(path.clone())))
            }
            Listen::Tcp(at) => tcp(listen, *at, tls).await,
        }
    }
}

async fn tcp(listen: &Listen, at: SocketAddr, tls: Option<&TlsFiles>) -> Result<(Door, Address), StartError> {
    if tls.is_none() && !at.ip().is_loopback() {
        return Err(StartError::NeedsTls(at));
    }
    let config = tls.map(TlsFiles::load).transpose()?;
    let no = |cause| StartError::Listen { at: listen.clone(), cause };
    let socket = TcpListener::bind(at).await.map_err(no)?;
    let at = socket.local_addr().map_err(no)?;
    match config {
        Some(config) => Ok((Door::Tls(TlsListener::new(socket, Arc::new(config))), Address::Https(at))),
        None => Ok((Door::Tcp(socket), Address::Http(at))),
    }
}

async fn unix(path: &Path, owner_only: bool) -> io::Result<UnixListener> {
    if let Ok(meta) = std::fs::symlink_metadata(path) {
        if !meta.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of this name that is no socket"));
        }
        if tokio::net::UnixStream::connect(path).await.is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        // Nobody answers: it was left behind by a broker that was killed.
        std::fs::remove_file(path)?;
    }
    let socket = UnixListener::bind(path)?;
    // Who else may reach it is a matter of the folder; who they are, the kernel says.
    let mode = if owner_only { 0o600 } else { 0o666 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(socket)
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // Answers are small and waited for.
        let _ = stream.io().set_nodelay(true);
        Peer::Loopback
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(_: IncomingStream<'_, TlsListener>) -> Self {
        Peer::Tls
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Peer::Unix(stream.io().peer_cred().ok().map(|cred| cred.uid()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        assert!(matches!("127.0.0.1:0".parse(), Ok(Listen::Tcp(_))));
        assert!(matches!("[::1]:7424".parse(), Ok(Listen::Tcp(_))));
        assert_eq!("unix:/run/x.sock".parse::<Listen>().unwrap(), Listen::Unix("/run/x.sock".into()));
        for bad in ["", "7424", "localhost:1", "unix:", "127.0.0.1"] {
            assert!(bad.parse::<Listen>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn an_open_address_without_tls_is_refused() {
        let opened = Door::open(&"0.0.0.0:0".parse().unwrap(), None, false).await;
        let said = opened.err().unwrap().to_string();
        assert!(said.contains("--tls-cert"), "{said}");
    }

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let listen = Listen::Unix(folder.path().join("s"));
        let (door, _) = Door::open(&listen, None, true).await.unwrap();
        let said = Door::open(&listen, None, true).await.err().unwrap().to_string();
        assert!(said.contains("another one"), "{said}");
        drop(door);
        Door::open(&listen, None, true).await.unwrap();
    }
}
