//! What a key press costs on the line: the bytes that a terminal gets.

use crate::app::testing::{Sample, Stage};
use crate::app::{Effect, Msg, State};
use crate::desk::news::Errand;
use crate::runtime::Thin;
use crate::theme::Theme;

struct Wire {
    thin: Thin,
    /// Characters of the last frame, a line end a row.
    text: usize,
}

impl Wire {
    fn new() -> Self {
        Self::of(80, 24)
    }

    fn of(columns: u16, rows: u16) -> Self {
        Self { thin: Thin::new(columns, rows), text: 0 }
    }

    fn cost(&mut self, state: &State) -> usize {
        let mut characters = 0;
        self.thin.draw(&mut |buffer| {
            let cursor = crate::ui::draw(buffer, state, &Theme::terminal());
            let rows = buffer.content.chunks(buffer.area.width.into());
            let text = rows.map(|row| row.iter().rposition(|cell| cell.symbol() != " ").map_or(2, |last| last + 3));
            characters = text.sum();
            cursor
        });
        self.text = characters;
        self.thin.frame().map_or(0, |bytes| bytes.len())
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

/// A diff of Rust that changes every third line.
fn code() -> String {
    let lines = [
        "    let config = self.payment.get_config(&payment)?;",
        "    // the value is kept until the next retry",
        "    }",
    ];
    let body: String = (0..300).map(|i| format!("{}{}\n", [' ', '-', '+'][i % 3], lines[i / 3 % 3])).collect();
    format!("diff --git a/x.rs b/x.rs\n--- a/x.rs\n+++ b/x.rs\n@@ -1,200 +1,200 @@\n{body}")
}

#[test]
fn a_page_of_a_diff_costs_little_more_than_its_text() {
    let mut stage = Stage::busy();
    stage.send(Msg::Resize(200, 50));
    let asked = stage.press("enter 2");
    let exhibit = asked.iter().rev().find_map(|effect| match effect {
        Effect::Errand(Errand::Exhibit { generation, key }) => Some((*generation, key.clone())),
        _ => None,
    });
    let (generation, key) = exhibit.unwrap();
    stage.exhibit(generation, key, code().as_bytes());
    stage.press("# t");
    let mut wire = Wire::of(200, 50);
    wire.cost(&stage.state);
    stage.press("pgdn");
    let bytes = wire.cost(&stage.state);
    assert!(bytes < wire.text * 5 / 4, "{bytes} for {}", wire.text);
}
