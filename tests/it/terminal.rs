//! The terminal is given back however the console is left, and nothing is ever asked of it.

use std::time::Duration;

use rustix::process::Signal;

use crate::pty::{BIN, Pty, Start, eventually};

fn console() -> Pty {
    let pty = Start::new(&[]).run();
    eventually("the console has the terminal", || pty.look(vt100::Screen::alternate_screen).then_some(()));
    pty
}

#[test]
fn signals_end_it_with_their_number_and_the_terminal_is_as_before() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let mut pty = console();
        pty.signal(signal);
        assert_eq!(pty.exit_code(), code, "{signal:?}");
        pty.assert_given_back();
    }
}

#[test]
fn a_terminal_that_hangs_up_ends_it() {
    let mut pty = console();
    pty.hang_up();
    assert_eq!(pty.exit_code(), 129);
}

#[test]
fn a_terminal_that_hangs_up_ends_it_also_where_hang_up_is_ignored() {
    let mut start = Start::program("sh", &["-c", &format!("trap '' HUP; exec {BIN}")]);
    let home = tempfile::tempdir().unwrap();
    start.home_at(home.path());
    let mut pty = start.run();
    eventually("the console has the terminal", || pty.look(vt100::Screen::alternate_screen).then_some(()));
    pty.hang_up();
    assert_eq!(pty.exit_code(), 129);
}

#[test]
fn a_terminal_that_takes_nothing_more_holds_up_no_signal() {
    let mut pty = console();
    pty.wait_for("? help");
    pty.go_deaf();
    // Far more frames than the kernel holds for a terminal that reads none.
    for columns in [299, 300].into_iter().cycle().take(240) {
        let before = wakeups(pty.pid());
        pty.resize(columns, 100);
        eventually("the size is taken", || (wakeups(pty.pid()) > before).then_some(()));
    }
    pty.signal(Signal::TERM);
    assert_eq!(pty.exit_code(), 143);
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    let mut pty = console();
    for (columns, rows) in [(60, 16), (300, 100), (20, 5), (1, 1), (132, 43), (80, 24)] {
        pty.resize(columns, rows);
    }
    pty.bytes_until_quiet(Duration::from_millis(300));
    pty.signal(Signal::TERM);
    assert_eq!(pty.exit_code(), 143);
    pty.assert_given_back();
}

#[test]
fn after_a_stop_it_takes_the_terminal_again() {
    let mut pty = console();
    pty.signal(Signal::STOP);
    pty.signal(Signal::CONT);
    pty.wait_until_raw("the alternate screen, twice", |raw| raw.matches("\x1b[?1049h").count() == 2);
    pty.signal(Signal::TERM);
    assert_eq!(pty.exit_code(), 143);
    pty.assert_given_back();
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let mut start = Start::program("sh", &["-m", "-c", &format!("{BIN}; echo put aside; read go; fg; echo code $?")]);
    let home = tempfile::tempdir().unwrap();
    start.home_at(home.path());
    let pty = start.run();
    pty.wait_for("? help");
    pty.press("\x1a");
    pty.wait_for("put aside");
    pty.look(|screen| assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()));
    pty.press("go\n");
    pty.wait_for("? help");
    pty.look(|screen| assert!(screen.alternate_screen() && screen.bracketed_paste()));
    pty.press("q");
    pty.wait_for("code 0");
    pty.look(|screen| assert!(!screen.alternate_screen()));
}

#[test]
fn quitting_gives_the_terminal_back() {
    let mut pty = console();
    pty.wait_for("? help");
    pty.press("q");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_given_back();
}

#[test]
fn without_colours_what_is_selected_still_shows() {
    let pty = Start::new(&[]).env("NO_COLOR", "1").run();
    pty.wait_for("? help");
    pty.press(":");
    pty.wait_until_seen("a reversed cell", |screen| any_cell(screen, vt100::Cell::inverse));
    pty.look(|screen| {
        let coloured =
            |cell: &vt100::Cell| cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default;
        assert!(!any_cell(screen, coloured), "no colour anywhere");
    });
}

fn any_cell(screen: &vt100::Screen, is: impl Fn(&vt100::Cell) -> bool) -> bool {
    let (rows, columns) = screen.size();
    let cells = (0..rows.into()).flat_map(|row| (0..columns.into()).filter_map(move |column| screen.cell(row, column)));
    cells.into_iter().any(is)
}

#[test]
fn a_theme_that_is_not_there_is_told_and_keeps_nobody_out() {
    let pty = Start::new(&["--theme", "drak"]).run();
    pty.wait_for("no theme `drak`");
}

#[test]
fn a_terminal_too_small_is_told_so_and_comes_back_when_it_grows() {
    let pty = Start::new(&[]).size(59, 16).run();
    pty.wait_for("60x16");
    pty.resize(80, 24);
    pty.wait_for("? help");
}

#[test]
fn a_quiet_console_sleeps() {
    let pty = console();
    pty.bytes_until_quiet(Duration::from_millis(500));
    let before = wakeups(pty.pid());
    pty.bytes_until_quiet(Duration::from_secs(2));
    let woken = wakeups(pty.pid()) - before;
    assert!(woken <= 4, "{woken} wakeups in two seconds");
}

/// How often any thread of it was woken so far.
fn wakeups(pid: rustix::process::Pid) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let status = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).unwrap());
    let switches = |text: String| {
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or_default()
    };
    status.map(switches).sum()
}

#[test]
fn nothing_is_asked_of_the_terminal() {
    let pty = console();
    pty.bytes_until_quiet(Duration::from_millis(300));
    let raw = pty.raw();
    for query in ["\x1b[6n", "\x1b[c", "\x1b[>c", "\x1b[?u", "\x1b]10;?", "\x1b]11;?", "\x1b[?2026$p", "\x1bP+q"] {
        assert!(!raw.windows(query.len()).any(|w| w == query.as_bytes()), "{query:?} was sent");
    }
}

#[test]
fn a_frame_is_one_synchronised_update() {
    let pty = console();
    pty.bytes_until_quiet(Duration::from_millis(300));
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    assert_eq!(raw.matches("\x1b[?2026h").count(), raw.matches("\x1b[?2026l").count());
    assert!(raw.contains("\x1b[?2026h"));
}

#[cfg(feature = "test-hooks")]
#[test]
fn a_panic_gives_the_terminal_back_and_says_so_in_one_message() {
    let mut pty = console();
    pty.press("\x1b[24~");
    assert_eq!(pty.exit_code(), 101);
    pty.assert_given_back();
    let screen = pty.screen();
    assert!(screen.contains("a fault of the program at src/runtime/hooks.rs"), "{screen}");
    assert!(screen.contains("F12 was pressed"), "{screen}");
}
