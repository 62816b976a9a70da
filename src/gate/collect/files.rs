//! Digests of files: of one, and of a path as whatever kind it is.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::domain::digest::{Digest, Hasher};
use crate::domain::text::Text;

/// SHA-256 of a file that symbolic links may lead to.
///
/// # Errors
/// Where it cannot be read to its end.
pub fn digest(path: &Path) -> io::Result<Digest> {
    of_reader(File::open(path)?)
}

fn of_reader(mut file: File) -> io::Result<Digest> {
    let mut hasher = Hasher::plain();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(n) => hasher.update(buffer.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Adds what lies at `path` itself to a digest. Contents count while `budget` lasts; past it, and where a file cannot
/// be read, its size and times stand for it.
pub fn add(hasher: &mut Hasher, path: &Path, budget: &mut u64) {
    let Ok(meta) = path.symlink_metadata() else { return hasher.field(b"gone") };
    let kind = meta.file_type();
    hasher.field(&(meta.mode() & 0o170_111).to_be_bytes());
    if kind.is_symlink() {
        let target = std::fs::read_link(path).unwrap_or_default();
        hasher.field(Text::from(target.as_path()).as_bytes());
    } else if kind.is_file() {
        match contents(path, &meta, budget) {
            Some(digest) => hasher.field(digest.as_bytes()),
            None => stand_in(hasher, &meta),
        }
    }
}

fn contents(path: &Path, meta: &Metadata, budget: &mut u64) -> Option<Digest> {
    *budget = budget.checked_sub(meta.len())?;
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path).ok()?;
    of_reader(file).ok()
}

fn stand_in(hasher: &mut Hasher, meta: &Metadata) {
    hasher.field(b"not read");
    for number in [
        meta.ino().cast_signed(),
        meta.size().cast_signed(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    ] {
        hasher.field(&number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn of(path: &Path, mut budget: u64) -> Digest {
        let mut hasher = Hasher::plain();
        add(&mut hasher, path, &mut budget);
        hasher.finish()
    }

    #[test]
    fn content_kind_and_mode_all_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut seen = vec![of(&path, 99)];
        std::fs::write(&path, "a").unwrap();
        seen.push(of(&path, 99));
        std::fs::write(&path, "b").unwrap();
        seen.push(of(&path, 99));
        seen.push(of(&path, 0));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        seen.push(of(&path, 99));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        seen.push(of(&path, 99));
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all);
        assert_eq!(of(&path, 99), of(&path, 99));
    }

    #[test]
    fn a_pipe_does_not_hang_the_gate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        of(&path, 99);
    }
}
