//! One key press, as it is written in config and help: `g`, `ctrl-o`, `enter`, `f5`.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::domain::text::Shown;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A visible ASCII character, shift included; the space bar as well.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 to F12.
    F(u8),
}

/// The keys that have a name, and `space` and `minus`, which would be hard to read as themselves.
const NAMES: &[(&str, Code)] = &[
    ("space", Code::Char(' ')),
    ("minus", Code::Char('-')),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backtab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("del", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
];

/// A key with what is held down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With control.
    pub ctrl: bool,
    /// With alt.
    pub alt: bool,
}

impl Key {
    /// A key by itself.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// What the terminal reports; absent for releases and for keys that have no name here.
    pub fn from_event(event: &KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        Some(Self { code: code_of(event.code)?, ctrl, alt })
    }

    /// The character that it types, where it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

fn code_of(code: KeyCode) -> Option<Code> {
    Some(match code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n @ 1..=12) => Code::F(n),
        _ => return None,
    })
}

/// A text that names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such key: write it like g, ctrl-o, alt-x, enter, space, minus, f5, pgdn")]
pub struct BadKey;

impl FromStr for Key {
    type Err = BadKey;
    fn from_str(s: &str) -> Result<Self, BadKey> {
        let (ctrl, rest) = strip(s, "ctrl-");
        let (alt, rest) = strip(rest, "alt-");
        Ok(Self { code: parse_code(rest)?, ctrl, alt })
    }
}

fn strip<'a>(s: &'a str, prefix: &str) -> (bool, &'a str) {
    s.strip_prefix(prefix).map_or((false, s), |rest| (true, rest))
}

fn parse_code(s: &str) -> Result<Code, BadKey> {
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == s) {
        return Ok(*code);
    }
    if let Some(n) = s.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n)) {
        return Ok(Code::F(n));
    }
    let mut chars = s.chars();
    match (chars.next(), chars.next()) {
        (Some(c @ '!'..='~'), None) => Ok(Code::Char(c)),
        _ => Err(BadKey),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        text.push_str(if self.ctrl { "ctrl-" } else { "" });
        text.push_str(if self.alt { "alt-" } else { "" });
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => text.push_str(name),
            (None, Code::F(n)) => text.push_str(&format!("f{n}")),
            (None, Code::Char(c)) if c.is_ascii_graphic() => text.push(c),
            // Only a keyboard gives it, never the config: named so that no byte of it reaches a screen.
            (None, _) => text.push('?'),
        }
        f.pad(&text)
    }
}

impl Shown for Key {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_text() {
        for text in ["g", "G", "ctrl-o", "enter", "space", "minus", "f5", "alt-x", "ctrl-alt-pgdn", "?", "!", "f"] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        for bad in ["", "ctrl-", "gg", "f0", "f13", "shift-g", "é", "\u{1b}"] {
            assert!(bad.parse::<Key>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn shift_is_in_the_character_and_releases_are_nothing() {
        let big = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::from_event(&big).unwrap().to_string(), "G");
        let mut up = big;
        up.kind = KeyEventKind::Release;
        assert_eq!(Key::from_event(&up), None);
    }
}
