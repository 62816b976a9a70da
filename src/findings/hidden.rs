//! What a text hides: characters that reorder it, that draw nothing, or that stand for a letter of another script.
//! Tuned so that prose and code of every language pass: what a script needs in its place is no finding there.

use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_security::confusable_detection::skeleton;

use crate::domain::text::{SafeText, is_blank_look_alike, is_default_ignorable};
use crate::safe;

/// Code points that a finding names.
const NAMED: usize = 6;

/// What is odd about a character where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Class {
    /// Reorders the text around it.
    Bidi,
    /// Steers the direction of what stands beside it: ordinary where a file has letters from right to left.
    Mark,
    /// Draws nothing, or blank.
    Invisible,
    /// Is none to be read: the terminal would act on it.
    Control,
    /// A letter of another script that looks like the one expected.
    Confusable,
}

impl Class {
    fn word(self) -> &'static str {
        match self {
            Class::Bidi => "bidi control",
            Class::Mark => "direction mark",
            Class::Invisible => "invisible",
            Class::Control => "control",
            Class::Confusable => "look-alike",
        }
    }
}

/// The odd characters of a line by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Odd {
    found: Vec<(Class, char)>,
}

impl Odd {
    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The characters of one class taken out.
    pub(super) fn take(&mut self, class: Class) -> Odd {
        let (taken, left) = std::mem::take(&mut self.found).into_iter().partition(|found| found.0 == class);
        self.found = left;
        Odd { found: taken }
    }

    /// `bidi control U+202E, invisible U+200B`.
    pub(super) fn words(&self) -> SafeText {
        let mut parts = Vec::new();
        for class in [Class::Bidi, Class::Mark, Class::Invisible, Class::Control, Class::Confusable] {
            let mut codes: Vec<u32> = self.found.iter().filter(|f| f.0 == class).map(|f| u32::from(f.1)).collect();
            codes.sort_unstable();
            codes.dedup();
            let mut named: Vec<SafeText> = codes.iter().take(NAMED).map(|code| safe!("U+{}", Hex(*code))).collect();
            if codes.len() > NAMED {
                named.push(safe!("and {} more", codes.len() - NAMED));
            }
            if !named.is_empty() {
                parts.push(safe!("{} {}", class.word(), SafeText::join(&named, " ")));
            }
        }
        SafeText::join(&parts, ", ")
    }
}

/// A code point in at least four upper-case hex digits.
struct Hex(u32);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl crate::domain::text::Shown for Hex {}

/// Looks at one line, without its line end. `first` = it begins its file, where a byte order mark may stand.
pub(super) fn odd(line: &[u8], first: bool) -> Odd {
    if line.iter().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return Odd::default();
    }
    let mut odd = Odd::default();
    for chunk in line.utf8_chunks() {
        let chars: Vec<char> = chunk.valid().chars().collect();
        let line = Line::new(&chars, first);
        odd.found.extend(chars.iter().enumerate().filter_map(|(at, c)| Some((line.class(at, *c)?, *c))));
        odd.found.extend(words(&chars).flat_map(look_alikes).map(|c| (Class::Confusable, c)));
    }
    odd
}

/// Whether bytes hold a letter that is written from right to left.
pub(super) fn is_right_to_left(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && bytes.utf8_chunks().any(|chunk| chunk.valid().chars().any(is_rtl))
}

fn is_rtl(c: char) -> bool {
    let letter = matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfefc | 0x10800..=0x10fff | 0x1e800..=0x1efff);
    letter && c.is_alphabetic()
}

/// A line with what decides about its marks.
struct Line<'a> {
    chars: &'a [char],
    first: bool,
    rtl: bool,
    braille: bool,
}

impl<'a> Line<'a> {
    fn new(chars: &'a [char], first: bool) -> Self {
        let rtl = chars.iter().any(|c| is_rtl(*c));
        let braille = chars.iter().any(|c| matches!(c, '\u{2801}'..='\u{28ff}'));
        Self { chars, first, rtl, braille }
    }

    fn before(&self, at: usize) -> Option<char> {
        self.chars.get(..at)?.iter().rev().find(|c| !is_joiner(**c)).copied()
    }

    fn after(&self, at: usize) -> Option<char> {
        self.chars.get(at + 1..)?.iter().find(|c| !is_joiner(**c)).copied()
    }

