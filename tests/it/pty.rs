//! The real binary in a terminal of its own. A story is told with `press`, `wait_for` and `exit_code`; nothing
//! here sleeps for a fixed time.
#![allow(dead_code)]

use std::ffi::OsString;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, poll};

/// So long a state may take; `JIT_TUI_TEST_SECONDS` for slow machines.
pub fn patience() -> Duration {
    let secs = std::env::var("JIT_TUI_TEST_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(30);
    Duration::from_secs(secs)
}

/// From now on every process whose `JIT_TUI_CLOCK_FILE` is `clock` in this folder finds its clocks so many milliseconds
/// off.
#[cfg(feature = "test-hooks")]
pub fn set_clock(folder: &Path, wall: i64, boot: i64) {
    // In one step: a process may be reading it.
    let new = folder.join("clock.new");
    std::fs::write(&new, format!("{wall} {boot}")).unwrap();
    std::fs::rename(new, folder.join("clock")).unwrap();
}

/// The binary under test.
pub const BIN: &str = env!("CARGO_BIN_EXE_jit-tui");

/// Waits until `check` gives something, or says what was hoped for.
pub fn eventually<T>(hope: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(Instant::now() < end, "never came true: {hope}");
        pause();
    }
}

#[allow(clippy::disallowed_methods)]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("a terminal has at least one cell")
}

/// What the terminal has got so far.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

/// How a program is started.
pub struct Start {
    command: CommandBuilder,
    size: (u16, u16),
    home: Option<tempfile::TempDir>,
}

impl Start {
    /// The binary with these arguments, in a home of its own and an environment of nothing else.
    pub fn new(args: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut start = Self::program(BIN, args);
        start.home_at(home.path());
        start.home = Some(home);
        start
    }

    /// Any program; it has a `PATH` and no home.
    pub fn program(program: impl Into<OsString>, args: &[&str]) -> Self {
        let mut command = CommandBuilder::new(program.into());
        command.args(args);
        command.env_clear();
        command.cwd(std::env::temp_dir());
        let path = std::env::var_os("PATH").unwrap_or_default();
        // A local broker that it starts does not outlive the test for long.
        command.env("JIT_TUI_LOCAL_IDLE", "10s");
        for (name, value) in [("TERM", "xterm-256color".into()), ("LANG", "C.UTF-8".into()), ("PATH", path)] {
            command.env(name, value);
        }
        Self { command, size: (80, 24), home: None }
    }

