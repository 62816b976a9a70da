//! A diff: its head, the list of files, the rows.

use ratatui::layout::Rect;

use super::text::Canvas;
use crate::app::line::Line;
use crate::app::paper::{DiffView, Paper, Watched, file_list};
use crate::app::screens::diff::{self, DiffScreen};
use crate::app::state::State;
use crate::domain::text::{SafeText, counted};
use crate::safe;
use crate::theme::Role;

/// A diff that fills the screen.
pub fn alone(canvas: &mut Canvas, state: &State, screen: &DiffScreen) {
    let (index, counts) = (&screen.paper.index, diff::counts(screen));
    let totals = index.totals;
    let sizes = safe!("  {} +{} -{}", counted(totals.files, "file", "files"), totals.added, totals.removed);
    let head = Line::new().and_marked(Role::Title, &screen.name).and(Role::Text, sizes);
    let head = head.and(Role::Dim, safe!("  {}/{} seen", counts.files, counts.of));
    draw(canvas, state, &Shown { view: &screen.view, paper: &screen.paper, watched: &screen.watched }, head);
}

/// What is drawn.
pub struct Shown<'a> {
    /// The view.
    pub view: &'a DiffView,
    /// The diff.
    pub paper: &'a Paper,
    /// What of it was on the screen.
    pub watched: &'a Watched,
}

/// Head, list of files and rows, in the areas that the state gives them.
pub fn draw(canvas: &mut Canvas, state: &State, shown: &Shown, head: Line) {
    let areas = diff::areas(state);
    let width = usize::from(areas.head.width);
    let beside = areas.paper.x > 0;
    let place = Line::of(Role::Dim, place(shown)).followed_by(search(state));
    let head = if beside { head.with_end(width, place.clone()) } else { head };
    let wrong = diff::complaints(state).into_iter().map(|c| Line::of(Role::Bad, c));
    let heads: Vec<Line> = std::iter::once(head).chain(wrong).collect();
    canvas.lines(areas.head, &heads);
    let places = diff::places(state);
    let files = file_list(shown.view, shown.paper, shown.watched, &places, areas.files.height.into());
    canvas.lines(areas.files, &files);
    if beside {
        canvas.rule_down(areas.paper);
    } else {
        canvas.rule(areas.paper);
        let (x, width) = (areas.paper.x + 2, areas.paper.width.saturating_sub(2));
        let padded = Line::of(Role::Text, " ").followed_by(place).and(Role::Text, " ");
        canvas.line(Rect { x, width, ..areas.paper }, &padded);
    }
    let window = areas.window();
    match shown.paper.index.files.is_empty() {
        true => canvas.lines(window, &nothing(shown.paper)),
        false => canvas.lines(window, &shown.view.lines(shown.paper, shown.watched, &places)),
    }
}

/// `file 2 of 12, row 14 of 240`, and how far the reading is.
fn place(shown: &Shown) -> SafeText {
    let (index, view) = (&shown.paper.index, shown.view);
    let place = shown.paper.order.place(view.file()).map_or(0, |place| place + 1);
    let rows = shown.paper.file(view.file()).map_or(0, |file| index.rows_of(file));
    let row = view.rows().first().map_or(0, |row| row.spot.row + 1);
    let reading =
        if shown.paper.is_read() { SafeText::default() } else { safe!(", read {} MB so far", index.bytes >> 20) };
    safe!("file {} of {}, row {} of {}{}", place, index.files.len(), row, rows, reading)
}

fn search(state: &State) -> Line {
    let Some(search) = diff::searched(state) else { return Line::new() };
    let more = if search.whole { "" } else { " so far" };
    Line::of(Role::Text, "  ")
        .and_marked(Role::Found, &search.text.ident().cut(30))
        .and(Role::Text, safe!(" {} matches{}", search.count, more))
}

fn nothing(paper: &Paper) -> Vec<Line> {
    vec![Line::of(Role::Dim, if paper.is_read() { "The diff is empty." } else { "Reading the diff." })]
}
