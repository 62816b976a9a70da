//! The scanner: from left to right, each place looked at once.

use std::ops::Range;

use super::Token;
use super::languages::{Fields, Language, Quote};

/// Longer lines stay without colours.
const LONGEST: usize = 2_000;

/// What a line begins in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begun {
    /// Ordinary code.
    #[default]
    Code,
    /// A remark that goes on: which of the language's.
    Remark(usize),
    /// A text that goes on: which of the language's quotes.
    Quoted(usize),
}

/// The parts of a line that are something, in order and without overlap, and what the next line begins in. Parts
/// begin and end between characters.
pub fn scan(language: &Language, line: &[u8], begun: Begun) -> (Vec<(Range<usize>, Token)>, Begun) {
    if line.len() > LONGEST {
        return (Vec::new(), begun);
    }
    let mut scan = Scan { language, line, at: 0, parts: Vec::new() };
    let end = scan.go_on(begun).unwrap_or_else(|| scan.run());
    (scan.parts, end)
}

struct Scan<'a> {
    language: &'a Language,
    line: &'a [u8],
    at: usize,
    parts: Vec<(Range<usize>, Token)>,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, length: usize, token: Option<Token>) {
        let end = (self.at + length.max(1)).min(self.line.len());
        if let Some(token) = token {
            self.parts.push((self.at..end, token));
        }
        self.at = end;
    }

    /// What goes on from the line above; the state of the next line where it fills this one.
    fn go_on(&mut self, begun: Begun) -> Option<Begun> {
        let (length, token) = match begun {
            Begun::Code => return None,
            Begun::Remark(which) => {
                let (_, close) = self.language.blocks.get(which)?;
                (find(self.rest(), close.as_bytes()).map(|at| at + close.len()), Token::Remark)
            }
            Begun::Quoted(which) => (ending(self.language.quotes.get(which)?, self.rest()), Token::Quoted),
        };
        if !self.rest().is_empty() {
            self.take(length.unwrap_or(self.line.len()), Some(token));
        }
        length.is_none().then_some(begun)
    }

    fn run(&mut self) -> Begun {
        self.head();
        while let Some(first) = self.rest().first().copied() {
            if let Some(begun) = self.remark().or_else(|| self.quoted()) {
                if begun != Begun::Code {
                    return begun;
                }
            } else if is_word(first) || matches!(first, b'#' | b'@' | b'!') {
                self.word();
            } else {
                self.take(1, None);
            }
        }
        Begun::Code
    }

    /// The name of a setting, or the head of a section.
    fn head(&mut self) {
        let sign = match self.language.fields {
            Fields::Colon => b':',
            Fields::Equals => b'=',
            Fields::No | Fields::Quoted => return,
        };
        let rest = self.rest();
        let skip = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'-')).count();
        let name = rest.get(skip..).unwrap_or_default();
        if sign == b'=' && name.first() == Some(&b'[') {
            let length = find(name, b"]").map_or(name.len(), |at| at + 1);
            self.at += skip;
            // Two brackets make a head of many.
            let more = name.iter().skip(length).take_while(|b| **b == b']').count();
            return self.take(length + more, Some(Token::Keyword));
        }
        let length = name.iter().take_while(|b| is_word(**b) || matches!(b, b'-' | b'.' | b'/' | b'$')).count();
        let behind = name.get(length..).unwrap_or_default();
        let gap = behind.iter().take_while(|b| sign == b'=' && **b == b' ').count();
        let after = behind.get(gap + 1).copied();
        let is_field = behind.get(gap) == Some(&sign) && (sign == b'=' || after.is_none_or(|b| b == b' '));
        if length > 0 && is_field {
            self.at += skip;
            self.take(length + gap + 1, Some(Token::Field));
        }
    }

    fn remark(&mut self) -> Option<Begun> {
        let rest = self.rest();
        for (which, (open, close)) in self.language.blocks.iter().enumerate() {
            let Some(inside) = rest.strip_prefix(open.as_bytes()) else { continue };
            let length = find(inside, close.as_bytes()).map(|at| open.len() + at + close.len());
            self.take(length.unwrap_or(rest.len()), Some(Token::Remark));
            return Some(if length.is_some() { Begun::Code } else { Begun::Remark(which) });
        }
        // `a#b` and `http://x` are no remarks.
        let before = self.at.checked_sub(1).and_then(|at| self.line.get(at)).copied().unwrap_or(b' ');
        let lonely = |sign: &str| sign != "#" && sign != ";" || matches!(before, b' ' | b'\t');
        let begins = |sign: &str| rest.starts_with(sign.as_bytes()) && lonely(sign) && before != b':';
        if !self.language.remarks.iter().any(|sign| begins(sign)) {
            return None;
        }
        self.take(rest.len(), Some(Token::Remark));
        Some(Begun::Code)
    }

    fn quoted(&mut self) -> Option<Begun> {
        let rest = self.rest();
        let quotes = self.language.quotes.iter().enumerate();
        let (which, quote, inside) = quotes
            .filter_map(|(which, quote)| Some((which, quote, rest.strip_prefix(quote.open.as_bytes())?)))
            .find(|(_, quote, inside)| !quote.short || is_character(inside))?;
        let length = ending(quote, inside).map(|end| quote.open.len() + end);
        let behind = length.and_then(|n| rest.get(n..)).unwrap_or_default();
        let colon = find(behind, b":").filter(|at| behind.get(..*at).is_some_and(|gap| gap.trim_ascii().is_empty()));
        let colon = colon.filter(|_| self.language.fields == Fields::Quoted);
        // What ends the line or leads on to the value is no colour of its own: that would be bytes for nothing.
        let also = colon.map_or(usize::from(matches!(behind, [b',' | b';'])), |at| at + 1);
        let token = if colon.is_some() { Token::Field } else { Token::Quoted };
        self.take(length.unwrap_or(rest.len()) + also, Some(token));
        Some(if length.is_none() && quote.lines { Begun::Quoted(which) } else { Begun::Code })
    }

    fn word(&mut self) {
        let rest = self.rest();
        let length = 1 + rest.iter().skip(1).take_while(|b| is_word(**b)).count();
        let word = rest.get(..length).unwrap_or_default();
        let token = match std::str::from_utf8(word) {
            Ok(word) => self.named(word),
            Err(_) => None,
        };
        self.take(length, token);
    }

    fn named(&self, word: &str) -> Option<Token> {
        let same = |known: &str| if self.language.any_case { known.eq_ignore_ascii_case(word) } else { known == word };
        let among = |list: &str| list.split_ascii_whitespace().any(same);
        match () {
            () if among(self.language.words) => Some(Token::Keyword),
            () if among(self.language.values) => Some(Token::Value),
            () => None,
        }
    }
}

