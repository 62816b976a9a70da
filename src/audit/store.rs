//! Evidence as it was shown, kept by its hash for 90 days within a quota.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::AuditError;
use crate::domain::digest::Digest;
use crate::sys::files;

/// How long shown evidence is kept.
pub const KEEP: Duration = Duration::from_secs(90 * 86_400);
/// How much of it at most; the oldest goes first.
pub const QUOTA: u64 = 1 << 30;

/// The folder of evidence.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    keep: Duration,
    quota: u64,
}

/// A kept file.
struct File {
    path: PathBuf,
    touched: SystemTime,
    size: u64,
}

impl Store {
    /// The store of a state folder, with the usual limits.
    ///
    /// # Errors
    /// Where the folder cannot be made or is not ours.
    pub fn open(state: &Path) -> Result<Self, AuditError> {
        Self::with_limits(state, KEEP, QUOTA)
    }

    /// The same with limits of one's own.
    ///
    /// # Errors
    /// As `open`.
    pub fn with_limits(state: &Path, keep: Duration, quota: u64) -> Result<Self, AuditError> {
        let folder = state.join("evidence");
        files::private_dir(&folder).map_err(AuditError::io("use", &folder))?;
        Ok(Self { folder, keep, quota })
    }

    /// Keeps bytes under their hash; shown again, they are kept anew.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, AuditError> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        match self.get(&digest) {
            Ok(Some(_)) => touch(&path).map_err(AuditError::io("keep", &path))?,
            _ => {
                files::replace_private(&path, bytes).map_err(AuditError::io("write", &path))?;
                self.sweep(SystemTime::now())?;
            }
        }
        Ok(digest)
    }

    /// The bytes of a hash; `None` where they are not kept (any more).
    ///
    /// # Errors
    /// Where they cannot be read or are no longer what was put.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, AuditError> {
        let path = self.path(digest);
        match std::fs::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => Err(AuditError::Evidence { path, digest: *digest }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(AuditError::io("read", &path)(e)),
        }
    }

    /// Removes what is too old and, oldest first, what is beyond the quota.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn sweep(&self, now: SystemTime) -> Result<(), AuditError> {
        let mut files = self.files().map_err(AuditError::io("read", &self.folder))?;
        files.sort_by_key(|file| std::cmp::Reverse(file.touched));
        let mut total = 0u64;
        for file in files {
            total = total.saturating_add(file.size);
            let age = now.duration_since(file.touched).unwrap_or_default();
            if age > self.keep || total > self.quota {
                // Another process may have swept it already.
                drop(std::fs::remove_file(&file.path));
            }
        }
        Ok(())
    }

    fn files(&self) -> std::io::Result<Vec<File>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            // One that is gone by now needs no sweeping.
            let Ok(meta) = entry.metadata() else { continue };
            files.push(File { path: entry.path(), touched: meta.modified()?, size: meta.len() });
        }
        Ok(files)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }
}

fn touch(path: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new().append(true).open(path)?.set_modified(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(keep: Duration, quota: u64) -> (tempfile::TempDir, Store) {
        let home = tempfile::tempdir().unwrap();
        let store = Store::with_limits(&home.path().join("state"), keep, quota).unwrap();
        (home, store)
    }

    #[test]
    fn what_was_put_comes_back_and_a_changed_file_does_not() {
        let (_home, store) = store(KEEP, QUOTA);
        let digest = store.put(b"diff").unwrap();
        assert_eq!(store.get(&digest).unwrap().unwrap(), b"diff");
        assert!(store.get(&Digest::of(b"other")).unwrap().is_none());
        std::fs::write(store.path(&digest), "difF").unwrap();
        assert!(matches!(store.get(&digest), Err(AuditError::Evidence { .. })));
        store.put(b"diff").unwrap();
        assert_eq!(store.get(&digest).unwrap().unwrap(), b"diff");
    }

    #[test]
    fn the_oldest_goes_when_the_quota_is_full_or_its_time_is_over() {
        let (_home, store) = store(KEEP, 10);
        let old = store.put(b"12345").unwrap();
        let path = store.path(&old);
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        std::fs::File::open(path).unwrap().set_modified(long_ago).unwrap();
        let new = store.put(b"abcdefg").unwrap();
        assert!(store.get(&old).unwrap().is_none());
        assert!(store.get(&new).unwrap().is_some());
        store.sweep(SystemTime::now() + KEEP + Duration::from_secs(60)).unwrap();
        assert!(store.get(&new).unwrap().is_none());
    }
}
