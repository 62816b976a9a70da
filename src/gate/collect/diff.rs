//! The diff base..head as a compressed blob within its caps. What does not fit is cut at a hunk and said.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::domain::digest::Digest;
use crate::domain::evidence::{Blob, Cut};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::sys::git::{Fault, Git};
use crate::sys::process::bounded::Flow;

/// Caps of what is sent: before and after compression.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Bytes of diff.
    pub raw: usize,
    /// Bytes of gzip.
    pub packed: usize,
}

/// The caps of a gate: a body must fit through the broker.
pub const CAPS: Caps = Caps { raw: 64 << 20, packed: 8 << 20 };

/// A diff ready to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// What the evidence says of it.
    pub blob: Blob,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What was left out.
    pub cut: Option<Cut>,
}

/// Collects the diff.
///
/// # Errors
/// Where git gives no answer.
pub fn collect(git: &Git, base: &CommitSha, head: &CommitSha, caps: Caps) -> Result<Packed, Fault> {
    let (mut raw, mut whole) = (Vec::new(), 0u64);
    git.diff(base, head, &mut |piece| {
        whole += piece.len() as u64;
        let room = caps.raw.saturating_sub(raw.len()).min(piece.len());
        raw.extend_from_slice(piece.get(..room).unwrap_or_default());
        Flow::More
    })?;
    Ok(pack(&raw, whole, caps))
}

/// Packs as much of `raw` as fits; `whole` is how long the diff is in truth.
fn pack(raw: &[u8], whole: u64, caps: Caps) -> Packed {
    let mut kept = if raw.len() as u64 == whole { raw.len() } else { hunk_before(raw, raw.len()) };
    let mut bytes = gzip(raw.get(..kept).unwrap_or_default());
    while bytes.len() > caps.packed {
        // The same ratio again would just fit; a tenth less makes up for what compresses worse.
        let scaled = (kept as u128 * caps.packed as u128 / bytes.len() as u128 * 9 / 10) as usize;
        kept = hunk_before(raw, scaled.min(kept.saturating_sub(1)));
        bytes = gzip(raw.get(..kept).unwrap_or_default());
        if kept == 0 {
            break;
        }
    }
    let cut = ((kept as u64) < whole).then(|| Cut { what: Text::from("diff"), kept: kept as u64, of: whole });
    Packed { blob: Blob { digest: Digest::of(&bytes), size: bytes.len() as u64, gzip: true }, bytes, cut }
}

/// Where the last file or hunk begins that starts at or before `most`. A line of content starts with one of
/// ` +-\`, so nothing inside a file can pass for a beginning.
fn hunk_before(raw: &[u8], most: usize) -> usize {
    let mut end = most.min(raw.len());
    loop {
        let start = raw.get(..end).unwrap_or_default().iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = raw.get(start..).unwrap_or_default();
        if start == 0 || line.starts_with(b"diff --git ") || line.starts_with(b"@@ ") {
            return start;
        }
        end = start - 1;
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(4));
    // Writing to memory does not fail.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    const DIFF: &[u8] = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-diff --git a/\n+@@ fake\n@@ -9 +9 @@\n-1\n+2\ndiff --git a/y b/y\n";

    fn unpacked(packed: &Packed) -> Vec<u8> {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(packed.bytes.as_slice()).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn what_fits_is_whole() {
        let packed = pack(DIFF, DIFF.len() as u64, CAPS);
        assert_eq!((unpacked(&packed).as_slice(), &packed.cut), (DIFF, &None));
        assert_eq!(packed.blob.digest, Digest::of(&packed.bytes));
    }

    #[test]
    fn cuts_fall_on_real_beginnings_only() {
        let begins = |most: usize| hunk_before(DIFF, most);
        let second = DIFF.windows(5).position(|w| w == b"@@ -9").unwrap();
        let first = DIFF.windows(5).position(|w| w == b"@@ -1").unwrap();
        assert_eq!(begins(second + 3), second);
        assert_eq!(begins(second - 1), first);
        assert_eq!(begins(first - 1), 0);
        let packed = pack(&DIFF[..second + 4], DIFF.len() as u64, CAPS);
        assert_eq!(unpacked(&packed), &DIFF[..second]);
        assert_eq!(packed.cut.unwrap(), Cut { what: Text::from("diff"), kept: second as u64, of: DIFF.len() as u64 });
    }

    #[test]
    fn what_compresses_badly_is_cut_until_it_fits() {
        let mut raw = Vec::new();
        for n in 0u32..400 {
            raw.extend_from_slice(format!("@@ -{n} +{n} @@\n+{}\n", Digest::of(&n.to_be_bytes())).as_bytes());
        }
        let caps = Caps { raw: 1 << 20, packed: 4 << 10 };
        let packed = pack(&raw, raw.len() as u64, caps);
        let text = unpacked(&packed);
        assert!(packed.bytes.len() <= caps.packed && text.len() > 4 << 10);
        assert!(raw.starts_with(&text) && raw[text.len()..].starts_with(b"@@ "));
        assert_eq!(packed.cut.unwrap().kept, text.len() as u64);
    }

    proptest! {
        #[test]
        fn a_cut_is_never_past_its_limit(raw in "(@@ x\n|[ +-][a@]{0,9}\n|diff --git \n){0,40}", most in 0usize..400) {
            let at = hunk_before(raw.as_bytes(), most);
            prop_assert!(at <= most.min(raw.len()));
            let rest = &raw.as_bytes()[at..];
            prop_assert!(at == 0 || rest.starts_with(b"@@ ") || rest.starts_with(b"diff --git "));
        }
    }
}
