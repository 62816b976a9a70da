//! Text that would take the terminal over, in every field of a request, on every screen, in every output: an emulator
//! that denies everything sees none of it act.

use std::num::NonZero;
use std::time::Duration;

use super::stage::Stage;

/// Screen and cursor, title, clipboard, a question that the terminal answers, C1 controls, bidi, invisible and stacked
/// characters, and commands of CI systems.
const HOSTILE: &str = "ok\x1b[2J\x1b[1;1HAPPROVED\x1b]0;title\x07\x1b]52;c;ZQ==\x07\x1bP$qm\x1b\\\u{9b}31m\u{9d}0;t\u{9c}\
    \u{202e}\u{2066}\u{200b}\u{feff}a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\r\x08::add-mask::x ##[group]y section_start:1:z";

/// Whatever an emulator is asked to do beside drawing.
#[derive(Default)]
struct Deny(Vec<String>);

/// What the console asks for by itself: a frame in one piece.
const ALLOWED: &[&str] = &["csi ?2026h", "csi ?2026l"];

impl Deny {
    fn note(&mut self, what: String) {
        if !ALLOWED.contains(&what.as_str()) {
            self.0.push(what);
        }
    }
}

impl vt100::Callbacks for Deny {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.note("bell".into());
    }
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.note("visual bell".into());
    }
    fn resize(&mut self, _: &mut vt100::Screen, size: (u16, u16)) {
        self.note(format!("resize {size:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.note(format!("icon {name:?}"));
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.note(format!("title {title:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.note(format!("copy {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.note("paste".into());
    }
    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.note(format!("char U+{:04X}", u32::from(c)));
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.note(format!("control {byte}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, i1: Option<u8>, i2: Option<u8>, byte: u8) {
        self.note(format!("escape {i1:?} {i2:?} {byte}"));
    }
    fn unhandled_csi(&mut self, _: &mut vt100::Screen, i1: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        let sign = i1.map(char::from).map(String::from).unwrap_or_default();
        let params: Vec<String> = params.iter().flat_map(|p| p.iter().map(u16::to_string)).collect();
        self.note(format!("csi {sign}{}{c}", params.join(";")));
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.note(format!("osc {params:?}"));
    }
}

/// Nothing in these bytes acts, reorders or hides.
fn assert_harmless(what: &str, bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).unwrap_or_else(|e| panic!("{what}: {e}"));
    let odd = |c: char| matches!(c, '\u{80}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    assert!(!text.contains(odd), "{what}: {:?}", text.chars().find(|c| odd(*c)));
    // JSON is data: what is no control stays in it as it came.
    let stacked = !text.starts_with('{') && text.contains(&"\u{301}".repeat(5));
    assert!(!stacked, "{what}: more than four marks stand on a letter");
    let cells = |n| NonZero::new(n).unwrap();
    let mut parser = vt100::Parser::new_with_callbacks(cells(30), cells(100), 0, Deny::default());
    parser.process(bytes);
    assert_eq!(parser.callbacks().0, Vec::<String>::new(), "{what}");
}

#[test]
fn nothing_that_a_request_says_acts_on_any_screen_or_in_any_output() {
    let stage = Stage::set();
    std::fs::write(stage.path("repo/a\u{202e}\x1b[2J.txt"), "x\u{202e}\x1b[2J\u{9b}31m\n").unwrap();
    stage.commit(HOSTILE.split('\r').next().unwrap());
    let mut gate = stage.hostile_gate(HOSTILE);
    let console = stage.console("alice");
    console.wait_for("1 ");
    // Queue, the request with its four tabs, help, palette, filter, grants, audit log; every dialog with a paste.
    let paste = format!("\x1b[200~{}\x1b[201~", HOSTILE.replace('\x1b', "\u{9b}"));
    let walk = [
        "\r", "1", "2", "\r", "3", "4", "\x1b", "?", "\x1b", ":", "\x1b", "/", &paste, "\x1b", "a", &paste, "\x1b",
        "r", &paste, "\x1b", "f", &paste, "\x1b", "R", "\x1b", "L", "\r", "\x1b", "\x1b",
    ];
    for keys in walk {
        console.press(keys);
        console.bytes_until_quiet(Duration::from_millis(400));
        assert!(!console.screen().starts_with("APPROVED"), "{}", console.screen());
    }
    assert_harmless("console", &console.raw());

    let (key, code) = stage.waiting();
    let show = stage.run("dan", &["show", &key]);
    assert!(show.out.contains("\\u{1b}[2J") && show.out.contains("\\u{202e}"), "{}", show.all);
    for args in [&["list"][..], &["list", "--json"], &["show", &key], &["show", &key, "--json"]] {
        assert_harmless(&args.join(" "), stage.run("dan", args).all.as_bytes());
    }
    let rejected = stage.run("dan", &["reject", &key, "--digest", &code, "--reason", HOSTILE]);
    assert_eq!(rejected.code, 0, "{}", rejected.all);
    assert_harmless("reject", rejected.all.as_bytes());
    assert_eq!(gate.code(), 230);
    let log = gate.log();
    assert_harmless("the gate's log", log.as_bytes());
    for command in ["::add-mask::", "##[group]", "section_start:1"] {
        assert!(!log.contains(command), "{command} in\n{log}");
    }
    for args in
        [&["audit", "list"][..], &["audit", "export", "--format", "json"], &["audit", "export", "--format", "csv"]]
    {
        assert_harmless(&args.join(" "), stage.run("dan", args).all.as_bytes());
    }
    assert_harmless("the broker's audit log", stage.broker_audit().as_bytes());
}
