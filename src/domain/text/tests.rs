//! The encoder by cases, and by strings made to break it.

use super::*;
use proptest::prelude::*;

#[test]
fn controls_bidi_and_invalid_bytes_become_markers() {
    for (input, shown) in [
        (&b"main"[..], "main"),
        (b"rm -rf /\r\x1b[2Kecho ok", "rm -rf /\\r\\u{1b}[2Kecho ok"),
        ("main\u{202e}/dorp".as_bytes(), "main\\u{202e}/dorp"),
        (b"\x9b31m", "\\x9b31m"),
        (br"C:\dir", r"C:\dir"),
        (br"\u{202e}", r"\\u{202e}"),
        ("\\\u{202e}".as_bytes(), r"\\\u{202e}"),
        ("a\u{a0}b\u{2800}".as_bytes(), r"a\u{a0}b\u{2800}"),
        ("日本 שלום".as_bytes(), "日本 שלום"),
    ] {
        assert_eq!(Text::new(input).ident().as_str(), shown);
    }
}

#[test]
fn at_most_four_marks_stand_on_a_base() {
    let shown = Text::from("e\u{301}\u{301}\u{301}\u{301}\u{301}x").ident();
    assert_eq!(shown.as_str(), "e\u{301}\u{301}\u{301}\u{301}\\u{301}x");
}

#[test]
fn emoji_pass_in_prose_only() {
    assert_eq!(Text::from("ship 🚀").prose().as_str(), "ship 🚀");
    assert_eq!(Text::from("ship 🚀").ident().as_str(), "ship \\u{1f680}");
}

#[test]
fn ci_logs_take_no_commands_from_outside() {
    for (input, shown) in [
        ("::add-mask::x", r":\u{3a}add-mask:\u{3a}x"),
        ("##[group]x ##vso[task.setvariable]y", r"#\u{23}[group]x #\u{23}vso[task.setvariable]y"),
        ("x ::error file=a::b", r"x :\u{3a}error file=a:\u{3a}b"),
        ("cannot reach http://[::1]:8443/", "cannot reach http://[::1]:8443/"),
        ("a::b", "a::b"),
        ("section_start:1:x", r"section\u{5f}start:1:x"),
        ("a: b #1", "a: b #1"),
    ] {
        assert_eq!(Text::from(input).ident().for_ci_log().as_str(), shown);
    }
    let doubled = Text::from("::::add-mask::::x").ident().for_ci_log();
    assert!(!doubled.as_str().contains("::add") && !doubled.as_str().contains("mask::"), "{doubled}");
}

#[test]
fn cut_counts_columns() {
    assert_eq!(Text::from("日本語").ident().cut(5).as_str(), "日本…");
    assert_eq!(Text::from("abc").ident().cut(3).as_str(), "abc");
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\\".to_vec()),
        Just(b"u{202e}".to_vec()),
        Just(b"n".to_vec()),
        Just("\u{202e}".as_bytes().to_vec()),
        Just("\u{301}".as_bytes().to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\x9b".to_vec()),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn the_encoder_is_injective_and_clean(bytes in hostile()) {
        for shown in [Text::new(bytes.clone()).ident(), Text::new(bytes.clone()).prose()] {
            prop_assert_eq!(Text::from(&shown), Text::new(bytes.clone()));
            prop_assert!(!shown.as_str().chars().any(|c| c.is_control() || is_default_ignorable(c)));
        }
    }
}

/// How many generated strings: `JIT_TUI_CASES`, a few thousand by default.
fn cases() -> u32 {
    std::env::var("JIT_TUI_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000)
}

#[test]
fn text_that_is_not_utf8_survives_json() {
    let text = Text::new(vec![0xff, 0x00, b'a']);
    let json = serde_json::to_string(&text).unwrap();
    assert_eq!(json, r#"{"b64":"/wBh"}"#);
    assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text);
}
