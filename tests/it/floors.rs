//! The floors of the design: which room may use which, and what may stand where. Every source file is parsed;
//! a breach is told with file and line.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The rooms and their floors. A room that is not here may not exist.
const FLOORS: &[(&str, u8)] = &[
    ("domain", 0),
    ("diff", 1),
    ("syntax", 1),
    ("findings", 1),
    ("provenance", 1),
    ("policy", 1),
    ("grants", 1),
    ("decide", 1),
    ("keymap", 1),
    ("theme", 1),
    ("api", 1),
    ("config", 2),
    ("sys", 2),
    ("audit", 3),
    ("backends", 4),
    ("broker", 4),
    ("desk", 5),
    ("gate", 5),
    ("app", 6),
    ("ui", 7),
    ("runtime", 8),
    ("cli", 9),
];

/// Siblings that may be used: who, whom, why.
const SIBLINGS: &[(&str, &str, &str)] = &[
    ("policy", "grants", "the verdict's scopes are those that grants compare"),
    ("findings", "provenance", "pipeline files are read by one YAML reader"),
    ("findings", "diff", "names and classes of changed files"),
    ("policy", "findings", "whom somebody could imitate are the people of the policy"),
    ("decide", "policy", "what a decision needs is what the policy demands"),
    ("decide", "grants", "caps of a grant"),
    ("grants", "policy", "a grant is judged anew at every pass"),
];

/// Crates of the outer world: only these rooms may use them. Everybody may use what is not listed.
const CRATES: &[(&[&str], &[&str])] = &[
    (&["tokio"], &["sys", "audit", "backends", "broker", "desk", "gate", "runtime", "cli"]),
    (&["reqwest"], &["sys", "backends", "broker", "desk", "gate", "runtime", "cli"]),
    (&["axum", "tokio_rustls"], &["broker"]),
    (&["rusqlite"], &["broker", "sys"]),
    (&["rustix"], &["sys", "audit", "gate", "runtime", "cli", "broker"]),
    (&["rustls"], &["sys", "broker", "cli"]),
    (&["ratatui", "tui_textarea"], &["theme", "app", "ui", "runtime"]),
    (&["crossterm"], &["keymap", "app", "ui", "runtime"]),
    (&["clap", "clap_complete", "clap_mangen", "color_eyre", "tracing_subscriber"], &["cli"]),
    (&["getrandom", "directories"], &["sys"]),
];

/// Crates that nobody may use: there is one way for each, and it is another.
const BANNED: &[&str] =
    &["anyhow", "chrono", "lazy_static", "once_cell", "libc", "nix", "termion", "async_trait", "eyre"];

/// Doors to the outer world in std, and the rooms that may use them. The pure rooms have none.
const STD_DOORS: &[&str] = &["fs", "net", "process", "env", "thread", "os"];
const PURE: &[&str] = &[
    "domain",
    "diff",
    "syntax",
    "findings",
    "provenance",
    "policy",
    "grants",
    "decide",
    "keymap",
    "theme",
    "api",
    "app",
    "ui",
];
/// Parts of a pure room that may: conversions of paths and arguments are no doors.
const HARMLESS: &[&str] = &["os::unix::ffi"];

/// Who prints.
const PRINTERS: &[&str] = &["print", "println", "eprint", "eprintln"];

/// One file of the source.
struct Source {
    path: PathBuf,
    room: String,
    text: String,
    syntax: syn::File,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![];
    walk(&root, &mut files);
    files.sort();
    files.into_iter().map(|path| read(&root, path)).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn read(root: &Path, path: PathBuf) -> Source {
    let text = std::fs::read_to_string(&path).unwrap();
    let syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let inside = path.strip_prefix(root).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
    let room = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
    Source { path: Path::new("src").join(inside), room, text, syntax }
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|s| s.to_string_lossy().ends_with("tests"))
        || path.components().any(|c| c.as_os_str() == "tests")
}

/// A path of the source with its place: `crate::sys::clock`.
struct Use {
    line: usize,
    path: Vec<String>,
}

/// Everything of a file that the rules look at; what is under `#[cfg(test)]` is left out.
#[derive(Default)]
struct Found {
    uses: Vec<Use>,
    macros: Vec<(usize, String, TokenStream)>,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        let written = quoted(a);
        a.path().is_ident("test") || written.contains("tokio :: test") || written.contains("cfg (test)")
    })
}

