//! A field that takes text. What is typed or pasted is data; on the screen it is encoded like any other text.

use tui_textarea::{CursorMove, DataCursor, Input as Typed, Key as TypedKey, TextArea};

use crate::domain::text::{SafeText, Text};
use crate::keymap::{Code, Key};

/// A field of one line, or of several (which only a paste makes).
#[derive(Debug)]
pub struct Field {
    area: TextArea<'static>,
    lines: bool,
    limit: usize,
    refused: usize,
}

/// What a field shows: the text in its window and the cursor's column and row inside of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows.
    pub rows: Vec<SafeText>,
    /// Column and row.
    pub cursor: (usize, usize),
}

impl Field {
    /// A field of one line.
    pub fn line(text: &str) -> Self {
        let mut area = TextArea::from([text.to_owned()]);
        area.move_cursor(CursorMove::End);
        Self { area, lines: false, limit: 200, refused: 0 }
    }

    /// A field for a comment.
    pub fn comment() -> Self {
        Self { area: TextArea::default(), lines: true, limit: 2000, refused: 0 }
    }

    /// What stands in it.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// What stands in it, without blanks around it.
    pub fn trimmed(&self) -> Text {
        Text::from(self.text().trim())
    }

    /// Whether there is nothing but blanks in it.
    pub fn is_blank(&self) -> bool {
        self.area.lines().iter().all(|l| l.trim().is_empty())
    }

    /// Puts another text in it.
    pub fn set(&mut self, text: &str) {
        *self = Self { limit: self.limit, lines: self.lines, ..Self::line(text) };
    }

    /// Takes a key. Whether it was one for a field; enter, escape and tab never are.
    pub fn key(&mut self, key: Key) -> bool {
        let Some(typed) = typed(key) else { return false };
        let character = key.typed();
        if character.is_some() && self.len() >= self.limit {
            return true;
        }
        let before = character.and_then(|c| self.refuses(c).then(|| self.area.clone()));
        self.area.input(typed);
        // A mark is taken on a letter that has not too many of them yet.
        if let Some(before) = before.filter(|_| !self.area.lines().iter().all(|line| is_plain(line))) {
            self.area = before;
            self.refused += 1;
        }
        true
    }

    /// Whether a character would become a marker where it stands alone.
    fn refuses(&self, c: char) -> bool {
        c != '\\' && !is_plain(c.encode_utf8(&mut [0; 4]))
    }

    /// How many characters were typed or pasted that cannot be shown as they are, and so were not taken.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Takes a paste: text, whatever it looks like. Line ends become blanks in a field of one line, tabs everywhere;
    /// what cannot be shown as it is is left out and counted.
    pub fn paste(&mut self, text: &Text) {
        let text = text.lossy().replace("\r\n", "\n").replace('\r', "\n");
        let text = if self.lines { text } else { text.replace('\n', " ") };
        let room = self.limit.saturating_sub(self.len());
        let offered: Vec<char> = text.replace('\t', " ").chars().take(room).collect();
        let text = plain_part(&offered);
        self.refused += offered.len() - text.chars().count();
        self.area.insert_str(text);
    }

    fn len(&self) -> usize {
        self.area.lines().iter().map(|l| l.chars().count() + 1).sum()
    }

    /// The part around the cursor that fits into `width` columns and `rows` rows.
    pub fn window(&self, width: usize, rows: usize) -> Window {
        let DataCursor(row, column) = self.area.cursor();
        let first = (row + 1).saturating_sub(rows.max(1));
        let shown = self.area.lines().iter().enumerate().skip(first).take(rows.max(1));
        let mut cursor = (0, row - first);
        let rows = shown.map(|(i, line)| {
            let at = (i == row).then_some(column);
            let (text, x) = window_of(line, at, width.max(2));
            if i == row {
                cursor.0 = x;
            }
            text
        });
        let rows = rows.collect();
        Window { rows, cursor }
    }
}

/// As many characters as a letter with all the marks that it may have, and one more.
const MARKS: usize = 6;

/// Whether the encoder leaves a text as it is; a backslash is doubled, never hidden, and may be typed.
fn is_plain(text: &str) -> bool {
    Text::from(text).prose().markers().iter().all(|(_, marker)| !marker)
}

/// The characters that can be shown as they are, each with the marks that it has room for.
fn plain_part(offered: &[char]) -> String {
    let mut taken = String::new();
    for c in offered {
        // A mark is judged by the letter and the marks before it, and nothing else by what is before it.
        let mut tail: Vec<char> = taken.chars().rev().take(MARKS).take_while(|c| *c != '\n').collect();
        tail.reverse();
        tail.push(*c);
        if *c == '\n' || is_plain(&tail.iter().collect::<String>()) {
            taken.push(*c);
        }
    }
    taken
}

