//! What leaves the screen for the world around it: text for the clipboard, a diff for another program. Both get
//! encoded text only: neither a paste nor a pager that passes everything on can act.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::process::{Command, Stdio};

use data_encoding::BASE64;

use crate::app::Reader;
use crate::desk::news::Source;
use crate::domain::text::{SafeText, Signs, prose_row};
use crate::sys::process::without_secrets;

/// Terminals take no more.
const MOST: usize = 74_994;
/// A tab is no sign here: programs draw it by themselves.
const AS_IT_IS: Signs = Signs { tab: "\t", blank: None };
/// So much of a diff is encoded at once.
const STEP: u64 = 1 << 20;

/// The sequence that puts text into the clipboard of the terminal (OSC 52); inside of tmux it is handed through.
/// Absent where it is too long for one.
pub(super) fn clipboard(text: &SafeText, tmux: bool) -> Option<Vec<u8>> {
    if text.as_str().len() > MOST {
        return None;
    }
    let bare = format!("\x1b]52;c;{}\x07", BASE64.encode(text.as_str().as_bytes()));
    let whole = if tmux { format!("\x1bPtmux;\x1b{bare}\x1b\\") } else { bare };
    Some(whole.into_bytes())
}

/// Whether the terminal is tmux.
pub(super) fn in_tmux() -> bool {
    std::env::var_os("TMUX").is_some_and(|value| !value.is_empty())
}

/// Shows a diff in the user's own program, and waits until that is left.
///
/// # Errors
/// Where there is no room for its text, or the program cannot be started.
pub(super) fn show(source: &Source, reader: Reader) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix("jit-tui-").suffix(".diff").tempfile()?;
    encode(source, file.as_file())?;
    file.as_file_mut().rewind()?;
    let mut command = Command::new("sh");
    match reader {
        Reader::Pager => {
            command.arg("-c").arg(program(&["PAGER"], "less")).stdin(Stdio::from(file.reopen()?));
        }
        Reader::Editor => {
            let mut script = program(&["VISUAL", "EDITOR"], "vi");
            script.push(" \"$1\"");
            command.arg("-c").arg(script).arg("sh").arg(file.path());
        }
    }
    without_secrets(&mut command).status().map(drop)
}

fn program(variables: &[&str], usual: &str) -> OsString {
    let set = variables.iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    set.unwrap_or_else(|| usual.into())
}

/// Writes a diff line by line, each as the screen would show it; tabs stay.
fn encode(source: &Source, out: &File) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut at = 0;
    loop {
        let bytes = source.spool().window(at, at + STEP)?;
        // Whole lines; what is longer than a step is encoded in pieces.
        let end = memchr::memrchr(b'\n', &bytes).map_or(bytes.len(), |end| end + 1);
        for line in bytes.get(..end).unwrap_or_default().split_inclusive(|b| *b == b'\n') {
            let (text, newline) = line.strip_suffix(b"\n").map_or((line, false), |text| (text, true));
            out.write_all(prose_row(text, usize::MAX / 2, AS_IT_IS).0.as_str().as_bytes())?;
            out.write_all(if newline { b"\n" } else { b"" })?;
        }
        at += end as u64;
        if end == 0 {
            return out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Text;

    #[test]
    fn only_encoded_text_is_copied_and_not_too_much_of_it() {
        let text = Text::from("a\x1b]52;c;eA==\x07").prose();
        let sequence = clipboard(&text, false).unwrap();
        assert_eq!(sequence, format!("\x1b]52;c;{}\x07", BASE64.encode(text.as_str().as_bytes())).into_bytes());
        assert!(clipboard(&text, true).unwrap().starts_with(b"\x1bPtmux;\x1b\x1b]52;c;"));
        assert_eq!(clipboard(&Text::new(vec![b'x'; MOST + 1]).prose(), false), None);
    }

    #[test]
    fn another_program_gets_no_control_character_but_tabs_and_newlines() {
        let source = Source::new().unwrap();
        source.spool().put(b"+a\tb\x1b[2J\r\n \xff\nlast", 0).unwrap();
        let out = tempfile::NamedTempFile::new().unwrap();
        encode(&source, out.as_file()).unwrap();
        let text = std::fs::read_to_string(out.path()).unwrap();
        assert_eq!(text, "+a\tb\\u{1b}[2J\\r\n \\xff\nlast");
    }
}
