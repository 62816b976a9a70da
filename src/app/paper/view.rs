//! Where the reading stands: the rows on the screen, and how keys move them. A move that needs bytes which are not
//! at hand waits for them; the rows stay as they are meanwhile, and keys are never kept waiting.

use super::blocks::Missing;
use super::ink::{self, Ink};
use super::lens::{Lens, Shape};
use super::paint::Gutter;
use super::places::{self, At, Places};
use super::row::{Row, Spot, What};
use super::search::Search;
use super::seen::Watched;
use super::{Paper, paint};
use crate::app::line::Line;
use crate::domain::text::Text;

/// So many rows above a place that was jumped to are shown: one of this many.
const ABOVE: usize = 4;

/// A place to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// So many rows on, or back.
    Rows(isize),
    /// The last page.
    End,
    /// The line that a byte of the diff stands in.
    Byte(u64),
    /// A line of a file as it is now.
    Line(At),
}

/// A jump that a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// The title of the next file, or of the one before.
    File(bool),
    /// The next hunk, or the one before.
    Hunk(bool),
    /// The next match of the search, or the one before.
    Match(bool),
    /// The next file that was not on the screen in full.
    Unseen,
}

/// The view of a diff.
#[derive(Debug)]
pub struct DiffView {
    top: Spot,
    goal: Option<Goal>,
    rows: Vec<Row>,
    inks: Vec<[Ink; 2]>,
    height: usize,
    width: usize,
    waits: bool,
    /// Nobody has moved yet: what must be seen is what is shown first, also when it comes later.
    fresh: bool,
    /// Long lines go on in the next row.
    pub wrap: bool,
    /// Columns that are scrolled off to the left.
    pub left: usize,
    /// Lines that did not change are folded away, except in files that must be seen.
    pub fold: bool,
    /// Line numbers are shown.
    pub numbers: bool,
    /// Code has colours.
    pub colours: bool,
    /// Blanks are drawn as signs.
    pub blanks: bool,
    /// What was and what is stand side by side, where there is room for both.
    pub beside: bool,
    /// There is.
    pub wide: bool,
    /// The list of files is shown.
    pub list: bool,
    /// What is searched for.
    pub search: Option<Search>,
    finding: Option<At>,
    /// A file that was gone to, and is shown also where its folder was folded away.
    landed: Option<usize>,
}

impl Default for DiffView {
    fn default() -> Self {
        Self {
            top: Spot::default(),
            goal: None,
            rows: Vec::new(),
            inks: Vec::new(),
            height: 0,
            width: 0,
            waits: false,
            fresh: true,
            wrap: true,
            left: 0,
            fold: false,
            numbers: true,
            colours: true,
            blanks: false,
            beside: false,
            wide: false,
            list: true,
            search: None,
            finding: None,
            landed: None,
        }
    }
}

impl DiffView {
    /// The rows on the screen.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether it waits for bytes.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// The file of the first row on the screen.
    pub fn file(&self) -> usize {
        self.rows.first().map_or(self.top.file, |row| row.spot.file)
    }

    /// What stands before the text of a line.
    pub fn gutter(&self) -> Gutter {
        match self.is_beside() {
            true => Gutter::of(0, self.numbers),
            false => Gutter::of(self.width, self.numbers),
        }
    }

    fn is_beside(&self) -> bool {
        self.beside && self.wide
    }

    /// The rows on the screen as lines.
    pub fn lines(&self, paper: &Paper, watched: &Watched, places: &Places) -> Vec<Line> {
        let found = self.search.as_ref().map(|s| &s.regex);
        let brush = paint::Brush { paper, watched, gutter: self.gutter(), width: self.width, found, places };
        self.rows.iter().zip(&self.inks).map(|(row, inks)| brush.line(row, inks)).collect()
    }

    fn shape(&self) -> Shape {
        let beside = self.is_beside();
        let room = if beside { paint::side(self.width) } else { self.width };
        let width = room.saturating_sub(self.gutter().width()).max(12);
        Shape { width, wrap: self.wrap, left: self.left, fold: self.fold, blanks: self.blanks, beside }
    }

