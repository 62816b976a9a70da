//! Where bytes of a content stand in the text that they became.

use super::{Encoder, Profile, Signs, is_mark};

/// Where in the prose that `bytes` become the bytes at these places are drawn; the places rise. The text may
/// be cut there: neither a marker is torn, nor a run of backslashes, nor a mark from what it stands on.
pub fn prose_places(bytes: &[u8], signs: Signs, at: &[usize]) -> Vec<usize> {
    if signs.blank.is_none() && bytes.iter().all(|b| matches!(b, b' '..=b'~') && *b != b'\\') {
        return at.iter().map(|place| (*place).min(bytes.len())).collect();
    }
    let mut scale = Scale { encoder: Encoder::new(Profile::Prose), at, places: Vec::with_capacity(at.len()) };
    let mut byte = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            scale.character(byte, c, signs);
            byte += c.len_utf8();
        }
        for invalid in chunk.invalid() {
            scale.note(byte);
            scale.encoder.marker(format_args!("\\x{invalid:02x}"));
            byte += 1;
        }
    }
    scale.encoder.end_slashes(false);
    scale.note(usize::MAX);
    scale.places
}

struct Scale<'a> {
    encoder: Encoder,
    at: &'a [usize],
    places: Vec<usize>,
}

impl Scale<'_> {
    fn note(&mut self, byte: usize) {
        while self.at.get(self.places.len()).is_some_and(|place| *place <= byte) {
            self.places.push(self.encoder.out.len());
        }
    }

    fn character(&mut self, byte: usize, c: char, signs: Signs) {
        if !is_mark(c) {
            self.note(byte);
        }
        self.encoder.with_signs(c, signs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::{Text, prose_row};
    use proptest::prelude::*;

    const TAB: Signs = Signs { tab: "»   ", blank: None };
    const ALL: Signs = Signs { blank: Some('·'), ..TAB };

    #[test]
    fn bytes_are_found_in_the_text_that_they_became() {
        for (text, at, places) in [
            ("abc", &[0, 1, 3][..], &[0, 1, 3][..]),
            ("a\tb", &[1, 2], &[1, 6]),
            ("é\u{202e}x", &[2, 5], &[2, 10]),
            // A run of backslashes is not torn, nor is a mark taken from its letter.
            ("a\\\\b", &[2, 3], &[1, 1]),
            ("e\u{301}x", &[1, 3], &[3, 3]),
        ] {
            assert_eq!(prose_places(text.as_bytes(), TAB, at), places, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn cuts_lose_nothing_and_make_no_marker(
            text in "[a-u \t日\u{202e}\\\\{}\u{301}]{0,30}", mut at in prop::collection::vec(0usize..90, 0..6),
            signs in prop::sample::select(vec![TAB, ALL]),
        ) {
            at.sort_unstable();
            let (whole, _) = prose_row(text.as_bytes(), usize::MAX / 2, signs);
            let places = prose_places(text.as_bytes(), signs, &at);
            prop_assert_eq!(places.len(), at.len());
            let parts = whole.cut_at(places);
            let marked = |text: &crate::domain::text::SafeText| text.markers().iter().filter(|(_, marker)| *marker).count();
            prop_assert_eq!(parts.iter().map(marked).sum::<usize>(), marked(&whole));
            prop_assert_eq!(parts.iter().map(|part| part.as_str()).collect::<String>(), whole.as_str());
            prop_assert!(text.contains(['\t', ' ']) || whole == Text::from(text.as_str()).prose());
        }
    }
}
