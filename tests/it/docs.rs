//! The pages tell the truth: what stands in a table of the program is printed from it, and every command that a
//! page shows is one that the program takes. `JIT_TUI_BLESS=1` writes the generated parts anew.

use std::path::{Path, PathBuf};

use jit_tui::api::{For, Method, ROUTES};
use jit_tui::keymap::{Context, VERBS};
use jit_tui::{audit, cli, domain::finding, gate};

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

/// Page, name of the part, and what prints it.
/// File, name of the part, what prints it.
type Part = (&'static str, &'static str, fn() -> String);

const PARTS: &[Part] = &[
    ("docs/gate.md", "exit codes", gate_codes),
    ("docs/json.md", "exit codes", deciding_codes),
    ("docs/console.md", "keys", keys),
    ("docs/findings.md", "findings", findings),
    ("docs/policy.md", "finding words", finding_words),
    ("docs/audit.md", "kinds", kinds),
    ("docs/broker.md", "calls", calls),
    ("README.md", "queue", || screen("queue-80x24")),
    ("README.md", "actions", || screen("actions-80x24")),
    ("README.md", "approve", || screen("approve-80x24")),
    ("docs/console.md", "diff", || screen("diff-80x24")),
    ("docs/console.md", "request", || screen("request-80x24")),
    ("docs/console.md", "grants", || screen("grants-80x24")),
    ("docs/console.md", "audit", || screen("audit-80x24")),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.extend([root().join("README.md"), root().join("SECURITY.md")]);
    pages
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut out = line(&head.map(str::to_owned)) + &line(&head.map(|_| "---".to_owned()));
    rows.into_iter().for_each(|row| out += &line(&row));
    out
}

fn gate_codes() -> String {
    let rows =
        gate::CODES.iter().map(|(code, word, meaning)| [code.to_string(), format!("`{word}`"), (*meaning).into()]);
    table(["code", "`outcome` in the status file", "what happened"], rows)
}

fn deciding_codes() -> String {
    table(
        ["code", "what came of it"],
        cli::EXIT_CODES.iter().map(|(code, meaning)| [code.to_string(), (*meaning).into()]),
    )
}

fn keys() -> String {
    let contexts = [
        Context::Anywhere,
        Context::Moving,
        Context::Queue,
        Context::Request,
        Context::Grants,
        Context::Audit,
        Context::Diff,
        Context::Dialog,
    ];
    let of = |context| {
        let rows = VERBS.iter().filter(move |row| row.contexts.contains(&context)).map(|row| {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
            [keys.join(" "), format!("`{}`", row.name), row.long.replace('|', "\\|")]
        });
        format!("### {}\n\n{}", context.title(), table(["key", "verb", "what it does"], rows))
    };
    contexts.map(of).join("\n")
}

fn findings() -> String {
    let of = |row: &&finding::Meaning| {
        let (mark, severity) = (row.severity.mark(), row.severity.word());
        let head = format!("## {}\n\n`{} {}` · severity {severity}", row.word, mark.as_str().trim_end(), row.what);
        format!(
            "{head}\n\n- Why it matters: {}.\n- How to check: {}.\n- How to mend: {}.\n",
            row.why, row.check, row.mend
        )
    };
    finding::TABLE.iter().map(of).collect::<Vec<_>>().join("\n")
}

fn finding_words() -> String {
    let rows = finding::TABLE.iter().map(|row| {
        let severity = row.severity.word().as_str().to_owned();
        [format!("`{}`", row.word), severity, if row.blocks { "blocks" } else { "" }.into(), row.what.into()]
    });
    table(["finding", "severity", "", "what the queue says"], rows)
}

fn kinds() -> String {
    let kinds: Vec<String> = audit::KINDS.iter().map(|kind| format!("`{kind}`")).collect();
    kinds.chunks(9).map(|some| some.join(", ")).collect::<Vec<_>>().join(",\n") + "\n"
}

fn calls() -> String {
    let method = |method| match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
    };
    let who = |who| match who {
        For::Anyone => "anyone",
        For::Pipeline => "pipeline",
        For::Approver => "approver",
        For::Both => "both",
    };
    let rows = ROUTES.iter().map(|route| {
        [format!("`{} {}`", method(route.method), route.path), who(route.who).into(), route.summary.into()]
    });
    table(["call", "for", "what it does"], rows)
}

