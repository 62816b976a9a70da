//! Rows of diffs of every shape: forwards and backwards they are the same, and nothing is left out.

use proptest::prelude::*;

use super::lens::{Lens, Shape};
use super::row::{Content, Row, Spot, What};
use super::*;
use crate::desk::news::News;
use crate::desk::source::indexed;

/// A diff that is read whole, with its bytes coming as they are asked for.
pub(super) fn paper(diff: &[u8]) -> Paper {
    let (source, news) = indexed(diff);
    let mut paper = Paper::new(source);
    for news in news {
        match news {
            News::Indexed { piece, look, .. } => paper.indexed(*piece, look),
            News::Moved { lines, .. } => paper.moved = lines,
            other => panic!("{other:?}"),
        }
    }
    paper
}

fn feed(paper: &mut Paper, wanted: Vec<(u64, u64)>) {
    for (from, to) in wanted {
        let bytes = paper.source.spool().window(from, to).unwrap();
        paper.window_came(from, to, Ok(bytes));
    }
}

/// Asks until it is there.
pub(super) fn with<T>(paper: &mut Paper, shape: Shape, ask: impl Fn(&Lens) -> Result<T, blocks::Missing>) -> T {
    loop {
        let lens = Lens { index: &paper.index, order: &paper.order, blocks: &paper.blocks, shape };
        match ask(&lens) {
            Ok(answer) => return answer,
            Err(blocks::Missing(at)) => {
                let wanted = paper.blocks.want(at, paper.index.bytes);
                assert!(wanted.is_some(), "byte {at} is missed and cannot be asked for");
                feed(paper, wanted.into_iter().collect());
            }
        }
    }
}

pub(super) fn shape(width: usize) -> Shape {
    Shape { width, wrap: true, left: 0, fold: false, blanks: false, beside: false }
}

pub(super) fn rows(paper: &mut Paper, shape: Shape, from: Spot, count: usize) -> Vec<Row> {
    with(paper, shape, |lens| lens.rows(from, count))
}

fn start(paper: &Paper) -> Spot {
    Spot::title(paper.order.file(0).unwrap())
}

pub(super) fn texts(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .map(|row| match &row.what {
            What::Title => "title".to_owned(),
            What::Head(place, section) => format!("@@ {} {}", place.new_start, section.lossy()),
            What::Unread(n) => format!("unread {n}"),
            What::Folded => "...".to_owned(),
            What::Folder => format!("folder of {}", row.spot.file),
            What::Line(c) => format!("{}{} {:?} {}", c.old, if c.first { "" } else { "+" }, c.kind, c.text.as_str()),
            What::Beside(old, new) => {
                let text = |side: &Option<Box<Content>>| side.as_ref().map_or("", |c| c.text.as_str()).to_owned();
                format!("{} | {}", text(old), text(new))
            }
        })
        .collect()
}

fn one_file(lines: &[String]) -> Vec<u8> {
    let body: String = lines.iter().map(|l| format!("+{l}\n")).collect();
    format!("diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,{} @@\n{body}", lines.len())
        .into_bytes()
}

#[test]
fn long_lines_wrap_and_tabs_cannot_be_imitated() {
    let lines = ["abcdefghijklmnop", "\tx", "»   x\t"].map(str::to_owned);
    let mut paper = paper(&one_file(&lines));
    let from = start(&paper);
    let rows = rows(&mut paper, shape(12), from, 99);
    assert_eq!(texts(&rows)[2..], ["0 Added abcdefghijkl", "0+ Added mnop", "0 Added »   x", "0 Added »   x\\t"]);
}

#[test]
fn a_line_that_does_not_wrap_says_how_much_lies_off_to_the_right_and_is_not_seen_before_that_is() {
    let lines = [format!("{}evil", " ".repeat(5_000))];
    let mut paper = paper(&one_file(&lines));
    let from = start(&paper);
    let mut watched = Watched::default();
    let flat = Shape { wrap: false, ..shape(40) };
    let shown = rows(&mut paper, flat, from, 9);
    let What::Line(content) = &shown[2].what else { unreachable!() };
    assert_eq!((content.more, content.text.width()), (4_972, 32));
    assert!(!watched.saw(&paper, &shown));
    let right = rows(&mut paper, Shape { left: 5_000, ..flat }, from, 9);
    let What::Line(content) = &right[2].what else { unreachable!() };
    assert_eq!((content.text.as_str(), content.more), ("evil", 0));
    assert!(!watched.saw(&paper, &right), "the middle was passed over");
    let mut at = from;
    loop {
        let page = rows(&mut paper, shape(40), at, 50);
        let Some(last) = page.last().filter(|last| last.spot != at) else { break };
        at = last.spot;
        watched.saw(&paper, &page);
    }
    assert!(watched.has_seen(0));
}

