//! The smallest ratatui program: a first frame cannot come sooner than this one's. Any key ends it.

fn main() -> std::io::Result<()> {
    let mut terminal = ratatui::init();
    terminal.draw(|frame| frame.render_widget("Hello, world", frame.area()))?;
    ratatui::crossterm::event::read()?;
    ratatui::restore();
    Ok(())
}
