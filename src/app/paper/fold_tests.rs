//! Folders that are folded away: what stands for them, and what brings them back.

use super::row::Spot;
use super::tests::{paper, rows, settled, shape, texts};
use super::*;
use crate::domain::finding::{Finding, FindingId, Place};

/// Files of these names, each with one changed line.
fn files(names: &[&str]) -> Paper {
    let file = |name: &&str| {
        format!(
            "diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-old of {name}\n+new of {name}\n"
        )
    };
    paper(names.iter().map(file).collect::<String>().as_bytes())
}

const TREE: &[&str] =
    &["README", "src/Dockerfile", "src/a.rs", "src/app/b.rs", "src/app/c.rs", "src/d.rs", "test/e.rs"];

/// Titles and folded folders on the screen, as the list of files has them.
fn listed(view: &DiffView, paper: &Paper, watched: &Watched) -> Vec<String> {
    list::file_list(view, paper, watched, &Places::default(), 40)
        .iter()
        .map(|line| line.text().trim_end().to_owned())
        .collect()
}

#[test]
fn a_folder_folds_into_one_row_that_says_what_is_in_it_and_unfolds_again() {
    let (mut paper, mut view, mut watched) = (files(TREE), DiffView::default(), Watched::default());
    settled(&mut view, &mut paper, 12);
    watched.saw(&paper, view.rows());
    let whole = listed(&view, &paper, &watched);
    assert!(!view.fold_folder(&mut paper), "what must be seen does not fold: {whole:?}");
    view.jump(Jump::File(true), &paper, &watched);
    assert!(!view.fold_folder(&mut paper), "a file at the top lies in no folder");
    for _ in 0..3 {
        view.jump(Jump::File(true), &paper, &watched);
    }
    settled(&mut view, &mut paper, 40);
    assert!(view.fold_folder(&mut paper));
    settled(&mut view, &mut paper, 40);
    let list = listed(&view, &paper, &watched);
    assert!(list.iter().any(|line| line == "> + src/app/  2 files +2 -2  2 unseen"), "{list:?}");
    assert!(list.iter().any(|line| line.contains("src/Dockerfile")) && list.iter().any(|line| line.contains("d.rs")));
    assert!(!list.iter().any(|line| line.contains("b.rs") || line.contains("c.rs")), "{list:?}");
    let rows: Vec<String> = view.lines(&paper, &watched, &Places::default()).iter().map(|line| line.text()).collect();
    assert_eq!(rows[0], "+ src/app/  2 files +2 -2  2 unseen");
    assert!(rows[1].contains("src/d.rs"), "{rows:?}");
    // The folder around it folds that as well, and what must be seen stays.
    view.jump(Jump::File(true), &paper, &watched);
    settled(&mut view, &mut paper, 40);
    assert!(view.fold_folder(&mut paper));
    settled(&mut view, &mut paper, 40);
    let list = listed(&view, &paper, &watched);
    assert!(list.iter().any(|line| line == "> + src/  4 files +4 -4  3 unseen"), "{list:?}");
    assert!(list.iter().any(|line| line.contains("src/Dockerfile")), "{list:?}");
    // Unfolded, it shows what was folded in it as that was.
    assert!(view.fold_folder(&mut paper));
    settled(&mut view, &mut paper, 40);
    assert!(listed(&view, &paper, &watched).iter().any(|line| line == "  + src/app/  2 files +2 -2  2 unseen"));
    assert_eq!(TREE[view.file()], "src/a.rs");
    view.scroll(4);
    settled(&mut view, &mut paper, 6);
    assert!(view.fold_folder(&mut paper), "on its own row it unfolds");
    settled(&mut view, &mut paper, 12);
    let unmarked = |list: Vec<String>| list.iter().map(|line| line.replace("> ", "  ")).collect::<Vec<_>>();
    assert_eq!(unmarked(listed(&view, &paper, &watched)), unmarked(whole));
}

#[test]
fn what_a_jump_lands_in_unfolds_and_moving_past_a_folder_does_not() {
    let mut watched = Watched::default();
    let folded = |folder: usize| {
        let (mut paper, mut view) = (files(TREE), DiffView::default());
        paper.order.fold(&paper.index, folder);
        settled(&mut view, &mut paper, 6);
        (paper, view)
    };
    let at = |view: &DiffView, paper: &Paper| (TREE[view.file()], paper.order.folded(3).is_some());
    // From the file before it.
    let (mut paper, mut view) = folded(3);
    for name in ["README", "src/a.rs"] {
        view.jump(Jump::File(true), &paper, &watched);
        settled(&mut view, &mut paper, 6);
        assert_eq!(at(&view, &paper), (name, true));
    }
    view.jump(Jump::File(true), &paper, &watched);
    settled(&mut view, &mut paper, 6);
    assert_eq!(at(&view, &paper), ("src/app/b.rs", false), "the next file");
    // From its own row the next file is the one behind it; rows go past it.
    let (mut paper, mut view) = folded(3);
    view.scroll(12);
    settled(&mut view, &mut paper, 6);
    assert_eq!(at(&view, &paper), ("src/app/b.rs", true), "{:?}", texts(view.rows()));
    view.jump(Jump::File(true), &paper, &watched);
    settled(&mut view, &mut paper, 6);
    assert_eq!(at(&view, &paper), ("src/d.rs", true));
    view.jump(Jump::Hunk(false), &paper, &watched);
    settled(&mut view, &mut paper, 6);
    assert!(!at(&view, &paper).1, "the hunk before");
    // What was not seen, a match and a finding.
    let (mut paper, mut view) = folded(3);
    for file in [0, 1, 2] {
        let from = Spot::title(file);
        let rows = rows(&mut paper, shape(40), from, 4);
        watched.saw(&paper, &rows);
    }
    assert!(view.jump(Jump::Unseen, &paper, &watched));
    settled(&mut view, &mut paper, 6);
    assert_eq!(at(&view, &paper), ("src/app/b.rs", false), "unseen");
    let (mut paper, mut view) = folded(3);
    let mut search = Search::new("new of src/app/c", 1).unwrap();
    let place = paper.index.files[4].end - 10;
    search.found(&[place], 1, true);
    view.search = Some(search);
    assert!(view.jump(Jump::Match(true), &paper, &watched));
    settled(&mut view, &mut paper, 6);
    assert!(paper.order.folded(4).is_none(), "a match");
    let (mut paper, mut view) = folded(3);
    let finding = Finding::new(FindingId::HiddenText, "x", "");
    let place = Place { path: "src/app/c.rs".into(), line: Some(1) };
    let found = [finding.at(place)];
    assert!(view.go_to_finding(&Places::of(&found), &paper, true).is_some());
    settled(&mut view, &mut paper, 6);
    assert!(paper.order.folded(4).is_none(), "a finding");
}
