//! A part whose end has not come: how many lines its head still promises.

use std::ops::ControlFlow;

use super::lines::LineKind;
use super::newlines::newlines;
use super::{Part, Place};

/// The part, and what is still to come of a hunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    pub part: Part,
    /// Lines still to come: of the first parent, of the other ones in the diff of a merge, and of the result.
    pub old: u64,
    pub others: Vec<u64>,
    pub new: u64,
    /// Its last line says that there is no newline.
    noted: bool,
}

/// What a run of lines did to the counts of a hunk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    pub bytes: usize,
    pub added: u64,
    pub removed: u64,
}

impl Open {
    /// A hunk by its head.
    pub fn hunk(head: &Head, part: Part) -> Self {
        Self {
            part: Part { place: Some(head.place), ..part },
            old: head.place.old_count.into(),
            others: head.others.clone(),
            new: head.place.new_count.into(),
            noted: false,
        }
    }

    /// Lines that were not understood.
    pub fn unread(part: Part) -> Self {
        Self { part, ..Self::default() }
    }

    /// Whether every line that its head promises came.
    pub fn is_done(&self) -> bool {
        self.old == 0 && self.new == 0 && self.others.iter().all(|n| *n == 0)
    }

    /// The lines of the file that come next, before and now.
    pub fn numbers(&self) -> (u32, u32) {
        let place = self.part.place.unwrap_or_default();
        let next = |start: u32, count: u32, left: u64| {
            let gone = u64::from(count).saturating_sub(left);
            start.saturating_add(u32::try_from(gone).unwrap_or(u32::MAX))
        };
        (next(place.old_start, place.old_count, self.old), next(place.new_start, place.new_count, self.new))
    }

    /// Takes a line where it fits the counts; what it is.
    pub fn take(&mut self, text: &[u8]) -> Option<LineKind> {
        let kind = match text.first() {
            Some(b'\\') => LineKind::NoNewline,
            _ if self.others.is_empty() => self.plain(text)?,
            _ => self.merged(text)?,
        };
        if kind == LineKind::NoNewline && (self.part.lines == 0 || (self.is_done() && self.noted)) {
            return None;
        }
        self.noted = kind == LineKind::NoNewline;
        Some(kind)
    }

    fn plain(&mut self, text: &[u8]) -> Option<LineKind> {
        let kind = match text.first() {
            Some(b' ') => LineKind::Context,
            Some(b'+') => LineKind::Added,
            Some(b'-') => LineKind::Removed,
            _ => return None,
        };
        let (old, new) = (u64::from(kind.is_old()), u64::from(kind.is_new()));
        (self.old, self.new) = (self.old.checked_sub(old)?, self.new.checked_sub(new)?);
        Some(kind)
    }

    /// A sign for each parent: `+` where that parent lacks the line, `-` where only such parents have it.
    fn merged(&mut self, text: &[u8]) -> Option<LineKind> {
        let parents = self.others.len() + 1;
        let signs = text.get(..parents).filter(|signs| signs.iter().all(|b| b" +-".contains(b)))?;
        let gone = signs.contains(&b'-');
        let had = |sign: &u8| u64::from(if gone { *sign == b'-' } else { *sign == b' ' });
        let mut left = [self.old].into_iter().chain(self.others.iter().copied());
        let rest: Option<Vec<u64>> =
            signs.iter().zip(&mut left).map(|(sign, left)| left.checked_sub(had(sign))).collect();
        let (first, others) = rest?.split_first().map(|(first, others)| (*first, others.to_vec()))?;
        self.new = self.new.checked_sub(u64::from(!gone))?;
        (self.old, self.others) = (first, others);
        Some(LineKind::of(text, u8::try_from(parents).unwrap_or(u8::MAX)))
    }

    /// Takes whole lines of an ordinary hunk as long as they fit, one look at the first byte of each; `line_done`
    /// hears of every line with the place behind it and the lines of the file that come next. This is where nearly
    /// all time goes.
    pub fn take_run(&mut self, bytes: &[u8], mut line_done: impl FnMut(usize, &Counts)) -> Taken {
        let mut taken = Taken::default();
        let mut counts = Counts { old: self.old, new: self.new, lines: 0 };
        let _ = newlines(bytes).try_for_each(|end| {
            match bytes.get(taken.bytes) {
                Some(b' ') if counts.old > 0 && counts.new > 0 => {
                    counts.old -= 1;
                    counts.new -= 1;
                }
                Some(b'+') if counts.new > 0 => {
                    counts.new -= 1;
                    taken.added += 1;
                }
                Some(b'-') if counts.old > 0 => {
                    counts.old -= 1;
                    taken.removed += 1;
                }
                _ => return ControlFlow::Break(()),
            }
            counts.lines += 1;
            taken.bytes = end + 1;
            line_done(taken.bytes, &counts);
            if counts.old == 0 && counts.new == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (self.old, self.new) = (counts.old, counts.new);
        self.noted &= counts.lines == 0;
        self.part.lines = self.part.lines.saturating_add(counts.lines);
        taken
    }
}

/// What is left of a hunk, and how many lines were taken in this run.
pub(super) struct Counts {
    pub old: u64,
    pub new: u64,
    pub lines: u32,
}

/// The head of a hunk.
pub(super) struct Head {
    pub place: Place,
    pub others: Vec<u64>,
}

impl Head {
    /// `@@ -12,3 +12,4 @@ section`, or `@@@ -1,2 -1,2 +1,3 @@@` with a range for each parent; a count that is left
    /// out is 1.
    pub fn parse(text: &[u8], parents: u8) -> Option<Self> {
        let (old, mut rest) = range(after_ats(text, parents)?, b" -")?;
        let mut others = Vec::new();
        for _ in 1..parents {
            let (other, after) = range(rest, b" -")?;
            others.push(other.1.into());
            rest = after;
        }
        let (new, rest) = range(rest, b" +")?;
        let tail = after_ats(rest.strip_prefix(b" ")?, parents)?;
        let some = u64::from(old.1) + u64::from(new.1) + others.iter().sum::<u64>() > 0;
        let place = Place { old_start: old.0, old_count: old.1, new_start: new.0, new_count: new.1 };
        (some && matches!(tail.first(), None | Some(b' '))).then_some(Self { place, others })
    }
}

/// What follows the signs at both ends of a head: one more than there are parents.
fn after_ats(text: &[u8], parents: u8) -> Option<&[u8]> {
    let (ats, rest) = text.split_at_checked(usize::from(parents) + 1)?;
    ats.iter().all(|b| *b == b'@').then_some(rest)
}

/// Start and count behind a sign, and what follows them.
fn range<'a>(text: &'a [u8], sign: &[u8]) -> Option<((u32, u32), &'a [u8])> {
    let (start, rest) = number(text.strip_prefix(sign)?)?;
    match rest.strip_prefix(b",") {
        Some(rest) => number(rest).map(|(count, rest)| ((start, count), rest)),
        None => Some(((start, 1), rest)),
    }
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits).filter(|_| digits > 0)?;
    let value = digits.iter().try_fold(0u32, |n, d| n.checked_mul(10)?.checked_add(u32::from(d - b'0')))?;
    Some((value, rest))
}
