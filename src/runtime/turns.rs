//! The loop: wait for what comes first, take in what came with it, draw once if something visible changed and the
//! terminal took the frame before.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::mpsc;

use super::clock::Clock;
use super::outside;
use super::screen::Screen;
use super::signals::Interrupt;
use crate::app::{self, Effect, Msg, Reader, State};
use crate::desk::news::{Errand, News, Source};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::theme::Theme;
use crate::ui;

/// At most so many messages are taken in before a frame.
const A_TURN: usize = 256;

/// What the loop is wired to.
pub struct Wires<I, S, E, C> {
    /// Keys, pastes; an error or the end means that the terminal is gone.
    pub input: I,
    /// Signals.
    pub signals: S,
    /// What the desk tells.
    pub news: mpsc::Receiver<News>,
    /// Takes what is asked of the desk; never waits.
    pub errands: E,
    /// The time.
    pub clock: C,
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// The user wants out, with this exit code.
    Quit(u8),
    /// A signal said so.
    Signal(u8),
    /// The terminal is gone.
    Lost,
}

impl Leave {
    /// The exit code: 128 and the signal's number; a lost terminal counts as hang-up.
    pub fn code(self) -> u8 {
        match self {
            Leave::Quit(code) => code,
            Leave::Signal(number) => 128 + number,
            Leave::Lost => 129,
        }
    }
}

/// What came first.
enum Came {
    Signal(Option<Interrupt>),
    Input(Option<io::Result<Event>>),
    News(Option<News>),
    Deadline,
    Drained(io::Result<()>),
}

/// Runs the console until it is left.
pub async fn run<S, I, G, E, C>(screen: &mut S, state: State, theme: &Theme, wires: Wires<I, G, E, C>) -> Leave
where
    S: Screen,
    I: Stream<Item = io::Result<Event>> + Unpin,
    G: Stream<Item = Interrupt> + Unpin,
    E: FnMut(Errand),
    C: Clock,
{
    let mut turns = Turns { screen, state, theme, wires, news_ended: false };
    if let Some(leave) = turns.begin() {
        return leave;
    }
    loop {
        if turns.draw().is_err() {
            turns.end();
            return Leave::Lost;
        }
        if let Some(leave) = turns.turn().await {
            if !matches!(leave, Leave::Quit(_)) {
                turns.end();
            }
            return leave;
        }
    }
}

struct Turns<'a, S, I, G, E, C> {
    screen: &'a mut S,
    state: State,
    theme: &'a Theme,
    wires: Wires<I, G, E, C>,
    news_ended: bool,
}

