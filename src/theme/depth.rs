//! How many colours the terminal shows, and the nearest colour where it shows fewer. Nothing is asked of the
//! terminal: the environment says it, and the config may say otherwise.

use ratatui::style::{Color, Style};

/// How many colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: modifiers only.
    Mono,
    /// The terminal's own 16.
    Ansi,
    /// The 256 of xterm.
    Indexed,
    /// 24 bit.
    True,
}

impl Depth {
    /// What the environment says: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| env(name).unwrap_or_default();
        let term = get("TERM");
        if !get("NO_COLOR").is_empty() || term.is_empty() || term == "dumb" {
            return Depth::Mono;
        }
        if matches!(get("COLORTERM").as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            return Depth::True;
        }
        if term.contains("256color") { Depth::Indexed } else { Depth::Ansi }
    }

    /// The style with no more colours than there are.
    pub(super) fn limit(self, style: Style) -> Style {
        let limit = |color: Option<Color>| color.and_then(|c| self.nearest(c));
        Style { fg: limit(style.fg), bg: limit(style.bg), underline_color: None, ..style }
    }

    fn nearest(self, color: Color) -> Option<Color> {
        match (self, color) {
            (Depth::Mono, _) => None,
            (Depth::Indexed, Color::Rgb(r, g, b)) => Some(Color::Indexed(indexed([r, g, b]))),
            (Depth::Ansi, Color::Rgb(r, g, b)) => Some(ansi([r, g, b])),
            (Depth::Ansi, Color::Indexed(i)) => Some(ansi(rgb_of(i))),
            (_, other) => Some(other),
        }
    }
}

type Rgb = [u8; 3];

/// The steps of the 6×6×6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The 16 colours as xterm draws them, in the order of their numbers.
const ANSI: [(Color, Rgb); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

fn far(a: Rgb, b: Rgb) -> u32 {
    a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(y)).pow(2)).sum()
}

/// Brightest of three, and how far it is from the darkest.
fn value_and_chroma(rgb: Rgb) -> (u8, u8) {
    let high = rgb.into_iter().max().unwrap_or_default();
    (high, high - rgb.into_iter().min().unwrap_or_default())
}

/// Below this a colour counts as grey.
const GREY: u8 = 48;

/// From this on a colour takes the light one of its two.
const LIGHT: u8 = 230;

/// Up to which hue, in degrees, a colour is of which kind; what is beyond is red again.
const HUES: [(i32, Color, Color); 6] = [
    (30, Color::Red, Color::LightRed),
    (75, Color::Yellow, Color::LightYellow),
    (165, Color::Green, Color::LightGreen),
    (205, Color::Cyan, Color::LightCyan),
    (265, Color::Blue, Color::LightBlue),
    (330, Color::Magenta, Color::LightMagenta),
];

/// The one of the 16 that says the same: by hue, since a green that turns yellow would change its meaning.
fn ansi(rgb: Rgb) -> Color {
    let (value, chroma) = value_and_chroma(rgb);
    if chroma < GREY {
        return grey(value);
    }
    let hue = hue(rgb, value, chroma);
    let (_, dark, light) = HUES.into_iter().find(|(end, _, _)| hue < *end).unwrap_or(HUES[0]);
    if value >= LIGHT { light } else { dark }
}

fn grey(value: u8) -> Color {
    match value {
        0..64 => Color::Black,
        64..160 => Color::DarkGray,
        160..LIGHT => Color::Gray,
        LIGHT.. => Color::White,
    }
}

fn hue([r, g, b]: Rgb, value: u8, chroma: u8) -> i32 {
    let step = |a: u8, b: u8| (i32::from(a) - i32::from(b)) * 60 / i32::from(chroma.max(1));
    let hue = match value {
        v if v == r => step(g, b),
        v if v == g => 120 + step(b, r),
        _ => 240 + step(r, g),
    };
    hue.rem_euclid(360)
}

/// The nearest of the cube and the 24 greys.
fn indexed(rgb: Rgb) -> u8 {
    (16..=255).min_by_key(|i| far(rgb, rgb_of(*i))).unwrap_or(16)
}

/// What xterm draws for a number.
fn rgb_of(index: u8) -> Rgb {
    let step = |n: u8| CUBE.get(usize::from(n)).copied().unwrap_or_default();
    match index {
        0..16 => ANSI.get(usize::from(index)).map_or([0; 3], |(_, rgb)| *rgb),
        16..232 => [step((index - 16) / 36), step((index - 16) / 6 % 6), step((index - 16) % 6)],
        232.. => [8 + (index - 232) * 10; 3],
    }
}

/// Whether two colours are so near that text in the one on the other cannot be read.
pub(super) fn hard_to_read(on: Color, text: Color) -> bool {
    match (rgb(on), rgb(text)) {
        (Some(on), Some(text)) => far(on, text) < 40_u32.pow(2),
        _ => on == text,
    }
}

fn rgb(color: Color) -> Option<Rgb> {
    match color {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(i) => Some(rgb_of(i)),
        named => ANSI.iter().find(|(c, _)| *c == named).map(|(_, rgb)| *rgb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(pairs: &[(&str, &str)]) -> Depth {
        Depth::detect(|name| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_says_how_many_colours() {
        for (env, depth) in [
            (&[("TERM", "xterm-256color")][..], Depth::Indexed),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], Depth::Mono),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Indexed),
            (&[("TERM", "screen")], Depth::Ansi),
            (&[("TERM", "linux")], Depth::Ansi),
            (&[("TERM", "dumb")], Depth::Mono),
            (&[], Depth::Mono),
        ] {
            assert_eq!(detected(env), depth, "{env:?}");
        }
    }

    #[test]
    fn colours_are_brought_down_to_the_nearest_of_their_kind() {
        for (hex, wanted) in [
            ("#ff5f87", Color::LightRed),
            ("#f7768e", Color::LightRed),
            ("#9ece6a", Color::Green),
            ("#e0af68", Color::Yellow),
            ("#565f89", Color::Blue),
            ("#808080", Color::DarkGray),
            ("#c0caf5", Color::LightBlue),
        ] {
            let color: Color = hex.parse().unwrap();
            assert_eq!(Depth::Ansi.nearest(color), Some(wanted), "{hex}");
        }
        assert_eq!(Depth::Indexed.nearest(Color::Rgb(255, 95, 135)), Some(Color::Indexed(204)));
        assert_eq!(Depth::Indexed.nearest(Color::Rgb(8, 8, 8)), Some(Color::Indexed(232)));
        assert_eq!(Depth::True.nearest(Color::Rgb(1, 2, 3)), Some(Color::Rgb(1, 2, 3)));
        assert_eq!(Depth::Mono.nearest(Color::Red), None);
    }
}
