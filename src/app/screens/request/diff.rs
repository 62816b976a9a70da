//! The diff tab: which file, which rows of it, and what of it has been on the screen.

use std::sync::Arc;

use super::paper::Paper;
use crate::app::evidence::{Evidences, Shown};
use crate::app::line::Line;
use crate::domain::request::Request;
use crate::safe;
use crate::theme::Role;

/// Where the reading stands.
#[derive(Debug, Default)]
pub struct DiffView {
    /// Place in the order of reading.
    pub place: usize,
    /// First row of the file on the screen.
    pub top: usize,
    paper: Option<Laid>,
}

/// The rows of a file for one width, and what they were laid out for.
#[derive(Debug)]
struct Laid {
    shown: Arc<Shown>,
    place: usize,
    width: usize,
    paper: Paper,
}

impl DiffView {
    /// Lays the file out where it is not yet, and keeps the top inside of it.
    pub fn lay_out(&mut self, shown: &Arc<Shown>, width: usize, rows: usize) {
        self.place = self.place.min(shown.order.len().saturating_sub(1));
        let laid = self.paper.as_ref();
        let same = laid.is_some_and(|l| Arc::ptr_eq(&l.shown, shown) && l.place == self.place && l.width == width);
        if !same {
            self.paper = shown.file(self.place).map(|file| Laid {
                shown: Arc::clone(shown),
                place: self.place,
                width,
                paper: Paper::new(file, shown.buffer(), width),
            });
        }
        self.top = self.top.min(self.last_top(rows));
    }

    fn last_top(&self, rows: usize) -> usize {
        self.paper.as_ref().map_or(0, |l| l.paper.rows().saturating_sub(rows))
    }

    /// The rows on the screen.
    pub fn lines(&self, rows: usize) -> Vec<Line> {
        let Some(laid) = &self.paper else { return Vec::new() };
        let Some(file) = laid.shown.file(laid.place) else { return Vec::new() };
        laid.paper.lines(file, laid.shown.buffer(), self.top, rows)
    }

    /// First and last row on the screen and how many there are: `1-18/240`.
    pub fn position(&self, rows: usize) -> (usize, usize, usize) {
        let all = self.paper.as_ref().map_or(0, |l| l.paper.rows());
        ((self.top + 1).min(all), (self.top + rows).min(all), all)
    }

    /// Notes what is on the screen now. Whether a file became seen in full by it.
    pub fn note_seen(&self, evidences: &mut Evidences, request: &Request, rows: usize) -> bool {
        let Some(laid) = &self.paper else { return false };
        let (Some(file), Some(number)) = (laid.shown.file(laid.place), laid.shown.order.get(laid.place)) else {
            return false;
        };
        let part = laid.paper.part(file, laid.shown.buffer(), self.top, rows);
        evidences.saw(request, *number, part, laid.paper.places())
    }

    /// Scrolls; past the end it goes on with the next file, before the beginning with the one before.
    pub fn scroll(&mut self, by: isize, rows: usize) {
        let page = by.unsigned_abs() > 1;
        if by > 0 && self.top >= self.last_top(rows) && page {
            self.step_file(1);
        } else if by < 0 && self.top == 0 && page {
            self.step_file(-1);
        } else {
            self.top = self.top.saturating_add_signed(by).min(self.last_top(rows));
        }
    }

    /// To the first or last row of the file.
    pub fn go_to_end(&mut self, last: bool, rows: usize) {
        self.top = if last { self.last_top(rows) } else { 0 };
    }

    /// To another file.
    pub fn step_file(&mut self, by: isize) {
        let files = self.paper.as_ref().map_or(0, |l| l.shown.order.len());
        let place = self.place.saturating_add_signed(by).min(files.saturating_sub(1));
        if place != self.place {
            self.place = place;
            self.top = 0;
        }
    }

    /// To the next file, from this one on and around, that was not seen in full. Whether there is one.
    pub fn next_unseen(&mut self, evidences: &Evidences, request: &Request, shown: &Shown) -> bool {
        let files = shown.order.len();
        let places = (1..=files).map(|step| (self.place + step) % files.max(1));
        let unseen = |place: &usize| shown.order.get(*place).is_some_and(|i| !evidences.has_seen(request, *i));
        let Some(place) = places.into_iter().find(unseen) else { return false };
        self.place = place;
        self.top = 0;
        true
    }
}

/// The list of files around the chosen one, `rows` long.
pub fn file_list(view: &DiffView, evidences: &Evidences, request: &Request, shown: &Shown, rows: usize) -> Vec<Line> {
    let first = view.place.saturating_sub(rows / 2).min(shown.order.len().saturating_sub(rows));
    let listed = shown.order.iter().enumerate().skip(first).take(rows);
    listed.filter_map(|(place, number)| file_row(view, evidences, request, shown, place, *number)).collect()
}

fn file_row(
    view: &DiffView,
    evidences: &Evidences,
    request: &Request,
    shown: &Shown,
    place: usize,
    number: usize,
) -> Option<Line> {
    let file = shown.file(place)?;
    let here = place == view.place;
    let (mark, role) = match (evidences.has_seen(request, number), file.must_see()) {
        (true, _) => ("seen  ", Role::Good),
        (false, Some(_)) => ("UNSEEN", Role::Warn),
        (false, None) => ("-     ", Role::Dim),
    };
    let name = if here { Role::Selected } else { Role::Text };
    let line = Line::of(Role::Strong, if here { "> " } else { "  " })
        .and(role, mark)
        .and(Role::Text, safe!(" {} ", file.status.letter()))
        .and(Role::Dim, safe!("{:>5} {:>5} ", safe!("+{}", file.added), safe!("-{}", file.removed)))
        .and_marked(name, &file.title());
    Some(match file.must_see() {
        Some(class) => line.and(Role::Warn, safe!("  ({})", class)),
        None => line,
    })
}
