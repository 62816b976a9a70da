//! Bytes of a terminal to keys and pastes. Of our own since a torn escape sequence must never turn into the
//! letters it ends with, answers to queries of others must be swallowed whole, and a dead terminal must be seen.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// A sequence longer than this is none.
const LONGEST_SEQUENCE: usize = 64;
/// More than this of one paste is dropped.
const LONGEST_PASTE: usize = 1 << 20;
const PASTE_END: &[u8] = b"\x1b[201~";

/// What the first bytes are.
enum Step {
    /// An event of so many bytes.
    Key(KeyEvent, usize),
    /// So many bytes that mean nothing to us.
    Skip(usize),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// A string (an answer to a query) begins: it goes on to its end.
    Ignored(usize),
    /// Not whole yet.
    More,
}

/// In what the bytes stand.
#[derive(Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Keys,
    Paste,
    Ignored,
}

/// Takes bytes as they come, gives events as they are whole.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
    inside: Inside,
    paste: Vec<u8>,
}

impl Parser {
    /// Takes more bytes.
    pub fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.bytes.extend_from_slice(bytes);
        self.read(events, false);
    }

    /// Nothing came for a while: what is not whole will not become so. An escape alone is the key.
    pub fn settle(&mut self, events: &mut Vec<Event>) {
        if self.inside == Inside::Keys {
            self.read(events, true);
        }
    }

    /// Whether a short wait could tell more.
    pub fn is_waiting(&self) -> bool {
        self.inside == Inside::Keys && !self.bytes.is_empty()
    }

    fn read(&mut self, events: &mut Vec<Event>, last: bool) {
        while !self.bytes.is_empty() {
            let went_on = match self.inside {
                Inside::Keys => self.key(events, last),
                Inside::Paste => self.paste(events),
                Inside::Ignored => self.ignored(),
            };
            if !went_on {
                return;
            }
        }
    }

    fn key(&mut self, events: &mut Vec<Event>, last: bool) -> bool {
        let used = match step(&self.bytes, last) {
            Step::More => return false,
            Step::Skip(n) => n,
            Step::Key(key, n) => {
                events.push(Event::Key(key));
                n
            }
            Step::Paste(n) => {
                self.inside = Inside::Paste;
                n
            }
            Step::Ignored(n) => {
                self.inside = Inside::Ignored;
                n
            }
        };
        self.bytes.drain(..used.min(self.bytes.len()));
        true
    }

    fn paste(&mut self, events: &mut Vec<Event>) -> bool {
        let end = self.bytes.windows(PASTE_END.len()).position(|w| w == PASTE_END);
        // The end may be torn: its first bytes stay.
        let ready = end.unwrap_or_else(|| (self.bytes.len() + 1).saturating_sub(PASTE_END.len()));
        let room = LONGEST_PASTE.saturating_sub(self.paste.len());
        self.paste.extend(self.bytes.drain(..ready).take(room));
        if end.is_none() {
            return false;
        }
        self.bytes.drain(..PASTE_END.len());
        self.inside = Inside::Keys;
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.paste)).into_owned();
        events.push(Event::Paste(text));
        true
    }

    /// Up to BEL or `ESC \`; CAN and SUB break it off.
    fn ignored(&mut self) -> bool {
        let Some(at) = self.bytes.iter().position(|b| matches!(b, 0x07 | 0x18 | 0x1a | 0x1b)) else {
            self.bytes.clear();
            return false;
        };
        let used = match (self.bytes.get(at), self.bytes.get(at + 1)) {
            (Some(0x1b), None) => {
                self.bytes.drain(..at);
                return false;
            }
            (Some(0x1b), Some(b'\\')) => at + 2,
            (Some(0x1b), _) => at,
            _ => at + 1,
        };
        self.bytes.drain(..used);
        self.inside = Inside::Keys;
        true
    }
}

fn step(bytes: &[u8], last: bool) -> Step {
    match bytes {
        [0x1b] if last => Step::Key(KeyCode::Esc.into(), 1),
        [0x1b] => Step::More,
        [0x1b, 0x1b, ..] => Step::Key(KeyCode::Esc.into(), 1),
        [0x1b, b'[' | b'O' | b']' | b'P' | b'X' | b'^' | b'_'] if last => alt(bytes, last),
        [0x1b, b'['] | [0x1b, b'O'] => Step::More,
        [0x1b, b'[', rest @ ..] => control_sequence(rest, last),
        [0x1b, b'O', key, ..] => single_shift(*key),
        [0x1b, b']' | b'P' | b'X' | b'^' | b'_'] => Step::More,
        [0x1b, b']' | b'P' | b'X' | b'^' | b'_', ..] => Step::Ignored(2),
        [0x1b, ..] => alt(bytes, last),
        _ => plain(bytes, last),
    }
}

