#![allow(clippy::disallowed_methods, reason = "buffers are filled with random text")]

use std::num::NonZero;

use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};

use super::*;

/// Text at a place.
#[derive(Clone, Debug)]
struct Blot {
    x: u16,
    y: u16,
    text: String,
    style: Style,
}

#[derive(Clone, Debug)]
enum Act {
    /// A frame that begins with the one before, or with nothing.
    Draw {
        blots: Vec<Blot>,
        anew: bool,
        cursor: Option<(u16, u16)>,
        fetched: bool,
    },
    Resize(u16, u16),
}

fn color() -> impl Strategy<Value = Color> {
    let named = vec![Color::Reset, Color::Reset, Color::Red, Color::Green, Color::DarkGray, Color::White];
    prop_oneof![
        4 => prop::sample::select(named),
        1 => any::<u8>().prop_map(Color::Indexed),
        1 => any::<[u8; 3]>().prop_map(|[r, g, b]| Color::Rgb(r, g, b)),
    ]
}

/// Those of which the emulator knows.
fn modifier() -> impl Strategy<Value = Modifier> {
    let known = [Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
    prop::sample::subsequence(known.to_vec(), 0..=2).prop_map(|all| all.into_iter().collect())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,12}",
        "[ -~]{0,40}",
        " {1,40}",
        "[a日é»…한🚀]{0,8}",
        prop::collection::vec(prop::sample::select(vec!["e\u{301}", "日\u{302}", " ", "x", "o\u{308}\u{301}"]), 0..9)
            .prop_map(|all| all.concat()),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let place = || (0_u16..40, 0_u16..9);
    let style = (color(), color(), modifier());
    let blot = (place(), text(), style).prop_map(|((x, y), text, (fg, bg, modifier))| Blot {
        x,
        y,
        text,
        style: Style::new().fg(fg).bg(bg).add_modifier(modifier),
    });
    let draw = (prop::collection::vec(blot, 0..8), any::<bool>(), prop::option::of(place()), any::<bool>());
    prop_oneof![
        9 => draw.prop_map(|(blots, anew, cursor, fetched)| Act::Draw { blots, anew, cursor, fetched }),
        1 => (1_u16..40, 1_u16..9).prop_map(|(columns, rows)| Act::Resize(columns, rows)),
    ]
}

/// An emulator that knows no mercy: what it does not understand is a fault of the encoder's.
#[derive(Default)]
struct Strict(Vec<String>);

