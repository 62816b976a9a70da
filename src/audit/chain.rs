//! How one line follows another, and who is to blame where it does not.

use serde::Deserialize;

use crate::domain::digest::Digest;
use crate::domain::record::Head;
use crate::domain::text::SafeText;
use crate::safe;

/// What of a line makes the chain. The rest is read too, so that a line that is not JSON is noticed.
#[derive(Deserialize)]
struct Link {
    seq: u64,
    prev: Digest,
}

/// A line as the chain sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chained {
    pub(super) prev: Digest,
    /// Its number and its own hash.
    pub(super) head: Head,
}

/// Reads number and chain of a line; `None` where it is not a record.
pub(super) fn read(line: &[u8]) -> Option<Chained> {
    let link: Link = serde_json::from_slice(line).ok()?;
    Some(Chained { prev: link.prev, head: Head { seq: link.seq, hash: Digest::of(line) } })
}

/// The number that a line gives itself, for messages; 0 where it gives none.
pub(super) fn number_of(line: &[u8]) -> u64 {
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
    }
    serde_json::from_slice::<Numbered>(line).map_or(0, |line| line.seq)
}

/// Whether a line is the one after `head`.
pub(super) fn follows(head: Head, line: &Chained) -> bool {
    line.head.seq == head.seq.saturating_add(1) && line.prev == head.hash
}

/// What is around a line that does not follow.
pub(super) struct Break {
    /// The head before the line before.
    pub(super) before: Head,
    /// The head that the line should follow.
    pub(super) head: Head,
    /// The line.
    pub(super) line: Chained,
    /// Whether the line after it follows it; `None` where there is none.
    pub(super) goes_on: Option<bool>,
}

/// How many lines back from the break the first bad one stands, and why.
pub(super) fn blame(at: &Break) -> (u64, SafeText) {
    let (expected, found) = (at.head.seq.saturating_add(1), at.line.head.seq);
    if found > expected {
        return (0, missing(expected, found - 1));
    }
    if found < expected {
        let again = at.line.head.hash == at.head.hash;
        // The line takes the place of the one before it: that one was slipped in.
        let slipped_in = follows(at.before, &at.line) && !again && at.goes_on != Some(false);
        return if slipped_in {
            (1, SafeText::lit("was slipped in"))
        } else {
            (0, safe!("is missing: record {} stands here again", found))
        };
    }
    if at.head.seq == 0 || at.goes_on == Some(false) {
        return (0, SafeText::lit("was changed: it does not chain to the one before"));
    }
    (1, SafeText::lit("was changed: the next one chains to other content"))
}

fn missing(first: u64, last: u64) -> SafeText {
    if first == last { SafeText::lit("is missing") } else { safe!("and all up to {} are missing", last) }
}
