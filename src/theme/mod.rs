//! L1. What each part of the screen means, and how that looks: a theme gives every role a style. State never
//! stands on colour alone: roles that warn keep a modifier in every theme and at every colour depth.

mod depth;
mod file;
mod role;

pub use depth::Depth;
pub use file::{BUILT_IN, Loaded, Source, is_theme_name, load};
pub use role::Role;

use ratatui::style::{Modifier, Style};

/// A style for every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; Role::COUNT],
}

impl Theme {
    /// The terminal's own 16 colours, no background fills, selection by reverse. The default.
    pub fn terminal() -> Self {
        Self { styles: Role::ALL.map(Role::in_terminal) }
    }

    /// Modifiers only: for `NO_COLOR` and terminals without colour.
    pub fn mono() -> Self {
        Self { styles: Role::ALL.map(Role::in_mono) }
    }

    /// How this role looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// How a role looks where another one lies over it.
    pub fn style_under(&self, role: Role, over: Option<Role>) -> Style {
        over.map_or(self.style(role), |over| self.style(role).patch(self.style(over)))
    }

    /// The theme with no more colours than the terminal has.
    #[must_use]
    pub fn at(&self, depth: Depth) -> Self {
        if depth == Depth::Mono {
            return Self::mono();
        }
        Self { styles: Role::ALL.map(|role| kept_apart(role, depth.limit(self.solid(role, depth)))) }
    }

    /// Among 16 colours a fill may fall together with the terminal's own background: reverse never does.
    fn solid(&self, role: Role, depth: Depth) -> Style {
        if role == Role::Selected && depth == Depth::Ansi { role.in_terminal() } else { self.style(role) }
    }

    fn set(&mut self, role: Role, style: Style) {
        if let Some(slot) = self.styles.get_mut(role as usize) {
            *slot = kept_apart(role, style);
        }
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::terminal()
    }
}

/// What sets a role apart from ordinary text whatever its colours are.
const APART: [(Role, Modifier); 7] = [
    (Role::Selected, Modifier::REVERSED),
    (Role::Prod, Modifier::BOLD),
    (Role::Bad, Modifier::BOLD),
    (Role::Unknown, Modifier::UNDERLINED),
    (Role::Changed, Modifier::REVERSED),
    (Role::Hidden, Modifier::UNDERLINED),
    (Role::Banner, Modifier::BOLD),
];

const SEEN_ANYWHERE: Modifier = Modifier::BOLD.union(Modifier::UNDERLINED).union(Modifier::REVERSED);

fn kept_apart(role: Role, style: Style) -> Style {
    let Some((_, modifier)) = APART.iter().find(|(r, _)| *r == role) else { return style };
    let style = Style { add_modifier: style.add_modifier - Modifier::DIM, sub_modifier: Modifier::empty(), ..style };
    if style.add_modifier.intersects(SEEN_ANYWHERE) {
        return style;
    }
    // A theme that fills the selected row means it: reversing would turn the fill inside out.
    let filled = role == Role::Selected && style.bg.is_some();
    style.add_modifier(if filled { Modifier::BOLD } else { *modifier })
}

#[cfg(test)]
mod tests;
