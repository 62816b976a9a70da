//! An HTTP client with limits: no redirects, no proxy on this machine, bounded waits and bodies, and faults that
//! tell "never sent" from "sent, and nobody knows".

mod address;
#[cfg(test)]
mod tests;

use std::sync::Once;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

pub use address::{Address, BadAddress};
pub use reqwest::Method;

use crate::api;
use crate::domain::text::{Shown, Text};

/// How long until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// How long until the first line of the answer, on top of what a long poll asks for.
const HEADERS: Duration = Duration::from_secs(10);
/// How long a body may give no byte.
const IDLE: Duration = Duration::from_secs(20);
/// The largest body that is read.
const BODY: usize = 8 << 20;

/// A server with the one credential that belongs to it.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: Address,
    bearer: Option<HeaderValue>,
    limit: usize,
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// The token holds what no header can.
    #[error("the token holds characters that no HTTP header can carry: copy it again, without line ends")]
    Token,
    /// TLS cannot be set up.
    #[error("cannot set up HTTPS: {}: check the system's CA certificates (SSL_CERT_FILE names other ones)", .0.prose())]
    Tls(Text),
}

impl Shown for NoClient {}

/// What a server answered, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was sent: no connection came about.
    #[error("cannot reach {}: {}", address.shown(), why.prose())]
    NotSent {
        /// Where to.
        address: Address,
        /// What the system says.
        why: Text,
    },
    /// It was sent, or may have been; whether it took effect is unknown.
    #[error("no answer from {}: {}", address.shown(), why.prose())]
    NoAnswer {
        /// Where to.
        address: Address,
        /// What went wrong.
        why: Text,
    },
    /// The answer is larger than what is read.
    #[error("{} answered more than {limit} bytes", address.shown())]
    TooLarge {
        /// Where to.
        address: Address,
        /// The limit.
        limit: usize,
    },
}

impl Shown for Fault {}

impl Fault {
    /// Whether the call can be repeated without a second effect.
    pub fn never_sent(&self) -> bool {
        matches!(self, Fault::NotSent { .. })
    }
}

impl Answer {
    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header, where it is plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The body as JSON; its depth is bounded by the parser.
    ///
    /// # Errors
    /// Where it is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.body)
    }
}

impl Client {
    /// A client of one server. The token goes to it and nowhere else.
    ///
    /// # Errors
    /// Where the token fits no header or TLS cannot be set up.
    pub fn new(address: Address, token: Option<SecretString>) -> Result<Self, NoClient> {
        install_provider();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(55))
            .user_agent(concat!("jit-tui/", env!("CARGO_PKG_VERSION")));
        if address.is_local() {
            // No certificates are needed here, and reading the system's would cost the first frame its time.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        if let Some(path) = address.socket() {
            builder = builder.unix_socket(path);
        }
        let http = builder.build().map_err(|e| NoClient::Tls(chain(&e)))?;
        Ok(Self { http, address, bearer: token.map(bearer).transpose()?, limit: BODY })
    }

    /// The same client with another limit for bodies.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Where it goes.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Sends one call and reads the whole answer. `path` starts with `/`; a body that is not empty goes as JSON
    /// unless `headers` says otherwise.
    ///
    /// # Errors
    /// Any status is an answer; a fault is the lack of one.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, Fault> {
        self.call_waiting(method, path, headers, body, Duration::ZERO).await
    }

    /// The same for a long poll: the server may take `wait` longer to answer.
    ///
    /// # Errors
    /// As `call`.
    pub async fn call_waiting(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        wait: Duration,
    ) -> Result<Answer, Fault> {
        self.send(method, path, headers, body, wait).await?.whole(self.limit).await
    }

    /// Opens a GET whose body comes piece by piece: server-sent events, large evidence.
    ///
    /// # Errors
    /// As `call`; look at `Stream::status` before reading.
    pub async fn stream(&self, path: &str, headers: &[(&str, &str)]) -> Result<Stream, Fault> {
        self.send(Method::GET, path, headers, Vec::new(), Duration::ZERO).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        wait: Duration,
    ) -> Result<Stream, Fault> {
        let mut call = self.http.request(method, format!("{}{path}", self.address.base()));
        if let Some(bearer) = &self.bearer {
            call = call.header(AUTHORIZATION, bearer);
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            call = call.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        match tokio::time::timeout(HEADERS + wait, call.body(body).send()).await {
            Ok(Ok(response)) => Ok(Stream { response, address: self.address.clone(), idle: IDLE }),
            Ok(Err(e)) if e.is_connect() || e.is_builder() => {
                Err(Fault::NotSent { address: self.address.clone(), why: chain(&e) })
            }
            Ok(Err(e)) => Err(Fault::NoAnswer { address: self.address.clone(), why: chain(&e) }),
            Err(_) => Err(Fault::NoAnswer { address: self.address.clone(), why: Text::from("it took too long") }),
        }
    }
}

/// An answer whose body is still to come.
pub struct Stream {
    response: reqwest::Response,
    address: Address,
    idle: Duration,
}

impl Stream {
    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The same stream with another limit for silence.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// The next bytes; `None` at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Where the connection breaks or stays silent for too long.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let why = match tokio::time::timeout(self.idle, self.response.chunk()).await {
            Ok(Ok(piece)) => return Ok(piece.map(|bytes| bytes.to_vec())),
            Ok(Err(e)) => chain(&e),
            Err(_) => Text::from("it went silent"),
        };
        Err(Fault::NoAnswer { address: self.address.clone(), why })
    }

    /// Reads the rest.
    ///
    /// # Errors
    /// As `next`, and where it is larger than `limit`.
    pub async fn whole(mut self, limit: usize) -> Result<Answer, Fault> {
        let (status, headers) = (self.status(), self.response.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            if body.len() + piece.len() > limit {
                return Err(Fault::TooLarge { address: self.address, limit });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body })
    }
}

impl From<api::Method> for Method {
    fn from(method: api::Method) -> Method {
        match method {
            api::Method::Get => Method::GET,
            api::Method::Post => Method::POST,
            api::Method::Put => Method::PUT,
        }
    }
}

fn bearer(token: SecretString) -> Result<HeaderValue, NoClient> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| NoClient::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// TLS works with ring; once a process.
fn install_provider() {
    static ONCE: Once = Once::new();
    // An error says that somebody else installed one first, which is as good.
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// An error with its causes, without the address that the fault names already.
fn chain(error: &dyn std::error::Error) -> Text {
    let mut words = Vec::new();
    let mut next = error.source().or(Some(error));
    while let Some(cause) = next {
        words.push(cause.to_string());
        next = cause.source();
    }
    words.dedup();
    Text::from(words.join(": "))
}
