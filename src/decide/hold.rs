//! How long a decision is held back in the console, so that it can be taken back.

use crate::domain::request::Ballot;
use crate::domain::time::Span;

/// Taking a grant back is never held.
pub const HOLD_REVOKE: Span = Span::ZERO;

/// Ballot, and how long one and several at once are held.
const TABLE: &[(Ballot, Span, Span)] = &[
    (Ballot::Approve, Span::secs(3), Span::secs(5)),
    (Ballot::Reject, Span::secs(3), Span::secs(5)),
    (Ballot::BreakGlass, Span::ZERO, Span::ZERO),
];

/// How long a decision waits before its intent is written.
pub fn hold_back(ballot: Ballot, bulk: bool) -> Span {
    let row = TABLE.iter().find(|row| row.0 == ballot);
    row.map_or(Span::secs(5), |(_, one, several)| if bulk { *several } else { *one })
}