/// The columns of a line around the cursor, and the cursor's column in them.
fn window_of(line: &str, cursor: Option<usize>, width: usize) -> (SafeText, usize) {
    let encode = |text: String| Text::from(text).prose();
    let at = cursor.unwrap_or(0);
    // The cursor itself needs a column behind the text.
    let room = width - 1;
    let skip = (0..=at).find(|skip| encode(line.chars().skip(*skip).take(at - skip).collect()).width() <= room);
    let skip = skip.unwrap_or(at);
    let before = encode(line.chars().skip(skip).take(at - skip).collect());
    let mut shown = String::new();
    for c in line.chars().skip(skip) {
        let longer = encode(format!("{shown}{c}"));
        if longer.width() > room {
            break;
        }
        shown.push(c);
    }
    (encode(shown), before.width())
}

fn typed(key: Key) -> Option<Typed> {
    let code = match key.code {
        // The usual ones of a line editor; everything else with control stays with the keymap.
        Code::Char('w' | 'u' | 'e' | 'k') if key.ctrl => return editing(key),
        Code::Char(c) if !key.ctrl && !key.alt => TypedKey::Char(c),
        Code::Backspace => TypedKey::Backspace,
        Code::Delete => TypedKey::Delete,
        Code::Left => TypedKey::Left,
        Code::Right => TypedKey::Right,
        Code::Home => TypedKey::Home,
        Code::End => TypedKey::End,
        _ => return None,
    };
    Some(Typed { key: code, ctrl: key.ctrl, alt: key.alt, shift: false })
}

fn editing(key: Key) -> Option<Typed> {
    let code = match key.code {
        // In the text area's own keys `ctrl-j` deletes to the head of the line; everybody's fingers know `ctrl-u`.
        Code::Char('u') => 'j',
        Code::Char(c) => c,
        _ => return None,
    };
    Some(Typed { key: TypedKey::Char(code), ctrl: true, alt: false, shift: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn it_edits_like_a_line() {
        let mut field = Field::line("45");
        assert!(field.key(key("m")));
        assert!(
            !field.key(key("enter")) && !field.key(key("tab")) && !field.key(key("esc")) && !field.key(key("ctrl-o"))
        );
        assert_eq!(field.text(), "45m");
        field.key(key("backspace"));
        field.key(key("home"));
        field.key(key("1"));
        assert_eq!(field.text(), "145");
        field.key(key("end"));
        field.key(key("ctrl-u"));
        assert!(field.is_blank());
    }

    #[test]
    fn a_paste_is_text_and_stays_within_the_limit() {
        let mut line = Field::line("");
        line.paste(&Text::from("a\r\ng\nx"));
        assert_eq!(line.text(), "a g x");
        let mut comment = Field::comment();
        comment.paste(&Text::from("a\r\nb"));
        assert_eq!(comment.text(), "a\nb");
        comment.paste(&Text::from("x".repeat(5000)));
        assert!(comment.text().chars().count() <= 2000);
    }

    #[test]
    fn the_window_follows_the_cursor_and_is_encoded() {
        let mut field = Field::line("0123456789");
        assert_eq!(field.window(6, 1), Window { rows: vec![SafeText::lit("56789")], cursor: (5, 0) });
        field.key(key("home"));
        assert_eq!(field.window(6, 1), Window { rows: vec![SafeText::lit("01234")], cursor: (0, 0) });
    }

    #[test]
    fn what_cannot_be_shown_as_it_is_is_not_taken_and_counted() {
        let mut field = Field::line("");
        field.paste(&Text::from("a\u{202e}b\u{1b}[2Jc\te\u{301}\u{200b}"));
        assert_eq!((field.text().as_str(), field.refused()), ("ab[2Jc e\u{301}", 3));
        for _ in 0..6 {
            field.key(Key { code: Code::Char('\u{301}'), ctrl: false, alt: false });
        }
        assert_eq!((field.text().as_str(), field.refused()), ("ab[2Jc e\u{301}\u{301}\u{301}\u{301}", 6));
        field.paste(&Text::from(r" C:\new \u{1b}"));
        assert_eq!(field.refused(), 6, "a backslash is text");
        assert!(field.window(80, 1).rows[0].markers().iter().all(|(_, marker)| !marker));
    }
}
