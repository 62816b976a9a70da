//! Safe text taken back to the bytes that it stands for: so that a text which is kept and shown again is escaped once.

use super::{SafeText, Text};

impl From<&SafeText> for Text {
    /// Undoes the encoder. That this can be done is what makes it injective.
    fn from(safe: &SafeText) -> Self {
        let mut out = Vec::with_capacity(safe.as_str().len());
        let mut rest = safe.as_str();
        while let Some(at) = rest.find('\\') {
            let (before, from) = rest.split_at(at);
            out.extend_from_slice(before.as_bytes());
            let run = from.len() - from.trim_start_matches('\\').len();
            let (_, after) = from.split_at(run);
            let coded = after.starts_with(['u', 'x', 'n', 'r', 't']);
            out.extend(std::iter::repeat_n(b'\\', if coded { run / 2 } else { run }));
            rest = match marker(after).filter(|_| coded && run % 2 == 1) {
                Some((bytes, rest)) => {
                    out.extend_from_slice(&bytes);
                    rest
                }
                None => after,
            };
        }
        out.extend_from_slice(rest.as_bytes());
        Text::new(out)
    }
}

impl From<SafeText> for Text {
    fn from(safe: SafeText) -> Self {
        Text::from(&safe)
    }
}

/// What the marker stands for whose backslash is before `after`, and what follows it.
fn marker(after: &str) -> Option<(Vec<u8>, &str)> {
    let (kind, rest) = after.split_at_checked(1)?;
    let one = |byte| Some((vec![byte], rest));
    match kind {
        "n" => one(b'\n'),
        "r" => one(b'\r'),
        "t" => one(b'\t'),
        "x" => {
            let (digits, rest) = rest.split_at_checked(2)?;
            Some((vec![u8::from_str_radix(digits, 16).ok()?], rest))
        }
        _ => {
            let (digits, rest) = rest.strip_prefix('{')?.split_once('}')?;
            let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            Some((c.to_string().into_bytes(), rest))
        }
    }
}