fn quoted(attribute: &syn::Attribute) -> String {
    match &attribute.meta {
        syn::Meta::Path(path) => spelled(path),
        syn::Meta::List(list) => format!("{} ({})", spelled(&list.path), list.tokens),
        syn::Meta::NameValue(pair) => spelled(&pair.path),
    }
}

fn spelled(path: &syn::Path) -> String {
    path.segments.iter().map(|s| s.ident.to_string()).collect::<Vec<_>>().join(" :: ")
}

impl Found {
    fn tree(&mut self, line: usize, prefix: &[String], tree: &syn::UseTree) {
        let extended = |ident: &syn::Ident| [prefix, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(line, &extended(&path.ident), &path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(line, prefix, item)),
            syn::UseTree::Name(name) => self.uses.push(Use { line, path: extended(&name.ident) }),
            syn::UseTree::Rename(rename) => self.uses.push(Use { line, path: extended(&rename.ident) }),
            syn::UseTree::Glob(_) => self.uses.push(Use { line, path: prefix.to_vec() }),
        }
    }

    /// Paths inside a macro call are tokens: `a::b::c` is put together again.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = vec![];
        let mut colons = 0;
        let mut line = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(p) if p.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.path_of_tokens(line, std::mem::take(&mut path));
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.path_of_tokens(line, std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.path_of_tokens(line, path);
    }