    /// Goes where keys asked to, and lays the rows out for a window; what bytes of the diff are to be asked for.
    pub fn settle(&mut self, paper: &mut Paper, width: usize, height: usize) -> Vec<(u64, u64)> {
        (self.width, self.height) = (width, height);
        if self.fresh || self.top.file >= paper.index.files.len() {
            self.top = paper.order.file(0).map(Spot::title).unwrap_or_default();
        }
        self.unfold(paper);
        let lens = Lens { index: &paper.index, order: &paper.order, blocks: &paper.blocks, shape: self.shape() };
        let missing = self.lay_out(&lens);
        self.waits = missing.is_err();
        let all = paper.index.bytes;
        match missing {
            Err(Missing(at)) => paper.blocks.want(at, all).into_iter().collect(),
            // What lies next to the rows is fetched before it is wanted.
            Ok(()) => {
                let around = self.around(paper);
                let wanted = paper.blocks.want_all(around, all);
                paper.blocks.forget();
                wanted
            }
        }
    }

    /// Shows again what was gone to.
    fn unfold(&mut self, paper: &mut Paper) {
        let file = match self.goal {
            Some(Goal::Byte(byte)) => paper.index.file_at(byte),
            Some(Goal::Line(at)) => Some(at.file),
            _ => self.landed.take(),
        };
        if let Some(file) = file {
            paper.order.unfold(&paper.index, file);
        }
    }

    /// Folds the folder of the file on the screen away, or shows it again. Whether it lies in one that folds.
    pub fn fold_folder(&mut self, paper: &mut Paper) -> bool {
        let file = self.file();
        let folds = paper.order.fold(&paper.index, file);
        if folds {
            let first = paper.order.folded(file).and_then(|folded| paper.order.file(folded.first));
            self.go_to(Spot::title(first.unwrap_or(file)));
            self.landed = None;
        }
        folds
    }

    fn lay_out(&mut self, lens: &Lens) -> Result<(), Missing> {
        self.fresh &= self.goal.is_none();
        match self.goal {
            Some(Goal::End) => self.top = first(&lens.rows_before(lens.end(), self.height)?, self.top),
            Some(Goal::Byte(byte)) => {
                let spot = lens.spot_of(byte)?;
                self.top = first(&lens.rows_before(spot, self.height / ABOVE)?, spot);
            }
            Some(Goal::Line(at)) => {
                let spot = lens.spot_of_line(at.file, at.line)?;
                self.top = first(&lens.rows_before(spot, self.height / ABOVE)?, spot);
            }
            Some(Goal::Rows(by)) if by < 0 => {
                self.top = first(&lens.rows_before(self.top, by.unsigned_abs())?, self.top);
            }
            Some(Goal::Rows(_)) | None => {}
        }
        // Rows on: those that are passed over have to be laid out to know how many there are.
        let (rows, by) = match self.goal {
            Some(Goal::Rows(by)) if by > 0 => self.ahead(lens, by.unsigned_abs())?,
            _ => (lens.rows(self.top, self.height)?, 0),
        };
        self.goal = None;
        self.rows = rows.into_iter().skip(by).take(self.height).collect();
        self.top = first(&self.rows, self.top);
        self.inks = ink::inks(lens, &self.rows, self.colours);
        Ok(())
    }

    /// The rows from the top on, and how many of them to pass over: so many, but not past the last page.
    fn ahead(&self, lens: &Lens, by: usize) -> Result<(Vec<Row>, usize), Missing> {
        let rows = lens.rows(self.top, by.saturating_add(self.height))?;
        let by = by.min(rows.len().saturating_sub(self.height));
        Ok((rows, by))
    }

    /// Scrolls by rows.
    pub fn scroll(&mut self, by: isize) {
        let waiting = match self.goal {
            Some(Goal::Rows(before)) => before,
            Some(Goal::End | Goal::Byte(_) | Goal::Line(_)) => return,
            None => 0,
        };
        self.goal = Some(Goal::Rows(waiting.saturating_add(by)));
    }

    /// To the first or the last page.
    pub fn go_to_end(&mut self, last: bool, paper: &Paper) {
        self.goal = last.then_some(Goal::End);
        if !last {
            self.top = paper.order.file(0).map(Spot::title).unwrap_or_default();
        }
    }

    /// To a place of the diff.
    pub fn go_to_byte(&mut self, byte: u64) {
        self.goal = Some(Goal::Byte(byte));
    }

    fn go_to(&mut self, spot: Spot) {
        self.fresh = false;
        (self.top, self.goal, self.landed) = (spot, None, Some(spot.file));
    }

    /// Scrolls to the side, where lines do not wrap.
    pub fn scroll_sideways(&mut self, right: bool) {
        let step = (self.width / 2).max(8);
        self.left = if right { self.left.saturating_add(step) } else { self.left.saturating_sub(step) };
    }

