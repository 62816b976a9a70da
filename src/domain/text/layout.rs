//! Safe text in columns: wrapped by words or by columns, and split where a marker stands for something hidden.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use super::SafeText;

impl SafeText {
    fn part(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }

    /// Pieces of at most `width` columns, cut wherever the width ends. Always at least one.
    pub fn wrap_columns(&self, width: usize) -> Vec<SafeText> {
        let width = width.max(2);
        let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
        for c in self.0.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > width {
                rows.push(Self(Cow::Owned(std::mem::take(&mut row))));
                used = 0;
            }
            row.push(c);
            used += columns;
        }
        rows.push(Self(Cow::Owned(row)));
        rows
    }

    /// Pieces of at most `width` columns, cut at spaces where there are some. Always at least one.
    pub fn wrap_words(&self, width: usize) -> Vec<SafeText> {
        let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
        for word in self.0.split(' ').map(Self::part) {
            let gap = usize::from(!row.is_empty());
            if used + gap + word.width() <= width {
                row.push_str(if gap == 1 { " " } else { "" });
                row.push_str(word.as_str());
                used += gap + word.width();
                continue;
            }
            if !row.is_empty() {
                rows.push(Self(Cow::Owned(std::mem::take(&mut row))));
            }
            let mut cut = word.wrap_columns(width);
            row = cut.pop().unwrap_or_default().0.into_owned();
            used = Self::part(&row).width();
            rows.append(&mut cut);
        }
        rows.push(Self(Cow::Owned(row)));
        rows
    }

    /// What follows `first` at the beginning of this text, without the blank between them.
    pub fn after(&self, first: &SafeText) -> Option<SafeText> {
        let rest = self.as_str().strip_prefix(first.as_str())?;
        Some(Self::part(rest.strip_prefix(' ').unwrap_or(rest)))
    }

    /// How many blanks it begins with, and what follows them.
    pub fn without_indent(&self) -> (usize, SafeText) {
        let rest = self.as_str().trim_start_matches(' ');
        (self.0.len() - rest.len(), Self::part(rest))
    }

    /// The parts of the text; `true` where a part is a marker of the encoder's, such as `\u{202e}`.
    pub fn markers(&self) -> Vec<(SafeText, bool)> {
        let mut parts = Vec::new();
        let (mut rest, mut plain) = (self.as_str(), String::new());
        while let Some(at) = rest.find('\\') {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            let run = from.len() - from.trim_start_matches('\\').len();
            let (slashes, after) = from.split_at(run);
            rest = after;
            let length = marker_length(after).filter(|_| run % 2 == 1);
            let Some((code, tail)) = length.and_then(|n| after.split_at_checked(n)) else {
                plain.push_str(slashes);
                continue;
            };
            plain.push_str(slashes.split_at(run - 1).0);
            flush(&mut plain, &mut parts);
            parts.push((Self::part(&["\\", code].concat()), true));
            rest = tail;
        }
        plain.push_str(rest);
        flush(&mut plain, &mut parts);
        parts
    }
}

fn flush(plain: &mut String, parts: &mut Vec<(SafeText, bool)>) {
    if !plain.is_empty() {
        parts.push((SafeText(Cow::Owned(std::mem::take(plain))), false));
    }
}

/// How long the marker is whose backslash stands before `after`.
fn marker_length(after: &str) -> Option<usize> {
    match after.chars().next()? {
        'u' => after.find('}').map(|end| end + 1),
        'x' => Some(3),
        'n' | 'r' | 't' => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Text;
    use proptest::prelude::*;

    fn texts(rows: &[SafeText]) -> Vec<&str> {
        rows.iter().map(SafeText::as_str).collect()
    }

    #[test]
    fn lines_wrap_at_words_and_long_words_are_cut() {
        let text = SafeText::lit("ship the new parser now");
        assert_eq!(texts(&text.wrap_words(10)), ["ship the", "new parser", "now"]);
        assert_eq!(texts(&SafeText::lit("a deadbeefdeadbeef b").wrap_words(8)), ["a", "deadbeef", "deadbeef", "b"]);
        assert_eq!(texts(&SafeText::default().wrap_words(8)), [""]);
    }

    #[test]
    fn columns_count_wide_characters() {
        assert_eq!(texts(&Text::from("日本語x").ident().wrap_columns(5)), ["日本", "語x"]);
    }

    #[test]
    fn markers_are_told_from_text_that_looks_like_them() {
        let shown = Text::from("a\u{202e}b\\u{41}\r").ident();
        let parts = shown.markers();
        let marked: Vec<_> = parts.iter().map(|(t, m)| (t.as_str(), *m)).collect();
        assert_eq!(marked, [("a", false), ("\\u{202e}", true), ("b\\\\u{41}", false), ("\\r", true)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(bytes in proptest::collection::vec(any::<u8>(), 0..60), width in 0usize..20) {
            let shown = Text::new(bytes).prose();
            let parts: String = shown.markers().iter().map(|(t, _)| t.as_str().to_owned()).collect();
            prop_assert_eq!(parts, shown.as_str());
            let rows: String = shown.wrap_columns(width).iter().map(|t| t.as_str().to_owned()).collect();
            prop_assert_eq!(rows, shown.as_str());
            prop_assert!(shown.wrap_columns(width).iter().all(|t| t.width() <= width.max(2)));
        }
    }
}
