//! Names of things: backends, requests, decisions, grants, commits. Parsed at the border, once.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{SafeText, Shown, Text};
use crate::safe;

/// A text that does not have the form of the id that was asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not a {what}: {expected}")]
pub struct BadId {
    /// Which kind of id.
    pub what: &'static str,
    /// The form it has.
    pub expected: &'static str,
}

/// Declares an id kept as text of a checked form; its `Display` is safe by that form.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(s: &str) -> Result<Self, BadId> {
                let check: fn(&str) -> bool = $check;
                if check(s) { Ok(Self(s.to_owned())) } else { Err(BadId { what: $what, expected: $expected }) }
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(s: String) -> Result<Self, BadId> {
                s.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Shown for $name {}
    };
}

fn is_word(s: &str) -> bool {
    (1..=64).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_hex(s: &str, len: usize) -> bool {
    s.len() == len && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

text_id!(
    /// A backend instance, as the user named it in the config: `local`, `github`, `gl-prod`.
    BackendName, "backend name", "1 to 64 of a-z A-Z 0-9 - _ .", is_word
);
text_id!(
    /// The backend's own id of a request; on our broker 32 hex digits (128 random bits).
    NativeId, "request id", "1 to 256 visible ASCII characters without space, / or #",
    |s| (1..=256).contains(&s.len()) && s.bytes().all(|b| matches!(b, b'!'..=b'~') && b != b'/' && b != b'#')
);
text_id!(
    /// A person as policy knows them.
    Person, "person", "1 to 64 of a-z A-Z 0-9 - _ .", is_word
);
text_id!(
    /// A group of people.
    Group, "group", "1 to 64 of a-z A-Z 0-9 - _ .", is_word
);
text_id!(
    /// A whole commit id: 40 (SHA-1) or 64 (SHA-256) hex digits.
    CommitSha, "commit SHA", "40 or 64 lower-case hex digits", |s| is_hex(s, 40) || is_hex(s, 64)
);
text_id!(
    /// Made once by whoever decides; the idempotency key of the decision. 32 hex digits, rising with time.
    DecisionId, "decision id", "32 lower-case hex digits", |s| is_hex(s, 32)
);
text_id!(
    /// A grant of our broker or of the guard: 32 hex digits.
    GrantId, "grant id", "32 lower-case hex digits", |s| is_hex(s, 32)
);

impl BackendName {
    /// The broker of one's own machine.
    pub fn local() -> Self {
        Self("local".to_owned())
    }
}

impl CommitSha {
    /// The first seven digits.
    pub fn short(&self) -> SafeText {
        safe!("{:.7}", self)
    }
}

impl NativeId {
    /// From 128 bits.
    pub fn from_bits(bits: [u8; 16]) -> Self {
        Self(HEXLOWER.encode(&bits))
    }
}

impl GrantId {
    /// From 128 bits.
    pub fn from_bits(bits: [u8; 16]) -> Self {
        Self(HEXLOWER.encode(&bits))
    }
}

impl DecisionId {
    /// From the time and random bits, so that ids sort by when they were made.
    pub fn new(now: super::time::Ms, random: [u8; 10]) -> Self {
        let mut bits = [0u8; 16];
        let time = now.0.to_be_bytes();
        let parts = time.iter().skip(2).chain(random.iter());
        for (slot, byte) in bits.iter_mut().zip(parts) {
            *slot = *byte;
        }
        Self(HEXLOWER.encode(&bits))
    }
}

/// What a request is: (backend instance, the backend's own id, attempt). Written `local/4f1c…#1`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct RequestKey {
    /// The backend instance.
    pub backend: BackendName,
    /// The backend's own id.
    pub id: NativeId,
    /// Counts re-runs; an approval never carries over from one to the next.
    pub attempt: u32,
}

const KEY: BadId = BadId { what: "request key", expected: "BACKEND/ID#ATTEMPT as `list` prints it" };

impl FromStr for RequestKey {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        let (backend, rest) = s.split_once('/').ok_or(KEY)?;
        let (id, attempt) = rest.rsplit_once('#').ok_or(KEY)?;
        if attempt.is_empty() || !attempt.bytes().all(|b| b.is_ascii_digit()) {
            return Err(KEY);
        }
        Ok(Self { backend: backend.parse()?, id: id.parse()?, attempt: attempt.parse().map_err(|_| KEY)? })
    }
}

impl TryFrom<String> for RequestKey {
    type Error = BadId;
    fn try_from(s: String) -> Result<Self, BadId> {
        s.parse()
    }
}

impl From<RequestKey> for String {
    fn from(k: RequestKey) -> String {
        k.to_string()
    }
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}#{}", self.backend, self.id, self.attempt)
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Shown for RequestKey {}

/// A name with what it stands for: a path of a repository, a login.
pub type Name = Text;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Ms;

    #[test]
    fn keys_come_back_from_text_and_bad_ones_do_not() {
        let key: RequestKey = "local/4f1c9ab0#2".parse().unwrap();
        assert_eq!(key.to_string(), "local/4f1c9ab0#2");
        for bad in ["", "local", "local/x", "local/x#", "local/x#+1", "lo cal/x#1", "local/a/b#1", "local/\u{202e}#1"] {
            assert!(bad.parse::<RequestKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn decision_ids_rise_with_time() {
        assert!(DecisionId::new(Ms(2), [0; 10]) > DecisionId::new(Ms(1), [255; 10]));
    }

    #[test]
    fn commits_are_whole_or_refused() {
        assert!("4f1c9ab".parse::<CommitSha>().is_err());
        assert_eq!("a".repeat(40).parse::<CommitSha>().unwrap().short().as_str(), "aaaaaaa");
    }
}
