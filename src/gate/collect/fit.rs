//! Makes evidence fit into one call: the longest list gives up its second half until it does, and says so. Pure.

use serde::Serialize;

use crate::domain::evidence::{Cut, Evidence, Tree};
use crate::domain::json;
use crate::domain::text::Text;

/// Bytes of JSON; a broker takes calls of 1 MiB, and the rest of a submission needs room as well.
pub const MOST: usize = 640 << 10;

const LISTS: [&str; 6] =
    ["commits", "actions", "facts of pipeline files", "changed files", "untracked files", "notes of what was left out"];

/// Cuts lists until the evidence fits. One entry of each stays: an empty list would say that there was nothing.
pub fn fit(evidence: &mut Evidence, most: usize) {
    let whole = lengths(evidence);
    while size(evidence) > most {
        let sizes = sizes(evidence);
        let longest = (0..LISTS.len()).filter(|at| lengths(evidence).get(*at).is_some_and(|n| *n > 1));
        let Some(longest) = longest.max_by_key(|at| sizes.get(*at).copied()) else { break };
        halve(evidence, longest);
    }
    for ((name, of), kept) in LISTS.iter().zip(whole).zip(lengths(evidence)) {
        if kept < of {
            evidence.cuts.push(Cut { what: Text::from(format!("{name}, for size")), kept, of });
        }
    }
}

fn size(value: &impl Serialize) -> usize {
    json::to_line(value).map_or(0, |line| line.len())
}

fn sizes(e: &Evidence) -> [usize; 6] {
    let tree = |list: fn(&Tree) -> &Vec<Text>| e.tree.as_ref().map_or(0, |tree| size(list(tree)));
    [size(&e.commits), size(&e.actions), size(&e.pipeline), tree(|t| &t.changed), tree(|t| &t.untracked), size(&e.cuts)]
}

fn lengths(e: &Evidence) -> [u64; 6] {
    let tree = |list: fn(&Tree) -> &Vec<Text>| e.tree.as_ref().map_or(0, |tree| list(tree).len());
    let lengths = [
        e.commits.len(),
        e.actions.len(),
        e.pipeline.len(),
        tree(|t| &t.changed),
        tree(|t| &t.untracked),
        e.cuts.len(),
    ];
    lengths.map(|n| n as u64)
}

fn halve(evidence: &mut Evidence, list: usize) {
    fn half<T>(list: &mut Vec<T>) {
        list.truncate((list.len() / 2).max(1));
    }
    match (list, &mut evidence.tree) {
        (0, _) => half(&mut evidence.commits),
        (1, _) => half(&mut evidence.actions),
        (2, _) => half(&mut evidence.pipeline),
        (3, Some(tree)) => half(&mut tree.changed),
        (4, Some(tree)) => half(&mut tree.untracked),
        _ => half(&mut evidence.cuts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::Digest;

    fn evidence(changed: usize, untracked: usize) -> Evidence {
        let names = |n: usize| (0..n).map(|i| Text::from(format!("{i:0>100}"))).collect();
        let tree = Tree { digest: Digest::of(b""), changed: names(changed), untracked: names(untracked) };
        Evidence { tree: Some(tree), ..Evidence::default() }
    }

    #[test]
    fn what_fits_is_left_alone() {
        let mut small = evidence(3, 3);
        fit(&mut small, MOST);
        assert_eq!(small, evidence(3, 3));
    }

    #[test]
    fn the_longest_list_is_cut_and_said() {
        let mut large = evidence(100, 3);
        fit(&mut large, 4_000);
        let tree = large.tree.as_ref().unwrap();
        assert_eq!((tree.changed.len(), tree.untracked.len()), (25, 3));
        assert_eq!(large.cuts, [Cut { what: Text::from("changed files, for size"), kept: 25, of: 100 }]);
    }

    #[test]
    fn a_tree_that_is_not_clean_never_becomes_so() {
        let mut large = evidence(9, 1);
        fit(&mut large, 0);
        assert!(!large.tree.as_ref().unwrap().is_clean());
        assert_eq!(large.tree.unwrap().untracked.len(), 1);
    }
}
