//! Standard output: safe text only, a line at a time. A reader that went away is an error that main keeps quiet.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::json;
use crate::domain::text::SafeText;

/// Prints one line.
pub fn line(text: &SafeText) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints a text of the program's own: an example, a script, a page.
pub fn own(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// Prints one line of JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", json::to_line(value)?)
}

/// One line on standard error; where that is gone, nobody reads it.
pub fn complain(text: &SafeText) {
    let _ = writeln!(io::stderr().lock(), "jit-tui: {text}");
}

/// More of the same message.
pub fn complain_more(text: &SafeText) {
    let _ = writeln!(io::stderr().lock(), "  {text}");
}
