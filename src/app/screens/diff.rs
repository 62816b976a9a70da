//! The diff under the keys: that of the request on the screen, or the one that `jit-tui diff` shows.

use ratatui::layout::Rect;

use crate::app::evidence::{Beside, Shown};
use crate::app::layout::{self, DiffLayout};
use crate::app::overlay;
use crate::app::paper::{Counts, DiffView, Jump, Paper, Places, Search, Watched};
use crate::app::screens::request::{self, Tab};
use crate::app::state::{Screen, State};
use crate::app::update::drop_all;
use crate::app::{Alone, Effect, Reader};
use crate::desk::news::{Errand, News};
use crate::domain::evidence::{Base, BaseKind};
use crate::domain::finding::Finding;
use crate::domain::request::Request;
use crate::domain::text::SafeText;
use crate::keymap::Verb;
use crate::safe;

/// From so many columns on two sides have room.
const BESIDE: u16 = 120;

/// A diff that belongs to no request.
#[derive(Debug)]
pub struct DiffScreen {
    /// What it is called.
    pub name: SafeText,
    /// The diff.
    pub paper: Paper,
    /// The view of it.
    pub view: DiffView,
    /// What of it was on the screen.
    pub watched: Watched,
}

impl DiffScreen {
    /// The screen of a diff of which nothing was read yet.
    pub fn new(alone: Alone) -> Self {
        let mut view = DiffView::default();
        (view.numbers, view.list) = (alone.numbers, alone.list);
        (view.colours, view.beside) = (alone.colours, alone.beside);
        Self { name: alone.name, paper: Paper::new(alone.source), view, watched: Watched::default() }
    }
}

/// A diff with its view, to be changed.
pub struct Open<'a> {
    /// The view.
    pub view: &'a mut DiffView,
    /// The diff.
    pub paper: &'a mut Paper,
    /// What of it was on the screen.
    pub watched: &'a mut Watched,
    /// What is wrong or odd about its request.
    pub findings: &'a [Finding],
}

/// The diff on the screen, if that shows one.
fn open(state: &mut State) -> Option<Open<'_>> {
    let State { screens, queue, evidences, .. } = state;
    match screens.last_mut()? {
        Screen::Diff(screen) => {
            let DiffScreen { paper, view, watched, .. } = screen.as_mut();
            Some(Open { view, paper, watched, findings: &[] })
        }
        Screen::Request(screen) if screen.tab == Tab::Diff => {
            let request = &queue.get(&screen.key)?.request;
            let findings = findings_beside(evidences.beside(request), request);
            let (paper, watched) = evidences.open(request)?;
            Some(Open { view: &mut screen.diff, paper, watched, findings })
        }
        _ => None,
    }
}

/// The findings that have a place in what is shown: an action's own files have none of them.
fn findings_beside<'a>(beside: Option<&Beside>, request: &'a Request) -> &'a [Finding] {
    if matches!(beside, Some(Beside::Action(_))) { &[] } else { &request.findings }
}

/// The view on the screen.
pub fn view(state: &State) -> Option<&DiffView> {
    match state.screen()? {
        Screen::Diff(screen) => Some(&screen.view),
        Screen::Request(screen) if screen.tab == Tab::Diff => Some(&screen.diff),
        _ => None,
    }
}

/// Whether the screen shows a diff, or would once it is read.
pub fn is_shown(state: &State) -> bool {
    view(state).is_some()
}

/// What is wrong with the diff on the screen.
pub fn complaints(state: &State) -> Vec<SafeText> {
    match state.screen() {
        Some(Screen::Diff(screen)) => screen.paper.complaints(None),
        _ => request::viewed(state).and_then(|r| state.evidences.shown(r)).map(Shown::complaints).unwrap_or_default(),
    }
}

/// The findings of the request on the screen, by their places.
pub fn places(state: &State) -> Places<'_> {
    let of = |request| Places::of(findings_beside(state.evidences.beside(request), request));
    request::viewed(state).map(|request| of(request)).unwrap_or_default()
}

