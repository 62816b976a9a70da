//! What a diff costs inside of `jit-tui diff`, without a terminal: `cargo bench --bench pages -- [FILE]` prints how
//! long its index takes, and for pages at 200x50 how long a key, the drawing and the encoding take each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::File;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent};
use jit_tui::app::{Alone, Effect, Msg, Setup, State, update};
use jit_tui::desk::news::{Errand, News, Source};
use jit_tui::desk::source;
use jit_tui::domain::text::SafeText;
use jit_tui::runtime::Thin;
use jit_tui::sys::clock::now;
use jit_tui::sys::spool::Spool;
use jit_tui::theme::Theme;
use jit_tui::ui;
use tokio::sync::mpsc;

const SIZE: (u16, u16) = (200, 50);
const PAGES: usize = 2_000;

fn main() {
    let given = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let file = given.unwrap_or_else(|| "benches/pty/data/d10.diff".into());
    let source = Source::over(Spool::of(File::open(&file).unwrap()).unwrap());
    for full in [false, true] {
        let mut state =
            State::new(Setup { size: SIZE, alone: Some(alone(&source, full)), ..Setup::new(now(), SIZE, [7; 32]) });
        println!("index {:.1} ms", ms(index(&source, &mut state)));
        println!("{}", if full { "list and numbers" } else { "neither list nor numbers" });
        pages(&mut state);
    }
}

fn alone(source: &Source, full: bool) -> Alone {
    Alone {
        name: SafeText::lit("bench"),
        source: source.clone(),
        numbers: full,
        colours: true,
        beside: false,
        list: full,
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn index(source: &Source, state: &mut State) -> Duration {
    let (news, mut receiver) = mpsc::channel(64);
    let (begun, reading) = (Instant::now(), source.clone());
    let thread = std::thread::spawn(move || source::index(&reading, &news));
    while let Some(news) = receiver.blocking_recv() {
        take(state, Msg::News(news));
    }
    thread.join().unwrap();
    begun.elapsed()
}

/// Takes a message in, and what is asked for comes at once. The time without the answers.
fn take(state: &mut State, msg: Msg) -> Duration {
    let begun = Instant::now();
    let effects = update(state, now(), msg);
    let mut time = begun.elapsed();
    for effect in effects {
        if let Effect::Errand(Errand::Window { source, from, to }) = effect {
            let bytes = Ok(source.spool().window(from, to).unwrap());
            time += take(state, Msg::News(News::Window { source: source.id(), from, to, bytes }));
        }
    }
    time
}

fn pages(state: &mut State) {
    let (theme, mut thin) = (Theme::terminal(), Thin::new(SIZE.0, SIZE.1));
    let mut times = [const { Vec::new() }; 4];
    let mut bytes = Vec::new();
    for _ in 0..PAGES {
        let key = take(state, Msg::Key(KeyEvent::from(KeyCode::PageDown)));
        let begun = Instant::now();
        state.take_dirty();
        thin.draw(&mut |buffer| ui::draw(buffer, state, &theme));
        let drawn = begun.elapsed();
        bytes.push(thin.frame().map_or(0, |bytes| bytes.len()));
        let encoded = begun.elapsed() - drawn;
        let all = [key, drawn, encoded, key + drawn + encoded];
        times.iter_mut().zip(all).for_each(|(times, time)| times.push(time));
    }
    for (name, mut times) in ["key", "draw", "encode", "all"].into_iter().zip(times) {
        times.sort();
        let at = |share: usize| ms(times[times.len() * share / 1000]);
        println!("  {name:8} p50 {:.3}  p99 {:.3}  p99.9 {:.3} ms", at(500), at(990), at(999));
    }
    bytes.sort_unstable();
    println!("  bytes    p50 {}", bytes[bytes.len() / 2]);
}
