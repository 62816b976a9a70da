//! Lines of safe text in roles: what screens and dialogs say, before anybody knows how it looks.

use crate::domain::text::SafeText;
use crate::theme::Role;

/// Text with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: SafeText,
    /// What it means.
    pub role: Role,
}

/// Pieces in one row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// From left to right.
    pub pieces: Vec<Piece>,
}

/// Where the second column of labelled lines begins.
const LABEL: usize = 11;

const SPACES: &str = "                                                                                                    ";

/// So many blanks, a hundred at the most.
pub fn spaces(n: usize) -> SafeText {
    SafeText::lit(SPACES.get(..n.min(SPACES.len())).unwrap_or_default())
}

impl Line {
    /// An empty row.
    pub fn new() -> Self {
        Self::default()
    }

    /// A row of one piece.
    pub fn of(role: Role, text: impl Into<SafeText>) -> Self {
        Self::new().and(role, text)
    }

    /// A label and what follows it, in the column where all of them begin.
    pub fn labelled(label: &'static str, role: Role, text: impl Into<SafeText>) -> Self {
        Self::of(Role::Dim, label).to_column(LABEL).and(role, text)
    }

    /// Puts a piece behind the others.
    #[must_use]
    pub fn and(mut self, role: Role, text: impl Into<SafeText>) -> Self {
        self.pieces.push(Piece { text: text.into(), role });
        self
    }

    /// Puts text from outside behind the others; what stands for hidden characters is marked.
    #[must_use]
    pub fn and_marked(mut self, role: Role, text: &SafeText) -> Self {
        let parts = text.markers().into_iter();
        self.pieces.extend(parts.map(|(text, hidden)| Piece { text, role: if hidden { Role::Hidden } else { role } }));
        self
    }

    /// Fills up with blanks to a column; one blank where it lies behind already.
    #[must_use]
    pub fn to_column(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width()).max(1);
        self.and(Role::Text, spaces(missing))
    }

    /// Puts `end` at the right edge where there is room for it.
    #[must_use]
    pub fn with_end(self, width: usize, end: Line) -> Self {
        let gap = width.saturating_sub(self.width() + end.width());
        if gap == 0 && self.width() > 0 {
            return self;
        }
        let mut line = self.and(Role::Text, spaces(gap));
        line.pieces.extend(end.pieces);
        line
    }

    /// In columns.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|p| p.text.width()).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The same text in one role: what stands under the cursor.
    #[must_use]
    pub fn all(mut self, role: Role) -> Self {
        self.pieces.iter_mut().for_each(|p| p.role = role);
        self
    }

    /// Rows of at most `width` columns; from the second on they begin at `indent`.
    pub fn wrap(&self, width: usize, indent: usize) -> Vec<Line> {
        if self.width() <= width || width <= indent + 2 {
            return vec![self.clone()];
        }
        let mut rows = vec![Line::new()];
        for piece in &self.pieces {
            wrap_piece(piece, width, indent, &mut rows);
        }
        rows
    }

    /// What it says, without roles: for tests and search.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|p| p.text.as_str()).collect()
    }
}

fn wrap_piece(piece: &Piece, width: usize, indent: usize, rows: &mut Vec<Line>) {
    let Some(last) = rows.last_mut() else { return };
    let room = width.saturating_sub(last.width());
    if piece.text.width() <= room {
        last.pieces.push(piece.clone());
        return;
    }
    // A piece that has hardly any room left goes to a row of its own.
    let (head_room, fresh) = if room < 12 { (width - indent, true) } else { (room, false) };
    let first = piece.text.wrap_words(head_room).into_iter().next().unwrap_or_default();
    let rest = rest_of(&piece.text, &first);
    let head = Piece { text: first, role: piece.role };
    if fresh {
        rows.push(Line::of(Role::Text, spaces(indent)));
    }
    if let Some(row) = rows.last_mut() {
        row.pieces.push(head);
    }
    for text in rest.iter().flat_map(|rest| rest.wrap_words(width - indent)) {
        rows.push(Line::of(Role::Text, spaces(indent)).and(piece.role, text));
    }
}

/// What follows `first` in `whole`; the blank between them was the place of the cut.
fn rest_of(whole: &SafeText, first: &SafeText) -> Option<SafeText> {
    let rest = whole.after(first)?;
    (!rest.as_str().is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Text;

    #[test]
    fn labelled_lines_wrap_under_their_text() {
        let line = Line::labelled("WHY", Role::Text, "roll forward after the incident of tonight");
        let rows: Vec<String> = line.wrap(30, LABEL).iter().map(Line::text).collect();
        assert_eq!(rows, ["WHY        roll forward after", "           the incident of", "           tonight"]);
    }

    #[test]
    fn the_end_stands_at_the_right_edge_or_not_at_all() {
        let line = Line::of(Role::Text, "left");
        assert_eq!(line.clone().with_end(12, Line::of(Role::Dim, "right")).text(), "left   right");
        assert_eq!(line.with_end(8, Line::of(Role::Dim, "right")).text(), "left");
    }

    #[test]
    fn hidden_characters_are_marked() {
        let line = Line::new().and_marked(Role::Text, &Text::from("ok\u{202e}").prose());
        assert_eq!(line.pieces[1], Piece { text: Text::from("\u{202e}").prose(), role: Role::Hidden });
    }
}
