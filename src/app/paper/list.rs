//! The list of files: those that must be seen first and with their whole names, then the others under their folders.

use super::order::folder;
use super::places::worst;
use super::{DiffView, Paper, Places, Watched, paint};
use crate::app::line::Line;
use crate::app::screens::request::severity_role;
use crate::diff::File;
use crate::domain::text::{SafeText, Text, counted};
use crate::safe;
use crate::theme::Role;

/// A list that is shorter has no headings.
const ROOM_FOR_HEADINGS: usize = 6;

/// The list of files around the one on the screen, at most `rows` long.
pub fn file_list(view: &DiffView, paper: &Paper, watched: &Watched, places: &Places, rows: usize) -> Vec<Line> {
    let list = List { paper, watched, places, headings: rows >= ROOM_FOR_HEADINGS };
    let Some(here) = paper.order.place(view.file()) else { return Vec::new() };
    let (first, last) = list.around(here, rows);
    let mut lines: Vec<Line> = list.entries(first, last, here);
    lines.truncate(rows);
    lines
}

struct List<'a> {
    paper: &'a Paper,
    watched: &'a Watched,
    places: &'a Places<'a>,
    headings: bool,
}

impl List<'_> {
    fn file(&self, place: usize) -> Option<(usize, &File)> {
        let number = self.paper.order.file(place)?;
        Some((number, self.paper.file(number)?))
    }

    /// The places that fit into so many rows, this one among them.
    fn around(&self, here: usize, rows: usize) -> (usize, usize) {
        let ((mut first, mut last), mut used) = (self.unit(here), self.cost(here));
        let mut back = |used: &mut usize, rows: usize| {
            while first > 0 && *used + self.cost(first - 1) <= rows {
                *used += self.cost(first - 1);
                first = self.unit(first - 1).0;
            }
            first
        };
        back(&mut used, rows / 2);
        while last + 1 < self.paper.order.len() && used + self.cost(last + 1) <= rows {
            used += self.cost(last + 1);
            last = self.unit(last + 1).1;
        }
        (back(&mut used, rows), last)
    }

    /// The places that one entry stands for: a file, or all that is folded away with it.
    fn unit(&self, place: usize) -> (usize, usize) {
        self.paper.order.folded_at(place).map_or((place, place), |folded| (folded.first, folded.last))
    }

    /// The rows of an entry.
    fn cost(&self, place: usize) -> usize {
        1 + usize::from(self.heads(place))
    }

    fn entries(&self, first: usize, last: usize, here: usize) -> Vec<Line> {
        let units =
            std::iter::successors(Some(first), |place| Some(self.unit(*place).1 + 1).filter(|next| *next <= last));
        units.flat_map(|place| self.entry(place, here)).collect()
    }

    /// The folder that a file is listed under; `None` where it must be seen.
    fn folder(&self, place: usize) -> Option<&[u8]> {
        let (_, file) = self.file(place)?;
        file.must_see().is_none().then(|| folder(file.name()))
    }

    /// Whether a heading stands above the file.
    fn heads(&self, place: usize) -> bool {
        let folder = self.folder(place);
        let first = place.checked_sub(1).is_none_or(|before| self.folder(before) != folder);
        let folded = self.paper.order.folded_at(place).is_some();
        self.headings && first && !folded && folder != Some(b"")
    }

    fn heading(&self, place: usize) -> Line {
        let folder = self.folder(place);
        let group =
            (place..self.paper.order.len()).map_while(|at| (self.folder(at) == folder).then(|| self.file(at))?);
        let (mut files, mut added, mut removed) = (0u64, 0, 0);
        for (_, file) in group {
            files += 1;
            added += file.added;
            removed += file.removed;
        }
        let name = folder.map_or(SafeText::lit("MUST SEE"), |f| Text::new(f).ident());
        let role = if folder.is_none() { Role::Warn } else { Role::Dim };
        Line::new()
            .and_marked(role, &name)
            .and(Role::Dim, safe!("  {} +{} -{}", counted(files, "file", "files"), added, removed))
    }

    fn entry(&self, place: usize, here: usize) -> Vec<Line> {
        let Some((number, file)) = self.file(place) else { return Vec::new() };
        if let Some(folded) = self.paper.order.folded(number) {
            let own = (folded.first..=folded.last).contains(&here);
            let mark = Line::of(Role::Strong, if own { "> " } else { "  " });
            return vec![mark.followed_by(paint::folder(self.paper, self.watched, folded))];
        }
        let heading = self.heads(place).then(|| self.heading(place));
        heading.into_iter().chain([self.row(number, file, place == here)]).collect()
    }

    fn row(&self, number: usize, file: &File, here: bool) -> Line {
        let (seen, begun) = (self.watched.has_seen(number), self.watched.has_begun(self.paper, number));
        let (mark, role) = match (seen, file.must_see(), begun) {
            (true, ..) => ("seen  ", Role::Good),
            (false, Some(_), _) => ("UNSEEN", Role::Warn),
            (false, None, true) => ("part  ", Role::Dim),
            (false, None, false) => ("-     ", Role::Dim),
        };
        let under = self.headings && file.must_see().is_none() && !folder(file.name()).is_empty();
        let title = if under && file.before.is_none() { name(file.name()) } else { file.title() };
        let line = Line::of(Role::Strong, if here { "> " } else { "  " })
            .and(role, mark)
            .and(Role::Text, safe!(" {} ", file.status.letter()))
            .and(Role::Dim, safe!("{:>5} {:>5} ", safe!("+{}", file.added), safe!("-{}", file.removed)))
            .and_marked(if here { Role::Selected } else { Role::Text }, &title);
        let line = match file.must_see() {
            Some(class) => line.and(Role::Warn, safe!("  ({})", class)),
            None => line,
        };
        let found = self.places.in_file(file);
        match worst(found.iter().copied()) {
            Some(severity) => {
                let many = counted(found.len(), "finding", "findings");
                line.and(severity_role(severity), safe!("  {} {}", severity.mark(), many))
            }
            None => line,
        }
    }
}

fn name(path: &Text) -> SafeText {
    let skip = folder(path).len();
    Text::new(path.as_bytes().get(skip..).unwrap_or_default()).ident()
}
