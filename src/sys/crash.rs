//! With the feature `test-hooks`: places where a test lets the process be killed as by a power cut.

/// Dies here, by KILL, if the test's `JIT_TUI_CRASH_AT` names this place.
#[cfg(feature = "test-hooks")]
pub fn point(name: &str) {
    if std::env::var("JIT_TUI_CRASH_AT").is_ok_and(|wanted| wanted == name) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Nothing, in a release.
#[cfg(not(feature = "test-hooks"))]
pub fn point(_name: &str) {}
