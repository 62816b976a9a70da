use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;

use crossterm::event::{Event, KeyCode};
use futures_util::stream::{self, BoxStream, StreamExt};
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};

use super::*;
use crate::domain::time::Ms;
use crate::sys::clock::Now;

/// What was done to the screen, in order.
type Diary = Rc<RefCell<Vec<String>>>;

struct Paper {
    terminal: Terminal<TestBackend>,
    size: io::Result<(u16, u16)>,
    diary: Diary,
    frames_left: usize,
}

impl Paper {
    fn note(&self, what: impl Into<String>) -> io::Result<()> {
        self.diary.borrow_mut().push(what.into());
        Ok(())
    }
}

impl Screen for Paper {
    fn size(&self) -> io::Result<(u16, u16)> {
        self.size.as_ref().map(|size| *size).map_err(|e| e.kind().into())
    }

    fn draw(&mut self, render: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        if self.frames_left == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.frames_left -= 1;
        self.terminal.draw(|frame| render(frame)).unwrap();
        self.note("frame")
    }

    fn resize(&mut self, columns: u16, rows: u16) -> io::Result<()> {
        self.terminal.backend_mut().resize(columns, rows);
        self.terminal.resize(Rect::new(0, 0, columns, rows)).unwrap();
        self.note(format!("size {columns}x{rows}"))
    }

    fn bell(&mut self) -> io::Result<()> {
        self.note("bell")
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.note("suspend")
    }

    fn retake(&mut self) -> io::Result<()> {
        self.note("retake")
    }
}

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Now {
        Now { wall: Ms(1_795_417_927_000), boot: Ms(10_000) }
    }

    async fn until(&self, _: Ms) {
        pending().await
    }
}

struct Story {
    input: BoxStream<'static, io::Result<Event>>,
    signals: BoxStream<'static, Interrupt>,
    frames: usize,
}

impl Default for Story {
    fn default() -> Self {
        Self { input: stream::pending().boxed(), signals: stream::pending().boxed(), frames: usize::MAX }
    }
}

/// Runs the loop; what it did and why it ended.
fn told(story: Story) -> (Vec<String>, Leave) {
    let diary = Diary::default();
    let terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let mut paper = Paper { terminal, size: Ok((80, 24)), diary: diary.clone(), frames_left: story.frames };
    let (_desk, news) = mpsc::channel(1);
    let errands = |errand: Errand| diary.borrow_mut().push(format!("{errand:?}"));
    let wires = Wires { input: story.input, signals: story.signals, news, errands, clock: Still };
    let state = State::new(Setup::new(Still.now(), (80, 24), [7; 32]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let leave = runtime.block_on(run(&mut paper, state, &Theme::mono(), wires));
    (diary.take(), leave)
}

fn keys_then_gone(events: Vec<Event>) -> BoxStream<'static, io::Result<Event>> {
    stream::iter(events.into_iter().map(Ok))
        .chain(stream::once(async { Err(io::ErrorKind::UnexpectedEof.into()) }))
        .boxed()
}

#[test]
fn the_first_frame_comes_before_anything_else() {
    let (diary, leave) = told(Story { input: keys_then_gone(vec![]), ..Story::default() });
    assert_eq!(diary.first().map(String::as_str), Some("frame"));
    assert_eq!((leave, leave.code()), (Leave::Lost, 129));
}

#[test]
fn a_storm_of_sizes_is_one_frame() {
    let sizes = vec![Event::Resize(60, 16), Event::Resize(100, 30), Event::Resize(300, 100)];
    let still_there = stream::iter(sizes.into_iter().map(Ok)).chain(stream::pending()).boxed();
    let end = stream::once(tokio::task::yield_now()).map(|()| Interrupt::End(15));
    let later = end.chain(stream::pending()).boxed();
    let (diary, _) = told(Story { input: still_there, signals: later, ..Story::default() });
    assert_eq!(diary, ["frame", "size 60x16", "size 100x30", "size 300x100", "frame"]);
}

#[test]
fn what_changes_nothing_draws_nothing() {
    let noise = vec![Event::FocusGained, Event::FocusLost];
    let (diary, _) = told(Story { input: keys_then_gone(noise), ..Story::default() });
    assert_eq!(diary, ["frame"]);
}

#[test]
fn a_signal_ends_it_with_its_number() {
    for (number, code) in [(1, 129), (2, 130), (3, 131), (15, 143)] {
        let signals = stream::iter([Interrupt::End(number)]).chain(stream::pending()).boxed();
        let (diary, leave) = told(Story { signals, ..Story::default() });
        assert_eq!((leave, leave.code()), (Leave::Signal(number), code));
        assert_eq!(diary, ["frame"]);
    }
}

#[test]
fn after_a_stop_the_screen_is_drawn_anew_and_the_backends_are_asked() {
    let signals = stream::iter([Interrupt::Resumed, Interrupt::End(15)]).chain(stream::pending()).boxed();
    let (diary, _) = told(Story { signals, ..Story::default() });
    assert_eq!(diary, ["frame", "retake", "Refresh", "size 80x24", "frame"]);
}

#[test]
fn a_terminal_that_takes_no_frame_is_lost() {
    let (diary, leave) = told(Story { frames: 0, ..Story::default() });
    assert_eq!((diary, leave), (vec![], Leave::Lost));
    let signals = stream::iter([Interrupt::Resize]).chain(stream::pending()).boxed();
    let (_, leave) = told(Story { frames: 1, signals, ..Story::default() });
    assert_eq!(leave, Leave::Lost);
}

#[test]
fn letting_a_key_go_is_no_key() {
    let mut key = crossterm::event::KeyEvent::from(KeyCode::Char('q'));
    key.kind = crossterm::event::KeyEventKind::Release;
    let (diary, _) = told(Story { input: keys_then_gone(vec![Event::Key(key)]), ..Story::default() });
    assert_eq!(diary, ["frame"]);
}