    /// What is odd about this character here; nothing where it is in its place.
    fn class(&self, at: usize, c: char) -> Option<Class> {
        let odd = |class: Class, in_place: bool| (!in_place).then_some(class);
        match c {
            '\t' => None,
            // A page break on a line of its own is how old sources part their sections.
            '\u{c}' => odd(Class::Control, self.chars.len() == 1),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Class::Bidi),
            '\u{200e}' | '\u{200f}' | '\u{61c}' => odd(Class::Mark, self.rtl),
            '\u{feff}' => odd(Class::Invisible, self.first && at == 0),
            '\u{200c}' | '\u{200d}' => odd(Class::Invisible, self.joins(at)),
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => odd(Class::Invisible, self.varies(at)),
            '\u{e0020}'..='\u{e007f}' => odd(Class::Invisible, self.is_flag(at)),
            '\u{180b}'..='\u{180f}' => odd(Class::Invisible, matches!(self.before(at), Some('\u{1820}'..='\u{18aa}'))),
            '\u{17b4}' | '\u{17b5}' => odd(Class::Invisible, matches!(self.before(at), Some('\u{1780}'..='\u{17ff}'))),
            '\u{2800}' => odd(Class::Invisible, self.braille),
            '\u{2028}' | '\u{2029}' => Some(Class::Invisible),
            _ if c.is_control() => Some(Class::Control),
            _ if is_default_ignorable(c) || is_blank_look_alike(c) => Some(Class::Invisible),
            _ => None,
        }
    }

    /// Scripts whose letters change their form, and emoji, need joiners.
    fn joins(&self, at: usize) -> bool {
        let needs =
            |c: char| (c.is_alphabetic() || is_mark(c)) && matches!(u32::from(c), 0x590..=0x1cff | 0xa800..=0xabff);
        let emoji = |c: char| c.is_emoji_char() && !c.is_ascii();
        match (self.before(at), self.after(at)) {
            (Some(before), Some(after)) => {
                needs(before) || (emoji(before) && (emoji(after) || matches!(after, '\u{2640}' | '\u{2642}')))
            }
            (Some(before), None) => needs(before),
            _ => false,
        }
    }

    /// Variants belong behind symbols, digits of key caps, ideographs and letters that have them.
    fn varies(&self, at: usize) -> bool {
        let base = |c: char| {
            c.is_emoji_char()
                || matches!(u32::from(c), 0x2e80..=0xa4cf | 0xf900..=0xfaff | 0x1000..=0x109f | 0x1800..=0x18af | 0x20000..=0x3ffff)
                || matches!(
                    c.general_category(),
                    GeneralCategory::OtherSymbol | GeneralCategory::MathSymbol | GeneralCategory::OtherPunctuation
                )
        };
        self.chars.get(at.wrapping_sub(1)).is_some_and(|c| base(*c))
    }

    /// The letters of a flag of a region stand behind a black flag.
    fn is_flag(&self, at: usize) -> bool {
        let before = self.chars.get(..at).unwrap_or_default().iter().rev();
        before.copied().find(|c| !matches!(c, '\u{e0020}'..='\u{e007f}')) == Some('\u{1f3f4}')
    }
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}') || matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_mark(c: char) -> bool {
    matches!(c.general_category(), GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark)
}

/// Runs of letters, digits, marks and `_`.
fn words(chars: &[char]) -> impl Iterator<Item = &[char]> {
    chars.split(|c| !(c.is_alphanumeric() || *c == '_' || is_mark(*c))).filter(|word| !word.is_empty())
}

/// The letters of other scripts in a word that would pass for a Latin one.
fn look_alikes(word: &[char]) -> Vec<char> {
    let foreign: Vec<char> = word.iter().copied().filter(|c| imitates(*c)).collect();
    let latin = word.iter().any(char::is_ascii_alphabetic);
    let others = word.iter().any(|c| !c.is_ascii() && !imitates(*c));
    if foreign.is_empty() || !latin || others { Vec::new() } else { foreign }
}

