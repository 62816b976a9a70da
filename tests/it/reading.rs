//! `jit-tui diff` with the real binary: what it takes and how large that may be, and the terminal lent to other
//! programs and given back.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::pty::{BIN, Pty, Start};

const DIFF: &str = "diff --git a/shop.rs b/shop.rs
--- a/shop.rs
+++ b/shop.rs
@@ -1,2 +1,2 @@ fn shop() {
-    open(8);
+    open(9);
 }
";

/// Where the diffs of a test lie, beside the home of the program.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// A program for `$PAGER` or `$EDITOR`: says that it is there and whether the terminal edits lines for it, and
    /// leaves when a line is typed.
    fn program(&self, name: &str, shows: &str) -> String {
        let script = format!(
            "#!/bin/sh\n{shows}\nstty -a </dev/tty | tr ';' '\\n' | grep -o ' icanon'\necho {name} has it\nread line </dev/tty\n"
        );
        let path = self.put(name, script.as_bytes());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// A diff of one new file with such a hunk.
    fn new_file(&self, name: &str, lines: usize, body: impl FnOnce(&mut dyn Write)) -> PathBuf {
        let path = self.path(name);
        let mut out = BufWriter::new(File::create(&path).unwrap());
        write!(out, "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,{lines} @@\n")
            .unwrap();
        body(&mut out);
        out.flush().unwrap();
        path
    }

    /// A shell command in a terminal, with this home.
    fn shell(&self, command: &str) -> Start {
        let mut start = Start::program("sh", &["-c", command]);
        start.home_at(self.0.path());
        start
    }
}

fn shows(path: &Path) -> Pty {
    Start::new(&["diff", path.to_str().unwrap()]).run()
}

fn leaves(mut pty: Pty) {
    pty.press("q");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_given_back();
}

#[test]
fn a_diff_comes_through_a_pipe_and_keys_from_the_terminal() {
    let desk = Desk::new();
    let path = desk.put("a.diff", DIFF.as_bytes());
    let pty = desk.shell(&format!("cat {} | {BIN} diff -", path.display())).run();
    pty.wait_for("open(9)");
    assert!(pty.screen().contains("standard input"), "{}", pty.screen());
    pty.press("/open\r");
    pty.wait_for("2 matches");
    leaves(pty);
}

#[test]
fn a_pipe_that_never_ends_holds_nobody_up() {
    let desk = Desk::new();
    let (path, pipe) = (desk.put("a.diff", DIFF.as_bytes()), desk.path("pipe"));
    let (path, pipe) = (path.display(), pipe.display());
    // The terminal ends the writer as it goes away.
    let command = format!("mkfifo {pipe}; {{ cat {path}; sleep 300; }} >{pipe} & exec {BIN} diff - <{pipe}");
    let pty = desk.shell(&command).run();
    pty.wait_for("open(9)");
    pty.wait_for("so far");
    leaves(pty);
}

#[test]
fn pager_and_editor_have_the_terminal_as_it_was_and_give_it_back() {
    let desk = Desk::new();
    let path = desk.put("a.diff", DIFF.as_bytes());
    let (pager, editor) = (desk.program("pager", "cat"), desk.program("editor", "cat \"$1\""));
    let start = Start::new(&["diff", path.to_str().unwrap()]).env("PAGER", &pager).env("EDITOR", &editor);
    let pty = start.run();
    pty.wait_for("? help");
    for (key, name) in [("p", "pager"), ("E", "editor")] {
        pty.press(key);
        pty.wait_for(&format!("{name} has it"));
        let screen = pty.screen();
        assert!(screen.contains("+    open(9);") && screen.contains("icanon"), "{screen}");
        pty.look(|screen| {
            assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        });
        pty.press("done\n");
        pty.wait_until_seen("the diff again", |screen| {
            screen.alternate_screen() && screen.bracketed_paste() && screen.contents().contains("? help")
        });
    }
    leaves(pty);
}

#[test]
fn a_pager_that_cannot_be_started_is_told_and_the_diff_is_there_again() {
    let desk = Desk::new();
    let path = desk.put("a.diff", DIFF.as_bytes());
    let pty = Start::new(&["diff", path.to_str().unwrap()]).env("PAGER", "false").run();
    pty.wait_for("? help");
    pty.press("p");
    pty.wait_until_raw("the alternate screen, twice", |raw| raw.matches("\x1b[?1049h").count() == 2);
    pty.wait_for("open(9)");
    leaves(pty);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_what_they_are() {
    let desk = Desk::new();
    let path = desk.new_file("nul.diff", 3, |out| out.write_all(b"+a\0b\n+\xff\xfe\n+\x1b[2Jlast\n").unwrap());
    let pty = shows(&path);
    pty.wait_for("\\u{1b}[2Jlast");
    let screen = pty.screen();
    assert!(screen.contains("a\\0b") || screen.contains("a\\u{0}b"), "{screen}");
    assert!(screen.contains("\\xff\\xfe"), "{screen}");
    leaves(pty);
}

#[test]
fn a_line_of_fifty_megabytes_is_paged_and_its_end_is_a_key_away() {
    let desk = Desk::new();
    let path = desk.new_file("line.diff", 1, |out| {
        out.write_all(b"+begins ").unwrap();
        (0..50).for_each(|_| out.write_all(&[b'x'; 1 << 20]).unwrap());
        out.write_all(b" ends\n").unwrap();
    });
    let pty = shows(&path);
    pty.wait_for("begins xxx");
    pty.press("\x1b[6~");
    pty.wait_until("the next page", |screen| !screen.contains("begins") && screen.contains("xxx"));
    pty.press("G");
    pty.wait_for("x ends");
    pty.press("g");
    pty.wait_for("begins xxx");
    leaves(pty);
}

#[test]
fn of_a_million_lines_the_last_one_is_a_key_away() {
    let desk = Desk::new();
    let path = desk.new_file("lines.diff", 1_000_000, |out| {
        (1..=1_000_000).for_each(|line| writeln!(out, "+line {line}.").unwrap());
    });
    let pty = shows(&path);
    pty.wait_for("line 1.");
    pty.press("\x1b[6~");
    pty.wait_until("the next page", |screen| !screen.contains("line 1.") && screen.contains("line 20."));
    pty.wait_for("+1000000");
    pty.press("G");
    pty.wait_for("line 1000000.");
    leaves(pty);
}

#[test]
fn a_diff_that_ends_too_early_says_so() {
    let desk = Desk::new();
    let cut = DIFF.strip_suffix(" }\n").unwrap();
    let pty = shows(&desk.put("cut.diff", cut.as_bytes()));
    pty.wait_for("open(9)");
    pty.wait_for("of the diff: ");
    assert!(pty.screen().contains("NOT UNDERSTOOD"), "{}", pty.screen());
    leaves(pty);
}
