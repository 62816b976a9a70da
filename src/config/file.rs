//! Which file is read, and that nobody else could have written it.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::domain::document::{Diagnostic, Place};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// No config of a person is longer.
const LONGEST: u64 = 1 << 20;

/// Says whether a file or folder is ours alone to write.
pub type Check<'a> = &'a dyn Fn(&Path, &Metadata) -> io::Result<()>;

/// Which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChoice {
    /// Named by the user: it must be there.
    Named(PathBuf),
    /// Where it lies if there is one.
    Usual(PathBuf),
}

impl FileChoice {
    /// The path.
    pub fn path(&self) -> &Path {
        match self {
            FileChoice::Named(path) | FileChoice::Usual(path) => path,
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// Its path.
    pub path: PathBuf,
    /// Its path, fit for a message.
    pub name: SafeText,
    /// What is in it.
    pub text: String,
}

/// Reads the file; absent where the usual one is not there.
///
/// # Errors
/// Where it is missing, foreign, too long, not UTF-8 or cannot be read.
pub fn read_file(choice: &FileChoice, check: Check<'_>) -> Result<Option<TextFile>, Diagnostic> {
    let path = choice.path();
    let name = Text::from(path).ident();
    match read_checked(path, check) {
        Ok(text) => Ok(Some(TextFile { path: path.to_owned(), name, text })),
        Err(e) if e.kind() == ErrorKind::NotFound && matches!(choice, FileChoice::Usual(_)) => Ok(None),
        Err(e) => Err(cannot_read(name, &e)),
    }
}

fn read_checked(path: &Path, check: Check<'_>) -> io::Result<String> {
    // Opening a named pipe would hold the program until somebody writes to it.
    if std::fs::metadata(path)?.file_type().is_fifo() {
        return Err(not_plain());
    }
    let file = File::open(path)?;
    let meta = file.metadata()?;
    check(path, &meta)?;
    // Whoever may write to the folder may swap the file.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        check(folder, &std::fs::metadata(folder)?)?;
    }
    if !meta.is_file() || meta.len() > LONGEST {
        return Err(not_plain());
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn not_plain() -> io::Error {
    io::Error::other("not a plain file of at most 1 MiB")
}

fn cannot_read(name: SafeText, e: &io::Error) -> Diagnostic {
    let mend = match e.kind() {
        ErrorKind::NotFound => "check the path, or write one with `jit-tui config init`",
        ErrorKind::PermissionDenied => "it must be yours, readable, and nobody else's to write, as its folder",
        ErrorKind::InvalidData => "save it as UTF-8",
        _ => "see `jit-tui config path`",
    };
    let what = safe!("cannot read it: {}", Text::from(e.to_string()).prose());
    Place::whole(name).wrong(what, mend)
}
