//! The environment, read once, and the digest of the variables that change what a program does.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::domain::digest::{Digest, Hasher};
use crate::domain::text::Text;

/// Variables that are bound by name or, with `*`, by how their name begins.
const BOUND: &[&str] = &["PATH", "LD_*", "BASH_ENV", "ENV", "NODE_OPTIONS", "PYTHON*", "GIT_*"];

/// All variables, in order.
#[derive(Clone, Debug, Default)]
pub struct Env(BTreeMap<OsString, OsString>);

impl Env {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// Given ones.
    pub fn of<'a>(vars: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of one, where it is set and not empty.
    pub fn get(&self, name: &str) -> Option<Text> {
        self.os(name).map(Text::from)
    }

    /// The same for the system's own calls.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The digest of the bound variables: names and values.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::tagged("jit-tui/env/v1");
        for (name, value) in self.0.iter().filter(|(name, _)| is_bound(name)) {
            hasher.field(name.as_bytes());
            hasher.field(value.as_bytes());
        }
        hasher.finish()
    }
}

fn is_bound(name: &OsStr) -> bool {
    BOUND.iter().any(|bound| match bound.strip_suffix('*') {
        Some(start) => name.as_bytes().starts_with(start.as_bytes()),
        None => name == *bound,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_a_program_is_bound() {
        let digest = |vars: &[(&str, &str)]| Env::of(vars.iter().copied()).digest();
        let plain = digest(&[("PATH", "/bin")]);
        assert_eq!(plain, digest(&[("PATH", "/bin"), ("HOME", "/x"), ("ENVIRONMENT", "y"), ("MY_LD_X", "z")]));
        for (name, value) in [
            ("PATH", "/evil:/bin"),
            ("LD_PRELOAD", "x.so"),
            ("BASH_ENV", "x"),
            ("ENV", "x"),
            ("PYTHONPATH", "x"),
            ("GIT_DIR", "x"),
        ] {
            assert_ne!(plain, digest(&[("PATH", "/bin"), (name, value)]), "{name}");
        }
        assert_ne!(digest(&[("GIT_A", "BC")]), digest(&[("GIT_AB", "C")]));
    }
}