    fn path_of_tokens(&mut self, line: usize, path: Vec<String>) {
        if path.len() > 1 {
            self.uses.push(Use { line, path });
        }
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(i) => &i.attrs,
            syn::Item::Fn(i) => &i.attrs,
            syn::Item::Use(i) => &i.attrs,
            syn::Item::Impl(i) => &i.attrs,
            syn::Item::Struct(i) => &i.attrs,
            syn::Item::Const(i) => &i.attrs,
            _ => &vec![],
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(item.span().start().line, &[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|s| s.ident.to_string()).collect::<Vec<_>>();
        if names.len() > 1 {
            self.uses.push(Use { line: path.span().start().line, path: names });
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        self.macros.push((call.span().start().line, name, call.tokens.clone()));
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

fn found(source: &Source) -> Found {
    let mut found = Found::default();
    if !is_test_file(&source.path) {
        found.visit_file(&source.syntax);
    }
    found
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

fn may_use(user: &str, used: &str) -> bool {
    match (floor(user), floor(used)) {
        (Some(from), Some(to)) => {
            user == used || to < from || SIBLINGS.iter().any(|(who, whom, _)| (*who, *whom) == (user, used))
        }
        _ => false,
    }
}

/// Judges every file by a rule and fails with all breaches at once.
fn judge(rule: impl Fn(&Source, &Found, &mut dyn FnMut(usize, String))) {
    let mut breaches = BTreeSet::new();
    for source in sources() {
        let found = found(&source);
        rule(&source, &found, &mut |line, what| {
            breaches.insert((source.path.clone(), line, what));
        });
    }
    let mut text = String::new();
    for (path, line, what) in &breaches {
        let _ = writeln!(text, "{}:{line}: {what}", path.display());
    }
    assert!(breaches.is_empty(), "\n{text}");
}

/// The library's own files above the rooms.
fn is_frame(source: &Source) -> bool {
    matches!(source.room.as_str(), "lib" | "main")
}

#[test]
fn a_room_uses_lower_floors_only() {
    judge(|source, found, breach| {
        if !is_frame(source) && floor(&source.room).is_none() {
            return breach(1, format!("the room `{}` is on no floor: see FLOORS", source.room));
        }
        for used in found.uses.iter().filter(|u| matches!(u.path[0].as_str(), "crate" | "jit_tui")) {
            let Some(room) = used.path.get(1).filter(|room| floor(room).is_some()) else { continue };
            if !is_frame(source) && !may_use(&source.room, room) {
                breach(used.line, format!("`{}` may not use `{room}` ({})", source.room, used.path.join("::")));
            }
        }
    });
}

#[test]
fn crates_of_the_outer_world_stay_in_their_rooms() {
    judge(|source, found, breach| {
        for used in &found.uses {
            let name = used.path[0].as_str();
            if BANNED.contains(&name) {
                breach(used.line, format!("the crate `{name}` is banned"));
            }
            let rooms = CRATES.iter().find(|(crates, _)| crates.contains(&name)).map(|(_, rooms)| rooms);
            if rooms.is_some_and(|rooms| !rooms.contains(&source.room.as_str())) {
                breach(used.line, format!("`{}` may not use the crate `{name}`", source.room));
            }
        }
    });
}

#[test]
fn pure_rooms_have_no_door_to_the_world() {
    judge(|source, found, breach| {
        for used in found.uses.iter().filter(|u| u.path[0] == "std" && PURE.contains(&source.room.as_str())) {
            let rest = used.path[1..].join("::");
            let door = used.path.get(1).is_some_and(|m| STD_DOORS.contains(&m.as_str()))
                || rest.starts_with("time::Instant")
                || rest.starts_with("time::SystemTime");
            if door && !HARMLESS.iter().any(|harmless| rest.starts_with(harmless)) {
                breach(used.line, format!("`{}` is pure and may not use std::{rest}", source.room));
            }
        }
        // The console sees the clock's readings, not the clock.
        let reads_clock = |path: &[String]| path.ends_with(&["clock".to_owned(), "now".to_owned()]);
        for used in found.uses.iter().filter(|u| reads_clock(&u.path) && matches!(source.room.as_str(), "app" | "ui")) {
            breach(used.line, format!("`{}` is pure and may not read the clock", source.room));
        }
    });
}

#[test]
fn only_commands_print() {
    judge(|source, found, breach| {
        let may = source.room == "cli" || source.path == Path::new("src/gate/say.rs");
        for (line, name, _) in found.macros.iter().filter(|(_, name, _)| PRINTERS.contains(&name.as_str())) {
            if !may {
                breach(*line, format!("`{}` may not use {name}!", source.room));
            }
        }
    });
}

#[test]
fn safe_text_captures_no_names() {
    judge(|_, found, breach| {
        for (line, _, tokens) in found.macros.iter().filter(|(_, name, _)| name == "safe") {
            if let Some(TokenTree::Literal(text)) = tokens.clone().into_iter().next()
                && let Some(name) = captured(&text.to_string())
            {
                breach(*line, format!("safe! captures {{{name}}}: give it as an argument, so that it is checked"));
            }
        }
    });
}

/// The first name inside braces, width and precision included.
fn captured(format: &str) -> Option<String> {
    let text = format.replace("{{", "").replace("}}", "");
    let inside = text.split('{').skip(1).filter_map(|part| part.split('}').next());
    inside
        .flat_map(|part| part.split([':', '.']))
        .map(|part| part.trim_matches(['<', '>', '^', '$', '#', '+', '0']).to_owned())
        .find(|part| {
            let mut chars = part.chars();
            chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
                && part.len() > usize::from(matches!(part.as_str(), "x" | "X" | "b" | "o" | "e"))
        })
}

#[test]
fn every_file_says_what_it_is_for() {
    judge(|source, _, breach| {
        if !is_test_file(&source.path) && !source.text.starts_with("//!") {
            breach(1, "opens without `//!`".into());
        }
    });
}

#[test]
fn the_rules_themselves_find_breaches() {
    let text =
        "use crate::ui::draw; fn f() { tokio::spawn(x); println!(\"{}\", crate::cli::main()); safe!(\"a {name:<8}\"); }
        #[cfg(test)] mod tests { use crate::cli; }";
    let source = Source {
        path: "src/domain/x.rs".into(),
        room: "domain".into(),
        text: text.into(),
        syntax: syn::parse_file(text).unwrap(),
    };
    let found = found(&source);
    let paths: Vec<String> = found.uses.iter().map(|u| u.path.join("::")).collect();
    for path in ["crate::ui::draw", "tokio::spawn", "crate::cli::main"] {
        assert!(paths.iter().any(|p| p == path), "{path} in {paths:?}");
    }
    assert!(!paths.iter().any(|p| p == "crate::cli"), "tests are left out");
    assert!(!may_use("domain", "ui") && !may_use("config", "sys") && may_use("ui", "app"));
    for (format, name) in [
        ("{}", None),
        ("{{x}} {:>8} {:04x} {:x}", None),
        ("{name}", Some("name")),
        ("{:width$}", Some("width")),
        ("{a:>3}", Some("a")),
        ("{:.prec$}", Some("prec")),
    ] {
        assert_eq!(captured(format).as_deref(), name, "{format}");
    }
}
