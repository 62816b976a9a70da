//! L1. What each part of the screen means, and how that looks: a theme gives every role a style. State never
//! stands on colour alone: roles that warn keep a modifier in every theme.

mod role;

pub use role::Role;

use ratatui::style::Style;

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
}

impl Default for Theme {
    fn default() -> Self {
        Self::terminal()
    }
}
