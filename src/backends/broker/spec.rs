//! The `[[backend]]` table of a broker: where it is, and where its token comes from.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::Broker;
use crate::backends::Spec;
use crate::backends::port::Backend;
use crate::config::{BackendTable, Faults, Kind};
use crate::domain::text::Text;
use crate::safe;
use crate::section;
use crate::sys::http::Address;
use crate::sys::secrets;

section! {
    /// A broker of ours.
    Keys {
        /// Where it is: https://host:port, http://127.0.0.1:port or unix:/path.
        address: String = String::new() => "\"https://broker.acme.example:7717\"";
        /// Your token: in a file that only you may read (jit-tui broker token add prints one).
        token_file: Option<PathBuf> = None => "\"broker.token\"";
        /// Or printed by a command of yours.
        token_command: Vec<String> = vec![];
        /// Or in a variable of the environment.
        token_env: Option<String> = None => "\"JIT_TUI_APPROVER_TOKEN\"";
    }
}

/// This adapter.
pub const SPEC: Spec = Spec { kind: Kind { name: "broker", doc: "A jit-tui broker.", rows: Keys::ROWS }, open };

fn open(table: &BackendTable, resolve: &dyn Fn(&std::path::Path) -> PathBuf) -> Result<Arc<dyn Backend>, Faults> {
    let keys: Keys = table.read()?;
    let wrong = |what, mend| Faults(vec![table.wrong(what, mend)]);
    let address: Address = keys.address.parse().map_err(|e: crate::sys::http::BadAddress| {
        wrong(safe!("address: {}", Text::from(e.to_string()).prose()), "write address = \"https://host:port\"")
    })?;
    let token = token(&keys, resolve).map_err(|e| {
        wrong(
            safe!("no token: {}", Text::from(e.to_string()).prose()),
            "name one of token_file, token_command, token_env",
        )
    })?;
    let broker =
        Broker::new(table.name.clone(), address, token).map_err(|f| wrong(f.message, "check address and token"))?;
    Ok(Arc::new(broker))
}

fn token(keys: &Keys, resolve: &dyn Fn(&std::path::Path) -> PathBuf) -> std::io::Result<Option<SecretString>> {
    if let Some(path) = &keys.token_file {
        let path = resolve(path);
        let named = |e| std::io::Error::other(format!("{}: {e}", path.display()));
        return secrets::from_file(&path).map(Some).map_err(named);
    }
    if !keys.token_command.is_empty() {
        return secrets::from_command(&keys.token_command).map(Some);
    }
    keys.token_env.as_deref().map(secrets::from_env).transpose()
}
