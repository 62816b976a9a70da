//! Bytes that are read by windows: a nameless file of ours that grows, or a file that is read where it lies. No
//! mapping: a file that somebody else cuts short gives fewer bytes, and ends nobody's process.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The bytes. Shared by who fills them and who reads them.
#[derive(Debug)]
pub struct Spool {
    file: File,
}

impl Spool {
    /// An empty one of ours: it has no name, only this process can read it, and it is gone with the process.
    ///
    /// # Errors
    /// Where no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()? })
    }

    /// A file as it lies, where it is one that can be read from any place.
    pub fn of(file: File) -> Option<Self> {
        let regular = file.metadata().is_ok_and(|meta| meta.is_file());
        regular.then_some(Self { file })
    }

    /// Puts bytes at a place.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn put(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    /// Reads into a buffer from a place on; how many bytes there were, fewer only where they end.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, at + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }

    /// The bytes between two places, fewer where they end before.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn window(&self, from: u64, to: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or_default()];
        let filled = self.read(&mut bytes, from)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// The file again, from its beginning, for a program that is to read it.
    ///
    /// # Errors
    /// Where the system does not give it.
    pub fn reopen(&self) -> io::Result<File> {
        use std::os::fd::AsRawFd;
        File::open(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_what_was_put_and_fewer_bytes_behind_the_end() {
        let spool = Spool::new().unwrap();
        spool.put(b"hello ", 0).unwrap();
        spool.put(b"world", 6).unwrap();
        assert_eq!(spool.window(3, 8).unwrap(), b"lo wo");
        assert_eq!(spool.window(9, 99).unwrap(), b"ld");
        assert_eq!(spool.window(50, 60).unwrap(), b"");
        assert_eq!(std::io::read_to_string(spool.reopen().unwrap()).unwrap(), "hello world");
    }

    #[test]
    fn a_file_that_is_cut_short_only_gives_less() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![b'x'; 9000]).unwrap();
        let spool = Spool::of(File::open(file.path()).unwrap()).unwrap();
        assert_eq!(spool.window(0, 9000).unwrap().len(), 9000);
        file.as_file().set_len(10).unwrap();
        assert_eq!(spool.window(0, 9000).unwrap().len(), 10);
        assert!(Spool::of(File::open("/dev/null").unwrap()).is_none());
    }
}
