//! Blanks: where they are the only change they must be seen.

/// Characters that look like a blank or like nothing, carriage returns among them. The encoder of safe text gives all
/// but the first two a marker.
const BLANKS: &[char] = &[' ', '\t', '\r', '\u{b}', '\u{c}', '\u{a0}', '\u{1680}', '\u{202f}', '\u{205f}', '\u{3000}'];

fn is_blank(c: char) -> bool {
    BLANKS.contains(&c) || matches!(c, '\u{2000}'..='\u{200b}' | '\u{feff}')
}

/// Whether two lines differ, and in nothing but blanks.
pub fn only_blanks_differ(old: &[u8], new: &[u8]) -> bool {
    old != new && black(old).eq(black(new))
}

/// What of a line is no blank: characters, and bytes that are none.
fn black(line: &[u8]) -> impl Iterator<Item = Result<char, u8>> + '_ {
    line.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().filter(|c| !is_blank(*c)).map(Ok);
        valid.chain(chunk.invalid().iter().map(|b| Err(*b)))
    })
}

/// Where the blanks at the end of a line begin; its length where it has none. A carriage return alone is a line end
/// and no blank.
pub fn trailing(line: &[u8]) -> usize {
    let text = line.strip_suffix(b"\r").unwrap_or(line);
    let kept = text.trim_ascii_end().len();
    if kept == text.len() { line.len() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_nothing_but_blanks_is_told() {
        for (old, new, only) in [
            ("a b", "a  b", true),
            ("a", "a ", true),
            ("\ta", "    a", true),
            ("a", "a\r", true),
            ("a b", "a\u{a0}b", true),
            ("a b", "a\u{3000}b", true),
            ("a b", "ab", true),
            ("a", "a", false),
            ("a b", "a c", false),
            ("", " ", true),
        ] {
            assert_eq!(only_blanks_differ(old.as_bytes(), new.as_bytes()), only, "{old:?} {new:?}");
        }
        assert!(!only_blanks_differ(b"a\xff", b"a \xfe"));
    }

    #[test]
    fn blanks_at_the_end_are_found_and_a_line_end_is_none() {
        for (line, at) in [("a  ", 1), ("a", 1), ("a \t", 1), ("a\r", 2), ("a \r", 1), ("", 0), ("  ", 0)] {
            assert_eq!(trailing(line.as_bytes()), at, "{line:?}");
        }
    }
}
