//! The filter: words, and fields such as `env:prod repo:acme/* sev:high can: who:bob state:pending backend:local`.
//! All terms must hold; `-` before one turns it around.

use globset::{GlobBuilder, GlobMatcher};
use memchr::memmem::Finder;

use super::entry::Entry;
use crate::domain::finding::Severity;
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// The fields, with what each one takes.
pub const FIELDS: &[(&str, &str)] = &[
    ("env", "environment"),
    ("repo", "repository"),
    ("name", "what is done"),
    ("who", "anybody behind the request"),
    ("sev", "unknown, low, medium or high: a finding at least so bad"),
    ("can", "you may decide it; can:no = you may not"),
    ("state", "pending, approved, rejected, timed, cancelled, denied, gone, unknown"),
    ("backend", "backend instance"),
    ("sha", "head commit"),
];

/// What a filter asks for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    text: String,
    terms: Vec<(bool, Term)>,
}

#[derive(Clone, Debug)]
enum Term {
    /// Made once for a filter: it is sought in every request at every key.
    Word(Box<Finder<'static>>),
    Field(usize, Pattern),
    Severity(Severity),
    Can(bool),
}

#[derive(Clone, Debug)]
enum Pattern {
    Part(String),
    Glob(Box<GlobMatcher>),
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// In words fit for the screen, naming the term.
    pub fn parse(text: &str) -> Result<Self, SafeText> {
        let terms = text.split_whitespace().map(parse_term).collect::<Result<_, _>>()?;
        Ok(Self { text: text.trim().to_owned(), terms })
    }

    /// As it was typed.
    pub fn text(&self) -> SafeText {
        Text::from(self.text.as_str()).prose()
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether every term holds for the request.
    pub fn holds(&self, entry: &Entry) -> bool {
        self.terms.iter().all(|(wanted, term)| term.holds(entry) == *wanted)
    }
}

fn parse_term(token: &str) -> Result<(bool, Term), SafeText> {
    let (wanted, token) = match token.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (false, rest),
        _ => (true, token),
    };
    let Some((field, value)) = token.split_once(':') else {
        return Ok((wanted, Term::Word(Box::new(Finder::new(&token.to_lowercase()).into_owned()))));
    };
    let term = match field {
        "can" => Term::Can(value != "no"),
        "sev" => Term::Severity(severity(value)?),
        _ => {
            let at = FIELDS.iter().position(|(name, _)| *name == field).ok_or_else(|| unknown_field(field))?;
            Term::Field(at, pattern(value)?)
        }
    };
    Ok((wanted, term))
}

fn severity(word: &str) -> Result<Severity, SafeText> {
    let all = [Severity::Unknown, Severity::Low, Severity::Medium, Severity::High];
    let found = all.into_iter().find(|s| !word.is_empty() && s.word().as_str().starts_with(word));
    found.ok_or_else(|| SafeText::lit("sev: takes unknown, low, medium or high"))
}

fn unknown_field(field: &str) -> SafeText {
    let names: Vec<SafeText> = FIELDS.iter().map(|(name, _)| safe!("{}:", *name)).collect();
    safe!("no field {}: there are {}", Text::from(field).ident(), SafeText::join(&names, " "))
}

fn pattern(value: &str) -> Result<Pattern, SafeText> {
    if !value.contains(['*', '?', '[', '{']) {
        return Ok(Pattern::Part(value.to_lowercase()));
    }
    let glob = GlobBuilder::new(value).case_insensitive(true).build();
    match glob {
        Ok(glob) => Ok(Pattern::Glob(Box::new(glob.compile_matcher()))),
        Err(_) => Err(safe!("{} is no pattern: `*`, `?`, `[ab]` and `{{a,b}}` are known", Text::from(value).ident())),
    }
}

impl Term {
    fn holds(&self, entry: &Entry) -> bool {
        match self {
            Term::Word(word) => word.find(entry.words.as_bytes()).is_some(),
            Term::Can(can) => entry.can_decide == *can,
            Term::Severity(least) => entry.request.findings.iter().any(|f| f.severity >= *least),
            Term::Field(at, pattern) => field_holds(FIELDS.get(*at).map_or("", |f| f.0), pattern, entry),
        }
    }
}

fn field_holds(field: &str, pattern: &Pattern, entry: &Entry) -> bool {
    let core = &entry.request.core;
    match field {
        "env" => pattern.holds(&core.environment.value.lossy()),
        "repo" => pattern.holds(&core.repository.value.lossy()),
        "name" => pattern.holds(&core.name.lossy()),
        "who" => core.identities.iter().any(|i| pattern.holds(&i.name.lossy())),
        "state" => pattern.holds(entry.request.state.word().as_str()),
        "backend" => pattern.holds(core.key.backend.as_str()),
        "sha" => core.head.as_ref().is_some_and(|h| pattern.holds(h.as_str())),
        _ => false,
    }
}

impl Pattern {
    fn holds(&self, value: &str) -> bool {
        match self {
            Pattern::Part(part) => value.to_lowercase().contains(part.as_str()),
            Pattern::Glob(glob) => glob.is_match(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{Sample, entry};

    #[test]
    fn words_and_fields_must_all_hold() {
        let entry = entry(Sample::prod("shop", "deploy-api"));
        for (filter, holds) in [
            ("", true),
            ("deploy", true),
            ("DEPLOY shop", true),
            ("deploy nothing", false),
            ("env:prod", true),
            ("env:stag", false),
            ("-env:stag", true),
            ("repo:acme/*", true),
            ("repo:other/*", false),
            ("who:bob", true),
            ("sev:high", true),
            ("can:", true),
            ("can:no", false),
            ("state:pending", true),
            ("backend:local", true),
            ("sha:4f1c", true),
            ("env:prod repo:acme/* sev:high can:", true),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().holds(&entry), holds, "{filter}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (filter, says) in [
            ("evn:prod", "no field evn: there are env:"),
            ("sev:terrible", "sev: takes"),
            ("repo:[", "[ is no pattern"),
            ("\u{202e}:x", "no field \\u{202e}"),
        ] {
            let error = Filter::parse(filter).unwrap_err();
            assert!(error.as_str().starts_with(says), "{error}");
        }
    }
}
