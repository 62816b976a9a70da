//! How a call is refused: one constructor, so that every refusal names its code, its cause and its mend.

use crate::api::{Code, Problem};
use crate::domain::text::{SafeText, Text};

/// A refusal in words of the program's own.
pub fn problem(code: Code, message: impl Into<SafeText>, mend: &'static str) -> Problem {
    Problem { code, message: text(message.into()), mend: mend.into() }
}

/// Safe text on its way into a record or an answer.
pub fn text(safe: impl Into<SafeText>) -> Text {
    safe.into().into()
}

/// There is no such thing, or it is not yours to see.
pub fn not_found(what: &'static str) -> Problem {
    problem(Code::NotFound, crate::safe!("there is no such {}, or it is not yours", what), "list what there is")
}

/// A call that cannot be read.
pub fn invalid(message: impl Into<SafeText>, mend: &'static str) -> Problem {
    problem(Code::Invalid, message, mend)
}

/// Nothing may be granted now.
pub fn degraded(message: impl Into<SafeText>) -> Problem {
    problem(Code::Degraded, message, "nothing was granted; ask again once /healthz says ok")
}
