//! The lines of a hunk side by side: what a line became stands beside it.

use super::LineKind;
use super::block::{Block, Part, parts};
use super::words;

/// A row: places of the lines on the left and on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// How it was; absent = nothing stood here.
    pub old: Option<usize>,
    /// How it is; absent = nothing stands here.
    pub new: Option<usize>,
}

/// The rows of a hunk in order; every line stands in exactly one, context on both sides. A note of a missing newline
/// stands below its line.
pub fn rows(lines: &[(LineKind, &[u8])]) -> Vec<Row> {
    let kinds: Vec<LineKind> = lines.iter().map(|(kind, _)| *kind).collect();
    let mut rows = Vec::with_capacity(lines.len());
    for part in parts(&kinds) {
        match part {
            Part::Same(range) => rows.extend(range.map(|at| Row { old: Some(at), new: Some(at) })),
            Part::Changed(block) => beside(&block, lines, &mut rows),
        }
    }
    with_notes(rows, lines)
}

/// Puts notes below the line that they stand behind; those before the first line stand before all.
fn with_notes(rows: Vec<Row>, lines: &[(LineKind, &[u8])]) -> Vec<Row> {
    let run = |from: usize| lines.iter().skip(from).take_while(|(kind, _)| *kind == LineKind::NoNewline).count();
    let mut all: Vec<Row> = (0..run(0)).map(|at| Row { old: Some(at), new: Some(at) }).collect();
    for row in rows {
        all.push(row);
        let [old, new] = [row.old, row.new].map(|at| at.map_or(0, |at| run(at + 1)));
        for step in 1..=old.max(new) {
            let below = |at: Option<usize>, notes: usize| at.filter(|_| step <= notes).map(|at| at + step);
            all.push(Row { old: below(row.old, old), new: below(row.new, new) });
        }
    }
    all
}

fn beside(block: &Block, lines: &[(LineKind, &[u8])], rows: &mut Vec<Row>) {
    let text = |at: &usize| lines.get(*at).map_or(&[][..], |(_, text)| *text);
    let (removed, added): (Vec<&[u8]>, Vec<&[u8]>) =
        (block.removed.iter().map(text).collect(), block.added.iter().map(text).collect());
    let (mut old, mut new) = (0, 0);
    for pair in words::pairs(&removed, &added) {
        fill(block, (old, pair.removed), (new, pair.added), rows);
        fill(block, (pair.removed, pair.removed + 1), (pair.added, pair.added + 1), rows);
        (old, new) = (pair.removed + 1, pair.added + 1);
    }
    fill(block, (old, block.removed.len()), (new, block.added.len()), rows);
}

/// Lines without a partner: as they come, one beside the other.
fn fill(block: &Block, old: (usize, usize), new: (usize, usize), rows: &mut Vec<Row>) {
    let part = |lines: &[usize], (from, to): (usize, usize)| lines.get(from..to).unwrap_or_default().to_vec();
    let (old, new) = (part(&block.removed, old), part(&block.added, new));
    for at in 0..old.len().max(new.len()) {
        rows.push(Row { old: old.get(at).copied(), new: new.get(at).copied() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(all: &[&str]) -> Vec<(Option<usize>, Option<usize>)> {
        rows(&crate::diff::block::lines(all)).iter().map(|row| (row.old, row.new)).collect()
    }

    #[test]
    fn what_a_line_became_stands_beside_it() {
        assert_eq!(
            shown(&[" same", "-let a = one(x);", "-gone for good", "+a remark", "+let a = one(y);", " same"]),
            [(Some(0), Some(0)), (None, Some(3)), (Some(1), Some(4)), (Some(2), None), (Some(5), Some(5))]
        );
        assert_eq!(
            shown(&["-the old end", "\\", "+the new end", "\\", " a", "\\"]),
            [(Some(0), Some(2)), (Some(1), Some(3)), (Some(4), Some(4)), (Some(5), Some(5))]
        );
        assert_eq!(
            shown(&["\\", "+new", "\\", "\\"]),
            [(Some(0), Some(0)), (None, Some(1)), (None, Some(2)), (None, Some(3))]
        );
        assert_eq!(shown(&["-cat", "-dog", "+1 2 3"]), [(Some(0), Some(2)), (Some(1), None)]);
    }

    proptest! {
        #[test]
        fn every_line_stands_in_one_row_and_in_order(lines in prop::collection::vec("[ +\\-][ab]{0,3}", 0..30)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let rows = shown(&lines);
            for sign in ['-', '+'] {
                let side: Vec<usize> = rows.iter().filter_map(|(old, new)| if sign == '-' { *old } else { *new }).collect();
                let wanted: Vec<usize> = (0..lines.len()).filter(|i| !lines[*i].starts_with(if sign == '-' { '+' } else { '-' })).collect();
                prop_assert_eq!(side, wanted);
            }
        }
    }
}
