//! What a key press costs on the line: the bytes that a terminal gets.

use ratatui::Terminal;

use crate::app::State;
use crate::app::testing::{Sample, Stage};
use crate::runtime::Thin;
use crate::theme::Theme;

struct Wire {
    terminal: Terminal<Thin>,
}

impl Wire {
    fn new() -> Self {
        let Ok(terminal) = Terminal::new(Thin::new(80, 24));
        Self { terminal }
    }

    fn cost(&mut self, state: &State) -> usize {
        let Ok(_) = self.terminal.draw(|frame| crate::ui::draw(frame, state, &Theme::terminal()));
        self.terminal.backend_mut().frame().map_or(0, |bytes| bytes.len())
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
