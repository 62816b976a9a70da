//! The diff base..head as a compressed blob within its caps. What does not fit is cut at a hunk and said.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::domain::digest::Digest;
use crate::domain::evidence::{Blob, Cut};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::sys::git::{Fault, Git};
use crate::sys::process::bounded::Flow;
use crate::sys::spool::Spool;

/// Caps of what is sent: before and after compression.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Bytes of diff.
    pub raw: u64,
    /// Bytes of gzip.
    pub packed: usize,
}

/// The caps of a gate: what it sends must fit through a broker, which takes 32 MiB unless told otherwise.
pub const CAPS: Caps = Caps { raw: 256 << 20, packed: 32 << 20 };

/// Where a file or a hunk begins is looked for in steps of so many bytes.
const STEP: u64 = 1 << 20;

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

/// Why there is no diff.
#[derive(Debug, thiserror::Error)]
pub enum NoDiff {
    /// Git gives none.
    #[error(transparent)]
    Git(#[from] Fault),
    /// It could not be kept while it was packed.
    #[error("no room for the diff in the temporary folder: {0}")]
    Io(#[from] io::Error),
}

/// Collects the diff. It lies in a nameless file while it is packed.
///
/// # Errors
/// Where git gives no answer, or there is no room.
pub fn collect(git: &Git, base: &CommitSha, head: &CommitSha, caps: Caps) -> Result<Packed, NoDiff> {
    let (spool, mut kept, mut whole) = (Spool::new()?, 0u64, 0u64);
    let mut full = Ok(());
    git.diff(base, head, &mut |piece| {
        let room = usize::try_from(caps.raw.saturating_sub(kept)).unwrap_or(usize::MAX).min(piece.len());
        full = spool.put(piece.get(..room).unwrap_or_default(), kept);
        kept += room as u64;
        whole += piece.len() as u64;
        if full.is_ok() { Flow::More } else { Flow::Stop }
    })?;
    full?;
    Ok(pack(&spool, kept, whole, caps)?)
}

/// Packs as much of the first `raw` bytes as fits; `whole` is how long the diff is in truth.
fn pack(spool: &Spool, raw: u64, whole: u64, caps: Caps) -> io::Result<Packed> {
    let mut kept = if raw == whole { raw } else { hunk_before(spool, raw)? };
    let mut bytes = gzip(spool, kept)?;
    while bytes.len() > caps.packed && kept > 0 {
        // The same ratio again would just fit; a tenth less makes up for what compresses worse.
        let scaled = u128::from(kept) * caps.packed as u128 / bytes.len() as u128 * 9 / 10;
        let most = u64::try_from(scaled).unwrap_or(u64::MAX).min(kept - 1);
        kept = hunk_before(spool, most)?;
        bytes = gzip(spool, kept)?;
    }
    let cut = (kept < whole).then(|| Cut { what: Text::from("diff"), kept, of: whole });
    Ok(Packed { blob: Blob { digest: Digest::of(&bytes), size: bytes.len() as u64, gzip: true }, bytes, cut })
}

/// Where the last file or hunk begins that starts at or before `most`. A line of content starts with one of
/// ` +-\`, so nothing inside a file can pass for a beginning.
fn hunk_before(spool: &Spool, most: u64) -> io::Result<u64> {
    let mut step = STEP;
    loop {
        let from = most.saturating_sub(step);
        // A few bytes more, so that a beginning can be told where it lies just there.
        let window = spool.window(from, most + BEGINS.len() as u64)?;
        let end = usize::try_from(most - from).unwrap_or(usize::MAX);
        match begin_before(&window, end) {
            0 if from > 0 => step = step.saturating_mul(2),
            at => return Ok(from + at as u64),
        }
    }
}

const BEGINS: &[u8] = b"diff --git ";

/// The same in bytes at hand; 0 where none begins.
fn begin_before(raw: &[u8], most: usize) -> usize {
    let mut end = most.min(raw.len());
    loop {
        let start = memchr::memrchr(b'\n', raw.get(..end).unwrap_or_default()).map_or(0, |at| at + 1);
        let line = raw.get(start..).unwrap_or_default();
        if start == 0 || line.starts_with(BEGINS) || line.starts_with(b"@@ ") {
            return start;
        }
        end = start - 1;
    }
}

fn gzip(spool: &Spool, length: u64) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(4));
    let mut at = 0;
    while at < length {
        let piece = spool.window(at, length.min(at + STEP))?;
        if piece.is_empty() {
            break;
        }
        encoder.write_all(&piece)?;
        at += piece.len() as u64;
    }
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    const DIFF: &[u8] = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-diff --git a/\n+@@ fake\n@@ -9 +9 @@\n-1\n+2\ndiff --git a/y b/y\n";

    fn spooled(raw: &[u8]) -> Spool {
        let spool = Spool::new().unwrap();
        spool.put(raw, 0).unwrap();
        spool
    }

    fn packed(raw: &[u8], whole: usize, caps: Caps) -> Packed {
        pack(&spooled(raw), raw.len() as u64, whole as u64, caps).unwrap()
    }

    fn unpacked(packed: &Packed) -> Vec<u8> {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(packed.bytes.as_slice()).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn what_fits_is_whole() {
        let packed = packed(DIFF, DIFF.len(), CAPS);
        assert_eq!((unpacked(&packed).as_slice(), &packed.cut), (DIFF, &None));
        assert_eq!(packed.blob.digest, Digest::of(&packed.bytes));
    }

    #[test]
    fn cuts_fall_on_real_beginnings_only() {
        let begins = |most: usize| hunk_before(&spooled(DIFF), most as u64).unwrap() as usize;
        let second = DIFF.windows(5).position(|w| w == b"@@ -9").unwrap();
        let first = DIFF.windows(5).position(|w| w == b"@@ -1").unwrap();
        assert_eq!(begins(second + 3), second);
        assert_eq!(begins(second - 1), first);
        assert_eq!(begins(first - 1), 0);
        let packed = packed(&DIFF[..second + 4], DIFF.len(), CAPS);
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
        let packed = packed(&raw, raw.len(), caps);
        let text = unpacked(&packed);
        assert!(packed.bytes.len() <= caps.packed && text.len() > 4 << 10);
        assert!(raw.starts_with(&text) && raw[text.len()..].starts_with(b"@@ "));
        assert_eq!(packed.cut.unwrap().kept, text.len() as u64);
    }

    proptest! {
        #[test]
        fn a_cut_is_never_past_its_limit(raw in "(@@ x\n|[ +-][a@]{0,9}\n|diff --git \n){0,40}", most in 0usize..400) {
            let at = hunk_before(&spooled(raw.as_bytes()), most as u64).unwrap() as usize;
            prop_assert!(at <= most.min(raw.len()));
            let rest = &raw.as_bytes()[at..];
            prop_assert!(at == 0 || rest.starts_with(b"@@ ") || rest.starts_with(b"diff --git "));
        }
    }
}
