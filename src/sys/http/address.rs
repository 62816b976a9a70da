//! Where a server is reached: a unix socket, plain HTTP on this machine, or HTTPS anywhere.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::domain::text::{SafeText, Text};

/// An address, written `unix:/run/user/1000/jit-tui/broker.sock`, `http://127.0.0.1:8770` or `https://jit.example.com`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(Kind);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Kind {
    Unix(PathBuf),
    Loopback(String),
    Tls(String),
}

impl Address {
    /// A unix socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Unix(path.into()))
    }

    /// The path of the socket, where it is one.
    pub fn socket(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Unix(path) => Some(path),
            _ => None,
        }
    }

    /// Whether nobody but this machine is on the way.
    pub fn is_local(&self) -> bool {
        !matches!(self.0, Kind::Tls(_))
    }

    /// For screens and messages.
    pub fn shown(&self) -> SafeText {
        Text::from(self.to_string()).ident()
    }

    /// What stands before the path of a call, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        match &self.0 {
            Kind::Unix(_) => "http://localhost",
            Kind::Loopback(base) | Kind::Tls(base) => base,
        }
    }
}

/// A text that is no address, or one that would carry a token in the clear.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadAddress {
    /// Not of the form.
    #[error("not an address: write unix:/path/to/socket, http://127.0.0.1:PORT or https://HOST[:PORT]")]
    Form,
    /// A socket path that depends on the working folder.
    #[error("the path of a unix socket must be absolute: unix:/run/…/broker.sock")]
    Relative,
    /// Plain HTTP to another machine.
    #[error(
        "plain http would send the token in the clear: use https://, or http:// with 127.0.0.1, [::1] or localhost"
    )]
    Clear,
}

impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if let Some(path) = text.strip_prefix("unix:") {
            let sound = path.starts_with('/') && !path.bytes().any(|b| b == 0);
            return if sound { Ok(Self::unix(path)) } else { Err(BadAddress::Relative) };
        }
        let url = Url::parse(text).map_err(|_| BadAddress::Form)?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|_| bare).ok_or(BadAddress::Form)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        match url.scheme() {
            "https" => Ok(Self(Kind::Tls(base))),
            "http" if is_loopback(host) => Ok(Self(Kind::Loopback(base))),
            "http" => Err(BadAddress::Clear),
            _ => Err(BadAddress::Form),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl TryFrom<String> for Address {
    type Error = BadAddress;
    fn try_from(text: String) -> Result<Self, BadAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Unix(path) => write!(f, "unix:{}", path.display()),
            Kind::Loopback(base) | Kind::Tls(base) => f.write_str(base),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_as_written() {
        for text in [
            "unix:/run/x.sock",
            "http://127.0.0.1:8770",
            "http://[::1]:1",
            "http://localhost:9",
            "https://jit.example.com",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("https://h:8443/".parse::<Address>().unwrap().to_string(), "https://h:8443");
    }

    #[test]
    fn a_token_never_travels_in_the_clear() {
        for text in
            ["http://10.0.0.1:80", "http://jit.example.com", "http://localhost.example.com", "http://127.0.0.1.nip.io"]
        {
            assert_eq!(text.parse::<Address>(), Err(BadAddress::Clear), "{text}");
        }
    }

    #[test]
    fn what_is_no_bare_address_is_refused() {
        for text in
            ["", "broker", "https://u:p@h", "https://h/path", "https://h?x", "https://h#x", "ftp://h", "https://"]
        {
            assert_eq!(text.parse::<Address>(), Err(BadAddress::Form), "{text}");
        }
        assert_eq!("unix:run/x".parse::<Address>(), Err(BadAddress::Relative));
    }
}
