//! Hostile text in, safe text out. `Text` holds what came from outside; `SafeText` is the only text that
//! a screen, a log or a CI log takes. The encoder is injective: two different inputs never look the same.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

mod layout;
mod places;
mod rows;

pub use places::prose_places;
pub use rows::{Signs, prose_row};

/// At most this many combining marks stand on one base; a further one becomes a marker.
const MARKS_PER_BASE: usize = 4;

/// Bytes from outside. In JSON a string, or `{"b64": "…"}` where the bytes are not UTF-8.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Vec<u8>);

impl Text {
    /// Takes the bytes as they are.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text where it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text with invalid bytes replaced: for matching only, never for a screen.
    pub fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As an identifier (ref, path, login, command): anything but plain visible characters is marked.
    pub fn ident(&self) -> SafeText {
        encode(&self.0, Profile::Identifier)
    }

    /// As prose (title, comment): emoji are allowed, the rest as in an identifier.
    pub fn prose(&self) -> SafeText {
        encode(&self.0, Profile::Prose)
    }

    /// Each line as prose; `\n` and `\r\n` end a line, nothing else does.
    pub fn prose_lines(&self) -> impl Iterator<Item = SafeText> + '_ {
        self.0.split(|b| *b == b'\n').map(|line| encode(line.strip_suffix(b"\r").unwrap_or(line), Profile::Prose))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "«{}»", self.ident())
    }
}

impl From<&str> for Text {
    fn from(s: &str) -> Self {
        Self(s.as_bytes().to_vec())
    }
}

