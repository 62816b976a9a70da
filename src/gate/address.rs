//! Where the broker is, and the token for it. A token goes to a broker that was named together with it, never to the
//! local default, which knows its user by the kernel.

use std::io;
use std::path::Path;

use secrecy::SecretString;

use super::Options;
use crate::domain::text::{Shown, Text, said};
use crate::sys::http::{Address, BadAddress};
use crate::sys::paths::Paths;
use crate::sys::{local, secrets};

/// Why there is no broker to ask.
#[derive(Debug, thiserror::Error)]
pub enum NoAddress {
    /// The address is not one.
    #[error("{from}: {why}")]
    Bad {
        /// Where it stands.
        from: &'static str,
        /// What is wrong with it.
        why: BadAddress,
    },
    /// The token cannot be had.
    #[error("token file {}: {}", path.ident(), said(why))]
    Token {
        /// Which file.
        path: Text,
        /// What is wrong with it.
        why: io::Error,
    },
    /// There is no home folder for a local broker.
    #[error("no home folder: set HOME, or name a broker with --broker or JIT_TUI_BROKER")]
    Homeless,
    /// The local broker does not come up.
    #[error("no local broker: {}", said(.0))]
    Local(io::Error),
}

impl Shown for NoAddress {}

/// A broker to ask.
pub struct Found {
    /// Where it is.
    pub address: Address,
    /// The token for it.
    pub token: Option<SecretString>,
    /// The folders of the local default, where that is what was found.
    pub local: Option<Paths>,
}

/// The broker to ask, and the token for it: as stated, else from the environment, else the local default.
///
/// # Errors
/// Where none can be had; the message says how to mend it.
pub fn address(options: &Options) -> Result<Found, NoAddress> {
    let stated = options.broker.clone().map(|text| ("--broker", text));
    let from_env = || Some(("JIT_TUI_BROKER", std::env::var("JIT_TUI_BROKER").ok().filter(|v| !v.is_empty())?));
    match stated.or_else(from_env) {
        Some((from, text)) => {
            let address = text.parse().map_err(|why| NoAddress::Bad { from, why })?;
            Ok(Found { address, token: token(options.token_file.as_deref())?, local: None })
        }
        None => {
            let paths = Paths::of_user().ok_or(NoAddress::Homeless)?;
            let address = local::ensure(&paths).map_err(NoAddress::Local)?;
            Ok(Found { address, token: None, local: Some(paths) })
        }
    }
}

fn token(file: Option<&Path>) -> Result<Option<SecretString>, NoAddress> {
    match file {
        Some(path) => {
            let read = secrets::from_file(path).map_err(|why| NoAddress::Token { path: path.into(), why })?;
            Ok(Some(read))
        }
        None => Ok(std::env::var("JIT_TUI_TOKEN").ok().filter(|t| !t.is_empty()).map(SecretString::from)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_token_file_must_be_private_and_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::write(&path, "sesame\n").unwrap();
        mode(0o600);
        assert_eq!(secrets::from_file(&path).unwrap().expose_secret(), "sesame");
        mode(0o640);
        assert!(secrets::from_file(&path).unwrap_err().to_string().contains("chmod 600"));
        mode(0o600);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(secrets::from_file(&link).is_err());
        std::fs::write(&path, " \n").unwrap();
        assert!(secrets::from_file(&path).is_err());
    }
}
