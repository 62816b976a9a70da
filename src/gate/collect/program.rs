//! The program that would run: found as the system would find it, and bound by its digest with the script it is
//! given and the programs it is wrapped in.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::files;
use crate::domain::digest::{Digest, Hasher};
use crate::domain::text::{Shown, Text};

/// Programs that read their program from a file; a version may stand behind the name.
const INTERPRETERS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "python", "perl", "ruby", "node", "bun", "php", "lua", "pwsh",
    "Rscript",
];
/// Programs that run another one.
const WRAPPERS: &[&str] =
    &["env", "nohup", "nice", "sudo", "timeout", "stdbuf", "setsid", "time", "ionice", "chrt", "xargs"];
/// So much of a script's first line the system reads.
const FIRST_LINE: u64 = 256;
/// How many wrappers in a row are followed.
const DEPTH: u32 = 4;

/// What would be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file, as it will be given to the system.
    pub path: PathBuf,
    /// Its digest; with a script or behind a wrapper, over all files that were found.
    pub digest: Digest,
}

/// Why there is nothing to execute.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoProgram {
    /// Not there.
    #[error("{}: command not found: check its name and PATH", .0.ident())]
    NotFound(Text),
    /// There, but not to be executed or read.
    #[error("{}: {why}", name.ident())]
    NotExecutable {
        /// Which file.
        name: Text,
        /// Why, and how to mend it.
        why: &'static str,
    },
}

impl Shown for NoProgram {}

/// Finds the program of `argv` and reads its digest. `path` is the value of PATH.
///
/// # Errors
/// Where it is not there, or cannot be executed or read.
pub fn resolve(argv: &[OsString], path: Option<&OsStr>, folder: &Path) -> Result<Program, NoProgram> {
    let name = argv.first().ok_or_else(|| NoProgram::NotFound(Text::default()))?;
    let file = find(name, path, folder)?;
    let own = read(&file)?;
    if let Some(interpreter) = interpreter(&file).filter(|interpreter| !folder.join(interpreter).exists()) {
        let why = "is named in the first line of the script and is not there: install it, or mend that line";
        return Err(NoProgram::NotExecutable { name: interpreter.as_path().into(), why });
    }
    let mut inside = Vec::new();
    gather(argv, path, folder, DEPTH, &mut inside);
    if inside.is_empty() {
        return Ok(Program { path: file, digest: own });
    }
    let mut hasher = Hasher::tagged("jit-tui/program/v1");
    hasher.field(own.as_bytes());
    for part in &inside {
        hasher.field(part.as_os_str().as_bytes());
        hasher.field(read(part)?.as_bytes());
    }
    Ok(Program { path: file, digest: hasher.finish() })
}

/// What the first line of a script names. As the system reads it: the program up to the first blank.
fn interpreter(file: &Path) -> Option<PathBuf> {
    let mut first = Vec::new();
    std::fs::File::open(file).ok()?.take(FIRST_LINE).read_to_end(&mut first).ok()?;
    let line = first.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?.trim_ascii_start();
    let name = line.split(|b| b" \t".contains(b)).next().filter(|name| !name.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(name)))
}

fn read(file: &Path) -> Result<Digest, NoProgram> {
    let why = "cannot be read, so it cannot be bound: give read permission, or run it through a script";
    files::digest(file).map_err(|_| NoProgram::NotExecutable { name: file.into(), why })
}

/// As the system looks: a name with a slash is a path, any other is looked for in PATH.
fn find(name: &OsStr, path: Option<&OsStr>, folder: &Path) -> Result<PathBuf, NoProgram> {
    if name.as_bytes().contains(&b'/') {
        return executable(&folder.join(name)).map(|()| folder.join(name));
    }
    let mut refused = NoProgram::NotFound(name.into());
    if name.is_empty() {
        return Err(refused);
    }
    for entry in std::env::split_paths(path.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"))) {
        let file = folder.join(entry).join(name);
        match executable(&file) {
            Ok(()) => return Ok(file),
            // A folder of PATH that we cannot look into holds nothing for us.
            Err(_) if file.metadata().is_err() => {}
            Err(other) => refused = other,
        }
    }
    Err(refused)
}

fn executable(file: &Path) -> Result<(), NoProgram> {
    let no = |why| Err(NoProgram::NotExecutable { name: file.into(), why });
    match file.metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => no("is out of reach: check the folders above it"),
        Err(_) => Err(NoProgram::NotFound(file.into())),
        Ok(meta) if !meta.is_file() => no("is not a file"),
        Ok(_) if access(file, Access::EXEC_OK).is_err() => no("is not executable: chmod +x it"),
        Ok(_) => Ok(()),
    }
}