/// Whether this letter of another script draws like a Latin letter or like `!` and `|`.
fn imitates(c: char) -> bool {
    let foreign = match u32::from(c) {
        // Of the small Greek letters only those that no formula would be read by.
        0x3bf | 0x3f2 | 0x3f3 => true,
        0x370..=0x3ff => c.is_uppercase(),
        0x400..=0x52f | 0x531..=0x58f | 0x13a0..=0x13ff | 0x1c80..=0x1c8f => true,
        0x2c80..=0x2cff | 0xa4d0..=0xa4ff | 0xa640..=0xa69f | 0xab70..=0xabbf | 0x10400..=0x1044f => true,
        0x1c0..=0x1c3 => return true,
        _ => false,
    };
    foreign && skeleton(c.encode_utf8(&mut [0; 4])).all(|c| c.is_ascii_alphanumeric())
}

/// A name as it looks: what two names have in common that cannot be told apart. Case does not count.
pub(super) fn look(name: &str) -> String {
    skeleton(&name.to_lowercase()).flat_map(char::to_lowercase).collect()
}

/// Whether a name is written with letters that imitate Latin ones and with nothing else that is not ASCII.
pub(super) fn is_disguised(name: &str) -> bool {
    name.chars().any(imitates) && look(name).is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(line: &str) -> String {
        odd(line.as_bytes(), false).words().to_string()
    }

    #[test]
    fn each_class_is_told_with_its_code_points() {
        for (line, words) in [
            ("/*\u{202e} } \u{2066}if (isAdmin)\u{2069} \u{2066} begin */", "bidi control U+202E U+2066 U+2069"),
            ("access\u{200e}Level", "direction mark U+200E"),
            ("let a\u{200b} = 1;", "invisible U+200B"),
            ("user\u{ad}name", "invisible U+00AD"),
            ("if (x\u{3164}) {", "invisible U+3164"),
            ("a\u{200d}b", "invisible U+200D"),
            ("a\u{fe0f}b", "invisible U+FE0F"),
            ("tag \u{e0041}\u{e0042}", "invisible U+E0041 U+E0042"),
            ("x = \u{2800};", "invisible U+2800"),
            ("line\u{2028}alert(1)", "invisible U+2028"),
            ("a \u{1b}[2J", "control U+001B"),
            ("rm -rf /\recho ok", "control U+000D"),
            ("a\u{9b}31m", "control U+009B"),
            ("if p\u{430}ssword:", "look-alike U+0430"),
            ("environment\u{1c3}=PROD", "look-alike U+01C3"),
            ("w\u{43e}rld \u{200b}", "invisible U+200B, look-alike U+043E"),
        ] {
            assert_eq!(words_of(line), words, "{line:?}");
        }
    }

    #[test]
    fn what_a_script_needs_in_its_place_is_nothing_odd() {
        for line in [
            "// שלום עולם\u{200f}!",
            "می\u{200c}خواهم",
            "क्\u{200d}ष विज्ञान",
            "👩\u{200d}💻 ships it ❤\u{fe0f} 1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏳\u{fe0f}\u{200d}🌈 👩🏽\u{200d}🚀",
            "日本語\u{3000}全角の空白",
            "葛\u{e0100}飾区",
            "JSON-файл, SQL запрос, x-координата",
            "Быстрая проверка: сор, рука",
            "Δt = αx + βρ; μs, πr², Σx",
            "straße, kapı, ığdır, naïve, Ångström",
            "un\u{a0}mot\u{202f}; deux",
            "⠋⠙\u{2800}⠸",
            "Tシャツ Eメール Aー",
            "\u{c}",
            "",
        ] {
            assert_eq!(words_of(line), "", "{line:?}");
        }
        assert!(odd("\u{feff}#include".as_bytes(), true).is_empty());
        assert!(!odd("\u{feff}#include".as_bytes(), false).is_empty());
        assert!(odd(b"latin-1 caf\xe9", false).is_empty());
    }

    #[test]
    fn names_that_look_alike_have_one_look() {
        for (a, b) in [("alice", "\u{430}lice"), ("bob", "b\u{3bf}b"), ("Dan", "d\u{430}n"), ("mary", "rnary")] {
            assert_eq!(look(a), look(b), "{a} {b}");
        }
        assert_ne!(look("alice"), look("alicia"));
        assert!(is_disguised("\u{430}lice") && !is_disguised("иван") && !is_disguised("josé"));
    }
}
