use proptest::prelude::*;

use super::*;

const SMALL: &str = "diff --git a/src/a.rs b/src/a.rs
index 1111111..2222222 100644
--- a/src/a.rs
+++ b/src/a.rs
@@ -1,3 +1,4 @@ fn main() {
 one
-two
+2
+diff --git a/evil b/evil
 three
";

fn read(text: &str) -> Index {
    parse(text.as_bytes())
}

/// `status name +added -removed class problems`, one line a file.
fn told(diff: &Index) -> String {
    let mut lines: String = diff
        .files
        .iter()
        .map(|f| {
            format!("{} {} +{} -{} {}\n", f.status.letter(), f.title(), f.added, f.removed, f.must_see().unwrap_or("-"))
        })
        .collect();
    lines.extend(diff.problems.iter().map(|p| format!("{}\n", p.words())));
    lines
}

#[test]
fn a_hunk_is_taken_by_its_counts_and_content_imitates_nothing() {
    let diff = read(SMALL);
    assert_eq!(told(&diff), "M src/a.rs +2 -1 -\n");
    let part = &diff.parts_of(&diff.files[0])[0];
    assert_eq!(part.place, Some(Place { old_start: 1, old_count: 3, new_start: 1, new_count: 4 }));
    let lines: Vec<_> = lines(part, 1, SMALL.as_bytes()).map(|l| (l.kind, l.text().lossy().into_owned())).collect();
    assert_eq!(lines[3], (LineKind::Added, "diff --git a/evil b/evil".into()));
    assert_eq!(lines[4], (LineKind::Context, "three".into()));
    assert_eq!(diff.totals, Totals { files: 1, added: 2, removed: 1 });
}

#[test]
fn lines_that_look_like_headers_stay_content() {
    let text = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n-- b\n+++ b/y\n+@@ -1 +1 @@\n";
    let diff = read(text);
    assert_eq!(told(&diff), "M x +2 -2 -\n");
}

#[test]
fn every_shape_that_git_writes_is_understood() {
    for (text, expected) in [
        ("", ""),
        ("diff --git a/x y b/x y\nold mode 100644\nnew mode 100755\n", "M x y +0 -0 mode\n"),
        ("diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n", "A e +0 -0 -\n"),
        ("diff --git a/r b/r\nnew file mode 100755\nindex 0000000..e69de29\n", "A r +0 -0 new program\n"),
        ("diff --git a/e b/e\ndeleted file mode 100644\nindex e69de29..0000000\n", "D e +0 -0 -\n"),
        ("diff --git a/o b/n\nsimilarity index 100%\nrename from o\nrename to n\n", "R o -> n +0 -0 -\n"),
        ("diff --git a/o b/n\nsimilarity index 100%\ncopy from o\ncopy to n\n", "C o -> n +0 -0 -\n"),
        (
            "diff --git a/l b/l\nnew file mode 120000\nindex 0000000..1111111\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n",
            "A l +1 -0 link\n",
        ),
        (
            "diff --git a/s b/s\nindex 1..2 160000\n--- a/s\n+++ b/s\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n",
            "M s +1 -1 submodule\n",
        ),
        ("diff --git a/b b/b\nindex 1..2 100644\nBinary files a/b and b/b differ\n", "M b +0 -0 binary\n"),
        (
            "diff --git a/b b/b\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZQzU|?Wi00jU6\n\nliteral 1\nIcmZPo000310RR91\n\n",
            "M b +0 -0 binary\n",
        ),
        (
            "diff --git \"a/\\303\\274\\n\\\"\" \"b/\\303\\274\\n\\\"\"\nold mode 100644\nnew mode 100755\n",
            "M ü\\n\" +0 -0 mode\n",
        ),
        (
            "diff --git a/t b/t\ndeleted file mode 100644\nindex 1..0\n--- a/t\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\ndiff --git a/t b/t\nnew file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/t\n@@ -0,0 +1 @@\n+y\n\\ No newline at end of file\n",
            "T t +1 -1 link\n",
        ),
        (
            "diff --git a/a b b/a b\nindex 1..2 100644\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-x\r\n+y\r\n",
            "M a b +1 -1 -\n",
        ),
    ] {
        assert_eq!(told(&read(text)), expected, "{text}");
    }
}

#[test]
fn lies_and_cuts_are_problems_and_the_next_file_is_read() {
    let head = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n";
    for (body, problem) in [
        ("@@ -1,9 +1,9 @@\n one\n", "the hunk is shorter than its counts say"),
        ("@@ -1 +1 @@\n-a\n+b\n+smuggled\n", "not a line that git writes here (1 lines not read)"),
        ("@@ -1 +1 @@\n-a\n+b\nrename from x\n", "not a line that git writes here (1 lines not read)"),
        ("@@ -1,2 +1 @@\n-a\n?\n+b\n", "the hunk is shorter than its counts say (2 lines not read)"),
        ("@@ -1 +99999999999 @@\n-a\n", "not a hunk that git writes here (2 lines not read)"),
        ("@@ -0,0 +0,0 @@\n", "not a hunk that git writes here (1 lines not read)"),
        ("@@ -+1 +1 @@\n-a\n+b\n", "not a hunk that git writes here (3 lines not read)"),
        ("", "its changes are missing"),
        ("@@ -1 +1 @@\n\\ No newline\n-a\n+b\n", "the hunk is shorter than its counts say (3 lines not read)"),
    ] {
        let diff = read(&format!("{head}{body}{}", SMALL));
        let told = told(&diff);
        assert!(told.contains(problem), "{body}: {told}");
        assert_eq!(diff.problems.len(), 1, "{told}");
        assert_eq!(diff.files.len(), 2);
        assert_eq!(diff.files[0].must_see(), Some("not understood"));
        assert!(!diff.files[1].broken);
    }
}

#[test]
fn what_is_no_diff_is_said() {
    for (text, problem) in [
        ("hello\n", "not a line that git writes here"),
        ("@@ -1 +1 @@\n-a\n+b\n", "not a hunk that git writes here (3 lines"),
        ("diff --git a/x b/y\nold mode 100644\nnew mode 100755\n", "its name is not clear"),
        ("diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", "two names for one file"),
        ("diff --git a/x b/x\nrename from q\nrename to w\n", "two names for one file"),
        ("diff --git a/x b/x\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "not a line that git writes here"),
        ("diff --git a/x b/x\n", "its changes are missing"),
        ("diff --git a/x b/x\nnew file mo", "the diff ends inside of a line"),
    ] {
        assert!(told(&read(text)).contains(problem), "{text}: {}", told(&read(text)));
    }
}

#[test]
fn what_steers_the_pipeline_comes_first() {
    let named = |name: &str| File { new: name.into(), ..File::default() };
    for (name, class) in [
        ("README.md", None),
        (".github/workflows/deploy.yml", Some("workflow")),
        (".GITHUB/workflows/x", Some("workflow")),
        ("sub/action.yaml", Some("action")),
        ("Cargo.lock", Some("lock file")),
        ("web/package-lock.json", Some("lock file")),
        ("go.sum", Some("lock file")),
        ("Dockerfile.prod", Some("Dockerfile")),
        ("x/.gitattributes", Some("git attributes")),
        (".gitmodules", Some("submodules")),
        ("src/docker.rs", None),
    ] {
        assert_eq!(must_see::class(&named(name)), class, "{name}");
    }
    let moved_away =
        File { before: Some(Box::new(".github/workflows/x.yml".into())), new: "docs/x.txt".into(), ..File::default() };
    assert_eq!(must_see::class(&moved_away), Some("workflow"));
}

const MERGE: &str = "diff --cc x\nindex 1111111,2222222..3333333\n--- a/x\n+++ b/x\n@@@ -1,3 -1,2 +1,3 @@@ f\n- a\n -b\n++c\n +d\n  e\n";

#[test]
fn a_merge_is_counted_against_each_parent() {
    let diff = read(MERGE);
    assert_eq!(told(&diff), "M x +2 -2 -\n");
    assert_eq!(diff.files[0].parents, 2);
    let kinds: Vec<_> = lines(&diff.parts[0], 2, MERGE.as_bytes()).map(|l| (l.kind, l.bytes)).collect();
    assert_eq!(kinds[0], (LineKind::Removed, &b"a"[..]));
    assert_eq!(kinds[4], (LineKind::Context, &b"e"[..]));
    assert!(told(&read(&MERGE.replace("+1,3", "+1,9"))).contains("shorter than its counts"));
}

#[test]
fn pointers_to_large_files_and_diffs_without_git_are_understood() {
    let head = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n";
    let pointer = "@@ -1,2 +1,2 @@\n version https://git-lfs.github.com/spec/v1\n-oid 1\n+oid 2\n";
    assert_eq!(told(&read(&format!("{head}{pointer}"))), "M x +1 -1 pointer to a large file\n");
    let plain =
        "--- a/x\t2026-01-01\n+++ b/x\t2026-01-02\n@@ -1 +1 @@\n--- 1\n+2\n--- /dev/null\n+++ n\n@@ -0,0 +1 @@\n+2\n";
    assert_eq!(told(&read(plain)), "M x +1 -1 -\nA n +1 -0 -\n");
}

#[test]
fn lines_of_no_file_are_kept_and_count_for_nothing() {
    let text = format!("commit 1\n\n    words\n\n{SMALL}");
    let diff = read(&text);
    assert_eq!(diff.totals, read(SMALL).totals);
    assert!(diff.files[0].stray && diff.parts[0].place.is_none());
    assert_eq!(lines(&diff.parts[0], 1, text.as_bytes()).count(), 4);
    assert_eq!(diff.problems[0].skipped, 4);
}

#[test]
fn every_line_can_be_found_from_its_mark() {
    let body: String = (0..2_000).map(|i| if i % 3 == 0 { format!("-{i}\n") } else { format!(" {i}\n") }).collect();
    let text = format!("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2000 +1,1333 @@\n{body}");
    let diff = read(&text);
    assert_eq!(diff.problems, []);
    let all: Vec<_> = lines(&diff.parts[0], 1, text.as_bytes()).collect();
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    for line in 0..diff.lines {
        let mark = diff.mark_before(line);
        assert!(line - mark.line < 256 && mark.byte == starts[mark.line as usize] as u64);
        if let Some(shown) = mark.line.checked_sub(4).filter(|_| mark.line > 4).map(|n| all[n as usize]) {
            assert_eq!((u64::from(mark.old), u64::from(mark.new)), (shown.old, shown.new));
        }
    }
}

#[test]
fn totals_are_held_against_the_source() {
    let diff = read(SMALL);
    assert_eq!(conserves(&diff, &Totals { files: 1, added: 2, removed: 1 }), Ok(()));
    let missing = conserves(&diff, &Totals { files: 2, added: 9, removed: 1 }).unwrap_err();
    assert_eq!(missing.to_string(), "the diff has 1 files +2 -1, its source says 2 files +9 -1: it is not whole");
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_every_cut_is_noticed(cut in 1..SMALL.len(), noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        parse(&noise);
        let diff = parse(&SMALL.as_bytes()[..cut]);
        prop_assert!(!diff.problems.is_empty(), "{}", told(&diff));
    }

    #[test]
    fn pieces_of_any_size_give_the_same_index(
        cuts in proptest::collection::vec(1usize..40, 1..60), which in 0usize..4, at in 0usize..200, byte in any::<u8>(),
    ) {
        let text = [SMALL, MERGE, &format!("x\n{SMALL}y\n{MERGE}"), &format!("{SMALL}{SMALL}")][which].to_owned();
        let mut bytes = text.into_bytes();
        let place = at % bytes.len();
        bytes[place] = byte;
        let (mut reader, mut index) = (Reader::default(), Index::default());
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            reader.feed(now);
            rest = later;
            index.extend(reader.piece());
        }
        index.extend(reader.end());
        prop_assert_eq!(index, parse(&bytes));
    }

    #[test]
    fn a_changed_byte_never_panics_and_counts_stay_honest(at in 0..SMALL.len(), byte in any::<u8>()) {
        let mut bytes = SMALL.as_bytes().to_vec();
        bytes[at] = byte;
        let diff = parse(&bytes);
        let added: u64 = diff.files.iter().map(|f| f.added).sum();
        prop_assert_eq!(added, diff.totals.added);
    }
}
