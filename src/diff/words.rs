//! What of a line changed: the removed and the added lines of a block are compared word by word, each with the one
//! that it most likely became. The work is bounded whatever the lines are.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::blanks;

/// Longer lines are not compared.
const LONGEST: usize = 2_000;
/// Lines with more words are not compared.
const MOST_WORDS: usize = 500;
/// So many added lines are looked at for one removed line.
const CANDIDATES: usize = 6;
/// Of a block of more lines only changes of blanks are told.
const MOST_LINES: usize = 400;
/// Bytes of a word that count.
const LONG_WORD: usize = 12;
/// In hundredths: lines of which less is the same are others, not changed ones.
const ALIKE: usize = 40;

/// Parts of a line, in bytes, from left to right.
pub type Parts = Vec<Range<usize>>;

/// A removed line and the added line that it became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Place among the removed lines.
    pub removed: usize,
    /// Place among the added lines.
    pub added: usize,
    /// What of the removed line is gone.
    pub gone: Parts,
    /// What of the added line is new.
    pub new: Parts,
}

/// The pairs of a block, in order: neither side ever goes back. Lines without a partner are in none.
pub fn pairs(removed: &[&[u8]], added: &[&[u8]]) -> Vec<Pair> {
    if removed.len() + added.len() > MOST_LINES {
        return only_blanks(removed, added);
    }
    let mut free = 0;
    let mut pairs = Vec::new();
    for (r, old) in removed.iter().enumerate() {
        let mut candidates = added.iter().enumerate().skip(free).take(CANDIDATES);
        let found = candidates.find_map(|(a, new)| Some((a, compare(old, new)?)));
        if let Some((a, (gone, new))) = found {
            free = a + 1;
            pairs.push(Pair { removed: r, added: a, gone, new });
        }
    }
    pairs
}

/// Of a large block only lines at the same place are compared, where nothing but blanks differs: that must be seen.
fn only_blanks(removed: &[&[u8]], added: &[&[u8]]) -> Vec<Pair> {
    let beside = removed.iter().zip(added).enumerate().filter(|(_, (old, new))| blanks::only_blanks_differ(old, new));
    let pair = |(at, (old, new)): (usize, (&&[u8], &&[u8]))| {
        compare(old, new).map(|(gone, new)| Pair { removed: at, added: at, gone, new })
    };
    beside.filter_map(pair).collect()
}

/// What differs between two lines; absent = they are not alike, or too long to say.
pub fn compare(old: &[u8], new: &[u8]) -> Option<(Parts, Parts)> {
    if old.len().max(new.len()) > LONGEST {
        return None;
    }
    let (olds, news) = (words(old), words(new));
    if olds.len().max(news.len()) > MOST_WORDS {
        return None;
    }
    let (old_texts, new_texts) = (texts(old, &olds), texts(new, &news));
    let all = weight(old, &olds) + weight(new, &news);
    // Most lines of a block are others altogether: what they share of words at the most is told sooner.
    let shared: Vec<Range<usize>> = olds
        .iter()
        .zip(&old_texts)
        .filter(|(_, text)| new_texts.contains(text))
        .map(|(word, _)| word.clone())
        .collect();
    if !alike(weight(old, &shared), all) {
        return None;
    }
    let ops = capture_diff_slices(Algorithm::Myers, &old_texts, &new_texts);
    let (mut gone, mut fresh, mut same) = (Parts::new(), Parts::new(), 0);
    for op in ops {
        match op {
            DiffOp::Equal { old_index, len, .. } => same += weight(old, olds.get(old_index..old_index + len)?),
            other => {
                push(&mut gone, old, olds.get(other.old_range())?);
                push(&mut fresh, new, news.get(other.new_range())?);
            }
        }
    }
    alike(same, all).then_some((gone, fresh))
}

/// Whether lines of which so much is the same are one line that changed. Lines of nothing but blanks have no weight:
/// they are alike.
fn alike(same: usize, all: usize) -> bool {
    2 * same * 100 >= all * ALIKE
}

fn texts<'a>(line: &'a [u8], words: &[Range<usize>]) -> Vec<&'a [u8]> {
    words.iter().map(|word| line.get(word.clone()).unwrap_or_default()).collect()
}

/// So many bytes are no blanks; of a long word only its beginning counts, so that a digest which changed does not make
/// its line another one.
fn weight(line: &[u8], words: &[Range<usize>]) -> usize {
    let black = |word: &[u8]| word.iter().filter(|b| !b.is_ascii_whitespace()).count().min(LONG_WORD);
    texts(line, words).into_iter().map(black).sum()
}

