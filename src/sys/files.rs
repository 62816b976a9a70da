//! Private files and folders: made 0600/0700, and trusted only if they are ours and nobody else's to write.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::FlockOperation;

/// Makes a folder (and those above it) with mode 0700 and checks that it is ours.
///
/// # Errors
/// Where it cannot be made, belongs to somebody else, or others may write to it.
pub fn private_dir(path: &Path) -> io::Result<()> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(named)?;
    check_ours(path, &std::fs::metadata(path).map_err(named)?)
}

/// Opens a file for appending and reading, made 0600.
///
/// # Errors
/// Where it cannot be opened, is not ours, or others may write to it.
pub fn private_append(path: &Path) -> io::Result<File> {
    open_private(path, OpenOptions::new().read(true).append(true).create(true))
}

/// Makes or replaces a file with mode 0600 in one step: readers see the old text or the new one.
///
/// # Errors
/// Where it cannot be written beside the old one.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, File::sync_all)
}

/// The same for what may be lost with the machine.
///
/// # Errors
/// As `replace_private`.
pub fn replace_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, |_| Ok(()))
}

fn replace(path: &Path, bytes: &[u8], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    use std::io::Write;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    sync(file.as_file())?;
    file.persist(path).map_err(|e| e.error)?;
    sync(&File::open(folder)?)
}

fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32).open(path)?;
    check_ours(path, &file.metadata()?)?;
    Ok(file)
}

/// Whether the file or folder belongs to us (or root) and only we may write to it.
///
/// # Errors
/// Says whose it is or which mode it has, and how to mend it.
pub fn check_ours(path: &Path, meta: &std::fs::Metadata) -> io::Result<()> {
    let me = rustix::process::geteuid().as_raw();
    let refuse =
        |why: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{}: {why}", path.display())));
    if meta.uid() != me && meta.uid() != 0 {
        return refuse(format!("belongs to uid {}, not to you (uid {me}): use one of your own", meta.uid()));
    }
    if meta.mode() & 0o022 != 0 {
        return refuse(format!("others may write to it (mode {:o}): chmod go-w it", meta.mode() & 0o7777));
    }
    Ok(())
}

/// A lock on a file, held until it is dropped; the file stays.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Waits for the lock, and holds it alone.
    ///
    /// # Errors
    /// Where the file cannot be opened or locked.
    pub fn wait(path: &Path) -> io::Result<Self> {
        Self::take(path, FlockOperation::LockExclusive)
    }

    /// Waits for the lock, and holds it with others who share it.
    ///
    /// # Errors
    /// As `wait`.
    pub fn shared(path: &Path) -> io::Result<Self> {
        Self::take(path, FlockOperation::LockShared)
    }

    /// Takes the lock if nobody holds it; `None` where somebody does.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        match Self::take(path, FlockOperation::NonBlockingLockExclusive) {
            Ok(lock) => Ok(Some(lock)),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The locked file.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn take(path: &Path, how: FlockOperation) -> io::Result<Self> {
        let file = open_private(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))?;
        rustix::fs::flock(&file, how)?;
        Ok(Self { file })
    }
}
