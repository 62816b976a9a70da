//! Blocks that only moved: removed at one place, added byte for byte at another. The work is bounded whatever the
//! lines are.

use std::collections::HashMap;

use super::{Index, LineKind};

/// A block counts from so many letters and digits on: a brace that is there twice did not move.
const LEAST: usize = 20;
/// So many places are tried for a line that stands at many.
const PLACES: usize = 16;
/// With more changed lines nothing is looked for.
pub const MOST_LINES: usize = 50_000;

/// A line of one side and its place among all.
type Placed<'a> = (usize, &'a [u8]);

/// Where the content of every line begins that only moved, in order.
pub fn places(index: &Index, source: &[u8]) -> Vec<u64> {
    let (mut lines, mut begins) = (Vec::new(), Vec::new());
    for file in &index.files {
        for part in index.parts_of(file).iter().filter(|part| part.place.is_some()) {
            let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
            let mut begin = part.body();
            for line in source.get(at(part.body())..at(part.end())).unwrap_or_default().split_inclusive(|b| *b == b'\n')
            {
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                lines.push((LineKind::of(text, file.parents), text.get(file.parents.into()..).unwrap_or_default()));
                begins.push(begin + u64::from(file.parents));
                begin += line.len() as u64;
            }
            // No block goes on over the end of a part.
            lines.push((LineKind::Context, &[]));
            begins.push(begin);
        }
    }
    let mut moved: Vec<u64> =
        twins(&lines).iter().zip(begins).filter(|(twin, _)| twin.is_some()).map(|(_, at)| at).collect();
    moved.sort_unstable();
    moved
}

/// For every line where its twin stands, if it belongs to a block that moved.
pub fn twins(lines: &[(LineKind, &[u8])]) -> Vec<Option<usize>> {
    let mut twins = vec![None; lines.len()];
    let of = |kind| lines.iter().enumerate().filter(move |(_, (k, _))| *k == kind).map(|(at, (_, text))| (at, *text));
    let removed: Vec<Placed<'_>> = of(LineKind::Removed).collect();
    let added: Vec<Placed<'_>> = of(LineKind::Added).collect();
    if removed.len() + added.len() > MOST_LINES {
        return twins;
    }
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    added.iter().enumerate().for_each(|(i, (_, text))| places.entry(text).or_default().push(i));
    let mut taken = vec![false; added.len()];
    let mut at = 0;
    while let Some((_, text)) = removed.get(at) {
        let tried = places.get(text).map(Vec::as_slice).unwrap_or_default();
        let free = tried.iter().filter(|i| taken.get(**i) == Some(&false)).take(PLACES);
        let runs = free.map(|i| (run(&removed, at, &added, *i, &taken), *i));
        let (length, begin) = runs.max_by_key(|(length, _)| *length).unwrap_or((0, 0));
        if weight(removed.iter().skip(at).take(length)) >= LEAST {
            for step in 0..length {
                pair(&removed, at + step, &added, begin + step, &mut twins);
                taken.get_mut(begin + step).into_iter().for_each(|t| *t = true);
            }
        }
        // What was too little stays too little from its second line on.
        at += length.max(1);
    }
    twins
}

/// How many lines are the same from here on, each side without a gap.
fn run(removed: &[Placed<'_>], at: usize, added: &[Placed<'_>], begin: usize, taken: &[bool]) -> usize {
    let same = |n: &usize| {
        let both = follows(removed, at, *n).zip(follows(added, begin, *n));
        both.is_some_and(|(old, new)| old == new) && taken.get(begin + n) == Some(&false)
    };
    (0..).take_while(same).count()
}

/// The line so many lines behind another, where nothing else stands between.
fn follows<'a>(side: &[Placed<'a>], at: usize, n: usize) -> Option<&'a [u8]> {
    let (first, _) = side.get(at)?;
    let (place, text) = side.get(at + n)?;
    (*place == first + n).then_some(*text)
}

fn weight<'a>(lines: impl Iterator<Item = &'a Placed<'a>>) -> usize {
    lines.map(|(_, text)| text.iter().filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80).count()).sum()
}

fn pair(removed: &[Placed<'_>], r: usize, added: &[Placed<'_>], a: usize, twins: &mut [Option<usize>]) {
    let (Some((old, _)), Some((new, _))) = (removed.get(r), added.get(a)) else { return };
    for (one, other) in [(*old, *new), (*new, *old)] {
        twins.get_mut(one).into_iter().for_each(|twin| *twin = Some(other));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::block::lines;

    fn moved(all: &[&str]) -> Vec<Option<usize>> {
        twins(&lines(all))
    }

    #[test]
    fn a_block_that_stands_elsewhere_now_is_told() {
        let lines = [
            "-fn first_of_all() {",
            "-    work_on_it();",
            "-}",
            " other",
            "+fn first_of_all() {",
            "+    work_on_it();",
            "+}",
            "+new",
        ];
        let some = |n| Some(n);
        assert_eq!(moved(&lines), [some(4), some(5), some(6), None, some(0), some(1), some(2), None]);
    }

    #[test]
    fn a_block_is_found_again_in_another_file() {
        let part = |sign: char, counts: &str, name: &str| {
            let lines =
                ["fn first_of_all() {", "    work_on_it();", "}"].map(|line| format!("{sign}{line}\n")).concat();
            format!("diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ {counts} @@\n{lines}")
        };
        let diff = [part('-', "-1,3 +0,0", "x"), part('+', "-0,0 +1,3", "y")].concat();
        let found = places(&crate::diff::parse(diff.as_bytes()), diff.as_bytes());
        let shown: Vec<&str> = found.iter().filter_map(|at| diff.get(*at as usize..)?.lines().next()).collect();
        assert_eq!(shown, ["fn first_of_all() {", "    work_on_it();", "}"].repeat(2));
    }

    #[test]
    fn what_changed_on_the_way_or_is_too_little_did_not_move() {
        let lines =
            ["-fn first_of_all() {", "-    work_on_it(1);", " x", "+fn first_of_all() {", "+    work_on_it(2);"];
        assert_eq!(moved(&lines), [None; 5]);
        assert_eq!(moved(&["-}", " x", "+}"]), [None; 3]);
    }

    #[test]
    fn the_same_line_a_thousand_times_is_no_work() {
        let line = (LineKind::Removed, b"}".as_slice());
        let lines: Vec<_> =
            (0..MOST_LINES).map(|i| if i % 2 == 0 { line } else { (LineKind::Added, line.1) }).collect();
        assert!(twins(&lines).iter().all(Option::is_none));
        let mut lines = vec![line; MOST_LINES / 2];
        lines.extend(vec![(LineKind::Added, line.1); MOST_LINES / 2]);
        assert!(twins(&lines).iter().all(Option::is_none));
    }
}
