//! What happens at GitHub while the dialog is open, in the real binary: what was shown no longer stands.

use super::*;
use crate::cli::Home;
use crate::pty::{BIN, Start};
use crate::story::console::Console;

/// A console on the fake, with the dialog of the one thing that waits open and `INC-9` written as comment.
fn asked(home: &Home, fake: &Fake) -> Console {
    home.config("config.toml", &opening::backend_table("github", &fake.address, LIVELY));
    let mut start = Start::program(BIN, &[]).size(100, 30);
    start.home_at(home.path());
    let console = Console(start.run());
    console.wait_for("> PROD");
    console.dialog("a", "APPROVE:", "g  approve");
    console.type_back(1, "INC-9");
    console.wait_for("INC-9");
    console.press("\t");
    console.wait_for("g  approve");
    console.wait_for("3 commits 3 files");
    console
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_moves_under_an_open_dialog_is_said_and_asks_for_a_second_look() {
    let (home, fake) = (Home::new(), Fake::start(one_gate(), 0).await.unwrap());
    let console = asked(&home, &fake);
    deployed_meanwhile(&mut fake.world());
    console.wait_for("evidence (compared with dff4123 -> eb6d8e5)");
    console.wait_for("1 commit 1 file");
    assert!(console.screen().contains("INC-9"), "{}", console.screen());
    assert!(fake.world().runs[0].reviews.is_empty());

    // What was looked up about the new evidence comes last, and stands before it.
    console.wait_for("CHANGED    !  action never seen here");
    console.wait_until("the dead time ends", |screen| screen.contains("g  approve") && !screen.contains("a moment"));
    console.confirm("g", "APPROVE:");
    console.wait_for("HELD approve");
    console.press("!");
    console.wait_for("approve shop/Deploy: approved");
    let comment = fake.world().runs[0].reviews[0].comment.clone();
    assert!(comment.starts_with("INC-9\n\njit-tui: approve, scope once"), "{comment}");
    console.quit();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_decides_meanwhile_locks_the_dialog_and_keeps_the_comment() {
    let (home, fake) = (Home::new(), Fake::start(one_gate(), 0).await.unwrap());
    let console = asked(&home, &fake);
    let run = fake.world().runs[0].id;
    fake.world().answered_by("dan", run, "production", false);
    console.wait_for("LOCKED");
    console.wait_for("nothing can be sent; your comment is kept");
    console.press("g");
    console.press("\x1b");
    console.wait_until("the dialog closes", |screen| !screen.contains("APPROVE:"));
    let reviews = fake.world().runs[0].reviews.clone();
    assert!(reviews.len() == 1 && reviews[0].user == "dan");
    console.quit();
}
