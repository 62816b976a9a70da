//! The diff reader against git itself, over generated repositories with everything that makes diffs hard to read.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use jit_tui::diff::{self, Index, LineKind};

/// Path to mode and content.
type Tree = BTreeMap<Vec<u8>, (u32, Vec<u8>)>;

/// A small generator: the same case gives the same repository.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

const NAMES: &[&[u8]] = &[
    b"plain.txt",
    b"with space",
    b"a b/a b",
    b" lead",
    b"trail ",
    b"tab\tname",
    b"new\nline",
    b"quo\"te",
    b"back\\slash",
    b"\xc3\xbc.txt",
    b"bad\xff",
    b"b/x b/x",
    b"a/x",
    b"-dash",
    b"dev/null",
    b".github/workflows/d.yml",
    b"cr\rname",
    b"d/e/f",
    b"x b/x",
    b"esc\x1b[31m",
];
const LINES: &[&[u8]] = &[
    b"one\n",
    b"two\n",
    b"\n",
    b"crlf\r\n",
    b"diff --git a/x b/x\n",
    b"@@ -1,2 +3,4 @@\n",
    b"--- a/x\n",
    b"+++ b/x\n",
    b"-- \n",
    b"++ x\n",
    b"\\ No newline at end of file\n",
    b"rename from x\n",
    b"bad \xff\xfe\n",
    b"\xe2\x80\xae bidi\n",
    b"\r\r\n",
    b" \t\n",
    b"Binary files a and b differ\n",
];

fn content(dice: &mut Dice) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..dice.below(30)).flat_map(|_| dice.pick(LINES).to_vec()).collect();
    match dice.below(8) {
        0 => bytes.extend(b"no newline"),
        1 => bytes.push(0),
        _ => {}
    }
    bytes
}

fn entry(dice: &mut Dice) -> (u32, Vec<u8>) {
    match dice.below(10) {
        0 => (0o100_755, content(dice)),
        1 => (0o120_000, b"../target".to_vec()),
        2 => (0o160_000, format!("{:040x}", dice.below(1 << 30) + 1).into_bytes()),
        _ => (0o100_644, content(dice)),
    }
}

fn first_tree(dice: &mut Dice) -> Tree {
    let mut tree = Tree::new();
    for _ in 0..3 + dice.below(8) {
        let (name, entry) = (dice.pick(NAMES).to_vec(), entry(dice));
        put(&mut tree, name, entry);
    }
    tree
}

/// Git has no file and folder of one name.
fn put(tree: &mut Tree, name: Vec<u8>, entry: (u32, Vec<u8>)) {
    let folder = |n: &[u8]| [n, b"/"].concat();
    if !tree.keys().any(|k| k.starts_with(&folder(&name)) || name.starts_with(&folder(k))) {
        tree.insert(name, entry);
    }
}

fn next_tree(dice: &mut Dice, first: &Tree) -> Tree {
    let mut tree = first.clone();
    for name in first.keys() {
        let Some((mode, bytes)) = tree.get(name).cloned() else { continue };
        match dice.below(8) {
            0 => drop(tree.remove(name)),
            1 => {
                tree.remove(name);
                put(&mut tree, dice.pick(NAMES).to_vec(), (mode, bytes));
            }
            2 => put(&mut tree, dice.pick(NAMES).to_vec(), (mode, bytes)),
            3 => put(&mut tree, name.clone(), entry(dice)),
            4 if mode == 0o100_644 => put(&mut tree, name.clone(), (0o100_755, bytes)),
            5 | 6 if mode & 0o170_000 == 0o100_000 => put(&mut tree, name.clone(), (mode, edited(dice, &bytes))),
            _ => {}
        }
    }
    put(&mut tree, dice.pick(NAMES).to_vec(), entry(dice));
    tree
}

fn edited(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(lines.len() + 1);
        match dice.below(2) {
            0 if at < lines.len() => drop(lines.remove(at)),
            _ => lines.insert(at, dice.pick(LINES).to_vec()),
        }
    }
    lines.concat()
}

