//! The queue: one row a request or a fold, and the detail of the one under the cursor.

use ratatui::layout::Rect;

use super::text::Canvas;
use crate::app::layout::{Layout, ListLayout};
use crate::app::line::Line;
use crate::app::overlay::Overlay;
use crate::app::queue::{Row, RowKind};
use crate::app::screens::{queue, request};
use crate::app::state::State;
use crate::app::words;
use crate::domain::finding::{FindingId, Severity};
use crate::domain::grant::Enforcer;
use crate::domain::request::{Can, Request};
use crate::domain::text::SafeText;
use crate::keymap::Verb;
use crate::safe;
use crate::theme::Role;

/// How wide the columns are for a list of some width.
struct Columns {
    environment: usize,
    what: usize,
    sha: usize,
    who: usize,
    finding: usize,
    enforcer: usize,
}

impl Columns {
    fn new(width: u16) -> Self {
        let width = usize::from(width);
        let sha = if width >= 72 { 7 } else { 0 };
        let enforcer = if width >= 96 { 7 } else { 0 };
        // `staging` and `default` fit into seven.
        let environment = if width >= 96 {
            8
        } else if width >= 72 {
            7
        } else {
            5
        };
        let who = 7;
        let gaps = 6 + usize::from(sha > 0) + usize::from(enforcer > 0);
        // Cursor and mark, vote, age, due.
        let fixed = 2 + environment + sha + enforcer + who + 4 + 4 + 4 + gaps;
        let flexible = width.saturating_sub(fixed);
        let what = (flexible * 45 / 100).clamp(10, 34);
        Self { environment, what, sha, who, finding: flexible.saturating_sub(what), enforcer }
    }
}

/// The whole screen.
pub fn draw(canvas: &mut Canvas, layout: &Layout, state: &State) {
    let list = layout.list();
    head(canvas, &list, state);
    let columns = Columns::new(list.rows.width);
    if state.queue.rows().is_empty() {
        canvas.lines(list.rows, &queue::empty(state));
    }
    let shown = state.queue.rows().iter().enumerate().skip(state.queue.top);
    for (area, (at, row)) in list.rows.rows().zip(shown) {
        let line = row_line(state, row, &columns, at == state.queue.cursor());
        canvas.line(area, &line);
    }
    detail(canvas, &list, queue::detail(state, list.beside));
}

/// The detail of a list, below it or beside it.
pub fn detail(canvas: &mut Canvas, list: &ListLayout, lines: Vec<Line>) {
    if list.beside {
        canvas.rule_down(list.detail)
    } else {
        canvas.rule(list.detail)
    }
    let window = list.detail_window();
    let width = usize::from(window.width);
    // Below a list each fact has one row; beside it there is room for all of them.
    let rows: Vec<Line> = if list.beside { lines.iter().flat_map(|l| l.wrap(width, 11)).collect() } else { lines };
    canvas.lines(window, &rows);
}

fn head(canvas: &mut Canvas, list: &ListLayout, state: &State) {
    let [view, rule, titles] = rows3(list.head);
    if !matches!(state.overlay, Some(Overlay::Find(_))) {
        canvas.line(view, &view_line(state, usize::from(view.width)));
    }
    canvas.rule(rule);
    let columns = Columns::new(list.rows.width);
    let mut line = Line::of(Role::Dim, "  ");
    for (title, width) in [
        ("ENV", columns.environment),
        ("WHAT", columns.what),
        ("SHA", columns.sha),
        ("WHO", columns.who),
        ("NEW FINDING", columns.finding),
        ("ENFORCE", columns.enforcer),
    ] {
        line = cell(line, Role::Dim, SafeText::lit(title), width);
    }
    canvas.line(titles, &line.and(Role::Dim, "VOTE  AGE  DUE"));
}

/// The first three rows of an area.
pub fn rows3(area: Rect) -> [Rect; 3] {
    let mut rows = area.rows();
    let mut next = || rows.next().unwrap_or_default();
    [next(), next(), next()]
}

fn view_line(state: &State, width: usize) -> Line {
    let queue = &state.queue;
    let rows = queue.rows().len();
    let line = Line::of(Role::Dim, "view ").and(Role::Strong, queue.view.title());
    let (noun, verb) = if rows == 1 { ("row", "matches") } else { ("rows", "match") };
    let line = match queue.filter.is_empty() {
        true => line.and(Role::Dim, safe!("  {} {}", rows, noun)),
        false => line.and(Role::Dim, safe!("  {} {} {} ", rows, noun, verb)).and(Role::Input, queue.filter.text()),
    };
    let line = match queue.marks.len() {
        0 => line,
        n => line.and(Role::Marked, safe!("   {} marked", n)),
    };
    let sort = Line::of(Role::Dim, "   sorted: can decide, prod, due, oldest");
    let end = match queue.waiting_arrivals() {
        0 => Line::new(),
        n => Line::of(Role::Warn, safe!("{} new ^ ", n)).and(Role::Key, state.setup.keymap.shown(Verb::ShowNew)),
    };
    if line.width() + sort.width() + end.width() < width {
        let mut whole = line;
        whole.pieces.extend(sort.pieces);
        return whole.with_end(width, end);
    }
    line.with_end(width, end)
}

fn cell(line: Line, role: Role, text: SafeText, width: usize) -> Line {
    if width == 0 {
        return line;
    }
    let to = line.width() + width + 1;
    line.and_marked(role, &text.cut(width)).filled_to(to)
}

