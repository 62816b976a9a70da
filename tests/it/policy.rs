//! `jit-tui policy` as an operator meets it: the page's own examples, faults, and exit codes.

use std::path::PathBuf;
use std::process::{Command, Output};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn policy(&self, args: &[&str]) -> (Output, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_jit-tui"))
            .arg("policy")
            .args(args)
            .current_dir(self.0.path())
            .env("JIT_TUI_CONFIG_DIR", self.0.path())
            .output()
            .unwrap();
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        (output, String::from_utf8(said).unwrap())
    }
}

fn example(number: usize) -> &'static str {
    let page = include_str!("../../docs/policy.md");
    page.split("```toml\n").nth(number).unwrap().split("```").next().unwrap()
}

#[test]
fn the_policy_of_the_config_folder_is_checked_tested_and_explained() {
    let folder = Folder::new();
    folder.file("policy.toml", example(1));
    folder.file("cases.toml", example(2));
    let (output, said) = folder.policy(&["check"]);
    assert!(output.status.success() && said.contains("ok, 4 rules, 3 people, 2 groups"), "{said}");
    let (output, said) = folder.policy(&["test", "cases.toml"]);
    assert!(output.status.success() && said.contains("6 of 6 cases as expected"), "{said}");
    let (output, said) = folder.policy(&["explain", "--environment", "prod", "--branch", "x", "--", "rm", "-rf", "/"]);
    assert!(output.status.success() && said.starts_with("denied by branches, prod\n"), "{said}");
    let (_, said) = folder.policy(&["explain", "--environment", "stg", "--repository", "acme/shop", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["verdict"]["effect"], "allow");
    assert_eq!(json["rules"][0]["said"], "applies");
}

#[test]
fn faults_name_their_place_and_end_with_one() {
    let folder = Folder::new();
    folder.file("bad.toml", "[[rule]]\nname = \"x\"\nefect = \"deny\"\n");
    let (output, said) = folder.policy(&["check", "bad.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said, "bad.toml:3:1: unknown key `efect`\n  did you mean `effect`?\n");
    let (output, said) = folder.policy(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("policy.toml: cannot be read"), "{said}");
}

#[test]
fn a_case_that_comes_out_otherwise_ends_with_one() {
    let folder = Folder::new();
    folder.file("policy.toml", "");
    folder.file("cases.toml", "[[case]]\nname = \"hope\"\nexpect = { effect = \"allow\" }\n");
    let (output, said) = folder.policy(&["test", "cases.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("effect: expected Allow, got Approve") && said.contains("0 of 1"), "{said}");
}

#[test]
fn hostile_text_is_marked_wherever_it_is_shown() {
    let folder = Folder::new();
    folder.file("policy.toml", "[[rule]]\nname = \"a\\u001b]0;x\\u0007\\u202eb\"\n");
    for args in [&["explain"][..], &["explain", "--json"]] {
        let (_, said) = folder.policy(args);
        assert!(!said.contains(['\x1b', '\x07', '\u{202e}']), "{said:?}");
    }
}
