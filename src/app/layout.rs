//! Where things stand on a screen of a given size. The state needs it too: a page is as long as its window, and
//! what was seen is what was inside of it.

use ratatui::layout::Rect;

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (60, 16);
/// From this width on a list has its detail beside it.
const WIDE: u16 = 120;

/// The parts of every screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Counts, backends, and the banner where there is one.
    pub header: Rect,
    /// The screen itself.
    pub body: Rect,
    /// The LAST strip with a rule above it.
    pub strip: Rect,
    /// The footer.
    pub footer: Rect,
}

/// A list with its detail, below it or beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListLayout {
    /// Two lines: what is shown, and a rule or the names of the columns.
    pub head: Rect,
    /// The rows.
    pub rows: Rect,
    /// The detail, with its rule.
    pub detail: Rect,
    /// It stands beside the list.
    pub beside: bool,
}

/// The diff tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffLayout {
    /// What the diff is, and what is wrong with it.
    pub head: Rect,
    /// The list of files.
    pub files: Rect,
    /// The file, with a rule above or beside it.
    pub paper: Rect,
}

/// Whether anything can be drawn at all.
pub fn fits(size: (u16, u16)) -> bool {
    size.0 >= SMALLEST.0 && size.1 >= SMALLEST.1
}

fn rows(area: Rect, from: u16, count: u16) -> Rect {
    let y = area.y.saturating_add(from.min(area.height));
    Rect { x: area.x, y, width: area.width, height: count.min(area.height.saturating_sub(from)) }
}

fn columns(area: Rect, from: u16, count: u16) -> Rect {
    let x = area.x.saturating_add(from.min(area.width));
    Rect { x, y: area.y, width: count.min(area.width.saturating_sub(from)), height: area.height }
}

impl Layout {
    /// For a size, with so many rows of a banner.
    pub fn new(size: (u16, u16), banner: usize) -> Self {
        let area = Rect { x: 0, y: 0, width: size.0, height: size.1 };
        let head = u16::try_from(banner).unwrap_or(0).saturating_add(2);
        let body = size.1.saturating_sub(head + 3);
        Self {
            header: rows(area, 0, head),
            body: rows(area, head, body),
            strip: rows(area, head + body, 2),
            footer: rows(area, head + body + 2, 1),
        }
    }

    /// For a screen that is nothing but a diff: all but the footer is its own.
    pub fn alone(size: (u16, u16)) -> Self {
        let area = Rect { x: 0, y: 0, width: size.0, height: size.1 };
        let body = size.1.saturating_sub(1);
        Self {
            header: rows(area, 0, 0),
            body: rows(area, 0, body),
            strip: rows(area, body, 0),
            footer: rows(area, body, 1),
        }
    }

    /// The body as a list with its detail.
    pub fn list(&self) -> ListLayout {
        let body = self.body;
        let head = 3;
        if body.width >= WIDE {
            let left = (body.width * 6 / 10).max(80);
            let below = rows(body, head, body.height);
            return ListLayout {
                head: rows(body, 0, head),
                rows: columns(below, 0, left),
                detail: columns(below, left, body.width - left),
                beside: true,
            };
        }
        let detail = match body.height {
            0..=13 => 3,
            14..=17 => 5,
            18..=30 => 6,
            _ => 10,
        };
        let list = body.height.saturating_sub(head + detail);
        ListLayout {
            head: rows(body, 0, head),
            rows: rows(body, head, list),
            detail: rows(body, head + list, detail),
            beside: false,
        }
    }

    /// The title and tabs of one request, and the pane below them.
    pub fn request(&self) -> (Rect, Rect) {
        (rows(self.body, 0, 3), rows(self.body, 3, self.body.height))
    }
}

impl DiffLayout {
    /// For a pane, so many lines of what is wrong, with or without the list of files.
    pub fn new(pane: Rect, complaints: usize, list: bool) -> Self {
        let head = 1 + complaints.min(3) as u16;
        let below = rows(pane, head, pane.height);
        let head = rows(pane, 0, head);
        if !list {
            return Self { head, files: rows(below, 0, 0), paper: below };
        }
        if pane.width >= WIDE {
            let files = (pane.width * 3 / 10).max(44);
            return Self { head, files: columns(below, 0, files), paper: columns(below, files, pane.width - files) };
        }
        let files = (below.height / 4).clamp(2, 8);
        Self { head, files: rows(below, 0, files), paper: rows(below, files, below.height) }
    }

    /// The window of the file's rows: without the rule above or beside it.
    pub fn window(&self) -> Rect {
        if self.paper.x > 0 { columns(self.paper, 2, self.paper.width) } else { rows(self.paper, 1, self.paper.height) }
    }
}

impl ListLayout {
    /// The window of the detail: without its rule.
    pub fn detail_window(&self) -> Rect {
        if self.beside { columns(self.detail, 2, self.detail.width) } else { rows(self.detail, 1, self.detail.height) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_inside_the_screen_and_home_has_ten_rows() {
        for (w, h) in (0..=300).step_by(7).flat_map(|w| (0..=100).map(move |h| (w, h))) {
            let layout = Layout::new((w, h), usize::from(h % 3));
            let (list, diff) = (layout.list(), DiffLayout::new(layout.request().1, 2, h % 2 > 0));
            let parts = [layout.header, layout.body, layout.strip, layout.footer, list.rows, list.detail];
            for part in parts.iter().chain(&[list.detail_window(), diff.files, diff.paper, diff.window()]) {
                assert!(part.right() <= w && part.bottom() <= h, "{w}x{h} {part:?}");
            }
        }
        assert_eq!(Layout::new((80, 24), 0).list().rows.height, 10);
        assert!(Layout::new((60, 16), 0).list().rows.height >= 4);
    }
}
