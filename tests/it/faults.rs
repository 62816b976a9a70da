//! Bad input as a user hits it: one message that says what, where and how to mend it, and the right exit code.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output};

use tempfile::TempDir;

fn at(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jit-tui"));
    command.env_clear().env("JIT_TUI_CONFIG_DIR", folder.path()).env("JIT_TUI_STATE_DIR", folder.path());
    command
}

fn complaint(out: &Output) -> String {
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    String::from_utf8(out.stderr.clone()).unwrap()
}

#[test]
fn a_named_pipe_in_place_of_the_config_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("config.toml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = complaint(&at(&folder).args(["config", "check"]).output().unwrap());
    assert!(said.contains("config.toml") && said.contains("not a plain file"), "{said}");
}

#[test]
fn a_setting_in_the_environment_that_is_no_text_is_refused_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut check = at(&folder);
    check.args(["config", "check"]).env("JIT_TUI_CONSOLE_THEME", OsStr::from_bytes(b"da\xffrk"));
    let said = complaint(&check.output().unwrap());
    assert!(said.contains("no theme"), "{said}");
}