/// Where the parts of the diff stand.
pub fn areas(state: &State) -> DiffLayout {
    let layout = state.layout();
    let pane = if state.is_alone() { layout.body } else { layout.request().1 };
    DiffLayout::new(pane, complaints(state).len(), view(state).is_none_or(|v| v.list))
}

/// The window of the rows.
pub fn window(state: &State) -> Rect {
    areas(state).window()
}

/// Files in numbers, of a diff that belongs to no request.
pub fn counts(screen: &DiffScreen) -> Counts {
    screen.watched.counts(&screen.paper, screen.paper.is_cut(None))
}

/// Lays the rows out for their window, and asks for bytes that are wanted.
pub fn lay_out(state: &mut State, fx: &mut Vec<Effect>) {
    let window = window(state);
    let wide = state.setup.size.0 >= BESIDE;
    let Some(open) = open(state) else { return };
    let source = open.paper.source.clone();
    open.view.wide = wide;
    let wanted = open.view.settle(open.paper, window.width.into(), window.height.into());
    let ask = |(from, to)| Effect::Errand(Errand::Window { source: source.clone(), from, to });
    fx.extend(wanted.into_iter().map(ask));
}

/// What the draw that follows shows counts as seen.
pub fn note_seen(state: &mut State) {
    if state.overlay.is_some() || !layout::fits(state.setup.size) {
        return;
    }
    if let Some(open) = open(state) {
        open.watched.saw(open.paper, open.view.rows());
    }
}

/// Takes in what the desk tells of a diff.
pub fn told(state: &mut State, news: News) {
    match news {
        News::Indexed { source, piece, look } => with_source(state, source, |paper, watched| {
            paper.indexed(*piece, look);
            watched.ended(paper);
            look
        }),
        News::Moved { source, lines } => with_source(state, source, |paper, _| {
            paper.moved = lines;
            true
        }),
        News::Unreadable { source, why } => with_source(state, source, |paper, _| {
            paper.unreadable(why);
            true
        }),
        News::Window { source, from, to, bytes } => {
            let waits = view(state).is_some_and(DiffView::waits) || bytes.is_err();
            with_source(state, source, |paper, _| {
                paper.window_came(from, to, bytes);
                waits
            });
        }
        News::Found { generation, places, count, whole } => found(state, generation, &places, count, whole),
        _ => {}
    }
}

fn with_source(state: &mut State, source: u64, change: impl FnOnce(&mut Paper, &mut Watched) -> bool) {
    let State { screens, evidences, .. } = state;
    let alone = screens.iter_mut().find_map(|screen| match screen {
        Screen::Diff(screen) if screen.paper.source.id() == source => Some(screen.as_mut()),
        _ => None,
    });
    let found = alone.map(|screen| (&mut screen.paper, &mut screen.watched)).or_else(|| evidences.by_source(source));
    if let Some((paper, watched)) = found {
        state.dirty |= change(paper, watched);
    }
}

fn found(state: &mut State, generation: u64, places: &[u64], count: u64, whole: bool) {
    let Some(open) = open(state) else { return };
    if !open.view.found(generation, places, count, whole) {
        return;
    }
    // The first match is gone to by itself, as soon as there is one from here on.
    let stepped = open.view.search.as_ref().is_some_and(Search::has_stepped);
    let nothing = !stepped && !open.view.jump(Jump::Match(true), open.paper, open.watched) && whole;
    if nothing {
        state.say(if count == 0 { "nothing like that in the diff" } else { "no match from here on" });
    }
    state.dirty = true;
}

