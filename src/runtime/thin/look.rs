//! How characters look, and the shortest sequence from one look to another.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// Modifiers that show on a blank as well.
const ON_BLANKS: Modifier =
    Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT).union(Modifier::SLOW_BLINK);

/// Modifier, the code that switches it on, the code that switches it off. No theme has others.
const MODIFIERS: [(Modifier, u8, u8); 7] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// The 16 colours in the order of their numbers.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// How a character looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) fg: Color,
    pub(super) bg: Color,
    pub(super) modifier: Modifier,
}

impl Look {
    pub(super) fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Whether a blank in this look is more than its background.
    pub(super) fn marks_blanks(self) -> bool {
        self.modifier.intersects(ON_BLANKS)
    }

    /// What has to be set for a blank to look as `blank` does, `self` being set already.
    pub(super) fn for_blank(self, blank: Look) -> Look {
        match (blank.marks_blanks(), self.bg == blank.bg && !self.marks_blanks()) {
            (true, _) => blank,
            (false, true) => self,
            // Taking everything back is the shortest.
            (false, false) if blank.bg == Color::Reset => Look::default(),
            (false, false) => Look { bg: blank.bg, modifier: self.modifier - ON_BLANKS, ..self },
        }
    }

    /// Writes the shorter one of what changes from `self`, and of everything anew.
    pub(super) fn change_to(self, next: Look, out: &mut Vec<u8>) {
        if self == next {
            return;
        }
        if next == Look::default() {
            out.extend_from_slice(b"\x1b[m");
            return;
        }
        let (mut step, mut anew) = (Codes::default(), Codes::default());
        step.step(self, next);
        anew.add(0);
        anew.step(Look::default(), next);
        let codes = if step.0.len() <= anew.0.len() { step } else { anew };
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(&codes.0);
        out.push(b'm');
    }
}

/// Numbers with semicolons between them.
#[derive(Default)]
struct Codes(Vec<u8>);

impl Codes {
    fn add(&mut self, code: u8) {
        if !self.0.is_empty() {
            self.0.push(b';');
        }
        decimal(u16::from(code), &mut self.0);
    }

    fn step(&mut self, from: Look, to: Look) {
        let gone = from.modifier - to.modifier;
        let mut kept = from.modifier & to.modifier;
        for (modifier, _, off) in MODIFIERS {
            // Bold and dim go together, so what stays of them is set again.
            let also = if off == 22 { Modifier::BOLD | Modifier::DIM } else { modifier };
            if gone.contains(modifier) && !(modifier == Modifier::DIM && gone.contains(Modifier::BOLD)) {
                self.add(off);
                kept -= also;
            }
        }
        let on = to.modifier - kept;
        MODIFIERS.iter().filter(|(modifier, ..)| on.contains(*modifier)).for_each(|(_, code, _)| self.add(*code));
        if from.fg != to.fg {
            self.color(to.fg, 30);
        }
        if from.bg != to.bg {
            self.color(to.bg, 40);
        }
    }

    fn color(&mut self, color: Color, base: u8) {
        match color {
            Color::Reset => self.add(base + 9),
            Color::Rgb(r, g, b) => [base + 8, 2, r, g, b].into_iter().for_each(|code| self.add(code)),
            Color::Indexed(index) => [base + 8, 5, index].into_iter().for_each(|code| self.add(code)),
            named => {
                let number = NAMED.iter().zip(0..).find(|(c, _)| **c == named).map_or(9, |(_, n)| n);
                self.add(if number < 8 { base + number } else { base + 60 + number - 8 });
            }
        }
    }
}

/// Writes a number.
pub(super) fn decimal(number: u16, out: &mut Vec<u8>) {
    if number >= 10 {
        decimal(number / 10, out);
    }
    out.push(b'0' + (number % 10) as u8);
}