/// Adds the scripts that an interpreter is given, and what a wrapper runs.
fn gather(argv: &[OsString], path: Option<&OsStr>, folder: &Path, depth: u32, inside: &mut Vec<PathBuf>) {
    let Some((name, args)) = argv.split_first() else { return };
    let name = Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
    if INTERPRETERS.iter().any(|known| is_version_of(&name, known)) {
        inside.extend(scripts(args, folder));
    } else if WRAPPERS.contains(&name.as_str()) && depth > 0 {
        let runs = |arg: &OsString| !arg.as_bytes().starts_with(b"-") && !arg.as_bytes().contains(&b'=');
        let rest = (0..args.len()).filter_map(|at| args.get(at..));
        let found = rest.filter(|rest| rest.first().is_some_and(runs));
        for rest in found {
            if let Some(Ok(file)) = rest.first().map(|arg| find(arg, path, folder)) {
                inside.push(file);
                return gather(rest, path, folder, depth - 1, inside);
            }
        }
    }
}

/// `python3.12` is a `python`, `pythonista` is not.
fn is_version_of(name: &str, known: &str) -> bool {
    name.strip_prefix(known).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-'))
}

/// The script among an interpreter's arguments. What follows an option may be its value, so one file more may be
/// bound than is needed, never one less.
fn scripts(args: &[OsString], folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut after_option = false;
    for arg in args {
        if arg.as_bytes().starts_with(b"-") || arg.as_bytes().starts_with(b"+") {
            after_option = arg != "--";
            continue;
        }
        let file = folder.join(arg);
        found.extend(file.is_file().then_some(file));
        if !after_option {
            break;
        }
        after_option = false;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            for (name, mode) in [("tool", 0o755), ("sh", 0o755), ("env", 0o755), ("plain.sh", 0o644), ("other", 0o644)]
            {
                let path = folder.0.path().join(name);
                std::fs::write(&path, format!("#!/bin/sh\n# {name}\n")).unwrap();
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            folder
        }

        fn resolve(&self, argv: &[&str]) -> Result<Program, NoProgram> {
            let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
            resolve(&argv, Some(self.0.path().as_os_str()), self.0.path())
        }

        fn digest(&self, argv: &[&str]) -> Digest {
            self.resolve(argv).unwrap().digest
        }

        fn append(&self, name: &str) {
            let path = self.0.path().join(name);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, text + "x\n").unwrap();
        }
    }

    #[test]
    fn a_program_is_found_in_path_or_by_its_own() {
        let folder = Folder::new();
        let tool = folder.0.path().join("tool");
        assert_eq!(folder.resolve(&["tool"]).unwrap().digest, files::digest(&tool).unwrap());
        assert_eq!(folder.resolve(&["./tool"]).unwrap().digest, files::digest(&tool).unwrap());
    }

    #[test]
    fn what_cannot_run_is_said_before_anybody_is_asked() {
        let folder = Folder::new();
        assert!(matches!(folder.resolve(&["absent"]), Err(NoProgram::NotFound(_))));
        assert!(matches!(folder.resolve(&[""]), Err(NoProgram::NotFound(_))));
        assert!(matches!(folder.resolve(&["plain.sh"]), Err(NoProgram::NotExecutable { .. })));
        assert!(matches!(folder.resolve(&["./"]), Err(NoProgram::NotExecutable { .. })));
    }

    #[test]
    fn a_script_whose_interpreter_is_not_there_is_said_so_before_anybody_is_asked() {
        let folder = Folder::new();
        let tool = folder.0.path().join("tool");
        for (line, missing) in [
            ("#!/no/such/sh -e\n", true),
            ("#! /no/such/sh\n", true),
            ("#!/bin/sh -e\n", false),
            ("#!\n", false),
            ("\x7fELF", false),
        ] {
            std::fs::write(&tool, line).unwrap();
            let said = folder.resolve(&["tool"]).map_err(|e| e.to_string());
            assert_eq!(said.is_err_and(|e| e.starts_with("/no/such/sh: ")), missing, "{line:?}");
        }
    }

    #[test]
    fn the_script_behind_an_interpreter_is_bound() {
        let folder = Folder::new();
        let cases: &[&[&str]] = &[
            &["sh", "plain.sh"],
            &["sh", "-e", "plain.sh", "arg"],
            &["sh", "+x", "-o", "pipefail", "plain.sh"],
            &["sh", "--", "plain.sh"],
            &["env", "A=1", "sh", "plain.sh"],
        ];
        let before: Vec<Digest> = cases.iter().map(|argv| folder.digest(argv)).collect();
        let unrelated = folder.digest(&["tool", "plain.sh"]);
        folder.append("plain.sh");
        for (argv, before) in cases.iter().zip(before) {
            assert_ne!(folder.digest(argv), before, "{argv:?}");
        }
        assert_eq!(folder.digest(&["tool", "plain.sh"]), unrelated);
    }

    #[test]
    fn what_a_wrapper_runs_is_bound() {
        let folder = Folder::new();
        let before = folder.digest(&["env", "-i", "A=1", "tool"]);
        folder.append("tool");
        assert_ne!(folder.digest(&["env", "-i", "A=1", "tool"]), before);
    }

    #[test]
    fn versions_of_an_interpreter_are_known() {
        for (name, yes) in [("python3.12", true), ("python", true), ("sh", true), ("shell", false), ("node-20", true)] {
            assert_eq!(INTERPRETERS.iter().any(|known| is_version_of(name, known)), yes, "{name}");
        }
    }
}
