//! The one JSON writer: compact, in the order of the struct, absent = null; control, bidi and ignorable
//! characters leave as `\uXXXX`, so that no terminal acts on them while the data stay unchanged.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::text::is_default_ignorable;

/// One line of JSON without its newline.
///
/// # Errors
/// Only where `value` has a map key that is not a string.
pub fn to_line<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    let mut out = Vec::with_capacity(256);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Escaped))?;
    String::from_utf8(out).map_err(|e| serde::ser::Error::custom(e.to_string()))
}

struct Escaped;

impl Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, w: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && !fragment.contains('\x7f') {
            return w.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for c in fragment.chars() {
            if must_escape(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(w, "\\u{unit:04x}")?;
                }
            } else {
                write!(w, "{c}")?;
            }
        }
        Ok(())
    }
}

/// Whether nothing in a line would have been escaped here: it may leave as it stands.
pub fn is_escaped(line: &str) -> bool {
    !line.chars().any(must_escape)
}

fn must_escape(c: char) -> bool {
    c.is_control() || is_default_ignorable(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_come_back() {
        let line = to_line("a\u{202e}\u{9b}\u{e0041}\x1b\x7fé").unwrap();
        assert_eq!(line, "\"a\\u202e\\u009b\\udb40\\udc41\\u001b\\u007fé\"");
        assert!(is_escaped(&line) && !is_escaped("a\u{202e}"));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), "a\u{202e}\u{9b}\u{e0041}\x1b\x7fé");
    }
}
