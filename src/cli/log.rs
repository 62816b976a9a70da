//! The log of the program itself: `log` in the state folder, 0600, rotated. It is made with its first line, so
//! that commands which have nothing to say leave nothing behind. `JIT_TUI_LOG` gives the level.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::domain::text::Text;
use crate::sys::files::{private_append, private_dir};
use crate::sys::paths::Paths;

/// From this size on the log is put aside; one older one is kept.
const LARGEST: u64 = 8 << 20;

/// Its name in the state folder.
pub const FILE: &str = "log";

/// Starts logging; where there is no state folder there is no log.
pub fn start() {
    let Some(paths) = Paths::of_user() else { return };
    let level = std::env::var("JIT_TUI_LOG").ok().and_then(|l| l.parse().ok()).unwrap_or(LevelFilter::WARN);
    // Only our own words: what libraries say at their levels may hold headers, and so tokens.
    let ours = Targets::new().with_target("jit_tui", level);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Log {
        path: paths.state.join(FILE),
        file: Mutex::new(None),
        largest: LARGEST,
    });
    let _ = tracing_subscriber::registry().with(layer.with_filter(ours)).try_init();
}

struct Log {
    path: PathBuf,
    file: Mutex<Option<File>>,
    largest: u64,
}

impl Log {
    /// One event is one line, whatever is in it.
    fn line(&self, bytes: &[u8]) -> io::Result<()> {
        let text = Text::new(bytes.strip_suffix(b"\n").unwrap_or(bytes)).prose();
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = match slot.take() {
            Some(file) => file,
            None => self.open()?,
        };
        file.write_all(format!("{text}\n").as_bytes())?;
        if file.metadata()?.len() < self.largest {
            *slot = Some(file);
        } else {
            self.put_aside(&file)?;
        }
        Ok(())
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            private_dir(folder)?;
        }
        private_append(&self.path)
    }

    /// Several processes write here: only the first to see it full may move it.
    fn put_aside(&self, file: &File) -> io::Result<()> {
        let (ours, there) = (file.metadata()?, std::fs::metadata(&self.path)?);
        if ours.ino() == there.ino() {
            std::fs::rename(&self.path, self.path.with_extension("1"))?;
        }
        Ok(())
    }
}

/// Writes one event; a log that cannot be written stops nothing.
struct Line<'a>(&'a Log);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.line(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_line_stays_a_line_and_a_full_log_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join(FILE);
        let log = Log { path: path.clone(), file: Mutex::new(None), largest: 64 };
        log.line(b"first \x1b[31m\nsecond\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first \\u{1b}[31m\\nsecond\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        log.line(&[b'x'; 64]).unwrap();
        log.line(b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
        assert!(std::fs::read_to_string(path.with_extension("1")).unwrap().contains("second"));
    }
}
