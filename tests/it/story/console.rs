//! The console, as somebody uses it: keys, and what is awaited on the screen between them.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::pty::{Pty, eventually};

/// A console in a terminal.
pub struct Console(pub Pty);

impl Deref for Console {
    type Target = Pty;
    fn deref(&self) -> &Pty {
        &self.0
    }
}

impl DerefMut for Console {
    fn deref_mut(&mut self) -> &mut Pty {
        &mut self.0
    }
}

/// To the field before.
pub const BACK: &str = "\x1b[Z";

impl Console {
    /// Opens a dialog with `key` and waits until its dead time is over: `send` is what its last line then says.
    /// Where another request just came under the cursor the console asks for a second look; here that is given.
    pub fn dialog(&self, key: &str, title: &str, send: &str) {
        eventually("the dialog opens", || {
            self.press(key);
            self.wait_until(title, |screen| screen.contains(title) || screen.contains("then press again"));
            self.screen().contains(title).then_some(())
        });
        self.wait_until(send, |screen| screen.contains(send) && !screen.contains("a moment"));
    }

    /// Presses the last key of a dialog and waits until it is gone.
    pub fn confirm(&self, key: &str, title: &str) {
        self.press(key);
        self.wait_until("the dialog closes", |screen| !screen.contains(title));
    }

    /// Approves what is under the cursor, up to the hold-back.
    pub fn approve(&self) {
        self.dialog("a", "APPROVE:", "g  approve");
        self.confirm("g", "APPROVE:");
        self.wait_for("HELD approve");
    }

    /// Goes back to the field `steps` before, and types.
    pub fn type_back(&self, steps: usize, text: &str) {
        self.press(&BACK.repeat(steps));
        self.press(text);
    }

    /// Types a first text into a dialog whose dead time shows nowhere: what comes too early does not count.
    pub fn type_first(&self, text: &str) {
        let first = &text[..1];
        let there = format!("[{first}");
        eventually("the dialog takes what is typed", || {
            self.press(first);
            self.bytes_until_quiet(Duration::from_millis(50));
            self.screen().contains(&there).then_some(())
        });
        self.press(&text[1..]);
    }

    /// Gives a reason in a dialog that begins with one, and goes on to where `send` is pressed.
    pub fn reason(&self, text: &str, send: &str) {
        self.press(text);
        self.wait_for(text);
        self.press("\t");
        self.wait_for(&format!("{send} "));
    }

    /// Opens the list of grants, with the one that runs under the cursor.
    pub fn grants(&self) {
        self.press("R");
        self.wait_until("the grant that runs", |screen| screen.contains("GRANTS   1 running"));
    }

    /// Back to the queue.
    pub fn back(&self) {
        self.press("\x1b");
        self.wait_for("view waiting");
    }

    /// Leaves by the key for it, from the queue.
    pub fn quit(mut self) {
        self.press("q");
        assert_eq!(self.exit_code(), 0);
        self.assert_given_back();
    }
}
