use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;

use crossterm::event::{Event, KeyCode};
use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::*;
use crate::domain::time::Ms;
use crate::sys::clock::Now;

/// In turns of the scheduler: longer than a few keys take.
const A_WHILE: usize = 20;

/// What was done to the screen, in order.
type Diary = Rc<RefCell<Vec<String>>>;

struct Paper {
    terminal: Terminal<TestBackend>,
    size: io::Result<(u16, u16)>,
    diary: Diary,
    frames_left: usize,
    /// A frame takes a while.
    slow: bool,
    busy: bool,
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

    fn draw(&mut self, render: &mut dyn FnMut(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        if self.frames_left == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.frames_left -= 1;
        assert!(!self.busy, "the frame before is on its way");
        self.busy = self.slow;
        self.terminal.draw(|frame| _ = render(frame.buffer_mut())).unwrap();
        self.note("frame")
    }

    fn is_busy(&self) -> bool {
        self.busy
    }

    fn copy(&mut self, text: &crate::domain::text::SafeText) -> io::Result<bool> {
        self.note(format!("copy {}", text.as_str()))?;
        Ok(text.as_str().len() < 100)
    }

    fn lend(&mut self, run: &mut dyn FnMut()) -> io::Result<()> {
        self.note("lent")?;
        run();
        self.note("taken again")
    }

    async fn drained(&mut self) -> io::Result<()> {
        for _ in 0..A_WHILE {
            tokio::task::yield_now().await;
        }
        self.busy = false;
        self.note("drained")
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
    news: Vec<News>,
    frames: usize,
    slow: bool,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            input: stream::pending().boxed(),
            signals: stream::pending().boxed(),
            news: Vec::new(),
            frames: usize::MAX,
            slow: false,
        }
    }
}

/// Runs the loop; what it did and why it ended.
fn told(story: Story) -> (Vec<String>, Leave) {
    let diary = Diary::default();
    let terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let size = Ok((80, 24));
    let mut paper =
        Paper { terminal, size, diary: diary.clone(), frames_left: story.frames, slow: story.slow, busy: false };
    let (desk, news) = mpsc::channel(9);
    story.news.into_iter().for_each(|news| desk.try_send(news).unwrap());
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

/// A signal that ends it, once everything else had its turn.
fn end_later() -> BoxStream<'static, Interrupt> {
    let end = stream::once(tokio::task::yield_now()).map(|()| Interrupt::End(15));
    end.chain(stream::pending()).boxed()
}

#[test]
fn what_was_told_before_there_was_a_screen_is_on_its_first_frame() {
    let notice = News::Notice(crate::domain::text::SafeText::lit("told early"));
    let (diary, _) = told(Story { news: vec![notice], signals: end_later(), ..Story::default() });
    assert_eq!(diary, ["frame"]);
}

#[test]
fn a_storm_of_sizes_is_one_frame() {
    let sizes = vec![Event::Resize(60, 16), Event::Resize(100, 30), Event::Resize(300, 100)];
    let still_there = stream::iter(sizes.into_iter().map(Ok)).chain(stream::pending()).boxed();
    let (diary, _) = told(Story { input: still_there, signals: end_later(), ..Story::default() });
    assert_eq!(diary, ["frame", "size 60x16", "size 100x30", "size 300x100", "frame"]);
}

/// Three keys that each change the screen, one after the other, and a while later the end.
fn three_keys() -> BoxStream<'static, io::Result<Event>> {
    let keys = [KeyCode::Char('?'), KeyCode::Esc, KeyCode::Char('?')].map(|code| Ok(Event::Key(code.into())));
    let one_by_one = stream::iter(keys).then(|key| tokio::task::yield_now().map(|()| key));
    let end = async {
        for _ in 0..3 * A_WHILE {
            tokio::task::yield_now().await;
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    };
    one_by_one.chain(stream::once(end)).boxed()
}

#[test]
fn a_quick_terminal_gets_every_frame_and_a_slow_one_the_newest() {
    let (diary, _) = told(Story { input: three_keys(), ..Story::default() });
    assert_eq!(diary, ["frame", "frame", "frame", "frame"]);
    let (diary, _) = told(Story { input: three_keys(), slow: true, ..Story::default() });
    assert_eq!(diary, ["frame", "drained", "frame", "drained"]);
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
