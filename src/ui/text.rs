//! The only place where text becomes cells. It takes safe text, and nothing else reaches the terminal.
#![allow(clippy::disallowed_methods)]

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::app::line::{Line, Piece, spaces};
use crate::domain::text::SafeText;
use crate::theme::{Role, Theme};

/// What is drawn on.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
}

impl<'a> Canvas<'a> {
    /// On this buffer, in this theme.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    /// Draws a line in the first row of an area; what does not fit is cut, and `…` says so.
    pub fn line(&mut self, area: Rect, line: &Line) {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return;
        }
        let mut x = area.x;
        let fits = line.width() <= usize::from(area.width);
        for piece in &line.pieces {
            let left = area.right().saturating_sub(x);
            if left == 0 {
                break;
            }
            x = self.piece(x, area.y, left, piece, fits);
        }
    }

    fn piece(&mut self, x: u16, y: u16, left: u16, piece: &Piece, fits: bool) -> u16 {
        let style = self.theme.style_under(piece.role, piece.over);
        // One column is kept for the sign of a cut, where a cut will come.
        match fits || piece.text.width() < usize::from(left) {
            true => self.text(x, y, left, piece.text.as_str(), style),
            false => self.text(x, y, left, cut(&piece.text, left).as_str(), style),
        }
    }

    /// Draws text; the column behind it.
    fn text(&mut self, x: u16, y: u16, left: u16, text: &str, style: Style) -> u16 {
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.buffer.set_span(x, y, &Span::styled(text, style), left).0;
        }
        // Nearly all text: a letter takes a column, and nothing has to be looked for that joins it.
        let columns = x..x.saturating_add(left);
        let mut end = x;
        for (x, letter) in columns.zip(text.chars()) {
            if let Some(cell) = self.buffer.cell_mut((x, y)) {
                cell.set_char(letter).set_style(style);
            }
            end = x + 1;
        }
        end
    }

    /// Draws lines from the top of an area down.
    pub fn lines<'l>(&mut self, area: Rect, lines: impl IntoIterator<Item = &'l Line>) {
        for (row, line) in area.rows().zip(lines) {
            self.line(row, line);
        }
    }

    /// Draws a line that fills its row in one role: what stands under the cursor.
    pub fn selected(&mut self, area: Rect, line: &Line) {
        let missing = usize::from(area.width).saturating_sub(line.width());
        let line = line.clone().all(Role::Selected).and(Role::Selected, spaces(missing));
        self.line(area, &line);
    }

    /// A rule over the whole width of an area's first row.
    pub fn rule(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        let style = self.theme.style(Role::Border);
        let rows = if area.is_empty() { 0 } else { 1 };
        for x in area.x..area.right() {
            for y in area.y..area.y + rows {
                self.buffer.set_span(x, y, &Span::styled("-", style), 1);
            }
        }
    }

    /// A rule down the first column of an area.
    pub fn rule_down(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        let style = self.theme.style(Role::Border);
        for y in area.y..area.bottom() {
            self.buffer.set_span(area.x, y, &Span::styled("|", style), 1);
        }
    }

    /// A frame with a cleared inside; gives the inside.
    pub fn frame(&mut self, area: Rect, titles: (&Line, &Line), foot: &Line) -> Rect {
        let area = area.intersection(self.buffer.area);
        self.clear(area);
        if area.width < 4 || area.height < 2 {
            return Rect::default();
        }
        let bottom = Rect { y: area.bottom() - 1, height: 1, ..area };
        for edge in [Rect { height: 1, ..area }, bottom] {
            self.rule(edge);
            self.corner(edge.x, edge.y);
            self.corner(edge.right() - 1, edge.y);
        }
        let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 };
        self.rule_down(Rect { x: area.x, ..inner });
        self.rule_down(Rect { x: area.right() - 1, ..inner });
        self.on_edge(Rect { height: 1, ..area }, titles.0, false);
        if titles.0.width() + titles.1.width() + 8 <= usize::from(area.width) {
            self.on_edge(Rect { height: 1, ..area }, titles.1, true);
        }
        self.on_edge(bottom, foot, false);
        Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
    }

    fn corner(&mut self, x: u16, y: u16) {
        let style = self.theme.style(Role::Border);
        self.buffer.set_span(x, y, &Span::styled("+", style), 1);
    }

    fn on_edge(&mut self, edge: Rect, line: &Line, right: bool) {
        if line.is_empty() {
            return;
        }
        let mut shown = Line::of(Role::Text, " ");
        shown.pieces.extend(line.pieces.iter().cloned());
        let shown = shown.and(Role::Text, " ");
        let room = edge.width.saturating_sub(6);
        let width = room.min(u16::try_from(shown.width()).unwrap_or(room));
        let x = if right { edge.right().saturating_sub(width + 3) } else { edge.x + 2 };
        self.line(Rect { x, width, ..edge }, &shown);
    }

    fn clear(&mut self, area: Rect) {
        for row in area.rows() {
            for x in row.x..row.right() {
                if let Some(cell) = self.buffer.cell_mut((x, row.y)) {
                    cell.reset();
                }
            }
        }
    }
}

/// Cuts a text so that something that follows it is not left out without a sign.
fn cut(text: &SafeText, left: u16) -> SafeText {
    crate::safe!("{}{}", text, ' ').cut(usize::from(left))
}
