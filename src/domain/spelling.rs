//! Which word was meant: for unknown keys, names and verbs in files and on the command line.

use super::text::{SafeText, Text};
use crate::safe;

/// The candidate nearest to the word, where it is near enough to have been meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let scored = candidates.into_iter().map(|c| (distance(word, c), c));
    scored.filter(|(d, _)| *d <= limit).min_by_key(|(d, _)| *d).map(|(_, c)| c)
}

/// How to mend a word that is none of the candidates: "did you mean `x`?", or all of them.
pub fn mend<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> SafeText {
    if let Some(near) = nearest(word, candidates.clone()) {
        return safe!("did you mean `{}`?", Text::from(near).ident());
    }
    let all: Vec<SafeText> = candidates.into_iter().map(|c| Text::from(c).ident()).collect();
    safe!("known are: {}", SafeText::join(&all, ", "))
}

/// Edits between two words; a swap of neighbours counts as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: [Vec<usize>; 2] = [vec![], (0..=b.len()).collect()];
    let mut before: Option<char> = None;
    for (i, &x) in a.iter().enumerate() {
        let [older, last] = rows;
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let swapped = match j.checked_sub(1).and_then(|k| b.get(k)) {
                Some(&z) if before == Some(y) && z == x => at(&older, j - 1) + 1,
                _ => usize::MAX,
            };
            let best = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            row.push(best.min(swapped));
        }
        before = Some(x);
        rows = [last, row];
    }
    rows[1].last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_nonsense_is_not() {
        let known = ["theme", "bell", "hold_back", "poll_interval"];
        for (word, meant) in [
            ("theme", Some("theme")),
            ("tehme", Some("theme")),
            ("bel", Some("bell")),
            ("holdback", Some("hold_back")),
            ("poll-intervall", Some("poll_interval")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(mend("colour", known).as_str(), "known are: theme, bell, hold_back, poll_interval");
    }

    #[test]
    fn a_swap_of_neighbours_is_one_edit() {
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