    /// Goes where a jump leads. Whether there is such a place.
    pub fn jump(&mut self, jump: Jump, paper: &Paper, watched: &Watched) -> bool {
        let spot = match jump {
            Jump::File(true) => paper.order.read_after(self.top.file).map(Spot::title),
            Jump::File(false) if self.top.row > 0 => Some(Spot::title(self.top.file)),
            Jump::File(false) => paper.order.read_before(self.top.file).map(Spot::title),
            Jump::Hunk(forwards) => hunk(self.top, paper, forwards),
            Jump::Unseen => self.unseen(paper, watched),
            Jump::Match(forwards) => {
                let here = self.byte(paper);
                let next = self.search.as_mut().and_then(|search| search.step(paper, here, forwards));
                next.into_iter().for_each(|byte| self.go_to_byte(byte));
                return next.is_some();
            }
        };
        spot.into_iter().for_each(|spot| self.go_to(spot));
        spot.is_some()
    }

    /// The byte of the diff that the rows on the screen begin with; what is folded away counts with its first file.
    fn byte(&self, paper: &Paper) -> u64 {
        let folder = self.rows.first().filter(|row| row.what == What::Folder);
        let file = folder.and_then(|row| paper.file(row.spot.file)).map(|file| file.byte);
        file.or_else(|| self.rows.iter().find(|row| row.covers.1 > 0).map(|row| row.covers.0)).unwrap_or(0)
    }

    /// Goes to the next place that has a finding, or to the one before; which it is.
    pub fn go_to_finding(&mut self, places: &Places, paper: &Paper, forwards: bool) -> Option<At> {
        let mut shown = self.rows.iter().filter_map(places::shown);
        let gone = self.finding.filter(|at| shown.any(|shown| shown == *at) || self.goal == Some(Goal::Line(*at)));
        let here = gone.or_else(|| self.rows.iter().find_map(places::shown));
        let at = places.step(paper, here, gone.is_some(), forwards)?;
        match at.line {
            0 => self.go_to(Spot::title(at.file)),
            _ => self.goal = Some(Goal::Line(at)),
        }
        self.finding = Some(at);
        Some(at)
    }

    /// The next file, from this one on and around, that was not seen in full.
    fn unseen(&self, paper: &Paper, watched: &Watched) -> Option<Spot> {
        let files = paper.order.len();
        let here = paper.order.place(self.top.file)?;
        let places = (1..=files).map(|step| (here + step) % files.max(1));
        let mut unseen = places.filter_map(|place| paper.order.file(place)).filter(|file| !watched.has_seen(*file));
        unseen.next().map(Spot::title)
    }

    /// The hunk at the top of the screen, as the diff has it; absent where its bytes are not at hand.
    pub fn hunk(&self, paper: &Paper) -> Option<Text> {
        let file = paper.file(self.file())?;
        let row = self.rows.first().filter(|row| row.what != What::Folder)?.spot.row.max(1);
        let part = paper.index.parts.get(paper.index.part_at(file, row)?)?;
        paper.blocks.bytes(part.byte(), part.end()).ok().map(|bytes| Text::new(bytes.into_owned()))
    }

    /// Takes in what a search has found. Whether it is ours.
    pub fn found(&mut self, generation: u64, places: &[u64], count: u64, whole: bool) -> bool {
        let Some(search) = self.search.as_mut().filter(|s| s.generation == generation) else { return false };
        search.found(places, count, whole);
        true
    }
}

fn first(rows: &[Row], otherwise: Spot) -> Spot {
    rows.first().map_or(otherwise, |row| row.spot)
}

/// The head of the hunk after a place, or before it; the first one of a file is shown with the file's title.
fn hunk(from: Spot, paper: &Paper, forwards: bool) -> Option<Spot> {
    let mut file = from.file;
    // What is folded away is passed over.
    let folded = paper.order.folded(file).is_some();
    let mut row = Some(if folded && forwards { u64::MAX } else { from.row });
    loop {
        let parts = paper.index.parts_of(paper.file(file)?);
        let found = match (forwards, row) {
            (true, row) => parts.iter().enumerate().find(|(_, p)| row.is_none_or(|row| p.row() > row.max(1))),
            (false, row) => parts.iter().enumerate().rfind(|(_, p)| row.is_none_or(|row| p.row() < row)),
        };
        if let Some((at, part)) = found {
            let title = at == 0 && (forwards || row != Some(1));
            let spot = if title { Spot::title(file) } else { Spot { file, row: part.row(), byte: 0 } };
            if spot != from {
                return Some(spot);
            }
        }
        file = if forwards { paper.order.read_after(file)? } else { paper.order.read_before(file)? };
        row = None;
    }
}