#[test]
fn there_is_room_for_the_sign_of_what_is_off_to_the_right_however_long_its_number() {
    for length in (38..=60).chain(130..=150) {
        let mut paper = paper(&one_file(&["x".repeat(length)]));
        let flat = Shape { wrap: false, ..shape(40) };
        let from = start(&paper);
        let all = rows(&mut paper, flat, from, 3);
        let What::Line(content) = &all[2].what else { unreachable!() };
        let shown = content.text.width();
        assert_eq!(shown as u64 + content.more, length as u64);
        let sign = if content.more == 0 { 0 } else { row::badge(content.more).width() + 1 };
        assert!(shown + sign <= 40, "{length}: {shown} columns and {}", row::badge(content.more));
    }
}

#[test]
fn the_middle_of_a_huge_line_is_shown_without_its_beginning() {
    let huge = "日本語 x".repeat(300_000);
    let mut paper = paper(&one_file(&["a".to_owned(), huge, "b".to_owned()]));
    let from = start(&paper);
    let end = with(&mut paper, shape(80), |lens| Ok(lens.end()));
    let last = with(&mut paper, shape(80), |lens| lens.rows_before(end, 3));
    let shown = texts(&last);
    assert_eq!(shown[2], "0 Added b");
    assert!(shown[0].starts_with("0+ Added "), "{shown:?}");
    let middle = Spot { byte: 1_600_000, ..last[0].spot };
    let around = with(&mut paper, shape(80), |lens| lens.rows_before(middle, 4));
    let again = rows(&mut paper, shape(80), around[0].spot, 3);
    assert_eq!(again[..3], around[..3]);
    assert!(!texts(&around).iter().any(|t| t.contains("\\x")), "a section begins between characters: {around:?}");
    assert_eq!(texts(&rows(&mut paper, shape(80), from, 3))[2], "0 Added a");
}

#[test]
fn context_folds_but_never_in_files_that_must_be_seen() {
    let hunk = "@@ -1,4 +1,4 @@\n a\n b\n-c\n+C\n d\n";
    let file = |name: &str| format!("diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n{hunk}");
    let mut paper = paper(format!("{}{}", file("x.rs"), file("Dockerfile")).as_bytes());
    let folds = Shape { fold: true, ..shape(40) };
    let from = start(&paper);
    let shown = texts(&rows(&mut paper, folds, from, 99));
    let docker = ["title", "@@ 1 ", "1 Context a", "2 Context b", "3 Removed c", "4 Added C", "4 Context d"];
    assert_eq!(shown[..7], docker);
    assert_eq!(shown[7..], ["title", "@@ 1 ", "...", "3 Removed c", "4 Added C", "..."]);
    let end = with(&mut paper, folds, |lens| Ok(lens.end()));
    assert_eq!(texts(&with(&mut paper, folds, |lens| lens.rows_before(end, 99))), shown);
}

#[test]
fn what_a_line_became_stands_beside_it() {
    let body = " a\n-let x = one(a);\n-gone\n+// new\n+let x = one(b);\n\\ No newline at end of file\n";
    let head = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n";
    let mut paper = paper(format!("{head}{body}").as_bytes());
    let from = start(&paper);
    let shown = texts(&rows(&mut paper, Shape { beside: true, ..shape(40) }, from, 99));
    let note = " |  No newline at end of file";
    assert_eq!(shown[2..], ["a | a", " | // new", "let x = one(a); | let x = one(b);", note, "gone | "]);
}

#[test]
fn a_part_that_is_too_large_for_pairs_has_its_lines_on_their_sides() {
    let lines: String = (0..1_500).map(|i| format!("-{i}\n+{i}!\n")).collect();
    let diff = format!("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,1500 +1,1500 @@\n{lines}");
    let mut paper = paper(diff.as_bytes());
    let from = start(&paper);
    let beside = Shape { beside: true, ..shape(40) };
    assert_eq!(texts(&rows(&mut paper, beside, from, 5))[2..], ["0 | ", " | 0!", "1 | "]);
    let end = with(&mut paper, beside, |lens| Ok(lens.end()));
    assert_eq!(texts(&with(&mut paper, beside, |lens| lens.rows_before(end, 1))), [" | 1499!"]);
}

