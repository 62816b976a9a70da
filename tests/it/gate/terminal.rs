//! A gate on a terminal: the command has the foreground, and the shell has it again afterwards.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use jit_tui::domain::request::State;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::fake::Fake;
use super::{Place, until};

#[test]
fn on_a_terminal_the_command_reads_and_is_interrupted_like_any_other() {
    let (place, fake) = (Place::new(), Fake::start(State::Approved));
    place.script(
        "ask.sh",
        "trap 'echo got-int; exit 9' INT; printf 'name? '; read name; echo hello $name; while :; do sleep 0.1; done",
    );
    place.script(
        "outer.sh",
        &format!(
            "{} gate --broker {} -- ./ask.sh; echo code $?; read again; echo again $again",
            env!("CARGO_BIN_EXE_jit-tui"),
            fake.address
        ),
    );
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut shell = CommandBuilder::new("sh");
    // `-m`: with job control, as at a prompt.
    shell.args(["-m", "./outer.sh"]);
    shell.cwd(place.folder.path());
    let mut child = pty.slave.spawn_command(shell).unwrap();
    drop(pty.slave);
    let seen = Arc::new(Mutex::new(String::new()));
    let (mut reader, sink) = (pty.master.try_clone_reader().unwrap(), Arc::clone(&seen));
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(n) = reader.read(&mut buffer) {
            if n == 0 {
                break;
            }
            sink.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    });
    let shows = |text: &str| until(&format!("{text:?} is shown"), || seen.lock().unwrap().contains(text));
    let mut keys = pty.master.take_writer().unwrap();
    shows("name? ");
    keys.write_all(b"alice\n").unwrap();
    shows("hello alice");
    // Ctrl-Z does not put it aside.
    keys.write_all(b"\x1a").unwrap();
    shows("cannot be put aside");
    keys.write_all(b"\x03").unwrap();
    shows("got-int");
    shows("code 9");
    keys.write_all(b"shell\n").unwrap();
    shows("again shell");
    assert!(child.wait().unwrap().success());
}
