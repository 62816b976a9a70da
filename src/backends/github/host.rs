//! Which GitHub it is: github.com, a GHE.com tenant or an Enterprise Server, and where each keeps its two APIs. Pure.

use std::str::FromStr;

use crate::sys::http::Address;

/// A GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// As `gh` names it: `github.com`, `acme.ghe.com`, `github.acme.example`.
    pub(super) name: String,
    /// Where the API listens.
    pub(super) api: Address,
    /// Before every path of the REST API.
    pub(super) prefix: &'static str,
    /// The path of GraphQL.
    pub(super) graphql: &'static str,
    /// Enterprise Server: other variables for the token, and calls that it may be too old for.
    pub(super) is_server: bool,
}

/// A text that names no GitHub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a GitHub: write https://github.com, https://SUB.ghe.com or https://HOST of your own server")]
pub(super) struct NotAHost;

impl FromStr for Host {
    type Err = NotAHost;
    fn from_str(text: &str) -> Result<Self, NotAHost> {
        let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let address: Address = text.parse().map_err(|_| NotAHost)?;
        let (_, name) = text.split_once("://").ok_or(NotAHost)?;
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        if address.socket().is_some() {
            return Err(NotAHost);
        }
        let cloud = match name.as_str() {
            "github.com" | "www.github.com" | "api.github.com" => Some("github.com".to_owned()),
            sub if sub.ends_with(".ghe.com") => Some(sub.strip_prefix("api.").unwrap_or(sub).to_owned()),
            _ => None,
        };
        match cloud {
            Some(name) => {
                let api = format!("https://api.{name}").parse().map_err(|_| NotAHost)?;
                Ok(Self { name, api, prefix: "", graphql: "/graphql", is_server: false })
            }
            None => Ok(Self { name, api: address, prefix: "/api/v3", graphql: "/api/graphql", is_server: true }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_github_has_its_own_place_for_the_api() {
        for (text, name, api, prefix, graphql, server) in [
            ("https://github.com", "github.com", "https://api.github.com", "", "/graphql", false),
            ("github.com", "github.com", "https://api.github.com", "", "/graphql", false),
            ("https://acme.ghe.com", "acme.ghe.com", "https://api.acme.ghe.com", "", "/graphql", false),
            (
                "https://git.acme.example/",
                "git.acme.example",
                "https://git.acme.example",
                "/api/v3",
                "/api/graphql",
                true,
            ),
            ("http://127.0.0.1:4020", "127.0.0.1:4020", "http://127.0.0.1:4020", "/api/v3", "/api/graphql", true),
        ] {
            let host: Host = text.parse().unwrap();
            assert_eq!((host.name.as_str(), host.api.to_string().as_str()), (name, api), "{text}");
            assert_eq!((host.prefix, host.graphql, host.is_server), (prefix, graphql, server), "{text}");
        }
    }

    #[test]
    fn what_is_no_github_is_refused() {
        for bad in ["", "https://", "unix:/run/x", "http://git.acme.example", "https://h/path", "https://u:p@h"] {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
    }
}
