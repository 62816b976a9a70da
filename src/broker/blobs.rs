//! Evidence kept by hash: one private file a blob. What no request names is removed after an hour.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::read::MultiGzDecoder;

use crate::diff::{Index, Reader};
use crate::domain::digest::Digest;
use crate::domain::evidence::Blob;
use crate::findings::{DiffLines, DiffScan};
use crate::safe;
use crate::sys::files;

/// Bytes that a compressed diff may unpack to.
const UNPACKED_LIMIT: u64 = 256 << 20;

/// So many times its size a diff may unpack to before it is taken for a bomb.
const RATIO_LIMIT: u64 = 100;

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// How long a blob may lie without a request that names it.
const ORPHAN: Duration = Duration::from_secs(3600);

/// The folder of blobs.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// In a state folder.
    ///
    /// # Errors
    /// Where the folder cannot be made or is not ours.
    pub fn open(state: &Path) -> io::Result<Self> {
        let folder = state.join("blobs");
        files::private_dir(&folder)?;
        Ok(Self { folder })
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }

    /// Puts bytes under their hash; durable when it returns.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn put(&self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        if self.touch(digest).is_ok() { Ok(()) } else { files::replace_private(&self.path(digest), bytes) }
    }

    /// Gives bytes by their hash.
    ///
    /// # Errors
    /// Where they are not there.
    pub fn get(&self, digest: Digest) -> io::Result<Vec<u8>> {
        std::fs::read(self.path(digest))
    }

    /// Says that a blob is wanted: it will not be swept away for another hour. Gives its size.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn touch(&self, digest: Digest) -> io::Result<u64> {
        let file = File::options().write(true).open(self.path(digest))?;
        file.set_modified(SystemTime::now())?;
        Ok(file.metadata()?.len())
    }

    /// Removes what nobody names and nobody has touched for an hour.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn sweep(&self, named: &HashSet<Digest>) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let digest = entry.file_name().to_str().and_then(|name| name.parse::<Digest>().ok());
            let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
            if age > ORPHAN && digest.is_none_or(|d| !named.contains(&d)) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Reads a diff blob for what its lines and files show by themselves: once for its files and hunks, by their
    /// counts, and once more for its lines.
    ///
    /// # Errors
    /// Where the blob is not there, of another size, or not gzip though it says so.
    pub fn scan(&self, blob: &Blob) -> io::Result<DiffScan> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        if self.touch(blob.digest)? != blob.size {
            return Err(wrong("the blob has another size than the evidence says"));
        }
        let (mut reader, mut index) = (Reader::default(), Index::default());
        let cut = self.read(blob, &mut |piece| reader.feed(piece))?;
        index.extend(reader.end());
        let mut lines = DiffLines::new(&index);
        self.read(blob, &mut |piece| lines.feed(piece))?;
        let mut scan = lines.finish();
        if cut {
            scan.unread = safe!("only its first {} bytes were looked at", UNPACKED_LIMIT);
        }
        Ok(scan)
    }

    /// The unpacked bytes of a blob, up to a limit; whether there would be more.
    fn read(&self, blob: &Blob, sink: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        let file = BufReader::new(File::open(self.path(blob.digest))?);
        let limit = UNPACKED_LIMIT.min(blob.size.max(4096).saturating_mul(RATIO_LIMIT));
        let stream: Box<dyn Read> = if blob.gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut stream = stream.take(limit);
        let mut buffer = vec![0; PIECE];
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(stream.limit() == 0),
                n => sink(buffer.get(..n).unwrap_or_default()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::FindingId;
    use crate::domain::text::{SafeText, Text};
    use std::io::Write;

    fn store() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        (folder, blobs)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn put(blobs: &Blobs, bytes: &[u8], gzip: bool) -> Blob {
        let digest = Digest::of(bytes);
        blobs.put(digest, bytes).unwrap();
        Blob { digest, size: bytes.len() as u64, gzip }
    }

    const DIFF: &str =
        "--- a/x\n+++ b/src/x.rs\n@@ -1,2 +1,3 @@\n-old\u{202e}\n+clean\n+let a\u{200b} = 1;\n plain\u{202e}\n";

    #[test]
    fn hidden_characters_count_in_added_lines_only() {
        let (_folder, blobs) = store();
        for (bytes, packed) in [(DIFF.as_bytes().to_vec(), false), (gzip(DIFF.as_bytes()), true)] {
            let blob = put(&blobs, &bytes, packed);
            let scan = blobs.scan(&blob).unwrap();
            let [one] = scan.findings.as_slice() else { panic!("{:?}", scan.findings) };
            assert_eq!((one.id, &one.subject), (FindingId::HiddenText, &Text::from("src/x.rs")));
            assert_eq!(scan.unread, SafeText::default());
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked_and_said_to_be_unread() {
        let (_folder, blobs) = store();
        let blob = put(&blobs, &gzip(&vec![b'+'; 8 << 20]), true);
        assert_ne!(blobs.scan(&blob).unwrap().unread, SafeText::default());
    }

    #[test]
    fn a_line_longer_than_the_piece_is_still_an_added_one() {
        let (_folder, blobs) = store();
        let long = format!("--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{}\u{202e}\n", "a".repeat(2 << 20));
        let blob = put(&blobs, long.as_bytes(), false);
        assert_eq!(blobs.scan(&blob).unwrap().findings.iter().filter(|f| f.id == FindingId::HiddenText).count(), 1);
    }

    #[test]
    fn what_says_gzip_and_is_none_or_has_another_size_is_refused() {
        let (_folder, blobs) = store();
        let mut blob = put(&blobs, b"plain text", false);
        assert!(blobs.scan(&Blob { gzip: true, ..blob.clone() }).is_err());
        blob.size += 1;
        assert!(blobs.scan(&blob).is_err());
    }

    #[test]
    fn a_sweep_takes_old_orphans_only() {
        let (_folder, blobs) = store();
        let [old, named, young] = [&b"old"[..], b"named", b"young"].map(|b| put(&blobs, b, false).digest);
        let long_ago = SystemTime::now() - 2 * ORPHAN;
        for digest in [old, named] {
            File::options().write(true).open(blobs.path(digest)).unwrap().set_modified(long_ago).unwrap();
        }
        blobs.sweep(&HashSet::from([named])).unwrap();
        assert!(blobs.get(old).is_err());
        assert!(blobs.get(named).is_ok() && blobs.get(young).is_ok());
    }
}
