//! The grants and the audit log: a list with its detail.

use super::queue::{detail, rows3};
use super::text::Canvas;
use crate::app::layout::Layout;
use crate::app::line::Line;
use crate::app::overlay::Overlay;
use crate::app::screens::{audit, grants};
use crate::app::state::State;
use crate::app::words;
use crate::domain::grant::{Enforcer, Grant, Standing};
use crate::domain::text::{SafeText, Text};
use crate::keymap::Verb;
use crate::safe;
use crate::theme::Role;

/// What was granted.
pub fn grants(canvas: &mut Canvas, layout: &Layout, state: &State) {
    let list = layout.list();
    let [title, rule, columns] = rows3(list.head);
    let width = usize::from(list.rows.width);
    if !matches!(state.overlay, Some(Overlay::Find(_))) {
        let line = Line::of(Role::Title, "GRANTS")
            .and(Role::Text, safe!("   {} running, {} in all", state.grants.running(), state.grants.len()));
        canvas.line(title, &filtered(line, &state.grants.filter));
    }
    canvas.rule(rule);
    canvas.line(columns, &grant_titles(width));
    if state.grants.len() == 0 {
        canvas.lines(list.rows, &nothing(state, "  Nothing was granted that a backend still lists."));
    }
    let shown = state.grants.rows().enumerate().skip(state.grants.top);
    for (area, (at, (_, grant))) in list.rows.rows().zip(shown) {
        let line = grant_row(state, grant, at == state.grants.cursor, width);
        if at == state.grants.cursor { canvas.selected(area, &line) } else { canvas.line(area, &line) }
    }
    detail(canvas, &list, grants::detail(state));
}

fn filtered(line: Line, filter: &str) -> Line {
    if filter.is_empty() { line } else { line.and(Role::Dim, "   find ").and(Role::Input, Text::from(filter).prose()) }
}

fn grant_titles(width: usize) -> Line {
    let what = what_width(width);
    let columns = [("ENV", 8), ("WHAT", 8 + what), ("REACH", 18 + what), ("BY", 27 + what), ("ENFORCE", 36 + what)];
    let start = Line::of(Role::Dim, "  ");
    let titles = columns.into_iter().fold(start, |line, (title, to)| line.and(Role::Dim, title).filled_to(to));
    titles.and(Role::Dim, "STATE")
}

fn what_width(width: usize) -> usize {
    width.saturating_sub(64).clamp(14, 30)
}

fn grant_row(state: &State, grant: &Grant, here: bool, width: usize) -> Line {
    let what = what_width(width);
    let production = state.queue.is_production(&grant.bound.environment);
    let environment = if production { SafeText::lit("PROD") } else { grant.bound.environment.ident().cut(5) };
    let by = grant.by.first().map_or(SafeText::lit("policy"), |p| p.shown());
    let by = if grant.by.len() > 1 { safe!("{} +{}", by.cut(5), grant.by.len() - 1) } else { by };
    let live = matches!(grant.standing(state.label), Standing::Running | Standing::Open);
    let (standing, role) = grants::standing_line(grant, state.label);
    let name = words::short_title(&grant.bound.repository, &grant.name);
    let enforcer = if grant.enforcer == Enforcer::Nobody { Role::Bad } else { Role::Dim };
    let line = Line::of(Role::Strong, if here { "> " } else { "  " })
        .and_marked(if production { Role::Prod } else { Role::Text }, &environment)
        .filled_to(8)
        .and_marked(if live { Role::Strong } else { Role::Dim }, &name.cut(what - 1))
        .filled_to(8 + what)
        .and(Role::Text, grant.scope.word())
        .filled_to(18 + what)
        .and(Role::Text, by.cut(8))
        .filled_to(27 + what)
        .and(enforcer, grant.enforcer.word())
        .filled_to(36 + what);
    let line = if grant.break_glass { line.and(Role::Bad, "BG ") } else { line };
    line.and(role, standing)
}

/// The audit log.
pub fn audit(canvas: &mut Canvas, layout: &Layout, state: &State) {
    let list = layout.list();
    let [title, rule, columns] = rows3(list.head);
    let screen = &state.audit;
    if !matches!(state.overlay, Some(Overlay::Find(_))) {
        let line = Line::of(Role::Title, "AUDIT LOG   ");
        let mut line = line;
        line.pieces.extend(audit::state_line(state).pieces);
        let line = filtered(line, &screen.filter);
        let line = match &screen.request {
            Some(key) => line.and(Role::Dim, "   only ").and(Role::Input, safe!("{}", key)),
            None => line,
        };
        canvas.line(title, &line);
    }
    canvas.rule(rule);
    let titles = [(" RECORD", 8), ("TIME", 29), ("WHO", 40), ("WHAT", 45)];
    let titles = titles.into_iter().fold(Line::new(), |line, (title, to)| line.and(Role::Dim, title).filled_to(to));
    canvas.line(columns, &titles);
    match (&screen.error, screen.records.is_empty()) {
        (Some(why), _) => canvas.lines(list.rows, &[Line::of(Role::Bad, safe!("  The log cannot be read: {}", why))]),
        (None, true) if screen.is_reading() => canvas.lines(list.rows, &[Line::of(Role::Dim, "  Reading.")]),
        (None, true) => canvas.lines(list.rows, &nothing(state, "  No record has these words.")),
        (None, false) => {}
    }
    let shown = screen.records.iter().enumerate().skip(screen.top);
    for (area, (at, record)) in list.rows.rows().zip(shown) {
        let here = at == screen.cursor;
        let mut line = Line::of(Role::Strong, if here { ">" } else { " " });
        line.pieces.extend(audit::row(record).pieces);
        if here { canvas.selected(area, &line) } else { canvas.line(area, &line) }
    }
    detail(canvas, &list, audit::detail(state));
}

fn nothing(state: &State, says: &'static str) -> Vec<Line> {
    let back = state.setup.keymap.shown(Verb::Back);
    vec![
        Line::new(),
        Line::of(Role::Text, says),
        Line::of(Role::Key, safe!("    {}", back)).and(Role::Dim, "  back to the queue"),
    ]
}