    /// Config and state lie here.
    pub fn home_at(&mut self, home: &Path) -> &mut Self {
        self.command.env("HOME", home);
        self.command.env("JIT_TUI_CONFIG_DIR", home.join("config"));
        self.command.env("JIT_TUI_STATE_DIR", home.join("state"));
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// Starts it.
    pub fn run(self) -> Pty {
        let (cols, rows) = self.size;
        let pair = native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        let before = termios(&*pair.master);
        let master = Arc::new(own(&*pair.master));
        let child = pair.slave.spawn_command(self.command).unwrap();
        drop(pair.slave);
        let seen = Seen { parser: vt100::Parser::new(cells(rows), cells(cols), 0), raw: vec![], ended: false };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let (stop, stopped) = std::io::pipe().map(|(reader, writer)| (writer, reader)).unwrap();
        let watcher = std::thread::spawn({
            let (master, seen) = (master.clone(), seen.clone());
            move || watch(&master, &stopped, &seen)
        });
        let terminal = Terminal { pair: pair.master, master, stop, watcher };
        Pty { terminal: Some(terminal), child, seen, before, home: self.home }
    }
}

/// A descriptor of our own: portable-pty's writer types a line end and Ctrl-D when it is dropped, and its
/// reader keeps the terminal open.
fn own(master: &dyn MasterPty) -> File {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let ourselves = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let fd = master.as_raw_fd().expect("it has a descriptor");
    pidfd_getfd(ourselves, fd, PidfdGetfdFlags::empty()).unwrap().into()
}

/// Feeds what the program writes to the screen, until it ends or we are to stop.
fn watch(mut master: &File, stopped: &PipeReader, seen: &(Mutex<Seen>, Condvar)) {
    let mut buffer = [0; 65_536];
    loop {
        let mut fds = [PollFd::new(&master, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        poll(&mut fds, None).unwrap();
        let stop = !fds[1].revents().is_empty();
        let n = if stop { 0 } else { master.read(&mut buffer).unwrap_or(0) };
        let mut state = seen.0.lock().unwrap();
        state.parser.process(&buffer[..n]);
        state.raw.extend_from_slice(&buffer[..n]);
        state.ended = n == 0;
        seen.1.notify_all();
        if n == 0 {
            return;
        }
    }
}

/// The user's end of it.
struct Terminal {
    pair: Box<dyn MasterPty + Send>,
    master: Arc<File>,
    stop: PipeWriter,
    watcher: JoinHandle<()>,
}

/// The modes of a terminal, as far as programs change them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modes(String);

fn termios(master: &dyn MasterPty) -> Modes {
    let t = master.get_termios().unwrap();
    Modes(format!(
        "{:?} {:?} {:?} {:?} {:?}",
        t.input_flags, t.output_flags, t.control_flags, t.local_flags, t.control_chars
    ))
}

/// A program in a terminal.
pub struct Pty {
    terminal: Option<Terminal>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    before: Modes,
    home: Option<tempfile::TempDir>,
}

impl Pty {
    fn terminal(&self) -> &Terminal {
        self.terminal.as_ref().expect("it has not hung up")
    }

    /// Types: text as it is, escape sequences as bytes.
    pub fn press(&self, keys: &str) {
        (&*self.terminal().master).write_all(keys.as_bytes()).unwrap();
    }

    /// The screen as text, a line a row, blanks at the end cut.
    pub fn screen(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    /// Looks at the screen with its styles.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.0.lock().unwrap().parser.screen())
    }

    /// Every byte that came.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    /// Waits until the text stands on the screen.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen's text is as hoped.
    pub fn wait_until(&self, hope: &str, check: impl Fn(&str) -> bool) {
        self.wait_seen(hope, |seen| check(&seen.parser.screen().contents()));
    }

    /// Waits until the screen, styles included, is as hoped.
    pub fn wait_until_seen(&self, hope: &str, check: impl Fn(&vt100::Screen) -> bool) {
        self.wait_seen(hope, |seen| check(seen.parser.screen()));
    }

    /// Waits until these bytes came.
    pub fn wait_for_bytes(&self, bytes: &str) {
        self.wait_seen(bytes, |seen| seen.raw.windows(bytes.len()).any(|w| w == bytes.as_bytes()));
    }

    /// Waits until all bytes that came are as hoped.
    pub fn wait_until_raw(&self, hope: &str, check: impl Fn(&str) -> bool) {
        self.wait_seen(hope, |seen| check(&String::from_utf8_lossy(&seen.raw)));
    }

    fn wait_seen(&self, hope: &str, check: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + patience();
        let mut seen = self.seen.0.lock().unwrap();
        while !check(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.ended {
                let screen = seen.parser.screen().contents();
                // Let go first: the watcher would fail of a lock that a panic holds.
                drop(seen);
                panic!("never came: {hope:?}\n--- the screen:\n{screen}\n---");
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// So many bytes came while nothing came for `quiet`.
    pub fn bytes_until_quiet(&self, quiet: Duration) -> usize {
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let before = seen.raw.len();
            let (later, timeout) = self.seen.1.wait_timeout(seen, quiet).unwrap();
            seen = later;
            if timeout.timed_out() && seen.raw.len() == before {
                return before;
            }
        }
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(cells(rows), cells(columns));
        let size = PtySize { rows, cols: columns, ..PtySize::default() };
        self.terminal().pair.resize(size).unwrap();
    }

    /// Its process id.
    pub fn pid(&self) -> rustix::process::Pid {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
        rustix::process::Pid::from_raw(pid).expect("it has an id")
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// The terminal goes away, as when a connection breaks.
    pub fn hang_up(&mut self) {
        if let Some(Terminal { pair, master, stop, watcher }) = self.terminal.take() {
            drop(stop);
            watcher.join().unwrap();
            drop((pair, master));
        }
    }

    /// Reads nothing more, as a link that stands still.
    pub fn go_deaf(&mut self) {
        let terminal = self.terminal.as_mut().expect("it has not hung up");
        // Whoever listens to the old pipe is told to stop; the new one has no listener.
        terminal.stop = std::io::pipe().unwrap().1;
    }

    /// Waits for its end; 128 and the number where a signal ended it.
    pub fn exit_code(&mut self) -> u32 {
        let status = eventually("the program ends", || self.child.try_wait().unwrap());
        match status.signal() {
            Some(_) => 128,
            None => status.exit_code(),
        }
    }

    /// The program left the terminal as it found it: modes, screen, cursor, paste.
    pub fn assert_given_back(&self) {
        let after = termios(&*self.terminal().pair);
        assert_eq!(after, self.before, "the terminal's modes");
        eventually("all output came", || self.seen.0.lock().unwrap().ended.then_some(()));
        self.look(|screen| {
            assert!(!screen.alternate_screen(), "the alternate screen was left");
            assert!(!screen.hide_cursor(), "the cursor is shown");
            assert!(!screen.bracketed_paste(), "bracketed paste is off");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        });
    }

    /// Its home, if it has one of its own.
    pub fn home(&self) -> PathBuf {
        self.home.as_ref().expect("it has a home of its own").path().to_owned()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
