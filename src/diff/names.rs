//! File names in a diff: plain, or quoted as C strings.

use crate::domain::text::Text;

/// A plain name up to the end of the line (a tab ends one with white space in it), or a quoted one.
pub(super) fn whole(line: &[u8]) -> Option<Text> {
    if line.first() == Some(&b'"') {
        let (name, rest) = unquote(line)?;
        return rest.is_empty().then_some(Text::new(name));
    }
    Some(Text::new(line.strip_suffix(b"\t").unwrap_or(line)))
}

/// A name without its `a/` or `b/`; `None` for `/dev/null` and for what has no such prefix.
pub(super) fn without_side(name: &Text, side: &[u8]) -> Option<Text> {
    name.as_bytes().strip_prefix(side).map(Text::new)
}

/// Both names behind `diff --git ` where they are equal, as they are for all but renames and copies.
pub(super) fn same_on_both_sides(rest: &[u8]) -> Option<Text> {
    if rest.first() == Some(&b'"') {
        let (first, _) = unquote(rest)?;
        let name = without_side(&Text::new(first), b"a/")?;
        return says(rest, &name, &name).then_some(name);
    }
    // `a/NAME b/NAME`: a name with blanks splits in the middle and nowhere else.
    let middle = rest.len().checked_sub(1)? / 2;
    let name = without_side(&Text::new(rest.get(..middle)?), b"a/")?;
    says(rest, &name, &name).then_some(name)
}

/// Whether the rest of a `diff --git ` line gives just these names.
pub(super) fn says(rest: &[u8], old: &Text, new: &Text) -> bool {
    after_name(rest, b"a/", old)
        .and_then(|rest| after_name(rest.strip_prefix(b" ")?, b"b/", new))
        .is_some_and(<[u8]>::is_empty)
}

fn after_name<'a>(rest: &'a [u8], side: &[u8], name: &Text) -> Option<&'a [u8]> {
    let is_it = |text: &[u8]| text.strip_prefix(side) == Some(name.as_bytes());
    if rest.first() == Some(&b'"') {
        return unquote(rest).filter(|(text, _)| is_it(text)).map(|(_, rest)| rest);
    }
    rest.strip_prefix(side)?.strip_prefix(name.as_bytes())
}

/// What stands in a C string at the beginning, and what follows it.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (first, after) = rest.split_first()?;
        rest = match first {
            b'"' => return Some((name, after)),
            b'\\' => escaped(after, &mut name)?,
            byte => {
                name.push(*byte);
                after
            }
        };
    }
}

fn escaped<'a>(text: &'a [u8], name: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (first, after) = text.split_first()?;
    let byte = match first {
        b'a' => 7,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 11,
        b'f' => 12,
        b'r' => b'\r',
        b'"' | b'\\' => *first,
        b'0'..=b'3' => {
            let (digits, after) = text.split_at_checked(3)?;
            name.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?);
            return Some(after);
        }
        _ => return None,
    };
    name.push(byte);
    Some(after)
}
