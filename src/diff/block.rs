//! Lines that were replaced: a run of removed ones and the run of added ones behind it.

use std::ops::Range;

use super::LineKind;

/// Removed lines and the added lines that stand in their place; one of them may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Places of the removed lines.
    pub removed: Vec<usize>,
    /// Places of the added lines.
    pub added: Vec<usize>,
}

/// What stands between two blocks, or a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Lines that are the same on both sides.
    Same(Range<usize>),
    /// Lines that were replaced.
    Changed(Block),
}

/// The lines of a hunk in order, as blocks and what stands between them. Notes of a missing newline belong to no
/// part.
pub fn parts(kinds: &[LineKind]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (place, kind) in kinds.iter().enumerate() {
        match (kind, parts.last_mut()) {
            (LineKind::Context, Some(Part::Same(range))) if range.end == place => range.end = place + 1,
            (LineKind::Context, _) => parts.push(Part::Same(place..place + 1)),
            (LineKind::Removed, Some(Part::Changed(block))) if block.added.is_empty() => block.removed.push(place),
            (LineKind::Removed, _) => parts.push(Part::Changed(Block { removed: vec![place], added: vec![] })),
            (LineKind::Added, Some(Part::Changed(block))) => block.added.push(place),
            (LineKind::Added, _) => parts.push(Part::Changed(Block { removed: vec![], added: vec![place] })),
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
pub(super) fn kinds(signs: &str) -> Vec<LineKind> {
    let kind = |sign| match sign {
        '+' => LineKind::Added,
        '-' => LineKind::Removed,
        '\\' => LineKind::NoNewline,
        _ => LineKind::Context,
    };
    signs.chars().map(kind).collect()
}

/// Lines whose first character is their sign.
#[cfg(test)]
pub(super) fn lines<'a>(all: &[&'a str]) -> Vec<(LineKind, &'a [u8])> {
    let line = |line: &&'a str| {
        let (sign, text) = line.split_at(1);
        kinds(sign).into_iter().map(move |kind| (kind, text.as_bytes()))
    };
    all.iter().flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_and_added_lines_that_stand_together_are_one_block() {
        let block = |removed: &[usize], added: &[usize]| {
            Part::Changed(Block { removed: removed.to_vec(), added: added.to_vec() })
        };
        assert_eq!(
            parts(&kinds("  --+ -\\+\\+-")),
            [Part::Same(0..2), block(&[2, 3], &[4]), Part::Same(5..6), block(&[6], &[8, 10]), block(&[11], &[])]
        );
        assert_eq!(parts(&kinds("+")), [block(&[], &[0])]);
        assert_eq!(parts(&[]), []);
    }
}