/// A key with Alt comes as escape and key.
fn alt(bytes: &[u8], last: bool) -> Step {
    match plain(bytes.get(1..).unwrap_or_default(), last) {
        Step::Key(key, n) => Step::Key(KeyEvent::new(key.code, key.modifiers | KeyModifiers::ALT), n + 1),
        Step::Skip(n) => Step::Skip(n + 1),
        other => other,
    }
}

fn plain(bytes: &[u8], last: bool) -> Step {
    let Some(&first) = bytes.first() else { return Step::More };
    let control = |c: char| Step::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL), 1);
    match first {
        b'\r' => Step::Key(KeyCode::Enter.into(), 1),
        b'\t' => Step::Key(KeyCode::Tab.into(), 1),
        0x7f => Step::Key(KeyCode::Backspace.into(), 1),
        0 => control(' '),
        1..=0x1a => control(char::from(first - 1 + b'a')),
        0x1c..=0x1f => control(char::from(first - 0x1c + b'4')),
        0x1b => Step::Skip(1),
        _ => character(bytes, last),
    }
}

fn character(bytes: &[u8], last: bool) -> Step {
    let head = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    let Some(chunk) = head.utf8_chunks().next() else { return Step::More };
    if let Some(c) = chunk.valid().chars().next() {
        let modifiers = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
        return Step::Key(KeyEvent::new(KeyCode::Char(c), modifiers), c.len_utf8());
    }
    // Torn, or wrong for good: a torn one ends where the bytes do.
    let torn = chunk.invalid().len() == head.len() && bytes.len() < 4;
    if torn && !last { Step::More } else { Step::Skip(chunk.invalid().len().max(1)) }
}

fn single_shift(key: u8) -> Step {
    let code = match key {
        b'P'..=b'S' => KeyCode::F(key - b'P' + 1),
        b'M' => KeyCode::Enter,
        _ => match cursor_key(key) {
            Some(code) => code,
            None => return Step::Skip(3),
        },
    };
    Step::Key(code.into(), 3)
}

fn cursor_key(last: u8) -> Option<KeyCode> {
    const KEYS: [(u8, KeyCode); 12] = [
        (b'A', KeyCode::Up),
        (b'B', KeyCode::Down),
        (b'C', KeyCode::Right),
        (b'D', KeyCode::Left),
        (b'F', KeyCode::End),
        (b'H', KeyCode::Home),
        (b'Z', KeyCode::BackTab),
        (b'P', KeyCode::F(1)),
        (b'Q', KeyCode::F(2)),
        (b'R', KeyCode::F(3)),
        (b'S', KeyCode::F(4)),
        (b'E', KeyCode::KeypadBegin),
    ];
    KEYS.iter().find(|(byte, _)| *byte == last).map(|(_, code)| *code)
}

/// Keys that come as a number before `~`.
fn numbered_key(number: u32) -> Option<KeyCode> {
    let f = |n: u32, before: u32| u8::try_from(n - before).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => f(number, 10),
        17..=21 => f(number, 11),
        23..=24 => f(number, 12),
        _ => None,
    }
}

/// After `ESC [`: parameters, then a last byte.
fn control_sequence(rest: &[u8], last: bool) -> Step {
    // The Linux console's F1 to F5 have a second bracket; old mouse reports bring three bytes of any kind.
    match rest {
        [b'[', key @ b'A'..=b'E', ..] => return Step::Key(KeyCode::F(key - b'A' + 1).into(), 4),
        [b'['] | [b'M'] | [b'M', _] | [b'M', _, _] if !last => return Step::More,
        [b'M', ..] => return Step::Skip(6),
        _ => {}
    }
    match rest.iter().position(|b| !matches!(b, 0x20..=0x3f)) {
        None if last || rest.len() > LONGEST_SEQUENCE => Step::Skip(rest.len() + 2),
        None => Step::More,
        Some(at) => sequence(rest.get(..at).unwrap_or_default(), rest.get(at).copied().unwrap_or_default(), at + 3),
    }
}

