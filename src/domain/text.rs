//! Hostile text in, safe text out. `Text` holds what came from outside; `SafeText` is the only text that
//! a screen, a log or a CI log takes. The encoder is injective: two different inputs never look the same.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

mod decode;
mod layout;
mod places;
mod rows;
#[cfg(test)]
mod tests;

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

    /// The same with what a CI system would take for a command of its own broken up by markers: `::name::`, `##[`,
    /// `##vso[`, `##teamcity[`, `section_start:`. The markers are those of the encoder, so nothing can forge them.
    pub fn for_ci_log(&self) -> Self {
        const COMMANDS: &[(&str, &str)] =
            &[("##", "#\\u{23}"), ("section_start:", "section\\u{5f}start:"), ("section_end:", "section\\u{5f}end:")];
        let broken = COMMANDS.iter().fold(self.0.to_string(), |text, (command, broken)| text.replace(command, broken));
        Self(Cow::Owned(without_colon_commands(&broken)))
    }

    /// How many terminal columns it takes.
    pub fn width(&self) -> usize {
        unicode_width::UnicodeWidthStr::width(self.as_str())
    }
}

/// Breaks `::name…::` up; an address such as `[::1]` and a path such as `a::b` are no commands.
fn without_colon_commands(text: &str) -> String {
    let is_command = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains("::");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut inside = false;
    while let Some((before, after)) = rest.split_once("::") {
        // The end of a command is broken up as well as its beginning.
        let breaks = std::mem::replace(&mut inside, is_command(after)) || is_command(after);
        out.push_str(before);
        out.push_str(if breaks { ":\\u{3a}" } else { "::" });
        rest = after;
    }
    out.push_str(rest);
    out
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

/// A number with its noun: `1 file`, `12 files`.
pub fn counted<N: Shown + PartialEq + From<u8>>(n: N, one: &'static str, many: &'static str) -> SafeText {
    let noun = if n == N::from(1) { one } else { many };
    crate::safe!("{} {}", n, noun)
}

/// What `safe!` takes: types whose `Display` can only give safe text, errors of our own among them.
pub trait Shown: fmt::Display {}

/// What somebody else's error says, escaped: for the parts of our own errors, which are shown as they are.
pub fn said(error: &impl fmt::Display) -> SafeText {
    Text::from(error.to_string()).prose()
}

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