fn fast_import(tree: &Tree, branch: &str) -> Vec<u8> {
    let mut script =
        format!("commit refs/heads/{branch}\ncommitter A <a@b> 0 +0000\ndata 0\n\ndeleteall\n").into_bytes();
    for (name, (mode, bytes)) in tree {
        let octal: String = name.iter().map(|b| format!("\\{b:03o}")).collect();
        if *mode == 0o160_000 {
            script.extend(format!("M 160000 {} \"{octal}\"\n", String::from_utf8_lossy(bytes)).into_bytes());
        } else {
            script.extend(format!("M {mode:06o} inline \"{octal}\"\ndata {}\n", bytes.len()).into_bytes());
            script.extend(bytes);
            script.push(b'\n');
        }
    }
    script
}

fn git(folder: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("git")
        .args(["-c", "core.quotePath=true", "-c", "init.defaultBranch=m"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Git may write before it has read everything.
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// What git says of one file: modes, letter, names, lines added and removed (absent: binary).
#[derive(Debug, PartialEq)]
struct Told {
    modes: (u32, u32),
    letter: char,
    old: Vec<u8>,
    new: Vec<u8>,
    lines: Option<(u64, u64)>,
}

fn told_by_git(raw: &[u8], numstat: &[u8]) -> Vec<Told> {
    let (mut raw, mut stat) = (raw.split(|b| *b == 0), numstat.split(|b| *b == 0));
    let mut all = Vec::new();
    while let Some(head) = raw.next().filter(|h| !h.is_empty()) {
        let head = String::from_utf8(head.to_vec()).unwrap();
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let octal = |s: &str| u32::from_str_radix(s, 8).unwrap();
        let letter = words[4].chars().next().unwrap();
        let old = raw.next().unwrap().to_vec();
        let two = matches!(letter, 'R' | 'C');
        let new = if two { raw.next().unwrap().to_vec() } else { old.clone() };
        let counts = stat.next().unwrap();
        let mut parts = counts.splitn(3, |b| *b == b'\t').map(|p| String::from_utf8_lossy(p).into_owned());
        let lines = parts.next().unwrap().parse().ok().zip(parts.next().unwrap().parse().ok());
        if two {
            stat.nth(1);
        }
        all.push(Told { modes: (octal(words[0]), octal(words[1])), letter, old, new, lines });
    }
    all
}

fn told_by_us(diff: &Index) -> Vec<Told> {
    let told = |f: &diff::File| Told {
        modes: (f.old_mode.map_or(0, |m| m.0), f.new_mode.map_or(0, |m| m.0)),
        letter: f.status.letter(),
        old: f.old().as_bytes().to_vec(),
        new: f.new.as_bytes().to_vec(),
        lines: (!f.binary).then_some((f.added, f.removed)),
    };
    diff.files.iter().map(told).collect()
}

/// Each side of each hunk must be just those lines of the file on that side.
fn hunks_are_in_the_files(patch: &[u8], diff: &Index, before: &Tree, after: &Tree) {
    for file in diff.files.iter().filter(|f| !f.old_mode.or(f.new_mode).is_some_and(|m| m.is_submodule())) {
        for part in diff.parts_of(file).iter().filter(|_| file.status.letter() != 'T') {
            let place = part.place.unwrap();
            let shown: Vec<_> = diff::lines(part, file.parents, patch).collect();
            for (tree, name, start, count, not) in [
                (before, file.old(), place.old_start, place.old_count, LineKind::Added),
                (after, &file.new, place.new_start, place.new_count, LineKind::Removed),
            ] {
                let Some((_, bytes)) = tree.get(name.as_bytes()).filter(|_| count > 0) else { continue };
                let lines = bytes.split(|b| *b == b'\n').skip(start as usize - 1).take(count as usize);
                let ours = shown.iter().filter(|l| l.kind != not && l.kind != LineKind::NoNewline);
                assert!(lines.eq(ours.map(|l| l.bytes)), "{:?}", file.new);
            }
        }
    }
}

/// What git writes for many pairs of commits at once, by the second one: each begins with its id, on a line or
/// before a NUL. In a patch no other line is just an id, since content lines begin with a sign.
fn by_commit(bytes: &[u8], end: u8) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let (mut all, mut here) = (BTreeMap::new(), Vec::new());
    for piece in bytes.split_inclusive(|b| *b == end) {
        let id = piece.strip_suffix(&[end]).unwrap_or(piece);
        if id.len() == 40 && id.iter().all(u8::is_ascii_hexdigit) {
            here = id.to_vec();
        } else {
            all.entry(here.clone()).or_insert_with(Vec::new).extend_from_slice(piece);
        }
    }
    all
}

/// Every case is a history of its own: two trees that share nothing with those of the other cases.
#[test]
fn the_reader_agrees_with_git_on_generated_repositories() {
    let cases: u64 = std::env::var("JIT_TUI_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let home = tempfile::tempdir().unwrap();
    git(home.path(), &["init", "-q", "."], b"");
    let trees: Vec<(Tree, Tree)> = (1..=cases)
        .map(|case| {
            let mut dice = Dice(case.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let before = first_tree(&mut dice);
            let after = next_tree(&mut dice, &before);
            (before, after)
        })
        .collect();
    let script: Vec<u8> = trees
        .iter()
        .enumerate()
        .flat_map(|(i, (b, a))| [fast_import(b, &format!("b{i:06}")), fast_import(a, &format!("a{i:06}"))].concat())
        .collect();
    git(home.path(), &["fast-import", "--quiet", "--force"], &script);
    let refs = git(home.path(), &["for-each-ref", "--format=%(objectname)", "refs/heads"], b"");
    let ids: Vec<&[u8]> = refs.split(|b| *b == b'\n').filter(|id| !id.is_empty()).collect();
    let (after, before) = ids.split_at(trees.len());
    let pairs: Vec<u8> = after.iter().zip(before).flat_map(|(a, b)| [*a, b" ", b, b"\n"].concat()).collect();
    let run = |how: &[&str], end| {
        let args = ["diff-tree", "--stdin", "-r", "--no-ext-diff", "-M", "-C", "--find-copies-harder"];
        by_commit(&git(home.path(), &[&args, how].concat(), &pairs), end)
    };
    let (raw, numstat) = (run(&["--raw", "-z", "--abbrev=40"], 0), run(&["--numstat", "-z"], 0));
    let mut compared = 0;
    for how in [&["-p", "--full-index"][..], &["-p", "--binary"], &["-p", "-U0"]] {
        let patches = run(how, b'\n');
        for (id, (before, after)) in after.iter().zip(&trees) {
            let of = |all: &BTreeMap<Vec<u8>, Vec<u8>>| all.get(*id).cloned().unwrap_or_default();
            agrees(&of(&patches), &told_by_git(&of(&raw), &of(&numstat)), before, after);
            compared += 1;
        }
    }
    assert_eq!(compared, cases * 3);
}

fn agrees(patch: &[u8], told: &[Told], before: &Tree, after: &Tree) {
    let diff = diff::parse(patch);
    assert_eq!(diff.problems, [], "{}", String::from_utf8_lossy(patch));
    let mut ours = told_by_us(&diff);
    for (ours, told) in ours.iter_mut().zip(told).filter(|(ours, _)| ours.lines == Some((0, 0))) {
        // Where only name or mode is another one, a patch does not say whether it is text, nor the mode.
        ours.lines = told.lines.filter(|lines| *lines == (0, 0));
        ours.modes = if ours.modes == (0, 0) { told.modes } else { ours.modes };
    }
    assert_eq!(ours, told, "{}", String::from_utf8_lossy(patch));
    hunks_are_in_the_files(patch, &diff, before, after);
}
