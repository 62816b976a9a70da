//! What a key press costs on the line: the bytes that a terminal gets.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::app::State;
use crate::app::testing::{Sample, Stage};
use crate::theme::Theme;

/// Counts what is written.
#[derive(Clone, Default)]
struct Meter(Rc<Cell<usize>>);

impl io::Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Wire {
    terminal: Terminal<CrosstermBackend<Meter>>,
    meter: Meter,
}

impl Wire {
    fn new() -> Self {
        let meter = Meter::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 80, 24));
        let backend = CrosstermBackend::new(meter.clone());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        Self { terminal, meter }
    }

    fn cost(&mut self, state: &State) -> usize {
        self.meter.0.set(0);
        self.terminal.draw(|frame| crate::ui::draw(frame, state, &Theme::terminal())).unwrap();
        self.meter.0.get()
    }
}

#[test]
fn moving_the_selection_among_ten_thousand_costs_less_than_250_bytes() {
    let mut stage = Stage::new();
    let many = |i: usize| {
        Sample::stage("shop", "e2e").id(&format!("r{i}")).core(|c| {
            c.name = format!("job-{i}").into();
            c.head = Some(format!("{i:040x}").parse().unwrap());
        })
    };
    stage.lists((0..10_000).map(many).collect());
    let mut wire = Wire::new();
    wire.cost(&stage.state);
    for key in ["j", "j", "k"] {
        stage.press(key);
        let bytes = wire.cost(&stage.state);
        assert!(bytes < 250, "{key}: {bytes}");
    }
}
