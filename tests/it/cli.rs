//! The commands that need no broker, as a shell sees them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::pty::BIN;

/// The binary in a home of its own.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes `config/NAME`.
    pub fn config(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join("config").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command
            .args(args)
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("JIT_TUI_CONFIG_DIR", self.path().join("config"))
            .env("JIT_TUI_STATE_DIR", self.path().join("state"))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn version_and_help_say_what_it_is_and_leave_nothing_behind() {
    let home = Home::new();
    assert_eq!(stdout(&home.run(&["--version"])), format!("jit-tui {}\n", env!("CARGO_PKG_VERSION")));
    let help = stdout(&home.run(&["--help"]));
    for word in ["Just-in-time approval", "config", "doctor", "completions", "man", "--read-only"] {
        assert!(help.contains(word), "{word}\n{help}");
    }
    assert_eq!(home.run(&["no-such-command"]).status.code(), Some(2));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_config_is_written_once_and_is_in_order() {
    let home = Home::new();
    let check = home.run(&["config", "check"]);
    assert!(check.status.success() && stdout(&check).contains("the defaults hold"), "{check:?}");

    assert!(home.run(&["config", "init"]).status.success());
    let path = home.path().join("config/config.toml");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let check = home.run(&["config", "check"]);
    assert!(check.status.success() && stdout(&check).contains("is in order"), "{check:?}");

    let again = home.run(&["config", "init"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("is there already"), "{again:?}");
}

#[test]
fn faults_of_a_config_come_all_at_once_with_place_and_mend() {
    let home = Home::new();
    home.config("config.toml", "[console]\nthem = \"dark\"\nbell = 3\n");
    let check = home.run(&["config", "check"]);
    assert_eq!(check.status.code(), Some(1));
    let told = stderr(&check);
    assert!(told.contains("config.toml:2:1: unknown key `them`") && told.contains("did you mean `theme`?"), "{told}");
    assert!(told.contains("config.toml:3:8: this is a number"), "{told}");
    assert!(!told.contains("Location") && !told.contains("BACKTRACE"), "{told}");
}

#[test]
fn a_config_that_others_may_write_is_refused() {
    let home = Home::new();
    home.config("config.toml", "");
    let path = home.path().join("config/config.toml");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    let told = stderr(&home.run(&["config", "check"]));
    assert!(told.contains("others may write to it") && told.contains("chmod go-w"), "{told}");
}

#[test]
fn an_unknown_theme_is_a_fault_of_the_config() {
    let home = Home::new();
    home.config("config.toml", "[console]\ntheme = \"drak\"\n");
    let told = stderr(&home.run(&["config", "check"]));
    assert!(told.contains("no theme `drak`; did you mean") || told.contains("did you mean `dark`?"), "{told}");
    home.config("config.toml", "[console]\ntheme = \"mine\"\n").config("themes/mine.toml", "[roles]\nprd = \"red\"\n");
    let told = stderr(&home.run(&["config", "check"]));
    assert!(told.contains("themes/mine.toml:2:1: unknown key `prd`"), "{told}");
}

#[test]
fn hostile_text_in_files_and_arguments_is_never_printed_raw() {
    let home = Home::new();
    home.config("config.toml", "[console]\n\"\\u001b]0;owned\\u0007\" = 1\n");
    let told = stderr(&home.run(&["config", "check"]));
    assert!(told.contains("\\u{1b}]0;owned") && !told.contains('\u{1b}'), "{told:?}");
    let told = stderr(&home.run(&["config", "check", "--config", "/no/\u{1b}[2Jfile"]));
    assert!(told.contains("\\u{1b}[2Jfile") && !told.contains('\u{1b}'), "{told:?}");
}

#[test]
fn doctor_tells_what_is_wrong_and_exits_accordingly() {
    let home = Home::new();
    let found = home.run(&["doctor"]);
    let text = stdout(&found);
    for word in ["version", "config", "folders", "terminal", "proxy", "none set"] {
        assert!(text.contains(word), "{word}\n{text}");
    }
    assert!(found.status.success(), "{text}");
    assert!(text.contains("none runs: a console or a gate starts your own"), "{text}");

    home.config("config.toml", "nonsense");
    let found = home.command(&["doctor", "--json"]).env("HTTPS_PROXY", "http://user:secret@proxy").output().unwrap();
    assert_eq!(found.status.code(), Some(1));
    let text = stdout(&found);
    assert!(text.lines().all(|line| line.starts_with("{\"check\":")), "{text}");
    assert!(text.contains("HTTPS_PROXY set") && !text.contains("secret"), "{text}");
}

#[test]
fn a_backend_that_cannot_be_reached_is_told_by_name() {
    let home = Home::new();
    let table = |more: &str| format!("[[backend]]\nkind = \"broker\"\nname = \"far\"\ntoken_env = \"T\"\n{more}\n");
    home.config("config.toml", &table("adress = \"http://127.0.0.1:1\""));
    let told = stderr(&home.run(&["config", "check"]));
    assert!(told.contains("config.toml:5:1: unknown key `adress`") && told.contains("`address`?"), "{told}");

    home.config("config.toml", &table("address = \"http://127.0.0.1:1\""));
    let doctor = home.command(&["doctor"]).env("T", "secret-token").output().unwrap();
    let text = stdout(&doctor);
    let line = text.lines().find(|line| line.starts_with("backends")).expect("a line about the backends");
    assert!(line.contains("BAD") && line.contains("far:"), "{text}");
    assert!(!text.contains("secret-token") && doctor.status.code() == Some(1), "{text}");
}

#[test]
fn completions_and_manual_come_from_the_same_commands() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&home.run(&["completions", shell]));
        assert!(script.contains("doctor"), "{shell}");
    }
    assert!(stdout(&home.run(&["man"])).contains(".TH jit"));
    assert!(home.run(&["man", "--dir", "."]).status.success());
    assert!(home.path().join("jit-tui-config.1").exists());
}

#[test]
fn a_reader_that_goes_away_is_told_nothing() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = home.command(&["completions", "bash"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(141), ""));
}

#[test]
fn without_a_terminal_the_console_says_what_to_do() {
    let home = Home::new();
    let output = home.run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("needs a terminal"), "{output:?}");
}