/// Only its name is reversed under the cursor: over a slow line a whole row would be twice the bytes.
fn row_line(state: &State, row: &Row, columns: &Columns, here: bool) -> Line {
    let request = row.entry.request.as_ref();
    let (finding, finding_role) = finding(state, request);
    let line = mark(state, row, Line::of(Role::Strong, if here { ">" } else { " " }));
    let name = name(row, columns);
    let line = line.followed_by(if here { name.all(Role::Selected) } else { name });
    let head = request.core.head.as_ref().map_or(SafeText::lit("-"), |h| h.short());
    let line = cell(line, Role::Dim, head, columns.sha);
    let who = words::asker(&request.core, state.you(&request.key().backend));
    let line = cell(line, Role::Text, who, columns.who);
    let line = cell(line, finding_role, finding, columns.finding);
    let line = cell(line, enforcer_role(request.enforcer), request.enforcer.word(), columns.enforcer);
    clocks(state, request, line)
}

/// Environment and what is done.
fn name(row: &Row, columns: &Columns) -> Line {
    let (environment, role) = environment(row, columns.environment);
    what(cell(Line::new(), role, environment, columns.environment), row, columns.what)
}

fn mark(state: &State, row: &Row, line: Line) -> Line {
    let keys = row.keys();
    let marked = keys.iter().filter(|k| state.queue.marks.contains(k)).count();
    match marked {
        0 => line.and(Role::Text, " "),
        n if n == keys.len() => line.and(Role::Marked, "*"),
        _ => line.and(Role::Marked, "+"),
    }
}

fn environment(row: &Row, width: usize) -> (SafeText, Role) {
    let name = row.entry.request.core.environment.value.ident();
    match row.entry.production {
        true if width > 7 => (safe!("PROD {}", name.cut(width - 5)).cut(width), Role::Prod),
        true => (SafeText::lit("PROD"), Role::Prod),
        false if name.as_str().is_empty() => (SafeText::lit("?"), Role::Unknown),
        false => (name.cut(width), Role::Text),
    }
}

fn what(line: Line, row: &Row, width: usize) -> Line {
    let title = words::title(&row.entry.request.core);
    match &row.kind {
        RowKind::One => cell(line, Role::Strong, title, width),
        RowKind::Member => {
            let job = row.entry.request.core.run.as_ref().map(|r| r.job.ident()).unwrap_or_default();
            cell(line, Role::Text, safe!("  {} {}", title, job), width)
        }
        RowKind::Fold { members, open } => {
            let count = safe!("{}x{}", if *open { "v" } else { "" }, members.len());
            let room = width.saturating_sub(count.width() + 1);
            let to = line.width() + width + 1;
            line.and_marked(Role::Strong, &title.cut(room)).and(Role::Warn, safe!(" {}", count)).filled_to(to)
        }
    }
}

fn finding(state: &State, request: &Request) -> (SafeText, Role) {
    let colleagues = looks(state, request);
    match (&request.can, request.worst_new(state.label)) {
        _ if request.unreviewed => (SafeText::lit("BREAK-GLASS not reviewed"), Role::Bad),
        _ if !request.is_pending() => (outcome(state, request), Role::Text),
        (_, Some(f)) if f.severity == Severity::High || f.id == FindingId::EvidenceMissing => {
            (safe!("{} {}{}", f.severity.mark(), f.id.meaning().what, colleagues), request::severity_role(f.severity))
        }
        (Can::No { why }, _) => (safe!("-- {}", why.prose()), Role::Dim),
        (_, Some(f)) => {
            (safe!("{} {}{}", f.severity.mark(), f.id.meaning().what, colleagues), request::severity_role(f.severity))
        }
        (_, None) => {
            let old = request.old_findings(state.label);
            let old = if old > 0 { safe!(" ({} old)", old) } else { SafeText::default() };
            (safe!("ok{}{}", old, colleagues), Role::Good)
        }
    }
}

fn outcome(state: &State, request: &Request) -> SafeText {
    match &request.grant {
        Some(grant) => crate::app::screens::grants::standing_line(grant, state.label).0,
        None => request.state.word(),
    }
}

fn looks(state: &State, request: &Request) -> SafeText {
    let you = state.you(&request.key().backend);
    let others = request.looks.iter().filter(|l| l.until > state.label && !you.is_some_and(|y| y.same_person(&l.by)));
    let names: Vec<SafeText> = others.map(|l| l.by.shown()).collect();
    match names.as_slice() {
        [] => SafeText::default(),
        [one] => safe!("  {} looks", one),
        [first, rest @ ..] => safe!("  {} +{} look", first, rest.len()),
    }
}

fn enforcer_role(enforcer: Enforcer) -> Role {
    match enforcer {
        Enforcer::Broker | Enforcer::Backend => Role::Dim,
        Enforcer::Guard => Role::Warn,
        Enforcer::Nobody => Role::Bad,
    }
}

fn clocks(state: &State, request: &Request, line: Line) -> Line {
    let now = state.label;
    let due = request.due.filter(|_| request.is_pending());
    let soon = due.is_some_and(|due| due.since(now) < crate::domain::time::Span::mins(5));
    let due = due.map_or(SafeText::lit("-"), |due| words::until(now, due));
    line.and(Role::Text, safe!("{:>4} ", words::votes(request)))
        .and(Role::Dim, safe!("{:>4} ", words::ago(now, request.created_at)))
        .and(if soon { Role::Warn } else { Role::Text }, safe!("{:>4}", due))
}