/// Whether a text in single quotes holds one character and ends: `'a` alone is a lifetime.
fn is_character(inside: &[u8]) -> bool {
    match inside {
        [b'\\', ..] => true,
        [first, ..] => {
            let length = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            inside.get(length) == Some(&b'\'')
        }
        [] => false,
    }
}

/// Where a text ends that has begun: behind its closing sign.
fn ending(quote: &Quote, inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = inside.get(at..).filter(|rest| !rest.is_empty()) {
        if quote.escapes && rest.first() == Some(&b'\\') {
            at += 2;
        } else if rest.starts_with(quote.close.as_bytes()) {
            return Some(at + quote.close.len());
        } else {
            at += 1;
        }
    }
    None
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len().max(1)).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::language;
    use proptest::prelude::*;

    /// The line with its parts: `k{if} x q{"a"}`.
    fn shown(line: &str, parts: &[(Range<usize>, Token)]) -> String {
        let mut out = line.to_owned();
        for (part, token) in parts.iter().rev() {
            out.insert(part.end, '}');
            let sign = match token {
                Token::Keyword => "k{",
                Token::Quoted => "q{",
                Token::Remark => "r{",
                Token::Value => "v{",
                Token::Field => "f{",
            };
            out.insert_str(part.start, sign);
        }
        out
    }

    fn told(name: &str, lines: &[&str]) -> Vec<String> {
        let language = language(name.as_bytes()).unwrap();
        let mut begun = Begun::Code;
        let line = |line: &&str| {
            let (parts, end) = scan(language, line.as_bytes(), begun);
            begun = end;
            shown(line, &parts)
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn words_texts_remarks_values_and_settings_are_told() {
        for (name, line, expected) in [
            (
                "x.rs",
                "let a = 'b'; fn f<'a>() -> u8 { true } // x",
                "k{let} a = q{'b'}; k{fn} f<'a>() -> u8 { v{true} } r{// x}",
            ),
            ("x.rs", "let é = \"a \\\" b\";", "k{let} é = q{\"a \\\" b\";}"),
            ("x.yml", "  - uses: a/b@v1 # pin", "  - f{uses:} a/b@v1 r{# pin}"),
            ("x.yml", "run: echo \"a#b\" a#b", "f{run:} echo q{\"a#b\"} a#b"),
            ("x.yml", "image: http://x:80/y", "f{image:} http://x:80/y"),
            ("x.json", "  \"a\": \"b\", \"c\" : true", "  f{\"a\":} q{\"b\"}, f{\"c\" :} v{true}"),
            ("x.toml", "[[bin]]", "k{[[bin]]}"),
            ("x.toml", "name = 'x' # y", "f{name =} q{'x'} r{# y}"),
            ("Dockerfile", "FROM a AS b", "k{FROM} a k{AS} b"),
            ("x.c", "#include <a.h> /* b */ int x;", "k{#include} <a.h> r{/* b */} k{int} x;"),
            ("x.sh", "echo 'it\\' $# # x", "k{echo} q{'it\\'} $# r{# x}"),
            ("x.js", "open \"never ends", "open q{\"never ends}"),
            ("x.json", "\"a\": \"b\",", "f{\"a\":} q{\"b\",}"),
            ("x.py", "x = 1_000 + None", "x = 1_000 + v{None}"),
        ] {
            assert_eq!(told(name, &[line]), [expected], "{name}");
        }
    }

    #[test]
    fn what_goes_on_over_lines_is_carried_on() {
        assert_eq!(told("x.go", &["a /* b", "", "c", "d */ return"]), ["a r{/* b}", "", "r{c}", "r{d */} k{return}"]);
        assert_eq!(told("x.py", &["\"\"\"a", "b\"\"\" if"]), ["q{\"\"\"a}", "q{b\"\"\"} k{if}"]);
        assert_eq!(told("x.js", &["`a \\` b", "c` in"]), ["q{`a \\` b}", "q{c`} k{in}"]);
    }

    proptest! {
        #[test]
        fn parts_lie_in_order_and_between_characters(
            name in prop::sample::select(vec!["a.rs", "a.yml", "a.json", "a.toml", "a.sql", "a.html", "a.hs", "a.py", "a.css"]),
            lines in prop::collection::vec("[a-f0-9é日'\"`/*#\\\\:={}\\[\\]<>!@ -]{0,24}", 1..6),
        ) {
            let language = language(name.as_bytes()).unwrap();
            let mut begun = Begun::Code;
            for line in &lines {
                let (parts, end) = scan(language, line.as_bytes(), begun);
                begun = end;
                let mut last = 0;
                for (part, _) in parts {
                    prop_assert!(last <= part.start && part.start < part.end && part.end <= line.len());
                    prop_assert!(line.is_char_boundary(part.start) && line.is_char_boundary(part.end));
                    last = part.end;
                }
            }
        }

        #[test]
        fn bytes_of_any_kind_are_scanned(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for language in ["a.rs", "a.yml", "a.json", "a.toml", "a.py"].map(|name| language(name.as_bytes()).unwrap()) {
                let (parts, _) = scan(language, &bytes, Begun::Code);
                prop_assert!(parts.iter().all(|(part, _)| part.end <= bytes.len()));
            }
        }
    }
}