impl From<String> for Text {
    fn from(s: String) -> Self {
        Self(s.into_bytes())
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&std::ffi::OsStr> for Text {
    fn from(s: &std::ffi::OsStr) -> Self {
        Self(std::os::unix::ffi::OsStrExt::as_bytes(s).to_vec())
    }
}

impl From<&std::path::Path> for Text {
    fn from(path: &std::path::Path) -> Self {
        path.as_os_str().into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base64Text {
    b64: String,
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => s.serialize_str(text),
            None => Base64Text { b64: BASE64.encode(&self.0) }.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Plain(String),
            Coded(Base64Text),
        }
        match Wire::deserialize(d)? {
            Wire::Plain(s) => Ok(Self(s.into_bytes())),
            Wire::Coded(c) => BASE64.decode(c.b64.as_bytes()).map(Self).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Text from outside; {\"b64\": …} where its bytes are not UTF-8.",
            "oneOf": [
                {"type": "string"},
                {"type": "object", "properties": {"b64": {"type": "string"}}, "required": ["b64"], "additionalProperties": false}
            ]
        })
    }
}

/// Text that may reach a screen, a log or a CI log. Only the encoder, literals and `safe!` make it.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SafeText(Cow<'static, str>);

impl SafeText {
    /// A literal of the program's own.
    pub const fn lit(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Formats parts that are each safe already; called by `safe!` only.
    #[doc(hidden)]
    pub fn from_safe_parts(parts: fmt::Arguments<'_>) -> Self {
        Self(Cow::Owned(parts.to_string()))
    }

    /// The encoded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Joins safe parts.
    pub fn join<'a>(parts: impl IntoIterator<Item = &'a SafeText>, between: &'static str) -> Self {
        let parts: Vec<&str> = parts.into_iter().map(SafeText::as_str).collect();
        Self(Cow::Owned(parts.join(between)))
    }

    /// The first characters that fit into `width` terminal columns; `…` ends a text that was cut.
    pub fn cut(&self, width: usize) -> Self {
        use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
        if UnicodeWidthStr::width(self.as_str()) <= width {
            return self.clone();
        }
        let mut left = width.saturating_sub(1);
        let mut cut = String::new();
        for c in self.0.chars() {
            let columns = c.width().unwrap_or(0);
            if columns > left {
                break;
            }
            left -= columns;
            cut.push(c);
        }
        if width > 0 {
            cut.push('…');
        }
        Self(Cow::Owned(cut))
    }

    /// The same with what a CI system would take for a command of its own broken up by markers: `::name`, `##[`,
    /// `##vso[`, `##teamcity[`, `section_start:`. The markers are those of the encoder, so nothing can forge them.
    pub fn for_ci_log(&self) -> Self {
        const COMMANDS: &[(&str, &str)] = &[
            ("::", ":\\u{3a}"),
            ("##", "#\\u{23}"),
            ("section_start:", "section\\u{5f}start:"),
            ("section_end:", "section\\u{5f}end:"),
        ];
        if !COMMANDS.iter().any(|(command, _)| self.0.contains(command)) {
            return self.clone();
        }
        let broken = COMMANDS.iter().fold(self.0.to_string(), |text, (command, broken)| text.replace(command, broken));
        Self(Cow::Owned(broken))
    }

    /// How many terminal columns it takes.
    pub fn width(&self) -> usize {
        unicode_width::UnicodeWidthStr::width(self.as_str())
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<&'static str> for SafeText {
    fn from(text: &'static str) -> Self {
        Self::lit(text)
    }
}

/// What `safe!` takes: types whose `Display` can only give safe text.
pub trait Shown: fmt::Display {}

impl Shown for SafeText {}
impl Shown for char {}
macro_rules! shown { ($($t:ty),*) => { $(impl Shown for $t {})* } }
shown!(u8, u16, u32, u64, usize, i32, i64, isize);
impl Shown for &'static str {}
impl<T: Shown> Shown for &T {}

/// Passes a shown value on; the bound is what makes `safe!` safe.
#[doc(hidden)]
pub fn shown<T: Shown + ?Sized>(value: &T) -> &T {
    value
}

/// `format!` for safe text: every argument must be `Shown`; names captured inside the braces are not allowed
/// (the floor test looks for them, since they would pass the bound by).
#[macro_export]
macro_rules! safe {
    ($text:literal $(, $part:expr)* $(,)?) => {
        // The block ends the borrows of `format_args!`, so that the text may be held across an await.
        { $crate::domain::text::SafeText::from_safe_parts(format_args!($text $(, $crate::domain::text::shown(&$part))*)) }
    };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Profile {
    Identifier,
    Prose,
}

/// Encodes bytes of any kind. Markers are `\u{202e}`, `\x9b`, `\n`, `\r`, `\t`; a run of backslashes is doubled
/// where it stands before a marker or before one of `u x n r t`, so that no input can forge a marker.
fn encode(bytes: &[u8], profile: Profile) -> SafeText {
    if bytes.iter().all(|b| matches!(b, b' '..=b'~') && *b != b'\\') {
        return SafeText(Cow::Owned(String::from_utf8_lossy(bytes).into_owned()));
    }
    let mut encoder = Encoder::new(profile);
    encoder.out.reserve(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| encoder.push(c));
        chunk.invalid().iter().for_each(|b| encoder.marker(format_args!("\\x{b:02x}")));
    }
    encoder.end_slashes(false);
    SafeText(Cow::Owned(encoder.out))
}

struct Encoder {
    out: String,
    profile: Profile,
    slashes: usize,
    marks: usize,
}

impl Encoder {
    fn new(profile: Profile) -> Self {
        Self { out: String::new(), profile, slashes: 0, marks: 0 }
    }

    fn push(&mut self, c: char) {
        if c == '\\' {
            self.slashes += 1;
            self.marks = 0;
            return;
        }
        match c {
            '\n' => self.marker(format_args!("\\n")),
            '\r' => self.marker(format_args!("\\r")),
            '\t' => self.marker(format_args!("\\t")),
            _ if self.passes(c) => {
                self.end_slashes(matches!(c, 'u' | 'x' | 'n' | 'r' | 't'));
                self.out.push(c);
            }
            _ => self.marker(format_args!("\\u{{{:x}}}", u32::from(c))),
        }
    }

    /// Counts combining marks as well: one too many on a base does not pass.
    fn passes(&mut self, c: char) -> bool {
        if !is_visible(c, self.profile) {
            return false;
        }
        if is_mark(c) {
            self.marks += 1;
            // A mark with nothing to stand on would draw over what is left of the text.
            return self.marks <= MARKS_PER_BASE && self.slashes == 0 && !self.out.is_empty();
        }
        self.marks = 0;
        true
    }

    /// A character, blanks as signs.
    fn with_signs(&mut self, c: char, signs: Signs) {
        match (c, signs) {
            ('\t', Signs { tab, .. }) if !tab.is_empty() => self.sign(tab.chars()),
            (' ', Signs { blank: Some(blank), .. }) => self.sign(std::iter::once(blank)),
            _ => self.push(c),
        }
    }

    /// A mark after a sign would stand on it.
    fn sign(&mut self, sign: impl Iterator<Item = char>) {
        self.end_slashes(false);
        self.out.extend(sign);
        self.marks = MARKS_PER_BASE;
    }

    fn marker(&mut self, marker: fmt::Arguments<'_>) {
        self.end_slashes(true);
        self.out.push_str(&marker.to_string());
        // A mark after a marker would stand on its last letter.
        self.marks = MARKS_PER_BASE;
    }

    fn end_slashes(&mut self, doubled: bool) {
        let n = if doubled { self.slashes * 2 } else { self.slashes };
        self.out.extend(std::iter::repeat_n('\\', n));
        self.slashes = 0;
    }
}

fn is_mark(c: char) -> bool {
    use GeneralCategory as G;
    !c.is_ascii() && matches!(c.general_category(), G::NonspacingMark | G::EnclosingMark | G::SpacingMark)
}

fn is_visible(c: char, profile: Profile) -> bool {
    use GeneralCategory as G;
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    if is_default_ignorable(c) || is_blank_look_alike(c) {
        return false;
    }
    match c.general_category() {
        G::Control | G::Format | G::Surrogate | G::PrivateUse | G::Unassigned => false,
        G::LineSeparator | G::ParagraphSeparator | G::SpaceSeparator => false,
        G::OtherSymbol | G::ModifierSymbol => profile == Profile::Prose,
        _ => true,
    }
}

/// `Default_Ignorable_Code_Point` of Unicode's DerivedCoreProperties.
pub fn is_default_ignorable(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
        | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFF8
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

/// Characters that draw nothing though their category says they do.
pub fn is_blank_look_alike(c: char) -> bool {
    matches!(u32::from(c), 0x2800 | 0x1D159 | 0xFFFC)
}

/// Whether the text holds a character that hides, reorders or imitates blank: what "hidden text" means.
/// Tabs and line ends do not count.
pub fn hides_something(bytes: &[u8]) -> bool {
    if bytes.iter().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        return false;
    }
    bytes.utf8_chunks().any(|chunk| {
        chunk.valid().chars().any(|c| {
            is_default_ignorable(c)
                || is_blank_look_alike(c)
                || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
                || matches!(c.general_category(), GeneralCategory::Format | GeneralCategory::PrivateUse)
        })
    })
}

#[cfg(test)]
#[allow(clippy::string_slice, clippy::sliced_string_as_bytes, reason = "the cuts lie beside ASCII")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_bidi_and_invalid_bytes_become_markers() {
        for (input, shown) in [
            (&b"main"[..], "main"),
            (b"rm -rf /\r\x1b[2Kecho ok", "rm -rf /\\r\\u{1b}[2Kecho ok"),
            ("main\u{202e}/dorp".as_bytes(), "main\\u{202e}/dorp"),
            (b"\x9b31m", "\\x9b31m"),
            (br"C:\dir", r"C:\dir"),
            (br"\u{202e}", r"\\u{202e}"),
            ("\\\u{202e}".as_bytes(), r"\\\u{202e}"),
            ("a\u{a0}b\u{2800}".as_bytes(), r"a\u{a0}b\u{2800}"),
            ("日本 שלום".as_bytes(), "日本 שלום"),
        ] {
            assert_eq!(Text::new(input).ident().as_str(), shown);
        }
    }

    #[test]
    fn at_most_four_marks_stand_on_a_base() {
        let shown = Text::from("e\u{301}\u{301}\u{301}\u{301}\u{301}x").ident();
        assert_eq!(shown.as_str(), "e\u{301}\u{301}\u{301}\u{301}\\u{301}x");
    }

    #[test]
    fn emoji_pass_in_prose_only() {
        assert_eq!(Text::from("ship 🚀").prose().as_str(), "ship 🚀");
        assert_eq!(Text::from("ship 🚀").ident().as_str(), "ship \\u{1f680}");
    }

    #[test]
    fn ci_logs_take_no_commands_from_outside() {
        for (input, shown) in [
            ("::add-mask::x", r":\u{3a}add-mask:\u{3a}x"),
            ("##[group]x ##vso[task.setvariable]y", r"#\u{23}[group]x #\u{23}vso[task.setvariable]y"),
            (":::a", r":\u{3a}:a"),
            ("section_start:1:x", r"section\u{5f}start:1:x"),
            ("a: b #1", "a: b #1"),
        ] {
            assert_eq!(Text::from(input).ident().for_ci_log().as_str(), shown);
        }
        assert!(!Text::from("::::::").ident().for_ci_log().as_str().contains("::"));
    }

    #[test]
    fn cut_counts_columns() {
        assert_eq!(Text::from("日本語").ident().cut(5).as_str(), "日本…");
        assert_eq!(Text::from("abc").ident().cut(3).as_str(), "abc");
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\\".to_vec()),
            Just(b"u{202e}".to_vec()),
            Just(b"n".to_vec()),
            Just("\u{202e}".as_bytes().to_vec()),
            Just("\u{301}".as_bytes().to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\x9b".to_vec()),
            any::<char>().prop_map(|c| c.to_string().into_bytes()),
            proptest::collection::vec(any::<u8>(), 0..4),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    /// Undoes the encoder: that it exists is the proof that no two inputs share an output.
    fn decode(shown: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = shown;
        while let Some(c) = rest.chars().next() {
            let run = rest.len() - rest.trim_start_matches('\\').len();
            let after = &rest[run..];
            let coded = after.starts_with(['u', 'x', 'n', 'r', 't']);
            if run == 0 || !coded {
                let plain = if run == 0 { c.len_utf8() } else { run };
                out.extend_from_slice(rest[..plain].as_bytes());
                rest = &rest[plain..];
                continue;
            }
            out.extend(std::iter::repeat_n(b'\\', run / 2));
            rest = after;
            if run.is_multiple_of(2) {
                continue;
            }
            let (bytes, used) = marker_value(after);
            out.extend(bytes);
            rest = &after[used..];
        }
        out
    }

    fn marker_value(after: &str) -> (Vec<u8>, usize) {
        match after.as_bytes()[0] {
            b'n' => (vec![b'\n'], 1),
            b'r' => (vec![b'\r'], 1),
            b't' => (vec![b'\t'], 1),
            b'x' => (vec![u8::from_str_radix(&after[1..3], 16).unwrap()], 3),
            _ => {
                let end = after.find('}').unwrap();
                let code = u32::from_str_radix(&after[2..end], 16).unwrap();
                (char::from_u32(code).unwrap().to_string().into_bytes(), end + 1)
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases()))]
        #[test]
        fn the_encoder_is_injective_and_clean(bytes in hostile()) {
            for shown in [Text::new(bytes.clone()).ident(), Text::new(bytes.clone()).prose()] {
                prop_assert_eq!(decode(shown.as_str()), bytes.clone());
                prop_assert!(!shown.as_str().chars().any(|c| c.is_control() || is_default_ignorable(c)));
            }
        }
    }

    /// How many generated strings: `JIT_TUI_CASES`, a few thousand by default.
    fn cases() -> u32 {
        std::env::var("JIT_TUI_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000)
    }

    #[test]
    fn text_that_is_not_utf8_survives_json() {
        let text = Text::new(vec![0xff, 0x00, b'a']);
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(json, r#"{"b64":"/wBh"}"#);
        assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text);
    }
}
