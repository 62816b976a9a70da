//! The version that a comment behind a pinned reference claims.

use crate::domain::text::Text;

/// What tools write before a version.
const BEFORE: &[&str] = &["tag=", "ref=", "pin@", "@"];

/// The version in a comment: `v4.2.1`, `tag=v4`, `0.33.1 (2026-03-01)`; absent where it claims none.
pub fn claimed_version(comment: &Text) -> Option<Text> {
    let word = comment.as_str()?.split_whitespace().next()?;
    let word = BEFORE.iter().find_map(|before| word.strip_prefix(before)).unwrap_or(word);
    let word = word.trim_end_matches([',', ';', ':', ')']);
    let number = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_');
    let is_version = number.starts_with(|c: char| c.is_ascii_digit()) && number.bytes().all(known);
    (is_version && word.len() <= 64).then(|| word.into())
}

/// How the tag of a version may be spelled: as it is claimed, and with or without the `v`.
pub fn spellings(version: &Text) -> Vec<Text> {
    let Some(text) = version.as_str() else { return Vec::new() };
    let other = text.strip_prefix('v').map_or_else(|| format!("v{text}"), str::to_owned);
    vec![version.clone(), other.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_prose() {
        for (comment, version) in [
            ("v4.2.1", Some("v4.2.1")),
            ("tag=v4", Some("v4")),
            ("0.33.1 (2026-03-01)", Some("0.33.1")),
            ("pin@v1.2.3-rc.1", Some("v1.2.3-rc.1")),
            ("v4, see ADR 7", Some("v4")),
            ("pinned later", None),
            ("very old", None),
            ("", None),
            ("4\u{202e}", None),
        ] {
            assert_eq!(claimed_version(&comment.into()), version.map(Text::from), "{comment}");
        }
        assert_eq!(spellings(&"v1".into()), [Text::from("v1"), "1".into()]);
        assert_eq!(spellings(&"1".into()), [Text::from("1"), "v1".into()]);
    }
}
