//! What the stack costs: a mapped file, an index of its newlines, plain ratatui. No product: a file that is cut short
//! ends it, and nothing in it is made safe. Any key ends it.

use std::fs::File;
use std::io::Result;

use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::{DefaultTerminal, crossterm};

fn main() -> Result<()> {
    let file = File::open(std::env::args().nth(1).expect("floor FILE"))?;
    // SAFETY: nobody cuts the file short while this is measured.
    let bytes = unsafe { memmap2::Mmap::map(&file)? };
    let mut terminal = ratatui::init();
    draw(&mut terminal, &bytes, "reading")?;
    let mut lines = vec![0_u32];
    lines.extend(memchr::memchr_iter(b'\n', &bytes).map(|end| end as u32 + 1));
    draw(&mut terminal, &bytes, &format!("indexed {} lines", lines.len() - 1))?;
    crossterm::event::read()?;
    ratatui::restore();
    Ok(())
}

fn draw(terminal: &mut DefaultTerminal, bytes: &[u8], status: &str) -> Result<()> {
    terminal.draw(|frame| {
        let (area, rows) = (frame.area(), frame.area().height.saturating_sub(1));
        for (y, line) in (0..rows).zip(bytes.split(|byte| *byte == b'\n')) {
            frame.render_widget(Line::raw(String::from_utf8_lossy(line)), Rect { y, height: 1, ..area });
        }
        frame.render_widget(status, Rect { y: rows, height: 1, ..area });
    })?;
    Ok(())
}
