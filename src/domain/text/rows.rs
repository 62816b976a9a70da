//! Rows of content: as much of it as a row of the screen takes, and how much that is.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::{Encoder, Profile, SafeText};

/// How blanks are drawn. Text that holds such a sign itself must be given others, so that nothing is imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// A tab; empty = as a marker.
    pub tab: &'static str,
    /// A blank; absent = as it is.
    pub blank: Option<char>,
}

/// As much of `bytes` as fits into `width` columns, as prose, and how many bytes it is: never none, never a part of
/// a character.
pub fn prose_row(bytes: &[u8], width: usize, signs: Signs) -> (SafeText, usize) {
    let plain = bytes.iter().take(width).take_while(|b| matches!(b, b' '..=b'~') && **b != b'\\').count();
    if signs.blank.is_none() && plain == bytes.len().min(width) && bytes.get(plain).is_none_or(u8::is_ascii) {
        let text = String::from_utf8_lossy(bytes.get(..plain).unwrap_or_default()).into_owned();
        return (SafeText(Cow::Owned(text)), plain);
    }
    let mut row = Row { encoder: Encoder::new(Profile::Prose), width, signs, used: 0, columns: 0 };
    for chunk in bytes.utf8_chunks() {
        let fits = chunk.valid().chars().all(|c| row.take(c.len_utf8(), |row| row.character(c)))
            && chunk.invalid().iter().all(|b| row.take(1, |row| row.encoder.marker(format_args!("\\x{b:02x}"))));
        if !fits {
            break;
        }
    }
    row.encoder.end_slashes(false);
    (SafeText(Cow::Owned(row.encoder.out)), row.used)
}

/// A row that fills up.
struct Row {
    encoder: Encoder,
    width: usize,
    signs: Signs,
    used: usize,
    columns: usize,
}

impl Row {
    fn character(&mut self, c: char) {
        self.encoder.with_signs(c, self.signs);
    }

    /// Adds a character, and takes it back where it does not fit. Whether it did.
    fn take(&mut self, bytes: usize, add: impl FnOnce(&mut Self)) -> bool {
        let before = (self.encoder.out.len(), self.encoder.slashes, self.encoder.marks);
        add(self);
        let grown = self.encoder.out.get(before.0..).map_or(0, UnicodeWidthStr::width);
        if self.columns + grown + self.encoder.slashes > self.width && self.used > 0 {
            self.encoder.out.truncate(before.0);
            (self.encoder.slashes, self.encoder.marks) = (before.1, before.2);
            return false;
        }
        self.columns += grown;
        self.used += bytes;
        true
    }
}

impl SafeText {
    /// The text cut at these bytes, which lie between characters and rise; what does not is passed over.
    pub fn cut_at(&self, cuts: impl IntoIterator<Item = usize>) -> Vec<SafeText> {
        let (mut parts, mut from) = (Vec::new(), 0);
        for to in cuts.into_iter().chain([self.0.len()]) {
            if let Some(part) = self.0.get(from..to) {
                parts.push(Self(Cow::Owned(part.to_owned())));
                from = to;
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Text;
    use proptest::prelude::*;

    const TAB: Signs = Signs { tab: "»   ", blank: None };

    fn rows(mut bytes: &[u8], width: usize) -> Vec<String> {
        let mut rows = Vec::new();
        while !bytes.is_empty() {
            let (text, used) = prose_row(bytes, width, TAB);
            rows.push(text.as_str().to_owned());
            bytes = &bytes[used..];
        }
        rows
    }

    #[test]
    fn rows_end_between_characters_and_markers_are_never_torn() {
        for (text, width, expected) in [
            ("abcdefgh", 3, &["abc", "def", "gh"][..]),
            ("日本語x", 5, &["日本", "語x"]),
            ("ab\u{202e}c", 5, &["ab", "\\u{202e}", "c"]),
            ("a\tb", 4, &["a", "»   ", "b"]),
            ("\\\\n", 9, &["\\\\\\\\n"]),
            ("e\u{301}f", 1, &["e\u{301}", "f"]),
        ] {
            assert_eq!(rows(text.as_bytes(), width), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters_only() {
        let parts = SafeText::lit("aüb").cut_at([1, 2, 3]);
        assert_eq!(parts.iter().map(SafeText::as_str).collect::<Vec<_>>(), ["a", "ü", "b"]);
    }

    proptest! {
        #[test]
        fn one_row_is_what_the_encoder_gives(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let (text, used) = prose_row(&bytes, usize::MAX / 2, Signs::default());
            prop_assert_eq!(used, bytes.len());
            prop_assert_eq!(text, Text::new(bytes).prose());
        }

        #[test]
        fn every_byte_is_in_a_row_that_is_no_wider_than_it_may_be(
            text in "[a-z\t日\u{202e}\\\\u{}\u{301}]{0,40}", width in 12usize..40,
        ) {
            let rows = rows(text.as_bytes(), width);
            prop_assert!(rows.iter().all(|r| r.width() <= width), "{rows:?}");
        }
    }
}
