//! Secrets from where they may lie: a private file, a command of the user's, the environment. Never an argument.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use secrecy::SecretString;

use super::files;

/// The longest secret that is read.
const LONGEST: u64 = 4 << 10;
/// The longest private file with secrets among other things.
const LONGEST_TEXT: u64 = 256 << 10;

/// From a file of ours alone, and no link to one; white space around it does not count.
///
/// # Errors
/// Where it cannot be read, others may read or write it, or it is empty; the message says how to mend it.
pub fn from_file(path: &Path) -> io::Result<SecretString> {
    whole(&private(path, LONGEST)?)
}

/// The text of a private file that holds secrets among other things.
///
/// # Errors
/// As `from_file`, but it may be empty.
pub fn private_text(path: &Path) -> io::Result<String> {
    private(path, LONGEST_TEXT)
}

fn private(path: &Path, longest: u64) -> io::Result<String> {
    // A named pipe is not waited for.
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    files::check_ours(path, &meta)?;
    if meta.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!("others may read it (mode {:o}): chmod 600 it", meta.mode() & 0o7777)));
    }
    let mut text = String::new();
    file.take(longest).read_to_string(&mut text)?;
    Ok(text)
}

/// The first line that a command prints; its errors go to our stderr.
///
/// # Errors
/// Where it cannot be run, fails or prints nothing.
pub fn from_command(argv: &[String]) -> io::Result<SecretString> {
    let [program, args @ ..] = argv else { return Err(io::Error::other("the command is empty")) };
    let out = Command::new(program).args(args).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !out.status.success() {
        return Err(io::Error::other(format!("the command ended with {}", out.status)));
    }
    let text = String::from_utf8(out.stdout).map_err(|_| io::Error::other("it prints something that is not text"))?;
    whole(text.lines().next().unwrap_or_default())
}

/// From a variable of the environment.
///
/// # Errors
/// Where it is not set or empty.
pub fn from_env(name: &str) -> io::Result<SecretString> {
    let text = std::env::var(name).map_err(|_| io::Error::other("the variable is not set"))?;
    whole(&text)
}

fn whole(text: &str) -> io::Result<SecretString> {
    match text.trim() {
        "" => Err(io::Error::other("it is empty")),
        secret => Ok(SecretString::from(secret)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_file_must_be_private_and_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::write(&path, "sesame\n").unwrap();
        mode(0o600);
        assert_eq!(from_file(&path).unwrap().expose_secret(), "sesame");
        mode(0o640);
        assert!(from_file(&path).unwrap_err().to_string().contains("chmod 600"));
        mode(0o600);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(from_file(&link).is_err());
        std::fs::write(&path, " \n").unwrap();
        assert!(from_file(&path).is_err());
    }

    #[test]
    fn a_command_gives_its_first_line_or_says_why_not() {
        let run = |script: &str| from_command(&["sh".into(), "-c".into(), script.into()]);
        assert_eq!(run("echo sesame; echo more").unwrap().expose_secret(), "sesame");
        assert!(run("exit 3").unwrap_err().to_string().contains('3'));
        assert!(run("true").is_err());
        assert!(from_command(&[]).is_err());
    }
}
