//! The terminal's foreground, handed to the command and back. Only a process whose group is in the foreground calls
//! for a change, so the system never stops anybody for it.

use std::fs::File;

use rustix::process::{Pid, getpgrp};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};

/// The controlling terminal, held by our own group now.
pub struct Tty {
    file: File,
    modes: Termios,
}

impl Tty {
    /// The terminal, where there is one and we are in its foreground.
    pub fn in_foreground() -> Option<Self> {
        let file = File::options().read(true).write(true).open("/dev/tty").ok()?;
        if !is_ours(&file) {
            return None;
        }
        let modes = tcgetattr(&file).ok()?;
        Some(Self { file, modes })
    }

    /// Hands the foreground to another group. Whether that worked.
    pub fn give(&self, group: Pid) -> bool {
        is_ours(&self.file) && tcsetpgrp(&self.file, group).is_ok()
    }

    /// Puts the modes back that a command, ended at its time, may have left behind.
    pub fn restore(&self) {
        if is_ours(&self.file) {
            let _ = tcsetattr(&self.file, OptionalActions::Now, &self.modes);
        }
    }
}

fn is_ours(file: &File) -> bool {
    tcgetpgrp(file).is_ok_and(|group| group == getpgrp())
}