#[test]
fn blanks_are_drawn_as_signs_that_the_line_does_not_hold() {
    let mut paper = paper(&one_file(&["a b\t".to_owned(), "a · b".to_owned()]));
    let from = start(&paper);
    let shown = texts(&rows(&mut paper, Shape { blanks: true, ..shape(40) }, from, 99));
    assert_eq!(shown[2..], ["0 Added a·b»   ", "0 Added a␣·␣b"]);
}

/// What lies over the text of each row.
fn inked(paper: &mut Paper, shape: Shape, from: Spot, count: usize) -> Vec<String> {
    let rows = rows(paper, shape, from, count);
    let lens = Lens { index: &paper.index, order: &paper.order, blocks: &paper.blocks, shape };
    let inks = ink::inks(&lens, &rows, true);
    let told = |row: &Row, ink: &ink::Ink| {
        let text = row.contents()[0].map_or("", |content| content.text.as_str());
        let shown = |part: &std::ops::Range<usize>| text.get(part.clone()).unwrap().to_owned();
        ink.iter().map(|(part, role)| format!("{}={}", role.name(), shown(part))).collect::<Vec<_>>().join(" ")
    };
    rows.iter().zip(&inks).map(|(row, [ink, _])| told(row, ink)).collect()
}

#[test]
fn what_changed_and_what_is_code_is_told_also_where_a_line_wraps() {
    let body = " fn f() {\n-    let x = \"one\"; // é \u{202e} b\n+    let x = \"two\"; // é \u{202e} b\n+  \n }\n";
    let head = "diff --git a/x.rs b/x.rs\n--- a/x.rs\n+++ b/x.rs\n@@ -1,3 +1,4 @@\n";
    let mut paper = paper(format!("{head}{body}").as_bytes());
    let from = start(&paper);
    let whole = inked(&mut paper, shape(60), from, 99);
    let line = |word| format!("keyword=let quoted=\" changed={word} quoted=\" remark=// é \\u{{202e}} b");
    assert_eq!(whole[2..], ["keyword=fn", &line("one"), &line("two"), "changed=  ", ""]);
    let narrow = inked(&mut paper, shape(14), from, 5);
    assert_eq!(narrow[3..], ["keyword=let quoted=\" changed=o", "changed=ne quoted=\" remark=// é "]);
}

#[test]
fn lines_that_were_not_understood_are_shown_as_they_came() {
    let mut paper = paper(b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+smuggled\nrm -rf\n");
    let from = start(&paper);
    let shown = texts(&rows(&mut paper, shape(40), from, 99));
    assert_eq!(shown[4..], ["unread 2", "0 Unread +smuggled", "0 Unread rm -rf"]);
}

#[test]
fn a_match_is_found_again_in_its_row() {
    let lines: Vec<String> = (0..3_000).map(|i| format!("line {i} {}", "x".repeat(i % 90))).collect();
    let diff = one_file(&lines);
    let mut paper = paper(&diff);
    let byte = diff.windows(9).position(|w| w == b"line 2345").unwrap() as u64;
    let spot = with(&mut paper, shape(40), |lens| lens.spot_of(byte));
    assert!(texts(&rows(&mut paper, shape(40), spot, 1))[0].starts_with("0 Added line 2345 "));
    assert_eq!(with(&mut paper, shape(40), |lens| lens.spot_of(3)), Spot::title(0));
}

/// Files that must be seen, so far from each other that each lies in a block of its own.
fn scattered(files: usize) -> Vec<u8> {
    let hunk = |name: &str, lines: usize, text: &str| {
        let body = format!("+{text}\n").repeat(lines);
        format!("diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -0,0 +1,{lines} @@\n{body}")
    };
    let pair =
        |i: usize| hunk(&format!("{i}.txt"), 900, &"x".repeat(60)) + &hunk(&format!("{i}/Dockerfile"), 3, "FROM x");
    (0..files).map(pair).collect::<String>().into_bytes()
}

/// Settles a view for a window of so many rows, with all that it asks for; how often it waited.
pub(super) fn settled(view: &mut DiffView, paper: &mut Paper, height: usize) -> usize {
    for waited in 0..1_000 {
        let wanted = view.settle(paper, 80, height);
        let waits = view.waits();
        feed(paper, wanted);
        if !waits {
            return waited;
        }
    }
    panic!("it waits for ever")
}

#[test]
fn what_is_read_next_is_at_hand_also_where_it_lies_elsewhere() {
    let mut paper = paper(&scattered(60));
    let mut view = DiffView::default();
    settled(&mut view, &mut paper, 20);
    for forwards in [true, false] {
        for page in 0..10 {
            view.scroll(if forwards { 20 } else { -20 });
            assert_eq!(settled(&mut view, &mut paper, 20), 0, "page {page}");
        }
    }
}

#[test]
fn a_page_may_take_bytes_from_more_places_than_are_kept() {
    let mut paper = paper(&scattered(150));
    let mut view = DiffView::default();
    settled(&mut view, &mut paper, 600);
    let files = view.rows().iter().filter(|row| row.what == What::Title).count();
    assert_eq!((view.rows().len(), files), (600, 120));
}

/// Diffs with short and long lines, several files and hunks, and lies.
fn diffs() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => "[ +-][a-z\t日\u{202e}\\\\]{0,30}".prop_map(|l| l + "\n"),
        1 => "[ +-]".prop_map(|sign| format!("{sign}{}\n", "long 日本 ".repeat(900))),
        1 => Just("\\ No newline at end of file\n".to_owned()),
    ];
    let hunk = proptest::collection::vec(line, 1..12).prop_map(|lines| {
        let count = |signs: &str| lines.iter().filter(|l| l.starts_with(|c| signs.contains(c))).count();
        format!("@@ -1,{} +1,{} @@ f\n{}", count(" -"), count(" +"), lines.concat())
    });
    let file =
        ("([ab]/){0,2}[a-z]{1,2}(/Dockerfile)?", proptest::collection::vec(hunk, 0..4)).prop_map(|(name, hunks)| {
            format!("diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n{}", hunks.concat())
        });
    proptest::collection::vec(file, 1..7).prop_map(|files| files.concat().into_bytes())
}

