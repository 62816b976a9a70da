//! L7. Draws the state and changes nothing.

use ratatui::Frame;

use crate::app::State;
use crate::theme::Theme;

/// Draws one frame.
pub fn draw(_frame: &mut Frame, _state: &State, _theme: &Theme) {}
