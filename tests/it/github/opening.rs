//! The adapter as the config opens it, on a GitHub at some address.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jit_tui::backends::port::Backend;
use jit_tui::backends::{self, KINDS};
use jit_tui::config::{Config, FileChoice, Sources};

/// A backend with these keys beside address and token.
pub fn open_at(address: &str, keys: &str) -> Arc<dyn Backend> {
    open("github", address, keys)
}

/// The same under another name.
pub fn open(name: &str, address: &str, keys: &str) -> Arc<dyn Backend> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, backend_table(name, address, keys)).unwrap();
    let kinds: Vec<&'static str> = KINDS.iter().map(|kind| kind.name).collect();
    let sources = Sources { file: FileChoice::Named(path), check: &|_, _| Ok(()), env: Vec::new(), kinds: &kinds };
    let config = Config::load(&sources).unwrap_or_else(|e| panic!("{e}"));
    backends::open(&config.backends[0], &|path: &Path| -> PathBuf { path.to_owned() }).unwrap_or_else(|e| panic!("{e}"))
}

/// The table of the config that says the same.
pub fn backend_table(name: &str, address: &str, keys: &str) -> String {
    let token = if keys.contains("token_") { "" } else { "token_command = [\"echo\", \"ghp_fake\"]\n" };
    format!("[[backend]]\nkind = \"github\"\nname = \"{name}\"\naddress = \"{address}\"\n{keys}\n{token}")
}
