//! SHA-256 digests, domain-separated, and the four-word code that people compare.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::text::{SafeText, Shown};
use crate::safe;

/// EFF short word list 1 (CC BY 3.0 US, Electronic Frontier Foundation): 1,296 words.
const WORDS: &str = include_str!("words.txt");

/// A SHA-256 value; in JSON 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Plain SHA-256: of blobs and of audit lines.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// SHA-256 over `domain` (such as `jit-tui/request/v1`), a NUL and the bytes.
    pub fn tagged(domain: &str, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::tagged(domain);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The value.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// All 64 hex digits.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// The first seven hex digits, as people read SHAs.
    pub fn short(&self) -> SafeText {
        safe!("{}", self).cut_to(7)
    }

    /// Four words out of the first bits: what gate and console both show.
    pub fn code(&self) -> Code {
        let words: Vec<&'static str> = WORDS.lines().collect();
        let bits = self.0.iter().take(16).fold(0u128, |n, b| (n << 8) | u128::from(*b));
        let base = words.len().max(1) as u128;
        let mut rest = bits;
        let mut code = [""; 4];
        for word in &mut code {
            *word = words.get((rest % base) as usize).copied().unwrap_or_default();
            rest /= base;
        }
        Code(code)
    }
}

impl SafeText {
    /// The first `n` characters without a sign that something was cut: for hex only.
    fn cut_to(&self, n: usize) -> SafeText {
        SafeText::from_safe_parts(format_args!("{:.n$}", self.as_str()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Shown for Digest {}

/// A text that is not 64 hex digits.
#[derive(Debug, thiserror::Error)]
#[error("not a SHA-256 value: 64 lower-case hex digits are expected")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;
    fn from_str(s: &str) -> Result<Self, NotADigest> {
        let bytes = HEXLOWER.decode(s.as_bytes()).map_err(|_| NotADigest)?;
        bytes.try_into().map(Self).map_err(|_| NotADigest)
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;
    fn try_from(s: String) -> Result<Self, NotADigest> {
        s.parse()
    }
}

impl From<Digest> for String {
    fn from(d: Digest) -> String {
        d.hex()
    }
}

/// Feeds a digest piece by piece.
pub struct Hasher(Sha256);

impl Hasher {
    /// Starts a plain SHA-256.
    pub fn plain() -> Self {
        Self(Sha256::new())
    }

    /// Starts one with a domain before it.
    pub fn tagged(domain: &str) -> Self {
        let mut sha = Sha256::new();
        sha.update(domain.as_bytes());
        sha.update([0]);
        Self(sha)
    }

    /// Adds bytes as they are.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds a field with its length before it, so that no two lists of fields hash alike.
    pub fn field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// The digest of all that was added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Four words of the request digest, joined by `-` when written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code([&'static str; 4]);

impl Code {
    /// Whether `typed` is this code; case and outer white space do not matter.
    pub fn matches(&self, typed: &str) -> bool {
        typed.trim().eq_ignore_ascii_case(&self.to_string())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.join("-"))
    }
}

impl Shown for Code {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_list_is_whole() {
        assert_eq!(WORDS.lines().count(), 1296);
        assert!(WORDS.lines().all(|w| w.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }

    #[test]
    fn a_code_is_four_words_and_matches_itself_only() {
        let a = Digest::of(b"a").code();
        assert_eq!(a.to_string().trim().split('-').count(), 4);
        assert!(a.matches(&format!(" {} ", a.to_string().to_uppercase())));
        assert!(!a.matches(&Digest::of(b"b").code().to_string()));
    }

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        let digest = |fields: &[&[u8]]| {
            let mut h = Hasher::tagged("t");
            fields.iter().for_each(|f| h.field(f));
            h.finish()
        };
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }

    #[test]
    fn digests_come_back_from_text() {
        let d = Digest::tagged("jit-tui/request/v1", b"x");
        assert_eq!(d.hex().parse::<Digest>().unwrap(), d);
        assert!("zz".parse::<Digest>().is_err());
    }
}