#[test]
fn side_by_side_a_line_that_came_before_the_first_changed_one_is_shown() {
    let diff = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1,2 @@\n-alpha beta gamma\n+x\n+alpha beta gamma delta\n";
    let mut paper = paper(diff.as_bytes());
    let from = start(&paper);
    let all = rows(&mut paper, Shape { beside: true, ..shape(60) }, from, 9);
    assert_eq!(texts(&all)[2..], [" | x", "alpha beta gamma | alpha beta gamma delta"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn rows_are_the_same_forwards_and_backwards_and_cover_every_byte(
        diff in diffs(), width in 12usize..60, wrap in any::<bool>(), page in 1usize..9,
        beside in prop::bool::weighted(0.3), fold in any::<bool>(), folders in proptest::collection::vec(0usize..7, 0..3),
    ) {
        let mut paper = paper(&diff);
        for file in folders {
            paper.order.fold(&paper.index, file);
        }
        let shape = Shape { wrap, beside, fold, ..shape(width) };
        let from = start(&paper);
        let all = rows(&mut paper, shape, from, usize::MAX);
        // Page by page.
        let (mut pages, mut at) = (Vec::new(), from);
        loop {
            let mut more = rows(&mut paper, shape, at, page + 1);
            let next = (more.len() > page).then(|| more.pop().unwrap().spot);
            pages.extend(more);
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        prop_assert_eq!(&pages, &all);
        // From the end.
        let (mut back, mut at) = (Vec::new(), with(&mut paper, shape, |lens| Ok(lens.end())));
        loop {
            let mut more = with(&mut paper, shape, |lens| lens.rows_before(at, page));
            let Some(first) = more.first() else { break };
            at = first.spot;
            more.reverse();
            back.extend(more);
        }
        back.reverse();
        prop_assert_eq!(&back, &all);
        let mut watched = Watched::default();
        watched.saw(&paper, &all);
        let cut = |row: &Row| row.contents().iter().flatten().any(|content| content.more > 0);
        let hidden = all.iter().any(|row| matches!(row.what, What::Folded | What::Folder) || cut(row));
        let whole = (0..paper.index.files.len()).all(|file| watched.has_seen(file));
        prop_assert_eq!(whole, !hidden, "{:?}", watched);
        let stands_for = |row: &Row| match row.what {
            What::Title => (row.spot.file..=row.spot.file).collect::<Vec<usize>>(),
            What::Folder => {
                let folded = paper.order.folded(row.spot.file).unwrap();
                (folded.first..=folded.last).map(|place| paper.order.file(place).unwrap()).collect()
            }
            _ => Vec::new(),
        };
        let files: Vec<usize> = all.iter().flat_map(stands_for).collect();
        let order: Vec<usize> = (0..paper.order.len()).map(|place| paper.order.file(place).unwrap()).collect();
        prop_assert_eq!(files, order, "each file once, by itself or in a folder");
        let must_see = paper.index.files.iter().enumerate().filter(|(_, file)| file.must_see().is_some());
        for (number, _) in must_see {
            prop_assert!(all.iter().any(|row| row.spot.file == number && row.what == What::Title));
        }
    }
}
