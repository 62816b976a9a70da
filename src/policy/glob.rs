//! Globs over text from outside. `*` is any text, `/` included; a leading `!` excludes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use globset::{GlobBuilder, GlobMatcher};

use crate::domain::text::{SafeText, Text};
use crate::safe;

/// Longer globs are refused: what the compiler of globs makes of them stays small.
const LONGEST: usize = 256;

/// Which way doubt falls: rules that tighten are read broadly, what loosens strictly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Claims count, and upper and lower case are the same.
    Broad,
    /// Only what somebody vouches for counts, letter by letter.
    Strict,
}

impl Reading {
    fn other(self) -> Self {
        match self {
            Reading::Broad => Reading::Strict,
            Reading::Strict => Reading::Broad,
        }
    }
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    folded: GlobMatcher,
    exact: GlobMatcher,
}

impl Pattern {
    fn new(glob: &str) -> Result<Self, SafeText> {
        if glob.is_empty() {
            return Err(SafeText::lit("an empty glob matches nothing"));
        }
        if glob.len() > LONGEST {
            return Err(safe!("a glob of {} bytes is too long, {} are the limit", glob.len(), LONGEST));
        }
        Ok(Self { text: glob.to_owned(), folded: matcher(glob, true)?, exact: matcher(glob, false)? })
    }

    fn hits(&self, name: &Text, reading: Reading) -> bool {
        let matcher = match reading {
            Reading::Broad => &self.folded,
            Reading::Strict => &self.exact,
        };
        matcher.is_match(OsStr::from_bytes(name.as_bytes()))
    }
}

fn matcher(glob: &str, fold: bool) -> Result<GlobMatcher, SafeText> {
    let built = GlobBuilder::new(glob).literal_separator(false).backslash_escape(true).case_insensitive(fold).build();
    match built {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(e) => Err(safe!("not a glob: {}", Text::from(e.kind().to_string()).prose())),
    }
}

fn texts(patterns: &[Pattern]) -> BTreeSet<&str> {
    patterns.iter().map(|p| p.text.as_str()).collect()
}

/// Globs of one key: some that must match, some that must not.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    yes: Vec<Pattern>,
    no: Vec<Pattern>,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts() == other.texts()
    }
}

impl Patterns {
    /// Checks and compiles them.
    pub(super) fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, SafeText> {
        let mut patterns = Self { yes: Vec::new(), no: Vec::new() };
        for glob in globs {
            match glob.strip_prefix('!') {
                Some(excluded) => patterns.no.push(Pattern::new(excluded)?),
                None => patterns.yes.push(Pattern::new(glob)?),
            }
        }
        if patterns.excludes_itself() {
            return Err(SafeText::lit("these globs exclude all that they match"));
        }
        Ok(patterns)
    }

    /// What matches every name.
    pub(super) fn all() -> Self {
        Self { yes: Vec::new(), no: Vec::new() }
    }

    fn texts(&self) -> (BTreeSet<&str>, BTreeSet<&str>) {
        (texts(&self.yes), texts(&self.no))
    }

    fn excludes_itself(&self) -> bool {
        let gone = |text: &str| self.no.iter().any(|p| p.text == text || p.text == "*");
        gone("*") || (!self.yes.is_empty() && self.yes.iter().all(|p| gone(&p.text)))
    }

    /// Whether there is nothing that it does not match.
    pub(super) fn is_everything(&self) -> bool {
        self.no.is_empty() && self.yes.iter().any(|p| p.text == "*")
    }

    /// Whether a thing with these names (all of the same thing) matches. A thing without a name matches only what
    /// merely excludes, and only in a broad reading.
    pub(super) fn matches(&self, names: &[Text], reading: Reading) -> bool {
        if names.is_empty() {
            return reading == Reading::Broad && self.yes.is_empty();
        }
        let hit = |p: &Pattern, reading| names.iter().any(|name| p.hits(name, reading));
        let wanted = self.yes.is_empty() || self.yes.iter().any(|p| hit(p, reading));
        wanted && !self.no.iter().any(|p| hit(p, reading.other()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(globs: &[&str], name: &str, reading: Reading) -> bool {
        Patterns::new(globs.iter().copied()).unwrap().matches(&[Text::from(name)], reading)
    }

    #[test]
    fn doubt_falls_to_the_safe_side() {
        use Reading::{Broad, Strict};
        for (globs, name, broad, strict) in [
            (&["prod*"][..], "prod", true, true),
            (&["prod*"], "prod/eu", true, true),
            (&["prod*"], "PROD-eu", true, false),
            (&["prod*", "live"], "live", true, true),
            (&["prod*"], "staging", false, false),
            (&["!main"], "dev", true, true),
            (&["!main"], "main", false, false),
            // Whether MAIN is main is in doubt: what tightens takes it for another, what loosens for the same.
            (&["!main"], "MAIN", true, false),
            (&["release/*", "!release/old*"], "release/old-1", false, false),
            (&["{a,b}-?"], "b-x", true, true),
        ] {
            assert_eq!(matches(globs, name, Broad), broad, "{globs:?} {name} broad");
            assert_eq!(matches(globs, name, Strict), strict, "{globs:?} {name} strict");
        }
    }

    #[test]
    fn what_has_no_name_matches_exclusions_only() {
        let none: &[Text] = &[];
        assert!(Patterns::new(["!main"]).unwrap().matches(none, Reading::Broad));
        assert!(!Patterns::new(["!main"]).unwrap().matches(none, Reading::Strict));
        assert!(!Patterns::new(["*"]).unwrap().matches(none, Reading::Broad));
    }

    #[test]
    fn names_that_are_not_utf8_match_as_bytes() {
        assert!(Patterns::new(["prod*"]).unwrap().matches(&[Text::new(*b"prod\xff\n")], Reading::Strict));
    }

    #[test]
    fn bad_globs_are_refused_and_never_panic() {
        for bad in ["", "[z-a]", "{a", "[", "!", &"{".repeat(200), &"x".repeat(257)] {
            assert!(Patterns::new([bad]).is_err(), "{bad}");
        }
        let nested = format!("{}a{}", "{".repeat(120), "}".repeat(120));
        let _ = Patterns::new([nested.as_str()]);
        assert!(Patterns::new(["main", "!main"]).is_err());
        assert!(Patterns::new(["main", "!*"]).is_err());
    }
}