/// Runs a verb of the diff. Whether it was one; then the diff is on the screen.
pub fn run(state: &mut State, verb: Verb, fx: &mut Vec<Effect>) -> bool {
    let jump = match verb {
        Verb::NextFile => Some((Jump::File(true), "this is the last file")),
        Verb::PrevFile => Some((Jump::File(false), "this is the first file")),
        Verb::NextHunk => Some((Jump::Hunk(true), "no hunk comes after this")),
        Verb::PrevHunk => Some((Jump::Hunk(false), "no hunk comes before this")),
        Verb::NextUnseen => Some((Jump::Unseen, "every file was on the screen in full")),
        Verb::NextMatch => Some((Jump::Match(true), "no match after this")),
        Verb::PrevMatch => Some((Jump::Match(false), "no match before this")),
        _ => None,
    };
    state.dirty = true;
    if let Some((jump, nowhere)) = jump {
        let went = open(state).is_none_or(|open| open.view.jump(jump, open.paper, open.watched));
        if !went {
            state.say(nowhere);
        }
        return true;
    }
    if verb == Verb::Search {
        overlay::find(state);
        return true;
    }
    match verb {
        Verb::CopyPath => return copy(state, path, fx),
        Verb::CopyHunk => return copy(state, hunk, fx),
        Verb::OpenPager => return show(state, Reader::Pager, fx),
        Verb::NextBase => return next_base(state, fx),
        Verb::OpenEditor => return show(state, Reader::Editor, fx),
        Verb::NextFinding => return to_finding(state, true),
        Verb::PrevFinding => return to_finding(state, false),
        _ => {}
    }
    let Some(open) = open(state) else { return false };
    let view = open.view;
    match verb {
        Verb::Wrap => {
            view.wrap = !view.wrap;
            view.left = 0;
        }
        Verb::FoldContext => view.fold = !view.fold,
        Verb::Colours => view.colours = !view.colours,
        Verb::Blanks => view.blanks = !view.blanks,
        Verb::Beside => {
            view.beside = !view.beside;
            if view.beside && !view.wide {
                state.say(safe!("two sides need {} columns; they stand so once there is room", BESIDE));
            }
        }
        Verb::FoldFolder => {
            let folds = view.fold_folder(open.paper);
            if !folds {
                state.say("nothing to fold here: the file must be seen, or lies in no folder");
            }
        }
        Verb::Numbers => view.numbers = !view.numbers,
        Verb::Files => view.list = !view.list,
        Verb::ScrollRight | Verb::ScrollLeft if view.wrap => state.say(no_scroll(state)),
        Verb::ScrollRight => view.scroll_sideways(true),
        Verb::ScrollLeft => view.scroll_sideways(false),
        Verb::EndSearch => end_search(state, fx),
        _ => return false,
    }
    true
}

/// Goes to the place of the next finding in the diff, or of the one before, and says what stands there.
fn to_finding(state: &mut State, forwards: bool) -> bool {
    let told = match open(state) {
        None => SafeText::lit("there is no diff yet"),
        Some(open) => {
            let places = Places::of(open.findings);
            match open.view.go_to_finding(&places, open.paper, forwards) {
                Some(at) => places.words(open.paper, at),
                None if !open.paper.is_read() => SafeText::lit("no further one in what was read of the diff so far"),
                None if forwards => SafeText::lit("no finding comes after this in the diff; the overview lists all"),
                None => SafeText::lit("no finding comes before this in the diff; the overview lists all"),
            }
        }
    };
    state.say(told);
    true
}

/// Copies what `of` gives of the diff, or says why it does not.
fn copy(state: &mut State, of: fn(&Open) -> Result<SafeText, &'static str>, fx: &mut Vec<Effect>) -> bool {
    match open(state).map_or(Err("there is no diff yet"), |open| of(&open)) {
        Ok(text) => {
            fx.push(Effect::Copy(text));
            state.say("copied, where the terminal lets programs do that");
        }
        Err(why) => state.say(why),
    }
    true
}

fn path(open: &Open) -> Result<SafeText, &'static str> {
    open.paper.file(open.view.file()).map(|file| file.name().ident()).ok_or("there is no file here")
}

fn hunk(open: &Open) -> Result<SafeText, &'static str> {
    let lines = open.view.hunk(open.paper).ok_or("no hunk is at hand here")?;
    let lines: Vec<SafeText> = lines.prose_lines().collect();
    Ok(SafeText::join(&lines, "\n"))
}