impl vt100::Callbacks for Strict {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".into());
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("title".into());
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], _: &[u8]) {
        self.0.push("clipboard".into());
    }
    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.0.push(format!("char {c:?}"));
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, b: u8) {
        self.0.push(format!("control {b}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, b: u8) {
        self.0.push(format!("escape {b}"));
    }
    fn unhandled_csi(&mut self, _: &mut vt100::Screen, i: Option<u8>, _: Option<u8>, n: &[&[u16]], c: char) {
        if !(i == Some(b'?') && n == [[2026]] && matches!(c, 'h' | 'l')) {
            self.0.push(format!("sequence {i:?} {n:?} {c}"));
        }
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.0.push(format!("osc {params:?}"));
    }
}

struct Bench {
    thin: Thin,
    emulator: vt100::Parser<Strict>,
    last: Buffer,
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}

impl Bench {
    fn new(columns: u16, rows: u16) -> Self {
        let mut emulator = vt100::Parser::new_with_callbacks(cells(rows), cells(columns), 0, Strict::default());
        // Somebody was here before.
        emulator.process("\x1b[7;31mold \x1b[Htext日本\r\nmore\x1b[?25h".as_bytes());
        Self { thin: Thin::new(columns, rows), emulator, last: Buffer::empty(Rect::new(0, 0, columns, rows)) }
    }

    fn draw(&mut self, blots: &[Blot], anew: bool, cursor: Option<(u16, u16)>) {
        let mut last = std::mem::take(&mut self.last);
        self.thin.draw(&mut |buffer| {
            let area = buffer.area;
            if !anew && last.area == area {
                buffer.clone_from(&last);
            }
            for blot in blots.iter().filter(|b| b.x < area.width && b.y < area.height) {
                buffer.set_string(blot.x, blot.y, &blot.text, blot.style);
            }
            well_formed(buffer);
            last.clone_from(buffer);
            cursor.filter(|(x, y)| *x < area.width && *y < area.height).map(Position::from)
        });
        self.last = last;
    }

    fn fetch(&mut self) -> usize {
        let bytes = self.thin.frame().unwrap_or_default();
        self.emulator.process(&bytes);
        bytes.len()
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        self.thin.resize(columns, rows);
        self.emulator.set_size(cells(rows), cells(columns));
        self.last = Buffer::empty(Rect::new(0, 0, columns, rows));
    }

    /// Every cell, the cursor, and nothing that the emulator did not know.
    fn check(&self) {
        let screen = self.emulator.screen();
        for y in 0..self.last.area.height {
            let mut x = 0;
            while x < self.last.area.width {
                let wanted = &self.last[(x, y)];
                let seen = screen.cell(y, x).unwrap();
                assert_eq!(looks(wanted), seen_looks(seen), "column {x} of row {y}: {wanted:?}");
                x += wanted.symbol().cell_width().max(1);
            }
        }
        assert_eq!(self.emulator.callbacks().0, Vec::<String>::new());
        let cursor = self.thin.cursor;
        assert_eq!(screen.hide_cursor(), cursor.is_none());
        assert!(cursor.is_none_or(|at| screen.cursor_position() == (at.y, at.x)));
        assert_eq!((screen.fgcolor(), screen.inverse()), (vt100::Color::Default, false), "left as an ordinary pen");
    }
}

/// As ratatui asks for: nothing stands behind the first column of a wide character. And as the emulator does: it
/// knows one weight at a time.
fn well_formed(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in 0..area.height {
        for x in 0..area.width {
            if buffer[(x, y)].modifier.contains(Modifier::BOLD) {
                buffer[(x, y)].modifier -= Modifier::DIM;
            }
            let wide = buffer[(x, y)].symbol().cell_width() > 1;
            if wide && x + 1 < area.width {
                buffer[(x + 1, y)].reset();
            } else if wide {
                buffer[(x, y)].reset();
            }
        }
    }
}

/// What can be seen of a cell: text, colours, modifiers.
type Looks = (String, vt100::Color, vt100::Color, [bool; 5]);

/// Of a blank one sees the background, and with lines or reversed the colour as well.
fn as_seen((text, fg, bg, [bold, dim, italic, underline, inverse]): Looks) -> Looks {
    match text.trim().is_empty() {
        true if underline || inverse => (" ".into(), fg, bg, [bold, dim, false, underline, inverse]),
        true => (" ".into(), vt100::Color::Default, bg, [false; 5]),
        false => (text, fg, bg, [bold, dim, italic, underline, inverse]),
    }
}

fn looks(cell: &Cell) -> Looks {
    let has = |modifier| cell.modifier.contains(modifier);
    let modifiers = [Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
    as_seen((cell.symbol().into(), in_emulator(cell.fg), in_emulator(cell.bg), modifiers.map(has)))
}

fn in_emulator(color: Color) -> vt100::Color {
    match color {
        Color::Reset => vt100::Color::Default,
        Color::Indexed(i) => vt100::Color::Idx(i),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Color::Red => vt100::Color::Idx(1),
        Color::Green => vt100::Color::Idx(2),
        Color::DarkGray => vt100::Color::Idx(8),
        Color::White => vt100::Color::Idx(15),
        other => panic!("{other}"),
    }
}

fn seen_looks(cell: &vt100::Cell) -> Looks {
    let modifiers = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
    as_seen((cell.contents().into(), cell.fgcolor(), cell.bgcolor(), modifiers))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn the_terminal_shows_the_newest_frame_cell_by_cell(
        columns in 1_u16..40, rows in 1_u16..9, acts in prop::collection::vec(act(), 1..12),
    ) {
        let mut bench = Bench::new(columns, rows);
        for act in acts {
            match act {
                Act::Resize(columns, rows) => bench.resize(columns, rows),
                Act::Draw { blots, anew, cursor, fetched } => {
                    bench.draw(&blots, anew, cursor);
                    if fetched {
                        bench.fetch();
                        bench.check();
                        prop_assert_eq!(bench.fetch(), 0, "nothing changed since");
                    }
                }
            }
        }
    }
}

fn plain(x: u16, y: u16, text: &str) -> Blot {
    Blot { x, y, text: text.into(), style: Style::new() }
}

/// What the second frame costs, without the marks of a synchronised update.
fn cost(first: &[Blot], second: &[Blot]) -> String {
    let mut bench = Bench::new(80, 24);
    bench.draw(first, true, None);
    bench.fetch();
    bench.draw(second, true, None);
    let bytes = bench.thin.frame().unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap();
    text.replace("\x1b[?2026h", "").replace("\x1b[?2026l", "")
}

#[test]
fn a_frame_is_written_in_few_bytes() {
    let red = |x, y, text: &str| Blot { style: Style::new().fg(Color::Red), ..plain(x, y, text) };
    let long = "x".repeat(70);
    for (first, second, bytes) in [
        // Trailing blanks are erased, a row below is a line feed away.
        (
            vec![plain(0, 3, &long), plain(0, 4, &long)],
            vec![plain(0, 3, "a"), plain(0, 4, "b")],
            "\x1b[4Ha\x1b[K\r\nb\x1b[K",
        ),
        // What stands between two changes is written again where that is shorter, and jumped over where not.
        (vec![plain(0, 0, "a=1 b=1")], vec![plain(0, 0, "a=2 b=2")], "\x1b[1;3H2 b=2"),
        (vec![plain(0, 0, "1 long words 1")], vec![plain(0, 0, "2 long words 2")], "\x1b[H2\x1b[12C2"),
        // A blank needs no colour; two runs of a colour are one.
        (vec![], vec![red(2, 1, "one"), plain(5, 1, " "), red(6, 1, "two")], "\x1b[2;3H\x1b[31mone two\x1b[m"),
        // Right-aligned text: erased and jumped to instead of blanks.
        (vec![plain(0, 0, &long)], vec![plain(60, 0, "end")], "\x1b[H\x1b[K\x1b[60Cend"),
        (vec![plain(0, 0, "same")], vec![plain(0, 0, "same")], ""),
    ] {
        assert_eq!(cost(&first, &second), bytes);
    }
}

#[test]
fn looks_change_by_the_shorter_sequence() {
    let look = |fg, modifier| Look { fg, bg: Color::Reset, modifier };
    let (bold, dim, none) = (Modifier::BOLD, Modifier::DIM, Modifier::empty());
    for (from, to, bytes) in [
        (look(Color::Reset, none), look(Color::Red, none), "\x1b[31m"),
        (look(Color::Red, bold), look(Color::Red, none), "\x1b[22m"),
        (look(Color::Red, bold), look(Color::Reset, none), "\x1b[m"),
        (look(Color::Red, bold), look(Color::Red, dim), "\x1b[22;2m"),
        (look(Color::Red, bold | dim), look(Color::Red, dim), "\x1b[22;2m"),
        (look(Color::Indexed(200), bold), look(Color::Reset, bold), "\x1b[39m"),
        (look(Color::Red, Modifier::CROSSED_OUT), look(Color::LightBlue, none), "\x1b[0;94m"),
        (look(Color::Reset, none), look(Color::Rgb(1, 20, 255), Modifier::CROSSED_OUT), "\x1b[9;38;2;1;20;255m"),
    ] {
        let mut out = Vec::new();
        from.change_to(to, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), bytes);
    }
}

#[test]
fn a_control_character_never_passes() {
    let mut thin = Thin::new(4, 1);
    thin.draw(&mut |buffer| {
        buffer.content[0] = Cell::new("\u{9b}");
        None
    });
    assert_eq!(thin.frame().unwrap(), b"\x1b[?2026h\x1b[m\x1b[2J\x1b[H?\x1b[?25l\x1b[?2026l");
}
