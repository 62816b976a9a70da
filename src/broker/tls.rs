//! TLS for addresses beyond this machine. Handshakes run beside each other, so that a slow one stops nobody.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::serve::StartError;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Handshakes that are done and not yet served.
const READY: usize = 64;

/// Certificate chain and key, as PEM files.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Reads both.
    ///
    /// # Errors
    /// Where one cannot be read, or they do not belong together.
    pub fn load(&self) -> Result<ServerConfig, StartError> {
        let bad = |file: &PathBuf, why: String| StartError::Tls { file: file.clone(), why };
        let chain = CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| bad(&self.cert, e.to_string()))?;
        if chain.is_empty() {
            return Err(bad(&self.cert, "it holds no certificate".into()));
        }
        let mode = std::fs::metadata(&self.key).map_err(|e| bad(&self.key, e.to_string()))?.mode();
        if mode & 0o077 != 0 {
            return Err(bad(&self.key, "others may read it: chmod 600 it".into()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| bad(&self.key, e.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| bad(&self.cert, e.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| bad(&self.key, e.to_string()))
    }
}

/// Hands out connections whose handshake is done.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: io::Result<SocketAddr>,
    accepting: JoinHandle<()>,
}

impl TlsListener {
    /// Over an open socket.
    pub fn new(socket: TcpListener, config: Arc<ServerConfig>) -> Self {
        let address = socket.local_addr();
        let (done, ready) = mpsc::channel(READY);
        let accepting = tokio::spawn(accept(socket, TlsAcceptor::from(config), done));
        Self { ready, address, accepting }
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(mut socket: TcpListener, tls: TlsAcceptor, done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    loop {
        let (stream, from) = axum::serve::Listener::accept(&mut socket).await;
        let (tls, done) = (tls.clone(), done.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                // Nobody takes it any more once the broker is closing.
                let _ = done.send((stream, from)).await;
            }
        });
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.address {
            Ok(at) => Ok(*at),
            Err(e) => Err(e.kind().into()),
        }
    }
}
