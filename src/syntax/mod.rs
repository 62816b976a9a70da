//! L1, pure. What the parts of a line of code are, by a table of languages and one small scanner. It needs no memory,
//! no start and no worker, and hostile text cannot hold it up; a library of grammars took ten to fifty megabytes and
//! up to 0.3 s for a language (docs/performance.md). A diff begins in the middle of a file: what a line begins in is
//! known from the lines above it only.

mod languages;
mod scan;

pub use languages::{Language, language};
pub use scan::{Begun, scan};

/// What a part of a line is. What is none of these is ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// A word of the language.
    Keyword,
    /// A text in quotes.
    Quoted,
    /// A remark.
    Remark,
    /// A name that stands for a value.
    Value,
    /// The name of a setting.
    Field,
}