fn sequence(parameters: &[u8], last: u8, used: usize) -> Step {
    // Not a sequence after all: the byte that broke it is read anew.
    if !matches!(last, 0x40..=0x7e) {
        return Step::Skip(used - 1);
    }
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    let mut numbers = text.split(';').map(|n| n.split(':').next().unwrap_or_default().parse::<u32>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let code = match (last, first) {
        (b'~', Some(200)) => return Step::Paste(used),
        (b'~', Some(n)) => numbered_key(n),
        (b'u', Some(n)) => char::from_u32(n).and_then(unicode_key),
        (_, None | Some(1)) => cursor_key(last),
        _ => None,
    };
    match code {
        Some(code) => Step::Key(KeyEvent::new(code, modifiers(code, second)), used),
        None => Step::Skip(used),
    }
}

/// Terminals that were told so by somebody else send every key as its number before `u`.
fn unicode_key(c: char) -> Option<KeyCode> {
    match c {
        '\u{1b}' => Some(KeyCode::Esc),
        '\r' => Some(KeyCode::Enter),
        '\t' => Some(KeyCode::Tab),
        '\u{7f}' => Some(KeyCode::Backspace),
        c if c.is_control() => None,
        c => Some(KeyCode::Char(c)),
    }
}

fn modifiers(code: KeyCode, parameter: Option<u32>) -> KeyModifiers {
    let bits = parameter.unwrap_or(1).saturating_sub(1);
    let table = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let held = table.into_iter().filter(|(bit, _)| bits & bit != 0).fold(KeyModifiers::NONE, |all, (_, m)| all | m);
    if code == KeyCode::BackTab { held | KeyModifiers::SHIFT } else { held }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(events: &[Event]) -> String {
        let one = |event: &Event| match event {
            Event::Key(k) if k.modifiers.is_empty() => format!("{}", k.code),
            Event::Key(k) => format!("{}+{}", k.modifiers, k.code),
            Event::Paste(text) => format!("paste {text:?}"),
            other => format!("{other:?}"),
        };
        events.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn read(pieces: &[&[u8]]) -> String {
        let (mut parser, mut events) = (Parser::default(), vec![]);
        pieces.iter().for_each(|piece| parser.feed(piece, &mut events));
        parser.settle(&mut events);
        shown(&events)
    }

    #[test]
    fn keys_are_read_as_terminals_send_them() {
        for (bytes, keys) in [
            (&b"aR\xc3\xa9\r\t\x7f"[..], "a Shift+R é Enter Tab Backspace"),
            (b"\x0f\x1a\x00\n", "Control+o Control+z Control+Space Control+j"),
            (b"\x1b", "Esc"),
            (b"\x1b\x1b", "Esc Esc"),
            (b"\x1bx\x1b\x0f", "Alt+x Control+Alt+o"),
            (b"\x1b[A\x1bOB\x1b[1;5C\x1b[Z", "Up Down Control+Right Shift+Back Tab"),
            (b"\x1b[H\x1b[4~\x1b[5~\x1b[6;2~\x1b[3~", "Home End Page Up Shift+Page Down Del"),
            (b"\x1bOP\x1b[15~\x1b[24~\x1b[[B", "F1 F5 F12 F2"),
            (b"\x1b[97;5u\x1b[27u", "Control+a Esc"),
        ] {
            assert_eq!(read(&[bytes]), keys, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_key_never_becomes_letters() {
        for bytes in [
            &b"\x1b[?62;1;6c"[..],
            b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
            b"\x1b]52;c;YXBwcm92ZQ==\x07",
            b"\x1bP1$r0m\x1b\\",
            b"\x1b[M aa",
            b"\x1b[<0;10;10M\x1b[<0;10;10m",
            b"\x1b[I\x1b[O",
            b"\x1b[12;40R\x1b[99~",
            b"\x80\xff",
        ] {
            assert_eq!(read(&[bytes]), "", "{bytes:?}");
            let torn: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(read(&torn), "", "{bytes:?} byte by byte");
        }
        assert_eq!(read(&[b"\x1b[3\x01"]), "Control+a");
        assert_eq!(read(&[b"\x1b]never\x18x"]), "x");
    }

    #[test]
    fn torn_sequences_are_put_together() {
        assert_eq!(read(&[b"\x1b", b"[", b"A"]), "Up");
        assert_eq!(read(&[b"\xc3", b"\xa9"]), "é");
        assert_eq!(read(&[b"\x1b[20", b"0~rm", b" -rf\x1b[20", b"1~", b"x"]), "paste \"rm -rf\" x");
    }

    #[test]
    fn a_paste_is_one_event_whatever_is_in_it() {
        assert_eq!(read(&[b"\x1b[200~a\rg\x1b[A\x1b[201~"]), "paste \"a\\rg\\u{1b}[A\"");
        let long = [b"\x1b[200~".as_slice(), &vec![b'x'; 2 << 20], b"\x1b[201~q"].concat();
        let (mut parser, mut events) = (Parser::default(), vec![]);
        long.chunks(4096).for_each(|chunk| parser.feed(chunk, &mut events));
        assert!(matches!(&events[..], [Event::Paste(text), Event::Key(_)] if text.len() == LONGEST_PASTE));
    }

    #[test]
    fn an_unfinished_paste_swallows_and_never_types() {
        let (mut parser, mut events) = (Parser::default(), vec![]);
        parser.feed(b"\x1b[200~ag", &mut events);
        parser.settle(&mut events);
        assert!(events.is_empty() && !parser.is_waiting());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike_whole_or_torn(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let torn: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(read(&[&bytes]), read(&torn));
        }
    }
}
