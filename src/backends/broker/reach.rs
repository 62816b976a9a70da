//! How the broker is reached: at a fixed address, or as this user's own, started when it is first called.

use std::sync::Mutex;

use secrecy::SecretString;

use crate::backends::port::{Fault, Trouble};
use crate::domain::text::Text;
use crate::safe;
use crate::sys::http::{Address, Client};
use crate::sys::local;
use crate::sys::paths::Paths;

/// Where calls go.
pub(super) enum Reach {
    /// As configured.
    Fixed(Client),
    /// The broker of a state folder; forgotten when it does not answer, found or started again at the next call.
    Local { paths: Paths, found: Mutex<Option<Client>> },
}

impl Reach {
    pub(super) fn fixed(address: Address, token: Option<SecretString>) -> Result<Self, Fault> {
        client(address, token).map(Self::Fixed)
    }

    pub(super) fn local(paths: Paths) -> Self {
        Self::Local { paths, found: Mutex::default() }
    }

    /// The client to call with.
    pub(super) async fn client(&self) -> Result<Client, Fault> {
        let (paths, found) = match self {
            Reach::Fixed(client) => return Ok(client.clone()),
            Reach::Local { paths, found } => (paths.clone(), found),
        };
        if let Some(client) = found.lock().ok().and_then(|found| found.clone()) {
            return Ok(client);
        }
        let address = tokio::task::spawn_blocking(move || local::ensure(&paths)).await;
        let address = match address {
            Ok(Ok(address)) => address,
            Ok(Err(e)) => return Err(not_up(&e.to_string())),
            Err(_) => return Err(not_up("starting it was interrupted")),
        };
        let client = client(address, None)?;
        if let Ok(mut found) = found.lock() {
            *found = Some(client.clone());
        }
        Ok(client)
    }

    /// After a fault: a local broker may have left, the next call looks for it anew.
    pub(super) fn failed(&self, fault: &Fault) {
        if let Reach::Local { found, .. } = self
            && fault.trouble == Trouble::Unreachable
            && let Ok(mut found) = found.lock()
        {
            *found = None;
        }
    }
}

fn client(address: Address, token: Option<SecretString>) -> Result<Client, Fault> {
    Client::new(address, token).map_err(|e| {
        Fault::new(Trouble::Unreachable, Text::from(e.to_string()).prose(), "check the address of this backend")
    })
}

fn not_up(why: &str) -> Fault {
    Fault::new(
        Trouble::Unreachable,
        safe!("no local broker: {}", Text::from(why).prose()),
        "`jit-tui broker --local` in a terminal says what is wrong",
    )
}
