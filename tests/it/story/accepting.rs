//! A finding that somebody accepts without a screen.

use super::stage::{Gate, Stage};

const DIRTY: &str = "tree is dirty";

/// A job that asks from a tree with such a file left over.
fn asks_beside(stage: &Stage, left_over: &str) -> Gate {
    std::fs::write(stage.path("repo/left-over"), left_over).unwrap();
    stage.gate("staging", "deploy")
}

fn gives_up(mut gate: Gate) {
    gate.signal(rustix::process::Signal::TERM);
    assert_eq!(gate.code(), 143);
}

/// The line of `show` about the finding.
fn shown(stage: &Stage, who: &str) -> String {
    let (key, _) = stage.waiting();
    let said = stage.run(who, &["show", &key]);
    let lines: Vec<&str> = said.out.lines().filter(|line| line.contains(DIRTY)).collect();
    assert_eq!(lines.len(), 1, "{}", said.all);
    lines[0].to_owned()
}

#[test]
fn an_accepted_finding_is_no_longer_new_until_its_subject_changes() {
    let stage = Stage::set();
    let gate = asks_beside(&stage, "one");
    let (key, _) = stage.waiting();
    assert!(shown(&stage, "dan").contains("NEW !! tree is dirty"));
    assert!(stage.run("dan", &["list"]).out.contains("!! tree is dirty"));

    for (args, code) in [(&["--reason", " "][..], 1), (&["--reason", "x", "--days", "0"], 2)] {
        let said = stage.run("dan", &[&["accept", &key, "dirty-tree"], args].concat());
        assert_eq!(said.code, code, "{}", said.all);
    }
    let said = stage.run("dan", &["accept", &key, "drty-tree", "--reason", "x"]);
    assert!(said.code != 0 && said.all.contains("dirty-tree"), "{}", said.all);
    let said = stage.run("dan", &["accept", &key, "dirty-tree", "--reason", "built beside it", "--days", "7"]);
    assert_eq!(said.code, 0, "{}", said.all);

    assert!(shown(&stage, "dan").contains("accepted until"));
    assert!(!stage.run("dan", &["list"]).out.contains(DIRTY));
    assert!(stage.audit_of("dan").contains("built beside it"));
    assert!(shown(&stage, "alice").contains("NEW !!"), "her console did not accept it");
    gives_up(gate);

    // The same dirt in another request of the same place was accepted; other dirt was not.
    let gate = asks_beside(&stage, "one");
    assert!(shown(&stage, "dan").contains("accepted until"));
    gives_up(gate);
    let _gate = asks_beside(&stage, "two");
    assert!(shown(&stage, "dan").contains("NEW !!"));
    assert!(stage.run("dan", &["list"]).out.contains("!! tree is dirty"));
}

#[test]
fn what_blocks_cannot_be_accepted() {
    let stage = Stage::set_under("\n[findings.dirty-tree]\nblocks = true\n");
    let _gate = asks_beside(&stage, "one");
    let (key, _) = stage.waiting();
    let said = stage.run("dan", &["accept", &key, "dirty-tree", "--reason", "never mind"]);
    assert!(said.code != 0 && said.all.contains("it blocks"), "{}", said.all);
    assert!(shown(&stage, "dan").contains("BLOCKS NEW"));
    assert!(!stage.audit_of("dan").contains("never mind"));
}