impl<S, I, G, E, C> Turns<'_, S, I, G, E, C>
where
    S: Screen,
    I: Stream<Item = io::Result<Event>> + Unpin,
    G: Stream<Item = Interrupt> + Unpin,
    E: FnMut(Errand),
    C: Clock,
{
    fn draw(&mut self) -> io::Result<()> {
        // What nobody will see is not drawn, nor counted as seen.
        if self.screen.is_busy() || !self.state.take_dirty() {
            return Ok(());
        }
        let (state, theme) = (&self.state, self.theme);
        self.screen.draw(&mut |buffer| ui::draw(buffer, state, theme))
    }

    /// What was told before there was a screen is on its first frame.
    fn begin(&mut self) -> Option<Leave> {
        for _ in 0..A_TURN {
            let told = self.wires.news.try_recv().ok()?;
            if let Some(leave) = self.update(Msg::News(told)) {
                return Some(leave);
            }
        }
        None
    }

    /// One turn: the first thing that comes, and what else is there already.
    async fn turn(&mut self) -> Option<Leave> {
        let mut came = self.next().await;
        for _ in 0..A_TURN {
            if let Some(leave) = self.take_in(came) {
                return Some(leave);
            }
            came = self.at_hand()?;
        }
        self.take_in(came)
    }

    /// Waits. What comes first in this list is served first.
    async fn next(&mut self) -> Came {
        let deadline = self.state.next_deadline(self.wires.clock.now());
        let (wires, screen) = (&mut self.wires, &mut *self.screen);
        let busy = screen.is_busy();
        tokio::select! {
            biased;
            signal = wires.signals.next() => Came::Signal(signal),
            drained = screen.drained(), if busy => Came::Drained(drained),
            event = wires.input.next() => Came::Input(event),
            news = wires.news.recv(), if !self.news_ended => Came::News(news),
            () = wires.clock.until(deadline.unwrap_or_default()), if deadline.is_some() => Came::Deadline,
        }
    }

    /// What waits already: input before news.
    fn at_hand(&mut self) -> Option<Came> {
        if let Some(event) = self.wires.input.next().now_or_never() {
            return Some(Came::Input(event));
        }
        self.wires.news.try_recv().ok().map(|news| Came::News(Some(news)))
    }

    fn take_in(&mut self, came: Came) -> Option<Leave> {
        match came {
            Came::Signal(Some(Interrupt::End(number))) => Some(Leave::Signal(number)),
            Came::Signal(Some(Interrupt::Resize)) => self.resized(),
            Came::Signal(Some(Interrupt::Resumed)) => self.retaken(Screen::retake),
            Came::Signal(None) | Came::Input(None | Some(Err(_))) => Some(Leave::Lost),
            Came::Input(Some(Ok(event))) => self.event(event),
            Came::News(Some(news)) => self.update(Msg::News(news)),
            Came::News(None) => {
                self.news_ended = true;
                None
            }
            Came::Deadline => self.update(Msg::Deadline),
            Came::Drained(result) => lost(result),
        }
    }

    fn event(&mut self, event: Event) -> Option<Leave> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                super::hooks::key(&key);
                self.update(Msg::Key(key))
            }
            Event::Paste(text) => self.update(Msg::Paste(Text::from(text))),
            Event::Resize(columns, rows) => self.sized(columns, rows),
            Event::Key(_) | Event::Mouse(_) | Event::FocusGained | Event::FocusLost => None,
        }
    }

    fn update(&mut self, msg: Msg) -> Option<Leave> {
        let now = self.wires.clock.now();
        let effects = app::update(&mut self.state, now, msg);
        // All of them are done, also those behind the one that ends the loop.
        effects.into_iter().fold(None, |leave, effect| {
            let also = self.perform(effect);
            leave.or(also)
        })
    }

    fn perform(&mut self, effect: Effect) -> Option<Leave> {
        match effect {
            Effect::Errand(errand) => {
                (self.wires.errands)(errand);
                None
            }
            Effect::Bell => lost(self.screen.bell()),
            Effect::Suspend => self.retaken(Screen::suspend),
            Effect::Redraw => self.resized(),
            Effect::Copy(text) => match self.screen.copy(&text) {
                Ok(true) => None,
                Ok(false) => self.update(Msg::Outside(SafeText::lit("too much for a clipboard: nothing was copied"))),
                Err(_) => Some(Leave::Lost),
            },
            Effect::Show(source, reader) => self.lend(&source, reader),
            Effect::Quit(code) => Some(Leave::Quit(code)),
        }
    }

    /// Lets another program show a diff; what went wrong with that is said.
    fn lend(&mut self, source: &Source, reader: Reader) -> Option<Leave> {
        let mut shown = Ok(());
        if let Some(leave) = lost(self.screen.lend(&mut || shown = outside::show(source, reader))) {
            return Some(leave);
        }
        (self.wires.errands)(Errand::Refresh);
        let why = shown.err().map(|e| safe!("the program did not start: {}", Text::from(e.to_string()).prose()));
        self.resized().or_else(|| why.and_then(|why| self.update(Msg::Outside(why))))
    }

    /// What was on the screen before is old: it is drawn anew, and the backends are asked.
    fn retaken(&mut self, how: fn(&mut S) -> io::Result<()>) -> Option<Leave> {
        if let Some(leave) = lost(how(self.screen)) {
            return Some(leave);
        }
        (self.wires.errands)(Errand::Refresh);
        self.resized()
    }

    fn resized(&mut self) -> Option<Leave> {
        match self.screen.size() {
            Ok((columns, rows)) => self.sized(columns, rows),
            Err(_) => Some(Leave::Lost),
        }
    }

    fn sized(&mut self, columns: u16, rows: u16) -> Option<Leave> {
        lost(self.screen.resize(columns, rows)).or_else(|| self.update(Msg::Resize(columns, rows)))
    }

    /// No more frames: what is held is dropped, and said so to the log.
    fn end(&mut self) {
        let now = self.wires.clock.now();
        for effect in app::update(&mut self.state, now, Msg::Lost) {
            if let Effect::Errand(errand) = effect {
                (self.wires.errands)(errand);
            }
        }
    }
}

fn lost(result: io::Result<()>) -> Option<Leave> {
    result.err().map(|_| Leave::Lost)
}

/// So long the end may wait for decisions on their way and for the log.
pub const TO_SETTLE: Duration = Duration::from_secs(5);
