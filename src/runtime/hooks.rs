//! With the feature `test-hooks`, F12 panics, so that a test can see the terminal given back.

use crossterm::event::KeyEvent;

/// Looks at a key before the console does.
#[cfg(not(feature = "test-hooks"))]
pub(super) fn key(_key: &KeyEvent) {}

/// Looks at a key before the console does.
#[cfg(feature = "test-hooks")]
#[allow(clippy::panic)]
pub(super) fn key(key: &KeyEvent) {
    if key.code == crossterm::event::KeyCode::F(12) {
        panic!("F12 was pressed");
    }
}