/// Adds words that follow each other; parts with nothing but blanks between them become one.
fn push(parts: &mut Parts, line: &[u8], words: &[Range<usize>]) {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return };
    let between = |end: usize| line.get(end..first.start).is_some_and(|gap| gap.iter().all(u8::is_ascii_whitespace));
    match parts.last_mut().filter(|part| between(part.end)) {
        Some(part) => part.end = last.end,
        None => parts.push(first.start..last.end),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Blank,
    /// Signs stand alone.
    Sign,
}

fn class(byte: u8) -> Class {
    match byte {
        b' ' | b'\t' => Class::Blank,
        // Bytes of other scripts stay together: no character is ever cut.
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Word,
        _ => Class::Sign,
    }
}

fn words(line: &[u8]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut last = Class::Sign;
    for (at, byte) in line.iter().enumerate() {
        let class = class(*byte);
        match words.last_mut() {
            Some(word) if class == last && class != Class::Sign => word.end = at + 1,
            _ => words.push(at..at + 1),
        }
        last = class;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(line: &str, parts: &Parts) -> String {
        let mut out = line.to_owned();
        for part in parts.iter().rev() {
            out.insert(part.end, ']');
            out.insert(part.start, '[');
        }
        out
    }

    #[test]
    fn the_words_that_changed_are_told() {
        for (old, new, gone, fresh) in [
            ("let a = get(b);", "let a = get(c);", "let a = get([b]);", "let a = get([c]);"),
            ("image: app:v1.2.3", "image: app:v1.2.4", "image: app:v1.2.[3]", "image: app:v1.2.[4]"),
            ("run: make", "run: make && curl x", "run: make", "run: make[ && curl x]"),
            ("    x = 1", "  x = 1", "[    ]x = 1", "[  ]x = 1"),
            (
                "- uses: a/b@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v3",
                "- uses: a/b@11bd71901bbe5b1630ceea73d27597364c9af683 # v4",
                "- uses: a/b@[8f4b7f84864484a7bf31766abe9204da3cbe65b3] # [v3]",
                "- uses: a/b@[11bd71901bbe5b1630ceea73d27597364c9af683] # [v4]",
            ),
            ("key: ключ один", "key: ключ два", "key: ключ [один]", "key: ключ [два]"),
        ] {
            let (left, right) = compare(old.as_bytes(), new.as_bytes()).unwrap();
            assert_eq!((shown(old, &left), shown(new, &right)), (gone.into(), fresh.into()));
        }
    }

    #[test]
    fn lines_find_their_partners_and_others_have_none() {
        let removed: &[&[u8]] = &[b"let first = one(a);", b"something else entirely", b"let last = two(b);"];
        let added: &[&[u8]] = &[b"// a new remark", b"let first = one(x);", b"let last = two(y);"];
        let found: Vec<_> = pairs(removed, added).iter().map(|p| (p.removed, p.added)).collect();
        assert_eq!(found, [(0, 1), (2, 2)]);
    }

    #[test]
    fn lines_without_end_cost_nothing() {
        let long = vec![b'x'; 1 << 20];
        assert_eq!(compare(&long, b"x"), None);
        let signs = vec![b';'; LONGEST];
        assert_eq!(compare(&signs, &signs), None);
        let many = vec![b"x".as_slice(); MOST_LINES];
        assert_eq!(pairs(&many, &many), []);
        let again = vec![b"\tx".as_slice(); MOST_LINES];
        assert!(pairs(&many, &again).iter().all(|pair| pair.removed == pair.added));
        assert_eq!(pairs(&many, &again).len(), MOST_LINES);
    }

    proptest! {
        #[test]
        fn what_is_left_without_the_changes_is_the_same(old in "[a-c .é]{0,30}", new in "[a-c .é]{0,30}") {
            if let Some((gone, fresh)) = compare(old.as_bytes(), new.as_bytes()) {
                let rest = |line: &str, parts: &Parts| {
                    let mut line = line.to_owned();
                    parts.iter().rev().for_each(|part| line.replace_range(part.clone(), ""));
                    line.replace(' ', "")
                };
                prop_assert_eq!(rest(&old, &gone), rest(&new, &fresh));
                prop_assert!(gone.iter().chain(&fresh).all(|part| !part.is_empty()));
            }
        }

        #[test]
        fn pairs_never_cross(removed in prop::collection::vec("[ab ]{0,6}", 0..9), added in prop::collection::vec("[ab ]{0,6}", 0..9)) {
            let bytes = |lines: &[String]| lines.iter().map(|l| l.clone().into_bytes()).collect::<Vec<_>>();
            let (removed, added) = (bytes(&removed), bytes(&added));
            let (removed, added): (Vec<&[u8]>, Vec<&[u8]>) =
                (removed.iter().map(Vec::as_slice).collect(), added.iter().map(Vec::as_slice).collect());
            let found = pairs(&removed, &added);
            prop_assert!(found.windows(2).all(|w| w[0].removed < w[1].removed && w[0].added < w[1].added));
        }
    }
}