/// What the change can be read against besides the base of its evidence.
fn other_bases(state: &State, request: &Request) -> Vec<Base> {
    let shown = state.evidences.shown(request);
    let mut bases = shown.map(|s| s.exhibit.evidence.other_bases.clone()).unwrap_or_default();
    bases.extend(state.queue.before(request).map(|sha| Base { sha, kind: BaseKind::Previous, deployed_at: None }));
    let own = request.evidence.base.as_ref().map(|base| &base.sha);
    bases.retain(|base| Some(&base.sha) != own && Some(&base.sha) != request.core.head.as_ref());
    bases
}

/// Goes on to the next base, and after the last one back to the first.
fn next_base(state: &mut State, fx: &mut Vec<Effect>) -> bool {
    let Some(request) = request::viewed(state).cloned() else { return false };
    let bases = other_bases(state, &request);
    let bases = bases.into_iter().map(Beside::Base).collect();
    if !show_next(state, &request, bases, fx) {
        state.say("no other base is known: its evidence names this one only");
    }
    true
}

/// Shows the change of the next action between what it was and what it is, and after the last one the request's own.
/// Whether there is anything to show.
pub fn next_action(state: &mut State, fx: &mut Vec<Effect>) -> bool {
    let Some(request) = request::viewed(state).cloned() else { return false };
    if state.evidences.shown(&request).is_none() {
        state.say("the evidence is not here yet");
        return false;
    }
    let changed = request::changed(state, &request).into_iter().map(|changed| Beside::Action(Box::new(changed)));
    let shown = show_next(state, &request, changed.collect(), fx);
    if !shown {
        state.say("of no action two commits are known: there is nothing to compare");
    }
    shown
}

/// Shows the change that comes after the one on the screen, behind the last one the request's own. False where there is
/// no other.
fn show_next(state: &mut State, request: &Request, all: Vec<Beside>, fx: &mut Vec<Effect>) -> bool {
    let shown = state.evidences.beside(request).cloned();
    let here = shown.as_ref().and_then(|shown| all.iter().position(|one| one == shown));
    let next = all.into_iter().nth(here.map_or(0, |at| at + 1));
    if shown.is_none() && next.is_none() {
        return false;
    }
    state.evidences.compare(request, next.clone());
    if let Some(screen) = state.request_screen_mut() {
        screen.diff = DiffView::default();
    }
    if let Some(next) = next {
        let (key, evidence) = (request.key().clone(), request.evidence.digest);
        fx.push(Effect::Errand(Errand::Compare { key, evidence, other: next.other() }));
    }
    true
}

/// Lends the terminal to a program. Nobody could take back meanwhile what is held.
fn show(state: &mut State, reader: Reader, fx: &mut Vec<Effect>) -> bool {
    let source = open(state).map(|open| open.paper.source.clone());
    drop_all(state, "another program had the terminal in the hold-back", fx);
    fx.extend(source.map(|source| Effect::Show(source, reader)));
    true
}

fn no_scroll(state: &State) -> SafeText {
    safe!("long lines wrap: {} lets them run off to the right", state.setup.keymap.shown(Verb::Wrap))
}

/// Scrolls by rows.
pub fn scroll(state: &mut State, by: isize) {
    if let Some(open) = open(state) {
        open.view.scroll(by);
    }
}

/// To the first or the last row.
pub fn to_end(state: &mut State, last: bool) {
    if let Some(open) = open(state) {
        open.view.go_to_end(last, open.paper);
    }
}

/// Begins a search; an empty pattern ends the one before.
pub fn search(state: &mut State, text: &str, fx: &mut Vec<Effect>) {
    if text.is_empty() {
        return end_search(state, fx);
    }
    let generation = state.next_generation();
    let Some(open) = open(state) else { return };
    if let Ok(search) = Search::new(text, generation) {
        let (source, pattern) = (open.paper.source.clone(), search.text.clone());
        open.view.search = Some(search);
        fx.push(Effect::Errand(Errand::Search { generation, source, pattern }));
    }
}

fn end_search(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(open) = open(state) else { return };
    if open.view.search.take().is_some() {
        fx.push(Effect::Errand(Errand::EndSearch { source: open.paper.source.clone() }));
    }
}

/// Whether there is a search; what is searched for.
pub fn searched(state: &State) -> Option<&Search> {
    view(state)?.search.as_ref()
}