fn screen(name: &str) -> String {
    let text = read(&root().join(format!("docs/screens/{name}.txt")));
    format!("```text\n{}\n```\n", text.trim_end())
}

/// The page with the part between its markers replaced.
fn with_part(page: &str, name: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(&format!("{BEGIN}{name} -->\n"))?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{name} -->\n\n{text}\n{END}{after}"))
}

#[test]
fn what_is_generated_is_what_the_program_says() {
    let bless = std::env::var_os("JIT_TUI_BLESS").is_some();
    for (file, name, print) in PARTS {
        let path = root().join(file);
        let page = read(&path);
        let right = with_part(&page, name, &print()).unwrap_or_else(|| panic!("{file} has no part `{name}`"));
        if bless && right != page {
            std::fs::write(&path, &right).unwrap();
        } else {
            assert!(right == page, "{file}, part `{name}`, is out of date: run the tests with JIT_TUI_BLESS=1");
        }
    }
}

#[test]
fn every_generated_part_of_a_page_is_known() {
    for path in pages() {
        let page = read(&path);
        for name in page.split(BEGIN).skip(1).map(|rest| rest.split(" -->").next().unwrap()) {
            assert!(PARTS.iter().any(|part| path.ends_with(part.0) && part.1 == name), "{}: {name}", path.display());
        }
    }
}

/// The `jit-tui …` lines of the fenced blocks of a page, comments and pipes cut off.
fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = page.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let shell = blocks.filter(|(language, _)| ["sh", "yaml", "groovy", "ini"].contains(language));
    let text: String = shell.map(|(_, text)| format!("{text}\n").replace("\\\n", " ")).collect();
    text.lines().filter_map(|line| Some(words(line.split_once("jit-tui ")?.1))).collect()
}

/// Splits as a shell does, as far as the pages need it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    let end = words.iter().position(|w| ["#", "|", ">", "&", "||", "&&", "<"].contains(&w.as_str()));
    words.truncate(end.unwrap_or(words.len()));
    words
}

#[test]
fn every_command_on_a_page_is_one_that_the_program_takes() {
    let mut seen = 0;
    for path in pages() {
        for words in commands(&read(&path)) {
            let key = |word: &String| if word == "KEY" { "broker/4f1c#1".to_owned() } else { word.clone() };
            let line = std::iter::once("jit-tui".to_owned()).chain(words.iter().map(key));
            if let Err(error) = cli::command().try_get_matches_from(line) {
                panic!("{}: jit-tui {}\n{error}", path.display(), words.join(" "));
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} commands were found: are the blocks still marked `sh`?");
}

#[test]
fn every_command_with_json_has_its_example_and_all_json_reads() {
    let page = read(&root().join("docs/json.md"));
    for path in with_json(&cli::command(), "jit-tui") {
        assert!(page.contains(&format!("## `{path}")), "docs/json.md does not show {path} --json");
    }
    for block in page.split("```json\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|e| panic!("docs/json.md: {e}: {line}"));
        }
    }
}

fn with_json(command: &clap::Command, path: &str) -> Vec<String> {
    let own = command.get_arguments().any(|arg| arg.get_long() == Some("json")).then(|| path.to_owned());
    let below = command.get_subcommands().flat_map(|sub| with_json(sub, &format!("{path} {}", sub.get_name())));
    own.into_iter().chain(below).collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    for path in pages() {
        let page = read(&path);
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let there = target.starts_with("http") || path.parent().unwrap().join(file).exists();
            assert!(there, "{}: {target} leads nowhere", path.display());
        }
    }
}

#[test]
fn screens_fit_their_size_and_name_no_machine() {
    for entry in std::fs::read_dir(root().join("docs/screens")).unwrap() {
        let path = entry.unwrap().path();
        let size = path.file_stem().unwrap().to_str().unwrap().rsplit('-').next().unwrap().to_owned();
        let (width, height) = size.split_once('x').unwrap();
        let text = read(&path);
        assert!(text.lines().count() <= height.parse().unwrap(), "{}", path.display());
        for line in text.lines() {
            assert!(line.chars().count() <= width.parse().unwrap(), "{}: {line}", path.display());
        }
        assert!(!text.contains("/tmp/") && !text.contains("/home/"), "{}", path.display());
    }
}
