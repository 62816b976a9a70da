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
    /// What it is besides, in a line of code: its look lies over the one of `role`.
    pub over: Option<Role>,
}

impl Piece {
    /// Text in a role.
    pub fn of(role: Role, text: impl Into<SafeText>) -> Self {
        Self { text: text.into(), role, over: None }
    }
}

/// Pieces in one row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// From left to right.
    pub pieces: Vec<Piece>,
}

/// Where the second column of labelled lines begins.
const LABEL: usize = 11;

const SPACES: &str =
    "                                                                                                    ";

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
        Self::of(Role::Dim, label).filled_to(LABEL).and(role, text)
    }

    /// The same with a narrow column of labels: for the few lines under a list.
    pub fn noted(label: &'static str) -> Self {
        Self::of(Role::Dim, label).filled_to(6)
    }

    /// Puts a piece behind the others.
    #[must_use]
    pub fn and(mut self, role: Role, text: impl Into<SafeText>) -> Self {
        self.pieces.push(Piece::of(role, text));
        self
    }

    /// Puts the pieces of another line behind the others.
    #[must_use]
    pub fn followed_by(mut self, other: Line) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Puts text from outside behind the others; what stands for hidden characters is marked.
    #[must_use]
    pub fn and_marked(self, role: Role, text: &SafeText) -> Self {
        self.and_inked(role, None, text)
    }

    /// The same with another look over it; what stands for hidden characters keeps its own.
    #[must_use]
    pub fn and_inked(mut self, role: Role, over: Option<Role>, text: &SafeText) -> Self {
        // Nearly all text: a marker begins with a backslash.
        if !text.as_str().contains('\\') {
            let shown = (!text.as_str().is_empty()).then(|| Piece { text: text.clone(), role, over });
            self.pieces.extend(shown);
            return self;
        }
        let parts = text.markers().into_iter();
        self.pieces.extend(parts.map(|(text, hidden)| match hidden {
            true => Piece::of(Role::Hidden, text),
            false => Piece { text, role, over },
        }));
        self
    }

    /// Fills up with blanks to a column; one blank where it lies behind already.
    #[must_use]
    pub fn filled_to(self, column: usize) -> Self {
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
        self.pieces.iter_mut().for_each(|p| (p.role, p.over) = (role, None));
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
    let (blanks, text) = piece.text.without_indent();
    let words = text.wrap_words(room.saturating_sub(blanks).max(1));
    // A piece of which hardly anything fits goes to a row of its own.
    let first = words.first().filter(|first| blanks + first.width() <= room && room - blanks >= 12);
    let rest = match first {
        Some(first) => {
            last.pieces.push(Piece::of(Role::Text, spaces(blanks)));
            last.pieces.push(Piece::of(piece.role, first.clone()));
            text.after(first).unwrap_or_default()
        }
        None => text,
    };
    if rest.as_str().is_empty() {
        return;
    }
    for text in rest.wrap_words(width - indent) {
        rows.push(Line::of(Role::Text, spaces(indent)).and(piece.role, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Text;
    use proptest::prelude::*;

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
        assert_eq!(line.pieces[1], Piece::of(Role::Hidden, Text::from("\u{202e}").prose()));
    }

    proptest! {
        #[test]
        fn wrapping_loses_no_character_but_blanks(
            pieces in proptest::collection::vec("[ a-z]{0,30}", 0..6), width in 0usize..50, indent in 0usize..12,
        ) {
            let line = pieces.iter().fold(Line::new(), |l, p| l.and(Role::Text, Text::from(p.as_str()).prose()));
            let black = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            let rows = line.wrap(width, indent);
            let shown: String = rows.iter().map(|r| black(&r.text())).collect();
            prop_assert_eq!(shown, black(&line.text()));
            if width > indent + 2 {
                prop_assert!(rows.iter().all(|r| r.width() <= width), "{:?}", rows);
            }
        }
    }
}
